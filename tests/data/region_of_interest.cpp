// A region of interest: stored and read again, fitted like its image, refused where it is empty or of another size.
#include <rd4ad/data/region_of_interest.hpp>

#include <cstddef>
#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {

using namespace rd4ad;

/// A mask whose pixels are inside in a block.
image::image_u8 block_mask(std::size_t width, std::size_t height, const image::pixel_box& inside) {
    auto mask = image::make_image<std::uint8_t>(width, height, 1);
    for (std::size_t y = inside.y; y < inside.y + inside.height; ++y)
        for (std::size_t x = inside.x; x < inside.x + inside.width; ++x) *mask.at(x, y) = 1;
    return mask;
}

std::string roi_problem(const io::json& from) {
    return test::message_of<format_error>([&] { static_cast<void>(data::roi_from(from, "part.safetensors")); });
}

}  // namespace

TEST_CASE("a region of interest is stored as runs of pixels", "[data]") {
    for (const auto& inside : {image::pixel_box{1, 1, 3, 2}, image::pixel_box{0, 0, 5, 4}, image::pixel_box{4, 3, 1, 1}}) {
        const auto roi = data::make_roi(block_mask(5, 4, inside), "mask.png");
        const auto back = data::roi_from(io::parse_json(to_json(roi).dump(), "text"), "part.safetensors");
        CHECK((back.kind == data::roi_kind::one_for_all && back.name == "part.safetensors"));
        CHECK(*back.mask == *roi.mask);
    }
    CHECK(data::to_json(data::make_roi(block_mask(5, 4, {1, 1, 3, 2}))).at("runs") == io::json{6, 3, 2, 3, 6});
    CHECK(data::roi_from({}, "part").kind == data::roi_kind::whole);
    const auto own = data::roi_from(data::to_json({.kind = data::roi_kind::per_image, .files = {{"a.png", "m.png"}}}), "part");
    CHECK((own.kind == data::roi_kind::per_image && own.files.empty() && !own.mask));
}

TEST_CASE("a region of interest that can't be read is refused", "[data]") {
    const auto good = to_json(data::make_roi(block_mask(5, 4, {1, 1, 3, 2})));
    auto wrong = good;
    wrong["runs"] = {6, 3};
    CHECK_THAT(roi_problem(wrong), test::mentions("part.safetensors", "9 pixels", "20"));
    wrong["runs"] = {6, 30};
    CHECK_THAT(roi_problem(wrong), test::mentions("part.safetensors", "more than 20"));
    wrong = good, wrong["width"] = 1u << 30;
    CHECK_THAT(roi_problem(wrong), test::mentions("part.safetensors", 1u << 30));
    wrong = good, wrong["kind"] = "star";
    CHECK_THAT(roi_problem(wrong), test::mentions("part.safetensors", "star"));
    CHECK_THAT(roi_problem({{"kind", 3}}), test::mentions("part.safetensors", "train again"));
    wrong = good, wrong["runs"] = {20};
    CHECK_THAT(test::message_of<data_error>([&] { static_cast<void>(data::roi_from(wrong, "part.safetensors")); }),
               test::mentions("part.safetensors", "5 x 4", "empty"));
}

TEST_CASE("a region of interest is fitted like its image, and limits a map", "[data]") {
    const auto transform = image::make_fit_transform({.fit = image::fit::pad, .size = 32}, 40, 20);
    const auto fitted = data::fit_roi(transform, block_mask(40, 20, {0, 0, 20, 20}));
    CHECK(fitted == image::fit_mask(transform, block_mask(40, 20, {0, 0, 20, 20})));
    auto map = image::make_image<float>(32, 32, 1, 0.5f);
    data::limit_map(map, fitted);
    CHECK((*map.at(3, 16) == 0.5f && *map.at(28, 16) == 0 && *map.at(3, 2) == 0));
    const auto refusal = [&](const image::image_u8& mask) {
        return test::message_of<data_error>([&] { static_cast<void>(data::fit_roi(transform, mask, "mask.png")); });
    };
    CHECK_THAT(refusal(block_mask(20, 40, {0, 0, 3, 3})), test::mentions("mask.png", "20 x 40", "40 x 20", "draw the mask"));
    const auto cropped = image::make_fit_transform({.size = 64, .crop = 32}, 64, 64);
    CHECK_THAT(test::message_of<data_error>([&] {
                   static_cast<void>(data::fit_roi(cropped, block_mask(64, 64, {0, 0, 9, 9})));
               }),
               test::mentions("32 x 32", "enlarge"));
    CHECK_THAT(test::message_of<data_error>([] { static_cast<void>(data::make_roi(block_mask(6, 5, {}), "empty.png")); }),
               test::mentions("empty.png", "6 x 5", "white"));
}
