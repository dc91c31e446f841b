// rd4ad/export/client.hpp: the client's side of an exported graph: reads its description and arranges its input. Twin:
// tests/export/client.cpp
#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/export/description.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/quoted.hpp>
#include <rd4ad/model/model.hpp>
#include <rd4ad/score/calibration.hpp>

namespace rd4ad::inline RD4AD_ABI {

namespace export_detail {

[[nodiscard]] inline format_error unreadable_description(const std::string& source, const std::string& problem) {
    return format_error{text(source, ": ", problem, "; expected a description by rd4ad export; export the model again")};
}

/// Throws format_error unless the description has this version's format.
inline void check_description_format(const io::json& description, const std::string& source) {
    const auto format = io::value_at(description, "format");
    if (format == description_format) return;
    throw unreadable_description(
        source, text("found a description of ",
                     format.is_string() ? "the format " + io::quoted(format.get<std::string>()) : std::string{"no format"},
                     ", this version reads '", description_format, "'"));
}

}  // namespace export_detail

/// Returns the settings that a description states for the input; `preprocess`, `patch_input` and `network_input` take them.
/// Throws format_error that names `source` and the key that is missing or unknown, or a size that no network has, numeric_error
/// for a normalisation that is not finite.
[[nodiscard]] inline model_settings described_input(const io::json& description, const std::string& source) {
    export_detail::check_description_format(description, source);
    const auto refuse = [&](const std::string& problem) { return export_detail::unreadable_description(source, problem); };
    const auto input = io::object_at(description, "input");
    const auto size = [&](const char* key) {
        const auto found = input.value(key, io::json{});
        if (!found.is_number_unsigned() || found == 0) throw refuse(text("'input' has no size '", key, "'"));
        return found.get<std::size_t>();
    };
    const auto three = [&](const char* key) {
        const auto found = io::three_numbers(input, key);
        if (!found) throw refuse(text("'input' has no three numbers '", key, "'"));
        return *found;
    };
    const auto fit = input.value("fit", io::json{});
    if (fit != "squash" && fit != "preprocessing") throw refuse("'input' has an unknown 'fit'");
    model_settings settings{size("height"), size("width"), {three("mean"), three("deviation")}};
    if (!image::is_input_side(settings.height) || !image::is_input_side(settings.width))
        throw refuse(text("'input' states ", settings.width, " x ", settings.height, " pixels, multiples of 32 up to ",
                          image::max_input_side, " are possible"));
    image::check_normalisation(settings.normalisation, source);
    if (fit == "preprocessing") {
        settings.preprocessing = data::preprocessing_from(input.value("preprocessing", io::json{}), source + ": 'input'");
    } else {
        settings.preprocessing.geometry.size = settings.width;
        settings.preprocessing.geometry.height = settings.height == settings.width ? 0 : settings.height;
        if (const auto white = input.find("white_level"); white != input.end()) {
            if (!white->is_number_unsigned() || *white > data::max_white_level)
                throw refuse("'input' has an unknown 'white_level'");
            settings.preprocessing.white_level = white->get<std::uint32_t>();
        }
    }
    if (const auto teacher = description.value("teacher", io::json{}); teacher.is_string()) settings.teacher = teacher;
    return settings;
}

/// Returns the sigma, in pixels, of the Gaussian that smooths the joined map of patches. Throws format_error that names `source`
/// if the description has none of 0 to 1000.
[[nodiscard]] inline double described_sigma(const io::json& description, const std::string& source) {
    const auto found = io::value_at(io::object_at(description, "map"), "sigma");
    constexpr double most = 1000;  // pixels; the Gaussian's memory is in proportion
    if (!found.is_number() || !(found >= 0 && found <= most))
        throw export_detail::unreadable_description(source, text("'map' has no 'sigma' of 0 to ", most));
    return found.get<double>();
}

/// Returns the size that images must have for the graph's region of interest; empty if it has none. Throws format_error that
/// names `source` for a region without a size.
[[nodiscard]] inline std::optional<image::size> described_roi_size(const io::json& description, const std::string& source) {
    const auto roi = description.value("roi", io::json{});
    if (roi.is_null()) return std::nullopt;
    if (!roi.is_object()) throw export_detail::unreadable_description(source, "'roi' is no object");
    const auto width = roi.value("width", io::json{}), height = roi.value("height", io::json{});
    if (!width.is_number_unsigned() || !height.is_number_unsigned())
        throw export_detail::unreadable_description(source, "'roi' has no 'width' and 'height'");
    return image::size{width.get<std::size_t>(), height.get<std::size_t>()};
}

/// Returns the function from raw scores to scores that a description states, without the good scores; empty without one. Throws
/// format_error that names `source` if the description has no numbers for it.
[[nodiscard]] inline std::optional<calibration> described_calibration(const io::json& description, const std::string& source) {
    const auto found = description.find("calibration");
    if (found == description.end()) return std::nullopt;
    const auto number = [&](const char* key) {
        const auto value = found->is_object() ? found->value(key, io::json{}) : io::json{};
        if (!value.is_number()) throw export_detail::unreadable_description(source, text("'calibration' has no '", key, "'"));
        return value.get<double>();
    };
    return calibration{.typical = number("typical"), .threshold = number("threshold")};
}

/// Returns the largest raw score that a description's maps can have. Throws format_error that names `source` if it states none.
[[nodiscard]] inline double described_largest(const io::json& description, const std::string& source) {
    const auto range = description.value("map", io::json::object()).value("range", io::json{});
    if (!range.is_array() || range.size() != 2 || !range[1].is_number())
        throw export_detail::unreadable_description(source, "'map' has no 'range'");
    return range[1].get<double>();
}

/// Rearranges inputs of height x width x 3 (as `network_input` makes them) to the graph's layout, N x 3 x height x width. Throws
/// shape_error unless the number of values is a multiple of height x width x 3.
[[nodiscard]] inline std::vector<float> channels_first(std::span<const float> inputs, std::size_t height, std::size_t width) {
    const std::size_t pixels = height * width, values = 3 * pixels;
    if (values == 0 || inputs.size() % values != 0)
        throw shape_error{
            text("channels_first: found ", inputs.size(), " values, expected a multiple of ", width, " x ", height, " x 3")};
    std::vector<float> planar(inputs.size());
    for (std::size_t first = 0; first < inputs.size(); first += values)
        for (std::size_t c = 0; c < 3; ++c)
            for (std::size_t i = 0; i < pixels; ++i) planar[first + c * pixels + i] = inputs[first + 3 * i + c];
    return planar;
}

}  // namespace rd4ad::inline RD4AD_ABI
