#include <rd4ad/data/open.hpp>
//
#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;
using test::message_of;

const std::string signs =
    "train/good (mvtec), data and label (bsd), *_GT.png (ksdd2), Data/Images (visa), train/ok (btad), a .csv file (csv) or "
    "images (folder)";

std::string refusal(const std::filesystem::path& root, const std::string& layout = "auto") {
    return message_of<data_error>([&] { (void)data::open(root, {.layout = layout}); });
}

/// A whole set of each layout that has categories, and the others.
void write_sets(const std::filesystem::path& root) {
    test::touch(root,
                {"plain/a.png", "mvtec/bottle/train/good/a.png", "mvtec/cable/train/good/a.png", "mvtec/cable/train/good/b.png",
                 "mvtec/licence/text.txt", "mvtec/pictures/a.png", "btad/01/train/ok/a.bmp", "bsd/data/a.jpg",
                 "bsd/label/readme.txt", "visa/candle/Data/Images/Normal/0.JPG", "ksdd2/train/a.png", "ksdd2/test/a.png"});
    test::write_content(root / "visa/split_csv/1cls.csv",
                        "object,split,label,image,mask\ncandle,train,normal,candle/Data/Images/Normal/0.JPG,\n");
    image::write_png(root / "ksdd2/train/a_GT.png", image::make_image<std::uint8_t>(4, 3, 1));
    test::write_mask(root / "ksdd2/test/a_GT.png", 4, 3, 1, 1);
    test::write_text(root / "list.csv", "path,label,split\nplain/a.png,good,train\n");
}

TEST_CASE("a layout is found by what lies in the folder", "[data]") {
    const test::scratch_folder folder;
    write_sets(folder.path());
    const std::pair<const char*, const char*> sets[] = {{"plain", "folder"}, {"mvtec/bottle", "mvtec"}, {"btad/01", "btad"},
                                                        {"bsd", "bsd"},      {"visa/candle", "visa"},   {"ksdd2", "ksdd2"},
                                                        {"list.csv", "csv"}};
    for (const auto& [path, layout] : sets) {
        CAPTURE(path);
        CHECK(data::detail::layout_of(folder / path) == layout);
        const auto found = data::open(folder / path), given = data::open(folder / path, {.layout = layout});
        CHECK(found.train.size() == 1);
        CHECK(test::described(found.train, folder.path()) == test::described(given.train, folder.path()));
        CHECK(found.name == given.name);
    }
    CHECK(data::open(folder / "mvtec/cable/train/good", {.layout = "folder"}).train.size() == 2);
    CHECK(data::open(folder / "mvtec/cable", {.layout = "bsd"}).train.size() == 2);
}

TEST_CASE("classes of a whole set", "[data]") {
    const test::scratch_folder folder;
    write_sets(folder.path());
    CHECK(data::class_names(folder / "mvtec") == test::lines{"bottle", "cable"});
    CHECK(data::class_names(folder / "btad", {.layout = "btad"}) == test::lines{"01"});
    CHECK(data::class_names(folder / "visa") == test::lines{"candle"});
    CHECK(data::open_class(folder / "mvtec", "cable").train.size() == 2);
    CHECK(data::open_class(folder / "visa", "candle").name == "candle");
}

TEST_CASE("folders that are no data set say what was found and expected", "[data]") {
    const test::scratch_folder folder;
    const std::string root = folder.path().string();
    CHECK(refusal(folder / "nowhere") == root + "/nowhere: no such folder; check the path of the data set");
    CHECK(refusal(folder.path()) == root + ": its layout isn't known; expected " + signs + ", found nothing");
    test::touch(folder.path(), {"notes.txt"});
    CHECK(refusal(folder / "notes.txt") == root + "/notes.txt: is a file, expected the folder of a data set or a .csv file");
    CHECK(refusal(folder / "notes.txt", "mvtec") == root + "/notes.txt: is a file, expected the folder of a data set");
    CHECK(refusal(folder.path(), "csv") == root + ": is a folder, expected a .csv file (layout csv)");
    CHECK(refusal(folder.path()) == root + ": its layout isn't known; expected " + signs + ", found notes.txt");
    test::touch(folder.path(), {"pill/train/good/a.png", "bottle/train/good/a.png"});
    CHECK(refusal(folder.path()) ==
          root + ": holds several categories (bottle, pill); open one of them, or choose by class names");
    CHECK(message_of<option_error>([&] { (void)data::open(folder.path(), {.layout = "coco"}); }) ==
          "layout \"coco\" is unknown; expected auto, mvtec, bsd, ksdd2, visa, btad, csv, folder");
}

TEST_CASE("class names that aren't there", "[data]") {
    const test::scratch_folder folder;
    const std::string root = folder.path().string();
    const auto names = [](const std::filesystem::path& of, const std::string& layout = "auto") {
        return [=] { (void)data::class_names(of, {.layout = layout}); };
    };
    CHECK(message_of<data_error>(names(folder.path())) == root + ": no folder in it holds a data set, found nothing");
    test::touch(folder.path(), {"pill/train/good/a.png", "bottle/train/good/a.png"});
    CHECK(message_of<data_error>(names(folder.path(), "btad")) ==
          root + ": no folder in it holds a data set of layout btad, found bottle, pill");
    CHECK(message_of<data_error>(names(folder / "pill")) ==
          root + "/pill: is one data set itself (layout mvtec); give the folder that holds its class, or no class names");
    CHECK(message_of<option_error>(names(folder.path(), "folder")) == "layout \"folder\" has no class names; open it without");
    CHECK(message_of<data_error>([&] { (void)data::open_class(folder.path(), "cable"); }) ==
          root + ": has no class \"cable\"; there are bottle, pill");
}
}  // namespace
