// The 3x3 maximum of stride 2 against plain loops.
#include <rd4ad/nn/pooling.hpp>

#include <algorithm>
#include <limits>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/gradient_check.hpp>

namespace {

using namespace rd4ad;

template <class T>
std::vector<T> by_loops(const shape& size, const std::vector<T>& x) {
    std::vector<T> y;
    const auto h = static_cast<std::ptrdiff_t>(size.h), w = static_cast<std::ptrdiff_t>(size.w);
    for (std::size_t n = 0; n < size.n; ++n)
        for (std::ptrdiff_t v = 0; v < h; v += 2)
            for (std::ptrdiff_t u = 0; u < w; u += 2)
                for (std::size_t c = 0; c < size.c; ++c) {
                    T best = -std::numeric_limits<T>::infinity();
                    for (std::ptrdiff_t py = std::max<std::ptrdiff_t>(v - 1, 0); py <= std::min(v + 1, h - 1); ++py)
                        for (std::ptrdiff_t px = std::max<std::ptrdiff_t>(u - 1, 0); px <= std::min(u + 1, w - 1); ++px)
                            best = std::max(
                                best,
                                x[((n * size.h + static_cast<std::size_t>(py)) * size.w + static_cast<std::size_t>(px)) * size.c +
                                  c]);
                    y.push_back(best);
                }
    return y;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("the maximum of windows is the plain loops'", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    for (const shape& size : {shape{3, 5, 6, 10}, shape{1, 19, 2, 4}, shape{2, 64, 8, 6}}) {
        INFO(to_string(size) << ", " << B::name());
        auto x = test::numbers<T>(1, size.count());
        const auto on_x = to_device<B>(q, size, x);
        const auto pooled = nn::max_pool<B>(q, size, nn::as_input(on_x));
        CHECK(pooled.shape == shape{size.n, size.c, size.h / 2, size.w / 2});
        CHECK(to_host<B>(q, pooled) == by_loops(size, x));

        // nothing beyond the border counts, not even where all is negative
        for (T& value : x) value = -std::max(value, -value);
        CHECK(to_host<B>(q, nn::max_pool<B>(q, size, nn::as_input(to_device<B>(q, size, x)))) == by_loops(size, x));

        const auto scale = test::numbers<T>(2, size.c), shift = test::numbers<T>(3, size.c);
        const auto on_scale = to_device<B>(q, {1, size.c, 1, 1}, scale), on_shift = to_device<B>(q, {1, size.c, 1, 1}, shift);
        const nn::normalised_input<T> seen{on_x.data(), size.c, on_scale.data(), on_shift.data()};
        x = to_host<B>(q, on_x);
        for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::max(T{0}, x[i] * scale[i % size.c] + shift[i % size.c]);
        CHECK(test::apart(to_host<B>(q, nn::max_pool<B>(q, size, seen)), by_loops(size, x)) < 1e-6);
    }
}
