#include <rd4ad/data/detail/files.hpp>
//
#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;
namespace files = data::detail;

TEST_CASE("images are recognised by their extension in any case, and sorted by name", "[data]") {
    const test::scratch_folder folder;
    test::touch(folder.path(), {"b.PNG", "a.jpg", "C.Jpeg", "d.bmp", "e.tga", "h.jfif", "i.pgm", "j.PPM", "k.jpe", ".hidden.png",
                                "._a.jpg", "notes.txt", "png", "f.png/inner.png", "g.", "l.gif", "@eaDir/a.png"});
    test::lines names;
    for (const auto& path : files::images_in(folder.path())) names.push_back(path.filename().string());
    CHECK(names == test::lines{"C.Jpeg", "a.jpg", "b.PNG", "d.bmp", "e.tga", "h.jfif", "i.pgm", "j.PPM", "k.jpe"});
    REQUIRE(files::folders_in(folder.path()).size() == 1);
    CHECK(files::images_in(folder / "nowhere").empty());
}

TEST_CASE("messages list the first names of a folder", "[data]") {
    const test::scratch_folder folder;
    CHECK(files::names_in(folder.path()) == "nothing");
    test::touch(folder.path(), {"a", "b", "c", ".d"});
    CHECK(files::names_in(folder.path()) == "a, b, c");
    CHECK(files::names_in(folder.path(), 2) == "a, b, ... (3)");
    CHECK(files::image_kinds() == "png, jpg, jpeg, jpe, jfif, bmp, tga, pgm, ppm, tif, tiff, webp");
    CHECK(files::name_of("/data/bottle") == "bottle");
    CHECK(files::name_of("/data/bottle/") == "bottle");
    CHECK(files::name_of("/data/bottle/.") == "bottle");
    CHECK(files::name_of("/data/bottle/../pill") == "pill");
}

TEST_CASE("a folder is found by its name in any case, an exact name first", "[data]") {
    const test::scratch_folder folder;
    test::touch(folder.path(), {"Test/a", "TRAIN/a", "val/a", "Val/a", ".test/a"});
    CHECK(files::find_folder(folder.path(), {"train", "training"}) == folder / "TRAIN");
    CHECK(files::find_folder(folder.path(), {"val"}) == folder / "val");
    CHECK(files::find_folder(folder.path(), {"testing", "test"}) == folder / "Test");
    CHECK_FALSE(files::find_folder(folder.path(), {"ground_truth"}));
}
}  // namespace
