// examples/flange/photograph.hpp: photographs a flange: light, shadow and the sensor's grain.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <rd4ad/core/random.hpp>
#include <rd4ad/image/image.hpp>

#include "geometry.hpp"
#include "part.hpp"
#include "surface.hpp"

namespace flange {

struct photograph {
    rd4ad::image::image_u8 picture, mask;
};

/// Photographs a part: height and colour at 2 x 2 points per pixel, shading by the slope of the height, and the sensor's grain.
inline photograph photograph_of(const part& on, std::size_t side, rd4ad::random& source) {
    const std::size_t fine = 2 * side;
    const double pitch = 2.0 / static_cast<double>(fine);
    const auto in_part = [&](double x, double y) { return turned({x - on.shift.x, y - on.shift.y}, -on.turn); };
    const auto position = [&](std::size_t i) { return (static_cast<double>(i) + 0.5) * pitch - 1; };
    std::vector<surface> surfaces(fine * fine);
    for (std::size_t y = 0; y < fine; ++y)
        for (std::size_t x = 0; x < fine; ++x) {
            const point p = in_part(position(x), position(y));
            if (std::hypot(p.x, p.y) < disc_radius + 0.01) surfaces[y * fine + x] = surface_at(on, p);
        }
    const point lamp = turned({-0.6, -0.8}, on.lamp_turn);                   // towards the lamp, in the image's plane
    const double high = std::sin(46 * degree), low = std::cos(46 * degree);  // of the lamp's elevation
    const double half_z = std::sqrt((1 + high) / 2), half_xy = std::sqrt((1 - high) / 2);  // halfway between lamp and camera
    std::vector<colour> light(side * side, colour{});
    photograph out{rd4ad::image::make_image<std::uint8_t>(side, side, 3), rd4ad::image::make_image<std::uint8_t>(side, side, 1)};
    for (std::size_t y = 0; y < fine; ++y)
        for (std::size_t x = 0; x < fine; ++x) {
            const auto& s = surfaces[y * fine + x];
            const point seen{position(x), position(y)}, p = in_part(seen.x, seen.y);
            const double r = std::hypot(p.x, p.y);
            const auto height = [&](std::size_t u, std::size_t v) {
                return surfaces[std::min(v, fine - 1) * fine + std::min(u, fine - 1)].height;
            };
            const double slope_x = (height(x + 1, y) - height(x > 0 ? x - 1 : 0, y)) / (2 * pitch);
            const double slope_y = (height(x, y + 1) - height(x, y > 0 ? y - 1 : 0)) / (2 * pitch);
            const double length = std::sqrt(1 + slope_x * slope_x + slope_y * slope_y);
            const double facing = (-slope_x * lamp.x - slope_y * lamp.y) * low / length + high / length;
            const double mirror = (-slope_x * lamp.x - slope_y * lamp.y) * half_xy / length + half_z / length;
            const double lit = on.light * (1 + 0.10 * (lamp.x * seen.x + lamp.y * seen.y));
            colour value{};
            if (r < disc_radius) {
                const double diffuse = 0.25 + 0.75 * std::max(facing, 0.0) / high;
                double shine = 0.9 * std::pow(std::max(mirror, 0.0), 60.0);
                if (s.marks > 0 && r > 0) {  // turned metal reflects in a bow-tie: where the tool marks run across the lamp
                    const double across =
                        (-seen.y * lamp.x + seen.x * lamp.y) / std::max(std::hypot(seen.x, seen.y), 0.05) * half_xy;
                    shine += 0.22 * s.marks * on.glare * std::pow(1 - across * across, 40.0);
                }
                for (std::size_t k = 0; k < 3; ++k) value[k] = lit * (s.albedo[k] * diffuse * 0.85 + s.gloss * shine * 0.8);
            } else {  // the rubber mat, in the part's shadow
                const double away =
                    std::hypot(seen.x - on.shift.x + 0.05 * lamp.x, seen.y - on.shift.y + 0.05 * lamp.y) - disc_radius;
                const double level =
                    lit * (0.17 + 0.012 * on.mat.at(seen) + 0.02 * source.normal()) * (1 - 0.6 * step(0.06, -0.03, away));
                value = {level, level * 1.01, level * 1.06};
            }
            auto& pixel = light[(y / 2) * side + x / 2];
            for (std::size_t k = 0; k < 3; ++k) pixel[k] += std::min(value[k], 1.1) / 4;
            if (s.defective) out.mask.pixels[(y / 2) * side + x / 2] = 255;
        }
    for (std::size_t i = 0; i < light.size(); ++i) {
        const double grain = 1.6 * source.normal();
        for (std::size_t k = 0; k < 3; ++k)
            out.picture.pixels[3 * i + k] =
                static_cast<std::uint8_t>(std::clamp(255 * light[i][k] + grain + 0.8 * source.normal() + 0.5, 0.0, 255.0));
    }
    return out;
}

}  // namespace flange
