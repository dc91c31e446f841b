#include <rd4ad/io/read_file.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>

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

TEST_CASE("a path that is not a readable file is refused", "[io]") {
    const rd4ad::test::scratch_folder folder;
    const auto reading = [](const std::filesystem::path& path) { return message_of([&] { (void)io::read_file(path); }); };
    CHECK_THAT(reading(folder / "none"), mentions(folder / "none", "no such file"));
    CHECK_THAT(reading(folder.path()), mentions(folder.path(), "is a folder"));
    CHECK_THAT(message_of([&] { (void)io::read_prefix(folder / "none", 1); }), mentions(folder / "none", "no such file"));
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
