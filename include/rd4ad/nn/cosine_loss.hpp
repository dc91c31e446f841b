// rd4ad/nn/cosine_loss.hpp: cosine distance of flattened features, one value per image, and its gradient. Twin:
// tests/nn/cosine_loss.cpp
#pragma once
#include <cmath>
#include <cstddef>

#include <rd4ad/backend/reduce.hpp>
#include <rd4ad/backend/tensor.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/nn/batch_share.hpp>

namespace rd4ad::inline RD4AD_ABI::nn {

/// Lower bound of the product of norms (PyTorch's cosine_similarity).
inline constexpr double cosine_epsilon = 1e-8;

/// Reduction term: t s, t t and s s.
template <class T>
struct feature_products {
    const T *teacher, *student;
    std::size_t channels;
    static constexpr double values_read = 2;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r, std::size_t c, P* sums) const {
        const P t = backend::load<P>(teacher + r * channels + c), s = backend::load<P>(student + r * channels + c);
        sums[0] = backend::mul_add(t, s, sums[0]);
        sums[1] = backend::mul_add(t, t, sums[1]);
        sums[2] = backend::mul_add(s, s, sums[2]);
    }
};

/// Kernel, one row per image: distance / n, and the factors a, b of the gradient, d loss / d s = a t + b s.
template <class T>
struct image_distances {
    const T* sums;
    std::size_t channels;
    double images;  // n
    T* out;         // images x (distance, a, b)
    static constexpr bool whole_rows = true;

    template <class P>
    RD4AD_KERNEL void operator()(std::size_t r) const {
        double ts = 0, tt = 0, ss = 0;
        const T* row = sums + r * 3 * channels;
        for (std::size_t c = 0; c < channels; ++c) {
            ts += static_cast<double>(row[c]);
            tt += static_cast<double>(row[channels + c]);
            ss += static_cast<double>(row[2 * channels + c]);
        }
        const double n = images, product = std::sqrt(tt) * std::sqrt(ss);
        const double norms = product > cosine_epsilon ? product : cosine_epsilon, cosine = ts / norms;
        out[r * 3] = static_cast<T>((1 - cosine) / n);
        out[r * 3 + 1] = static_cast<T>(-1 / (norms * n));
        out[r * 3 + 2] = static_cast<T>(ss > 0 ? cosine / (ss * n) : 0.0);
    }

    [[nodiscard]] double values_moved(double rows) const { return rows * static_cast<double>(3 * channels + 3); }
};

/// Positions that take part in a step: those whose distance between teacher and student is at least `least`.
template <class T>
struct mined_positions {
    const T* distances{nullptr};  ///< one per position (cosine_map); null: all positions take part
    T least{0};
};

/// Kernel: gradient = or += a t + b s with the image's factors; 0 or += 0 at positions that do not take part.
template <class T>
struct add_cosine_gradient {
    const T *teacher, *student, *factors;
    T* gradient;
    std::size_t channels, pixels;
    bool accumulate;
    mined_positions<T> mined{};

    RD4AD_KERNEL auto row(std::size_t r) const {
        struct bound {
            std::size_t pixel;
            T a, b;
        };
        const T* image = factors + r / pixels * 3;
        const bool easy = mined.distances != nullptr && mined.distances[r] < mined.least;
        return bound{r, easy ? T{0} : image[1], easy ? T{0} : image[2]};
    }
    template <class P, class Row>
    RD4AD_KERNEL void operator()(const Row& row, std::size_t c) const {
        const std::size_t at = row.pixel * channels + c;
        P value = backend::mul_add(backend::broadcast<P>(row.a), backend::load<P>(teacher + at),
                                   backend::broadcast<P>(row.b) * backend::load<P>(student + at));
        if (accumulate) value = value + backend::load<P>(gradient + at);
        backend::store<P>(gradient + at, value);
    }

    [[nodiscard]] double values_moved(double visits) const { return (accumulate ? 4 : 3) * visits; }
};

/// Kernel: the values of positions that are kept, 0 elsewhere.
template <class T>
struct keep_positions {
    const T *values, *keep;  // keep: one per position, 1 or 0
    T* out;
    std::size_t channels;

    RD4AD_KERNEL auto row(std::size_t r) const {
        struct bound {
            std::size_t pixel;
            T keep;
        };
        return bound{r, keep[r]};
    }
    template <class P, class Row>
    RD4AD_KERNEL void operator()(const Row& row, std::size_t c) const {
        const std::size_t at = row.pixel * channels + c;
        backend::store<P>(out + at, backend::broadcast<P>(row.keep) * backend::load<P>(values + at));
    }

    [[nodiscard]] double values_moved(double visits) const { return 2 * visits; }
};

/// The features of positions whose `keep` (N x 1 x H x W) is 1, and 0 where it is 0: such positions add nothing to a loss and get
/// no gradient. Throws shape_error unless both have the same images and positions.
template <Backend B>
[[nodiscard]] tensor<B> features_inside(typename B::queue& q, const tensor<B>& features, const tensor<B>& keep) {
    using T = typename B::value_type;
    const auto& size = features.shape;
    if (keep.shape != shape{size.n, 1, size.h, size.w})
        throw shape_error{
            text("features_inside: one value per position of ", to_string(size), " expected, found ", to_string(keep.shape))};
    auto out = make_tensor<B>(q, size);
    B::apply(q, size.pixels(), size.c,
             keep_positions<T>{.values = features.data(), .keep = keep.data(), .out = out.data(), .channels = size.c});
    return out;
}

/// Per image, (1 - cos(flatten(teacher), flatten(student))) / n and the two factors of the gradient, as n x 3 x 1 x 1; the sum
/// of the first over the images is the loss of this scale. Of a share of a batch, n is the whole batch's number of images. Throws
/// shape_error unless teacher and student have equal shapes. The values stay on the device. Source: docs/method.md, "Loss":
/// flattened per image, not per position.
template <Backend B>
[[nodiscard]] tensor<B> cosine_distances(typename B::queue& q, const tensor<B>& teacher, const tensor<B>& student,
                                         const batch_share& share = {}) {
    using T = typename B::value_type;
    if (teacher.shape != student.shape)
        throw shape_error{text("cosine_distances: equal shapes expected, found teacher ", to_string(teacher.shape),
                               " and student ", to_string(student.shape))};
    const auto& size = teacher.shape;
    auto sums = make_tensor<B>(q, {size.n, size.c, 3, 1});
    backend::reduce<3, B>(q, size.n, size.h * size.w, size.c,
                          feature_products<T>{.teacher = teacher.data(), .student = student.data(), .channels = size.c},
                          sums.data());
    auto distances = make_tensor<B>(q, {size.n, 3, 1, 1});
    B::apply(q, size.n, 1,
             image_distances<T>{
                 .sums = sums.data(), .channels = size.c, .images = share.loss_images(size.n), .out = distances.data()});
    return distances;
}

/// gradient = or += d loss / d student, with the distances of `cosine_distances`. Only the `mined` positions take part.
template <Backend B>
void cosine_gradient(typename B::queue& q, const tensor<B>& teacher, const tensor<B>& student, const tensor<B>& distances,
                     bool accumulate, tensor<B>& gradient, const mined_positions<typename B::value_type>& mined = {}) {
    using T = typename B::value_type;
    const auto& size = teacher.shape;
    B::apply(q, size.pixels(), size.c,
             add_cosine_gradient<T>{.teacher = teacher.data(),
                                    .student = student.data(),
                                    .factors = distances.data(),
                                    .gradient = gradient.data(),
                                    .channels = size.c,
                                    .pixels = size.h * size.w,
                                    .accumulate = accumulate,
                                    .mined = mined});
}

}  // namespace rd4ad::inline RD4AD_ABI::nn
