#include <rd4ad/data/bsd.hpp>
//
#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;
using test::described;
using test::message_of;

const std::string pit =
    R"({"imageWidth": 8, "imageHeight": 6, "shapes": [{"label": "pit", "points": [[1, 1], [3, 1], [3, 2]]}]})";

TEST_CASE("BSData's own layout", "[data]") {
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
    CHECK(message_of<option_error>([&] { (void)data::open_bsd(root, 1); }) ==
          "the share of good images for the test is 1.000000, it must be 0 or more and below 1");
}

TEST_CASE("BSData in MVTec AD's layout", "[data]") {
    const test::scratch_folder folder;
    test::touch(folder.path(), {"train/good/a.jpg"});
    CHECK(data::open_bsd(folder.path()).train.size() == 1);
}

TEST_CASE("what isn't BSData says so", "[data]") {
    const test::scratch_folder folder;
    const std::string root = folder.path().string();
    const auto message = [&] { return message_of<data_error>([&] { (void)data::open_bsd(folder.path()); }); };
    CHECK(message() == root + ": expected the folders data and label, or train/good (layout bsd), found nothing");
    test::touch(folder.path(), {"data/readme.txt", "label/readme.txt"});
    CHECK(message() == root + "/data: holds no images (png, jpg, jpeg, bmp, tga); expected the photographs (layout bsd)");
    test::touch(folder.path(), {"data/1.jpg"});
    test::write_text(folder / "label/2.json", pit);
    CHECK(message() == root + "/label/2.json: labels no image; expected " + root + "/data/2.jpg or another image");
    std::filesystem::rename(folder / "label/2.json", folder / "label/1.json");
    CHECK(message() == root + "/data: each of its images has a label; expected good ones to train on as well");
}

TEST_CASE("ten files of the source in its own layout", "[data]") {
    const auto root = std::filesystem::path{RD4AD_SHARED_DIR} / "data/bsd_labelme";
    if (std::string{RD4AD_SHARED_DIR}.empty() || !std::filesystem::exists(root)) {
        WARN("skipped: the shared photographs aren't here");
        return;
    }
    const auto set = data::open_bsd(root);
    CHECK(set.train.size() == 5);
    CHECK(set.test.size() == 5);
    CHECK(set.test.back().kind == "Pitting");
}
}  // namespace
