// rd4ad/train/student_level.hpp: the level of a student's distances, and distances as another student would have them. Twin:
// tests/train/student_level.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <numbers>
#include <numeric>
#include <span>
#include <vector>

#include <rd4ad/model/map_units.hpp>
#include <rd4ad/model/scale_maps.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Where a student's distances lie on images that it was trained on: quantiles over images and positions, per scale. Students
/// that were trained alike differ in level by more than good images do, and a student has nearly the same level on new images of
/// the same kind (docs/measurements/verdicts.md).
struct student_level {
    static constexpr std::array<double, 2> probabilities{0.5, 0.99};
    std::array<std::array<double, probabilities.size()>, 3> quantiles{};

    friend bool operator==(const student_level&, const student_level&) = default;
};

/// The level of a student. distances: by this student, of inputs that it was trained on, at least one. inside: 0 at positions
/// that do not count, for the same inputs; null: all count. A scale without a position that counts has quantiles 0.
[[nodiscard]] inline student_level level_of(const scale_maps& distances, const scale_maps* inside = nullptr) {
    student_level level;
    for (std::size_t k = 0; k < 3; ++k) {
        std::vector<float> values;
        for (std::size_t input = 0; input < distances.inputs(); ++input) {
            const auto of = distances.at(input, k);
            for (std::size_t p = 0; p < of.size(); ++p)
                if (inside == nullptr || inside->at(input, k)[p] != 0) values.push_back(of[p]);
        }
        if (values.empty()) continue;
        for (std::size_t i = 0; i < level.probabilities.size(); ++i) {
            const auto rank = static_cast<std::size_t>(level.probabilities[i] * static_cast<double>(values.size() - 1) + 0.5);
            const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank);
            std::nth_element(values.begin(), at, values.end());
            level.quantiles[k][i] = static_cast<double>(*at);
        }
    }
    return level;
}

/// The mean of students' levels, at least one.
[[nodiscard]] inline student_level mean_level(std::span<const student_level> levels) {
    student_level mean;
    for (const auto& level : levels)
        for (std::size_t k = 0; k < 3; ++k)
            for (std::size_t i = 0; i < mean.probabilities.size(); ++i)
                mean.quantiles[k][i] += level.quantiles[k][i] / static_cast<double>(levels.size());
    return mean;
}

namespace train_detail {

/// The linear function that takes one scale's quantiles of a level to another's; a shift where they do not differ.
struct level_change {
    double slope{1}, offset{0};

    level_change(const student_level& from, const student_level& to, std::size_t scale) {
        const auto &a = from.quantiles[scale], &b = to.quantiles[scale];
        constexpr double least = 1e-6;  // distances lie in 0..1
        if (a[1] - a[0] > least && b[1] - b[0] > least) slope = (b[1] - b[0]) / (a[1] - a[0]);
        offset = b[0] - slope * a[0];
    }
};

}  // namespace train_detail

/// Replaces an input's distances by those that a student of level `to` would have where a student of level `from` has them: per
/// scale the linear function that takes the quantiles of `from` to those of `to`, confined to 0..1.
inline void change_level(scale_maps& distances, std::size_t input, const student_level& from, const student_level& to) {
    if (from == to) return;
    for (std::size_t k = 0; k < 3; ++k) {
        const train_detail::level_change change{from, to, k};
        for (float& value : distances.at(input, k))
            value = static_cast<float>(std::clamp(change.offset + change.slope * static_cast<double>(value), 0.0, 1.0));
    }
}

/// How far the groups' raw scores differ in level beyond chance: the standard deviation between groups by the method of moments
/// for random effects, with medians: var(group medians) - (pi / 2) s^2 / (images per group), where s is 1.4826 x the median
/// distance from the group's median; 0 if negative, and with fewer than two groups of two or more. group_of: one per raw score.
[[nodiscard]] inline double spread_between_groups(std::span<const float> raw_scores, std::span<const std::size_t> group_of) {
    std::map<std::size_t, std::vector<double>> groups;
    for (std::size_t i = 0; i < raw_scores.size(); ++i) groups[group_of[i]].push_back(static_cast<double>(raw_scores[i]));
    const auto median = [](std::vector<double>& values) {
        std::sort(values.begin(), values.end());
        return 0.5 * (values[(values.size() - 1) / 2] + values[values.size() / 2]);
    };
    std::vector<double> medians, distances;
    for (auto& [group, values] : groups) {
        if (values.size() < 2) continue;
        medians.push_back(median(values));
        for (const double value : values) distances.push_back(std::abs(value - medians.back()));
    }
    if (medians.size() < 2) return 0;
    const double count = static_cast<double>(medians.size()), within = 1.4826 * median(distances);
    const double mean = std::accumulate(medians.begin(), medians.end(), 0.0) / count;
    double squares = 0;
    for (const double value : medians) squares += (value - mean) * (value - mean);
    const double by_chance = 0.5 * std::numbers::pi * within * within * count / static_cast<double>(distances.size());
    return std::sqrt(std::max(squares / (count - 1) - by_chance, 0.0));
}

/// The units in which the map of a student of level `from` is the one that a student of level `to` has in the given units. They
/// are units by position, for inputs of height x width pixels.
[[nodiscard]] inline map_units units_at_level(map_units units, std::size_t height, std::size_t width, const student_level& from,
                                              const student_level& to) {
    for (std::size_t k = 0; k < 3; ++k) {
        auto& [h, w, gain, offset] = units.positions[k];
        if (gain.empty()) {
            h = height >> (k + 2), w = width >> (k + 2);
            gain.assign(h * w, 1.0f), offset.assign(h * w, 0.0f);
        }
        const train_detail::level_change change{from, to, k};
        for (std::size_t p = 0; p < gain.size(); ++p) {
            offset[p] += static_cast<float>(static_cast<double>(gain[p]) * change.offset);
            gain[p] = static_cast<float>(static_cast<double>(gain[p]) * change.slope);
        }
    }
    return units;
}

}  // namespace rd4ad::inline RD4AD_ABI
