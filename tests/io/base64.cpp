#include <rd4ad/io/base64.hpp>
#include <support/catch.hpp>

#include <span>
#include <string>
#include <string_view>

using namespace rd4ad;

namespace {

std::string encoded(std::string_view bytes) { return io::base64(std::as_bytes(std::span{bytes})); }

}  // namespace

TEST_CASE("base64 equals the test vectors of RFC 4648", "[io]") {
    CHECK(encoded("").empty());
    CHECK(encoded("f") == "Zg==");
    CHECK(encoded("fo") == "Zm8=");
    CHECK(encoded("foo") == "Zm9v");
    CHECK(encoded("foob") == "Zm9vYg==");
    CHECK(encoded("fooba") == "Zm9vYmE=");
    CHECK(encoded("foobar") == "Zm9vYmFy");
}

TEST_CASE("base64 encodes zero and high bytes", "[io]") {
    CHECK(encoded(std::string_view{"\0\0\0", 3}) == "AAAA");
    CHECK(encoded("\xff\xff\xff") == "////");
    CHECK(encoded("\xfb\xef\xbe") == "++++");
}
