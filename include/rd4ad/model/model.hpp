// rd4ad/model/model.hpp: teacher, bottleneck and student together, as they are trained. Twin: tests/model/golden.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/model/bottleneck.hpp>
#include <rd4ad/model/names.hpp>
#include <rd4ad/model/settings.hpp>
#include <rd4ad/model/state.hpp>
#include <rd4ad/model/student.hpp>
#include <rd4ad/nn/initialise.hpp>

namespace rd4ad {

/// Bottleneck and student: what is trained, in one table.
struct trained_network {
    nn::parameter_table table;
    bottleneck_network bottleneck;
    student_network student;

    explicit trained_network(const architecture& arch) : bottleneck{table, arch}, student{table, arch} {}
};

/// A model in training: networks, weights on the backend and the queue they are computed on. Move-only.
template <Backend B>
struct model {
    using T = typename B::value_type;

    const architecture* arch;
    typename B::queue queue;
    nn::algorithm algorithm;
    teacher_network teacher_net;
    trained_network trained_net;
    nn::weights<B> teacher{}, trained{};
    nn::parameter_table unused_table;
    host_weights<T> unused;
    model_settings settings{};
    std::size_t batches{0};          ///< training batches so far, PyTorch's num_batches_tracked
    bool teacher_unmeasured{false};  ///< an untrained teacher whose batch norms have seen no image yet

    model(const architecture& architecture, const model_options& options)
        : arch{&architecture},
          queue{options.threads},
          algorithm{options.algorithm},
          teacher_net{architecture},
          trained_net{architecture},
          unused_table{unused_parameters(architecture)},
          unused{unused_table} {}
    model(model&&) = default;
    model& operator=(model&&) = default;
};

namespace detail {
template <class T>
void initialise_all(const nn::parameter_table& table, std::uint64_t seed, host_weights<T>& to) {
    for (const auto& p : table.values) nn::initialise<T>(p, seed, std::span{to.values}.subspan(p.offset, p.count));
    for (const auto& p : table.statistics) nn::initialise<T>(p, seed, std::span{to.statistics}.subspan(p.offset, p.count));
}

/// Names of the tensors under `prefix` that belong to no parameter of the tables.
inline std::vector<std::string> unknown_names(const io::tensor_file& file, const std::string& prefix,
                                              std::span<const nn::parameter_table* const> tables,
                                              const std::string& prefix_in_table) {
    std::vector<std::string> names;
    for (const auto* table : tables)
        for (const auto* list : {&table->values, &table->statistics})
            for (const auto& p : *list) names.push_back(p.name);
    std::sort(names.begin(), names.end());
    std::vector<std::string> unknown;
    for (const auto& [name, tensor] : file.tensors())
        if (name.starts_with(prefix) && !is_counter(name) &&
            !std::binary_search(names.begin(), names.end(), prefix_in_table + name.substr(prefix.size())))
            unknown.push_back(name);
    return unknown;
}
}  // namespace detail

/// Teacher's weights from a file with torchvision's names, or ours under "teacher."; layer4 and fc are not needed.
/// format_error listing what is missing, unknown or misshapen.
template <Backend B>
void load_teacher(model<B>& m, const io::tensor_file& file) {
    const std::string prefix = file.contains("teacher.conv1.weight") ? "teacher." : "";
    const auto name = [&](const std::string& ours) { return prefix + ours.substr(std::string{"teacher."}.size()); };
    host_weights<typename B::value_type> host{m.teacher_net.table};
    state_mismatch mismatch;
    read_parameters<typename B::value_type>(m.teacher_net.table.values, file, name, host.values, mismatch);
    read_parameters<typename B::value_type>(m.teacher_net.table.statistics, file, name, host.statistics, mismatch);
    const nn::parameter_table* const tables[]{&m.teacher_net.table};
    for (const auto& found : detail::unknown_names(file, prefix, tables, "teacher."))
        if (!found.starts_with(prefix + "layer4.") && !found.starts_with(prefix + "fc.")) mismatch.surplus.push_back(found);
    mismatch.check(file.path.string());
    m.teacher = upload<B>(m.queue, host);
}

/// Bottleneck and student from a file with the authors' names ("bn.", "decoder."). format_error as above.
template <Backend B>
void load_trained(model<B>& m, const io::tensor_file& file) {
    using T = typename B::value_type;
    const auto name = [](const std::string& ours) { return ours; };
    host_weights<T> host{m.trained_net.table};
    state_mismatch mismatch;
    read_parameters<T>(m.trained_net.table.values, file, name, host.values, mismatch);
    read_parameters<T>(m.trained_net.table.statistics, file, name, host.statistics, mismatch);
    read_parameters<T>(m.unused_table.values, file, name, m.unused.values, mismatch);
    read_parameters<T>(m.unused_table.statistics, file, name, m.unused.statistics, mismatch);
    const nn::parameter_table* const tables[]{&m.trained_net.table, &m.unused_table};
    for (const std::string part : {"bn.", "decoder."})
        for (auto& found : detail::unknown_names(file, part, tables, part)) mismatch.surplus.push_back(std::move(found));
    mismatch.check(file.path.string());
    m.trained = upload<B>(m.queue, host);
}

/// A model with the given teacher and first values from the seed.
template <Backend B>
[[nodiscard]] model<B> make_model(const architecture& arch, const io::tensor_file& teacher, const model_options& options = {}) {
    model<B> made{arch, options};
    load_teacher(made, teacher);
    host_weights<typename B::value_type> host{made.trained_net.table};
    detail::initialise_all(made.trained_net.table, options.seed, host);
    detail::initialise_all(made.unused_table, options.seed, made.unused);
    made.trained = upload<B>(made.queue, host);
    made.settings.teacher = teacher.path.filename().string();
    return made;
}

/// The same by the architecture's name.
template <Backend B>
[[nodiscard]] model<B> make_model(const std::string& arch, const io::tensor_file& teacher, const model_options& options = {}) {
    return make_model<B>(architecture_named(arch), teacher, options);
}

/// A model whose teacher is untrained (He initialisation from the seed): its batch norms' statistics are to be measured on
/// the training images (`measure_statistics`), which `train` does.
template <Backend B>
[[nodiscard]] model<B> make_model_without_teacher(const std::string& arch, const model_options& options = {}) {
    model<B> made{architecture_named(arch), options};
    using T = typename B::value_type;
    host_weights<T> teacher{made.teacher_net.table}, host{made.trained_net.table};
    detail::initialise_all(made.teacher_net.table, options.seed, teacher);
    detail::initialise_all(made.trained_net.table, options.seed, host);
    detail::initialise_all(made.unused_table, options.seed, made.unused);
    made.teacher = upload<B>(made.queue, teacher);
    made.trained = upload<B>(made.queue, host);
    made.settings.teacher = "none";
    made.teacher_unmeasured = true;
    return made;
}

}  // namespace rd4ad
