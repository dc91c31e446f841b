// rd4ad/nn/adam.hpp: Adam, applied to a layer's parameters as soon as their gradients are complete. Twin: tests/nn/adam.cpp
#pragma once
#include <cmath>
#include <cstddef>
#include <deque>
#include <unordered_map>
#include <utility>

#include <rd4ad/core/communicator.hpp>
#include <rd4ad/nn/batch_share.hpp>
#include <rd4ad/nn/conv_bn.hpp>
#include <rd4ad/nn/gradient_sink.hpp>

namespace rd4ad::inline RD4AD_ABI::nn {

/// Settings of Adam and AdamW; the defaults are the paper's.
struct adam_options {
    double learning_rate{0.005};
    double beta1{0.5};     ///< decay of the first moment
    double beta2{0.999};   ///< decay of the second moment
    double epsilon{1e-8};  ///< added to the square root of the second moment
    /// AdamW's decay: a step first multiplies each value by 1 - learning_rate x weight_decay. 0: plain Adam. Source: Loshchilov
    /// and Hutter 2019.
    double weight_decay{0};
};

/// The optimizer's state: two moments per parameter, and the number of steps.
template <Backend B>
struct adam_state {
    tensor<B> first{}, second{};
    std::size_t steps{0};
};

/// Kernel over any range of the parameters, cut into rows of `width`.
template <class T>
struct adam_kernel {
    T *value, *first, *second;
    const T* gradient;
    std::size_t width;
    T beta1, beta2, step, root_correction, epsilon, kept;  // kept: of the value, by the weight decay

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        using backend::broadcast, backend::load, backend::mul_add, backend::store;
        const std::size_t at = r * width + c;
        const P g = load<P>(gradient + at), old = load<P>(first + at);
        const P m = mul_add(broadcast<P>(T{1} - beta1), g - old, old);
        const P v = mul_add(broadcast<P>(T{1} - beta2), g * g, broadcast<P>(beta2) * load<P>(second + at));
        const P slope = m / mul_add(backend::sqrt(v), broadcast<P>(root_correction), broadcast<P>(epsilon));
        store<P>(first + at, m);
        store<P>(second + at, v);
        store<P>(value + at, mul_add(broadcast<P>(-step), slope, broadcast<P>(kept) * load<P>(value + at)));
    }

    [[nodiscard]] double values_moved(double visits) const { return 7 * visits; }
};

/// Updates the `count` values from `first` on; `state` counts this step as its last. gradient: of those values alone.
/// Source: Kingma and Ba 2014, in torch.optim.Adam's order of operations.
template <Backend B>
void adam_update(typename B::queue& q, const adam_options& options, tensor<B>& values, adam_state<B>& state, std::size_t first,
                 std::size_t count, const typename B::value_type* gradient) {
    using T = typename B::value_type;
    constexpr std::size_t width = 1024;
    const double n = static_cast<double>(state.steps);
    adam_kernel<T> kernel{.value = values.data() + first,
                          .first = state.first.data() + first,
                          .second = state.second.data() + first,
                          .gradient = gradient,
                          .width = width,
                          .beta1 = static_cast<T>(options.beta1),
                          .beta2 = static_cast<T>(options.beta2),
                          .step = static_cast<T>(options.learning_rate / (1 - std::pow(options.beta1, n))),
                          .root_correction = static_cast<T>(1 / std::sqrt(1 - std::pow(options.beta2, n))),
                          .epsilon = static_cast<T>(options.epsilon),
                          .kept = static_cast<T>(1 - options.learning_rate * options.weight_decay)};
    const std::size_t rows = count / width, done = rows * width;
    B::apply(q, rows, width, kernel);
    kernel.value += done;
    kernel.first += done;
    kernel.second += done;
    kernel.gradient += done;
    B::apply(q, 1, count - done, kernel);
}

/// The gradient sink of one training step: updates a layer's parameters as soon as their gradients are complete, so that only
/// the current layers' gradients take memory. Each parameter is read and written once per step. With ranks, the sum of a layer's
/// gradients over them starts when they are complete, goes on beside the backward pass, and precedes the update.
template <Backend B>
class adam_sink {
    using T = typename B::value_type;

   public:
    /// Starts a step; `state` counts it. ranks: whose gradients are summed; null: this process's alone.
    adam_sink(typename B::queue& q, const adam_options& options, tensor<B>& values, adam_state<B>& state,
              communicator* ranks = nullptr)
        : q_{q}, options_{options}, values_{values}, state_{state}, ranks_{ranks} {
        ++state.steps;
    }

    [[nodiscard]] layer_gradient<T> of(const conv_bn& layer) {
        auto& gradient = open_[layer.weight];
        if (!gradient.weight.memory) {
            gradient.weight = make_tensor<B>(q_, {1, layer.conv.weight_count(), 1, 1});
            gradient.norm = make_tensor<B>(q_, {1, layer.norm.value_count(), 1, 1});
        }
        T* norm = gradient.norm.data();
        return {gradient.weight.data(), norm, norm + (layer.norm.bias - layer.norm.weight)};
    }

    void done(const conv_bn& layer) {
        const auto found = open_.find(layer.weight);
        if (ranks_ == nullptr) {
            update(layer, found->second);
        } else {
            auto [weight, norm] = found->second;
            summed_.push_back(
                {&layer, {weight, norm}, {q_, *ranks_, weight.data(), weight.count()}, {q_, *ranks_, norm.data(), norm.count()}});
            while (!summed_.empty() && summed_.front().is_complete()) update_first();
        }
        open_.erase(found);
    }

    /// Waits for the sums and updates the layers that are left. Call it at the end of a step with ranks; without, it does
    /// nothing.
    void finish() {
        while (!summed_.empty()) update_first();
    }

   private:
    /// In two pieces: a convolution often has as many weights as a feature map has values, whose memory then serves for them.
    struct gradients {
        tensor<B> weight{}, norm{};
    };
    /// A layer whose gradients are being summed over the ranks.
    struct summed_layer {
        const conv_bn* layer;
        gradients of;
        values_sum<B> weight, norm;

        [[nodiscard]] bool is_complete() {
            const bool weights = weight.is_complete();
            return norm.is_complete() && weights;
        }
    };

    void update(const conv_bn& layer, const gradients& of) {
        adam_update<B>(q_, options_, values_, state_, layer.weight, of.weight.count(), of.weight.data());
        adam_update<B>(q_, options_, values_, state_, layer.norm.weight, of.norm.count(), of.norm.data());
    }
    void update_first() {
        auto& first = summed_.front();
        first.weight.finish();
        first.norm.finish();
        update(*first.layer, first.of);
        summed_.pop_front();
    }

    typename B::queue& q_;
    adam_options options_;
    tensor<B>& values_;
    adam_state<B>& state_;
    communicator* ranks_;
    std::unordered_map<std::size_t, gradients> open_;  // by the layer's weight
    std::deque<summed_layer> summed_{};                // in the order of their sums
};

}  // namespace rd4ad::inline RD4AD_ABI::nn
