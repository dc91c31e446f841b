#include <rd4ad/io/detail/shown.hpp>

#include <string>

#include <support/catch.hpp>

using rd4ad::io::detail::shown;

TEST_CASE("foreign bytes are made fit for a message", "[io]") {
    CHECK(shown("conv1.weight") == "'conv1.weight'");
    CHECK(shown("") == "''");
    CHECK(shown("a\x1b[31m\n\xc3\xa4") == "'a\\x1b[31m\\x0a\\xc3\\xa4'");
    CHECK(shown(std::string(81, 'x')) == "'" + std::string(80, 'x') + "...'");
}
