#include <algorithm>
#include <array>
#include <rd4ad/core/random.hpp>
#include <support/catch.hpp>

using rd4ad::hash_name;

TEST_CASE("hash_name is 64-bit FNV-1a", "[core]") {
    // Test vectors of the function's authors (draft-eastlake-fnv, appendix C).
    STATIC_REQUIRE(hash_name("") == 0xCBF29CE484222325ULL);
    STATIC_REQUIRE(hash_name("a") == 0xAF63DC4C8601EC8CULL);
    STATIC_REQUIRE(hash_name("foobar") == 0x85944171F73967E8ULL);
    // Characters beyond ASCII count as unsigned bytes, even where char is signed.
    CHECK(hash_name("\xC3\xA4") != hash_name("\x43\x24"));
}

TEST_CASE("random is splitmix64", "[core]") {
    rd4ad::random source{.state = 1234567};
    CHECK(source.next() == 6457827717110365317ULL);
    CHECK(source.next() == 3203168211198807973ULL);
    CHECK(source.next() == 9817491932198370423ULL);
}

TEST_CASE("a stored state continues the sequence", "[core]") {
    rd4ad::random source{.state = 7};
    source.normal();
    rd4ad::random resumed{.state = source.state};
    for (int i = 0; i < 5; ++i) CHECK(source.next() == resumed.next());
}

TEST_CASE("skip advances as that number of draws does", "[core]") {
    rd4ad::random source{.state = 7}, skipped{.state = 7};
    for (int i = 0; i < 1000; ++i) source.next();
    skipped.skip(1000);
    CHECK(skipped.next() == source.next());
}

TEST_CASE("uniform stays from 0 to below 1 and has a uniform's mean and second moment", "[core]") {
    rd4ad::random source{.state = 3};
    constexpr int n = 100000;
    double sum = 0, squares = 0, lowest = 1, highest = 0;
    for (int i = 0; i < n; ++i) {
        const double x = source.uniform();
        sum += x;
        squares += x * x;
        lowest = std::min(lowest, x);
        highest = std::max(highest, x);
    }
    CHECK(lowest >= 0.0);
    CHECK(highest < 1.0);
    CHECK(sum / n == Approx(0.5).margin(0.005));  // five standard errors
    CHECK(squares / n == Approx(1.0 / 3).margin(0.005));
}

TEST_CASE("normal has mean 0, variance 1 and a normal's fourth moment", "[core]") {
    rd4ad::random source{.state = 5};
    constexpr int n = 100000;
    double sum = 0, squares = 0, fourths = 0;
    for (int i = 0; i < n; ++i) {
        const double x = source.normal();
        REQUIRE(std::isfinite(x));
        sum += x;
        squares += x * x;
        fourths += x * x * x * x;
    }
    CHECK(sum / n == Approx(0.0).margin(0.016));
    CHECK(squares / n == Approx(1.0).margin(0.023));
    CHECK(fourths / n == Approx(3.0).margin(0.16));
}

TEST_CASE("below returns every number under the bound equally often", "[core]") {
    rd4ad::random source{.state = 11};
    std::array<int, 7> seen{};
    for (int i = 0; i < 70000; ++i) ++seen.at(source.below(7));
    for (const int count : seen) CHECK(count == Approx(10000).margin(470));
    CHECK(source.below(1) == 0);
    // A bound just above half of the range, where a plain remainder would be most biased.
    const std::uint64_t large = (1ULL << 63) + 1;
    for (int i = 0; i < 100; ++i) CHECK(source.below(large) < large);
}

TEST_CASE("shuffled_order is a permutation that depends on the state alone", "[core]") {
    rd4ad::random one{.state = 111}, two{.state = 111}, three{.state = 112};
    const auto order = rd4ad::shuffled_order(100, one);
    CHECK(order == rd4ad::shuffled_order(100, two));
    CHECK(order != rd4ad::shuffled_order(100, three));
    CHECK(order != rd4ad::shuffled_order(100, one));
    auto sorted = order;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size(); ++i) CHECK(sorted[i] == i);
}

TEST_CASE("an order of no or one item draws no random number", "[core]") {
    rd4ad::random source{.state = 1};
    CHECK(rd4ad::shuffled_order(0, source).empty());
    CHECK(rd4ad::shuffled_order(1, source) == std::vector<std::size_t>{0});
    CHECK(source.state == 1);
}
