#include <rd4ad/io/safe_name.hpp>

#include <filesystem>
#include <iterator>
#include <string>

#include <rd4ad/io/escaped.hpp>

#include <support/catch.hpp>

namespace io = rd4ad::io;

TEST_CASE("a safe name is one name in its folder", "[io]") {
    for (const auto* foreign : {"../../x", "/abs", "..", ".", "", "a/b", "a\\b", "\n", ".hidden", "x ", "C:\\x", "a\tb\x7F"}) {
        CAPTURE(foreign);
        const std::filesystem::path name = io::safe_name(foreign);
        CHECK(std::distance(name.begin(), name.end()) == 1);
        CHECK(name.is_relative());
        CHECK_FALSE(name.string().starts_with('.'));
        CHECK((std::filesystem::path{"out"} / name).lexically_normal().parent_path() == "out");
    }
    CHECK(io::safe_name("../../x") == "_._.._x");
    CHECK(io::safe_name("broken_large") == "broken_large");
    CHECK(io::safe_name("a.b-c d \xC3\xA9") == "a.b-c d \xC3\xA9");
}

TEST_CASE("long names are cut between characters and end in a hash", "[io]") {
    const std::string limit(200, 'x');
    CHECK(io::safe_name("000") == "000");
    CHECK(io::safe_name(limit) == limit);
    const auto made = io::safe_name(limit + 'a'), other = io::safe_name(limit + 'b');
    CHECK(made.size() == 200);
    CHECK(made.starts_with(std::string(183, 'x') + '~'));
    CHECK(made.substr(184).find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(made != other);
    CHECK(made == io::safe_name(limit + 'a'));
    std::string accents = "x";
    while (accents.size() < 250) accents += "\xc3\xa4";  // byte 183 is inside a character
    CHECK(io::safe_name(accents).size() == 200);
    CHECK(io::is_utf8(io::safe_name(accents)));
    CHECK(io::safe_name("x" + accents).size() == 199);
    CHECK(io::is_utf8(io::safe_name("x" + accents)));
    CHECK(io::safe_name(std::string(250, '\x80')).size() == 17);
}
