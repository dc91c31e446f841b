// rd4ad/nn/parameter.hpp: the parameters of a network as one flat array with a table of names, and PyTorch's order of each. Twin:
// tests/nn/parameter.cpp
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/nn/convolution/geometry.hpp>

namespace rd4ad::nn {

/// What a parameter is, which decides its order in memory and how it is initialised.
enum class parameter_kind { convolution, norm_weight, norm_bias, running_mean, running_variance };

/// One named tensor within a flat array.
struct parameter {
    std::string name;                ///< as in a PyTorch state dict
    std::vector<std::size_t> shape;  ///< PyTorch's: [out, in, k, k], transposed [in, out, 2, 2], norms [channels]
    parameter_kind kind;
    convolution layer;   ///< of a convolution's weights
    std::size_t offset;  ///< of the first value
    std::size_t count;   ///< number of values
};

/// Where a batch norm's numbers lie: weight and bias among the values, mean and variance among the statistics.
struct norm_layer {
    std::size_t channels{0}, weight{0}, bias{0}, mean{0}, variance{0};

    /// Values from the first weight to the last bias: the biases follow the weights.
    [[nodiscard]] std::size_t value_count() const { return bias + channels - weight; }
};

/// A convolution and the batch norm behind it.
struct conv_norm {
    convolution conv;
    std::size_t weight{0};  ///< of the convolution, among the values
    norm_layer norm;
};

/// Names, shapes and places of a network's parameters. Values are learnt (a flat array that Adam sweeps over), statistics
/// are the running means and variances. Every tensor starts at a multiple of 16 values, so that packs are aligned.
struct parameter_table {
    std::vector<parameter> values, statistics;
    std::size_t value_count{0}, statistic_count{0};

    /// Adds a convolution and its batch norm under their names in the state dict ("layer1.0.conv1", "layer1.0.bn1").
    [[nodiscard]] conv_norm add(const std::string& conv_name, const std::string& norm_name, const convolution& layer) {
        const auto plane = layer.kernel;
        std::vector<std::size_t> shape{layer.out, layer.in, plane, plane};
        if (layer.transposed) std::swap(shape[0], shape[1]);
        conv_norm made{layer, 0, {}};
        made.weight = place(values, value_count, conv_name + ".weight", std::move(shape), parameter_kind::convolution, layer);
        made.norm.channels = layer.out;
        made.norm.weight = place(values, value_count, norm_name + ".weight", {layer.out}, parameter_kind::norm_weight, {});
        made.norm.bias = place(values, value_count, norm_name + ".bias", {layer.out}, parameter_kind::norm_bias, {});
        made.norm.mean =
            place(statistics, statistic_count, norm_name + ".running_mean", {layer.out}, parameter_kind::running_mean, {});
        made.norm.variance =
            place(statistics, statistic_count, norm_name + ".running_var", {layer.out}, parameter_kind::running_variance, {});
        return made;
    }

   private:
    static std::size_t place(std::vector<parameter>& among, std::size_t& total, std::string name, std::vector<std::size_t> shape,
                             parameter_kind kind, const convolution& layer) {
        std::size_t count = 1;
        for (const std::size_t size : shape) count *= size;
        const std::size_t offset = total;
        among.push_back({std::move(name), std::move(shape), kind, layer, offset, count});
        total += (count + 15) / 16 * 16;
        return offset;
    }
};

namespace detail {
/// Calls visit(index in PyTorch's order, index in ours) for each weight of a convolution.
template <class Visit>
void for_each_weight(const convolution& layer, const Visit& visit) {
    const std::size_t k = layer.kernel;
    for (std::size_t i = 0; i < layer.in; ++i)
        for (std::size_t o = 0; o < layer.out; ++o)
            for (std::size_t y = 0; y < k; ++y)
                for (std::size_t x = 0; x < k; ++x)
                    if (layer.transposed)
                        visit(((i * layer.out + o) * k + y) * k + x, ((i * k + y) * k + x) * layer.out + o);
                    else
                        visit(((o * layer.in + i) * k + y) * k + x, ((y * k + x) * layer.in + i) * layer.out + o);
}
}  // namespace detail

/// Copies one parameter from PyTorch's order into ours. from and to: p.count values.
template <class T>
void from_pytorch(const parameter& p, std::span<const T> from, std::span<T> to) {
    if (p.kind == parameter_kind::convolution)
        detail::for_each_weight(p.layer, [&](std::size_t theirs, std::size_t ours) { to[ours] = from[theirs]; });
    else
        for (std::size_t i = 0; i < p.count; ++i) to[i] = from[i];
}

/// Copies one parameter from our order into PyTorch's.
template <class T>
void to_pytorch(const parameter& p, std::span<const T> from, std::span<T> to) {
    if (p.kind == parameter_kind::convolution)
        detail::for_each_weight(p.layer, [&](std::size_t theirs, std::size_t ours) { to[theirs] = from[ours]; });
    else
        for (std::size_t i = 0; i < p.count; ++i) to[i] = from[i];
}

}  // namespace rd4ad::nn
