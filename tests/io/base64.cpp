#include <rd4ad/io/base64.hpp>
#include <support/catch.hpp>

#include <span>
#include <string>
#include <string_view>

using namespace rd4ad;

namespace {

std::string of(std::string_view text) { return io::base64(std::as_bytes(std::span{text})); }

}  // namespace

TEST_CASE("base64 gives the vectors of RFC 4648", "[io]") {
    CHECK(of("").empty());
    CHECK(of("f") == "Zg==");
    CHECK(of("fo") == "Zm8=");
    CHECK(of("foo") == "Zm9v");
    CHECK(of("foob") == "Zm9vYg==");
    CHECK(of("fooba") == "Zm9vYmE=");
    CHECK(of("foobar") == "Zm9vYmFy");
}

TEST_CASE("base64 uses every letter, zero and high bytes among them", "[io]") {
    CHECK(of(std::string_view{"\0\0\0", 3}) == "AAAA");
    CHECK(of("\xff\xff\xff") == "////");
    CHECK(of("\xfb\xef\xbe") == "++++");
}
