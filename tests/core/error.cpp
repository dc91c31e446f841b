#include <rd4ad/core/error.hpp>
#include <support/catch.hpp>

namespace {

/// Throws E, catches it as the root, and hands back what the root knows.
template <class E>
rd4ad::error thrown(const std::string& message) {
    try {
        throw E{message};
    } catch (const rd4ad::error& caught) {
        return caught;
    }
}

}  // namespace

TEST_CASE("each error is caught as the root with its code and its message", "[core]") {
    using rd4ad::error_code;
    CHECK(thrown<rd4ad::shape_error>("a").code() == error_code::shape);
    CHECK(thrown<rd4ad::format_error>("a").code() == error_code::format);
    CHECK(thrown<rd4ad::io_error>("a").code() == error_code::io);
    CHECK(thrown<rd4ad::numeric_error>("a").code() == error_code::numeric);
    CHECK(thrown<rd4ad::option_error>("a").code() == error_code::option);
    CHECK(thrown<rd4ad::data_error>("a").code() == error_code::data);
    CHECK(thrown<rd4ad::memory_error>("a").code() == error_code::memory);
    CHECK(thrown<rd4ad::device_error>("a").code() == error_code::device);
    CHECK(thrown<rd4ad::io_error>("part.png: can't be opened").what() == std::string{"part.png: can't be opened"});
}

TEST_CASE("an error is a std::runtime_error", "[core]") { CHECK_THROWS_AS(throw rd4ad::option_error("a"), std::runtime_error); }
