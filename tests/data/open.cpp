#include <rd4ad/data/open.hpp>
//
#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;
using test::mentions;
using test::message_of;

const std::string signs =
    "train/good (mvtec), data and label (bsd), *_GT.png (ksdd2), Data/Images (visa), train/ok (btad), a .csv file (csv) or "
    "images (folder)";

std::string refusal(const std::filesystem::path& root, const std::string& layout = "auto") {
    return message_of<data_error>([&] { (void)data::open(root, {.layout = layout}); });
}

/// Writes a data set in each layout; those with categories as a whole data set.
void write_sets(const std::filesystem::path& root) {
    test::touch(
        root, {"plain/a.png", "mvtec/bottle/train/good/a.png", "mvtec/cable/train/good/a.png", "mvtec/cable/train/good/b.png",
               "mvtec/licence/text.txt", "mvtec/images/a.png", "btad/01/train/ok/a.bmp", "bsd/data/a.jpg", "bsd/label/readme.txt",
               "visa/candle/Data/Images/Normal/0.JPG", "ksdd2/train/a.png", "ksdd2/test/a.png"});
    test::write_content(root / "visa/split_csv/1cls.csv",
                        "object,split,label,image,mask\ncandle,train,normal,candle/Data/Images/Normal/0.JPG,\n");
    image::write_png(root / "ksdd2/train/a_GT.png", image::make_image<std::uint8_t>(4, 3, 1));
    test::write_mask(root / "ksdd2/test/a_GT.png", 4, 3, 1, 1);
    test::write_text(root / "list.csv", "path,label,split\nplain/a.png,good,train\n");
}

TEST_CASE("a layout is detected by the content of the folder", "[data]") {
    const test::scratch_folder folder;
    write_sets(folder.path());
    const std::pair<const char*, const char*> sets[] = {{"plain", "folder"}, {"mvtec/bottle", "mvtec"}, {"btad/01", "btad"},
                                                        {"bsd", "bsd"},      {"visa/candle", "visa"},   {"ksdd2", "ksdd2"},
                                                        {"list.csv", "csv"}};
    for (const auto& [path, layout] : sets) {
        CAPTURE(path);
        CHECK(data::detail::layout_of(folder / path) == layout);
        const auto detected = data::open(folder / path), given = data::open(folder / path, {.layout = layout});
        CHECK(detected.train.size() == 1);
        CHECK(test::described(detected.train, folder.path()) == test::described(given.train, folder.path()));
        CHECK(detected.name == given.name);
    }
    CHECK(data::open(folder / "mvtec/cable/train/good", {.layout = "folder"}).train.size() == 2);
    CHECK(data::open(folder / "mvtec/cable", {.layout = "bsd"}).train.size() == 2);
}

TEST_CASE("the categories of a whole data set are listed and opened", "[data]") {
    const test::scratch_folder folder;
    write_sets(folder.path());
    CHECK(data::class_names(folder / "mvtec") == test::lines{"bottle", "cable"});
    CHECK(data::class_names(folder / "btad", {.layout = "btad"}) == test::lines{"01"});
    CHECK(data::class_names(folder / "visa") == test::lines{"candle"});
    CHECK(data::open_class(folder / "mvtec", "cable").train.size() == 2);
    CHECK(data::open_class(folder / "visa", "candle").name == "candle");
}

TEST_CASE("a folder that is no data set is refused with its content and the layouts", "[data]") {
    const test::scratch_folder folder;
    const std::string root = folder.path().string();
    CHECK_THAT(refusal(folder / "nowhere"), mentions(root + "/nowhere: no such folder"));
    CHECK_THAT(refusal(folder.path()), mentions(root + ": ", "layout is unknown", signs, "found nothing"));
    test::touch(folder.path(), {"notes.txt"});
    CHECK_THAT(refusal(folder / "notes.txt"), mentions(root + "/notes.txt: is a file", "folder of a data set or a .csv file"));
    CHECK_THAT(refusal(folder / "notes.txt", "mvtec"), mentions(root + "/notes.txt: is a file", "folder of a data set"));
    CHECK_THAT(refusal(folder.path(), "csv"), mentions(root + ": is a folder", ".csv file", "layout csv"));
    CHECK_THAT(refusal(folder.path()), mentions(root + ": ", "layout is unknown", signs, "found notes.txt"));
    test::touch(folder.path(), {"pill/train/good/a.png", "bottle/train/good/a.png"});
    CHECK_THAT(refusal(folder.path()), mentions(root + ": ", "several categories (bottle, pill)", "class names"));
    CHECK_THAT(message_of<option_error>([&] { (void)data::open(folder.path(), {.layout = "coco"}); }),
               mentions("\"coco\"", "auto, mvtec, bsd, ksdd2, visa, btad, csv, folder"));
}

TEST_CASE("missing class names are refused", "[data]") {
    const test::scratch_folder folder;
    const std::string root = folder.path().string();
    const auto names = [](const std::filesystem::path& of, const std::string& layout = "auto") {
        return [=] { (void)data::class_names(of, {.layout = layout}); };
    };
    CHECK_THAT(message_of<data_error>(names(folder.path())), mentions(root + ": ", "no folder in it", "found nothing"));
    test::touch(folder.path(), {"pill/train/good/a.png", "bottle/train/good/a.png"});
    CHECK_THAT(message_of<data_error>(names(folder.path(), "btad")), mentions(root + ": ", "layout btad", "found bottle, pill"));
    CHECK_THAT(message_of<data_error>(names(folder / "pill")),
               mentions(root + "/pill: ", "single category (layout mvtec)", "no class names"));
    CHECK_THAT(message_of<option_error>(names(folder.path(), "folder")), mentions("\"folder\"", "no class names"));
    CHECK_THAT(message_of<data_error>([&] { (void)data::open_class(folder.path(), "cable"); }),
               mentions(root + ": ", "no class \"cable\"", "bottle, pill"));
}

TEST_CASE("an opened data set is checked: faults of its layout and of its masks are in one message", "[data]") {
    const test::scratch_folder folder;
    const auto& root = folder.path();
    test::touch(root, {"train/good/a.png", "test/good/b.png", "test/crack/c.png", "test/crack/d.png", "test/ok 2/e.png"});
    std::filesystem::create_directories(root / "ground_truth/crack");
    image::write_png(root / "ground_truth/crack/c_mask.png", image::make_image<std::uint8_t>(4, 3, 1));
    test::write_mask(root / "ground_truth/crack/d_mask.png", 4, 3, 1, 1, 1);
    test::write_mask(root / "ground_truth/good/b_mask.png", 4, 3, 1, 1);
    CHECK_THAT(refusal(root), mentions("3 faults", root / "test/ok 2", root / "ground_truth/crack/c_mask.png", "marks no pixel",
                                       root / "ground_truth/good/b_mask.png", "marks a defect"));
    std::filesystem::remove_all(root / "test/ok 2");
    std::filesystem::remove(root / "ground_truth/crack/c_mask.png");
    std::filesystem::remove(root / "ground_truth/good/b_mask.png");
    const auto set = data::open(root);
    REQUIRE(set.notes.size() == 2);
    CHECK_THAT(set.notes[0], mentions("1 mask has other values than 0 and 255"));
    CHECK_THAT(set.notes[1], mentions("1 defect has no mask, of 2", root / "test/crack/c.png"));
    test::write_content(root / "ground_truth/crack/d_mask.png", "damaged");
    CHECK_THAT(data::open(root).notes.back(),
               mentions("1 mask can't be read, the first: ", root / "ground_truth/crack/d_mask.png"));
    CHECK_THAT(message_of<data_error>([&] { (void)data::open(root, {.bad_masks = on_failure::stop}); }),
               mentions("2 faults", root / "test/crack/c.png", "its mask is missing", root / "ground_truth/crack/d_mask.png"));
}

TEST_CASE("a folder of folders is one of good images where that is asked for", "[data]") {
    const test::scratch_folder folder;
    test::touch(folder.path(), {"lot 1/a.png", "lot 2/b.png"});
    CHECK_THAT(refusal(folder.path()), mentions("layout is unknown", "found lot 1, lot 2", "--recursive"));
    CHECK(data::open(folder.path(), {.recursive = true}).train.size() == 2);
}

TEST_CASE("the folders of a whole data set that hold no category are named", "[data]") {
    const test::scratch_folder folder;
    write_sets(folder.path());
    CHECK(data::folders_without_category(folder / "mvtec") == test::lines{"images", "licence"});
    CHECK(data::folders_without_category(folder / "visa").empty());
}
}  // namespace
