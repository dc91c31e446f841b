// Folders are made with those above them, and what stands in the way is named.
#include <rd4ad/io/folder.hpp>

#include <filesystem>
#include <fstream>

#include <support/catch.hpp>
#include <support/files.hpp>

using namespace rd4ad;

TEST_CASE("a folder is made with those above it, once or again", "[io]") {
    const test::scratch_folder folder;
    const auto deep = folder / "a" / "b";
    io::make_folder(deep);
    io::make_folder(deep);
    CHECK(std::filesystem::is_directory(deep));
}

TEST_CASE("a folder below a file can't be made", "[io]") {
    const test::scratch_folder folder;
    const auto file = folder / "file";
    std::ofstream{file} << "text";
    CHECK(test::message_of([&] {
              io::make_folder(file / "below");
          }).starts_with((file / "below").string() + ": the folder can't be made: "));
}
