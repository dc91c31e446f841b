#include <rd4ad/data/detail/mask_files.hpp>
//
#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;
namespace detail = data::detail;
using test::mentions;
using test::message_of;

TEST_CASE("the image of a mask is recognised in every usual spelling", "[data]") {
    for (const char* name : {"000_mask", "000-mask", "000.mask", "000 mask", "000_Mask", "000_MASK", "000_gt", "000_GT", "000-GT",
                             "000_ground_truth", "000_label", "mask_000", "GT-000"}) {
        CAPTURE(name);
        CHECK(detail::image_stem_of_mask(name) == "000");
    }
    for (const char* name : {"000", "mask", "unmask", "damask", "_mask", "mask_", "masked_000"}) {
        CAPTURE(name);
        CHECK_FALSE(detail::image_stem_of_mask(name));
    }
}

TEST_CASE("a mask is found by the stem of its image", "[data]") {
    const test::scratch_folder folder;
    const auto& root = folder.path();
    test::touch(root, {"000-mask.png", "001.png", "001_mask.png", "002.PNG", "003.json", "img_4_mask.png", "005.png.png",
                       "006.jpg_mask.bmp", ".007.png", "lot/008_mask.png"});
    detail::reading to{{}, {}};
    const detail::mask_folder masks{root, to};
    const auto found = [&](const std::filesystem::path& image) {
        const auto mask = masks.find(root / "images" / image, image, to);
        return mask ? mask->lexically_relative(root).generic_string() : "none";
    };
    CHECK(found("000.png") == "000-mask.png");
    CHECK(found("001.jpg") == "001_mask.png");
    CHECK(found("002.png") == "002.PNG");
    CHECK(found("003.png") == "003.json");
    CHECK(found("IMG_4.PNG") == "img_4_mask.png");
    CHECK(found("005.png") == "005.png.png");
    CHECK(found("006.jpg") == "006.jpg_mask.bmp");
    CHECK(found("007.png") == "none");
    CHECK(found("lot/008.png") == "none");
    CHECK(masks.size() == 8);
    detail::reading deep{{}, {.recursive = true}};
    CHECK(detail::mask_folder{root, deep}.find(root / "x/lot/008.png", "lot/008.png", deep) == root / "lot/008_mask.png");
    CHECK_FALSE(to.has_faults());
}

TEST_CASE("two masks of one image and masks among images are faults", "[data]") {
    const test::scratch_folder folder;
    const auto& root = folder.path();
    test::touch(root, {"000.png", "000_mask.png", "000_mask.bmp", "001_mask.png"});
    detail::reading same{{}, {}};
    (void)detail::mask_folder{root, same}.find("000.jpg", "000.jpg", same);
    CHECK_FALSE(same.has_faults());
    test::write_text(root / "000_mask.bmp", "y");
    detail::reading to{{}, {}};
    (void)detail::mask_folder{root, to}.find("000.jpg", "000.jpg", to);
    CHECK_THAT(message_of<data_error>([&] { to.check(); }),
               mentions("000.jpg", "two masks", root / "000_mask.bmp", "000_mask.png"));
    detail::reading among{{}, {}};
    detail::check_masks_among(among.images(root, "train", "images"), among);
    CHECK_THAT(message_of<data_error>([&] { among.check(); }),
               mentions("2 faults", root / "000_mask.png", "mask of 000.png", "ground_truth/<defect>"));
}
}  // namespace
