// Pixel metrics inside a region of interest: those of the pixels inside alone, with the defects' areas inside.
#include <rd4ad/metrics/pixel_metrics.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/values.hpp>

namespace {

constexpr std::size_t roi_side = 16;

/// A seeded map, and a mask with a defect across the middle.
struct map_and_mask {
    std::vector<float> map;
    std::vector<std::uint8_t> mask;
};

map_and_mask seeded_map(std::uint64_t seed) {
    map_and_mask made{rd4ad::test::normal_values<float>(seed, roi_side * roi_side),
                      std::vector<std::uint8_t>(roi_side * roi_side, 0)};
    for (std::size_t x = 2; x < 14; ++x)
        for (std::size_t y = 6; y < 9; ++y) {
            made.mask[y * roi_side + x] = 1;
            made.map[y * roi_side + x] += 1;
        }
    return made;
}

}  // namespace

TEST_CASE("pixel metrics inside are those of the image cut to the region", "[metrics]") {
    using namespace rd4ad::metrics;
    pixel_accumulator inside, cut, whole;
    for (std::uint64_t seed = 1; seed < 5; ++seed) {
        auto [map, mask] = seeded_map(seed);
        std::vector<std::uint8_t> left_half(map.size(), 0);
        std::vector<float> cut_map;
        std::vector<std::uint8_t> cut_mask;
        for (std::size_t i = 0; i < map.size(); ++i) {
            if (i % roi_side >= 8) {
                map[i] += 50;  // a distraction outside
                continue;
            }
            left_half[i] = 1, cut_map.push_back(map[i]), cut_mask.push_back(mask[i]);
        }
        inside.add(map, mask, roi_side, roi_side, 0.3, left_half);
        cut.add(cut_map, cut_mask, 8, roi_side);
        whole.add(map, mask, roi_side, roi_side);
    }
    const auto found = inside.result(), expected = cut.result();
    CHECK(found.auroc == expected.auroc);
    CHECK(found.average_precision == expected.average_precision);
    CHECK(found.best_f1 == expected.best_f1);
    CHECK(found.aupro == expected.aupro);
    CHECK(found.aupro_per_image == expected.aupro_per_image);
    CHECK(whole.result().auroc < found.auroc);
    CHECK(inside.maps() == 4);
}

TEST_CASE("a defect outside the region is none, and a region of another size is refused", "[metrics]") {
    using namespace rd4ad;
    metrics::pixel_accumulator found;
    const auto [map, mask] = seeded_map(1);
    std::vector<std::uint8_t> top(map.size(), 0);
    for (std::size_t i = 0; i < 4 * roi_side; ++i) top[i] = 1;
    found.add(map, mask, roi_side, roi_side, 0.3, top);
    CHECK((found.scores().positives() == 0 && found.scores().negatives() == 4 * roi_side && found.regions() == 0));
    top.pop_back();
    CHECK_THAT(test::message_of([&, &scores = map, &truth = mask] { found.add(scores, truth, roi_side, roi_side, 0.3, top); }),
               test::mentions("256 scores", "255 pixels"));
}
