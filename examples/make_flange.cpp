// examples/make_flange.cpp: writes a data set in MVTec AD's layout, from a seed: a turned flange with holes, screws, an engraved
// number and a label, under a fixed camera and lamp. Every good part looks alike at each position, within natural variation.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <numbers>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <rd4ad/core/random.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/write.hpp>

namespace {

namespace fs = std::filesystem;
namespace image = rd4ad::image;
using colour = std::array<double, 3>;

// Lengths are in halves of the image's side, so the image spans -1 .. 1 in x (right) and y (down).
struct point {
    double x{0}, y{0};
};

constexpr double degree = std::numbers::pi / 180;
constexpr double disc_radius = 0.86, hub_radius = 0.36, bore_radius = 0.24, hole_radius = 0.085, bolt_circle = 0.62;
constexpr std::array<double, 6> hole_angles{-10, -55, -125, -170, 148, 32};  // in degrees; every second hole has a screw
constexpr point label_centre{0, 0.605}, label_half{0.3, 0.135}, engraving_centre{0, -0.6};
constexpr double type_line = -0.058, serial_line = 0.062, print_height = 0.075;  // on the label
constexpr colour steel{0.60, 0.61, 0.63}, zinc{0.66, 0.60, 0.46}, paper{0.88, 0.87, 0.82}, black{0.10, 0.10, 0.11};

/// A random number in low .. high.
double between(rd4ad::random& source, double low, double high) { return low + (high - low) * source.uniform(); }

/// 0 below `low`, 1 above `high`, smooth between them. With low > high it falls.
double step(double low, double high, double at) {
    const double t = std::clamp((at - low) / (high - low), 0.0, 1.0);
    return t * t * (3 - 2 * t);
}

point turned(point p, double angle) {
    return {std::cos(angle) * p.x - std::sin(angle) * p.y, std::sin(angle) * p.x + std::cos(angle) * p.y};
}

const std::array<point, 6>& hole_centres() {
    static const auto centres = [] {
        std::array<point, 6> all;
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = turned({bolt_circle, 0}, hole_angles[i] * degree);
        return all;
    }();
    return centres;
}

double distance_to_segment(point p, point a, point b) {
    const double dx = b.x - a.x, dy = b.y - a.y, squared = dx * dx + dy * dy;
    const double t = squared > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / squared, 0.0, 1.0) : 0.0;
    return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

/// The strokes of a character in a grid of 4 x 6: points as pairs of digits, a space between strokes.
std::string_view strokes_of(char character) {
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
double distance_to(const line_of_text& text, point p) {
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

/// The surface at a point: height (same unit as lengths), colour, and how much it shines.
struct surface {
    double height{0}, gloss{0}, marks{0};
    colour albedo{};
    bool defective{false};
};

void mix(colour& base, const colour& other, double share) {
    for (std::size_t k = 0; k < 3; ++k) base[k] += share * (other[k] - base[k]);
}

/// How much of a point the label covers (paper) and its print (ink).
struct coverage {
    double paper{0}, ink{0};
};

point on_label(const label& print, point p) {
    return turned({p.x - label_centre.x - print.shift.x, p.y - label_centre.y - print.shift.y}, -print.turn);
}

coverage label_at(const label& print, point p) {
    const point q = on_label(print, p);
    const double outside = std::max(std::abs(q.x) - label_half.x, std::abs(q.y) - label_half.y);
    if (outside > 0.004) return {};
    const double nearest = std::min(distance_to({print.type, {0, type_line}, print_height}, q),
                                    distance_to({print.serial, {0, serial_line}, print_height}, q));
    return {step(0.004, -0.004, outside), print.ink * step(0.014, 0.006, nearest)};
}

/// Whether a wrong label is wrong at p: the boxes of wrong characters, or, misplaced, the place of the label and its due place.
bool is_misprinted(const label& wrong, const label& due, double paper_at_p, point p) {
    if (wrong.type == due.type) return paper_at_p > 0.5 || label_at(due, p).paper > 0.5;
    const point q = on_label(wrong, p);
    const double column = q.x / print_height + static_cast<double>(due.type.size()) / 2;  // characters are as far apart as high
    return std::abs(q.y - type_line) < 0.62 * print_height && column >= 0 && column < static_cast<double>(due.type.size()) &&
           wrong.type[static_cast<std::size_t>(column)] != due.type[static_cast<std::size_t>(column)];
}

/// The part's surface at p, in the part's own frame.
surface surface_at(const part& on, point p) {
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

struct photograph {
    image::image_u8 picture, mask;
};

/// Photographs a part: height and colour at 2 x 2 points per pixel, shading by the slope of the height, and the sensor's grain.
photograph photograph_of(const part& on, std::size_t side, rd4ad::random& source) {
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
    photograph out{image::make_image<std::uint8_t>(side, side, 3), image::make_image<std::uint8_t>(side, side, 1)};
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

/// A random point of the turned face, at least `margin` from bore, groove, holes, rim, label and engraving.
point point_on_face(rd4ad::random& source, double margin) {
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

void add_scratch(part& to, double clarity, std::size_t, rd4ad::random& source) {
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

void add_dent(part& to, double clarity, std::size_t, rd4ad::random& source) {
    const double radius = 0.035 + 0.05 * clarity;
    to.dented = dent{.centre = point_on_face(source, std::min(radius, 0.055)),
                     .radius = radius,
                     .depth = 0.10 + 0.35 * clarity,
                     .stretch = between(source, 0.85, 1.2),
                     .turn = between(source, 0, std::numbers::pi)};
}

/// A hole that was not drilled, or too small.
void add_missing_hole(part& to, double clarity, std::size_t, rd4ad::random& source) {
    to.openings[2 * source.below(3)] = clarity > 0.8 ? 0 : 0.9 - 0.75 * clarity;
}

/// By turns a misplaced label and a wrong type number.
void add_misprint(part& to, double clarity, std::size_t i, rd4ad::random& source) {
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

void add_stain(part& to, double clarity, std::size_t, rd4ad::random& source) {
    const double radius = 0.05 + 0.09 * clarity;
    to.stained = stain{.centre = point_on_face(source, 0.02),
                       .radius = radius,
                       .strength = 0.16 + 0.5 * clarity,
                       .first = between(source, 0, 6.28),
                       .second = between(source, 0, 6.28),
                       .tint = {between(source, 0.20, 0.35), between(source, 0.14, 0.2), between(source, 0.05, 0.12)}};
}

/// "007"
std::string number(std::size_t i) {
    const auto digits = std::to_string(i);
    return std::string(digits.size() < 3 ? 3 - digits.size() : 0, '0') + digits;
}

/// The random numbers of one image. They depend on the seed and the image's name alone, so 40 training images are the first 40 of
/// 200, and the test images are the same.
rd4ad::random numbers_of(std::uint64_t seed, const std::string& name) {
    rd4ad::random source{seed};
    return rd4ad::random{source.next() ^ rd4ad::hash_name(name)};
}

void good_images(const fs::path& root, const std::string& split, std::size_t count, std::size_t side, std::uint64_t seed) {
    fs::create_directories(root / split / "good");
    for (std::size_t i = 0; i < count; ++i) {
        auto source = numbers_of(seed, split + "/good/" + number(i));
        const part made{source};
        image::write_png(root / split / "good" / (number(i) + ".png"), photograph_of(made, side, source).picture);
    }
}

template <class Defect>
void defect_images(const fs::path& root, const std::string& kind, std::size_t count, std::size_t side, std::uint64_t seed,
                   const Defect& add) {
    fs::create_directories(root / "test" / kind);
    fs::create_directories(root / "ground_truth" / kind);
    for (std::size_t i = 0; i < count; ++i) {
        auto source = numbers_of(seed, "test/" + kind + "/" + number(i));
        part made{source};
        add(made, count > 1 ? 1 - static_cast<double>(i) / static_cast<double>(count - 1) : 1.0, i, source);
        const auto taken = photograph_of(made, side, source);
        image::write_png(root / "test" / kind / (number(i) + ".png"), taken.picture);
        image::write_png(root / "ground_truth" / kind / (number(i) + "_mask.png"), taken.mask);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2 || argc > 7) {
        std::fputs("usage: make_flange DIR [TRAIN-IMAGES [GOOD-TEST-IMAGES [TEST-IMAGES-PER-DEFECT [PIXELS [SEED]]]]]\n", stderr);
        return 2;
    }
    try {
        const fs::path root = argv[1];
        const auto number_or = [&](int at, std::size_t fallback) { return argc > at ? std::stoul(argv[at]) : fallback; };
        const std::size_t train = number_or(2, 40), good = number_or(3, 40), per_kind = number_or(4, 8), side = number_or(5, 256);
        const std::uint64_t seed = number_or(6, 1);
        good_images(root, "train", train, side, seed);
        good_images(root, "test", good, side, seed);
        defect_images(root, "scratch", per_kind, side, seed, add_scratch);
        defect_images(root, "dent", per_kind, side, seed, add_dent);
        defect_images(root, "missing_hole", per_kind, side, seed, add_missing_hole);
        defect_images(root, "misprint", per_kind, side, seed, add_misprint);
        defect_images(root, "stain", per_kind, side, seed, add_stain);
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "make_flange: %s\n", problem.what());
        return 1;
    }
}
