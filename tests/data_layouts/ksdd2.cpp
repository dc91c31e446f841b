#include <rd4ad/data/ksdd2.hpp>
//
#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;
using test::described;
using test::message_of;

void write_black(const std::filesystem::path& path) {
    std::filesystem::create_directories(path.parent_path());
    image::write_png(path, image::make_image<std::uint8_t>(4, 3, 1));
}

TEST_CASE("KolektorSDD2's layout", "[data]") {
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

TEST_CASE("what isn't KolektorSDD2 says so", "[data]") {
    const test::scratch_folder folder;
    const std::string root = folder.path().string();
    const auto message = [&] { return message_of<data_error>([&] { (void)data::open_ksdd2(folder.path()); }); };
    CHECK(message() ==
          root + ": expected train and test with masks <name>_GT.png beside the images (layout ksdd2), found nothing");
    test::touch(folder.path(), {"train/10.png", "train/11.png"});
    test::write_mask(folder / "train/11_GT.png", 4, 3, 1, 1);
    CHECK(message() ==
          root + "/train/10.png: its mask is missing; expected " + root + "/train/10_GT.png, all black for a good part");
    std::filesystem::remove(folder / "train/10.png");
    CHECK(message() == root + "/train: each of its images has a defect; expected good ones to train on");
    test::touch(folder.path(), {"train/10.png"});
    write_black(folder / "train/10_GT.png");
    CHECK(message() == root + "/test: no such folder; expected images, each with its mask <name>_GT.png (layout ksdd2)");
    test::touch(folder.path(), {"test/readme.txt"});
    CHECK(message() == root +
                           "/test: holds no images (png, jpg, jpeg, bmp, tga); expected images, each with its mask <name>_GT.png "
                           "(layout ksdd2)");
    test::touch(folder.path(), {"train/10_GT.png"});
    CHECK(message_of<format_error>([&] {
              (void)data::open_ksdd2(folder.path());
          }).rfind(root + "/train/10_GT.png: is not an image", 0) == 0);
}
}  // namespace
