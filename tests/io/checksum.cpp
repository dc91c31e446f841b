#include <rd4ad/io/checksum.hpp>

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <support/catch.hpp>

namespace io = rd4ad::io;

TEST_CASE("the checksum is XXH3's, as other programs compute it", "[io]") {
    // xxhsum -H3 of xxHash 0.8.1
    CHECK(io::checksum_of(std::string_view{}) == "2d06800538d394c2");
    CHECK(io::checksum_of(std::string_view{"a"}) == "e6c632b61e964e1f");
    CHECK(io::checksum_of(std::string_view{"abc"}) == "78af5f94892f3950");
}

TEST_CASE("every flipped bit changes the checksum, for bytes of any length and alignment", "[io]") {
    for (const std::size_t length : {1u, 3u, 16u, 129u, 1025u}) {
        std::vector<std::byte> memory(length + 3);
        for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<std::byte>(i * 37);
        const auto bytes = std::span{memory}.subspan(3, length);
        std::set<std::string> seen{io::checksum_of(bytes)};
        const std::vector<std::byte> aligned(bytes.begin(), bytes.end());
        CHECK(io::checksum_of(aligned) == *seen.begin());
        for (std::size_t bit = 0; bit < 8 * length; ++bit) {
            bytes[bit / 8] ^= std::byte{1} << (bit % 8);
            seen.insert(io::checksum_of(bytes));
            bytes[bit / 8] ^= std::byte{1} << (bit % 8);
        }
        CHECK(seen.size() == 8 * length + 1);
    }
}
