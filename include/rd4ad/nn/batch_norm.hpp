// rd4ad/nn/batch_norm.hpp: batch norm in training: statistics of the batch, running statistics, and the gradient. Twin:
// tests/nn/batch_norm.cpp
#pragma once
#include <cmath>
#include <cstddef>
#include <string>

#include <rd4ad/backend/reduce.hpp>
#include <rd4ad/backend/tensor.hpp>

namespace rd4ad::nn {

/// Added to the variance (PyTorch's default).
inline constexpr double batch_norm_epsilon = 1e-5;

/// Share of a batch in the running statistics (PyTorch's default).
inline constexpr double batch_norm_momentum = 0.1;

/// What one batch norm keeps from its forward for its backward, each one value a channel: the batch's mean and
/// 1 / sqrt(variance + epsilon), and the two numbers that normalise, result = x scale + shift.
template <Backend B>
struct batch_norm_trace {
    tensor<B> values{};   // 1 x c x 5 x 1: mean, inverse deviation, scale, shift, 1 where the variance is the batch's
    bool guarded{false};  // with a variance guard, so that the last may be 0

    using T = typename B::value_type;
    [[nodiscard]] std::size_t channels() const { return values.shape.c; }
    [[nodiscard]] T* mean() const { return values.data(); }
    [[nodiscard]] T* inverse() const { return values.data() + channels(); }
    [[nodiscard]] T* scale() const { return values.data() + 2 * channels(); }
    [[nodiscard]] T* shift() const { return values.data() + 3 * channels(); }
    [[nodiscard]] T* of_batch() const { return values.data() + 4 * channels(); }
};

/// Learnt and running numbers of one batch norm, one value a channel each.
template <class T>
struct batch_norm_parameters {
    const T* weight;
    const T* bias;
    T* running_mean;
    T* running_variance;
};

/// Sums of x - first and of its square, where `first` is the channel's value at the first pixel: close to the mean, so
/// that the variance does not drown in a large mean.
template <class T>
struct shifted_moments {
    const T* x;
    std::size_t channels;
    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c, P* sums) const {
        const P d = backend::load<P>(x + r * channels + c) - backend::load<P>(x + c);
        sums[0] = sums[0] + d;
        sums[1] = backend::multiply_add(d, d, sums[1]);
    }
};

/// From the sums to mean, deviation, scale and shift; updates the running statistics, the variance by n / (n - 1). Where the
/// batch's variance is below both the guard and the running one, the latter is used and stays (guard 0: nowhere).
template <class T>
struct finish_statistics {
    const T* x;
    const T* sums;
    std::size_t channels, rows;
    batch_norm_parameters<T> parameters;
    T momentum;
    double guard;
    T *mean, *inverse, *scale, *shift, *of_batch;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t, std::size_t c) const {
        const double n = static_cast<double>(rows);
        for (std::size_t i = c; i < c + backend::pack_traits<P>::width; ++i) {
            const double near = static_cast<double>(sums[i]) / n;
            const double spread = static_cast<double>(sums[channels + i]) / n - near * near;
            const double variance = spread < 0 ? 0.0 : spread;  // a NaN stays one
            const double middle = static_cast<double>(x[i]) + near;
            const double running = static_cast<double>(parameters.running_variance[i]);
            const bool kept = variance < guard && variance < running;
            const double factor = 1.0 / std::sqrt((kept ? running : variance) + batch_norm_epsilon);
            of_batch[i] = kept ? T{0} : T{1};
            mean[i] = static_cast<T>(middle);
            inverse[i] = static_cast<T>(factor);
            scale[i] = static_cast<T>(static_cast<double>(parameters.weight[i]) * factor);
            shift[i] = static_cast<T>(static_cast<double>(parameters.bias[i]) - middle * static_cast<double>(scale[i]));
            const double unbiased = rows > 1 ? variance * n / (n - 1) : variance;
            parameters.running_mean[i] += momentum * (static_cast<T>(middle) - parameters.running_mean[i]);
            if (!kept) parameters.running_variance[i] += momentum * (static_cast<T>(unbiased) - parameters.running_variance[i]);
        }
    }
};

/// Statistics of x over its pixels, to be used by the normalised input of the next layer or by the block's sum.
/// guard: see train/stability.hpp; 0: none.
/// numeric_error if there is only one value a channel: its variance says nothing (PyTorch refuses it as well).
template <Backend B>
[[nodiscard]] batch_norm_trace<B> batch_norm_forward(typename B::queue& q, const tensor<B>& x,
                                                     const batch_norm_parameters<typename B::value_type>& parameters,
                                                     double momentum = batch_norm_momentum, double guard = 0) {
    using T = typename B::value_type;
    const std::size_t channels = x.shape.c, rows = x.shape.pixels();
    if (rows < 2)
        throw numeric_error{"batch norm: one value a channel in " + to_string(x.shape) +
                            ": use a batch of at least 2 images or a larger image size"};
    batch_norm_trace<B> trace{make_tensor<B>(q, {1, channels, 5, 1}), guard > 0};
    const auto sums = make_tensor<B>(q, {1, channels, 2, 1});
    backend::reduce<2, B>(q, 1, rows, channels, shifted_moments<T>{x.data(), channels}, sums.data());
    B::apply(q, 1, channels,
             finish_statistics<T>{x.data(), sums.data(), channels, rows, parameters, static_cast<T>(momentum), guard,
                                  trace.mean(), trace.inverse(), trace.scale(), trace.shift(), trace.of_batch()});
    return trace;
}

/// Sums for the gradient: of g, and of g xhat; g is the result's gradient, 0 where a ReLU behind the norm was shut.
template <class T>
struct gradient_sums {
    const T* x;
    const T* gradient;
    std::size_t channels;
    const T *mean, *inverse, *scale, *shift;
    bool rectified;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c, P* sums) const {
        using backend::load;
        const P value = load<P>(x + r * channels + c);
        P g = load<P>(gradient + r * channels + c);
        if (rectified) g = backend::where_positive(backend::multiply_add(value, load<P>(scale + c), load<P>(shift + c)), g);
        sums[0] = sums[0] + g;
        sums[1] = backend::multiply_add(g, (value - load<P>(mean + c)) * load<P>(inverse + c), sums[1]);
    }
};

/// dx = scale (g - (sum g + xhat sum g xhat) / n).
template <class T>
struct normalised_gradient {
    const T* x;
    const T* gradient;
    T* out;
    std::size_t channels;
    const T *mean, *inverse, *scale, *shift, *sums;
    T one_over_rows;
    bool rectified;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        using backend::load;
        const P value = load<P>(x + r * channels + c), factor = load<P>(scale + c), n = backend::fill<P>(one_over_rows);
        P g = load<P>(gradient + r * channels + c);
        if (rectified) g = backend::where_positive(backend::multiply_add(value, factor, load<P>(shift + c)), g);
        const P hat = (value - load<P>(mean + c)) * load<P>(inverse + c);
        const P common = (load<P>(sums + c) + hat * load<P>(sums + channels + c)) * n;
        backend::store<P>(out + r * channels + c, factor * (g - common));
    }
};

/// Kernel: copies the two sums to where the gradients of weight and bias are wanted.
template <class T>
struct take_parameter_gradients {
    const T* sums;
    std::size_t channels;
    T *weight, *bias;
    template <class P>
    RD4AD_KERNEL void operator()(std::size_t, std::size_t c) const {
        backend::store<P>(bias + c, backend::load<P>(sums + c));
        backend::store<P>(weight + c, backend::load<P>(sums + channels + c));
    }
};

/// Kernel: where the running variance normalised, x has no share in it.
template <class T>
struct drop_variance_gradient {
    const T* of_batch;
    T* sums;
    std::size_t channels;
    template <class P>
    RD4AD_KERNEL void operator()(std::size_t, std::size_t c) const {
        backend::store<P>(sums + channels + c, backend::load<P>(of_batch + c) * backend::load<P>(sums + channels + c));
    }
};

/// out = gradient of x, from the gradient of the result (after the ReLU, if `rectified`); weight and bias get theirs.
/// `out` may be `gradient` itself, or x.
template <Backend B>
void batch_norm_backward(typename B::queue& q, const tensor<B>& x, const batch_norm_trace<B>& trace, bool rectified,
                         const typename B::value_type* gradient, typename B::value_type* out,
                         typename B::value_type* weight_gradient, typename B::value_type* bias_gradient) {
    using T = typename B::value_type;
    const std::size_t channels = x.shape.c, rows = x.shape.pixels();
    const auto sums = make_tensor<B>(q, {1, channels, 2, 1});
    backend::reduce<2, B>(
        q, 1, rows, channels,
        gradient_sums<T>{x.data(), gradient, channels, trace.mean(), trace.inverse(), trace.scale(), trace.shift(), rectified},
        sums.data());
    B::apply(q, 1, channels, take_parameter_gradients<T>{sums.data(), channels, weight_gradient, bias_gradient});
    if (trace.guarded) B::apply(q, 1, channels, drop_variance_gradient<T>{trace.of_batch(), sums.data(), channels});
    B::apply(q, rows, channels,
             normalised_gradient<T>{x.data(), gradient, out, channels, trace.mean(), trace.inverse(), trace.scale(),
                                    trace.shift(), sums.data(), T{1} / static_cast<T>(rows), rectified});
}

}  // namespace rd4ad::nn
