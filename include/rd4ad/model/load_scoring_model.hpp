// rd4ad/model/load_scoring_model.hpp: reads a checkpoint tensor by tensor into a model's form for scoring. Twin:
// tests/model/scoring_model.cpp
#pragma once
#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <rd4ad/model/checkpoint.hpp>
#include <rd4ad/model/scoring_model.hpp>

namespace rd4ad::inline RD4AD_ABI {

namespace model_detail {

/// Reads the parameters of one layer at a time onto a device.
template <Backend B>
class layer_reader {
   public:
    using T = typename B::value_type;

    /// All must outlive the reader; the file has every parameter of the table.
    layer_reader(typename B::queue& q, const nn::parameter_table& table, const io::safetensors_reader& file, name_in_file name,
                 state_mismatch& mismatch)
        : q_{q}, file_{file}, name_{std::move(name)}, mismatch_{mismatch} {
        for (const auto& p : table.values) values_.emplace(p.offset, &p);
        for (const auto& p : table.statistics) statistics_.emplace(p.offset, &p);
    }

    /// Reads a layer's parameters; they are valid until the next call.
    nn::layer_parameters<T> operator()(const nn::conv_bn& layer) {
        const std::size_t weights = (layer.conv.weight_count() + 15) / 16 * 16, channels = (layer.conv.out + 15) / 16 * 16;
        q_.wait();  // the device may still read the layer before
        reserve_scratch<B>(on_device_, weights + 4 * channels);
        T* to = on_device_.data();
        read(*values_.at(layer.weight), to);
        read(*values_.at(layer.norm.weight), to + weights);
        read(*values_.at(layer.norm.bias), to + weights + channels);
        read(*statistics_.at(layer.norm.mean), to + weights + 2 * channels);
        read(*statistics_.at(layer.norm.variance), to + weights + 3 * channels);
        return {to, to + weights, to + weights + channels, to + weights + 2 * channels, to + weights + 3 * channels};
    }

   private:
    void read(const nn::parameter& p, T* to) {
        const auto read_to = [&](std::span<T> host) { read_parameter<T>(p, file_, name_(p.name), host, q_.threads, mismatch_); };
        if constexpr (backend::WorksOnHost<B>) {
            read_to({to, p.count});
        } else {
            host_.resize(p.count);
            read_to(host_);
            B::upload(q_, host_, to);
            q_.wait();
        }
    }

    typename B::queue& q_;
    const io::safetensors_reader& file_;
    name_in_file name_;
    state_mismatch& mismatch_;
    std::unordered_map<std::size_t, const nn::parameter*> values_{}, statistics_{};  // by offset
    tensor<B> on_device_{};
    std::vector<T> host_{};
};

/// Throws format_error naming the tensors of a checkpoint that differ from its network's, without reading them.
inline void check_names_and_shapes(const io::safetensors_reader& file, const nn::parameter_table& teacher,
                                   const nn::parameter_table& trainable, const nn::parameter_table& unused) {
    const auto check = [&](const nn::parameter_table& table, const name_in_file& name, state_mismatch& mismatch) {
        for (const auto* list : {&table.values, &table.statistics})
            for (const auto& p : *list) has_parameter(p, file, name(p.name), mismatch);
    };
    state_mismatch of_teacher;
    check(teacher, teacher_names(file), of_teacher);
    find_surplus_of_teacher(file, teacher, of_teacher);
    of_teacher.check(file.path.string());
    state_mismatch of_trainable;
    for (const auto* table : {&trainable, &unused}) check(*table, std::identity{}, of_trainable);
    const nn::parameter_table* const tables[]{&trainable, &unused};
    find_surplus_of_trainable(file, tables, of_trainable);
    of_trainable.check(file.path.string());
}

template <Backend B>
[[nodiscard]] scoring_model<B> scoring_model_from(const io::safetensors_reader& file, std::size_t batch,
                                                  const model_options& options) {
    auto described = description_in(file);
    file.prefetch();
    const auto& arch = *described.arch;
    scoring_model<B> m{arch, options.threads};
    m.settings = std::move(described.settings);
    const auto &teacher = m.teacher.layers.table, &trainable = m.trainable.layers.table;
    const auto unused = unused_parameters(arch);
    check_names_and_shapes(file, teacher, trainable, unused);
    state_mismatch mismatch;
    const shape images{batch, 3, m.settings.height, m.settings.width};
    // The teacher first: the trainable part ends with small layers, so that no scratch memory adds to the peak.
    m.teacher.weights = fold_layers<B>(m.queue, m.teacher.layers, images, options.algorithm,
                                       layer_reader<B>{m.queue, teacher, file, teacher_names(file), mismatch});
    m.trainable.weights = fold_layers<B>(m.queue, m.trainable.layers, feature_shape(arch, images, 0), options.algorithm,
                                         layer_reader<B>{m.queue, trainable, file, std::identity{}, mismatch});
    file.finish();
    mismatch.check(file.path.string());
    return m;
}

}  // namespace model_detail

/// Reads a checkpoint that `save_checkpoint` wrote for scoring batches of at most `batch` images: one tensor at a time is read,
/// compared with its checksum, prepared and let go, so that the peak of memory is the scoring_model and a few tensors. Throws as
/// load_checkpoint does.
template <Backend B>
[[nodiscard]] scoring_model<B> load_scoring_model(const std::filesystem::path& path, std::size_t batch,
                                                  const model_options& options = {}) {
    return model_detail::scoring_model_from<B>(io::safetensors_reader{path, {.verify = options.verify}}, batch, options);
}

/// The same from memory; see load_checkpoint.
template <Backend B>
[[nodiscard]] scoring_model<B> load_scoring_model(std::span<const std::byte> bytes, const std::string& name, std::size_t batch,
                                                  const model_options& options = {}) {
    return model_detail::scoring_model_from<B>(io::safetensors_reader{bytes, name, {.verify = options.verify}}, batch, options);
}

}  // namespace rd4ad::inline RD4AD_ABI
