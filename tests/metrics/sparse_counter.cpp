#include <rd4ad/metrics/sparse_counter.hpp>

#include <map>
#include <utility>

#include <rd4ad/core/random.hpp>
#include <support/catch.hpp>
#include <support/mentions.hpp>

using rd4ad::metrics::sparse_counter;
using rd4ad::metrics::sparse_counter_page;
using rd4ad::test::mentions;

namespace {

/// The counts and weights of bucket `high`, without zeros.
template <class Counter>
std::map<std::size_t, std::pair<std::uint64_t, double>> content(const Counter& of, std::size_t high) {
    sparse_counter_page page;
    std::vector<double> weights(65536);
    of.spread(high, page);
    if constexpr (requires { of.spread_weights(high, weights); }) of.spread_weights(high, weights);
    std::map<std::size_t, std::pair<std::uint64_t, double>> found;
    bool flags_agree = true;
    for (std::size_t i = 0; i < 65536; ++i) {
        flags_agree = flags_agree && (page.counts[i] != 0) == ((page.touched[i / 64] >> (i % 64) & 1) != 0);
        if (page.counts[i] != 0) found[i] = {page.counts[i], weights[i]};
    }
    CHECK(flags_agree);
    return found;
}

}  // namespace

TEST_CASE("a sparse counter counts keys and sums weights, as a list and as a table", "[metrics]") {
    const std::size_t keys = GENERATE(std::size_t{1000}, std::size_t{400000});
    sparse_counter<true> counted;
    sparse_counter<false> plain;
    std::map<std::size_t, std::pair<std::uint64_t, double>> expected;
    rd4ad::random source{3};
    for (std::size_t i = 0; i < keys; ++i) {
        const auto low = static_cast<std::uint32_t>(source.below(30000) * 2);
        const auto area = static_cast<std::uint32_t>(1 + source.below(2) * 3);  // 1 or 4: sums are exact
        counted.add(0xBF000000U | low, area);
        plain.add(0xBF000000U | low);
        expected[low].first += 1;
        expected[low].second += 1.0 / area;
    }
    CHECK(counted.total() == keys);
    CHECK(counted.total(0xBF00) == keys);
    CHECK(counted.total(0xBF01) == 0);
    CHECK(content(counted, 0xBF00) == expected);
    for (const auto& [low, found] : content(plain, 0xBF00)) CHECK(found.first == expected.at(low).first);
    CHECK(content(counted, 0xBF01).empty());
}

TEST_CASE("a sparse counter's memory stops growing", "[metrics]") {
    sparse_counter<false> plain;
    sparse_counter<true> weighted;
    rd4ad::random source{4};
    for (int i = 0; i < 1000000; ++i) {
        const auto key = static_cast<std::uint32_t>(source.below(65536));
        plain.add(key);
        weighted.add(key, 7);
    }
    CHECK(plain.bytes() < 540000);
    CHECK(weighted.bytes() < 1080000);
}

TEST_CASE("a sparse counter merges one bit at a time", "[metrics]") {
    sparse_counter<true> counted;
    const bool table = GENERATE(false, true);
    const std::size_t repeats = table ? 100000 : 1;
    const double half = static_cast<double>(repeats) / 2;
    for (std::size_t i = 0; i < repeats; ++i)
        for (const std::uint32_t low : {4U, 5U, 6U, 65535U}) counted.add(0x80000000U | low, 2);
    counted.coarsen();
    CHECK(counted.lost_bits() == 1);
    std::map<std::size_t, std::pair<std::uint64_t, double>> expected{
        {2, {2 * repeats, 2 * half}}, {3, {repeats, half}}, {32767, {repeats, half}}};
    CHECK(content(counted, 0x8000) == expected);
    counted.add(0x80000007U, 2);
    expected[3] = {repeats + 1, half + 0.5};
    CHECK(content(counted, 0x8000) == expected);
    while (counted.lost_bits() < 16) counted.coarsen();
    CHECK(counted.total(0x8000) == 4 * repeats + 1);
    CHECK(content(counted, 0x8000).at(0).first == 4 * repeats + 1);
    CHECK(counted.bytes() < 1000);
    CHECK_THROWS_WITH(counted.coarsen(), mentions("sparse_counter", "16 bits are lost already"));
}
