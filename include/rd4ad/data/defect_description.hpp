// rd4ad/data/defect_description.hpp: kind, size and contrast of synthetic defects, and the grid of those that a probe paints.
// Twin: tests/data/synthetic_defects.cpp
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/rectangle.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// The kind of a synthetic defect.
enum class defect_kind {
    scratch,      ///< a thin curved line, darker or lighter than the surface, tapered at both ends
    stain,        ///< a smooth blob, darker or lighter; tinted in a photograph that has colours
    dent,         ///< a relief lit from one side: a bright flank beside a dark one
    cut_paste,    ///< a rotated patch from another place of the same photograph
    missing_part  ///< an area filled smoothly from its surroundings, with their grain
};

/// Every kind, in the order of the enumeration.
inline constexpr std::array all_defect_kinds{defect_kind::scratch, defect_kind::stain, defect_kind::dent, defect_kind::cut_paste,
                                             defect_kind::missing_part};

/// "scratch", "stain", "dent", "cut-paste" or "missing-part".
[[nodiscard]] inline std::string to_string(defect_kind kind) {
    switch (kind) {
        case defect_kind::scratch:
            return "scratch";
        case defect_kind::stain:
            return "stain";
        case defect_kind::dent:
            return "dent";
        case defect_kind::cut_paste:
            return "cut-paste";
        case defect_kind::missing_part:
            break;
    }
    return "missing-part";
}

/// The kind that to_string calls by this name. Throws option_error for another name.
[[nodiscard]] inline defect_kind defect_kind_of(std::string_view name) {
    for (const auto kind : all_defect_kinds)
        if (to_string(kind) == name) return kind;
    throw option_error{text("the defect \"", name, "\" is unknown; expected scratch, stain, dent, cut-paste or missing-part")};
}

/// Whether a kind has a contrast: a scratch, a stain and a dent. The others take their pixels from the photograph.
[[nodiscard]] constexpr bool has_contrast(defect_kind kind) noexcept {
    return kind == defect_kind::scratch || kind == defect_kind::stain || kind == defect_kind::dent;
}

/// One synthetic defect.
struct defect_description {
    defect_kind kind{defect_kind::scratch};
    double size{0.08};    ///< length of a scratch, else the longest extent, as a share of the photograph's short side; 0.002..0.5
    double contrast{30};  ///< the largest change of brightness, in grey levels of 255; see has_contrast
    std::uint64_t seed{1};                   ///< determines the position, the shape, the direction and the sign
    std::optional<image::point> position{};  ///< the centre, in pixels; empty: drawn
};

/// Throws option_error for a size or a contrast out of range.
inline void check_defect(const defect_description& defect) {
    if (!(defect.size >= 0.002 && defect.size <= 0.5))
        throw option_error{text("the size of a ", to_string(defect.kind), " is ", defect.size,
                                "; expected a share of the photograph's short side from 0.002 to 0.5")};
    if (has_contrast(defect.kind) && !(defect.contrast > 0 && defect.contrast <= 255))
        throw option_error{text("the contrast of a ", to_string(defect.kind), " is ", defect.contrast,
                                "; expected above 0 and at most 255 grey levels")};
}

/// The defects of a probe: every size and contrast of every kind. A kind without contrast has one defect per size, of contrast 0.
struct defect_grid_options {
    std::vector<defect_kind> kinds{all_defect_kinds.begin(), all_defect_kinds.end()};
    std::vector<double> sizes{0.02, 0.04, 0.08, 0.16, 0.32};  ///< see defect_description::size
    std::vector<double> contrasts{15, 30, 60};                ///< see defect_description::contrast
};

/// The list of defects, by kind, then contrast, then size. The default has 55. Throws option_error for an empty list or a value
/// out of range.
[[nodiscard]] inline std::vector<defect_description> defect_grid(const defect_grid_options& options = {}) {
    if (options.kinds.empty() || options.sizes.empty() || options.contrasts.empty())
        throw option_error{text("defect_grid: found ", options.kinds.size(), " kinds, ", options.sizes.size(), " sizes and ",
                                options.contrasts.size(), " contrasts; expected at least one of each")};
    std::vector<defect_description> made;
    for (const auto kind : options.kinds)
        for (const double contrast : has_contrast(kind) ? options.contrasts : std::vector<double>{0})
            for (const double size : options.sizes) {
                made.push_back({.kind = kind, .size = size, .contrast = contrast});
                check_defect(made.back());
            }
    return made;
}

}  // namespace rd4ad::inline RD4AD_ABI::data
