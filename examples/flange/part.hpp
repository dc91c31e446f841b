// examples/flange/part.hpp: a flange before the camera: what varies between good parts, and at most one defect.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <rd4ad/core/random.hpp>

#include "geometry.hpp"

namespace flange {

/// Smooth random values, about -1 .. 1, between the points of a 24 x 24 grid over the image.
struct mottle {
    std::array<double, 25 * 25> values{};

    explicit mottle(rd4ad::random& source) {
        for (auto& value : values) value = 0.6 * source.normal();
    }
    [[nodiscard]] double at(point p) const {
        const double x = std::clamp((p.x + 1) * 12, 0.0, 23.999), y = std::clamp((p.y + 1) * 12, 0.0, 23.999);
        const auto i = static_cast<std::size_t>(x), j = static_cast<std::size_t>(y);
        const double s = step(0, 1, x - static_cast<double>(i)), t = step(0, 1, y - static_cast<double>(j));
        const double* row = values.data() + j * 25 + i;
        return (1 - t) * ((1 - s) * row[0] + s * row[1]) + t * ((1 - s) * row[25] + s * row[26]);
    }
};

struct label {
    point shift;  // of the label, from its place on the part
    double turn{0}, ink{0.85};
    std::string type{"RD4-A"}, serial;
};

struct scratch {
    std::vector<point> path{};
    double half_width{0}, depth{0};
};

struct dent {
    point centre;
    double radius{0}, depth{0}, stretch{1}, turn{0};
};

struct stain {
    point centre;
    double radius{0}, strength{0}, first{0}, second{0};
    colour tint{};
};

/// A flange before the camera: what varies between good parts, and at most one defect.
struct part {
    point shift;
    double turn, light, lamp_turn, engraving_depth, glare;
    std::array<double, 6> openings{1, 1, 1, 1, 1, 1};  // radius of each hole, in its nominal radius
    std::array<double, 6> screw_turns{}, screw_levels{};
    std::array<double, 160> rings{};  // brightness of the tool marks by radius
    label print;
    mottle face, mat;
    std::optional<label> misprint;
    std::optional<scratch> scratched;
    std::optional<dent> dented;
    std::optional<stain> stained;

    explicit part(rd4ad::random& source)
        : shift{0.008 * source.normal(), 0.008 * source.normal()},
          turn{1.2 * degree * source.normal()},
          light{between(source, 0.93, 1.07)},
          lamp_turn{2 * degree * source.normal()},
          engraving_depth{between(source, 0.85, 1.15)},
          glare{between(source, 0.85, 1.15)},
          face{source},
          mat{source} {
        for (auto& value : screw_turns) value = between(source, 0, 90) * degree;
        for (auto& value : screw_levels) value = between(source, 0.9, 1.1);
        for (auto& value : rings) value = source.normal();
        print.shift = {0.004 * source.normal(), 0.004 * source.normal()};
        print.turn = 0.6 * degree * source.normal();
        print.ink = between(source, 0.75, 0.95);
        print.serial = "7";
        while (print.serial.size() < 5) print.serial += static_cast<char>('0' + source.below(10));
    }
};

}  // namespace flange
