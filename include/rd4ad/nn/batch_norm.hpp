// rd4ad/nn/batch_norm.hpp: batch norm in training: statistics of the batch, running statistics, and the gradient. Twin:
// tests/nn/batch_norm.cpp
#pragma once
#include <cmath>
#include <cstddef>
#include <vector>

#include <rd4ad/backend/reduce.hpp>
#include <rd4ad/backend/tensor.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/nn/batch_share.hpp>

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
    std::size_t rows{0};  ///< values per channel in the whole batch
    batch_share share{};  ///< of the batch

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
    const T* x;  // the pixel that the sums are shifted by
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

/// The sums of shifted_moments over all ranks. Each rank shifts by its own first pixel; the sums are those for the first pixel of
/// rank 0. The ranks' sums are added in double and in the ranks' order, so they are the same bits on every rank.
template <Backend B>
struct batch_moments {
    std::size_t rows{0};  ///< values per channel in the whole batch
    tensor<B> first{};    ///< 1 x c x 1 x 1: the first pixel of rank 0
    tensor<B> sums{};     ///< 1 x c x 2 x 1
};

/// Adds up the moments of a batch that several ranks share. x: of this rank; sums: its shifted_moments.
template <Backend B>
[[nodiscard]] batch_moments<B> sum_moments(typename B::queue& q, const tensor<B>& x, const tensor<B>& sums,
                                           const batch_share& share) {
    using T = typename B::value_type;
    const std::size_t channels = x.shape.c, each = 3 * channels + 1;
    std::vector<T> pixel(channels);
    B::download(q, x.data(), std::span{pixel});
    const auto moments = to_host<B>(q, sums);
    std::vector<double> own(each);
    own[3 * channels] = static_cast<double>(share.rows(x.shape.pixels()));
    for (std::size_t c = 0; c < channels; ++c) {
        own[c] = static_cast<double>(pixel[c]);
        if (!share.has_weight) continue;
        own[channels + c] = static_cast<double>(moments[c]);
        own[2 * channels + c] = static_cast<double>(moments[channels + c]);
    }
    const auto all = share.ranks->gather_values(own);
    double rows = 0;
    std::vector<T> total(2 * channels);
    for (std::size_t r = 0; r < share.ranks->size(); ++r) rows += all[r * each + 3 * channels];
    for (std::size_t c = 0; c < channels; ++c) {
        double sum = 0, squares = 0;
        for (std::size_t r = 0; r < share.ranks->size(); ++r) {
            const double* of = all.data() + r * each;
            const double n = of[3 * channels], shift = of[c] - all[c];
            if (n == 0) continue;
            sum += of[channels + c] + n * shift;
            squares += of[2 * channels + c] + shift * (2 * of[channels + c] + n * shift);
        }
        total[c] = static_cast<T>(sum), total[channels + c] = static_cast<T>(squares);
        pixel[c] = static_cast<T>(all[c]);
    }
    return {static_cast<std::size_t>(rows), to_device<B>(q, {1, channels, 1, 1}, pixel),
            to_device<B>(q, {1, channels, 2, 1}, total)};
}

/// Statistics of x (N x C x H x W) over N, H and W. A prologue or the residual sum applies the normalisation. Where x is a share
/// of a batch, the statistics are those of the whole batch.
/// guard: see train/spike_guards.hpp; 0: none.
/// Throws numeric_error for one value per channel, which has no variance (PyTorch refuses it as well).
template <Backend B>
[[nodiscard]] batch_norm_activations<B> batch_norm_forward(typename B::queue& q, const tensor<B>& x,
                                                           const batch_norm_parameters<typename B::value_type>& parameters,
                                                           double momentum = batch_norm_momentum, double guard = 0,
                                                           const batch_share& share = {}) {
    using T = typename B::value_type;
    const std::size_t channels = x.shape.c;
    batch_moments<B> batch{.rows = x.shape.pixels(), .sums = make_tensor<B>(q, {1, channels, 2, 1})};
    backend::reduce<2, B>(q, 1, batch.rows, channels, shifted_moments<T>{.x = x.data(), .channels = channels}, batch.sums.data());
    if (!share.whole()) batch = sum_moments<B>(q, x, batch.sums, share);
    if (batch.rows < 2)
        throw numeric_error{text("batch norm: more than one value per channel expected, found ", to_string(x.shape),
                                 "; use a batch of at least 2 images or a larger image size")};
    batch_norm_activations<B> saved{make_tensor<B>(q, {1, channels, 5, 1}), guard > 0, batch.rows, share};
    B::apply(q, 1, channels,
             finish_statistics<T>{.x = batch.first.memory ? batch.first.data() : x.data(),
                                  .sums = batch.sums.data(),
                                  .channels = channels,
                                  .rows = batch.rows,
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

/// Writes the gradients of x, weight and bias from the output gradient (after the ReLU where `relu`). Where x is a share of a
/// batch, the gradient of x is that of the whole batch's loss, and those of weight and bias are this share's part of it.
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
    if (!saved.share.whole()) values_sum<B>{q, *saved.share.ranks, sums.data(), 2 * channels}.finish();
    if (saved.guarded)
        B::apply(q, 1, channels,
                 clear_variance_gradient<T>{.from_batch = saved.from_batch(), .sums = sums.data(), .channels = channels});
    const T share_of_row = saved.share.has_weight ? T{1} / static_cast<T>(saved.rows) : T{0};
    B::apply(q, rows, channels,
             normalised_gradient<T>{.in = in, .sums = sums.data(), .one_over_rows = share_of_row, .out = to.x});
}

}  // namespace rd4ad::inline RD4AD_ABI::nn
