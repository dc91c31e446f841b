// rd4ad/export/client.hpp: a client's side of an exported graph: what its description says, and photographs as its input. Twin:
// tests/export/client.cpp
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/export/description.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/model/model.hpp>

namespace rd4ad {

/// What a description says of the input: the settings that `network_input`, and fit_photograph with patch_input, take.
/// format_error naming `source` and what is missing or unknown.
[[nodiscard]] inline model_settings described_input(const io::json& about, const std::string& source) {
    const auto fail = [&](const std::string& what) {
        throw format_error{source + ": " + what + ": expected what rd4ad export wrote; export the model again"};
    };
    if (!about.is_object() || about.value("format", io::json{}) != description_format)
        fail("is no description of the format '" + std::string{description_format} + "'");
    const auto input = about.value("input", io::json::object());
    const auto whole = [&](const char* key) {
        const auto found = input.value(key, io::json{});
        if (!found.is_number_unsigned() || found == 0) fail(std::string{"'input' has no size '"} + key + "'");
        return found.get<std::size_t>();
    };
    const auto three = [&](const char* key) {
        const auto found = io::three_numbers(input, key);
        if (!found) fail(std::string{"'input' has no three numbers '"} + key + "'");
        return *found;
    };
    const auto fit = input.value("fit", io::json{});
    if (fit != "squash" && fit != "view") fail("'input' has a 'fit' that this version doesn't know");
    model_settings settings{whole("height"), whole("width"), {three("mean"), three("deviation")}};
    if (fit == "view") {
        settings.view = data::view_from(input.value("view", io::json{}), source + ": 'input'");
    } else {
        settings.view.geometry.size = settings.width;
        settings.view.geometry.height = settings.height == settings.width ? 0 : settings.height;
    }
    if (const auto teacher = about.value("teacher", io::json{}); teacher.is_string()) settings.teacher = teacher;
    return settings;
}

/// The Gaussian that smooths the joined map of patches, in pixels. format_error naming `source` where the description lacks it.
[[nodiscard]] inline double described_sigma(const io::json& about, const std::string& source) {
    const auto found = about.value("map", io::json::object()).value("sigma", io::json{});
    if (!found.is_number() || found < 0)
        throw format_error{source + ": 'map' has no 'sigma': expected what rd4ad export wrote; export the model again"};
    return found.get<double>();
}

/// Images as `network_input` makes them (height x width x 3 each), as the graph takes them: N x 3 x height x width.
[[nodiscard]] inline std::vector<float> channels_first(std::span<const float> images, std::size_t height, std::size_t width) {
    const std::size_t pixels = height * width, each = 3 * pixels;
    if (each == 0 || images.size() % each != 0)
        throw shape_error{"channels_first: " + std::to_string(images.size()) + " values are no number of images of " +
                          std::to_string(width) + " x " + std::to_string(height) + " x 3"};
    std::vector<float> planes(images.size());
    for (std::size_t first = 0; first < images.size(); first += each)
        for (std::size_t c = 0; c < 3; ++c)
            for (std::size_t i = 0; i < pixels; ++i) planes[first + c * pixels + i] = images[first + 3 * i + c];
    return planes;
}

}  // namespace rd4ad
