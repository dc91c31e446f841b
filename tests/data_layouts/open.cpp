#include <rd4ad/data/open.hpp>
//
#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;
using test::message_of;

std::string refusal(const std::filesystem::path& root, const std::string& layout = "auto") {
    return message_of<data_error>([&] { (void)data::open(root, {.layout = layout}); });
}

TEST_CASE("a layout is found by what lies in the folder", "[data]") {
    const test::scratch_folder folder;
    test::touch(folder.path(), {"plain/a.png", "set/bottle/train/good/a.png", "set/cable/train/good/a.png",
                                "set/cable/train/good/b.png", "set/licence/text.txt"});
    CHECK(data::open(folder / "plain").train.size() == 1);
    CHECK(data::open(folder / "set/cable").train.size() == 2);
    CHECK(data::open(folder / "set/cable", {.layout = "mvtec"}).name == "cable");
    CHECK(data::open(folder / "set/cable/train/good", {.layout = "folder"}).train.size() == 2);
    CHECK(data::class_names(folder / "set") == test::lines{"bottle", "cable"});
    CHECK(data::open_class(folder / "set", "bottle").name == "bottle");
}

TEST_CASE("folders that are no data set say what was found and expected", "[data]") {
    const test::scratch_folder folder;
    const std::string root = folder.path().string();
    CHECK(refusal(folder / "nowhere") == root + "/nowhere: no such folder; check the path of the data set");
    CHECK(refusal(folder.path()) ==
          root + ": its layout isn't known; expected train/good (mvtec) or images (folder), found nothing");
    test::touch(folder.path(), {"notes.txt"});
    CHECK(refusal(folder / "notes.txt") == root + "/notes.txt: is a file, expected the folder of a data set");
    CHECK(refusal(folder.path()) ==
          root + ": its layout isn't known; expected train/good (mvtec) or images (folder), found notes.txt");
    test::touch(folder.path(), {"pill/train/good/a.png", "bottle/train/good/a.png"});
    CHECK(refusal(folder.path()) ==
          root + ": holds several categories (bottle, pill); open one of them, or choose by class names");
    CHECK(message_of<option_error>([&] { (void)data::open(folder.path(), {.layout = "coco"}); }) ==
          "layout \"coco\" is unknown; expected auto, mvtec or folder");
}

TEST_CASE("class names that aren't there", "[data]") {
    const test::scratch_folder folder;
    const std::string root = folder.path().string();
    const auto names = [](const std::filesystem::path& of, const std::string& layout = "auto") {
        return [=] { (void)data::class_names(of, {.layout = layout}); };
    };
    CHECK(message_of<data_error>(names(folder.path())) == root + ": no folder in it holds train/good, found nothing");
    test::touch(folder.path(), {"pill/train/good/a.png", "bottle/train/good/a.png"});
    CHECK(message_of<data_error>(names(folder / "pill")) ==
          root + "/pill: is one category itself; give the folder that holds it");
    CHECK(message_of<option_error>(names(folder.path(), "folder")) ==
          "layout \"folder\" has no class names; expected auto or mvtec");
    CHECK(message_of<data_error>([&] { (void)data::open_class(folder.path(), "cable"); }) ==
          root + ": has no class \"cable\"; there are bottle, pill");
}
}  // namespace
