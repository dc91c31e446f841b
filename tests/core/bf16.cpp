#include <rd4ad/core/bf16.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <rd4ad/core/random.hpp>
#include <rd4ad/io/dtype.hpp>

#include <support/catch.hpp>

using rd4ad::round_to_bf16;

TEST_CASE("rounding to bfloat16 takes the nearest value, ties to even", "[core]") {
    STATIC_REQUIRE(round_to_bf16(1.0F) == 0x3F80);
    CHECK(round_to_bf16(1 + std::ldexp(1.0F, -8)) == 0x3F80);  // a tie: the even neighbour is below
    CHECK(round_to_bf16(1 + std::ldexp(3.0F, -8)) == 0x3F82);  // a tie: the even neighbour is above
    CHECK(round_to_bf16(1 + std::ldexp(1.5F, -8)) == 0x3F81);
    CHECK(round_to_bf16(-0.0F) == 0x8000);
    CHECK(round_to_bf16(std::numeric_limits<float>::max()) == 0x7F80);  // infinity
    CHECK(round_to_bf16(-std::numeric_limits<float>::infinity()) == 0xFF80);
}

TEST_CASE("rounding to bfloat16 equals io::narrow_16 for every value but NaN", "[core]") {
    rd4ad::random source{.state = 5};
    for (std::uint32_t high = 0; high < 65536; ++high)
        for (const std::uint32_t low :
             {0U, 1U, 0x7FFFU, 0x8000U, 0x8001U, 0xFFFFU, static_cast<std::uint32_t>(source.below(65536))}) {
            const float value = std::bit_cast<float>(high << 16 | low);
            if (std::isnan(value)) continue;
            const std::uint16_t expected = rd4ad::io::narrow_16<7>(static_cast<double>(value));
            if (round_to_bf16(value) != expected)
                FAIL("bits " << (high << 16 | low) << " give " << round_to_bf16(value) << ", expected " << expected);
        }
    SUCCEED("all compared");
}
