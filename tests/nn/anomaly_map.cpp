// The cosine map, and the matrices that upsample, blur and sum maps.
#include <rd4ad/nn/anomaly_map.hpp>
#include <rd4ad/nn/cosine_map.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/values.hpp>

namespace {

using namespace rd4ad;

/// A row of values convolved with a Gaussian by plain loops; the border is mirrored and repeats the edge.
std::vector<double> blurred(const std::vector<double>& values, double sigma) {
    const auto n = static_cast<long>(values.size()), radius = static_cast<long>(4 * sigma + 0.5);
    std::vector<double> weights, made;
    double total = 0;
    for (long d = -radius; d <= radius; ++d) weights.push_back(std::exp(-0.5 * static_cast<double>(d * d) / (sigma * sigma)));
    for (const double weight : weights) total += weight;
    for (long i = 0; i < n; ++i) {
        double sum = 0;
        for (long d = -radius; d <= radius; ++d) {
            long at = i + d;
            while (at < 0 || at >= n) at = at < 0 ? -1 - at : 2 * n - 1 - at;
            sum += values[static_cast<std::size_t>(at)] * weights[static_cast<std::size_t>(d + radius)] / total;
        }
        made.push_back(sum);
    }
    return made;
}

std::vector<double> times(const nn::matrix& m, const std::vector<double>& v) {
    std::vector<double> made(m.rows);
    for (std::size_t r = 0; r < m.rows; ++r)
        for (std::size_t c = 0; c < m.columns; ++c) made[r] += m.at(r, c) * v[c];
    return made;
}

void check_rows_sum_to_one(const nn::matrix& m) {
    for (const double sum : times(m, std::vector<double>(m.columns, 1.0))) CHECK(sum == Approx(1).epsilon(1e-14));
}

}  // namespace

TEST_CASE("the blur matrix is a convolution with a mirrored border", "[nn]") {
    for (const std::size_t size : {std::size_t{5}, std::size_t{8}, std::size_t{40}})
        for (const double sigma : {0.7, 1.0, 4.0}) {  // at 4.0 the Gaussian is wider than the small rows
            INFO("size " << size << ", sigma " << sigma);
            const auto m = nn::gaussian_blur(size, sigma);
            REQUIRE((m.rows == size && m.columns == size));
            const auto values = test::seeded_values(1, size);
            CHECK(test::relative_error(times(m, values), blurred(values, sigma)) < 1e-13);
            check_rows_sum_to_one(m);
        }
    const auto none = nn::gaussian_blur(3, 0.0);
    CHECK(none.values == std::vector<double>{1, 0, 0, 0, 1, 0, 0, 0, 1});
}

TEST_CASE("the blur equals scipy's", "[nn]") {
    // scipy.ndimage.gaussian_filter1d([1, 2, 4, 8, 16], 1.0)
    const std::vector<double> expected{1.5051988452812552, 2.576114435434396, 5.010017453929052, 9.043372869256832,
                                       12.865296396098467};
    const auto found = times(nn::gaussian_blur(5, 1.0), {1, 2, 4, 8, 16});
    for (std::size_t i = 0; i < 5; ++i) CHECK(found[i] == Approx(expected[i]).epsilon(1e-14));
}

TEST_CASE("aligned upsampling keeps the first and last values in place", "[nn]") {
    const auto m = nn::aligned_upsampling(3, 5);
    CHECK(m.values == std::vector<double>{1, 0, 0, 0.5, 0.5, 0, 0, 1, 0, 0, 0.5, 0.5, 0, 0, 1});
    for (const auto& [from, to] : {std::pair{2, 8}, std::pair{7, 32}, std::pair{1, 4}, std::pair{6, 6}}) {
        const auto large = nn::aligned_upsampling(static_cast<std::size_t>(from), static_cast<std::size_t>(to));
        const auto values = test::seeded_values(2, large.columns);
        const auto upsampled = times(large, values);
        CHECK(upsampled.front() == values.front());
        CHECK(upsampled.back() == Approx(values.back()).epsilon(1e-14));
        check_rows_sum_to_one(large);
    }
    CHECK(nn::aligned_upsampling(2, 1).values == std::vector<double>{1, 0});
}

TEST_CASE("a product of host matrices", "[nn]") {
    const nn::matrix a{2, 3, {1, 2, 3, 0, 5, 6}}, b{3, 2, {1, 2, 3, 4, 5, 6}};
    const auto c = nn::product(a, b);
    CHECK((c.rows == 2 && c.columns == 2));
    CHECK(c.values == std::vector<double>{22, 28, 45, 56});
}

TEMPLATE_LIST_TEST_CASE("upsampling and blurring by two matrices equal plain loops", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    const std::size_t height = 12, width = 20;
    auto out = make_tensor<B>(q, {3, 1, height, width});
    std::vector<double> expected(out.count());
    bool accumulate = false;
    for (const auto& [h, w] : {std::pair{std::size_t{3}, std::size_t{5}}, std::pair{std::size_t{6}, std::size_t{10}}}) {
        const auto map = test::seeded_values<T>(h, 3 * h * w);
        const auto rows = nn::aligned_upsampling(h, height), columns = nn::aligned_upsampling(w, width);
        for (std::size_t n = 0; n < 3; ++n) {
            std::vector<double> large(height * width);
            for (std::size_t y = 0; y < height; ++y)
                for (std::size_t x = 0; x < width; ++x)
                    for (std::size_t i = 0; i < h; ++i)
                        for (std::size_t j = 0; j < w; ++j)
                            large[y * width + x] +=
                                rows.at(y, i) * columns.at(x, j) * static_cast<double>(map[(n * h + i) * w + j]);
            for (std::size_t y = 0; y < height; ++y) {
                const auto first = large.begin() + static_cast<std::ptrdiff_t>(y * width);
                const auto smooth = blurred({first, first + static_cast<std::ptrdiff_t>(width)}, 1.5);
                std::copy(smooth.begin(), smooth.end(), first);
            }
            for (std::size_t x = 0; x < width; ++x) {
                std::vector<double> column;
                for (std::size_t y = 0; y < height; ++y) column.push_back(large[y * width + x]);
                const auto smooth = blurred(column, 1.5);
                for (std::size_t y = 0; y < height; ++y) expected[(n * height + y) * width + x] += smooth[y];
            }
        }
        const auto by = nn::make_upsampling<B>(q, h, w, height, width, 1.5);
        nn::add_upsampled<B>(q, by, to_device<B>(q, {3, 1, h, w}, map), accumulate, out);
        accumulate = true;
        CHECK(test::relative_error(to_host<B>(q, out), expected) < (sizeof(T) == 8 ? 1e-13 : 1e-5));
    }
    const auto by = nn::make_upsampling<B>(q, 3, 5, height, width, 0.0);
    const auto small = make_tensor<B>(q, {3, 1, 5, 3});
    CHECK_THAT(test::message_of([&] { nn::add_upsampled<B>(q, by, small, false, out); }),
               test::mentions("add_upsampled", "3x5 to 12x20", "3x1x5x3", "3x1x12x20"));
}

TEMPLATE_LIST_TEST_CASE("the cosine map has one distance per pixel", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    for (const shape& size : {shape{3, 5, 4, 6}, shape{1, 19, 3, 2}, shape{2, 64, 3, 5}}) {
        INFO(to_string(size) << ", " << B::name());
        auto t = test::seeded_values<T>(1, size.count()), s = test::seeded_values<T>(2, size.count());
        for (std::size_t c = 0; c < size.c; ++c) s[size.c + c] = T{0};  // the second pixel is zero
        for (std::size_t c = 0; c < size.c; ++c) s[c] = T{2} * t[c];    // the first pixel differs in length only
        const auto map = nn::cosine_map<B>(q, to_device<B>(q, size, t), to_device<B>(q, size, s));
        CHECK(map.shape == shape{size.n, 1, size.h, size.w});
        std::vector<double> expected;
        for (std::size_t p = 0; p < size.pixels(); ++p) {
            double ts = 0, tt = 0, ss = 0;
            for (std::size_t i = p * size.c; i < (p + 1) * size.c; ++i) {
                const auto a = static_cast<double>(t[i]), b = static_cast<double>(s[i]);
                ts += a * b, tt += a * a, ss += b * b;
            }
            expected.push_back(1 - ts / std::max(std::sqrt(tt * ss), nn::cosine_epsilon));
        }
        const auto found = to_host<B>(q, map);
        CHECK(test::relative_error(found, expected) < (sizeof(T) == 8 ? 1e-13 : 1e-5));
        CHECK(found[1] == T{1});
    }
    const auto a = make_tensor<B>(q, {2, 5, 3, 4}), b = make_tensor<B>(q, {2, 6, 3, 4});
    CHECK_THAT(test::message_of([&] { static_cast<void>(nn::cosine_map<B>(q, a, b)); }),
               test::mentions("cosine_map: equal shapes expected", "teacher 2x5x3x4", "student 2x6x3x4"));
}
