#include <rd4ad/metrics/roc.hpp>

#include <limits>
#include <vector>

#include <support/catch.hpp>
#include <support/mentions.hpp>
#include <support/reference_text.hpp>

using namespace rd4ad::metrics;
using rd4ad::test::mentions;

TEST_CASE("auroc and roc_curve equal scikit-learn's", "[metrics]") {
    for (const auto& reference : rd4ad::test::reference_cases("metrics/ranking.txt")) {
        INFO(reference.name);
        const auto scores = reference.floats("scores");
        const auto labels = reference.bytes("labels");
        CHECK(auroc(scores, labels) == Approx(reference.one("auroc")).epsilon(1e-12).margin(1e-12));
        const auto curve = roc_curve(scores, labels);
        const auto& rates = reference.all("false_positive_rates");
        REQUIRE(curve.size() == rates.size());
        CHECK(curve[0].threshold == std::numeric_limits<float>::infinity());
        for (std::size_t i = 0; i < curve.size(); ++i) {
            CHECK(curve[i].false_positive_rate == Approx(rates[i]).epsilon(1e-12));
            CHECK(curve[i].true_positive_rate == Approx(reference.all("true_positive_rates")[i]).epsilon(1e-12));
        }
    }
}

TEST_CASE("auroc of equal scores is one half", "[metrics]") {
    CHECK(auroc(std::vector<float>(9, 0.7F), std::vector<std::uint8_t>{1, 0, 0, 1, 0, 1, 1, 0, 0}) == 0.5);
}

TEST_CASE("auroc refuses arguments without a value", "[metrics]") {
    const std::vector<float> scores{0.1F, 0.2F, 0.3F};
    CHECK_THROWS_WITH(auroc(scores, std::vector<std::uint8_t>{0, 0, 0}), mentions("auroc", "none of the 3 labels is positive"));
    CHECK_THROWS_WITH(auroc(scores, std::vector<std::uint8_t>{1, 1, 2}), mentions("auroc", "none of the 3 labels is negative"));
    CHECK_THROWS_WITH(roc_curve(scores, std::vector<std::uint8_t>{0, 0, 0}),
                      mentions("roc_curve", "none of the 3 labels is positive"));
    CHECK_THROWS_WITH(auroc({}, {}), mentions("auroc", "none of the 0 labels is positive"));
    CHECK_THROWS_WITH(auroc(scores, std::vector<std::uint8_t>{0, 1}), mentions("auroc", "3 scores", "2 labels"));
    CHECK_THROWS_AS(auroc(scores, std::vector<std::uint8_t>{0, 0, 0}), rd4ad::numeric_error);
}
