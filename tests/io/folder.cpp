#include <rd4ad/io/folder.hpp>

#include <filesystem>
#include <fstream>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

using namespace rd4ad;

TEST_CASE("a folder is created with its parents, and may exist already", "[io]") {
    const test::scratch_folder folder;
    const auto deep = folder / "a" / "b";
    io::make_folder(deep);
    io::make_folder(deep);
    CHECK(std::filesystem::is_directory(deep));
}

TEST_CASE("a folder below a file is refused", "[io]") {
    const test::scratch_folder folder;
    const auto file = folder / "file";
    std::ofstream{file} << "text";
    CHECK_THAT(test::message_of([&] { io::make_folder(file / "below"); }),
               test::mentions(file / "below", "the folder can't be created"));
}
