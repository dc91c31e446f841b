// rd4ad/nn/parameter.hpp: a network's parameters as one flat array with a table of names, and PyTorch's memory order of each.
// Twin: tests/nn/parameter.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/threads.hpp>
#include <rd4ad/nn/convolution/layer.hpp>

namespace rd4ad::inline RD4AD_ABI::nn {

/// The kind of a parameter; it decides the order in memory and the initial values.
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

/// Names, shapes and offsets of a network's parameters. Values are trained (one flat array that Adam updates), statistics are
/// the running means and variances. Every tensor starts at a multiple of 16 values, so that packs are aligned.
struct parameter_table {
    std::vector<parameter> values, statistics;
    std::size_t value_count{0}, statistic_count{0};

    /// Appends a trained tensor; returns its offset.
    std::size_t add_value(std::string name, std::vector<std::size_t> shape, parameter_kind kind, const convolution& layer = {}) {
        return append(values, value_count, std::move(name), std::move(shape), kind, layer);
    }
    /// Appends a running statistic; returns its offset.
    std::size_t add_statistic(std::string name, std::vector<std::size_t> shape, parameter_kind kind) {
        return append(statistics, statistic_count, std::move(name), std::move(shape), kind, {});
    }

   private:
    static std::size_t append(std::vector<parameter>& list, std::size_t& total, std::string name, std::vector<std::size_t> shape,
                              parameter_kind kind, const convolution& layer) {
        std::size_t count = 1;
        for (const std::size_t size : shape) count *= size;
        const std::size_t offset = total;
        list.push_back({std::move(name), std::move(shape), kind, layer, offset, count});
        total += (count + 15) / 16 * 16;
        return offset;
    }
};

namespace detail {
/// Calls visit(index in PyTorch's order, index in memory) for each weight of a convolution.
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

namespace detail {
/// Copies convolution weights from PyTorch's order into memory order, in blocks that fit a first-level cache in both.
template <class T>
void reorder_weights(const convolution& layer, std::span<const T> from, std::span<T> to, std::size_t threads) {
    const std::size_t taps = layer.taps(), in = layer.in, out = layer.out;
    if (layer.transposed) {  // per input: out x taps to taps x out
        parallel_for(in, threads, [&](std::size_t i) {
            const std::size_t first = i * taps * out;
            for (std::size_t t = 0; t < taps; ++t)
                for (std::size_t o = 0; o < out; ++o) to[first + t * out + o] = from[first + o * taps + t];
        });
        return;
    }
    constexpr std::size_t block = 32;
    const std::size_t columns = in * taps;  // out x (in x taps) to (taps x in) x out
    parallel_for((columns + block - 1) / block, threads, [&](std::size_t b) {
        const std::size_t begin = b * block, end = std::min(columns, begin + block);
        for (std::size_t first = 0; first < out; first += block)
            for (std::size_t c = begin; c < end; ++c) {
                T* line = to.data() + (c % taps * in + c / taps) * out;
                for (std::size_t o = first; o < std::min(out, first + block); ++o) line[o] = from[o * columns + c];
            }
    });
}
}  // namespace detail

/// Copies one parameter from PyTorch's order into memory order. from, to: p.count values.
template <class T>
void from_pytorch(const parameter& p, std::span<const T> from, std::span<T> to, std::size_t threads = 1) {
    if (p.kind == parameter_kind::convolution)
        detail::reorder_weights<T>(p.layer, from, to, threads);
    else
        std::copy(from.begin(), from.end(), to.begin());
}

/// Copies one parameter from memory order into PyTorch's order. from, to: p.count values.
template <class T>
void to_pytorch(const parameter& p, std::span<const T> from, std::span<T> to) {
    if (p.kind == parameter_kind::convolution)
        detail::for_each_weight(p.layer, [&](std::size_t torch, std::size_t memory) { to[torch] = from[memory]; });
    else
        for (std::size_t i = 0; i < p.count; ++i) to[i] = from[i];
}

}  // namespace rd4ad::inline RD4AD_ABI::nn
