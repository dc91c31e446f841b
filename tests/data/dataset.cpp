#include <rd4ad/data/dataset.hpp>
//
#include <numeric>

#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;
using test::mentions;
using test::message_of;

TEST_CASE("a mask has its image's size and is zero for a good image", "[data]") {
    const test::scratch_folder folder;
    test::write_mask(folder / "m.png", 6, 4, 5, 2);
    const data::item defect{.image = folder / "a.png", .is_anomalous = true, .kind = "pit", .mask = folder / "m.png"};
    const auto mask = data::load_mask(defect, 6, 4);
    CHECK(*mask.at(5, 2) == 1);
    CHECK(std::accumulate(mask.pixels.begin(), mask.pixels.end(), 0) == 1);
    CHECK(data::load_mask({.image = "good.png"}, 3, 2) == image::make_image<std::uint8_t>(3, 2, 1));

    test::write_mask(folder / "faint.png", 6, 4, 1, 1, 3);
    auto faint = defect;
    faint.mask = folder / "faint.png";
    CHECK(*data::load_mask(faint, 6, 4).at(1, 1) == 1);
    faint.mask_values = image::mask_values::zero;
    CHECK(*data::load_mask(faint, 6, 4).at(1, 1) == 0);
    CHECK(*data::load_mask(faint, 6, 4).at(2, 1) == 1);

    CHECK(data::has_masks({.test = {{.image = "good.png"}, defect}}));
    CHECK_FALSE(data::has_masks({.train = {defect}, .test = {{.image = "good.png"}}}));
    CHECK_FALSE(data::has_masks({.test = {{.image = "good.png", .mask = folder / "m.png"}}}));
}

TEST_CASE("a mask of another size and a missing mask are refused", "[data]") {
    const test::scratch_folder folder;
    test::write_mask(folder / "m.png", 6, 4, 5, 2);
    data::item defect{.image = folder / "a.png", .is_anomalous = true, .kind = "pit", .mask = folder / "m.png"};
    const auto refusal = [&](std::size_t width, std::size_t height) {
        return message_of<data_error>([&] { (void)data::load_mask(defect, width, height); });
    };
    CHECK_THAT(refusal(12, 8), mentions(folder / "m.png", "6 x 4", folder / "a.png", "12 x 8", "draw the mask"));
    defect.mask.reset();
    CHECK_THAT(refusal(6, 4), mentions(folder / "a.png", "mask is missing", "one in the data set", "add it"));
    defect.mask_expected = "masks/a_mask.png or masks/a.png";
    CHECK_THAT(refusal(6, 4), mentions(folder / "a.png", "mask is missing", "expected masks/a_mask.png or masks/a.png"));
}
}  // namespace
