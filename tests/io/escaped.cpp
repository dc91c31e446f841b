#include <rd4ad/io/escaped.hpp>

#include <string>
#include <string_view>

#include <support/catch.hpp>

namespace io = rd4ad::io;
using namespace std::string_literals;

TEST_CASE("UTF-8 is told from other bytes", "[io]") {
    for (const std::string_view text : {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                                        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "Stra\xc3\x9f\xe2\x82\xac"}) {
        INFO(io::row_text(text));
        CHECK(io::is_utf8(text));
        CHECK(io::utf8_text(text) == text);
    }
    for (const std::string_view text :
         {"\x80", "\xff", "\xc0\x80", "\xc1\xbf", "\xc3", "a\xc3", "\xc3(", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80",
          "\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xbf\xc3\xa4"}) {
        INFO(io::row_text(text));
        CHECK(!io::is_utf8(text));
        CHECK(io::is_utf8(io::utf8_text(text)));
        CHECK(io::is_utf8(io::row_text(text)));
    }
    CHECK(io::is_utf8("a\0b"s));
}

TEST_CASE("only bytes that are not UTF-8 are escaped for JSON, and a backslash beside them", "[io]") {
    CHECK(io::utf8_text("a\\b\tc\n") == "a\\b\tc\n");
    CHECK(io::utf8_text("caf\xe9.png") == "caf\\xe9.png");
    CHECK(io::utf8_text("\xc3\xa4\\xe9\xe9") == "\xc3\xa4\\\\xe9\\xe9");
    CHECK(io::utf8_text("\xe2\x82") == "\\xe2\\x82");
}

TEST_CASE("a field of a row has no line end, tab or control character", "[io]") {
    CHECK(io::row_text("a b=\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\xa9") == "a b=\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\xa9");
    CHECK(io::row_text("a\tb\nc\rd\\e") == "a\\tb\\nc\\rd\\\\e");
    CHECK(io::row_text("\x1b[2J\x7f"s + '\0') == "\\x1b[2J\\x7f\\x00");
    CHECK(io::row_text("a\xc2\x85"
                       "b\xe2\x80\xa8"
                       "c\xe2\x80\xa9\xc2\xa0") == "a\\xc2\\x85b\\xe2\\x80\\xa8c\\xe2\\x80\\xa9\xc2\xa0");
    CHECK(io::row_text("caf\xe9") == "caf\\xe9");
    for (const std::string turned : {"\u061c", "\u200e", "\u200f", "\u202a", "\u202e", "\u2066", "\u2069"})
        CHECK_THAT(io::row_text("a" + turned + "gnp.exe"), Catch::StartsWith("a\\x") && Catch::EndsWith("gnp.exe"));
    for (const std::string plain : {"\u200d", "\u2010", "\u202f", "\u2065", "\u206a", "\u0627"})
        CHECK(io::row_text(plain) == plain);
}

TEST_CASE("a line of a message keeps what is escaped in it", "[io]") {
    CHECK(io::line_text("a\tb\nc\rd\x1b[2J \xe9\xc2\x9b") == "a\\tb\\nc\\rd\\x1b[2J \\xe9\\xc2\\x9b");
    CHECK(io::line_text(io::row_text("a\nb\\c")) == io::row_text("a\nb\\c"));
    CHECK(io::line_text("\xc3\xa4 \\ 'x'") == "\xc3\xa4 \\ 'x'");
}
