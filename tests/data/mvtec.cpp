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
                       "ground_truth/crack/000.png", "readme.txt", "test/.cache/x.png"});
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
}  // namespace
