#include <rd4ad/data/btad.hpp>
//
#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;
using test::message_of;

TEST_CASE("BTAD's layout", "[data]") {
    const test::scratch_folder folder;
    const auto root = folder / "01";
    test::touch(root, {"train/ok/0.bmp", "test/ok/1.bmp", "test/ko/2.bmp", "test/ko/3.bmp", "ground_truth/ko/2.png",
                       "ground_truth/ko/3.bmp"});
    const auto set = data::open_btad(root);
    CHECK(set.name == "01");
    CHECK(test::described(set.train, root) == test::lines{"train/ok/0.bmp good -"});
    CHECK(test::described(set.test, root) == test::lines{"test/ok/1.bmp good -", "test/ko/2.bmp ko! ground_truth/ko/2.png",
                                                         "test/ko/3.bmp ko! ground_truth/ko/3.bmp"});
}

TEST_CASE("what isn't BTAD says so", "[data]") {
    const test::scratch_folder folder;
    const std::string root = folder.path().string();
    const auto message = [&] { return message_of<data_error>([&] { (void)data::open_btad(folder.path()); }); };
    CHECK(message() == root + ": expected train/ok with images of good parts (layout btad), found nothing");
    test::touch(folder.path(), {"train/ok/readme.txt"});
    CHECK(message() ==
          root + "/train/ok: holds no images (png, jpg, jpeg, bmp, tga); expected the training images of good parts");
    test::touch(folder.path(), {"train/ok/0.bmp", "test/0.bmp"});
    CHECK(message() == root + "/test: images lie in it directly; expected one folder a kind in it, ok and one a defect");
}
}  // namespace
