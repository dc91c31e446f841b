#include <rd4ad/core/version.hpp>

#include <regex>
#include <string>

#include <support/catch.hpp>

TEST_CASE("the version is three numbers", "[core]") {
    CHECK(std::regex_match(std::string{rd4ad::version}, std::regex{"(0|[1-9][0-9]*)(\\.(0|[1-9][0-9]*)){2}"}));
}
