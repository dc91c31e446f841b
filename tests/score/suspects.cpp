// Suspects: defects among good images are named together, and good images rarely.
#include <rd4ad/score/suspects.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <rd4ad/core/random.hpp>

#include <support/catch.hpp>
#include <support/image_files.hpp>
#include <support/mentions.hpp>
#include <support/score_laws.hpp>

using namespace rd4ad;

namespace {

/// The share of draws in which all of the defects are named, and with how many good images.
struct naming {
    double all{0}, any{0}, two_good{0};
};

naming name_defects(const test::score_law& law, std::size_t n, std::size_t defects, double beyond) {
    constexpr int rounds = 600;
    rd4ad::random source{n + defects};
    metrics::gumbel_predictions predictions;
    naming found;
    const double level = beyond * law.quantile(0.99);
    for (int i = 0; i < rounds; ++i) {
        auto scores = law.draw(n, source);
        for (std::size_t d = 0; d < defects; ++d) scores[7 * d] = static_cast<float>(level * (1 + 0.15 * source.uniform()));
        const auto suspects = find_suspects(scores, {}, predictions);
        std::size_t hits = 0;
        for (const auto& one : suspects) hits += one.image % 7 == 0 && one.image / 7 < defects ? 1 : 0;
        found.all += hits == defects ? 1.0 / rounds : 0;
        found.any += suspects.empty() ? 0 : 1.0 / rounds;
        found.two_good += suspects.size() - hits > 1 ? 1.0 / rounds : 0;
    }
    return found;
}

}  // namespace

TEST_CASE("one to three defects among 40 good images are named, with at most one good image", "[score]") {
    for (const auto& law : test::score_laws())
        for (const std::size_t defects : {1u, 2u, 3u}) {
            if (law.tail == test::law_tail::clusters) continue;
            const auto found = name_defects(law, 40, defects, 2);
            CAPTURE(law.name, defects, found.all, found.two_good);
            CHECK(found.all >= 0.98);
            CHECK(found.two_good <= (law.tail == test::law_tail::heavy ? 0.13 : 0.02));
            if (law.tail != test::law_tail::light && defects != 2) CHECK(name_defects(law, 40, defects, 1.5).all >= 0.8);
        }
}

TEST_CASE("without defects, few draws have a suspect", "[score]") {
    for (const auto& law : test::score_laws())
        for (const std::size_t n : {10u, 20u, 40u, 150u}) {
            if (law.tail == test::law_tail::clusters) continue;
            const auto found = name_defects(law, n, 0, 0);
            const bool few = n <= 40;
            CAPTURE(law.name, n, found.any);
            CHECK(found.any <= (law.tail == test::law_tail::light    ? 0.02
                                : law.tail == test::law_tail::gumbel ? (few ? 0.08 : 0.16)
                                                                     : (few ? 0.24 : 0.35)));
        }
}

TEST_CASE("suspects come with position, raw score and probability, the largest raw score first", "[score]") {
    rd4ad::random source{2};
    std::vector<float> scores(40);
    for (float& one : scores) one = 0.5f + 0.2f * static_cast<float>(source.uniform());
    scores[3] = 1.5f;
    scores[30] = 2.5f;
    const auto found = find_suspects(scores);
    REQUIRE(found.size() == 2);
    CHECK((found[0].image == 30 && found[0].raw_score == 2.5));
    CHECK((found[1].image == 3 && found[1].raw_score == 1.5));
    CHECK((found[0].p_value < found[1].p_value && found[1].p_value < 0.005 && found[0].p_value >= 0));

    // No more than the largest share; none among fewer images than min_images.
    std::fill(scores.begin(), scores.begin() + 20, 2.8f);
    CHECK(find_suspects(scores).size() <= 8);
    std::vector<float> few(scores.end() - 7, scores.end());
    few[0] = 3.0f;
    CHECK(find_suspects(few).empty());
    few.push_back(0.6f);
    CHECK(find_suspects(few, {.min_images = 9}).empty());
    CHECK(find_suspects(few, {.false_discovery_rate = 0.5}).size() == 1);
}

TEST_CASE("equal raw scores make no suspect by rounding, but a distant one stays a suspect", "[score]") {
    std::vector<float> scores(40, 0.5f);
    CHECK(find_suspects(scores).empty());
    scores[5] = 0.505f;
    CHECK(find_suspects(scores).empty());
    scores[5] = 1.0f;
    REQUIRE(find_suspects(scores).size() == 1);
    CHECK(find_suspects(scores)[0].image == 5);
    CHECK(find_suspects(std::vector<float>(40, 0.0f)).empty());
}

TEST_CASE("options and raw scores that find no suspects are refused", "[score]") {
    const std::vector<float> scores(10, 0.5f);
    for (const double rate : {0.0, 1.0})
        CHECK_THAT(test::message_of<option_error>([&] { (void)find_suspects(scores, {.false_discovery_rate = rate}); }),
                   test::mentions("find_suspects", "false-discovery rate", rate, "above 0 and below 1"));
    CHECK_THAT(test::message_of<option_error>([&] { (void)find_suspects(scores, {.largest_share = 0.6}); }),
               test::mentions("find_suspects", "largest share", 0.6, "at most 0.5"));
    CHECK_THAT(test::message_of<numeric_error>([] {
                   (void)find_suspects(std::vector<float>{0.1f, std::numeric_limits<float>::infinity()});
               }),
               test::mentions("find_suspects", "raw score 1", "inf", "not finite"));
}
