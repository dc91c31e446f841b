#include <rd4ad/data/check_masks.hpp>
//
#include <numeric>

#include <support/catch.hpp>
#include <support/layouts.hpp>
#include <support/png_files.hpp>

namespace {
using namespace rd4ad;
using test::mentions;
using test::png_colour;

/// A defect with an image of the given size and a mask.
data::item add_defect(data::dataset& set, const std::filesystem::path& root, const std::string& name, std::size_t width = 6,
                      std::size_t height = 4) {
    const auto image = root / (name + ".png"), mask = root / "masks" / (name + ".png");
    std::filesystem::create_directories(mask.parent_path());
    image::write_png(image, image::make_image<std::uint8_t>(width, height, 3));
    test::write_mask(mask, width, height, 1, 1);
    return set.test.emplace_back(data::item{.image = image, .is_anomalous = true, .kind = "pit", .mask = mask});
}

/// The faults and the notes, one per line.
std::string checked(const data::dataset& set, data::mask_choice choice = data::mask_choice::automatic) {
    const auto found = data::check_masks(set, choice);
    std::string all;
    for (const auto& one : found.faults) all += "fault: " + one + '\n';
    for (const auto& one : found.notes) all += "note: " + one + '\n';
    return all;
}

TEST_CASE("masks of 0 and 255 need no word", "[data]") {
    const test::scratch_folder folder;
    data::dataset set;
    CHECK(checked(set).empty());
    for (const char* name : {"a", "b"}) (void)add_defect(set, folder.path(), name);
    set.test.push_back({.image = folder / "good.png"});
    CHECK(checked(set).empty());
    test::write_content(folder / "masks/a.png", "damaged");  // scoring reports it
    test::write_content(folder / "b.png", "damaged");
    CHECK(checked(set).empty());
    set.test[1].mask = folder / "masks/gone.json";
    set.test.push_back({.image = folder / "c.png", .is_anomalous = true, .kind = "pit", .mask_expected = "masks/c.png"});
    const auto found = data::check_masks(set);
    REQUIRE((found.unreadable.size() == 2 && found.missing.size() == 1));
    CHECK_THAT(found.unreadable[0], mentions(folder / "masks/a.png", "is not an image"));
    CHECK_THAT(found.unreadable[1], mentions(folder / "masks/gone.json"));
    CHECK_THAT(found.missing[0], mentions(folder / "c.png", "its mask is missing", "masks/c.png"));
}

TEST_CASE("every contradiction of masks, images and labels is a fault", "[data]") {
    const test::scratch_folder folder;
    data::dataset set;
    for (const char* name : {"black", "small", "level", "fine", "good"}) (void)add_defect(set, folder.path(), name);
    image::write_png(folder / "masks/black.png", image::make_image<std::uint8_t>(6, 4, 1));
    test::write_mask(folder / "masks/small.png", 3, 2, 1, 1);
    test::write_raw_png(folder / "masks/level.png", 2, 1, png_colour::grey, {3, 4});
    set.test.back().is_anomalous = false;
    set.test.back().kind = "good";
    test::write_content(folder / "masks/shapes.json", R"({"imageWidth": 6, "imageHeight": 4, "shapes": []})");
    set.test.push_back(
        {.image = folder / "fine.png", .is_anomalous = true, .kind = "dent", .mask = folder / "masks/shapes.json"});
    const auto found = data::check_masks(set);
    CHECK(found.faults.size() == 5);
    CHECK_THAT(checked(set), mentions(text(folder / "masks/black.png", ": marks no pixel"), "is a defect (pit)",
                                      text(folder / "masks/small.png", ": the mask is 3 x 2"), "is 6 x 4",
                                      text(folder / "masks/level.png", ": is a mask without a black pixel"),
                                      text(folder / "masks/good.png", ": marks a defect"), folder / "good.png", " is good",
                                      text(folder / "masks/shapes.json", ": marks no pixel"), "(dent)"));
}

TEST_CASE("how masks are read is told, and defects without one", "[data]") {
    const test::scratch_folder folder;
    data::dataset set;
    for (const char* name : {"a", "b", "c", "d", "e"}) (void)add_defect(set, folder.path(), name);
    test::write_mask(folder / "masks/a.png", 6, 4, 1, 1, 1);
    test::write_mask(folder / "masks/b.png", 6, 4, 1, 1, 1);
    std::vector<unsigned> red(6 * 4 * 3);
    red[3] = 255;
    test::write_raw_png(folder / "masks/c.png", 6, 4, png_colour::rgb, red);
    image::write_png(folder / "masks/d.png", image::make_image<std::uint8_t>(6, 4, 1, 255));
    set.test.back().mask.reset();
    const auto all = checked(set);
    CHECK_THAT(all,
               mentions("note: 2 masks have other values than 0 and 255", "1 mask has colours", "1 mask marks most of the image",
                        folder / "masks/d.png", "1 defect has no mask, of 5", folder / "e.png"));
    CHECK(all.find("fault") == std::string::npos);
}

TEST_CASE("masks most of which look inverted are refused, unless one of the flags tells how to read them", "[data]") {
    const test::scratch_folder folder;
    data::dataset set;
    for (const char* name : {"a", "b", "c"}) {
        (void)add_defect(set, folder.path(), name);
        auto mask = image::make_image<std::uint8_t>(6, 4, 1, 255);
        *mask.at(2, 2) = 0;
        if (name != std::string{"c"}) image::write_png(folder / "masks" / (name + std::string{".png"}), mask);
    }
    CHECK_THAT(checked(set),
               mentions("fault: 2 of 3 masks look inverted", folder / "masks/a.png", "--masks zero", "--masks nonzero"));
    CHECK(data::check_masks(set, data::mask_choice::nonzero).faults.empty());
    for (auto& one : set.test) one.mask_values = image::mask_values::zero;
    set.test.pop_back();
    CHECK(checked(set, data::mask_choice::zero).empty());
}

TEST_CASE("masks on the stored pixels of images that EXIF turns are turned likewise", "[data]") {
    const test::scratch_folder folder;
    const auto turned = [&](int orientation, std::size_t width, std::size_t height) {  // the images are 16 x 24 pixels as stored
        const auto image = test::image_data(text("formats/orientation_", orientation, ".jpg"));
        const auto mask = folder / text("mask", orientation, ".png");
        test::write_mask(mask, width, height, 1, 2);
        return data::item{.image = image, .is_anomalous = true, .kind = "pit", .mask = mask};
    };
    const auto upright = image::read_size(test::image_data("formats/orientation_6.jpg"));
    const auto plain = image::read_size(test::image_data("formats/orientation_1.jpg"));
    REQUIRE(upright == plain);  // the fixtures show the same image
    data::dataset set;
    for (const int orientation : {5, 6, 7, 8}) {
        set.test = {turned(orientation, upright.height, upright.width)};
        CAPTURE(orientation);
        CHECK_THAT(checked(set), mentions("note: 1 mask is drawn on the stored pixels", "turned likewise"));
        auto stored = image::make_image<std::uint8_t>(upright.height, upright.width, 1);
        *stored.at(1, 2) = 1;
        CHECK(data::load_mask(set.test[0], upright.width, upright.height) == image::upright(stored, orientation));
        set.test = {turned(orientation, upright.width, upright.height)};
        CHECK(checked(set).empty());
    }
    set.test = {turned(3, upright.width, upright.height)};
    CHECK_THAT(checked(set), mentions("note: 1 mask is taken as drawn on the upright pixels", "mask3.png"));
    set.test.push_back(turned(6, upright.height, upright.width));
    CHECK_THAT(checked(set),
               mentions("fault: 1 mask may be drawn on the stored or on the turned pixels", "mask3.png", "upright"));
    set.test = {turned(1, upright.height, upright.width)};
    CHECK_THAT(checked(set), mentions("fault: ", "mask1.png", "draw the mask at the image's size"));
}
}  // namespace
