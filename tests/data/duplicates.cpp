#include <rd4ad/data/duplicates.hpp>
//
#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;

TEST_CASE("test images that are also training images are found by content", "[data]") {
    const test::scratch_folder folder;
    data::dataset set;
    const auto add = [&](std::vector<data::item>& to, const std::string& name, const std::string& content) {
        test::write_content(folder / name, content);
        to.push_back({.image = folder / name});
    };
    add(set.train, "train/a.png", "first");
    add(set.train, "train/b.png", "other");
    add(set.train, "train/c.png", "other");
    add(set.train, "train/d.png", "a longer one");
    add(set.test, "test/a.png", "fresh");  // as long as others
    add(set.test, "test/b.png", "other");
    add(set.test, "test/c.png", "the only one of this length");
    add(set.test, "test/d.png", "first");
    CHECK(data::duplicates(set) == std::vector<data::duplicate>{{folder / "train/b.png", folder / "test/b.png"},
                                                                {folder / "train/a.png", folder / "test/d.png"}});
    set.test.erase(set.test.begin() + 3);
    set.test.erase(set.test.begin() + 1);
    CHECK(data::duplicates(set).empty());
    CHECK(data::duplicates({}).empty());
    set.test.push_back({.image = folder / "gone.png"});
    std::filesystem::create_directory(folder / "folder.png");
    set.test.push_back({.image = folder / "folder.png"});
    set.train.push_back({.image = folder / "gone too.png"});
    set.train.push_back({.image = folder / "folder.png"});
    CHECK(data::duplicates(set).empty());  // a file that can't be read is the duplicate of none
}
}  // namespace
