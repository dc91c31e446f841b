#include <rd4ad/metrics/f1.hpp>

#include <vector>

#include <support/catch.hpp>
#include <support/mentions.hpp>
#include <support/reference_text.hpp>

using namespace rd4ad::metrics;
using rd4ad::test::mentions;

TEST_CASE("best F1 equals the largest F1 over scikit-learn's thresholds", "[metrics]") {
    for (const auto& reference : rd4ad::test::reference_cases("metrics/ranking.txt")) {
        INFO(reference.name);
        const auto best = best_f1(reference.floats("scores"), reference.bytes("labels"));
        CHECK(best.f1 == Approx(reference.one("best_f1")).epsilon(1e-12));
        CHECK(best.error_bound == 0.0);
        // The threshold is the lowest one at which the reference reaches this F1.
        const auto thresholds = reference.floats("thresholds");
        std::size_t at = 0;
        while (reference.all("f1")[at] < best.f1 - 1e-12) ++at;
        CHECK(best.threshold == static_cast<double>(thresholds[at]));
        CHECK(best.precision == Approx(reference.all("precision")[at]).epsilon(1e-12));
        CHECK(best.recall == Approx(reference.all("recall")[at]).epsilon(1e-12));
    }
}

TEST_CASE("best F1 needs a positive but no negative", "[metrics]") {
    const std::vector<float> scores{0.5F, 0.2F};
    const auto best = best_f1(scores, std::vector<std::uint8_t>{1, 1});
    CHECK(best.f1 == 1.0);
    CHECK(best.threshold == static_cast<double>(0.2F));
    CHECK_THROWS_WITH(best_f1(scores, std::vector<std::uint8_t>{0, 0}), mentions("best_f1", "none of the 2 labels is positive"));
}
