#include <rd4ad/io/read_file.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <string>
#include <utility>

#include <rd4ad/io/json.hpp>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

namespace io = rd4ad::io;
using rd4ad::test::mentions;
using rd4ad::test::message_of;
using rd4ad::test::owned;

TEST_CASE("read_file returns all bytes of a file, read_prefix its first ones", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const std::string content{"a\0b\r\n\xff", 6};
    rd4ad::test::write_text(folder / "a", content);
    rd4ad::test::write_text(folder / "empty", "");
    CHECK(io::read_file(folder / "a") == *owned(content));
    CHECK(io::read_prefix(folder / "a", 3) == *owned(content.substr(0, 3)));
    CHECK(io::read_prefix(folder / "a", 6) == *owned(content));
    CHECK(io::read_prefix(folder / "a", 100) == *owned(content));
    CHECK(io::read_prefix(folder / "a", 0).empty());
    CHECK(io::read_file(folder / "empty").empty());
}

TEST_CASE("a file's content outlives its reader and the file", "[io]") {
    const rd4ad::test::scratch_folder folder;
    rd4ad::test::write_text(folder / "a", "abc");
    rd4ad::test::write_text(folder / "empty", "");
    const auto content = io::file_reader{folder / "a"}.read_all();
    rd4ad::test::write_text(folder / "a", "");
    REQUIRE(content.bytes.size() == 3);
    CHECK(content.bytes[1] == std::byte{'b'});
    CHECK(io::file_reader{folder / "empty"}.read_all().bytes.empty());
    const io::file_reader file{folder / "empty"};
    CHECK((file.size() == 0 && file.path() == folder / "empty"));
}

TEST_CASE("prefetching a file changes nothing, even if the file doesn't exist", "[io]") {
    const rd4ad::test::scratch_folder folder;
    rd4ad::test::write_text(folder / "a", "abc");
    for (const char* name : {"a", "none", "."}) io::prefetch_file(folder / name);
    CHECK(io::read_file(folder / "a").size() == 3);
}

TEST_CASE("a path that is not a readable file is refused", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const auto reading = [](const std::filesystem::path& path) { return message_of([&] { (void)io::read_file(path); }); };
    CHECK_THAT(reading(folder / "none"), mentions(folder / "none", "no such file"));
    CHECK_THAT(reading(folder.path()), mentions(folder.path(), "is a folder", "give the path of a file"));
    CHECK_THAT(message_of([&] { (void)io::read_prefix(folder / "none", 1); }), mentions(folder / "none", "no such file"));
    const auto pipe = folder / "pipe";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    CHECK_THAT(reading(pipe), mentions(pipe, "is not a regular file", "give the path of a file"));
    // A socket exists but can't be opened as a file, even by root.
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ::sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = folder / "socket";
    REQUIRE(path.string().copy(address.sun_path, sizeof address.sun_path - 1) == path.string().size());
    REQUIRE(::bind(socket, reinterpret_cast<const ::sockaddr*>(&address), sizeof address) == 0);
    CHECK_THAT(reading(path), mentions(path, "can't be opened"));
    ::close(socket);
}

TEST_CASE("a file that is larger than expected is refused before memory is taken", "[io]") {
    const rd4ad::test::scratch_folder folder;
    rd4ad::test::write_text(folder / "a", "abc");
    CHECK(io::read_file(folder / "a", 3).size() == 3);
    CHECK_THAT(message_of([&] { (void)io::read_file(folder / "a", 2); }), mentions(folder / "a", "has 3 bytes", "at most 2"));
    std::filesystem::resize_file(folder / "a", std::uintmax_t{1} << 40);  // sparse
    CHECK_THAT(message_of([&] { (void)io::read_json(folder / "a"); }),
               mentions(folder / "a", "1099511627776 bytes", "check that it is the file you mean"));
}

TEST_CASE("a file that another program shortens, extends or rewrites meanwhile is an error", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const auto path = folder / "a";
    const auto after = [&](const auto& change) {
        rd4ad::test::write_text(path, "0123456789");
        const io::file_reader file{path};
        change();
        return message_of([&] { (void)file.read_all(); });
    };
    CHECK(after([] {}) == "nothing thrown");
    CHECK_THAT(after([&] { std::filesystem::resize_file(path, 4); }),
               mentions(path, "ends after 4 bytes", "had 10", "another program", "try again"));
    CHECK_THAT(after([&] { std::filesystem::resize_file(path, 40); }), mentions(path, "now has 40 bytes", "had 10"));
    CHECK_THAT(after([&] {
                   std::fstream{path} << "x";
                   std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) + std::chrono::hours{1});
               }),
               mentions(path, "another program wrote to it", "try again"));
    CHECK(after([&] { std::filesystem::remove(path); }) == "nothing thrown");  // replaced: the open file stays as it was
}

TEST_CASE("a file that another process truncates in a loop gives errors, and never a signal", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const auto path = folder / "a";
    const std::string content(1 << 20, 'x');
    rd4ad::test::write_text(path, content);
    const ::pid_t writer = ::fork();
    REQUIRE(writer >= 0);
    if (writer == 0)
        for (;;) {
            static_cast<void>(::truncate(path.c_str(), 0));
            rd4ad::test::write_text(path, content);
        }
    // At least 2000 readings, and as many more as it takes until the writer has met one: a busy machine may start it late.
    int refused = 0;
    bool foreign = false;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    for (int i = 0; i < 2000 || (refused == 0 && std::chrono::steady_clock::now() < deadline); ++i) {
        try {
            const auto bytes = io::file_reader{path}.read_all();
            foreign = foreign || std::any_of(bytes.bytes.begin(), bytes.bytes.end(),
                                             [](std::byte one) { return one != std::byte{'x'} && one != std::byte{0}; });
        } catch (const rd4ad::io_error&) {
            ++refused;
        }
    }
    ::kill(writer, SIGKILL);
    ::waitpid(writer, nullptr, 0);
    CHECK(refused > 0);
    CHECK_FALSE(foreign);
}
