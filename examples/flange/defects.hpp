// examples/flange/defects.hpp: five kinds of defects, from clear to faint.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <string_view>

#include <rd4ad/core/random.hpp>

#include "geometry.hpp"
#include "part.hpp"

namespace flange {

/// A random point of the turned face, at least `margin` from bore, groove, holes, rim, label and engraving.
inline point point_on_face(rd4ad::random& source, double margin) {
    for (;;) {
        const point p{between(source, -0.8, 0.8), between(source, -0.8, 0.8)};
        const double r = std::hypot(p.x, p.y);
        bool is_clear = r > 0.41 + margin && r < disc_radius - 0.04 - margin;
        for (const auto& hole : hole_centres())
            is_clear = is_clear && std::hypot(p.x - hole.x, p.y - hole.y) > hole_radius + 0.02 + margin;
        is_clear = is_clear && (std::abs(p.x) > label_half.x + margin || std::abs(p.y - label_centre.y) > label_half.y + margin);
        is_clear = is_clear && (std::abs(p.x) > 0.25 + margin || std::abs(p.y - engraving_centre.y) > 0.07 + margin);
        if (is_clear) return p;
    }
}

// Each defect takes its clarity, from 1 (clear) to 0 (faint), and its number within its kind.

inline void add_scratch(part& to, double clarity, std::size_t, rd4ad::random& source) {
    scratch made{.half_width = 0.007 + 0.007 * clarity, .depth = 0.22 + 0.7 * clarity};
    point at = point_on_face(source, 0.02);
    double heading = between(source, 0, 2 * std::numbers::pi);
    const double bend = between(source, -1.5, 1.5), length = 0.14 + 0.4 * clarity;
    // Starts towards the middle of the longer way, so that most of the path lies on the part.
    if (std::cos(heading) * at.x + std::sin(heading) * at.y > 0) heading += std::numbers::pi;
    for (double done = 0; done <= length; done += 0.02) {
        made.path.push_back(at);
        at = {at.x + 0.02 * std::cos(heading), at.y + 0.02 * std::sin(heading)};
        heading += 0.02 * bend;
    }
    to.scratched = made;
}

inline void add_dent(part& to, double clarity, std::size_t, rd4ad::random& source) {
    const double radius = 0.035 + 0.05 * clarity;
    to.dented = dent{.centre = point_on_face(source, std::min(radius, 0.055)),
                     .radius = radius,
                     .depth = 0.10 + 0.35 * clarity,
                     .stretch = between(source, 0.85, 1.2),
                     .turn = between(source, 0, std::numbers::pi)};
}

/// A hole that was not drilled, or too small.
inline void add_missing_hole(part& to, double clarity, std::size_t, rd4ad::random& source) {
    to.openings[2 * source.below(3)] = clarity > 0.8 ? 0 : 0.9 - 0.75 * clarity;
}

/// By turns a misplaced label and a wrong type number.
inline void add_misprint(part& to, double clarity, std::size_t i, rd4ad::random& source) {
    label wrong = to.print;
    if (i % 2 == 0) {
        const double angle = between(source, 0, 2 * std::numbers::pi), away = 0.02 + 0.07 * clarity;
        wrong.shift.x += away * std::cos(angle);
        wrong.shift.y += away * std::sin(angle);
        wrong.turn += (source.below(2) == 0 ? -1 : 1) * (2.5 + 10 * clarity) * degree;
    } else {
        constexpr std::array<std::string_view, 4> types{"RD4-D", "RD7-A", "AD1-A", "DA2-D"};  // one to four wrong characters
        wrong.type = types[static_cast<std::size_t>(3.99 * clarity)];
    }
    to.misprint = wrong;
}

inline void add_stain(part& to, double clarity, std::size_t, rd4ad::random& source) {
    const double radius = 0.05 + 0.09 * clarity;
    to.stained = stain{.centre = point_on_face(source, 0.02),
                       .radius = radius,
                       .strength = 0.16 + 0.5 * clarity,
                       .first = between(source, 0, 6.28),
                       .second = between(source, 0, 6.28),
                       .tint = {between(source, 0.20, 0.35), between(source, 0.14, 0.2), between(source, 0.05, 0.12)}};
}

}  // namespace flange
