// rd4ad/nn/batch_norm.hpp: batch norm in training: statistics of the batch, running statistics, and the gradient. Twin:
// tests/nn/batch_norm.cpp
#pragma once
#include <cmath>
#include <cstddef>

#include <rd4ad/backend/reduce.hpp>
#include <rd4ad/backend/tensor.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::nn {

/// Added to the variance (PyTorch's default).
inline constexpr double batch_norm_epsilon = 1e-5;

/// Share of a batch in the running statistics (PyTorch's default).
inline constexpr double batch_norm_momentum = 0.1;

/// The values that one batch norm keeps for its backward, one per channel each: the batch's mean and
/// 1 / sqrt(variance + epsilon), and the scale and shift that normalise, output = x scale + shift.
template <Backend B>
struct batch_norm_activations {
    using T = typename B::value_type;

    tensor<B> values{};   ///< 1 x c x 5 x 1: mean, inverse deviation, scale, shift, 1 where the variance is the batch's
    bool guarded{false};  ///< with a variance guard, which may have replaced the batch's variance

    [[nodiscard]] std::size_t channels() const { return values.shape.c; }
    [[nodiscard]] const T* mean() const { return values.data(); }
    [[nodiscard]] const T* inverse_deviation() const { return values.data() + channels(); }
    [[nodiscard]] const T* scale() const { return values.data() + 2 * channels(); }
    [[nodiscard]] const T* shift() const { return values.data() + 3 * channels(); }
    [[nodiscard]] const T* from_batch() const { return values.data() + 4 * channels(); }
};

/// Trained and running values of one batch norm, one per channel each. The forward updates the running ones.
template <class T>
struct batch_norm_parameters {
    const T* weight;
    const T* bias;
    T* running_mean;
    T* running_variance;
};

/// Reduction term: x - x0 and its square, where x0 is the channel's value at the first pixel: close to the mean, so that a
/// large mean does not cancel the variance's digits.
template <class T>
struct shifted_moments {
    const T* x;
    std::size_t channels;
    static constexpr double values_read = 1;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c, P* sums) const {
        const P d = backend::load<P>(x + r * channels + c) - backend::load<P>(x + c);
        sums[0] = sums[0] + d;
        sums[1] = backend::mul_add(d, d, sums[1]);
    }
};

/// Kernel: from the sums to mean, inverse deviation, scale and shift; updates the running statistics, the variance by
/// n / (n - 1). Where the batch's variance is below both the guard and the running variance, the running variance normalises
/// and keeps its value (guard 0: nowhere).
template <class T>
struct finish_statistics {
    const T* x;
    const T* sums;
    std::size_t channels, rows;
    batch_norm_parameters<T> parameters;
    T momentum;
    double guard;
    T* out;  // the five rows of batch_norm_activations::values

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t, std::size_t c) const {
        T *mean = out, *inverse = out + channels, *scale = out + 2 * channels, *shift = out + 3 * channels,
          *from_batch = out + 4 * channels;
        const double n = static_cast<double>(rows);
        for (std::size_t i = c; i < c + backend::pack_traits<P>::width; ++i) {
            const double near = static_cast<double>(sums[i]) / n;
            const double spread = static_cast<double>(sums[channels + i]) / n - near * near;
            const double variance = spread < 0 ? 0.0 : spread;  // passes a NaN on
            const double middle = static_cast<double>(x[i]) + near;
            const double running = static_cast<double>(parameters.running_variance[i]);
            const bool kept = variance < guard && variance < running;
            const double factor = 1.0 / std::sqrt((kept ? running : variance) + batch_norm_epsilon);
            from_batch[i] = kept ? T{0} : T{1};
            mean[i] = static_cast<T>(middle);
            inverse[i] = static_cast<T>(factor);
            scale[i] = static_cast<T>(static_cast<double>(parameters.weight[i]) * factor);
            shift[i] = static_cast<T>(static_cast<double>(parameters.bias[i]) - middle * static_cast<double>(scale[i]));
            const double unbiased = rows > 1 ? variance * n / (n - 1) : variance;
            parameters.running_mean[i] += momentum * (static_cast<T>(middle) - parameters.running_mean[i]);
            if (!kept) parameters.running_variance[i] += momentum * (static_cast<T>(unbiased) - parameters.running_variance[i]);
        }
    }

    [[nodiscard]] double values_moved(double visits) const { return visits; }
};

/// Statistics of x (N x C x H x W) over N, H and W. A prologue or the residual sum applies the normalisation.
/// guard: see train/spike_guards.hpp; 0: none.
/// Throws numeric_error for one value per channel, which has no variance (PyTorch refuses it as well).
template <Backend B>
[[nodiscard]] batch_norm_activations<B> batch_norm_forward(typename B::queue& q, const tensor<B>& x,
                                                           const batch_norm_parameters<typename B::value_type>& parameters,
                                                           double momentum = batch_norm_momentum, double guard = 0) {
    using T = typename B::value_type;
    const std::size_t channels = x.shape.c, rows = x.shape.pixels();
    if (rows < 2)
        throw numeric_error{text("batch norm: more than one value per channel expected, found ", to_string(x.shape),
                                 "; use a batch of at least 2 images or a larger image size")};
    batch_norm_activations<B> saved{make_tensor<B>(q, {1, channels, 5, 1}), guard > 0};
    auto sums = make_tensor<B>(q, {1, channels, 2, 1});
    backend::reduce<2, B>(q, 1, rows, channels, shifted_moments<T>{.x = x.data(), .channels = channels}, sums.data());
    B::apply(q, 1, channels,
             finish_statistics<T>{.x = x.data(),
                                  .sums = sums.data(),
                                  .channels = channels,
                                  .rows = rows,
                                  .parameters = parameters,
                                  .momentum = static_cast<T>(momentum),
                                  .guard = guard,
                                  .out = saved.values.data()});
    return saved;
}

/// The operands of the gradient's kernels. g is the output gradient, zero where the following ReLU was inactive.
template <class T>
struct batch_norm_gradient_inputs {
    const T* x;
    const T* gradient;
    std::size_t channels;
    const T *mean, *inverse_deviation, *scale, *shift;
    bool relu;  ///< a ReLU follows the norm

    /// g at row r, channel c, given x there.
    template <class P>
    RD4AD_KERNEL P output_gradient(std::size_t r, std::size_t c, P value) const {
        using backend::load;
        const P g = load<P>(gradient + r * channels + c);
        if (!relu) return g;
        return backend::select_positive(backend::mul_add(value, load<P>(scale + c), load<P>(shift + c)), g);
    }
    /// x, normalised without weight and bias.
    template <class P>
    RD4AD_KERNEL P normalised(std::size_t c, P value) const {
        return (value - backend::load<P>(mean + c)) * backend::load<P>(inverse_deviation + c);
    }
};

/// Reduction term: g, and g times the normalised x.
template <class T>
struct gradient_sums {
    batch_norm_gradient_inputs<T> in;
    static constexpr double values_read = 2;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c, P* sums) const {
        const P value = backend::load<P>(in.x + r * in.channels + c);
        const P g = in.output_gradient(r, c, value);
        sums[0] = sums[0] + g;
        sums[1] = backend::mul_add(g, in.normalised(c, value), sums[1]);
    }
};

/// Kernel: dx = scale (g - (sum g + xhat sum g xhat) / n), xhat the normalised x.
template <class T>
struct normalised_gradient {
    batch_norm_gradient_inputs<T> in;
    const T* sums;
    T one_over_rows;
    T* out;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c) const {
        using backend::load;
        const P value = load<P>(in.x + r * in.channels + c);
        const P g = in.output_gradient(r, c, value);
        const P common = (load<P>(sums + c) + in.normalised(c, value) * load<P>(sums + in.channels + c)) *
                         backend::broadcast<P>(one_over_rows);
        backend::store<P>(out + r * in.channels + c, load<P>(in.scale + c) * (g - common));
    }

    [[nodiscard]] double values_moved(double visits) const { return 3 * visits; }
};

/// Kernel: copies the two sums to the gradients of bias and weight.
template <class T>
struct copy_parameter_gradients {
    const T* sums;
    std::size_t channels;
    T *weight, *bias;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t, std::size_t c) const {
        backend::store<P>(bias + c, backend::load<P>(sums + c));
        backend::store<P>(weight + c, backend::load<P>(sums + channels + c));
    }

    [[nodiscard]] double values_moved(double visits) const { return visits; }
};

/// Kernel: clears the variance's share of the gradient where the running variance normalised, which does not depend on x.
template <class T>
struct clear_variance_gradient {
    const T* from_batch;
    T* sums;
    std::size_t channels;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t, std::size_t c) const {
        backend::store<P>(sums + channels + c, backend::load<P>(from_batch + c) * backend::load<P>(sums + channels + c));
    }

    [[nodiscard]] double values_moved(double visits) const { return visits; }
};

/// The gradients that batch_norm_backward writes.
template <class T>
struct batch_norm_gradients {
    T* x;  ///< laid out as x; may be the output gradient itself, or x
    T *weight, *bias;
};

/// Writes the gradients of x, weight and bias from the output gradient (after the ReLU where `relu`).
template <Backend B>
void batch_norm_backward(typename B::queue& q, const tensor<B>& x, const batch_norm_activations<B>& saved, bool relu,
                         const typename B::value_type* gradient, const batch_norm_gradients<typename B::value_type>& to) {
    using T = typename B::value_type;
    const std::size_t channels = x.shape.c, rows = x.shape.pixels();
    const batch_norm_gradient_inputs<T> in{.x = x.data(),
                                           .gradient = gradient,
                                           .channels = channels,
                                           .mean = saved.mean(),
                                           .inverse_deviation = saved.inverse_deviation(),
                                           .scale = saved.scale(),
                                           .shift = saved.shift(),
                                           .relu = relu};
    auto sums = make_tensor<B>(q, {1, channels, 2, 1});
    backend::reduce<2, B>(q, 1, rows, channels, gradient_sums<T>{.in = in}, sums.data());
    B::apply(q, 1, channels,
             copy_parameter_gradients<T>{.sums = sums.data(), .channels = channels, .weight = to.weight, .bias = to.bias});
    if (saved.guarded)
        B::apply(q, 1, channels,
                 clear_variance_gradient<T>{.from_batch = saved.from_batch(), .sums = sums.data(), .channels = channels});
    B::apply(q, rows, channels,
             normalised_gradient<T>{.in = in, .sums = sums.data(), .one_over_rows = T{1} / static_cast<T>(rows), .out = to.x});
}

}  // namespace rd4ad::inline RD4AD_ABI::nn
