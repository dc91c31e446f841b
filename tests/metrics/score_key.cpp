#include <rd4ad/metrics/score_key.hpp>

#include <algorithm>
#include <limits>
#include <vector>

#include <support/catch.hpp>
#include <support/mentions.hpp>

using namespace rd4ad::metrics;
using rd4ad::test::mentions;

TEST_CASE("score keys have the order of the floats, and score_of is their inverse", "[metrics]") {
    using limits = std::numeric_limits<float>;
    const std::vector<float> rising{
        limits::lowest(), -3.5F,   -1.0F, -limits::min(), -limits::denorm_min(), 0.0F, limits::denorm_min(), limits::min(),
        0.125F,           0.1251F, 1.0F,  1e30F,          limits::max()};
    for (std::size_t i = 0; i < rising.size(); ++i) {
        CHECK(score_of(score_key(rising[i])) == rising[i]);
        if (i > 0) CHECK(score_key(rising[i - 1]) < score_key(rising[i]));
    }
    CHECK(score_key(-0.0F) == score_key(0.0F));
}

TEST_CASE("scores that are not finite are refused with their index", "[metrics]") {
    const float infinity = std::numeric_limits<float>::infinity();
    CHECK_THROWS_WITH(require_finite("auroc", std::vector<float>{0, infinity}), mentions("auroc", "score 1 is infinity;"));
    CHECK_THROWS_WITH(require_finite("auroc", std::vector<float>{-infinity}), mentions("auroc", "score 0 is -infinity;"));
    CHECK_THROWS_WITH(require_finite("auroc", std::vector<float>{1, 2, std::numeric_limits<float>::quiet_NaN()}),
                      mentions("auroc", "score 2 is NaN;"));
    CHECK_THROWS_AS(require_finite("auroc", std::vector<float>{infinity}), rd4ad::numeric_error);
}

TEST_CASE("every score needs a label", "[metrics]") {
    CHECK_THROWS_WITH(require_same_length("best_f1", 3, 4), mentions("best_f1", "3 scores", "4 labels"));
    CHECK_THROWS_AS(require_same_length("best_f1", 3, 4), rd4ad::shape_error);
    CHECK_NOTHROW(require_same_length("best_f1", 3, 3));
}
