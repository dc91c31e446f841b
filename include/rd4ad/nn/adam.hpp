// rd4ad/nn/adam.hpp: Adam, on a layer's parameters as soon as their gradients are there. Twin: tests/nn/adam.cpp
#pragma once
#include <cmath>
#include <cstddef>
#include <unordered_map>

#include <rd4ad/nn/gradient_sink.hpp>

namespace rd4ad::nn {

/// Adam's settings; the defaults are the paper's recipe.
struct adam_options {
    double rate{0.005};    ///< learning rate
    double beta1{0.5};     ///< decay of the first moment
    double beta2{0.999};   ///< decay of the second moment
    double epsilon{1e-8};  ///< added to the root of the second moment
};

/// The optimizer's memory: two moments a parameter, and the number of steps so far.
template <Backend B>
struct adam_state {
    tensor<B> first{}, second{};
    std::size_t steps{0};
};

/// Kernel over any cut of the parameters.
template <class T>
struct adam_kernel {
    T *value, *first, *second;
    const T* gradient;
    std::size_t width;
    T beta1, beta2, step, root_correction, epsilon;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        using backend::fill, backend::load, backend::multiply_add, backend::store;
        const std::size_t at = r * width + c;
        const P g = load<P>(gradient + at), old = load<P>(first + at);
        const P m = multiply_add(fill<P>(T{1} - beta1), g - old, old);
        const P v = multiply_add(fill<P>(T{1} - beta2), g * g, fill<P>(beta2) * load<P>(second + at));
        const P slope = m / multiply_add(backend::root(v), fill<P>(root_correction), fill<P>(epsilon));
        store<P>(first + at, m);
        store<P>(second + at, v);
        store<P>(value + at, multiply_add(fill<P>(-step), slope, load<P>(value + at)));
    }
};

/// Moves `count` values, from `first` on, in the step that `state` counts as its last. `gradient`: of those values alone.
/// Source: Kingma and Ba 2014, in torch.optim.Adam's order of operations.
template <Backend B>
void adam_update(typename B::queue& q, const adam_options& options, const tensor<B>& values, const adam_state<B>& state,
                 std::size_t first, std::size_t count, const typename B::value_type* gradient) {
    using T = typename B::value_type;
    constexpr std::size_t width = 1024;
    const double n = static_cast<double>(state.steps);
    adam_kernel<T> kernel{values.data() + first,
                          state.first.data() + first,
                          state.second.data() + first,
                          gradient,
                          width,
                          static_cast<T>(options.beta1),
                          static_cast<T>(options.beta2),
                          static_cast<T>(options.rate / (1 - std::pow(options.beta1, n))),
                          static_cast<T>(1 / std::sqrt(1 - std::pow(options.beta2, n))),
                          static_cast<T>(options.epsilon)};
    const std::size_t rows = count / width, done = rows * width;
    B::apply(q, rows, width, kernel);
    kernel.value += done;
    kernel.first += done;
    kernel.second += done;
    kernel.gradient += done;
    B::apply(q, 1, count - done, kernel);
}

/// The sink of one training step: Adam moves a layer's parameters as soon as their gradients are there, so that the memory for
/// gradients is that of the layers at hand and not of all. Each parameter is passed over once.
template <Backend B>
class adam_sink {
    using T = typename B::value_type;

   public:
    /// Begins a step: `state` counts it.
    adam_sink(typename B::queue& q, const adam_options& options, const tensor<B>& values, adam_state<B>& state)
        : q_{q}, options_{options}, values_{values}, state_{state} {
        ++state.steps;
    }

    [[nodiscard]] layer_gradient<T> of(const conv_norm& layer) {
        auto& memory = open_[layer.weight];
        if (!memory.weight.memory) {
            memory.weight = make_tensor<B>(q_, {1, layer.conv.weight_count(), 1, 1});
            memory.norm = make_tensor<B>(q_, {1, layer.norm.value_count(), 1, 1});
        }
        T* norm = memory.norm.data();
        return {memory.weight.data(), norm, norm + (layer.norm.bias - layer.norm.weight)};
    }

    void done(const conv_norm& layer) {
        const auto found = open_.find(layer.weight);
        const auto& [weight, norm] = found->second;
        adam_update<B>(q_, options_, values_, state_, layer.weight, weight.count(), weight.data());
        adam_update<B>(q_, options_, values_, state_, layer.norm.weight, norm.count(), norm.data());
        open_.erase(found);
    }

   private:
    /// In two pieces: a convolution's weights are often as many as a feature map's values, whose memory then serves for them.
    struct gradients {
        tensor<B> weight{}, norm{};
    };

    typename B::queue& q_;
    adam_options options_;
    tensor<B> values_;
    adam_state<B>& state_;
    std::unordered_map<std::size_t, gradients> open_;  // by the layer's weight
};

}  // namespace rd4ad::nn
