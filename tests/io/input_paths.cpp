#include <rd4ad/io/input_paths.hpp>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

namespace fs = std::filesystem;
namespace io = rd4ad::io;
using rd4ad::test::mentions;
using rd4ad::test::message_of;

namespace {

/// A folder with the input folder "photos", which has "a.jpg" and the folder "deep", and the input file "model".
struct input_tree {
    rd4ad::test::scratch_folder root{};
    io::input_paths inputs{};

    input_tree() {
        fs::create_directories(root / "photos/deep");
        for (const auto* file : {"photos/a.jpg", "photos/deep/b.jpg", "model"}) rd4ad::test::write_text(root / file, "x");
        inputs.add(root / "photos");
        inputs.add(root / "model");
    }
    [[nodiscard]] std::string file(const fs::path& path) const {
        return message_of([&] { inputs.check_file(path); });
    }
    [[nodiscard]] std::string folder(const fs::path& path) const {
        return message_of([&] { inputs.check_folder(path); });
    }
};

constexpr const char* fine = "nothing thrown";

}  // namespace

TEST_CASE("an output file is no input and lies in no input folder, by whatever path", "[io]") {
    const input_tree tree;
    const auto& root = tree.root;
    fs::create_symlink(root / "photos", root / "link");
    fs::create_symlink(root / "model", root / "alias");
    fs::create_hard_link(root / "model", root / "twin");
    for (const auto* input : {"model", "alias", "twin", "photos/../model", "./model"}) {
        CAPTURE(input);
        CHECK_THAT(tree.file(root / input), mentions(root / input, "this run reads", "give another path"));
    }
    for (const auto* inside : {"photos/new", "photos/a.jpg", "photos/deep/new", "photos/none/new", "link/new",
                               "link/../photos/new", "none/../photos/new"}) {
        CAPTURE(inside);
        CHECK_THAT(tree.file(root / inside), mentions(root / inside, root / "photos", "this run reads"));
    }
    for (const auto* outside : {"new", "models", "photos.json", "photos2/new", "photos/../new"}) {
        CAPTURE(outside);
        CHECK(tree.file(root / outside) == fine);
    }
}

TEST_CASE("an output folder is no input folder, lies in none and holds no input image", "[io]") {
    input_tree tree;
    const auto& root = tree.root;
    fs::create_symlink(root / "photos/deep", root / "link");
    for (const auto* inside :
         {"photos", "photos/", "photos/.", "photos/new", "photos/deep/new/newer", "link", "link/new", "photos/deep/.."}) {
        CAPTURE(inside);
        CHECK_THAT(tree.folder(root / inside), mentions(root / inside, root / "photos", "this run reads"));
    }
    CHECK(tree.folder(root.path()) == fine);  // the inputs lie in it, it does not lie in them
    CHECK(tree.folder(root / "results/photos") == fine);

    fs::create_directories(root / "loose/sub");
    rd4ad::test::write_text(root / "loose/c.jpg", "x");
    tree.inputs.add_image(root / "loose/c.jpg");
    CHECK_THAT(tree.folder(root / "loose"), mentions(root / "loose/c.jpg", "another folder"));
    CHECK(tree.folder(root / "loose/sub") == fine);
    CHECK_THAT(tree.file(root / "loose/c.jpg"), mentions("this run reads"));
    CHECK(tree.file(root / "loose/d.json") == fine);
}

TEST_CASE("a path that does not exist is no input", "[io]") {
    io::input_paths inputs;
    inputs.add("built-in");
    inputs.add_image("none/a.jpg");
    CHECK_NOTHROW(inputs.check_file("built-in"));
    CHECK_NOTHROW(inputs.check_folder("none"));
}
