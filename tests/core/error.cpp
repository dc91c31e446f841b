#include <rd4ad/core/error.hpp>
#include <support/catch.hpp>

namespace {

/// Throws an E, catches it as the base class and returns the base class's view of it.
template <class E>
rd4ad::error thrown(const std::string& message) {
    try {
        throw E{message};
    } catch (const rd4ad::error& caught) {
        return caught;
    }
}

}  // namespace

TEST_CASE("every error is caught as rd4ad::error with its code and message", "[core]") {
    using rd4ad::error_code;
    CHECK(thrown<rd4ad::shape_error>("a").code() == error_code::shape);
    CHECK(thrown<rd4ad::format_error>("a").code() == error_code::format);
    CHECK(thrown<rd4ad::io_error>("a").code() == error_code::io);
    CHECK(thrown<rd4ad::numeric_error>("a").code() == error_code::numeric);
    CHECK(thrown<rd4ad::option_error>("a").code() == error_code::option);
    CHECK(thrown<rd4ad::data_error>("a").code() == error_code::data);
    CHECK(thrown<rd4ad::memory_error>("a").code() == error_code::memory);
    CHECK(thrown<rd4ad::device_error>("a").code() == error_code::device);
    CHECK(thrown<rd4ad::io_error>("nut.png: can't be opened").what() == std::string{"nut.png: can't be opened"});
}

TEST_CASE("an error is a std::runtime_error", "[core]") { CHECK_THROWS_AS(throw rd4ad::option_error("a"), std::runtime_error); }
