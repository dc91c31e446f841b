// The Gumbel fit finds the law that values come from, and the prediction counts the error of the fit.
#include <rd4ad/metrics/gumbel.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include <rd4ad/core/random.hpp>

#include <support/catch.hpp>
#include <support/image_files.hpp>
#include <support/mentions.hpp>

using namespace rd4ad;

namespace {

std::vector<double> gumbel_values(std::size_t n, double location, double scale, rd4ad::random& source) {
    std::vector<double> values(n);
    for (double& one : values) one = location - scale * std::log(-std::log(source.uniform() + 3e-8));
    std::sort(values.begin(), values.end());
    return values;
}

}  // namespace

TEST_CASE("a Gumbel fit recovers location and scale, whatever lies beyond the used ranks", "[metrics]") {
    rd4ad::random source{3};
    auto values = gumbel_values(4000, 0.5, 0.1, source);
    const auto all = metrics::fit_gumbel(values, {0, 4000});
    CHECK(all.location == Approx(0.5).epsilon(0.02));
    CHECK(all.scale == Approx(0.1).epsilon(0.04));
    for (std::size_t i = 3800; i < 4000; ++i) values[i] += 10;
    const auto trimmed = metrics::fit_gumbel(values, {0, 3800});
    CHECK(trimmed.location == Approx(0.5).epsilon(0.02));
    CHECK(trimmed.scale == Approx(0.1).epsilon(0.04));
    CHECK(metrics::fit_gumbel(values, {0, 4000}).scale > 0.5);
    const std::vector<double> equal(5, 0.25);
    CHECK(metrics::fit_gumbel(equal, {0, 5}).scale == Approx(0).margin(1e-15));
    CHECK(metrics::fit_gumbel(equal, {0, 5}).location == Approx(0.25));
}

TEST_CASE("a new value exceeds the predicted quantile as often as stated, for few values and for many", "[metrics]") {
    rd4ad::random source{4};
    metrics::gumbel_predictions predictions;
    for (const std::size_t n : {5u, 20u, 60u})
        for (const double rate : {0.02, 0.1}) {
            const metrics::rank_range used{0, n - n / 5};
            const double z = predictions.quantile(n, used, rate);
            CHECK(predictions.of(n, used).exceedance(z) == Approx(rate).epsilon(1e-6));
            double share = 0, share_of_law = 0;
            constexpr int rounds = 4000;
            const double exact = -std::log(-std::log1p(-rate));
            for (int i = 0; i < rounds; ++i) {
                const auto law = metrics::fit_gumbel(gumbel_values(n, 2, 0.3, source), used);
                const auto above = [](double x) { return -std::expm1(-std::exp(-(x - 2) / 0.3)); };
                share += above(law.location + z * law.scale) / rounds;
                share_of_law += above(law.location + exact * law.scale) / rounds;
            }
            CAPTURE(n, rate, share, share_of_law, z, exact);
            CHECK(share == Approx(rate).epsilon(0.12));
            CHECK(z > exact);
            if (n == 5) CHECK(share_of_law > 1.3 * rate);
        }
    const metrics::gumbel_prediction many{3000, {0, 3000}};
    CHECK(many.exceedance(3) == Approx(-std::expm1(-std::exp(-3.0))).epsilon(0.05));
}

TEST_CASE("a Gumbel fit without values and a quantile without a rate are refused", "[metrics]") {
    const std::vector<double> values{0.1, 0.2, 0.3};
    for (const metrics::rank_range used : {metrics::rank_range{0, 4}, {1, 2}, {3, 2}})
        CHECK_THAT(test::message_of<option_error>([&] { (void)metrics::fit_gumbel(values, used); }),
                   test::mentions("fit_gumbel", used.first, used.last, "3 values", "at least 2"));
    for (const double rate : {0.0, 1.0})
        CHECK_THAT(test::message_of<option_error>([&] {
                       (void)metrics::gumbel_prediction(5, {0, 5}).quantile(rate);
                   }),
                   test::mentions("gumbel_prediction", rate, "above 0 and below 1"));
}
