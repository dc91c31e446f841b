// The 3x3 max pooling of stride 2 against plain loops.
#include <rd4ad/nn/pooling.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/tensors.hpp>
#include <support/values.hpp>

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

TEMPLATE_LIST_TEST_CASE("max pooling equals plain loops", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    for (const shape& size : {shape{3, 5, 6, 10}, shape{1, 19, 2, 4}, shape{2, 64, 8, 6}}) {
        INFO(to_string(size) << ", " << B::name());
        auto x = test::seeded_values<T>(1, size.count());
        const auto on_x = to_device<B>(q, size, x);
        const auto pooled = nn::max_pool<B>(q, size, nn::no_prologue(on_x));
        CHECK(pooled.shape == shape{size.n, size.c, size.h / 2, size.w / 2});
        CHECK(to_host<B>(q, pooled) == by_loops(size, x));

        // pixels beyond the border do not count, even if all values are negative
        for (T& value : x) value = -std::max(value, -value);
        CHECK(to_host<B>(q, nn::max_pool<B>(q, size, nn::no_prologue(to_device<B>(q, size, x)))) == by_loops(size, x));

        const auto scale = test::seeded_values<T>(2, size.c), shift = test::seeded_values<T>(3, size.c);
        const auto on_scale = test::flat_tensor<B>(q, scale), on_shift = test::flat_tensor<B>(q, shift);
        const nn::bn_relu_prologue<T> prologue{
            .x = on_x.data(), .stride = size.c, .scale = on_scale.data(), .shift = on_shift.data()};
        x = to_host<B>(q, on_x);
        for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::max(T{0}, x[i] * scale[i % size.c] + shift[i % size.c]);
        CHECK(test::relative_error(to_host<B>(q, nn::max_pool<B>(q, size, prologue)), by_loops(size, x)) < 1e-6);
    }
}
