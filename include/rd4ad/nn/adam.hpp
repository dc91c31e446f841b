// rd4ad/nn/adam.hpp: Adam over all parameters in one sweep. Twin: tests/nn/adam.cpp
#pragma once
#include <cmath>
#include <cstddef>

#include <rd4ad/backend/tensor.hpp>

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

/// One step: values, moments and the step count are updated. values, gradient and moments are flat and equally long.
/// Source: Kingma and Ba 2014, in torch.optim.Adam's order of operations.
template <Backend B>
void adam_step(typename B::queue& q, const adam_options& options, const tensor<B>& values, const tensor<B>& gradient,
               adam_state<B>& state) {
    using T = typename B::value_type;
    constexpr std::size_t width = 1024;
    ++state.steps;
    const double n = static_cast<double>(state.steps);
    adam_kernel<T> kernel{values.data(),
                          state.first.data(),
                          state.second.data(),
                          gradient.data(),
                          width,
                          static_cast<T>(options.beta1),
                          static_cast<T>(options.beta2),
                          static_cast<T>(options.rate / (1 - std::pow(options.beta1, n))),
                          static_cast<T>(1 / std::sqrt(1 - std::pow(options.beta2, n))),
                          static_cast<T>(options.epsilon)};
    const std::size_t count = values.count(), rows = count / width, done = rows * width;
    B::apply(q, rows, width, kernel);
    kernel.value += done;
    kernel.first += done;
    kernel.second += done;
    kernel.gradient += done;
    B::apply(q, 1, count - done, kernel);
}

}  // namespace rd4ad::nn
