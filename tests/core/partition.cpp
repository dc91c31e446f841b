#include <cstddef>
#include <rd4ad/core/partition.hpp>
#include <support/catch.hpp>

TEST_CASE("partition gives contiguous ranges that cover all indices and differ by at most one in size", "[core]") {
    for (const std::size_t count : {0UL, 1UL, 2UL, 7UL, 16UL, 100UL})
        for (const std::size_t parts : {1UL, 2UL, 3UL, 7UL, 16UL}) {
            std::size_t next = 0;
            for (std::size_t i = 0; i < parts; ++i) {
                const auto [first, last] = rd4ad::partition(count, parts, i);
                CHECK(first == next);
                CHECK(last - first >= count / parts);
                CHECK(last - first <= count / parts + 1);
                next = last;
            }
            CHECK(next == count);
        }
}
