#include <rd4ad/metrics/pixel_metrics.hpp>

#include <cmath>
#include <numeric>
#include <vector>

#include <rd4ad/core/random.hpp>
#include <support/catch.hpp>
#include <support/mentions.hpp>
#include <support/reference_text.hpp>

using namespace rd4ad::metrics;
using rd4ad::test::mentions;

namespace {

constexpr std::size_t side = 24;

struct labelled_map {
    std::vector<float> map;
    std::vector<std::uint8_t> mask;
};

/// Maps of noise with a slightly brighter square defect. Every fourth map has no defect.
std::vector<labelled_map> noisy_maps(std::size_t count, std::uint64_t seed) {
    rd4ad::random source{seed};
    std::vector<labelled_map> maps(count);
    for (std::size_t n = 0; n < count; ++n) {
        maps[n].mask.assign(side * side, 0);
        const std::size_t left = source.below(side - 6), top = source.below(side - 6), size = 2 + source.below(4);
        for (std::size_t i = 0; i < side * side; ++i) {
            const std::size_t x = i % side, y = i / side;
            const bool inside = n % 4 != 3 && x >= left && x < left + size && y >= top && y < top + size;
            maps[n].mask[i] = inside ? 255 : 0;
            maps[n].map.push_back(static_cast<float>(source.normal() + (inside ? 1.5 : 0.0)));
        }
    }
    return maps;
}

pixel_metrics_result result_of(const std::vector<labelled_map>& maps, std::size_t budget = score_histogram::default_budget) {
    pixel_accumulator metrics{budget};
    for (const auto& [map, mask] : maps) metrics.add(map, mask, side, side);
    return metrics.result();
}

void check_equal(const pixel_metrics_result& a, const pixel_metrics_result& b) {
    CHECK(a.auroc == b.auroc);
    CHECK(a.average_precision == b.average_precision);
    CHECK(a.best_f1 == b.best_f1);
    CHECK(a.aupro == Approx(b.aupro).epsilon(1e-12));
}

}  // namespace

TEST_CASE("pixel metrics equal scikit-learn's and the definitions written out in Python", "[metrics]") {
    for (const auto& reference : rd4ad::test::reference_cases("metrics/pixels.txt")) {
        INFO(reference.name);
        const auto maps = reference.floats("maps");
        const auto masks = reference.bytes("masks");
        const auto width = static_cast<std::size_t>(reference.one("width")),
                   height = static_cast<std::size_t>(reference.one("height"));
        const double limit = reference.one("limit");
        pixel_accumulator metrics;
        for (std::size_t first = 0; first < maps.size(); first += width * height)
            metrics.add(std::span{maps}.subspan(first, width * height), std::span{masks}.subspan(first, width * height), width,
                        height, limit);
        CHECK(metrics.regions() == static_cast<std::size_t>(reference.one("regions")));
        const auto found = metrics.result(limit);
        CHECK(found.error_bound == 0.0);
        CHECK(found.auroc == Approx(reference.one("auroc")).epsilon(1e-12));
        CHECK(found.average_precision == Approx(reference.one("average_precision")).epsilon(1e-12));
        CHECK(found.best_f1 == Approx(reference.one("best_f1")).epsilon(1e-12));
        CHECK(found.aupro == Approx(reference.one("aupro")).epsilon(1e-9));
        CHECK(found.aupro_per_image == Approx(reference.one("aupro_per_image")).epsilon(1e-9));
    }
}

TEST_CASE("pixel metrics don't depend on the order of the images", "[metrics]") {
    auto maps = noisy_maps(20, 1);
    const auto before = result_of(maps);
    rd4ad::random source{2};
    rd4ad::shuffle(std::span{maps}, source);
    check_equal(result_of(maps), before);
}

TEST_CASE("pixel metrics don't depend on the scale of the scores", "[metrics]") {
    auto maps = noisy_maps(20, 3);
    for (auto& [map, mask] : maps)
        for (float& score : map) score = std::round(score * 512) / 512;  // the mappings below then keep every order and tie
    const auto before = result_of(maps);
    const int kind = GENERATE(0, 1, 2);
    for (auto& [map, mask] : maps)
        for (float& score : map) score = kind == 0 ? score * 1024 - 77 : kind == 1 ? std::exp2(score) : std::atan(score) * 1e-3F;
    check_equal(result_of(maps), before);
}

TEST_CASE("equal scores everywhere give chance level", "[metrics]") {
    auto maps = noisy_maps(4, 4);
    for (auto& [map, mask] : maps) map.assign(map.size(), 3.0F);
    const auto found = result_of(maps);
    CHECK(found.auroc == 0.5);
    CHECK(found.best_f1_threshold == 3.0);
    CHECK(found.aupro == Approx(0.15));  // the straight line from (0, 0) to (1, 1), up to 0.3
    CHECK(found.aupro_per_image == 0.0);
}

TEST_CASE("a small budget gives bins, and the exact values lie within the error bound", "[metrics]") {
    const auto maps = noisy_maps(300, 5);
    const auto exact = result_of(maps);
    REQUIRE(exact.error_bound == 0.0);
    const std::size_t budget = GENERATE(std::size_t{300000}, std::size_t{100000}, std::size_t{1});
    const auto binned = result_of(maps, budget);
    CHECK(binned.error_bound > 0.0);
    CHECK(std::abs(binned.auroc - exact.auroc) <= binned.error_bound);
    CHECK(std::abs(binned.average_precision - exact.average_precision) <= binned.error_bound);
    CHECK(std::abs(binned.best_f1 - exact.best_f1) <= binned.error_bound);
    CHECK(std::abs(binned.aupro - exact.aupro) <= binned.error_bound);
    CHECK(binned.error_bound < 0.05);
    CHECK(binned.aupro_per_image == exact.aupro_per_image);
}

TEST_CASE("an empty mask means no defect, and more maps can follow a result", "[metrics]") {
    const auto maps = noisy_maps(8, 6);
    pixel_accumulator metrics;
    for (std::size_t n = 0; n < 8; ++n) {
        const auto mask = n % 4 == 3 ? std::span<const std::uint8_t>{} : std::span<const std::uint8_t>{maps[n].mask};
        metrics.add(maps[n].map, mask, side, side);
        (void)metrics.result();
    }
    CHECK(metrics.maps() == 8);
    check_equal(metrics.result(0.3, 1), result_of(maps));
}

TEST_CASE("pixel metrics name the missing class", "[metrics]") {
    const std::vector<float> map(12, 0.5F);
    pixel_accumulator metrics;
    CHECK_THROWS_WITH(metrics.result(), mentions("pixel metrics", "none of the 0 pixels in 0 maps is a defect"));
    metrics.add(map, {}, 4, 3);
    metrics.add(map, std::vector<std::uint8_t>(12), 4, 3);
    CHECK_THROWS_WITH(metrics.result(), mentions("pixel metrics", "none of the 24 pixels in 2 maps is a defect"));
    CHECK_THROWS_AS(metrics.result(), rd4ad::numeric_error);
    pixel_accumulator defects;
    defects.add(map, std::vector<std::uint8_t>(12, 1), 4, 3);
    CHECK_THROWS_WITH(defects.result(), mentions("pixel metrics", "all 12 pixels in 1 maps are defects"));
    defects.add(map, {}, 4, 3);
    CHECK(std::isnan(defects.result().aupro_per_image));
}

TEST_CASE("a refused map leaves the counts unchanged", "[metrics]") {
    const auto maps = noisy_maps(4, 7);
    pixel_accumulator metrics;
    for (const auto& [map, mask] : maps) metrics.add(map, mask, side, side);
    auto broken = maps[0].map;
    broken[17] = std::nanf("");
    CHECK_THROWS_WITH(metrics.add(broken, maps[0].mask, side, side), mentions("pixel metrics: map 4", "score 17 is NaN"));
    CHECK_THROWS_WITH(metrics.add(maps[0].map, maps[0].mask, side, side - 1),
                      mentions("map 4 has 576 scores", "mask has 576 pixels", "24 x 23 needs 552"));
    CHECK_THROWS_WITH(metrics.add(maps[0].map, std::vector<std::uint8_t>(3), side, side),
                      mentions("map 4 has 576 scores", "mask has 3 pixels", "24 x 24 needs 576"));
    CHECK_THROWS_WITH(metrics.add(maps[0].map, maps[0].mask, side, side, -1.0),
                      mentions("pixel metrics: map 4", "false-positive rate limit is -1.000000"));
    CHECK_THROWS_WITH(metrics.result(2.0), mentions("pixel metrics", "false-positive rate limit is 2.000000"));
    check_equal(metrics.result(), result_of(maps));
}
