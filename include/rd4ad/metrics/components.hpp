// rd4ad/metrics/components.hpp: 8-connected regions of a mask. Twin: tests/metrics/components.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>

namespace rd4ad::metrics {

/// A connected region's bounding box and size, in pixels; (x, y) is its upper left pixel.
struct region {
    std::size_t x{0}, y{0}, width{0}, height{0}, area{0};

    friend constexpr bool operator==(const region&, const region&) = default;
};

/// The regions of a mask: labels[y * width + x] is 0 outside, and i + 1 in regions[i].
struct components {
    std::vector<std::int32_t> labels;
    std::vector<region> regions;
};

namespace detail {

// The root of a provisional label; halves the path on its way.
inline std::size_t root_of(std::vector<std::int32_t>& parents, std::size_t label) {
    const auto parent = [&](std::size_t of) { return static_cast<std::size_t>(parents[of]); };
    while (parent(label) != label) {
        parents[label] = parents[parent(label)];
        label = parent(label);
    }
    return label;
}

}  // namespace detail

/// 8-connected regions, numbered by their first pixel in reading order (as scikit-image's label with connectivity 2).
/// mask: height rows of width pixels, 0 outside, anything else inside. Cost: two passes; 4 bytes a pixel.
/// Throws shape_error (size of the mask), option_error (more than 2^31 - 2 pixels).
[[nodiscard]] inline components label_components(std::span<const std::uint8_t> mask, std::size_t width, std::size_t height) {
    if (mask.size() != width * height)
        throw shape_error{"label_components: the mask has " + std::to_string(mask.size()) + " pixels; " + std::to_string(width) +
                          " x " + std::to_string(height) + " are " + std::to_string(width * height)};
    if (mask.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max() - 1))
        throw option_error{"label_components: " + std::to_string(width) + " x " + std::to_string(height) +
                           " pixels are too many for 32-bit labels; cut the mask into patches"};
    components found;
    found.labels.assign(mask.size(), 0);
    std::vector<std::int32_t> parents{0};
    auto& labels = found.labels;
    for (std::size_t y = 0; y < height; ++y)
        for (std::size_t x = 0; x < width; ++x) {
            const std::size_t i = y * width + x;
            if (mask[i] == 0) continue;
            std::size_t least = 0;
            const auto join = [&](std::size_t neighbour) {
                if (labels[neighbour] == 0) return;
                const std::size_t other = detail::root_of(parents, static_cast<std::size_t>(labels[neighbour]));
                const std::size_t first = least == 0 ? other : std::min(least, other), last = std::max(least, other);
                if (least != 0) parents[last] = static_cast<std::int32_t>(first);
                least = first;
            };
            if (y > 0) {
                if (x > 0) join(i - width - 1);
                join(i - width);
                if (x + 1 < width) join(i - width + 1);
            }
            if (x > 0) join(i - 1);
            if (least == 0) {
                least = parents.size();
                parents.push_back(static_cast<std::int32_t>(least));
            }
            labels[i] = static_cast<std::int32_t>(least);
        }
    // A root is the smallest provisional label of its region, so numbering the roots in order numbers by first pixel.
    std::vector<std::int32_t> numbers(parents.size(), 0);
    std::int32_t count = 0;
    for (std::size_t label = 1; label < parents.size(); ++label) {
        const std::size_t root = detail::root_of(parents, label);
        numbers[label] = root == label ? ++count : numbers[root];
    }
    found.regions.resize(static_cast<std::size_t>(count));
    for (std::size_t y = 0; y < height; ++y)
        for (std::size_t x = 0; x < width; ++x) {
            auto& label = labels[y * width + x];
            if (label == 0) continue;
            label = numbers[static_cast<std::size_t>(label)];
            region& at = found.regions[static_cast<std::size_t>(label) - 1];
            if (at.area == 0) {
                at = {x, y, 1, 1, 1};
                continue;
            }
            const std::size_t right = std::max(at.x + at.width, x + 1);
            at.x = std::min(at.x, x);
            at.width = right - at.x;
            at.height = y + 1 - at.y;
            ++at.area;
        }
    return found;
}

}  // namespace rd4ad::metrics
