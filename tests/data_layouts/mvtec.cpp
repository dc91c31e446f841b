#include <rd4ad/data/mvtec.hpp>
//
#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;
using test::described;
using test::message_of;

TEST_CASE("MVTec AD's layout", "[data]") {
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
    CHECK(message_of<data_error>([&] { (void)data::load_mask(set.test[1], 4, 4); }) ==
          (root / "test/broken/7.png").string() + ": its mask is missing; expected " +
              (root / "ground_truth/broken/7_mask.png").string() + " or " + (root / "ground_truth/broken/7.png").string() +
              "; add it, or take the defect's image out of the test set");
}

TEST_CASE("MVTec AD's layout without masks and without tests", "[data]") {
    const test::scratch_folder folder;
    test::touch(folder.path(), {"train/good/0.png"});
    CHECK(data::open_mvtec(folder.path()).test.empty());
    test::touch(folder.path(), {"test/crack/0.png"});
    const auto set = data::open_mvtec(folder.path());
    CHECK(set.test.size() == 1);
    CHECK_FALSE(data::has_masks(set));
}

TEST_CASE("what isn't MVTec AD's layout says so", "[data]") {
    const test::scratch_folder folder;
    const auto message = [&] { return message_of<data_error>([&] { (void)data::open_mvtec(folder.path()); }); };
    const std::string root = folder.path().string();
    test::touch(folder.path(), {"images/0.png"});
    CHECK(message() == root + ": expected train/good with images of good parts (layout mvtec), found images");
    test::touch(folder.path(), {"train/good/notes.txt"});
    CHECK(message() ==
          root + "/train/good: holds no images (png, jpg, jpeg, bmp, tga); expected the training images of good parts");
    test::touch(folder.path(), {"train/good/0.png", "test/crack/notes.txt"});
    CHECK(message() ==
          root + "/test/crack: holds no images (png, jpg, jpeg, bmp, tga); expected the test images of kind \"crack\"");
    test::touch(folder.path(), {"test/crack/0.png", "test/good/notes.txt"});
    CHECK(message() == root + "/test/good: holds no images (png, jpg, jpeg, bmp, tga); expected the test images of good parts");
    test::touch(folder.path(), {"test/good/0.png", "test/0.png"});
    CHECK(message() == root + "/test: images lie in it directly; expected one folder a kind in it, good and one a defect");
}

TEST_CASE("160 photographs to train on and 100 to test, 60 of them with masks", "[data]") {
    const std::filesystem::path root = std::filesystem::path{RD4AD_SHARED_DIR} / "data/bsd";
    if (std::string{RD4AD_SHARED_DIR}.empty() || !std::filesystem::exists(root)) {
        WARN("skipped: the shared photographs aren't here");
        return;
    }
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
