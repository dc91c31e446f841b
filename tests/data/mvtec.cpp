#include <rd4ad/data/mvtec.hpp>
//
#include <algorithm>

#include <support/catch.hpp>
#include <support/layouts.hpp>
#include <support/skip.hpp>

namespace {
using namespace rd4ad;
using test::described;
using test::mentions;
using test::message_of;

TEST_CASE("MVTec AD's layout is opened", "[data]") {
    const test::scratch_folder folder;
    const auto root = folder / "bottle";
    test::touch(root, {"train/good/001.png", "train/good/000.png", "train/bad/000.png", "test/good/000.png", "test/crack/000.png",
                       "test/crack/001.jpg", "test/broken/7.png", "ground_truth/crack/000_mask.png", "ground_truth/crack/001.PNG",
                       "ground_truth/crack/000.png", "readme.txt", "test/.cache/x.png", "test/@eaDir/y.png"});
    const auto set = data::open_mvtec(root);
    CHECK(set.name == "bottle");
    CHECK(described(set.train, root) == test::lines{"train/good/000.png good -", "train/good/001.png good -"});
    CHECK(described(set.test, root) == test::lines{"test/good/000.png good -", "test/broken/7.png broken! -",
                                                   "test/crack/000.png crack! ground_truth/crack/000_mask.png",
                                                   "test/crack/001.jpg crack! ground_truth/crack/001.PNG"});
    CHECK(data::has_masks(set));
    CHECK_THAT(message_of<data_error>([&] { (void)data::load_mask(set.test[1], 4, 4); }),
               mentions(root / "test/broken/7.png", "mask is missing", root / "ground_truth/broken/7_mask.png",
                        root / "ground_truth/broken/7.png"));
}

TEST_CASE("MVTec AD's layout is opened without masks and without a test folder", "[data]") {
    const test::scratch_folder folder;
    test::touch(folder.path(), {"train/good/0.png"});
    CHECK(data::open_mvtec(folder.path()).test.empty());
    test::touch(folder.path(), {"test/crack/0.png"});
    const auto set = data::open_mvtec(folder.path());
    CHECK(set.test.size() == 1);
    CHECK_FALSE(data::has_masks(set));
}

TEST_CASE("a folder that isn't in MVTec AD's layout is refused", "[data]") {
    const test::scratch_folder folder;
    const auto message = [&] { return message_of<data_error>([&] { (void)data::open_mvtec(folder.path()); }); };
    const std::string root = folder.path().string();
    test::touch(folder.path(), {"images/0.png"});
    CHECK_THAT(message(), mentions(root + ": ", "expected train/good with good images", "layout mvtec", "found images"));
    test::touch(folder.path(), {"train/good/notes.txt"});
    CHECK_THAT(message(), mentions(root + "/train/good: ", "no images", "good images to train on"));
    test::touch(folder.path(), {"train/good/0.png", "test/crack/notes.txt"});
    CHECK_THAT(message(), mentions(root + "/test/crack: ", "no images", "kind \"crack\""));
    test::touch(folder.path(), {"test/crack/0.png", "test/good/notes.txt"});
    CHECK_THAT(message(), mentions(root + "/test/good: ", "no images", "good test images"));
    test::touch(folder.path(), {"test/good/0.png", "test/0.png"});
    CHECK_THAT(message(), mentions(root + "/test: ", "holds images", "one folder per kind: good"));
}

TEST_CASE("BSData in MVTec AD's layout has 160 training and 100 test images, 60 of them with masks", "[data]") {
    const auto root = std::filesystem::path{RD4AD_SHARED_DIR} / "data/bsd";
    RD4AD_SKIP_UNLESS(std::filesystem::exists(root), "the shared images are missing");
    const auto set = data::open_mvtec(root);
    CHECK(set.train.size() == 160);
    CHECK(set.test.size() == 100);
    CHECK(std::count_if(set.test.begin(), set.test.end(), [](const auto& one) { return one.mask.has_value(); }) == 60);
    const auto mask = data::load_mask(set.test.back(), 1130, 460);
    const auto defect = std::count(mask.pixels.begin(), mask.pixels.end(), std::uint8_t{1});
    CHECK(defect > 0);
    CHECK(defect < 50000);
}

TEST_CASE("MVTec AD's layout states every file, and names the folders that it does not use", "[data]") {
    const test::scratch_folder folder;
    const auto& root = folder.path();
    test::touch(root, {"train/good/0.png", "train/good/1.gif", "train/good/lot/2.png", "train/other/3.png", "val/good/4.png",
                       "test/good/5.png", "test/crack/6.png", "test/@eaDir/6.png", "ground_truth/crack/6_mask.png",
                       "ground_truth/crack/7_mask.png", "licence.txt"});
    const auto set = data::open_mvtec(root);
    CHECK(set.validation.size() == 1);
    CHECK(data::summary(set.files) ==
          "11 files: 5 used (train 1, validation 1, test 2, masks 1), 6 left out: 1 mask without an image, 1 .txt (not read), "
          "1 of the system (@eaDir), 1 .gif (not read), 1 in sub-folders (--recursive), 1 in train/other (not used)");
    const auto all = data::open_mvtec(root, {.recursive = true});
    CHECK(described(all.train, root) == test::lines{"train/good/0.png good -", "train/good/lot/2.png good -"});
}

TEST_CASE("folders of good images and of splits are recognised in any spelling", "[data]") {
    const test::scratch_folder folder;
    const auto& root = folder.path();
    test::touch(root, {"Train/Good/0.png", "Train/normal/1.png", "TEST/OK/2.png", "TEST/crack/3.png", "VAL/pass/4.png",
                       "Ground_Truth/Crack/3-mask.png"});
    CHECK(data::is_mvtec(root));
    const auto set = data::open_mvtec(root);
    CHECK(described(set.train, root) == test::lines{"Train/Good/0.png good -", "Train/normal/1.png good -"});
    CHECK(described(set.validation, root) == test::lines{"VAL/pass/4.png good -"});
    CHECK(described(set.test, root) ==
          test::lines{"TEST/OK/2.png good -", "TEST/crack/3.png crack! Ground_Truth/Crack/3-mask.png"});
    CHECK(set.notes == test::lines{"the images in Train/Good are good ones", "the images in Train/normal are good ones",
                                   "the images in VAL/pass are good ones", "the images in TEST/OK are good ones"});
}

TEST_CASE("labelme files are masks of test images", "[data]") {
    const test::scratch_folder folder;
    const auto& root = folder.path();
    const std::string shapes =
        R"({"imageWidth": 8, "imageHeight": 6, "shapes": [{"label": "pit", "points": [[1, 1], [3, 1], [3, 2]]}]})";
    test::touch(root, {"train/good/0.png", "test/pit/1.png", "test/pit/2.png"});
    test::write_text(root / "test/pit/1.json", shapes);
    test::write_content(root / "ground_truth/pit/2.json", shapes);
    const auto set = data::open_mvtec(root);
    CHECK(described(set.test, root) ==
          test::lines{"test/pit/1.png pit! test/pit/1.json", "test/pit/2.png pit! ground_truth/pit/2.json"});
    CHECK(set.notes == test::lines{"labelme files beside the test images are their masks"});
    CHECK(set.files.left_out.empty());
}

TEST_CASE("all faults of MVTec AD's layout are in one message", "[data]") {
    const test::scratch_folder folder;
    const auto& root = folder.path();
    test::touch(
        root, {"train/good/0.png", "train/good/1.png", "test/2.png", "test/good_2/3.png", "test/crack/4.png", "test/empty/x.txt",
               "ground_truth/crack/crack-004.png", "test/dent/5.png", "test/dent/5.jpg", "ground_truth/dent/5_mask.png"});
    test::write_text(root / "train/good/1.json", R"({"shapes": [{"label": "rust"}]})");
    CHECK_THAT(message_of<data_error>([&] { (void)data::open_mvtec(root); }),
               mentions("6 faults", root / "train/good/1.png", "labels 1 defect", "rust", text(root / "test", ": holds images"),
                        text(root / "test/good_2", ": the name doesn't tell"), text(root / "test/empty", ": holds no images"),
                        text(root / "ground_truth/crack", ": holds 1 masks, and none of them"), "crack-004.png",
                        root / "ground_truth/crack/4_mask.png", root / "test/dent/5.png", root / "test/dent/5.jpg",
                        root / "ground_truth/dent/5_mask.png"));
}
}  // namespace
