#include <rd4ad/io/atomic_file.hpp>

#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <iterator>
#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

namespace io = rd4ad::io;
using rd4ad::test::mentions;
using rd4ad::test::message_of;
using rd4ad::test::text_of_file;

namespace {

std::size_t files_in(const std::filesystem::path& folder) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{folder}, {}));
}

}  // namespace

TEST_CASE("a written file is complete, replaces an old one and leaves no other file", "[io]") {
    const rd4ad::test::scratch_folder folder;
    io::write_atomically(folder / "a.txt", "first");
    CHECK(text_of_file(folder / "a.txt") == "first");
    const std::string one = "sec", two = "ond";
    const std::vector<std::span<const std::byte>> parts{std::as_bytes(std::span{one}), std::as_bytes(std::span{two})};
    io::write_atomically(folder / "a.txt", parts);
    CHECK(text_of_file(folder / "a.txt") == "second");
    io::write_atomically(folder / "empty", std::string_view{});
    CHECK(std::filesystem::file_size(folder / "empty") == 0);
    CHECK(files_in(folder.path()) == 2);
}

TEST_CASE("a symbolic link is replaced, not followed", "[io]") {
    const rd4ad::test::scratch_folder folder;
    io::write_atomically(folder / "real", "old");
    std::filesystem::create_symlink("real", folder / "link");
    io::write_atomically(folder / "link", "new");
    CHECK(text_of_file(folder / "real") == "old");
    CHECK(text_of_file(folder / "link") == "new");
}

TEST_CASE("a failed write keeps the old file and leaves no other file", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const auto write = [](const std::filesystem::path& path) {
        return message_of([&] { io::write_atomically(path, std::string(100'000, 'x')); });
    };
    CHECK_THAT(write(folder / "no/file"), mentions(folder / "no/file", "can't be written", "No such file or directory"));
    CHECK_THAT(write(folder.path()), mentions(folder.path(), "can't be written", "a folder"));
    CHECK_THAT(write("/dev/null"), mentions("/dev/null", "can't be written", "not a regular file"));

    io::write_atomically(folder / "a", "old");
    ::rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const ::rlimit small{1000, before.rlim_max};
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &small);
    const auto message = write(folder / "a");
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    CHECK_THAT(message, mentions(folder / "a", "can't be written", "File too large"));
    CHECK(text_of_file(folder / "a") == "old");
    CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("temporary files of killed processes are removed, those of running ones and others' stay", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const ::pid_t child = ::fork();
    if (child == 0) {
        auto& left = *new io::detail::temporary_file{folder / "a"};
        left.write(std::as_bytes(std::span{"half"}));
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    const io::detail::temporary_file running{folder / "b"};
    rd4ad::test::write_text(folder / "mine.tmp", "");
    rd4ad::test::write_text(folder / ".rd4ad-notes", "");
    CHECK(files_in(folder.path()) == 4);
    io::remove_abandoned_files(folder.path());
    CHECK(files_in(folder.path()) == 3);
    io::remove_abandoned_files(folder / "none");
}

TEST_CASE("a folder is probed for writing and space", "[io]") {
    const rd4ad::test::scratch_folder folder;
    io::probe_folder(folder.path(), 100'000);
    CHECK(files_in(folder.path()) == 0);
    CHECK_THAT(message_of([&] { io::probe_folder(folder.path(), std::uintmax_t{1} << 55); }), mentions(folder.path(), "MB free"));
    CHECK_THAT(message_of([&] { io::probe_folder(folder / "none", 0); }), mentions("none/", "No such file or directory"));
}

TEST_CASE("a replaced file keeps its permissions", "[io]") {
    const rd4ad::test::scratch_folder folder;
    io::write_atomically(folder / "a", "old");
    std::filesystem::permissions(folder / "a", std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    io::write_atomically(folder / "a", "new", io::durability::later);
    CHECK(std::filesystem::status(folder / "a").permissions() ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    CHECK(text_of_file(folder / "a") == "new");
}
