// Random normal floats from tables: the bits of random::normal.
#include <rd4ad/core/normal_float.hpp>

#include <bit>
#include <cstdint>

#include <rd4ad/core/random.hpp>

#include <support/catch.hpp>

TEST_CASE("normal floats have the bits of random::normal, and draw as many random numbers", "[core]") {
    const auto& tables = rd4ad::normal_float::tables();
    // Usual deviations of initial values, and the smallest: its floats are subnormal and have fewer digits.
    for (const double scale : {1.0, 0.0294, 0.0147, 3e-39}) {
        rd4ad::random one{.state = 7}, other{.state = 7};
        std::uint64_t different = 0;
        for (int i = 0; i < 500000; ++i) {
            const float found = tables.draw(one, scale), wanted = static_cast<float>(other.normal() * scale);
            different += std::bit_cast<std::uint32_t>(found) != std::bit_cast<std::uint32_t>(wanted);
        }
        CHECK(different == 0);
        CHECK(one.state == other.state);
    }
}
