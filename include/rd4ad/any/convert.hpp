// rd4ad/any/convert.hpp: the library's value types to and from those of the boundary (rd4ad/any/engine.hpp). Twin:
// tests/any/any_detector.cpp
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/any/engine.hpp>
#include <rd4ad/core/error.hpp>
#include <rd4ad/core/log.hpp>
#include <rd4ad/core/outcome.hpp>
#include <rd4ad/image/image_view.hpp>
#include <rd4ad/score/calibration.hpp>
#include <rd4ad/score/detection_result.hpp>
#include <rd4ad/score/options.hpp>

namespace rd4ad::inline RD4AD_ABI::any {

/// Throws the error of rd4ad/core/error.hpp that the problem describes.
[[noreturn]] inline void throw_error(const boundary::problem& of) {
    switch (static_cast<error_code>(of.code)) {
        case error_code::shape:
            throw shape_error{of.message};
        case error_code::format:
            throw format_error{of.message};
        case error_code::io:
            throw io_error{of.message};
        case error_code::numeric:
            throw numeric_error{of.message};
        case error_code::option:
            throw option_error{of.message};
        case error_code::data:
            throw data_error{of.message};
        case error_code::memory:
            throw memory_error{of.message};
        case error_code::device:
            throw device_error{of.message};
        case error_code::stopped:
            break;
    }
    throw stopped_error{of.message};
}

/// Returns call(), with the boundary's problems as the library's errors.
template <class Call>
decltype(auto) translate_errors(const Call& call) {
    try {
        return call();
    } catch (const boundary::problem& found) {
        throw_error(found);
    }
}

[[nodiscard]] inline boundary::frame to_boundary(const image::image_view& view) {
    return {.data = view.data,
            .width = view.width,
            .height = view.height,
            .stride = view.stride,
            .format = static_cast<int>(view.format),
            .white = view.white};
}

[[nodiscard]] inline image::image_view from_boundary(const boundary::frame& frame) {
    return {.data = frame.data,
            .width = frame.width,
            .height = frame.height,
            .stride = frame.stride,
            .format = static_cast<image::pixel_format>(frame.format),
            .white = frame.white};
}

[[nodiscard]] inline boundary::detector_options to_boundary(const detector_options& options) {
    return {.batch = options.batch,
            .sigma = options.sigma,
            .map_size = static_cast<int>(options.size),
            .region_threshold = options.regions.threshold,
            .min_area = options.regions.min_area,
            .product = options.product};
}

[[nodiscard]] inline detector_options from_boundary(const boundary::detector_options& options) {
    return {.batch = options.batch,
            .sigma = options.sigma,
            .size = static_cast<map_size>(options.map_size),
            .regions = {.threshold = options.region_threshold, .min_area = options.min_area},
            .product = options.product};
}

[[nodiscard]] inline boundary::region to_boundary(const region& from) {
    boundary::region made{.box = std::bit_cast<std::array<double, 4>>(from.box),
                          .relative = std::bit_cast<std::array<double, 4>>(from.relative),
                          .area = from.area,
                          .raw_score = from.raw_score,
                          .score = from.score};
    for (const auto& at : from.outline) made.outline.push_back({at.x, at.y});
    return made;
}

[[nodiscard]] inline region from_boundary(const boundary::region& from) {
    region made{.box = std::bit_cast<image::rectangle>(from.box),
                .relative = std::bit_cast<image::rectangle>(from.relative),
                .area = from.area,
                .raw_score = from.raw_score,
                .score = from.score};
    for (const auto& [x, y] : from.outline) made.outline.push_back({x, y});
    return made;
}

[[nodiscard]] inline boundary::result to_boundary(detection_result from) {
    boundary::result made{.raw_score = from.raw_score,
                          .score = from.score,
                          .map_width = from.map.width,
                          .map_height = from.map.height,
                          .map = std::move(from.map.pixels),
                          .transform = std::bit_cast<boundary::transform>(from.transform)};
    for (const auto& one : from.regions) made.regions.push_back(to_boundary(one));
    return made;
}

[[nodiscard]] inline detection_result from_boundary(boundary::result from) {
    detection_result made{.raw_score = from.raw_score,
                          .score = from.score,
                          .map = {from.map_width, from.map_height, 1, std::move(from.map)},
                          .transform = std::bit_cast<image::fit_transform>(from.transform)};
    for (const auto& one : from.regions) made.regions.push_back(from_boundary(one));
    return made;
}

[[nodiscard]] inline std::vector<detection_result> from_boundary(std::vector<boundary::result> from) {
    std::vector<detection_result> made;
    made.reserve(from.size());
    for (auto& one : from) made.push_back(from_boundary(std::move(one)));
    return made;
}

[[nodiscard]] inline boundary::problem to_boundary(const failure& from) {
    return {.code = static_cast<int>(from.code), .message = from.message};
}

[[nodiscard]] inline failure from_boundary(const boundary::problem& from) {
    return {.code = static_cast<error_code>(from.code), .message = from.message};
}

[[nodiscard]] inline boundary::calibration to_boundary(const calibration& from) {
    return {.typical = from.typical,
            .threshold = from.threshold,
            .rule = static_cast<int>(from.rule),
            .asked_rate = from.asked_rate,
            .expected_rate = from.expected_rate,
            .rate_low = from.rate_interval.low,
            .rate_high = from.rate_interval.high,
            .f1 = from.f1,
            .good_scores = from.good_scores,
            .set_aside = from.set_aside,
            .source = static_cast<int>(from.source)};
}

[[nodiscard]] inline calibration from_boundary(const boundary::calibration& from) {
    return {.typical = from.typical,
            .threshold = from.threshold,
            .rule = static_cast<threshold_rule>(from.rule),
            .asked_rate = from.asked_rate,
            .expected_rate = from.expected_rate,
            .rate_interval = {from.rate_low, from.rate_high},
            .f1 = from.f1,
            .good_scores = from.good_scores,
            .set_aside = from.set_aside,
            .source = static_cast<score_source>(from.source)};
}

/// Sends an event of the compiled library to the program's log (rd4ad::set_log).
inline void receive_log(int level, std::string_view text, std::span<const std::pair<std::string_view, std::string_view>> fields) {
    std::vector<log_field> values;
    for (const auto& [key, value] : fields) values.push_back({std::string{key}, std::string{value}});
    write_log({.level = static_cast<log_level>(level), .text = text, .fields = values});
}

}  // namespace rd4ad::inline RD4AD_ABI::any
