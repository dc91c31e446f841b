#include <rd4ad/io/dtype.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <support/catch.hpp>

namespace io = rd4ad::io;

TEST_CASE("dtypes have safetensors' names and sizes", "[io]") {
    for (const auto type : io::all_dtypes) CHECK(io::dtype_named(io::name_of(type)) == type);
    CHECK(io::name_of(io::dtype::bf16) == "BF16");
    CHECK(io::name_of(io::dtype::boolean) == "BOOL");
    CHECK(io::size_of(io::dtype::f16) == 2);
    CHECK(io::size_of(io::dtype::f64) == 8);
    CHECK_FALSE(io::dtype_named("F8_E4M3"));
}

TEST_CASE("every 16-bit float is unchanged by widening and narrowing", "[io]") {
    for (std::uint32_t bits = 0; bits < 65536; ++bits) {
        const auto half = static_cast<std::uint16_t>(bits);
        const float wide = io::widen_16<10>(half), brain = io::widen_16<7>(half);
        if (std::isnan(wide))
            REQUIRE((io::narrow_16<10>(wide) & 0x7E00U) == 0x7E00U);
        else
            REQUIRE(io::narrow_16<10>(wide) == half);
        if (std::isnan(brain))
            REQUIRE((io::narrow_16<7>(brain) & 0x7FC0U) == 0x7FC0U);
        else
            REQUIRE(io::narrow_16<7>(brain) == half);
    }
}

TEST_CASE("16-bit floats have the values that IEEE 754 and bfloat16 define", "[io]") {
    CHECK(io::widen_16<10>(0x3C00) == 1.0F);
    CHECK(io::widen_16<10>(0x7BFF) == 65504.0F);
    CHECK(io::widen_16<10>(0x0001) == std::ldexp(1.0F, -24));
    CHECK(io::widen_16<10>(0x83FF) == -1023.0F * std::ldexp(1.0F, -24));
    CHECK(io::widen_16<10>(0xFC00) == -std::numeric_limits<float>::infinity());
    CHECK(std::isnan(io::widen_16<10>(0x7E00)));
    CHECK(io::widen_16<7>(0x3F80) == 1.0F);
    CHECK(io::widen_16<7>(0xC040) == -3.0F);
    CHECK(std::isnan(io::widen_16<7>(0x7FC0)));
}

TEST_CASE("narrowing rounds once, to the nearest value, ties to even", "[io]") {
    const double step = std::ldexp(1.0, -10);
    CHECK(io::narrow_16<10>(1 + step / 2) == 0x3C00);      // a tie: the even neighbour is below
    CHECK(io::narrow_16<10>(1 + step * 3 / 2) == 0x3C02);  // a tie: the even neighbour is above
    CHECK(io::narrow_16<10>(1 + step / 2 + std::ldexp(1.0, -40)) ==
          0x3C01);  // rounded twice, by way of float, this would be 0x3C00
    CHECK(io::narrow_16<10>(65519.999) == 0x7BFF);
    CHECK(io::narrow_16<10>(65520) == 0x7C00);
    CHECK(io::narrow_16<10>(-1e300) == 0xFC00);
    CHECK(io::narrow_16<10>(std::ldexp(1.0, -25)) == 0x0000);  // a tie between 0 and the smallest value
    CHECK(io::narrow_16<10>(std::ldexp(1.5, -25)) == 0x0001);
    CHECK(io::narrow_16<10>(std::ldexp(1.0, -26)) == 0x0000);
    CHECK(io::narrow_16<10>(-std::numeric_limits<double>::denorm_min()) == 0x8000);
    CHECK(io::narrow_16<10>(std::ldexp(1.0, -14) - std::ldexp(1.0, -26)) == 0x0400);  // the carry increments the exponent
    CHECK(io::narrow_16<7>(1 + std::ldexp(1.0, -8)) == 0x3F80);
    CHECK(io::narrow_16<7>(1 + std::ldexp(1.5, -8)) == 0x3F81);
    CHECK(io::narrow_16<7>(3.4e38) == 0x7F80);
    CHECK((io::narrow_16<10>(std::numeric_limits<double>::quiet_NaN()) & 0x7FFF) == 0x7E00);
}

TEST_CASE("a product of sizes that overflows is empty", "[io]") {
    using sizes = std::vector<std::size_t>;
    CHECK(io::checked_product(sizes{}, 4) == 4);
    CHECK(io::checked_product(sizes{2, 3}, 4) == 24);
    CHECK(io::checked_product(sizes{std::size_t{1} << 62, std::size_t{1} << 62, 0}, 4) == 0);
    CHECK_FALSE(io::checked_product(sizes{std::size_t{1} << 32, std::size_t{1} << 31}, 1));
    CHECK(io::checked_product(sizes{std::size_t{1} << 31, std::size_t{1} << 31}, 1) == std::size_t{1} << 62);
}

TEST_CASE("values are widened from every dtype, at any alignment", "[io]") {
    std::vector<std::byte> bytes(1 + 16);
    const std::int64_t stored[] = {-3, 5};
    std::memcpy(bytes.data() + 1, stored, sizeof stored);
    const auto unaligned = std::span{bytes}.subspan(1);
    CHECK(io::widen<float>(io::dtype::i64, unaligned) == std::vector<float>{-3, 5});
    const std::vector<std::byte> small{std::byte{0}, std::byte{1}, std::byte{255}};
    CHECK(io::widen<double>(io::dtype::u8, small) == std::vector<double>{0, 1, 255});
    CHECK(io::widen<double>(io::dtype::i8, small) == std::vector<double>{0, 1, -1});
    CHECK(io::widen<double>(io::dtype::boolean, small) == std::vector<double>{0, 1, 1});
    const std::vector<float> values{0.5F, -2, 3.25F};
    for (const auto type : {io::dtype::f16, io::dtype::bf16, io::dtype::f32, io::dtype::f64})
        CHECK(io::widen<float>(type, *io::narrow<float>(type, values)) == values);
    CHECK_FALSE(io::narrow<float>(io::dtype::i32, values));
}
