#include <rd4ad/core/finite.hpp>

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include <support/catch.hpp>

using rd4ad::first_not_finite;

TEMPLATE_TEST_CASE("the first value that is not finite is found, wherever it is", "[core]", float, double) {
    using T = TestType;
    using limits = std::numeric_limits<T>;
    const auto in = [](const std::vector<T>& values) { return first_not_finite(std::span<const T>{values}); };
    CHECK(!in({}));
    CHECK(!in({0, -0.0, limits::max(), limits::lowest(), limits::denorm_min(), -1}));
    for (const T bad : {limits::quiet_NaN(), -limits::quiet_NaN(), limits::infinity(), -limits::infinity()})
        for (const std::size_t at : {0u, 4095u, 4096u, 9999u}) {
            std::vector<T> values(10000, 1);
            values[at] = bad;
            CHECK(in(values) == at);
            values[9999] = bad;
            CHECK(in(values) == at);
        }
}

TEST_CASE("values that are not finite have names", "[core]") {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    CHECK(rd4ad::not_finite_text(std::numeric_limits<double>::quiet_NaN()) == "NaN");
    CHECK(rd4ad::not_finite_text(infinity) == "infinite");
    CHECK(rd4ad::not_finite_text(-infinity) == "-infinite");
}
