// examples/flange/lettering.hpp: the characters of engraving and label.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "geometry.hpp"

namespace flange {

/// The strokes of a character in a grid of 4 x 6: points as pairs of digits, a space between strokes.
inline std::string_view strokes_of(char character) {
    constexpr std::array<std::string_view, 10> digits{
        "103041453616050110",          "112026 1636", "01103041420646",
        "01103041423313 334445361605", "36300444",    "400003334445361605",
        "4130100105163645443303",      "004016",      "13020110304142331304051636454433",
        "0516364541301001021343"};
    if (character >= '0' && character <= '9') return digits[static_cast<std::size_t>(character - '0')];
    switch (character) {
        case 'A':
            return "0602204246 0444";
        case 'D':
            return "06003041453606";
        case 'R':
            return "06003041423303 2346";
        default:
            return "1333";  // a dash
    }
}

/// A line of text about `centre`, characters of the given height.
struct line_of_text {
    std::string characters;
    point centre;
    double height{0.1};
};

/// The distance of a point to the nearest stroke of a text; 1 where it is far away.
inline double distance_to(const line_of_text& text, point p) {
    const double unit = text.height / 6, advance = 6 * unit;
    const double left = text.centre.x - (static_cast<double>(text.characters.size()) * advance - 2 * unit) / 2;
    if (std::abs(p.y - text.centre.y) > text.height) return 1;
    double nearest = 1;
    for (std::size_t i = 0; i < text.characters.size(); ++i) {
        const double x = left + static_cast<double>(i) * advance, y = text.centre.y - text.height / 2;
        if (p.x < x - advance || p.x > x + 2 * advance) continue;
        const auto strokes = strokes_of(text.characters[i]);
        std::optional<point> last;
        for (std::size_t k = 0; k < strokes.size();) {
            if (strokes[k] == ' ') {
                last.reset();
                ++k;
                continue;
            }
            const point next{x + (strokes[k] - '0') * unit, y + (strokes[k + 1] - '0') * unit};
            if (last) nearest = std::min(nearest, distance_to_segment(p, *last, next));
            last = next;
            k += 2;
        }
    }
    return nearest;
}

}  // namespace flange
