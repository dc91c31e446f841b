// The map's units from good images' distances: equal spreads per scale, and mean and spread per position.
#include <rd4ad/score/fit_map_units.hpp>

#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include <rd4ad/core/random.hpp>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

using namespace rd4ad;

namespace {

std::vector<std::size_t> all_of(const scale_maps& maps) {
    std::vector<std::size_t> inputs(maps.inputs());
    std::iota(inputs.begin(), inputs.end(), std::size_t{0});
    return inputs;
}

/// Distances of inputs of 64 x 64 pixels: level(scale, position) + spread(scale, position) x a standard normal value.
template <class Level, class Spread>
scale_maps drawn_maps(std::size_t inputs, const Level& level, const Spread& spread) {
    scale_maps maps{64, 64, inputs};
    rd4ad::random source{7};
    for (std::size_t i = 0; i < inputs; ++i)
        for (std::size_t k = 0; k < 3; ++k) {
            auto values = maps.at(i, k);
            for (std::size_t p = 0; p < values.size(); ++p)
                values[p] = static_cast<float>(level(k, p) + spread(k, p) * source.normal());
        }
    return maps;
}

}  // namespace

TEST_CASE("scale units give each scale the same spread", "[score]") {
    const double spreads[]{0.02, 0.04, 0.01};
    const auto maps = drawn_maps(
        30, [](std::size_t, std::size_t) { return 0.2; }, [&](std::size_t k, std::size_t) { return spreads[k]; });
    const auto units = fit_scale_units(maps, all_of(maps));
    CHECK(!units.by_position());
    CHECK(units.weights[0] + units.weights[1] + units.weights[2] == Approx(3));
    CHECK(units.weights[0] / units.weights[1] == Approx(2).epsilon(0.05));
    CHECK(units.weights[2] / units.weights[1] == Approx(4).epsilon(0.05));
    CHECK_THAT(test::message_of([&] { static_cast<void>(fit_scale_units(maps, {})); }),
               test::mentions("at least 1 good images", "found 0", "--map paper"));
}

TEST_CASE("position units level out good images' means and spreads", "[score]") {
    // The left half is four times as uneven as the right half, on a higher level.
    const auto left = [](std::size_t k, std::size_t p) { return p % (16u >> k) < (8u >> k); };
    const auto maps = drawn_maps(
        60, [&](std::size_t k, std::size_t p) { return left(k, p) ? 0.3 : 0.1; },
        [&](std::size_t k, std::size_t p) { return left(k, p) ? 0.04 : 0.01; });
    const position_statistics statistics{maps, all_of(maps)};
    const auto units = statistics.units();
    REQUIRE(units.by_position());
    const auto& finest = units.positions[0];
    CHECK((finest.height == 16 && finest.width == 16));
    const auto value = [&](std::size_t p, double distance) {
        return static_cast<double>(finest.gain[p]) * distance + static_cast<double>(finest.offset[p]);
    };
    const std::size_t in_left = 8 * 16 + 3, in_right = 8 * 16 + 12;
    CHECK(value(in_left, 0.3) == Approx(value(in_right, 0.1)).margin(0.02));
    CHECK(value(in_left, 0.34) == Approx(value(in_right, 0.1125)).margin(0.02));  // gains are drawn together: not quite 4
    CHECK(finest.gain[in_right] > 2 * finest.gain[in_left]);
}

TEST_CASE("the share that position explains is near 0 without and near 1 with a pattern", "[score]") {
    const auto noise = drawn_maps(
        30, [](std::size_t, std::size_t) { return 0.2; }, [](std::size_t, std::size_t) { return 0.02; });
    CHECK(std::abs(position_statistics{noise, all_of(noise)}.explained_share()) < 0.05);
    const auto pattern = drawn_maps(
        30, [](std::size_t, std::size_t p) { return p % 2 == 0 ? 0.1 : 0.3; }, [](std::size_t, std::size_t) { return 0.02; });
    CHECK(position_statistics{pattern, all_of(pattern)}.explained_share() > 0.9);
}

TEST_CASE("units without an input are those of the other inputs", "[score]") {
    const auto maps = drawn_maps(
        12, [](std::size_t k, std::size_t p) { return 0.1 + 0.001 * static_cast<double>((k + p) % 7); },
        [](std::size_t, std::size_t) { return 0.02; });
    auto others = all_of(maps);
    others.erase(others.begin() + 5);
    const auto expected = position_statistics{maps, others}.units();
    const auto found = position_statistics{maps, all_of(maps)}.units_without(5);
    for (std::size_t k = 0; k < 3; ++k)
        for (std::size_t p = 0; p < expected.positions[k].gain.size(); ++p) {
            CHECK(found.positions[k].gain[p] == Approx(expected.positions[k].gain[p]).epsilon(1e-5));
            CHECK(found.positions[k].offset[p] == Approx(expected.positions[k].offset[p]).margin(1e-5));
        }
}
