#include <rd4ad/core/text.hpp>

#include <clocale>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <support/catch.hpp>
#include <support/skip.hpp>

using rd4ad::text;
using rd4ad::TextPart;

static_assert(TextPart<char[4]> && TextPart<const char*> && TextPart<std::string> && TextPart<std::string_view>);
static_assert(TextPart<char> && TextPart<int> && TextPart<std::uint64_t> && TextPart<float> && TextPart<std::filesystem::path>);
static_assert(!TextPart<bool>, "true would read as 1");
static_assert(!TextPart<std::filesystem::file_type> && !TextPart<void*>);

TEST_CASE("text joins strings, characters and paths", "[core]") {
    const std::string name = "conv1";
    const std::filesystem::path path{"folder/model.pth"};
    CHECK(text().empty());
    CHECK(text("tensor ", name, ':', std::string_view{" 64 values"}) == "tensor conv1: 64 values");
    CHECK(text(path, ": can't be read") == "folder/model.pth: can't be read");
    CHECK(text(std::string{"a\0b", 3}, "c") == std::string{"a\0bc", 4});
}

TEST_CASE("text writes numbers as std::to_string does", "[core]") {
    CHECK(text(0, ' ', -7, ' ', std::uint64_t{1} << 63) == "0 -7 9223372036854775808");
    CHECK(text(std::uint8_t{65}, '-', std::int8_t{-1}) == "65--1");
    CHECK(text(0.5) == "0.500000");
    CHECK(text(1e-9F) == "0.000000");
    CHECK(text(-2.0F, " to ", 3.25) == "-2.000000 to 3.250000");
}

TEST_CASE("numbers have a decimal point in every locale of the program", "[core]") {
    CHECK(rd4ad::decimal_text(1234.5, 2) == "1234.50");
    CHECK(rd4ad::decimal_text(-0.05, 1) == "-0.1");
    CHECK(rd4ad::decimal_text(1e308, 100).size() == 309 + 1 + 100);
    const std::string before = std::setlocale(LC_ALL, nullptr);
    const bool has_comma = std::setlocale(LC_ALL, "de_DE.UTF-8") != nullptr || std::setlocale(LC_ALL, "fr_FR.UTF-8") != nullptr;
    const auto found = text(1234.5, ' ', 0.5F, ' ', rd4ad::decimal_text(0.25, 2));
    std::setlocale(LC_ALL, before.c_str());
    CHECK(found == "1234.500000 0.500000 0.25");
    RD4AD_SKIP_UNLESS(has_comma, "this system has no locale with a decimal comma");
}
