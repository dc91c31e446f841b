// examples/flange/surface.hpp: height, colour and shine of a flange at a point.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "geometry.hpp"
#include "lettering.hpp"
#include "part.hpp"

namespace flange {

/// The surface at a point: height (same unit as lengths), colour, and how much it shines.
struct surface {
    double height{0}, gloss{0}, marks{0};
    colour albedo{};
    bool defective{false};
};

inline void mix(colour& base, const colour& other, double share) {
    for (std::size_t k = 0; k < 3; ++k) base[k] += share * (other[k] - base[k]);
}

/// How much of a point the label covers (paper) and its print (ink).
struct coverage {
    double paper{0}, ink{0};
};

inline point on_label(const label& print, point p) {
    return turned({p.x - label_centre.x - print.shift.x, p.y - label_centre.y - print.shift.y}, -print.turn);
}

inline coverage label_at(const label& print, point p) {
    const point q = on_label(print, p);
    const double outside = std::max(std::abs(q.x) - label_half.x, std::abs(q.y) - label_half.y);
    if (outside > 0.004) return {};
    const double nearest = std::min(distance_to({print.type, {0, type_line}, print_height}, q),
                                    distance_to({print.serial, {0, serial_line}, print_height}, q));
    return {step(0.004, -0.004, outside), print.ink * step(0.014, 0.006, nearest)};
}

/// Whether a wrong label is wrong at p: the boxes of wrong characters, or, misplaced, the place of the label and its due place.
inline bool is_misprinted(const label& wrong, const label& due, double paper_at_p, point p) {
    if (wrong.type == due.type) return paper_at_p > 0.5 || label_at(due, p).paper > 0.5;
    const point q = on_label(wrong, p);
    const double column = q.x / print_height + static_cast<double>(due.type.size()) / 2;  // characters are as far apart as high
    return std::abs(q.y - type_line) < 0.62 * print_height && column >= 0 && column < static_cast<double>(due.type.size()) &&
           wrong.type[static_cast<std::size_t>(column)] != due.type[static_cast<std::size_t>(column)];
}

/// The part's surface at p, in the part's own frame.
inline surface surface_at(const part& on, point p) {
    const double r = std::hypot(p.x, p.y);
    surface s{.gloss = 1, .marks = 1, .albedo = steel};
    s.height = 0.018 * step(disc_radius, disc_radius - 0.035, r);               // the bevelled rim
    s.height += 0.030 * step(hub_radius, hub_radius - 0.025, r);                // the raised hub
    s.height -= 0.035 * step(bore_radius + 0.025, bore_radius, r);              // the bore's chamfer
    if (r < 0.405) s.height -= 0.008 * step(0.014, 0.004, std::abs(r - 0.39));  // a groove about the hub
    const double ring = std::min(r * 180, 158.0);
    const auto at = static_cast<std::size_t>(ring);
    const double mark = on.rings[at] + (ring - static_cast<double>(at)) * (on.rings[at + 1] - on.rings[at]);
    const double finish = 1 + 0.022 * mark + 0.02 * on.face.at(p);
    for (auto& value : s.albedo) value *= finish;
    if (r < bore_radius + 0.004) {  // through the bore: its wall on the far side of the lamp, and the mat
        const double wall = step(bore_radius - 0.05, bore_radius, r) * (0.5 + 0.5 * (0.6 * p.x + 0.8 * p.y) / bore_radius);
        s.albedo = {0.08 + 0.22 * wall, 0.08 + 0.22 * wall, 0.085 + 0.23 * wall};
        s.gloss = s.marks = 0;
    }
    for (std::size_t i = 0; i < hole_angles.size(); ++i) {
        const point centre = hole_centres()[i], q{p.x - centre.x, p.y - centre.y};
        const double d = std::hypot(q.x, q.y), radius = hole_radius * on.openings[i];
        if (d > hole_radius + 0.03) continue;
        const double opening = on.openings[i] > 0 ? step(radius + 0.02, radius, d) : 0.0;
        s.defective |= on.openings[i] < 1 && d < hole_radius + 0.012 && d > radius;
        s.height -= 0.022 * opening;
        if (d < radius) {
            const double wall = step(radius - 0.03, radius, d) * (0.5 + 0.5 * (0.6 * q.x + 0.8 * q.y) / radius);
            s.albedo = {0.07 + 0.2 * wall, 0.07 + 0.2 * wall, 0.075 + 0.2 * wall};
            s.gloss = s.marks = 0;
        }
        if (i % 2 == 0) continue;
        const double head = hole_radius - 0.008;
        if (d < head + 0.006) {  // a domed screw with a cross recess
            const point cross = turned(q, -on.screw_turns[i]);
            const double slot = std::min(std::max(std::abs(cross.x) - 0.012, std::abs(cross.y) - 0.05),
                                         std::max(std::abs(cross.y) - 0.012, std::abs(cross.x) - 0.05));
            const double cover = step(head + 0.006, head - 0.006, d), recess = step(0.006, -0.006, slot);
            s.height += cover * (0.03 + 0.02 * (1 - d * d / (head * head))) - 0.025 * recess;
            colour metal = zinc;
            for (auto& value : metal) value *= on.screw_levels[i] * (1 - 0.55 * recess);
            mix(s.albedo, metal, cover);
            s.gloss = 0.8 * (1 - recess) * cover;
            s.marks = 0;
        }
    }
    const double cut = distance_to({"4207", engraving_centre, 0.12}, p);
    s.height -= 0.010 * on.engraving_depth * step(0.017, 0.003, cut);
    for (auto& value : s.albedo) value *= 1 - 0.35 * step(0.014, 0.004, cut);
    const auto& print = on.misprint ? *on.misprint : on.print;
    const auto cover = label_at(print, p);
    if (on.misprint) s.defective |= is_misprinted(print, on.print, cover.paper, p);
    if (cover.paper > 0) {
        mix(s.albedo, paper, cover.paper);
        mix(s.albedo, black, cover.ink);
        s.gloss *= 1 - 0.9 * cover.paper;
        s.marks *= 1 - cover.paper;
        s.height += 0.004 * cover.paper;
    }
    const bool open = r < bore_radius || s.gloss + s.marks + cover.paper < 0.05;  // no surface here
    if (on.scratched && !open) {
        double nearest = 1;
        const auto& path = on.scratched->path;
        for (std::size_t k = 1; k < path.size(); ++k) nearest = std::min(nearest, distance_to_segment(p, path[k - 1], path[k]));
        const double half = on.scratched->half_width, inside = step(half, 0.4 * half, nearest);
        s.height -= on.scratched->depth * half * inside;
        mix(s.albedo, {0.95, 0.95, 0.97}, 0.5 * on.scratched->depth * inside);
        s.defective |= nearest < half;
    }
    if (on.dented && !open) {
        const auto& hit = *on.dented;
        const point q = turned({p.x - hit.centre.x, p.y - hit.centre.y}, -hit.turn);
        const double d = std::hypot(q.x / hit.stretch, q.y * hit.stretch) / hit.radius,
                     deep = d < 1 ? (1 - d * d) * (1 - d * d) : 0;
        s.height -= hit.depth * hit.radius * deep;
        s.marks *= 1 - 0.7 * deep;
        s.defective |= d < 0.85;
    }
    if (on.stained && !open) {
        const auto& blot = *on.stained;
        const double dx = p.x - blot.centre.x, dy = p.y - blot.centre.y, angle = std::atan2(dy, dx);
        const double border =
            blot.radius * (1 + 0.2 * std::sin(2 * angle + blot.first) + 0.15 * std::sin(5 * angle + blot.second));
        const double inside = step(border, 0.7 * border, std::hypot(dx, dy));
        const double rim = 0.35 * step(0.75 * border, 0.85 * border, std::hypot(dx, dy)) * inside;  // dries darker at its border
        mix(s.albedo, blot.tint, blot.strength * (0.75 * inside + rim));
        s.gloss *= 1 - 0.8 * blot.strength * inside;
        s.defective |= inside > 0.5;
    }
    return s;
}

}  // namespace flange
