#include <rd4ad/metrics/bootstrap.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <rd4ad/metrics/roc.hpp>
#include <support/catch.hpp>
#include <support/mentions.hpp>

using namespace rd4ad::metrics;
using rd4ad::test::mentions;

TEST_CASE("the interval of a mean difference equals the normal approximation", "[metrics]") {
    rd4ad::random source{1};
    std::vector<double> first(400), second(400);
    double mean = 0, square = 0;
    for (std::size_t i = 0; i < 400; ++i) {
        first[i] = source.normal() + 0.3;
        second[i] = source.normal();
        mean += (first[i] - second[i]) / 400;
        square += (first[i] - second[i]) * (first[i] - second[i]) / 400;
    }
    const double spread = std::sqrt((square - mean * mean) / 400);
    const auto statistic = [&](std::span<const std::size_t> images) {
        double sum = 0;
        for (const std::size_t image : images) sum += first[image] - second[image];
        return sum / static_cast<double>(images.size());
    };
    const auto found = bootstrap(400, statistic);
    CHECK(found.value == Approx(mean));
    CHECK(found.resamples == 2000);
    CHECK(found.low == Approx(mean - 1.96 * spread).margin(0.1 * spread));
    CHECK(found.high == Approx(mean + 1.96 * spread).margin(0.1 * spread));
    const auto again = bootstrap(400, statistic), other = bootstrap(400, statistic, {.seed = 112});
    CHECK(again.low == found.low);
    CHECK(again.high == found.high);
    CHECK(other.low != found.low);
    const auto narrow = bootstrap(400, statistic, {.confidence = 0.5});
    CHECK(narrow.high - narrow.low < 0.5 * (found.high - found.low));
}

TEST_CASE("draws without a value are skipped", "[metrics]") {
    const std::vector<float> scores{0.1F, 0.4F, 0.3F, 0.9F};
    const std::vector<std::uint8_t> labels{0, 0, 1, 1};
    const auto area = [&](std::span<const std::size_t> images) {
        std::vector<float> drawn;
        std::vector<std::uint8_t> classes;
        for (const std::size_t image : images) {
            drawn.push_back(scores[image]);
            classes.push_back(labels[image]);
        }
        return auroc(drawn, classes);
    };
    const auto found = bootstrap(4, area, {.resamples = 200});
    CHECK(found.value == 0.75);
    CHECK(found.resamples < 200);
    CHECK(found.resamples > 150);
    CHECK(found.low >= 0.0);
    CHECK(found.high == 1.0);

    const auto nan_where_undefined = [&](std::span<const std::size_t> images) {
        try {
            return area(images);
        } catch (const rd4ad::numeric_error&) {
            return std::numeric_limits<double>::quiet_NaN();
        }
    };
    const auto same = bootstrap(4, nan_where_undefined, {.resamples = 200});
    CHECK(same.resamples == found.resamples);
    CHECK(same.low == found.low);
}

TEST_CASE("a bootstrap with impossible settings or without a value is refused", "[metrics]") {
    const auto zero = [](std::span<const std::size_t>) { return 0.0; };
    const auto nothing = [](std::span<const std::size_t>) { return std::numeric_limits<double>::quiet_NaN(); };
    CHECK_THROWS_WITH(bootstrap(0, zero), mentions("bootstrap", "0 images"));
    CHECK_THROWS_WITH(bootstrap(3, zero, {.resamples = 0}), mentions("bootstrap", "0 resamples"));
    CHECK_THROWS_WITH(bootstrap(3, zero, {.confidence = 1.0}), mentions("bootstrap", "confidence is 1.000000"));
    CHECK_THROWS_WITH(bootstrap(3, nothing, {.resamples = 7}), mentions("bootstrap", "undefined for all 7 draws"));
}
