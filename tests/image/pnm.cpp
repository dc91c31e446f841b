#include <rd4ad/image/detail/pnm.hpp>
//
#include <string>

#include <rd4ad/image/read.hpp>
#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;

image::image_u8 decoded_pnm(const std::string& content) { return image::decode(std::as_bytes(std::span{content}), "a.pgm"); }

TEST_CASE("the values of a PNM are scaled to the header's white", "[image]") {
    using values = std::vector<std::uint8_t>;
    CHECK(decoded_pnm(std::string{"P5 3 1 4095\n\x0F\xFF\x08\x00\x00\x08", 18}).pixels ==
          values{255, 255, 255, 128, 128, 128, 0, 0, 0});
    CHECK(decoded_pnm("P5\n2 1\n100\n\x64\x32").pixels == values{255, 255, 255, 128, 128, 128});
    CHECK(decoded_pnm("P5\n1 1\n100\n\xC8").pixels == values{255, 255, 255});  // above white
    CHECK(decoded_pnm("P4\n# a comment\n3 1\n\xA0").pixels == values{0, 0, 0, 255, 255, 255, 0, 0, 0});
    CHECK(decoded_pnm("P6 1 #one\n1 255 \1\2\3").pixels == values{1, 2, 3});
}

TEST_CASE("a PNM with a broken header is refused", "[image]") {
    for (const char* content :
         {"P5", "P5 ", "P5 3", "P5 3 1", "P5 3 1 255", "P5 3 1 0 abc", "P5 3 1 65536 abc", "P5 -3 1 255 abc",
          "P5 99999999999 1 255 abc", "P5 0 1 255 abc", "P53 1 255 abc", "P5 # 3 1 255"}) {
        CAPTURE(content);
        CHECK_THAT(test::message_of<format_error>([&] { (void)decoded_pnm(content); }), test::mentions("a.pgm: is not an image"));
    }
    CHECK_THAT(test::message_of<format_error>([&] { (void)decoded_pnm("P5 3 1 255\nab"); }),
               test::mentions("a.pgm: is truncated"));
}
}  // namespace
