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
    CHECK(data::open_bsd(root, {.good_for_test = 0}).test.size() == 1);
    CHECK(data::open_bsd(root, {.good_for_test = 0.5}).train.size() == 3);
    CHECK(*data::load_mask(set.test[1], 8, 6).at(2, 1) == 1);
    CHECK_THAT(message_of<option_error>([&] { (void)data::open_bsd(root, {.good_for_test = 1}); }),
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
    CHECK_THAT(message(), mentions(root + "/data: ", "no images", "png, jpg", "layout bsd"));
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

TEST_CASE("BSData states its files, and takes label files in any spelling", "[data]") {
    const test::scratch_folder folder;
    const auto& root = folder.path();
    test::touch(root, {"data/1.jpg", "data/2.jpg", "data/3.gif", "data/4.jpg", "label/readme.txt"});
    test::write_text(root / "label/2.JSON", pit);
    test::write_text(root / "label/4.json",
                     R"({"imageWidth": 8, "imageHeight": 6, "shapes": [{"label": "OK", "points": [[1, 1], [3, 1], [3, 2]]}]})");
    const auto set = data::open_bsd(root, {.good_for_test = 0});
    CHECK(described(set.train, root) == test::lines{"data/1.jpg good -", "data/4.jpg good -"});
    CHECK(described(set.test, root) == test::lines{"data/2.jpg pit! label/2.JSON"});
    CHECK(*data::load_mask(set.test[0], 8, 6).at(2, 1) == 1);
    CHECK(data::summary(set.files) ==
          "7 files: 5 used (labels 2, train 2, test 1), 2 left out: 1 .gif (not read), 1 .txt (not read)");
}

TEST_CASE("all faults of BSData's labels are in one message", "[data]") {
    const test::scratch_folder folder;
    const auto& root = folder.path();
    test::touch(root, {"data/1.jpg", "data/2.jpg", "data/2.png", "data/3.jpg", "data/4.jpg", "label/1.txt"});
    test::write_text(root / "label/2.json", pit);
    test::write_text(root / "label/3.json", "no JSON");
    test::write_text(root / "label/5.json", pit);
    CHECK_THAT(
        message_of<data_error>([&] { (void)data::open_bsd(root); }),
        mentions("4 faults", text(root / "label/5.json", ": its image is missing"), root / "data/2.png", root / "data/2.jpg",
                 text(root / "label/1.txt", ": has the name of the image"), text(root / "label/3.json", ": is not JSON")));
}
}  // namespace
