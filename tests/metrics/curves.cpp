#include <rd4ad/metrics/curves.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

#include <cstddef>
#include <vector>

#include <rd4ad/core/random.hpp>
#include <rd4ad/metrics/roc.hpp>

using namespace rd4ad;

namespace {

double area(const std::vector<metrics::curve_point>& curve) {
    double sum = 0;
    for (std::size_t i = 1; i < curve.size(); ++i) sum += (curve[i].x - curve[i - 1].x) * (curve[i].y + curve[i - 1].y) / 2;
    return sum;
}

}  // namespace

TEST_CASE("the curves of few pixels have every point", "[metrics]") {
    metrics::score_histogram pixels;
    pixels.add_positive(0.9f, 2);
    pixels.add_positive(0.4f, 2);
    pixels.add_negative(0.6f);
    pixels.add_negative(0.1f);
    const auto curves = metrics::pixel_curves_of(pixels, 1);
    const auto points = [](const std::vector<metrics::curve_point>& curve) {
        std::vector<std::pair<double, double>> pairs;
        for (const auto& [x, y] : curve) pairs.emplace_back(x, y);
        return pairs;
    };
    using pairs = std::vector<std::pair<double, double>>;
    CHECK(points(curves.roc) == pairs{{0, 0}, {0, 0.5}, {0.5, 0.5}, {0.5, 1}, {1, 1}});
    CHECK(points(curves.precision_recall) == pairs{{0.5, 1}, {1, 2.0 / 3}});
    CHECK(points(curves.pro) == pairs{{0, 0}, {0, 0.5}, {0.5, 0.5}, {0.5, 1}, {1, 1}});
}

TEST_CASE("the curves of many pixels have few points and the same area", "[metrics]") {
    metrics::score_histogram pixels;
    rd4ad::random source{3};
    for (std::size_t i = 0; i < 200000; ++i) pixels.add_negative(static_cast<float>(source.normal()));
    for (std::size_t i = 0; i < 20000; ++i) pixels.add_positive(static_cast<float>(source.normal() + 1.5), 1000);
    const auto curves = metrics::pixel_curves_of(pixels, 20);
    CHECK(curves.roc.size() <= 402);
    CHECK(curves.precision_recall.size() <= 500);
    CHECK(curves.pro.size() <= 1000);
    CHECK(area(curves.roc) == Approx(metrics::auroc(pixels).value).margin(2e-3));
    CHECK(curves.precision_recall.back().x == 1);
    CHECK(curves.precision_recall.back().y == Approx(20000.0 / 220000.0).margin(5e-3));
    for (std::size_t i = 1; i < curves.pro.size(); ++i)
        CHECK((curves.pro[i].x >= curves.pro[i - 1].x && curves.pro[i].y >= curves.pro[i - 1].y));
}

TEST_CASE("curves need pixels of both kinds", "[metrics]") {
    metrics::score_histogram pixels;
    pixels.add_negative(0.5f);
    CHECK_THAT(test::message_of([&] { static_cast<void>(metrics::pixel_curves_of(pixels, 1)); }),
               test::mentions("pixel_curves", "none of the 1 labels is positive"));
    metrics::score_histogram defects;
    defects.add_positive(0.5f);
    CHECK_THAT(test::message_of([&] { static_cast<void>(metrics::pixel_curves_of(defects, 1)); }),
               test::mentions("pixel_curves", "none of the 1 labels is negative"));
}
