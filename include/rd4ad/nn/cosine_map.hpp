// rd4ad/nn/cosine_map.hpp: 1 - cosine of teacher and student at each pixel. Twin: tests/nn/anomaly_map.cpp
#pragma once
#include <cmath>
#include <cstddef>

#include <rd4ad/backend/tensor.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/nn/cosine_loss.hpp>

namespace rd4ad::inline RD4AD_ABI::nn {

/// Kernel, one row per pixel.
template <class T>
struct pixel_distances {
    const T *teacher, *student;
    std::size_t channels;
    T* out;
    static constexpr bool whole_rows = true;

    struct product {
        const T *a, *b;
        template <class P>
        RD4AD_KERNEL P operator()(std::size_t c) const {
            return backend::load<P>(a + c) * backend::load<P>(b + c);
        }
    };

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r) const {
        const T *t = teacher + r * channels, *s = student + r * channels;
        const T ts = backend::sum_over_channels<P>(channels, product{t, s});
        const T tt = backend::sum_over_channels<P>(channels, product{t, t});
        const T ss = backend::sum_over_channels<P>(channels, product{s, s});
        const T norms = std::sqrt(tt) * std::sqrt(ss);
        out[r] = T{1} - ts / (norms > static_cast<T>(cosine_epsilon) ? norms : static_cast<T>(cosine_epsilon));
    }

    [[nodiscard]] double values_moved(double rows) const { return (2 * static_cast<double>(channels) + 1) * rows; }
};

/// N x 1 x H x W: 1 - cosine along the channels, in 0..1 for features after a ReLU. Throws shape_error unless teacher and
/// student have equal shapes.
template <Backend B>
[[nodiscard]] tensor<B> cosine_map(typename B::queue& q, const tensor<B>& teacher, const tensor<B>& student) {
    using T = typename B::value_type;
    if (teacher.shape != student.shape)
        throw shape_error{text("cosine_map: equal shapes expected, found teacher ", to_string(teacher.shape), " and student ",
                               to_string(student.shape))};
    const auto& size = teacher.shape;
    auto map = make_tensor<B>(q, {size.n, 1, size.h, size.w});
    B::apply(q, size.pixels(), 1,
             pixel_distances<T>{.teacher = teacher.data(), .student = student.data(), .channels = size.c, .out = map.data()});
    return map;
}

}  // namespace rd4ad::inline RD4AD_ABI::nn
