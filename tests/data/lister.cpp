#include <rd4ad/data/detail/lister.hpp>
//
#include <map>

#include <sys/stat.h>
#include <unistd.h>

#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;
using data::detail::lister;

/// The reason for each file that is left out, by its path below the root.
std::map<std::string, std::string> reasons(const data::file_listing& files, const std::filesystem::path& root) {
    std::map<std::string, std::string> found;
    for (const auto& one : files.left_out) found[one.file.lexically_relative(root).generic_string()] = data::reason_text(one);
    return found;
}

TEST_CASE("every file below a folder is used or left out with its reason", "[data]") {
    const test::scratch_folder folder;
    const auto& root = folder.path();
    test::touch(root,
                {"a.png", "b.JFIF", "c.pgm", "d.ppm", "e.gif", "f.heic", "noend", ".g.png", "._a.png", "Thumbs.db", "sub/h.png",
                 "sub/deep/i.png", "@eaDir/a.png/j.jpg", ".git/k.png", "masks/m.png", "masks/n.png", "notes.json"});
    std::filesystem::create_symlink(root / "gone.png", root / "link.png");
    REQUIRE(::mkfifo((root / "pipe.png").c_str(), 0600) == 0);
    lister files{root, false};
    const auto images = files.images(root, "images");
    files.holds_masks(root / "masks");
    files.use(root / "masks/m.png", "masks");
    files.use(root / "masks/../masks/m.png", "masks");
    CHECK(images == std::vector<std::filesystem::path>{root / "a.png", root / "b.JFIF", root / "c.pgm", root / "d.ppm"});
    const auto found = files.finish();
    CHECK(found.used_files() == 5);
    CHECK(found.found_files() == 19);
    CHECK(reasons(found, root) == std::map<std::string, std::string>{{"e.gif", ".gif (not read)"},
                                                                     {"f.heic", ".heic (not read)"},
                                                                     {"noend", "without an extension (not read)"},
                                                                     {"notes.json", ".json (not read)"},
                                                                     {".g.png", "hidden"},
                                                                     {"._a.png", "hidden"},
                                                                     {".git/k.png", "hidden"},
                                                                     {"Thumbs.db", "of the system (Thumbs.db)"},
                                                                     {"@eaDir/a.png/j.jpg", "of the system (@eaDir)"},
                                                                     {"sub/h.png", "in sub-folders (--recursive)"},
                                                                     {"sub/deep/i.png", "in sub-folders (--recursive)"},
                                                                     {"masks/n.png", "mask without an image"},
                                                                     {"link.png", "broken link"},
                                                                     {"pipe.png", "device or socket"}});
}

TEST_CASE("a recursive listing takes the sub-folders but those of systems, and follows links once", "[data]") {
    const test::scratch_folder folder;
    const auto root = folder / "root";
    test::touch(root, {"a.png", "sub/b.png", "sub/deep/c.png", "@eaDir/d.png", ".e/f.png"});
    test::touch(folder.path(), {"elsewhere/g.png"});
    std::filesystem::create_directory_symlink(folder / "elsewhere", root / "linked");
    std::filesystem::create_directory_symlink(root, root / "sub/up");
    std::filesystem::create_directory_symlink(root / "sub", folder / "elsewhere/across");
    lister files{root, true};
    std::vector<std::string> names;
    for (const auto& image : files.images(root, "images")) names.push_back(image.lexically_relative(root).generic_string());
    CHECK(names ==
          test::lines{"a.png", "linked/g.png", "linked/across/b.png", "linked/across/deep/c.png", "sub/b.png", "sub/deep/c.png"});
    const auto found = files.finish();
    CHECK(found.used_files() == 6);
    CHECK(reasons(found, root) ==
          std::map<std::string, std::string>{{"@eaDir/d.png", "of the system (@eaDir)"}, {".e/f.png", "hidden"}});
}

TEST_CASE("a folder that the layout does not use is named", "[data]") {
    const test::scratch_folder folder;
    const auto& root = folder.path();
    test::touch(root, {"train/good/a.png", "train/bad/b.png", "train/bad/more/c.png", "images/d.png", "e.png"});
    lister files{root, false};
    (void)files.images(root / "train/good", "train");
    const auto found = reasons(files.finish(), root);
    CHECK(found == std::map<std::string, std::string>{{"train/bad/b.png", "in train/bad (not used)"},
                                                      {"train/bad/more/c.png", "in train/bad (not used)"},
                                                      {"images/d.png", "in images (not used)"},
                                                      {"e.png", "in the folder itself (not used)"}});
}

TEST_CASE("a sub-folder that can't be listed is left out", "[data]") {
    const test::scratch_folder folder;
    test::touch(folder.path(), {"a.png", "locked/b.png"});
    std::filesystem::permissions(folder / "locked", std::filesystem::perms::none);
    lister files{folder.path(), false};
    (void)files.images(folder.path(), "images");
    const auto found = files.finish();
    std::filesystem::permissions(folder / "locked", std::filesystem::perms::owner_all);
    REQUIRE(found.left_out.size() == 1);
    CHECK(found.left_out[0].reason == (::geteuid() == 0 ? data::omission::sub_folder : data::omission::unlisted_folder));
}
}  // namespace
