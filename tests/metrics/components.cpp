#include <rd4ad/metrics/components.hpp>

#include <string>
#include <vector>

#include <rd4ad/core/random.hpp>
#include <support/catch.hpp>
#include <support/mentions.hpp>

using namespace rd4ad::metrics;
using rd4ad::test::mentions;

namespace {

std::vector<std::uint8_t> mask_of(const std::string& rows) {
    std::vector<std::uint8_t> mask;
    for (const char pixel : rows) mask.push_back(pixel == '.' ? 0 : 255);
    return mask;
}

/// A reference implementation: fills each region from its first pixel.
components flood_filled(const std::vector<std::uint8_t>& mask, std::size_t width, std::size_t height) {
    components found;
    found.labels.assign(mask.size(), 0);
    for (std::size_t start = 0; start < mask.size(); ++start) {
        if (mask[start] == 0 || found.labels[start] != 0) continue;
        std::size_t left = width, right = 0, top = height, bottom = 0, area = 0;
        std::vector<std::size_t> open{start};
        found.labels[start] = static_cast<std::int32_t>(found.regions.size() + 1);
        while (!open.empty()) {
            const std::size_t x = open.back() % width, y = open.back() / width;
            open.pop_back();
            ++area;
            left = std::min(left, x), right = std::max(right, x), top = std::min(top, y), bottom = std::max(bottom, y);
            for (std::size_t v = y == 0 ? 0 : y - 1; v <= std::min(y + 1, height - 1); ++v)
                for (std::size_t u = x == 0 ? 0 : x - 1; u <= std::min(x + 1, width - 1); ++u)
                    if (mask[v * width + u] != 0 && found.labels[v * width + u] == 0) {
                        found.labels[v * width + u] = found.labels[start];
                        open.push_back(v * width + u);
                    }
        }
        found.regions.push_back({left, top, right - left + 1, bottom - top + 1, area});
    }
    return found;
}

}  // namespace

TEST_CASE("pixels that touch at an edge or corner are one region, numbered in reading order", "[metrics]") {
    const auto found = label_components(mask_of("..#..##"
                                                ".#...#."
                                                "....#.."
                                                "##....."
                                                ".#...#."),
                                        7, 5);
    CHECK(found.labels == std::vector<std::int32_t>{0, 0, 1, 0, 0, 2, 2, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0,
                                                    2, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 4, 0});
    CHECK(found.regions == std::vector<region>{{1, 0, 2, 2, 2}, {4, 0, 3, 3, 4}, {0, 3, 2, 2, 3}, {5, 4, 1, 1, 1}});
}

TEST_CASE("branches that meet in a later row are one region", "[metrics]") {
    const auto found = label_components(mask_of("#.#.#"
                                                "#.#.#"
                                                "#####"),
                                        5, 3);
    CHECK(found.regions == std::vector<region>{{0, 0, 5, 3, 11}});
}

TEST_CASE("regions of random masks equal a flood fill", "[metrics]") {
    rd4ad::random source{9};
    for (int i = 0; i < 60; ++i) {
        const std::size_t width = 1 + source.below(24), height = 1 + source.below(24);
        const double share = source.uniform();
        std::vector<std::uint8_t> mask(width * height);
        for (auto& pixel : mask) pixel = source.uniform() < share ? 1 : 0;
        const auto found = label_components(mask, width, height), expected = flood_filled(mask, width, height);
        CHECK(found.labels == expected.labels);
        CHECK(found.regions == expected.regions);
    }
}

TEST_CASE("an empty mask has no region, and a mask of the wrong size is refused", "[metrics]") {
    CHECK(label_components(std::vector<std::uint8_t>(12), 4, 3).regions.empty());
    CHECK(label_components({}, 0, 0).regions.empty());
    CHECK_THROWS_WITH(label_components(std::vector<std::uint8_t>(11), 4, 3),
                      mentions("label_components", "11 pixels", "4 x 3 needs 12"));
    CHECK_THROWS_AS(label_components(std::vector<std::uint8_t>(11), 4, 3), rd4ad::shape_error);
}
