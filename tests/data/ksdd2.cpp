#include <rd4ad/data/ksdd2.hpp>
//
#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;
using test::described;
using test::mentions;
using test::message_of;

/// Writes an all black mask.
void write_black(const std::filesystem::path& path) {
    std::filesystem::create_directories(path.parent_path());
    image::write_png(path, image::make_image<std::uint8_t>(4, 3, 1));
}

TEST_CASE("KolektorSDD2 is opened", "[data]") {
    const test::scratch_folder folder;
    const auto& root = folder.path();
    test::touch(root, {"train/10.png", "train/11.png", "test/20.png", "test/21.png"});
    write_black(root / "train/10_GT.png");
    test::write_mask(root / "train/11_GT.png", 4, 3, 1, 1);
    test::write_mask(root / "test/20_GT.png", 4, 3, 2, 2);
    write_black(root / "test/21_GT.png");
    const auto set = data::open_ksdd2(root);
    CHECK(described(set.train, root) == test::lines{"train/10.png good -"});
    CHECK(described(set.test, root) == test::lines{"test/21.png good -", "test/20.png defect! test/20_GT.png"});
    CHECK(*data::load_mask(set.test[1], 4, 3).at(2, 2) == 1);
}

TEST_CASE("a folder that isn't KolektorSDD2 is refused", "[data]") {
    const test::scratch_folder folder;
    const std::string root = folder.path().string();
    const auto message = [&] { return message_of<data_error>([&] { (void)data::open_ksdd2(folder.path()); }); };
    CHECK_THAT(message(), mentions(root + ": ", "train and test", "<name>_GT.png", "layout ksdd2", "found nothing"));
    test::touch(folder.path(), {"train/10.png", "train/11.png"});
    test::write_mask(folder / "train/11_GT.png", 4, 3, 1, 1);
    CHECK_THAT(message(), mentions(root + "/train/10.png: ", "mask is missing", root + "/train/10_GT.png", "all black"));
    std::filesystem::remove(folder / "train/10.png");
    CHECK_THAT(message(), mentions(root + "/train: ", "every image has a defect", "good images to train on"));
    test::touch(folder.path(), {"train/10.png"});
    write_black(folder / "train/10_GT.png");
    CHECK_THAT(message(), mentions(root + "/test: ", "no such folder", "<name>_GT.png", "layout ksdd2"));
    test::touch(folder.path(), {"test/readme.txt"});
    CHECK_THAT(message(), mentions(root + "/test: ", "holds no images", "<name>_GT.png", "layout ksdd2"));
    test::touch(folder.path(), {"train/10_GT.png"});
    CHECK_THAT(message(), mentions("2 faults", root + "/train/10_GT.png: ", "is not an image", root + "/test: "));
}

TEST_CASE("KolektorSDD2 states the defects of train, copies of masks and masks without an image", "[data]") {
    const test::scratch_folder folder;
    const auto& root = folder.path();
    test::touch(root, {"train/10.png", "train/11.png", "test/20.png", "train/10_GT(copy).png", "train/12_GT.png"});
    write_black(root / "train/10_GT.png");
    test::write_mask(root / "train/11_gt.png", 4, 3, 1, 1, 1);
    test::write_mask(root / "test/20-GT.png", 4, 3, 2, 2, 1);
    const auto set = data::open_ksdd2(root);
    CHECK(described(set.train, root) == test::lines{"train/10.png good -"});
    CHECK(described(set.test, root) == test::lines{"test/20.png defect! test/20-GT.png"});
    CHECK(data::summary(set.files) ==
          "8 files: 5 used (masks 3, train 1, test 1), 3 left out: 2 masks without an image, 1 defect of train");
}

TEST_CASE("inverted masks of KolektorSDD2 are refused, or read where that is asked for", "[data]") {
    const test::scratch_folder folder;
    const auto& root = folder.path();
    test::touch(root, {"train/10.png", "test/20.png"});
    image::write_png(root / "train/10_GT.png", image::make_image<std::uint8_t>(9, 9, 1, 255));
    auto mask = image::make_image<std::uint8_t>(9, 9, 1, 255);
    *mask.at(4, 4) = 0;
    image::write_png(root / "test/20_GT.png", mask);
    CHECK_THAT(message_of<data_error>([&] { (void)data::open_ksdd2(root); }),
               mentions("2 faults", root / "train", "1 of its 1 masks look inverted", "--masks zero", root / "test"));
    const auto set = data::open_ksdd2(root, {.masks = data::mask_choice::zero});
    CHECK(described(set.train, root) == test::lines{"train/10.png good -"});
    CHECK(*data::load_mask(set.test[0], 9, 9).at(4, 4) == 1);
    CHECK(*data::load_mask(set.test[0], 9, 9).at(0, 0) == 0);
}
}  // namespace
