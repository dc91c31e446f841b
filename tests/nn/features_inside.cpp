// The loss inside a region: that of the positions inside alone, by central differences; no gradient outside.
#include <rd4ad/nn/cosine_loss.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/gradient_check.hpp>
#include <support/mentions.hpp>
#include <support/values.hpp>

TEMPLATE_LIST_TEST_CASE("the cosine loss of features inside is that of the kept positions", "[nn][gradient]",
                        rd4ad::test::double_backends) {
    using namespace rd4ad;
    using B = TestType;
    typename B::queue q{1};
    const shape size{3, 5, 4, 6};
    const auto teacher = test::seeded_values<double>(1, size.count()), student = test::seeded_values<double>(2, size.count());
    std::vector<double> keep(size.pixels());
    for (std::size_t p = 0; p < keep.size(); ++p) keep[p] = p % 5 < 2 ? 1 : 0;
    const auto mask = to_device<B>(q, {3, 1, 4, 6}, keep);
    const auto inside = [&](const std::vector<double>& values) {
        return nn::features_inside<B>(q, to_device<B>(q, size, values), mask);
    };
    const auto expected = inside(teacher);
    const auto loss_of = [&](const std::vector<double>& values) {
        const auto rows = to_host<B>(q, nn::cosine_distances<B>(q, expected, inside(values)));
        return rows[0] + rows[3] + rows[6];
    };
    double by_hand = 0;
    for (std::size_t n = 0; n < 3; ++n) {
        double ts = 0, tt = 0, ss = 0;
        for (std::size_t i = n * 24 * 5; i < (n + 1) * 24 * 5; ++i) {
            if (keep[i / 5] == 0) continue;
            ts += teacher[i] * student[i], tt += teacher[i] * teacher[i], ss += student[i] * student[i];
        }
        by_hand += (1 - ts / std::sqrt(tt * ss)) / 3;
    }
    CHECK(loss_of(student) == Approx(by_hand).epsilon(1e-12));
    const auto found = inside(student);
    auto gradient = make_tensor<B>(q, size);
    nn::cosine_gradient<B>(q, expected, found, nn::cosine_distances<B>(q, expected, found), false, gradient);
    const auto slopes = to_host<B>(q, gradient);
    for (std::size_t i = 0; i < slopes.size(); ++i)
        if (keep[i / 5] == 0) REQUIRE(slopes[i] == 0);
    test::check_gradient("the student", student, slopes, loss_of);
    CHECK_THAT(test::message_of([&] { static_cast<void>(nn::features_inside<B>(q, expected, expected)); }),
               test::mentions("features_inside", "one value per position"));
}
