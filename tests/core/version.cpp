#include <rd4ad/core/version.hpp>
#include <string>
#include <support/catch.hpp>

TEST_CASE("the version's text is its three numbers", "[core]") {
    const std::string numbers = std::to_string(RD4AD_VERSION_MAJOR) + '.' + std::to_string(RD4AD_VERSION_MINOR) + '.' +
                                std::to_string(RD4AD_VERSION_PATCH);
    CHECK(numbers == rd4ad::version);
}
