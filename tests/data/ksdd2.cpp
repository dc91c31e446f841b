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
    CHECK_THAT(message_of<format_error>([&] { (void)data::open_ksdd2(folder.path()); }),
               mentions(root + "/train/10_GT.png: ", "is not an image"));
}
}  // namespace
