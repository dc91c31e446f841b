// cli/view.cpp: flags to views.
#include "view.hpp"

#include <cstddef>
#include <string>
#include <utility>

#include <rd4ad/core/error.hpp>

namespace cli {

namespace {

/// What each flag says of a view.
std::vector<std::pair<std::string, std::string>> said_of(const rd4ad::data::view& by) {
    const auto& g = by.geometry;
    auto size = std::to_string(g.size);
    if (g.height != 0 && g.height != g.size) size += 'x' + std::to_string(g.height);
    return {{"inp", size},
            {"fit", rd4ad::image::to_string(g.fit)},
            {"crop", std::to_string(g.crop)},
            {"patches-per-row", std::to_string(by.patches.per_row)},
            {"patches-per-column", std::to_string(by.patches.per_column)},
            {"patch-size", std::to_string(by.patches.size)},
            {"patch-overlap", std::to_string(by.patches.overlap)}};
}

}  // namespace

std::vector<flag> view_flags() {
    return {
        {"inp", "PIXELS", "256", "size of a fitted photograph, a multiple of 32; WxH with --fit squash"},
        {"fit", "HOW", "squash", "squash, pad (black borders), short-side (keeps the aspect) or native (own size, in patches)"},
        {"crop", "PIXELS", "0", "then the centre of the fitted photograph is cut out; 0: all of it is taken"},
        {"patches-per-row", "N", "1", "cut that into patches, so many side by side"},
        {"patches-per-column", "N", "1", "and so many one below the other"},
        {"patch-size", "PIXELS", "0", "or as many patches of this size as it takes, a multiple of 32"},
        {"patch-overlap", "PIXELS", "0", "that neighbouring patches share at least"}};
}

void set_view(rd4ad::train_options& options, const arguments& given) {
    const auto size = given.text("inp");
    const auto number = [&](const std::string& text) {
        std::size_t value = 0, used = 0;
        try {
            value = std::stoul(text, &used);
        } catch (const std::exception&) {
            used = std::string::npos;
        }
        if (used != text.size() || value == 0)
            throw usage_error{"--inp '" + size + "': expected a whole number of at least 1, or two as 640x256"};
        return value;
    };
    const auto cross = size.find('x');
    options.size = number(size.substr(0, cross));
    if (cross != std::string::npos) options.height = number(size.substr(cross + 1));
    options.fit = rd4ad::image::fit_of(given.choice("fit", {"squash", "pad", "short-side", "native"}));
    options.crop = given.whole("crop", 0);
    options.patches.per_row = given.whole("patches-per-row", 1);
    options.patches.per_column = given.whole("patches-per-column", 1);
    options.patches.size = given.whole("patch-size", 0);
    options.patches.overlap = given.whole("patch-overlap", 0);
    if (options.patches.size != 0 && (given.given("patches-per-row") || given.given("patches-per-column")))
        throw usage_error{"--patch-size and --patches-per-row or --patches-per-column: give one or the other"};
    if (options.fit == rd4ad::image::fit::native && given.given("inp"))
        throw usage_error{"--inp and --fit native: photographs keep their own size; give --patch-size alone"};
    rd4ad::data::check_view(rd4ad::view_of(options));
}

std::vector<flag> kept_view_flags() {
    auto flags = view_flags();
    for (auto& one : flags) {
        one.fallback.clear();
        one.help = "as in training, which the checkpoint knows; another value is refused";
    }
    return flags;
}

void check_kept_view(const arguments& given, const rd4ad::data::view& kept, const std::filesystem::path& checkpoint) {
    for (const auto& [name, value] : said_of(kept))
        if (given.given(name) && given.text(name) != value)
            throw rd4ad::option_error{checkpoint.string() + ": was trained with --" + name + ' ' + value + ", not " +
                                      given.text(name) + ": leave the flag out, or train anew"};
}

}  // namespace cli
