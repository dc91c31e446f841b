#include <rd4ad/metrics/confusion_matrix.hpp>
#include <support/catch.hpp>

using namespace rd4ad;

TEST_CASE("a confusion matrix counts verdicts and gives their ratios", "[metrics]") {
    metrics::confusion_matrix all;
    for (int i = 0; i < 6; ++i) all.add(true, true);
    for (int i = 0; i < 2; ++i) all.add(false, true);
    for (int i = 0; i < 3; ++i) all.add(true, false);
    for (int i = 0; i < 9; ++i) all.add(false, false);
    CHECK((all.tp == 6 && all.fp == 2 && all.fn == 3 && all.tn == 9 && all.count() == 20));
    CHECK(all.precision() == Approx(6.0 / 8).epsilon(1e-15));
    CHECK(all.recall() == Approx(6.0 / 9).epsilon(1e-15));
    CHECK(all.f1() == Approx(12.0 / 17).epsilon(1e-15));
    CHECK(all.accuracy() == Approx(15.0 / 20).epsilon(1e-15));
}

TEST_CASE("a ratio with the denominator 0 is 0", "[metrics]") {
    constexpr metrics::confusion_matrix none;
    static_assert(none.precision() == 0 && none.recall() == 0 && none.f1() == 0 && none.accuracy() == 0);
    CHECK(none.count() == 0);
}
