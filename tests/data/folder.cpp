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
    CHECK_THAT(refusal(folder.path()), test::mentions(folder.path(), "no images", "png, jpg, jpeg, jpe, jfif, bmp, tga, pgm, ppm",
                                                      "found nothing", "good images to train on", "layout folder"));
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
    test::touch(folder / "sub", {"a.png"});
    CHECK_THAT(refusal(folder.path()), test::mentions(": holds no images", "--recursive"));
    std::filesystem::remove_all(folder / "sub");
    CHECK_THAT(refusal(folder / "nowhere"), test::mentions(folder / "nowhere", ": no such folder", "the images to score"));
    test::touch(folder.path(), {"b.PNG", "a.jpg", ".c.png", "d.txt"});
    const auto found = data::images_in_folder(folder.path(), "");
    CHECK(found.images == std::vector<std::filesystem::path>{folder / "a.jpg", folder / "b.PNG"});
    CHECK(data::summary(found.files) == "4 files: 2 used (images 2), 2 left out: 1 hidden, 1 .txt (not read)");
    test::touch(folder.path(), {"e/f.png", "@eaDir/g.png"});
    CHECK(data::images_in_folder(folder.path(), "").images.size() == 2);
    CHECK(data::images_in_folder(folder.path(), "", true).images.back() == folder / "e/f.png");
}

TEST_CASE("a folder of good images tells what it does not use, and takes sub-folders where that is asked for", "[data]") {
    const test::scratch_folder folder;
    test::touch(folder.path(), {"a.png", "b.gif", "lot/c.png", "lot 2/d.png"});
    const auto set = data::open_folder(folder.path());
    CHECK(data::summary(set.files) == "4 files: 1 used (train 1), 3 left out: 2 in sub-folders (--recursive), 1 .gif (not read)");
    const auto all = data::open_folder(folder.path(), {.recursive = true});
    CHECK(test::described(all.train, folder.path()) == test::lines{"a.png good -", "lot/c.png good -", "lot 2/d.png good -"});
    test::touch(folder.path(), {"lot/NG/e.png", "lot/NG/f.png", "Defects/g.png"});
    CHECK_THAT(test::message_of<data_error>([&] { (void)data::open_folder(folder.path(), {.recursive = true}); }),
               test::mentions("2 faults", folder / "lot/NG", folder / "Defects", "not that of good parts", "--recursive"));
    CHECK(data::open_folder(folder.path()).train.size() == 1);
}

TEST_CASE("a folder of good images with masks or labels of defects is refused by name", "[data]") {
    const test::scratch_folder folder;
    test::touch(folder.path(), {"a.png", "a-mask.png", "b.png"});
    test::write_text(folder / "b.json",
                     R"({"imageWidth": 8, "imageHeight": 6, "shapes": [{"label": "pit", "points": [[1, 1], [3, 1], [3, 2]]}]})");
    CHECK_THAT(test::message_of<data_error>([&] { (void)data::open_folder(folder.path()); }),
               test::mentions("2 faults", folder / "b.png", "b.json (labelme) labels 1 defect", "pit", folder / "a-mask.png",
                              "mask of a.png"));
}
}  // namespace
