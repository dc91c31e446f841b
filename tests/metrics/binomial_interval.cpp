// Compares Beta quantiles and binomial intervals with closed forms, published tables and simulations.
#include <rd4ad/metrics/binomial_interval.hpp>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

#include <rd4ad/core/random.hpp>

#include <support/catch.hpp>
#include <support/image_files.hpp>
#include <support/mentions.hpp>

using namespace rd4ad;
using metrics::beta_quantile;

TEST_CASE("Beta quantiles equal their closed forms", "[metrics]") {
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

TEST_CASE("clopper_pearson equals published intervals", "[metrics]") {
    const auto one_of_ten = metrics::clopper_pearson(1, 10);
    CHECK(one_of_ten.low == Approx(0.00252858).margin(1e-7));
    CHECK(one_of_ten.high == Approx(0.44501612).margin(1e-7));
    const auto none = metrics::clopper_pearson(0, 20), all = metrics::clopper_pearson(20, 20);
    CHECK((none.low == 0 && all.high == 1));
    CHECK(none.high == Approx(1 - std::pow(0.025, 0.05)).margin(1e-9));
    CHECK(all.low == Approx(std::pow(0.025, 0.05)).margin(1e-9));
}

TEST_CASE("predicted_count equals a simulation", "[metrics]") {
    rd4ad::random source{4};
    for (const auto& [k, n, m] : {std::tuple{1u, 20u, 20u}, {3u, 30u, 10u}, {1u, 2u, 5u}}) {
        const auto interval = metrics::predicted_count(k, n, m);
        int below = 0, above = 0;
        constexpr int rounds = 20000;
        for (int round = 0; round < rounds; ++round) {
            std::vector<double> draws(n);
            for (auto& one : draws) one = source.uniform();
            std::sort(draws.begin(), draws.end());
            std::size_t count = 0;
            for (std::size_t i = 0; i < m; ++i)
                if (source.uniform() > draws[n - k]) ++count;
            if (count < interval.low) ++below;
            if (count > interval.high) ++above;
        }
        CAPTURE(k, n, m, interval.low, interval.high);
        CHECK(below < rounds * 0.03);
        CHECK(above < rounds * 0.03);
    }
    CHECK(metrics::predicted_count(1, 20, 20).low == 0);
    CHECK(metrics::predicted_count(1, 20, 20).high == 4);
    CHECK(metrics::predicted_count(1, 1, 1).high == 1);
    CHECK_THAT(test::message_of<option_error>([] { (void)metrics::predicted_count(3, 2, 1); }),
               test::mentions("predicted_count", "k is 3 for 2 draws"));
}

TEST_CASE("beta_quantile and clopper_pearson refuse impossible arguments", "[metrics]") {
    CHECK_THAT(test::message_of<option_error>([] { (void)beta_quantile(0, 3, 0.5); }),
               test::mentions("beta_quantile", "Beta(0, 3) at 0.500000"));
    CHECK_THAT(test::message_of<option_error>([] { (void)metrics::clopper_pearson(3, 2); }),
               test::mentions("clopper_pearson", "3 events in 2 trials"));
}
