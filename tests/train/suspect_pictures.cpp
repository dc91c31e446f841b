// Pictures of suspects: names below the common folder, the map's regions in the image, scores by the others' calibration.
#include <rd4ad/train/suspect_pictures.hpp>

#include <cstddef>
#include <vector>

#include <rd4ad/image/write.hpp>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/image_files.hpp>

using namespace rd4ad;

namespace {

/// A result whose map has one peak of `height` over 0.1.
detection_result peaked_result(std::size_t x, std::size_t y, float height) {
    detection_result made{.raw_score = height, .map = image::make_image<float>(64, 64, 1, 0.1f)};
    made.transform = image::make_fit_transform({.size = 64}, 128, 96);
    for (std::size_t v = y; v < y + 4; ++v)
        for (std::size_t u = x; u < x + 4; ++u) *made.map.at(u, v) = height;
    return made;
}

}  // namespace

TEST_CASE("the common folder of files is the deepest that holds them all", "[train]") {
    using paths = std::vector<std::filesystem::path>;
    CHECK(common_folder(paths{"a/b/1.png", "a/b/2.png"}) == "a/b");
    CHECK(common_folder(paths{"a/b/1.png", "a/c/1.png"}) == "a");
    CHECK(common_folder(paths{"a/b/1.png", "a/bc/1.png"}) == "a");
    CHECK(common_folder(paths{"/x/1.png", "/y/1.png"}) == "/");
    CHECK(common_folder(paths{"x/1.png", "y/1.png"}).empty());
    CHECK(common_folder(paths{"/x/1.png", "y/1.png"}).empty());
    CHECK(common_folder(paths{}).empty());
}

TEST_CASE("suspects have their picture, map and regions", "[train]") {
    const test::scratch_folder folder;
    std::vector<std::filesystem::path> files;
    for (const char* name : {"a/0.png", "b/0.png", "b/1.png"}) {
        files.push_back(folder / name);
        std::filesystem::create_directories(files.back().parent_path());
        image::write_png(files.back(), test::noise(128, 96, 3, files.size()));
    }
    const calibration by{.typical = 0.2, .threshold = 0.5, .good_scores = {0.2f}};
    const std::vector<std::size_t> which{0, 2};
    const std::vector<double> p_values{0.02, 0.001};
    // The first lies below the threshold; its region begins at (0.2 + 0.45) / 2.
    const std::vector<detection_result> results{peaked_result(8, 16, 0.45f), peaked_result(40, 20, 0.9f)};
    const auto found = picture_suspects(files, which, p_values, results, by);
    REQUIRE(found.size() == 2);
    CHECK((found[0].image == files[2] && found[0].name == "b/1.png" && found[1].name == "a/0.png"));  // the highest first
    CHECK((found[0].p_value == 0.001 && found[1].p_value == 0.02));
    CHECK((found[0].width == 128 && found[0].height == 96));
    for (std::size_t i = 0; i < 2; ++i) {
        const auto& one = found[i];
        REQUIRE(one.score);
        CHECK(*one.score == by(one.raw_score));
        REQUIRE(one.regions.size() == 1);
        CHECK(static_cast<double>(one.regions[0].raw_score) == one.raw_score);
        CHECK(one.regions[0].box.x == Approx(i == 0 ? 80 : 16));
        CHECK(one.regions[0].box.y == Approx(i == 0 ? 30 : 24));
        CHECK((one.regions[0].box.width == Approx(8) && one.regions[0].box.height == Approx(6)));
        CHECK((!one.thumbnail.image.empty() && !one.thumbnail.map.empty() && one.thumbnail.mask.empty()));
        CHECK((one.thumbnail.low == 0.1f && one.thumbnail.high == Approx(one.raw_score)));
    }
    CHECK(picture_suspects(files, {}, {}, {}, by).empty());
}
