// rd4ad/nn/cosine_map.hpp: 1 - cosine of teacher and student at each pixel. Twin: tests/nn/anomaly_map.cpp
#pragma once
#include <cmath>
#include <cstddef>

#include <rd4ad/backend/tensor.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/nn/cosine_loss.hpp>

namespace rd4ad::inline RD4AD_ABI::nn {

/// A gain and an offset per position of an image's map, on the device; null: gain 1 and offset 0.
template <class T>
struct position_gains {
    const T *gain{nullptr}, *offset{nullptr};
};

/// Kernel, one row per pixel.
template <class T>
struct pixel_distances {
    const T *teacher, *student;
    std::size_t channels;
    T* out;
    position_gains<T> by{};
    std::size_t positions{1};  // per image
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
        const T distance = T{1} - ts / (norms > static_cast<T>(cosine_epsilon) ? norms : static_cast<T>(cosine_epsilon));
        out[r] = by.gain == nullptr ? distance : by.gain[r % positions] * distance + by.offset[r % positions];
    }

    [[nodiscard]] double values_moved(double rows) const { return (2 * static_cast<double>(channels) + 1) * rows; }
};

/// N x 1 x H x W: 1 - cosine along the channels, in 0..1 for features after a ReLU; by `by`, gain x distance + offset. Throws
/// shape_error unless teacher and student have equal shapes.
template <Backend B>
[[nodiscard]] tensor<B> cosine_map(typename B::queue& q, const tensor<B>& teacher, const tensor<B>& student,
                                   const position_gains<typename B::value_type>& by = {}) {
    using T = typename B::value_type;
    if (teacher.shape != student.shape)
        throw shape_error{text("cosine_map: equal shapes expected, found teacher ", to_string(teacher.shape), " and student ",
                               to_string(student.shape))};
    const auto& size = teacher.shape;
    auto map = make_tensor<B>(q, {size.n, 1, size.h, size.w});
    B::apply(q, size.pixels(), 1,
             pixel_distances<T>{.teacher = teacher.data(),
                                .student = student.data(),
                                .channels = size.c,
                                .out = map.data(),
                                .by = by,
                                .positions = size.h * size.w});
    return map;
}

}  // namespace rd4ad::inline RD4AD_ABI::nn
