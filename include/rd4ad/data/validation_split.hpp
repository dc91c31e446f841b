// rd4ad/data/validation_split.hpp: holds images out of training, for validation. Twin: tests/data/validation_split.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/random.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// Indices of the items for training and for validation, both ascending. Each item is in one of them.
struct validation_split {
    std::vector<std::size_t> training, validation;
};

/// Draws a share of the items, rounded to a whole number, for validation. The seed determines the draw. Takes none where the
/// share is less than 2 items, because one image does not calibrate anything. Throws option_error unless 0 <= share <= 0.9.
[[nodiscard]] inline validation_split make_validation_split(std::size_t items, double share, std::uint64_t seed) {
    if (!(share >= 0 && share <= 0.9))
        throw option_error{text("the share of images for validation is ", share, "; expected 0 to 0.9")};
    auto count = static_cast<std::size_t>(share * static_cast<double>(items) + 0.5);
    if (count < 2) count = 0;
    random source{hash_name("held out") ^ seed};  // independent of the random numbers that order the epochs
    const auto order = shuffled_order(items, source);
    const auto middle = order.begin() + static_cast<std::ptrdiff_t>(count);
    validation_split split{.training = {middle, order.end()}, .validation = {order.begin(), middle}};
    std::sort(split.training.begin(), split.training.end());
    std::sort(split.validation.begin(), split.validation.end());
    return split;
}

}  // namespace rd4ad::inline RD4AD_ABI::data
