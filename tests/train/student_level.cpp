// Levels of students, and distances as another student has them.
#include <rd4ad/train/student_level.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

#include <rd4ad/core/random.hpp>
#include <rd4ad/model/map_units.hpp>
#include <rd4ad/model/scale_maps.hpp>

#include <support/catch.hpp>

using namespace rd4ad;

namespace {

/// Distances of a student that has slope x those of another one, plus offset: uniform in 0.1 to 0.3 for slope 1.
scale_maps student_distances(std::size_t inputs, float slope, float offset) {
    scale_maps made{64, 96, inputs};
    rd4ad::random source{3};
    for (float& value : made.values) value = offset + slope * (0.1f + 0.2f * static_cast<float>(source.uniform()));
    return made;
}

}  // namespace

TEST_CASE("a level is the median and the 99 % quantile of the positions that count", "[train]") {
    scale_maps distances{64, 64, 2}, inside{64, 64, 2};
    for (std::size_t i = 0; i < 2; ++i)
        for (std::size_t k = 0; k < 3; ++k) {
            auto of = distances.at(i, k), counts = inside.at(i, k);
            for (std::size_t p = 0; p < of.size(); ++p) {
                of[p] = p % 2 == 0 ? 0.9f : 0.1f * static_cast<float>(k + 1);
                counts[p] = p % 2 == 0 ? 0.0f : 1.0f;
            }
        }
    distances.at(1, 0)[1] = 0.7f;  // 1 of 256 positions: beyond the 99 % quantile
    const auto all = level_of(distances), level = level_of(distances, &inside);
    for (std::size_t k = 0; k < 3; ++k) {
        CHECK(all.quantiles[k][1] == Approx(0.9));
        CHECK(level.quantiles[k][0] == Approx(0.1 * static_cast<double>(k + 1)));
        CHECK(level.quantiles[k][1] == Approx(0.1 * static_cast<double>(k + 1)));
    }
}

TEST_CASE("distances at another student's level are those of that student", "[train]") {
    const auto one = student_distances(4, 1.0f, 0.0f), other = student_distances(4, 1.5f, 0.05f);
    const auto from = level_of(one), to = level_of(other);
    CHECK(from.quantiles[0][0] == Approx(0.2).margin(0.01));
    CHECK(from.quantiles[0][1] == Approx(0.298).margin(0.002));
    auto changed = one;
    change_level(changed, 2, from, to);
    for (std::size_t k = 0; k < 3; ++k)
        for (std::size_t p = 0; p < one.at(2, k).size(); ++p) {
            CHECK(changed.at(2, k)[p] == Approx(other.at(2, k)[p]).epsilon(1e-4));
            CHECK(changed.at(1, k)[p] == one.at(1, k)[p]);
        }
    changed.at(0, 0)[0] = 0.95f, changed.at(0, 0)[1] = 0.001f;  // no distance leaves 0..1
    change_level(changed, 0, from, to);
    CHECK(changed.at(0, 0)[0] == 1.0f);
    change_level(changed, 0, to, from);
    change_level(changed, 0, to, from);
    CHECK(*std::min_element(changed.values.begin(), changed.values.end()) >= 0.0f);
}

TEST_CASE("the same level changes no bit, and a level without spread is shifted", "[train]") {
    const auto one = student_distances(1, 1.0f, 0.0f);
    auto changed = one;
    change_level(changed, 0, level_of(one), level_of(one));
    CHECK(changed.values == one.values);
    student_level flat, higher;
    for (std::size_t k = 0; k < 3; ++k) flat.quantiles[k] = {0.2, 0.2}, higher.quantiles[k] = {0.3, 0.4};
    change_level(changed, 0, flat, higher);
    CHECK(changed.at(0, 1)[5] == Approx(one.at(0, 1)[5] + 0.1f));
    const std::vector<student_level> levels{flat, higher};
    CHECK(mean_level(levels).quantiles[2][0] == Approx(0.25));
    CHECK(mean_level(levels).quantiles[2][1] == Approx(0.3));
}

TEST_CASE("units at a level give a student's distances as the other student's distances in the given units", "[train]") {
    const auto one = student_distances(1, 1.0f, 0.0f), other = student_distances(1, 0.6f, 0.1f);
    map_units positions;
    for (std::size_t k = 0; k < 3; ++k) {
        const std::size_t height = one.heights[k], width = one.widths[k];
        positions.positions[k] = {height, width, std::vector<float>(height * width, 2.0f),
                                  std::vector<float>(height * width, 0.1f)};
    }
    for (const auto& given : {map_units{.weights = {0.5, 1, 1.5}}, positions}) {
        const auto made = units_at_level(given, 64, 96, level_of(one), level_of(other));
        CHECK(made.weights == given.weights);
        for (std::size_t k = 0; k < 3; ++k) {
            const auto& [height, width, gain, offset] = made.positions[k];
            REQUIRE(gain.size() == one.at(0, k).size());
            CHECK((height == one.heights[k] && width == one.widths[k]));
            const float g = given.by_position() ? 2.0f : 1.0f, o = given.by_position() ? 0.1f : 0.0f;
            for (std::size_t p = 0; p < gain.size(); ++p)
                CHECK(gain[p] * one.at(0, k)[p] + offset[p] == Approx(g * other.at(0, k)[p] + o).epsilon(1e-4));
        }
    }
}

TEST_CASE("groups differ in level by what their medians differ beyond chance", "[train]") {
    rd4ad::random source{7};
    std::vector<float> alike, apart;
    std::vector<std::size_t> group_of;
    for (std::size_t i = 0; i < 400; ++i) {
        group_of.push_back(i % 4);
        alike.push_back(static_cast<float>(1 + 0.1 * source.normal()));
        apart.push_back(alike.back() + 0.2f * static_cast<float>(i % 4));
    }
    CHECK(spread_between_groups(alike, group_of) < 0.04);
    CHECK(spread_between_groups(apart, group_of) == Approx(0.258).margin(0.02));  // of 0, 0.2, 0.4 and 0.6
    const std::vector<std::size_t> alone(400, 3);
    CHECK(spread_between_groups(apart, alone) == 0);
    CHECK(spread_between_groups(std::vector<float>{1, 2, 3}, std::vector<std::size_t>{0, 1, 2}) == 0);
}
