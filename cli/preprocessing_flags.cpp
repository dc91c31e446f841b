// cli/preprocessing_flags.cpp: reads and checks the preprocessing flags.
#include "preprocessing_flags.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace cli {

namespace {

/// The flags, with their values, that give this preprocessing.
std::vector<std::pair<std::string, std::string>> describe(const rd4ad::data::preprocessing& by) {
    const auto& g = by.geometry;
    auto size = rd4ad::text(g.size);
    if (g.height != 0 && g.height != g.size) size += rd4ad::text('x', g.height);
    return {{"inp", size},
            {"fit", rd4ad::image::to_string(g.fit)},
            {"crop", rd4ad::text(g.crop)},
            {"patches-per-row", rd4ad::text(by.patches.per_row)},
            {"patches-per-column", rd4ad::text(by.patches.per_column)},
            {"patch-size", rd4ad::text(by.patches.size)},
            {"patch-overlap", rd4ad::text(by.patches.overlap)},
            {"white-level", rd4ad::text(by.white_level == 0 ? rd4ad::data::max_white_level : by.white_level)}};
}

/// Reads --inp, "256" or "640x256": width, and height or 0.
std::pair<std::size_t, std::size_t> input_size(const parsed_options& options) {
    const auto size = options.text("inp");
    const auto number = [&](std::string_view digits) {
        const auto value = parse_whole(digits).value_or(0);
        if (value == 0)
            throw usage_error{
                rd4ad::text("--inp '", size, "': expected a multiple of 32, a whole number of at least 1, or two as 640x256")};
        return value;
    };
    const std::string_view digits{size};
    const auto cross = digits.find('x');
    return {number(digits.substr(0, cross)), cross == digits.npos ? 0 : number(digits.substr(cross + 1))};
}

}  // namespace

std::vector<flag> preprocessing_flags() {
    return {{"inp", "PIXELS", "256", "size after the fit, a multiple of 32; WxH with --fit squash"},
            {"fit", "HOW", "squash",
             "squash (changes the aspect ratio), pad (adds black borders), short-side (scales the short side to --inp) or "
             "native (does not scale; needs patches)"},
            {"crop", "PIXELS", "0", "size of the centre crop after the fit; 0: no crop"},
            {"patches-per-row", "N", "1", "number of patches per row"},
            {"patches-per-column", "N", "1", "number of patches per column"},
            {"patch-size", "PIXELS", "0",
             "size of a patch, a multiple of 32, in place of the numbers of patches; 0: use the numbers"},
            {"patch-overlap", "PIXELS", "0", "minimum overlap of neighbouring patches"},
            {"white-level", "VALUE", "auto",
             "the value of white in 16-bit PNG and TIFF files, 4095 for 12 bits; auto: found in the training images"}};
}

void set_preprocessing(rd4ad::train_options& training, const parsed_options& options) {
    std::tie(training.size, training.height) = input_size(options);
    training.fit = rd4ad::image::fit_of(options.choice("fit", {"squash", "pad", "short-side", "native"}));
    training.crop = options.whole("crop", 0);
    training.patches.per_row = options.whole("patches-per-row", 1);
    training.patches.per_column = options.whole("patches-per-column", 1);
    training.patches.size = options.whole("patch-size", 0);
    training.patches.overlap = options.whole("patch-overlap", 0);
    if (const auto given = options.text("white-level"); given != "auto") {
        const auto level = parse_whole(given).value_or(0);
        if (level == 0 || level > rd4ad::data::max_white_level)
            throw usage_error{rd4ad::text("--white-level '", given, "': expected auto, or a whole number from 1 to 65535")};
        training.white_level = level == rd4ad::data::max_white_level ? 0 : static_cast<std::uint32_t>(level);
    }
    if (training.patches.size != 0 && (options.has("patches-per-row") || options.has("patches-per-column")))
        throw usage_error{"--patch-size excludes --patches-per-row and --patches-per-column: give one or the other"};
    if (training.fit == rd4ad::image::fit::native && options.has("inp"))
        throw usage_error{"--fit native excludes --inp, as images keep their size: give --patch-size alone"};
    std::vector<std::string> names;
    for (const auto& one : preprocessing_flags()) names.push_back(one.name);
    naming_flags(options.given(names), [&] { rd4ad::data::check_preprocessing(rd4ad::preprocessing_of(training)); });
}

std::vector<flag> checkpoint_preprocessing_flags() {
    auto flags = preprocessing_flags();
    for (auto& one : flags) {
        one.fallback.clear();
        one.help = "optional: must equal the value in the checkpoint";
    }
    return flags;
}

void check_preprocessing_flags(const parsed_options& options, const rd4ad::data::preprocessing& expected,
                               const std::filesystem::path& checkpoint) {
    for (const auto& [name, value] : describe(expected))
        if (options.has(name) && options.text(name) != value)
            throw rd4ad::option_error{rd4ad::text(checkpoint, ": was trained with --", name, ' ', value, ", not ",
                                                  options.text(name), ": leave the flag out, or train a new model")};
}

}  // namespace cli
