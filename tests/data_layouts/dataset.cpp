#include <rd4ad/data/dataset.hpp>
//
#include <numeric>

#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;
using test::message_of;

TEST_CASE("masks come at their image's size, zero for good parts", "[data]") {
    const test::scratch_folder folder;
    test::write_mask(folder / "m.png", 6, 4, 5, 2);
    const data::item defect{.image = folder / "a.png", .anomalous = true, .kind = "pit", .mask = folder / "m.png"};
    const auto mask = data::load_mask(defect, 6, 4);
    CHECK(*mask.at(5, 2) == 1);
    CHECK(std::accumulate(mask.pixels.begin(), mask.pixels.end(), 0) == 1);
    CHECK(data::load_mask({.image = "good.png"}, 3, 2) == image::make_image<std::uint8_t>(3, 2, 1));

    test::write_mask(folder / "faint.png", 6, 4, 1, 1, 3);
    auto faint = defect;
    faint.mask = folder / "faint.png";
    CHECK(*data::load_mask(faint, 6, 4).at(1, 1) == 0);
    faint.mask_above = 0;
    CHECK(*data::load_mask(faint, 6, 4).at(1, 1) == 1);

    CHECK(data::has_masks({.test = {{.image = "good.png"}, defect}}));
    CHECK_FALSE(data::has_masks({.train = {defect}, .test = {{.image = "good.png"}}}));
}

TEST_CASE("masks of another size, and missing ones", "[data]") {
    const test::scratch_folder folder;
    test::write_mask(folder / "m.png", 6, 4, 5, 2);
    data::item defect{.image = folder / "a.png", .anomalous = true, .kind = "pit", .mask = folder / "m.png"};
    CHECK(message_of<data_error>([&] { (void)data::load_mask(defect, 12, 8); }) ==
          (folder / "m.png").string() + ": the mask is 6 x 4 pixels, its image " + (folder / "a.png").string() +
              " is 12 x 8; they must be equal, draw the mask at the image's size");
    defect.mask.reset();
    CHECK(message_of<data_error>([&] { (void)data::load_mask(defect, 6, 4); }) ==
          (folder / "a.png").string() +
              ": its mask is missing; expected one in the data set; add it, or take the defect's image out of the test set");
    defect.mask_expected = "masks/a_mask.png or masks/a.png";
    CHECK(message_of<data_error>([&] { (void)data::load_mask(defect, 6, 4); }) ==
          (folder / "a.png").string() +
              ": its mask is missing; expected masks/a_mask.png or masks/a.png; add it, or take the "
              "defect's image out of the test set");
}
}  // namespace
