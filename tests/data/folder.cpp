#include <rd4ad/data/folder.hpp>
//
#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;

TEST_CASE("the images of a plain folder are for training", "[data]") {
    const test::scratch_folder folder;
    const auto refusal = [](const std::filesystem::path& root) {
        return test::message_of<data_error>([&] { (void)data::open_folder(root); });
    };
    CHECK_THAT(refusal(folder.path()), test::mentions(folder.path(), "no images", "png, jpg, jpeg, bmp, tga",
                                                      "good images to train on", "layout folder"));
    test::touch(folder.path(), {"b.png", "a.jpg", "more/c.png"});
    const auto set = data::open_folder(folder.path());
    CHECK(test::described(set.train, folder.path()) == test::lines{"a.jpg good -", "b.png good -"});
    CHECK(set.test.empty());
    CHECK(set.name == folder.path().filename().string());
}

TEST_CASE("the images of a folder are listed, and their absence is reported with the purpose", "[data]") {
    const test::scratch_folder folder;
    const auto refusal = [&](const std::filesystem::path& path) {
        return test::message_of<data_error>([&] { (void)data::images_in_folder(path, "the images to score"); });
    };
    CHECK_THAT(refusal(folder.path()), test::mentions(folder.path(), ": holds no images", "the images to score"));
    CHECK_THAT(refusal(folder / "nowhere"), test::mentions(folder / "nowhere", ": no such folder", "the images to score"));
    test::touch(folder.path(), {"b.PNG", "a.jpg", ".c.png", "d.txt"});
    CHECK(data::images_in_folder(folder.path(), "") == std::vector<std::filesystem::path>{folder / "a.jpg", folder / "b.PNG"});
}
}  // namespace
