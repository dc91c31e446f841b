// Masks from files: one for all images, or one per image by its name and its folders' names.
#include <rd4ad/data/open_roi.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include <rd4ad/data/items.hpp>

#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {

using namespace rd4ad;
using paths = std::vector<std::filesystem::path>;

std::string roi_refusal(const std::filesystem::path& path, const paths& images) {
    return test::message_of<data_error>([&] { static_cast<void>(data::open_roi(path, images)); });
}

}  // namespace

TEST_CASE("one mask serves all images of its size", "[data]") {
    const test::scratch_folder folder;
    test::write_mask(folder / "roi.png", 6, 4, 5, 2);
    const auto roi = data::open_roi(folder / "roi.png", {});
    CHECK(roi.kind == data::roi_kind::one_for_all);
    const auto mask = data::roi_mask(roi, "a.png", 6, 4);
    CHECK((mask == roi.mask && *mask->at(5, 2) == 1 && *mask->at(0, 0) == 0));
    CHECK_THAT(test::message_of<data_error>([&] { static_cast<void>(data::roi_mask(roi, "a.png", 4, 6)); }),
               test::mentions(folder / "roi.png", "6 x 4", "a.png", "4 x 6", "draw the mask"));
    test::write_mask(folder / "empty.png", 6, 4, 5, 2, 0);
    CHECK_THAT(roi_refusal(folder / "empty.png", {}), test::mentions(folder / "empty.png", "6 x 4", "empty"));
    CHECK(data::roi_mask({}, "a.png", 4, 6) == nullptr);
}

TEST_CASE("masks per image have the images' names, in their folders where names repeat", "[data]") {
    const test::scratch_folder folder;
    const paths images{folder / "set/test/good/0.jpg", folder / "set/test/cut/0.jpg", folder / "set/train/good/1.png"};
    const auto masks = folder / "masks";
    test::write_mask(masks / "test/good/0.png", 6, 4, 0, 0);
    test::write_mask(masks / "cut/0_mask.png", 6, 4, 1, 0);
    test::write_mask(masks / "1.PNG", 6, 4, 2, 0);
    const auto roi = data::open_roi(masks, images);
    CHECK((roi.kind == data::roi_kind::per_image && roi.files.size() == 3));
    for (std::size_t i = 0; i < 3; ++i) CHECK(*data::roi_mask(roi, images[i], 6, 4)->at(i, 0) == 1);
    CHECK_THAT(test::message_of<data_error>([&] { static_cast<void>(data::roi_mask(roi, images[1], 6, 5)); }),
               test::mentions(masks / "cut/0_mask.png", "6 x 4", images[1], "6 x 5"));
    CHECK_THAT(test::message_of<data_error>([&] { static_cast<void>(data::roi_mask(roi, "other.png", 6, 4)); }),
               test::mentions("other.png", "no mask", "--roi"));
    CHECK_THAT(roi_refusal(masks, {folder / "set/test/good/2.jpg"}),
               test::mentions(masks, "no mask of", "2.jpg", "2.png", "good/2.png"));
    test::write_mask(masks / "7.png", 6, 4, 2, 0);
    CHECK_THAT(roi_refusal(masks, {folder / "set/test/good/7.jpg", folder / "set/test/cut/7.jpg"}),
               test::mentions(masks / "7.png", "two images", "good/7.jpg", "cut/7.jpg", "sub-folders"));
}

TEST_CASE("joined data sets name the product of each item", "[data]") {
    const auto all =
        data::join("both", {{.name = "a", .train = {{.image = "1.png"}}, .validation = {{.image = "2.png"}}},
                            {.name = "b", .train = {{.image = "3.png"}}, .test = {{.image = "4.png", .product = "c"}}}});
    CHECK((all.name == "both" && all.train.size() == 2 && all.test.size() == 1 && all.validation.size() == 1));
    CHECK((all.train[0].product == "a" && all.train[1].product == "b" && all.validation[0].product == "a"));
    CHECK(all.test[0].product == "c");
}
