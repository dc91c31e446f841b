#include <rd4ad/data/bsd.hpp>
//
#include <support/catch.hpp>
#include <support/layouts.hpp>
#include <support/skip.hpp>

namespace {
using namespace rd4ad;
using test::described;
using test::mentions;
using test::message_of;

const std::string pit =
    R"({"imageWidth": 8, "imageHeight": 6, "shapes": [{"label": "pit", "points": [[1, 1], [3, 1], [3, 2]]}]})";

TEST_CASE("BSData is opened in its own layout", "[data]") {
    const test::scratch_folder folder;
    const auto& root = folder.path();
    test::touch(root, {"data/1.jpg", "data/2.jpg", "data/3.jpg", "data/4.jpg", "data/5.jpg", "data/6.jpg", "label/readme.txt"});
    test::write_text(root / "label/2.json", pit);
    test::write_text(root / "label/3.json", R"({"imageWidth": 8, "imageHeight": 6, "shapes": []})");
    const auto set = data::open_bsd(root);
    CHECK(described(set.train, root) ==
          test::lines{"data/1.jpg good -", "data/3.jpg good -", "data/4.jpg good -", "data/5.jpg good -"});
    CHECK(described(set.test, root) == test::lines{"data/6.jpg good -", "data/2.jpg pit! label/2.json"});
    CHECK(data::open_bsd(root, 0).test.size() == 1);
    CHECK(data::open_bsd(root, 0.5).train.size() == 3);
    CHECK(*data::load_mask(set.test[1], 8, 6).at(2, 1) == 1);
    CHECK_THAT(message_of<option_error>([&] { (void)data::open_bsd(root, 1); }),
               mentions("share of good images", "1.000000", "below 1"));
}

TEST_CASE("BSData is opened in MVTec AD's layout", "[data]") {
    const test::scratch_folder folder;
    test::touch(folder.path(), {"train/good/a.jpg"});
    CHECK(data::open_bsd(folder.path()).train.size() == 1);
}

TEST_CASE("a folder that isn't BSData is refused", "[data]") {
    const test::scratch_folder folder;
    const std::string root = folder.path().string();
    const auto message = [&] { return message_of<data_error>([&] { (void)data::open_bsd(folder.path()); }); };
    CHECK_THAT(message(), mentions(root + ": ", "the folders data and label, or train/good", "layout bsd", "found nothing"));
    test::touch(folder.path(), {"data/readme.txt", "label/readme.txt"});
    CHECK_THAT(message(), mentions(root + "/data: ", "no images", "png, jpg, jpeg, bmp, tga", "layout bsd"));
    test::touch(folder.path(), {"data/1.jpg"});
    test::write_text(folder / "label/2.json", pit);
    CHECK_THAT(message(), mentions(root + "/label/2.json: ", "image is missing", root + "/data/2.jpg"));
    std::filesystem::rename(folder / "label/2.json", folder / "label/1.json");
    CHECK_THAT(message(), mentions(root + "/data: ", "every image has a label", "to train on"));
}

TEST_CASE("ten files of BSData are opened in its own layout", "[data]") {
    const auto root = std::filesystem::path{RD4AD_SHARED_DIR} / "data/bsd_labelme";
    RD4AD_SKIP_UNLESS(std::filesystem::exists(root), "the shared images are missing");
    const auto set = data::open_bsd(root);
    CHECK(set.train.size() == 5);
    CHECK(set.test.size() == 5);
    CHECK(set.test.back().kind == "Pitting");
}
}  // namespace
