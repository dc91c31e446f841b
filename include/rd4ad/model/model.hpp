// rd4ad/model/model.hpp: teacher, bottleneck and student with their weights. Twin: tests/model/golden.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/model/bottleneck.hpp>
#include <rd4ad/model/settings.hpp>
#include <rd4ad/model/state.hpp>
#include <rd4ad/model/student.hpp>
#include <rd4ad/model/unused_parameters.hpp>
#include <rd4ad/nn/initialise.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Bottleneck and student, the trainable part, in one table.
struct trainable_network {
    nn::parameter_table table;
    bottleneck_network bottleneck;
    student_network student;

    explicit trainable_network(const architecture& arch) : bottleneck{table, arch}, student{table, arch} {}

    /// Calls visit(layer, its input's shape) for every convolution; `first`: shape of the teacher's first features.
    template <class Visit>
    void for_each_layer(const shape& first, const Visit& visit) const {
        student.for_each_layer(bottleneck.for_each_layer(first, visit), visit);
    }
};

/// A network's layers and their weights.
template <Backend B, class Network>
struct weighted_network {
    Network layers;
    nn::weights<B> weights{};
};

/// Parameters that only pass through from checkpoint to checkpoint.
template <class T>
struct unused_weights {
    nn::parameter_table table;
    host_weights<T> weights;

    explicit unused_weights(const architecture& arch) : table{unused_parameters(arch)}, weights{table} {}
};

/// A trainable model: networks and weights on a backend, and the queue that computes them. Move-only.
template <Backend B>
struct model {
    using T = typename B::value_type;

    const architecture* arch;
    typename B::queue queue;
    nn::algorithm_preference algorithm;
    weighted_network<B, teacher_network> teacher;
    weighted_network<B, trainable_network> trainable;
    unused_weights<T> unused;
    model_settings settings{};
    std::size_t batches{0};          ///< training batches so far, PyTorch's num_batches_tracked
    bool teacher_unmeasured{false};  ///< an untrained teacher whose batch norms have no statistics yet

    model(const architecture& architecture, const model_options& options)
        : arch{&architecture},
          queue{options.threads},
          algorithm{options.algorithm},
          teacher{teacher_network{architecture}},
          trainable{trainable_network{architecture}},
          unused{architecture} {}
    model(model&&) = default;
    model& operator=(model&&) = default;
};

namespace model_detail {
template <class T>
void initialise_all(const nn::parameter_table& table, std::uint64_t seed, std::size_t threads, host_weights<T>& to) {
    for (const auto& p : table.values) nn::initialise<T>(p, seed, std::span{to.values}.subspan(p.offset, p.count), threads);
    for (const auto& p : table.statistics)
        nn::initialise<T>(p, seed, std::span{to.statistics}.subspan(p.offset, p.count), threads);
}

/// Names of the tensors under `prefix` that are not parameters of the tables.
template <io::NamedTensors Tensors>
std::vector<std::string> unknown_names(const Tensors& file, const std::string& prefix,
                                       std::span<const nn::parameter_table* const> tables, const std::string& prefix_in_table) {
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
}  // namespace model_detail

/// Downloads the trainable part.
template <Backend B>
[[nodiscard]] host_weights<typename B::value_type> trainable_of(model<B>& m) {
    return {to_host<B>(m.queue, m.trainable.weights.values), to_host<B>(m.queue, m.trainable.weights.statistics)};
}

/// Replaces the trainable part by values of the same sizes.
template <Backend B>
void set_trainable(model<B>& m, const host_weights<typename B::value_type>& to) {
    B::upload(m.queue, to.values, m.trainable.weights.values.data());
    B::upload(m.queue, to.statistics, m.trainable.weights.statistics.data());
}

/// The initial values of the trainable part for a seed, as make_model sets them.
template <Backend B>
[[nodiscard]] host_weights<typename B::value_type> initial_trainable(const model<B>& m, std::uint64_t seed) {
    host_weights<typename B::value_type> host{m.trainable.layers.table};
    model_detail::initialise_all(m.trainable.layers.table, seed, m.queue.threads, host);
    return host;
}

namespace model_detail {
/// Sets the initial values of a new model's trainable and unused parameters.
template <Backend B>
void initialise_trainable(model<B>& m, std::uint64_t seed) {
    initialise_all(m.unused.table, seed, m.queue.threads, m.unused.weights);
    m.trainable.weights = upload<B>(m.queue, initial_trainable(m, seed));
}
}  // namespace model_detail

namespace model_detail {
/// The names of a teacher's parameters in a file: torchvision's, or this library's under "teacher.".
template <io::NamedTensors Tensors>
[[nodiscard]] name_in_file teacher_names(const Tensors& file) {
    return [prefix = std::string{file.contains("teacher.conv1.weight") ? "teacher." : ""}](const std::string& in_table) {
        return prefix + in_table.substr(std::string{"teacher."}.size());
    };
}

/// Records the tensors of a file that belong to no teacher; layer4 and fc do.
template <io::NamedTensors Tensors>
void find_surplus_of_teacher(const Tensors& file, const nn::parameter_table& table, state_mismatch& mismatch) {
    const std::string prefix = file.contains("teacher.conv1.weight") ? "teacher." : "";
    const nn::parameter_table* const tables[]{&table};
    for (const auto& found : unknown_names(file, prefix, tables, "teacher."))
        if (!found.starts_with(prefix + "layer4.") && !found.starts_with(prefix + "fc.")) mismatch.surplus.push_back(found);
}

/// Records the tensors of a file that belong to no bottleneck and no student.
template <io::NamedTensors Tensors>
void find_surplus_of_trainable(const Tensors& file, std::span<const nn::parameter_table* const> tables,
                               state_mismatch& mismatch) {
    for (const std::string prefix : {"bn.", "decoder."})
        for (auto& found : unknown_names(file, prefix, tables, prefix)) mismatch.surplus.push_back(std::move(found));
}
}  // namespace model_detail

/// Loads the teacher's weights from a file with torchvision's names, or with this library's under "teacher."; ignores layer4
/// and fc. Throws format_error naming missing, unknown and misshapen tensors, numeric_error naming those that are not finite.
template <Backend B, io::NamedTensors Tensors>
void load_teacher(model<B>& m, const Tensors& file) {
    using T = typename B::value_type;
    const auto name = model_detail::teacher_names(file);
    const auto& table = m.teacher.layers.table;
    host_weights<T> host{table};
    state_mismatch mismatch;
    read_parameters<T>(table.values, file, name, host.values, mismatch, m.queue.threads);
    read_parameters<T>(table.statistics, file, name, host.statistics, mismatch);
    model_detail::find_surplus_of_teacher(file, table, mismatch);
    mismatch.check(file.path.string());
    m.teacher.weights = upload<B>(m.queue, host);
}

/// Loads bottleneck and student from a file with the authors' names ("bn.", "decoder."). Throws as load_teacher does.
template <Backend B, io::NamedTensors Tensors>
void load_trainable(model<B>& m, const Tensors& file) {
    using T = typename B::value_type;
    const auto name = [](const std::string& in_table) { return in_table; };
    const auto& table = m.trainable.layers.table;
    host_weights<T> host{table};
    state_mismatch mismatch;
    read_parameters<T>(table.values, file, name, host.values, mismatch, m.queue.threads);
    read_parameters<T>(table.statistics, file, name, host.statistics, mismatch);
    read_parameters<T>(m.unused.table.values, file, name, m.unused.weights.values, mismatch, m.queue.threads);
    read_parameters<T>(m.unused.table.statistics, file, name, m.unused.weights.statistics, mismatch);
    const nn::parameter_table* const tables[]{&table, &m.unused.table};
    model_detail::find_surplus_of_trainable(file, tables, mismatch);
    mismatch.check(file.path.string());
    m.trainable.weights = upload<B>(m.queue, host);
}

/// The model's first tensor with a value that no network can compute with (see unusable_value), as text: "bn.conv1.weight has NaN
/// at value 17"; empty if there is none. Downloads the weights, one tensor at a time.
template <Backend B>
[[nodiscard]] std::string unusable_tensor(typename B::queue& q, const model<B>& m) {
    using T = typename B::value_type;
    const auto find = [&](const std::vector<nn::parameter>& parameters, const tensor<B>& flat) -> std::string {
        std::vector<T> values;
        for (const auto& p : parameters) {
            values.resize(p.count);
            B::download(q, flat.data() + p.offset, std::span{values});
            if (const auto problem = unusable_value<T>(p, values); !problem.empty()) return text(p.name, " has ", problem);
        }
        return "";
    };
    const auto find_in = [&](const nn::parameter_table& table, const nn::weights<B>& weights) -> std::string {
        if (!weights.values.memory) return "";  // a model without weights
        auto problem = find(table.values, weights.values);
        return problem.empty() ? find(table.statistics, weights.statistics) : problem;
    };
    auto problem = find_in(m.teacher.layers.table, m.teacher.weights);
    return problem.empty() ? find_in(m.trainable.layers.table, m.trainable.weights) : problem;
}

/// A model with the given teacher and initial values from the seed.
template <Backend B>
[[nodiscard]] model<B> make_model(const architecture& arch, const io::tensor_file& teacher, const model_options& options = {}) {
    model<B> made{arch, options};
    load_teacher(made, teacher);
    model_detail::initialise_trainable(made, options.seed);
    made.settings.teacher = teacher.path.filename().string();
    return made;
}

/// The same by the architecture's name.
template <Backend B>
[[nodiscard]] model<B> make_model(const std::string& arch, const io::tensor_file& teacher, const model_options& options = {}) {
    return make_model<B>(architecture_named(arch), teacher, options);
}

/// A model with an untrained teacher (He initialisation from the seed). `train` measures the statistics of the teacher's batch
/// norms on the training images (`measure_statistics`).
template <Backend B>
[[nodiscard]] model<B> make_model_without_teacher(const std::string& arch, const model_options& options = {}) {
    model<B> made{architecture_named(arch), options};
    host_weights<typename B::value_type> teacher{made.teacher.layers.table};
    model_detail::initialise_all(made.teacher.layers.table, options.seed, made.queue.threads, teacher);
    made.teacher.weights = upload<B>(made.queue, teacher);
    model_detail::initialise_trainable(made, options.seed);
    made.settings.teacher = "none";
    made.teacher_unmeasured = true;
    return made;
}

}  // namespace rd4ad::inline RD4AD_ABI
