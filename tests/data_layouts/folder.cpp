#include <rd4ad/data/folder.hpp>
//
#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;

TEST_CASE("a folder of good images is for training", "[data]") {
    const test::scratch_folder folder;
    CHECK(test::message_of<data_error>([&] { (void)data::open_folder(folder.path()); }) ==
          folder.path().string() +
              ": holds no images (png, jpg, jpeg, bmp, tga); expected the training images of good parts (layout folder)");
    test::touch(folder.path(), {"b.png", "a.jpg", "more/c.png"});
    const auto set = data::open_folder(folder.path());
    CHECK(test::described(set.train, folder.path()) == test::lines{"a.jpg good -", "b.png good -"});
    CHECK(set.test.empty());
    CHECK(set.name == folder.path().filename().string());
}
}  // namespace
