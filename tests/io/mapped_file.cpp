#include <rd4ad/io/mapped_file.hpp>

#include <sys/stat.h>

#include <utility>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

namespace io = rd4ad::io;
using rd4ad::test::mentions;
using rd4ad::test::message_of;

TEST_CASE("a mapped file holds the file's bytes", "[io]") {
    const rd4ad::test::scratch_folder folder;
    rd4ad::test::write_text(folder / "a", "abc");
    rd4ad::test::write_text(folder / "empty", "");
    io::mapped_file file{folder / "a"};
    REQUIRE(file.bytes().size() == 3);
    CHECK(file.bytes()[1] == std::byte{'b'});
    const io::mapped_file moved{std::move(file)};
    CHECK(moved.bytes()[2] == std::byte{'c'});
    CHECK(io::mapped_file{folder / "empty"}.bytes().empty());
    file = io::mapped_file{folder / "a"};
    CHECK(file.bytes().size() == 3);
}

TEST_CASE("prefetching a file changes nothing, even if the file doesn't exist", "[io]") {
    const rd4ad::test::scratch_folder folder;
    rd4ad::test::write_text(folder / "a", "abc");
    for (const char* name : {"a", "none", "."}) io::prefetch_file(folder / name);
    CHECK(io::mapped_file{folder / "a"}.bytes().size() == 3);
}

TEST_CASE("a path that is not a mappable file is refused", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const auto open = [](const std::filesystem::path& path) { return message_of([&] { io::mapped_file{path}; }); };
    CHECK_THAT(open(folder / "none"), mentions(folder / "none", "can't be opened", "No such file or directory"));
    CHECK_THAT(open(folder.path()), mentions(folder.path(), "is a folder", "give the path of a file"));
    const auto pipe = folder / "pipe";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    CHECK_THAT(open(pipe), mentions(pipe, "is not a regular file", "give the path of a file"));
}
