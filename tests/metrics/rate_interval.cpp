// Quantiles of Beta and the interval of a counted rate, against closed forms and published tables.
#include <rd4ad/metrics/rate_interval.hpp>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

#include <rd4ad/core/random.hpp>

#include <support/catch.hpp>
#include <support/image_files.hpp>

using namespace rd4ad;
using metrics::beta_quantile;

TEST_CASE("Beta's quantiles have their closed forms where there are any", "[metrics]") {
    for (const double p : {0.025, 0.3, 0.5, 0.975}) {
        CHECK(beta_quantile(1, 1, p) == Approx(p).margin(1e-9));
        for (const std::size_t n : {2u, 16u, 300u}) {
            CHECK(beta_quantile(1, n, p) == Approx(1 - std::pow(1 - p, 1.0 / static_cast<double>(n))).margin(1e-9));
            CHECK(beta_quantile(n, 1, p) == Approx(std::pow(p, 1.0 / static_cast<double>(n))).margin(1e-9));
        }
        for (const std::size_t a : {3u, 40u, 5000u}) CHECK(beta_quantile(a, 70, p) == Approx(1 - beta_quantile(70, a, 1 - p)));
    }
    CHECK(beta_quantile(2, 2, 0.5) == Approx(0.5).margin(1e-9));
    CHECK(beta_quantile(2, 3, 0.5) == Approx(0.38572756813).margin(1e-9));
}

TEST_CASE("a counted rate's interval is Clopper and Pearson's", "[metrics]") {
    const auto one_of_ten = metrics::interval_of_count(1, 10);
    CHECK(one_of_ten.low == Approx(0.00252858).margin(1e-7));
    CHECK(one_of_ten.high == Approx(0.44501612).margin(1e-7));
    const auto none = metrics::interval_of_count(0, 20), all = metrics::interval_of_count(20, 20);
    CHECK((none.low == 0 && all.high == 1));
    CHECK(none.high == Approx(1 - std::pow(0.025, 0.05)).margin(1e-9));
    CHECK(all.low == Approx(std::pow(0.025, 0.05)).margin(1e-9));
}

TEST_CASE("alarms among further images are predicted as simulation finds them", "[metrics]") {
    rd4ad::random source{4};
    for (const auto& [k, n, m] : {std::tuple{1u, 20u, 20u}, {3u, 30u, 10u}, {1u, 2u, 5u}}) {
        const auto range = metrics::predicted_count(k, n, m);
        int below = 0, above = 0;
        constexpr int rounds = 20000;
        for (int round = 0; round < rounds; ++round) {
            std::vector<double> draws(n);
            for (auto& one : draws) one = source.uniform();
            std::sort(draws.begin(), draws.end());
            std::size_t count = 0;
            for (std::size_t i = 0; i < m; ++i)
                if (source.uniform() > draws[n - k]) ++count;
            if (count < range.low) ++below;
            if (count > range.high) ++above;
        }
        CAPTURE(k, n, m, range.low, range.high);
        CHECK(below < rounds * 0.03);
        CHECK(above < rounds * 0.03);
    }
    CHECK(metrics::predicted_count(1, 20, 20).low == 0);
    CHECK(metrics::predicted_count(1, 20, 20).high == 4);
    CHECK(metrics::predicted_count(1, 1, 1).high == 1);
    CHECK(test::message_of<option_error>([] { (void)metrics::predicted_count(3, 2, 1); }) ==
          "predicted_count: the 3-th largest of 2; expected one of them");
}

TEST_CASE("rates that can't be are refused", "[metrics]") {
    CHECK(test::message_of<option_error>([] { (void)beta_quantile(0, 3, 0.5); }) ==
          "beta_quantile: Beta(0, 3) at 0.500000; a and b must be at least 1, the probability 0 to 1");
    CHECK(test::message_of<option_error>([] { (void)metrics::interval_of_count(3, 2); }) ==
          "interval_of_count: 3 of 2; expected at most all of at least 1");
}
