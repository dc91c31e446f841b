// rd4ad/train/augmentation.hpp: the variants of a training input: mirrored, turned, brighter or darker. Twin:
// tests/train/augmentation.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The changes under which a good part stays a good part. Each multiplies the inputs that a student trains on; images to score
/// and images that calibrate stay as they are.
struct augmentation {
    bool flips{false};       ///< mirrored left to right, top to bottom, and both: 4 variants
    bool turns{false};       ///< by 90, 180 and 270 degrees: 4 variants, with flips 8; square inputs only
    bool brightness{false};  ///< x 0.9 and x 1.1: 3 variants of each of these
    friend bool operator==(const augmentation&, const augmentation&) = default;
};

/// "none", or the names of the changes, separated by commas: "flips,turns,brightness".
[[nodiscard]] inline std::string to_string(const augmentation& of) {
    std::string names;
    const auto add = [&](bool has, const char* name) {
        if (has) names += text(names.empty() ? "" : ",", name);
    };
    add(of.flips, "flips"), add(of.turns, "turns"), add(of.brightness, "brightness");
    return names.empty() ? "none" : names;
}

/// Reads what to_string writes, in any order. Throws option_error naming a change that does not exist.
[[nodiscard]] inline augmentation augmentation_from(std::string_view names) {
    augmentation made;
    if (names == "none") return made;
    for (std::size_t at = 0; at <= names.size();) {
        const std::size_t end = std::min(names.find(',', at), names.size());
        const auto name = names.substr(at, end - at);
        if (name == "flips")
            made.flips = true;
        else if (name == "turns")
            made.turns = true;
        else if (name == "brightness")
            made.brightness = true;
        else
            throw option_error{text("augmentation: found '", std::string{name},
                                    "'; expected none, or some of flips, turns, brightness, separated by commas")};
        at = end + 1;
    }
    return made;
}

/// One variant of an input: mirrored left to right, then turned clockwise, then its pixels (0..1) multiplied and cut off at 1.
struct input_variant {
    bool mirrored{false};
    std::size_t quarter_turns{0};  ///< 0 to 3
    float brightness{1};
};

/// The variants of each input; the first one is the input as it is.
[[nodiscard]] inline std::vector<input_variant> variants_of(const augmentation& by) {
    std::vector<input_variant> made;
    const std::size_t step = by.turns ? 1 : 2, turns = by.turns || by.flips ? 4 : 1;
    for (const float brightness : {1.0f, 0.9f, 1.1f}) {
        if (brightness != 1.0f && !by.brightness) continue;
        for (const bool mirrored : {false, true})
            for (std::size_t turn = 0; turn < turns && (by.flips || !mirrored); turn += step)
                made.push_back({mirrored, turn, brightness});
    }
    return made;
}

}  // namespace rd4ad::inline RD4AD_ABI
