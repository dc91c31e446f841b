#include <rd4ad/metrics/histogram.hpp>

#include <vector>

#include <support/catch.hpp>

using namespace rd4ad::metrics;

TEST_CASE("a histogram visits the distinct scores from the highest to the lowest", "[metrics]") {
    const std::vector<float> scores{-1.5F, 2.0F, 0.0F, 2.0F, -0.0F, 1000.0F, 2.0F};
    const std::vector<std::uint8_t> labels{0, 1, 1, 0, 0, 0, 1};
    const auto counted = histogram_of("test", scores, labels);
    CHECK(counted.exact());
    CHECK(counted.positives() == 3);
    CHECK(counted.negatives() == 4);
    std::vector<float> thresholds;
    std::vector<std::uint64_t> positives, negatives;
    counted.for_each_score([&](const score_step& at) {
        thresholds.push_back(at.threshold);
        positives.push_back(at.positives);
        negatives.push_back(at.negatives);
        CHECK(at.weight == static_cast<double>(at.positives));
    });
    CHECK(thresholds == std::vector<float>{1000.0F, 2.0F, 0.0F, -1.5F});
    CHECK(positives == std::vector<std::uint64_t>{0, 2, 1, 0});
    CHECK(negatives == std::vector<std::uint64_t>{1, 1, 1, 1});
}

TEST_CASE("a histogram stays within its budget by merging scores", "[metrics]") {
    score_histogram counted{200000};
    for (int i = 0; i < 200000; ++i) {
        const float score = 0.25F + static_cast<float>(i) * 1e-5F;
        i % 10 == 0 ? counted.add_positive(score, 5) : counted.add_negative(score);
        if (i % 1000 == 0) counted.keep_budget();
    }
    counted.keep_budget();
    CHECK(counted.bytes() <= 200000);
    CHECK_FALSE(counted.exact());
    CHECK(counted.positives() == 20000);
    CHECK(counted.negatives() == 180000);
    std::uint64_t positives = 0, negatives = 0;
    double weight = 0;
    float last = 1e9F;
    counted.for_each_score([&](const score_step& at) {
        positives += at.positives;
        negatives += at.negatives;
        weight += at.weight;
        CHECK(at.threshold < last);
        last = at.threshold;
    });
    CHECK(positives == 20000);
    CHECK(negatives == 180000);
    CHECK(weight == Approx(4000.0));
}

TEST_CASE("a histogram that is far too large for its budget stops at the coarsest bins", "[metrics]") {
    score_histogram counted{1};
    for (int i = 1; i < 5000; ++i) counted.add_negative(static_cast<float>(i));
    counted.keep_budget();
    CHECK(counted.lost_bits() == 16);
    CHECK_NOTHROW(counted.keep_budget());
    CHECK(counted.negatives() == 4999);
}
