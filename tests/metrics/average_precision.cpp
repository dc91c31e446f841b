#include <rd4ad/metrics/average_precision.hpp>

#include <vector>

#include <support/catch.hpp>
#include <support/mentions.hpp>
#include <support/reference_text.hpp>

using namespace rd4ad::metrics;
using rd4ad::test::mentions;

TEST_CASE("average precision and the precision-recall curve equal scikit-learn's", "[metrics]") {
    for (const auto& reference : rd4ad::test::reference_cases("metrics/ranking.txt")) {
        INFO(reference.name);
        const auto scores = reference.floats("scores");
        const auto labels = reference.bytes("labels");
        CHECK(average_precision(scores, labels) == Approx(reference.one("average_precision")).epsilon(1e-12));
        const auto curve = precision_recall_curve(scores, labels);
        const auto thresholds = reference.floats("thresholds");
        REQUIRE(curve.size() == thresholds.size());
        for (std::size_t i = 0; i < curve.size(); ++i) {
            const auto& at = curve[curve.size() - 1 - i];
            CHECK(at.threshold == thresholds[i]);
            CHECK(at.precision == Approx(reference.all("precision")[i]).epsilon(1e-12));
            CHECK(at.recall == Approx(reference.all("recall")[i]).epsilon(1e-12));
        }
    }
}

TEST_CASE("average precision needs a positive but no negative", "[metrics]") {
    const std::vector<float> scores{0.1F, 0.2F};
    CHECK(average_precision(scores, std::vector<std::uint8_t>{1, 1}) == 1.0);
    CHECK_THROWS_WITH(average_precision(scores, std::vector<std::uint8_t>{0, 0}),
                      mentions("average_precision", "none of the 2 labels is positive"));
    CHECK_THROWS_WITH(precision_recall_curve(scores, std::vector<std::uint8_t>{0, 0}),
                      mentions("precision_recall_curve", "none of the 2 labels is positive"));
}
