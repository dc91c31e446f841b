#include <rd4ad/io/quoted.hpp>

#include <string>

#include <support/catch.hpp>

namespace io = rd4ad::io;

TEST_CASE("quoted escapes bytes that are not printable and shortens long texts", "[io]") {
    CHECK(io::quoted("conv1.weight") == "'conv1.weight'");
    CHECK(io::quoted("") == "''");
    CHECK(io::quoted("a\x1b[31m\n\xc3\xa4") == "'a\\x1b[31m\\x0a\\xc3\\xa4'");
    CHECK(io::quoted(std::string(81, 'x')) == "'" + std::string(80, 'x') + "...'");
}
