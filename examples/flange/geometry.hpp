// examples/flange/geometry.hpp: where the parts of a flange lie, and the functions that draw with lengths and angles.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

#include <rd4ad/core/random.hpp>

namespace flange {

using colour = std::array<double, 3>;

// Lengths are in halves of the image's side, so the image spans -1 .. 1 in x (right) and y (down).
struct point {
    double x{0}, y{0};
};

inline constexpr double degree = std::numbers::pi / 180;
inline constexpr double disc_radius = 0.86, hub_radius = 0.36, bore_radius = 0.24, hole_radius = 0.085, bolt_circle = 0.62;
inline constexpr std::array<double, 6> hole_angles{-10, -55, -125, -170, 148, 32};  // in degrees; every second hole has a screw
inline constexpr point label_centre{0, 0.605}, label_half{0.3, 0.135}, engraving_centre{0, -0.6};
inline constexpr double type_line = -0.058, serial_line = 0.062, print_height = 0.075;  // on the label
inline constexpr colour steel{0.60, 0.61, 0.63}, zinc{0.66, 0.60, 0.46}, paper{0.88, 0.87, 0.82}, black{0.10, 0.10, 0.11};

/// A random number in low .. high.
inline double between(rd4ad::random& source, double low, double high) { return low + (high - low) * source.uniform(); }

/// 0 below `low`, 1 above `high`, smooth between them. With low > high it falls.
inline double step(double low, double high, double at) {
    const double t = std::clamp((at - low) / (high - low), 0.0, 1.0);
    return t * t * (3 - 2 * t);
}

inline point turned(point p, double angle) {
    return {std::cos(angle) * p.x - std::sin(angle) * p.y, std::sin(angle) * p.x + std::cos(angle) * p.y};
}

inline const std::array<point, 6>& hole_centres() {
    static const auto centres = [] {
        std::array<point, 6> all;
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = turned({bolt_circle, 0}, hole_angles[i] * degree);
        return all;
    }();
    return centres;
}

inline double distance_to_segment(point p, point a, point b) {
    const double dx = b.x - a.x, dy = b.y - a.y, squared = dx * dx + dy * dy;
    const double t = squared > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / squared, 0.0, 1.0) : 0.0;
    return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

}  // namespace flange
