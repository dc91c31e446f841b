// rd4ad/metrics/components.hpp: labels the 8-connected regions of a mask. Twin: tests/metrics/components.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::metrics {

/// A connected region's bounding box and area, in pixels. (x, y) is the box's upper left pixel.
struct region {
    std::size_t x{0}, y{0}, width{0}, height{0}, area{0};

    friend constexpr bool operator==(const region&, const region&) = default;
};

/// The regions of a mask. labels[y * width + x] is 0 outside all regions, and i + 1 in regions[i].
struct components {
    std::vector<std::int32_t> labels;
    std::vector<region> regions;
};

namespace detail {

/// Union-find over provisional labels. Label 0 is the background. The root of a set is its smallest label.
class label_sets {
   public:
    /// Number of labels, with the background.
    [[nodiscard]] std::size_t size() const noexcept { return parents_.size(); }

    /// Adds a label in a set of one.
    std::size_t add() {
        parents_.push_back(static_cast<std::int32_t>(parents_.size()));
        return parents_.size() - 1;
    }

    /// The root of a label's set. Halves the path to it.
    std::size_t root(std::size_t label) {
        while (parent(label) != label) {
            parents_[label] = parents_[parent(label)];
            label = parent(label);
        }
        return label;
    }

    /// Joins the sets of two roots. Returns the joined set's root.
    std::size_t join(std::size_t a, std::size_t b) {
        const std::size_t first = std::min(a, b);
        parents_[std::max(a, b)] = static_cast<std::int32_t>(first);
        return first;
    }

   private:
    [[nodiscard]] std::size_t parent(std::size_t label) const { return static_cast<std::size_t>(parents_[label]); }

    std::vector<std::int32_t> parents_{0};
};

/// First pass: gives every pixel of the mask a provisional label and joins the labels of touching pixels.
/// labels: zeros, one per pixel.
[[nodiscard]] inline label_sets provisional_labels(std::span<const std::uint8_t> mask, std::size_t width, std::size_t height,
                                                   std::span<std::int32_t> labels) {
    label_sets sets;
    const auto is_inside = [](std::uint8_t pixel) { return pixel != 0; };
    for (std::size_t y = 0; y < height; ++y) {
        const auto *row = mask.data() + y * width, *end = row + width;
        for (const auto* at = std::find_if(row, end, is_inside); at != end; at = std::find_if(at + 1, end, is_inside)) {
            const auto x = static_cast<std::size_t>(at - row), i = y * width + x;
            std::size_t label = 0;
            const auto join = [&](std::size_t neighbour) {
                if (labels[neighbour] == 0) return;
                const std::size_t other = sets.root(static_cast<std::size_t>(labels[neighbour]));
                label = label == 0 ? other : sets.join(label, other);
            };
            if (y > 0) {
                if (x > 0) join(i - width - 1);
                join(i - width);
                if (x + 1 < width) join(i - width + 1);
            }
            if (x > 0) join(i - 1);
            if (label == 0) label = sets.add();
            labels[i] = static_cast<std::int32_t>(label);
        }
    }
    return sets;
}

/// The regions' numbers.
struct region_numbers {
    std::vector<std::int32_t> of_label;  ///< number per provisional label, from 1; 0 for the background
    std::size_t count{0};                ///< number of regions
};

/// Numbers the regions by their first pixel: a root is its region's smallest provisional label.
[[nodiscard]] inline region_numbers number_regions(label_sets& sets) {
    region_numbers numbers{std::vector<std::int32_t>(sets.size(), 0)};
    for (std::size_t label = 1; label < sets.size(); ++label) {
        const std::size_t root = sets.root(label);
        numbers.of_label[label] = root == label ? static_cast<std::int32_t>(++numbers.count) : numbers.of_label[root];
    }
    return numbers;
}

/// Second pass: replaces the provisional labels by the regions' numbers and measures the regions.
[[nodiscard]] inline std::vector<region> measure_regions(std::span<std::int32_t> labels, const region_numbers& numbers,
                                                         std::size_t width, std::size_t height) {
    std::vector<region> regions(numbers.count);
    for (std::size_t y = 0; y < height; ++y)
        for (std::size_t x = 0; x < width; ++x) {
            auto& label = labels[y * width + x];
            if (label == 0) continue;
            label = numbers.of_label[static_cast<std::size_t>(label)];
            region& at = regions[static_cast<std::size_t>(label) - 1];
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
    return regions;
}

}  // namespace detail

/// Labels the 8-connected regions of a mask, numbered by their first pixel in reading order (as scikit-image's label with
/// connectivity 2). mask: height rows of width pixels; 0 outside, any other value inside. Cost: two passes; 4 bytes per pixel.
/// Throws shape_error (size of the mask), option_error (more than 2^31 - 2 pixels).
[[nodiscard]] inline components label_components(std::span<const std::uint8_t> mask, std::size_t width, std::size_t height) {
    if (mask.size() != width * height)
        throw shape_error{
            text("label_components: the mask has ", mask.size(), " pixels; ", width, " x ", height, " needs ", width * height)};
    if (mask.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max() - 1))
        throw option_error{text("label_components: ", width, " x ", height,
                                " pixels are too many for 32-bit labels; cut the mask into patches")};
    components result;
    result.labels.assign(mask.size(), 0);
    auto sets = detail::provisional_labels(mask, width, height, result.labels);
    result.regions = detail::measure_regions(result.labels, detail::number_regions(sets), width, height);
    return result;
}

}  // namespace rd4ad::inline RD4AD_ABI::metrics
