// The average of weights: the mean at first, then exponential; on every backend, with sizes that are no multiple of a row.
#include <rd4ad/train/weight_average.hpp>

#include <cstddef>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>

using namespace rd4ad;

TEMPLATE_LIST_TEST_CASE("weights are averaged over the steps", "[train]", test::backends) {
    using T = typename TestType::value_type;
    typename TestType::queue q{1};
    constexpr std::size_t values = 2051, statistics = 3;
    const auto weights_of = [&](T value) {
        return nn::weights<TestType>{to_device<TestType>(q, {1, values, 1, 1}, std::vector<T>(values, value)),
                                     to_device<TestType>(q, {1, statistics, 1, 1}, std::vector<T>(statistics, -value))};
    };
    nn::weights<TestType> average{nn::make_flat<TestType>(q, values), nn::make_flat<TestType>(q, statistics)};
    const auto all_are = [&](double expected) {
        bool equal = true;
        for (const T one : to_host<TestType>(q, average.values)) equal = equal && static_cast<double>(one) == Approx(expected);
        for (const T one : to_host<TestType>(q, average.statistics))
            equal = equal && static_cast<double>(one) == Approx(-expected);
        return equal;
    };
    const T taken[]{3, 5, 1, 4};
    const double expected[]{3, 4, 3, 3.25};  // of 3; of 3 and 5; of all three; then a quarter of the new ones
    for (std::size_t step = 0; step < 4; ++step) {
        update_average<TestType>(q, average, weights_of(taken[step]), step, 0.75);
        CHECK(all_are(expected[step]));
    }
    update_average<TestType>(q, average, weights_of(7.25), 4, 0.75);  // 4 / 5 would be more than the decay
    CHECK(all_are(4.25));
}
