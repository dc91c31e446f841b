// rd4ad/data/detail/defect_shapes.hpp: shapes and colours of synthetic defects, by + - * / and square roots alone. Twin:
// tests/data/synthetic_defects.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/random.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/rectangle.hpp>

namespace rd4ad::inline RD4AD_ABI::data::detail {

/// The least weight of a pixel that belongs to a defect's mask.
inline constexpr double mask_weight = 0.25;

/// A box of whole pixels inside an image.
struct tile_box {
    std::size_t left{0}, top{0}, width{0}, height{0};
    [[nodiscard]] std::size_t count() const noexcept { return width * height; }
};

/// The pixels within `reach` of a point, horizontally and vertically; at least one.
[[nodiscard]] inline tile_box box_around(std::size_t width, std::size_t height, image::point centre, double reach) {
    const auto range = [&](double at, std::size_t length) {
        const auto last = static_cast<double>(length - 1);
        const auto from = static_cast<std::size_t>(std::clamp(std::floor(at - reach), 0.0, last));
        return std::array{from, static_cast<std::size_t>(std::clamp(std::floor(at + reach), 0.0, last)) - from + 1};
    };
    const auto across = range(centre.x, width), down = range(centre.y, height);
    return {across[0], down[0], across[1], down[1]};
}

[[nodiscard]] inline std::uint8_t rounded(double value) { return static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0) + 0.5); }

/// 0 below 0, 1 above 1, with slope 0 at both.
[[nodiscard]] inline double smooth_step(double t) {
    t = std::clamp(t, 0.0, 1.0);
    return t * t * (3 - 2 * t);
}

/// A unit vector of uniform direction, by rejection.
[[nodiscard]] inline image::point draw_direction(random& source) {
    for (;;) {
        const double x = 2 * source.uniform() - 1, y = 2 * source.uniform() - 1, length = std::sqrt(x * x + y * y);
        if (length > 0.1 && length <= 1) return {x / length, y / length};
    }
}

/// A point at least `margin` pixels from each edge, where the image is large enough.
[[nodiscard]] inline image::point draw_inside(std::size_t width, std::size_t height, double margin, random& source) {
    const auto draw = [&](std::size_t size) {
        const double length = static_cast<double>(size), border = std::min(margin, length / 2);
        return border + (length - 2 * border) * source.uniform();
    };
    const double x = draw(width);
    return {x, draw(height)};
}

/// The region's pixels that lie at least `margin` from each edge of the image, or, if there are none, all of its pixels. Empty
/// for an empty region. Throws data_error for a region whose pixels are all 0.
[[nodiscard]] inline std::vector<std::size_t> allowed_pixels(const image::image_u8& region, double margin) {
    std::vector<std::size_t> inner, all;
    for (std::size_t i = 0; i < region.pixels.size(); ++i) {
        if (region.pixels[i] == 0) continue;
        all.push_back(i);
        const auto x = static_cast<double>(i % region.width) + 0.5, y = static_cast<double>(i / region.width) + 0.5;
        if (std::min({x, y, static_cast<double>(region.width) - x, static_cast<double>(region.height) - y}) >= margin)
            inner.push_back(i);
    }
    if (all.empty() && !region.pixels.empty())
        throw data_error{"paint_defect: every pixel of the region is 0; expected pixels that are not 0 where defects can lie"};
    return inner.empty() ? all : inner;
}

/// An irregular ellipse: its outline's distance from the centre changes smoothly with the direction.
class blob {
   public:
    /// radius: the largest, in pixels. The ratio of its axes is drawn between 1 and max_aspect.
    blob(double radius, double max_aspect, random& source)
        : radius_{radius}, axis_{draw_direction(source)}, aspect_{1 + (max_aspect - 1) * source.uniform()} {
        const auto second = draw_direction(source), third = draw_direction(source);
        const double a = 0.12 * source.uniform(), b = 0.08 * source.uniform(), scale = 1 / (1 + a + b);
        constant_ = scale;
        wave_ = {a * scale * second.x, a * scale * second.y, b * scale * third.x, b * scale * third.y};
    }

    /// The distance from the centre, over the outline's in this direction: 1 on the outline.
    [[nodiscard]] double relative_radius(double dx, double dy) const {
        const double u = dx * axis_.x + dy * axis_.y, v = aspect_ * (dy * axis_.x - dx * axis_.y);
        const double length = std::sqrt(u * u + v * v);
        return length > 0 ? length / (radius_ * outline(u / length, v / length)) : 0;
    }

    /// 1 inside, falling to 0 at the outline over a share `soft` of the radius and at least 1.5 pixels.
    [[nodiscard]] double weight(double dx, double dy, double soft) const {
        soft = std::min(1.0, std::max(soft, 1.5 / radius_));
        return smooth_step((1 - relative_radius(dx, dy)) / soft);
    }

    /// A point of the outline, from the centre, in the direction (c, s) of the blob's own axes.
    [[nodiscard]] image::point outline_point(double c, double s, double scale) const {
        const double length = scale * radius_ * outline(c, s), u = length * c, v = length * s / aspect_;
        return {u * axis_.x - v * axis_.y, u * axis_.y + v * axis_.x};
    }

   private:
    [[nodiscard]] double outline(double c, double s) const {
        const double c2 = c * c - s * s, s2 = 2 * c * s;
        return constant_ + wave_[0] * c2 + wave_[1] * s2 + wave_[2] * (c * c2 - s * s2) + wave_[3] * (s * c2 + c * s2);
    }

    double radius_;
    image::point axis_;
    double aspect_;
    double constant_{1};
    std::array<double, 4> wave_{};
};

/// A bent line of varying width and strength, tapered at both ends.
class curved_line {
   public:
    /// length and width (at half of the strength): in pixels.
    curved_line(image::point centre, double length, double width, random& source) : width_{width} {
        const auto along = draw_direction(source);
        const double bend = (source.uniform() - 0.5) * 0.5;  // of the middle control point, in lengths
        for (auto& one : strength_) one = 0.65 + 0.35 * source.uniform();
        for (std::size_t i = 0; i < points_.size(); ++i) {
            const double t = static_cast<double>(i) / static_cast<double>(points_.size() - 1);
            const double u = (t - 0.5) * length, v = (2 * t * (1 - t) - 0.25) * bend * length;
            points_[i] = {centre.x + u * along.x - v * along.y, centre.y + u * along.y + v * along.x};
        }
    }

    [[nodiscard]] double width() const noexcept { return width_; }

    /// The strength at a point, 0..1.
    [[nodiscard]] double weight(image::point at) const {
        double nearest = 1e30, t = 0;  // the squared distance; the position along the line, 0..1
        for (std::size_t i = 0; i + 1 < points_.size(); ++i) {
            const image::point a = points_[i], b = points_[i + 1];
            const double dx = b.x - a.x, dy = b.y - a.y;
            const double share = std::clamp(((at.x - a.x) * dx + (at.y - a.y) * dy) / (dx * dx + dy * dy), 0.0, 1.0);
            const double ex = at.x - a.x - share * dx, ey = at.y - a.y - share * dy, squared = ex * ex + ey * ey;
            if (squared >= nearest) continue;
            nearest = squared;
            t = (static_cast<double>(i) + share) / static_cast<double>(points_.size() - 1);
        }
        const double reach = width_ * (0.6 + 1.6 * t * (1 - t)), relative = nearest / (reach * reach);
        if (relative >= 1) return 0;
        const double place = t * static_cast<double>(strength_.size() - 1);
        const auto before = std::min(static_cast<std::size_t>(place), strength_.size() - 2);
        const double between = smooth_step(place - static_cast<double>(before));
        const double strength = strength_[before] + between * (strength_[before + 1] - strength_[before]);
        return strength * (1 - relative) * (1 - relative) * smooth_step(t / 0.15) * smooth_step((1 - t) / 0.15);
    }

   private:
    double width_;
    std::array<image::point, 25> points_{};
    std::array<double, 6> strength_{};
};

/// A channel at any position, bilinear between the pixels' centres; the edge repeats.
[[nodiscard]] inline double interpolated(const image::image_u8& in, image::point at, std::size_t c) {
    const double x = std::clamp(at.x - 0.5, 0.0, static_cast<double>(in.width - 1)),
                 y = std::clamp(at.y - 0.5, 0.0, static_cast<double>(in.height - 1));
    const auto left = static_cast<std::size_t>(x), top = static_cast<std::size_t>(y);
    const std::size_t right = std::min(left + 1, in.width - 1), bottom = std::min(top + 1, in.height - 1);
    const double u = x - static_cast<double>(left), v = y - static_cast<double>(top);
    return (1 - v) * ((1 - u) * in.at(left, top)[c] + u * in.at(right, top)[c]) +
           v * ((1 - u) * in.at(left, bottom)[c] + u * in.at(right, bottom)[c]);
}

/// A point beside a blob, and the mean colour there.
struct ring_sample {
    image::point at{};
    std::array<double, 3> colour{};
};

/// 64 samples on a ring just outside a blob, each the mean of 3 x 3 pixels.
[[nodiscard]] inline std::vector<ring_sample> surroundings(const image::image_u8& in, const blob& outline, image::point centre) {
    constexpr double c1 = 0.99518472667219693, s1 = 0.098017140329560604;  // of 2 pi / 64
    std::vector<ring_sample> ring(64);
    double c = 1, s = 0;
    for (auto& one : ring) {
        const auto offset = outline.outline_point(c, s, 1.06);
        one.at = {std::clamp(centre.x + offset.x, 0.0, static_cast<double>(in.width)),
                  std::clamp(centre.y + offset.y, 0.0, static_cast<double>(in.height))};
        for (std::size_t channel = 0; channel < 3; ++channel)
            for (const double dy : {-1.0, 0.0, 1.0})
                for (const double dx : {-1.0, 0.0, 1.0})
                    one.colour[channel] += interpolated(in, {one.at.x + dx, one.at.y + dy}, channel) / 9;
        const double next = c * c1 - s * s1;
        s = s * c1 + c * s1;
        c = next;
    }
    return ring;
}

/// The mean of the ring's colours, weighted by 1 / distance^2: inside a circle this is the harmonic function with these values on
/// the circle (Poisson's formula), a membrane.
[[nodiscard]] inline std::array<double, 3> harmonic_fill(const std::vector<ring_sample>& ring, image::point at) {
    std::array<double, 3> sum{};
    double weights = 0;
    for (const auto& one : ring) {
        const double dx = one.at.x - at.x, dy = one.at.y - at.y, weight = 1 / (dx * dx + dy * dy + 0.25);
        for (std::size_t c = 0; c < 3; ++c) sum[c] += weight * one.colour[c];
        weights += weight;
    }
    for (auto& one : sum) one /= weights;
    return sum;
}

/// The standard deviation of a surface's noise in a box: the median difference of horizontal neighbours (0.954 standard
/// deviations for white noise), at most 6 grey levels.
[[nodiscard]] inline double grain_of(const image::image_u8& in, const tile_box& box) {
    std::array<std::size_t, 256> counts{};
    std::size_t all = 0;
    for (std::size_t y = box.top; y < box.top + box.height; ++y)
        for (std::size_t x = box.left; x + 1 < box.left + box.width; ++x, ++all)
            ++counts[static_cast<std::size_t>(std::abs(in.at(x, y)[1] - in.at(x + 1, y)[1]))];
    std::size_t median = 0;
    for (std::size_t below = counts[0]; 2 * below < all; below += counts[median]) ++median;
    return std::min(6.0, static_cast<double>(median));
}

}  // namespace rd4ad::inline RD4AD_ABI::data::detail
