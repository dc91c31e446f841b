// The cosine distance of flattened features, its gradient, and features of zeros.
#include <rd4ad/nn/cosine_loss.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/gradient_check.hpp>
#include <support/mentions.hpp>

namespace {

using namespace rd4ad;

/// Mean over the images of 1 - cosine of all their values.
double loss_by_definition(std::size_t images, const std::vector<double>& t, const std::vector<double>& s) {
    const std::size_t each = t.size() / images;
    double loss = 0;
    for (std::size_t n = 0; n < images; ++n) {
        double ts = 0, tt = 0, ss = 0;
        for (std::size_t i = n * each; i < (n + 1) * each; ++i) ts += t[i] * s[i], tt += t[i] * t[i], ss += s[i] * s[i];
        loss += (1 - ts / std::max(std::sqrt(tt * ss), nn::cosine_epsilon)) / static_cast<double>(images);
    }
    return loss;
}

template <Backend B>
double total(typename B::queue& q, const tensor<B>& distances) {
    const auto rows = to_host<B>(q, distances);
    double sum = 0;
    for (std::size_t i = 0; i < rows.size(); i += 3) sum += static_cast<double>(rows[i]);
    return sum;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("the cosine loss has one distance per image", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    for (const shape& size : {shape{3, 5, 4, 6}, shape{1, 19, 3, 2}, shape{2, 64, 16, 8}}) {
        INFO(to_string(size) << ", " << B::name());
        const auto t = test::seeded_values<T>(1, size.count()), s = test::seeded_values<T>(2, size.count());
        const auto on_t = to_device<B>(q, size, t), on_s = to_device<B>(q, size, s);
        const double loss = total<B>(q, nn::cosine_distances<B>(q, on_t, on_s));
        CHECK(
            loss ==
            Approx(loss_by_definition(size.n, test::as_doubles(t), test::as_doubles(s))).epsilon(sizeof(T) == 8 ? 1e-13 : 1e-5));
        CHECK(total<B>(q, nn::cosine_distances<B>(q, on_t, on_t)) == Approx(0).margin(1e-6));
    }
}

TEMPLATE_LIST_TEST_CASE("the cosine loss's gradient equals central differences, and accumulates", "[nn][gradient]",
                        test::double_backends) {
    using B = TestType;
    typename B::queue q{2};
    const shape size{3, 5, 4, 6};
    const auto t = test::seeded_values(1, size.count()), s = test::seeded_values(2, size.count());
    const auto on_t = to_device<B>(q, size, t), on_s = to_device<B>(q, size, s);
    const auto distances = nn::cosine_distances<B>(q, on_t, on_s);
    auto gradient = make_tensor<B>(q, size);
    fill<B>(q, gradient, 9.0);
    nn::cosine_gradient<B>(q, on_t, on_s, distances, false, gradient);
    const auto once = to_host<B>(q, gradient);
    test::check_gradient("the student's features", s, once, [&](const auto& at) { return loss_by_definition(size.n, t, at); });

    nn::cosine_gradient<B>(q, on_t, on_s, distances, true, gradient);
    auto twice = once;
    for (double& value : twice) value *= 2;
    CHECK(test::relative_error(to_host<B>(q, gradient), twice) < 1e-14);
}

TEMPLATE_LIST_TEST_CASE("features of zeros give a finite loss and gradient", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    const shape size{2, 5, 3, 4};
    const auto some = to_device<B>(q, size, test::seeded_values<T>(1, size.count()));
    auto none = make_tensor<B>(q, size);
    fill<B>(q, none, T{0});
    for (const auto& [teacher, student] : {std::pair{some, none}, std::pair{none, some}, std::pair{none, none}}) {
        const auto distances = nn::cosine_distances<B>(q, teacher, student);
        CHECK(total<B>(q, distances) == 1.0);
        auto gradient = make_tensor<B>(q, size);
        nn::cosine_gradient<B>(q, teacher, student, distances, false, gradient);
        for (const T value : to_host<B>(q, gradient)) REQUIRE(std::isfinite(value));
    }
}

TEST_CASE("the cosine loss refuses features of different shapes", "[nn]") {
    using B = std::tuple_element_t<0, test::backends>;
    typename B::queue q{1};
    const auto a = make_tensor<B>(q, {2, 5, 3, 4}), b = make_tensor<B>(q, {2, 5, 4, 3});
    CHECK_THAT(test::message_of([&] { static_cast<void>(nn::cosine_distances<B>(q, a, b)); }),
               test::mentions("cosine_distances: equal shapes expected", "teacher 2x5x3x4", "student 2x5x4x3"));
}
