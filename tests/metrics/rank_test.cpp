// Mann and Whitney's test: values of scipy.stats.mannwhitneyu, and p-values that are uniform without a difference.
#include <rd4ad/metrics/rank_test.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <rd4ad/core/random.hpp>

#include <support/catch.hpp>
#include <support/image_files.hpp>
#include <support/mentions.hpp>

using namespace rd4ad;

TEST_CASE("the rank test has SciPy's statistic and p-values, exact and approximate", "[metrics]") {
    const std::vector<double> sample{3.5, 8, 9, 10}, reference{1, 2, 3, 4, 5, 6, 7.5};
    const auto exact = metrics::mann_whitney(sample, reference);
    CHECK(exact.is_exact);
    CHECK(exact.u == 24);
    CHECK(exact.p_larger == Approx(0.0363636363636).epsilon(1e-9));
    CHECK(exact.p_different() == Approx(0.0727272727273).epsilon(1e-9));
    const auto swapped = metrics::mann_whitney(reference, sample);
    CHECK(swapped.p_smaller == Approx(exact.p_larger).epsilon(1e-12));
    CHECK(swapped.p_larger == Approx(exact.p_smaller).epsilon(1e-12));

    const std::vector<double> tied{2, 3, 3, 4, 7, 7, 8}, other{1, 1, 2, 2, 3, 3, 3, 4, 5, 6};
    const auto approximate = metrics::mann_whitney(tied, other);
    CHECK(!approximate.is_exact);
    CHECK(approximate.u == 51.5);
    CHECK(approximate.p_larger == Approx(0.056150854043).epsilon(1e-9));
    CHECK(approximate.p_different() == Approx(0.112301708087).epsilon(1e-9));
    const std::vector<double> equal(5, 1.0);
    CHECK(metrics::mann_whitney(equal, equal).p_different() == 1);
}

TEST_CASE("the exact distribution and the approximation agree for many values", "[metrics]") {
    std::vector<double> sample, reference;
    for (int i = 0; i < 20; ++i) {
        sample.push_back(i * 2.0 + 7);
        reference.push_back(i * 1.9 + 0.05);
    }
    const auto exact = metrics::mann_whitney(sample, reference);
    const double z = (exact.u - 200 - 0.5) / std::sqrt(400.0 * 41 / 12);
    CHECK(exact.is_exact);
    CHECK(exact.p_larger == Approx(0.5 * std::erfc(z / std::sqrt(2.0))).epsilon(0.05));
    reference.push_back(0.01);  // 420 pairs
    CHECK(!metrics::mann_whitney(sample, reference).is_exact);
    CHECK(metrics::mann_whitney(sample, reference).p_larger < exact.p_larger);
    CHECK((exact.p_larger > 0.001 && exact.p_larger < 0.1));
}

TEST_CASE("without a difference, a p-value below a rate is as frequent as the rate", "[metrics]") {
    rd4ad::random source{6};
    for (const bool with_ties : {false, true}) {
        int small = 0, large = 0;
        constexpr int rounds = 2000;
        for (int i = 0; i < rounds; ++i) {
            std::vector<double> sample(20), reference(40);
            for (auto* values : {&sample, &reference})
                for (double& one : *values)
                    one = with_ties ? std::floor(10 * source.uniform()) : source.uniform() + 1e-9 * source.normal();
            const auto found = metrics::mann_whitney(sample, reference);
            small += found.p_different() <= 0.05 ? 1 : 0;
            large += found.p_larger <= 0.05 ? 1 : 0;
        }
        CAPTURE(with_ties);
        CHECK(small <= 0.064 * rounds);
        CHECK(small >= 0.036 * rounds);
        CHECK(large <= 0.064 * rounds);
    }
}

TEST_CASE("samples that can't be compared are refused", "[metrics]") {
    const std::vector<double> some{1.0}, none, bad{std::numeric_limits<double>::quiet_NaN()};
    CHECK_THAT(test::message_of<data_error>([&] { (void)metrics::mann_whitney(some, none); }),
               test::mentions("mann_whitney", "1 and 0 values", "at least 1"));
    CHECK_THAT(test::message_of<numeric_error>([&] { (void)metrics::mann_whitney(some, bad); }),
               test::mentions("mann_whitney", "not a number"));
}
