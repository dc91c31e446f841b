// Adam's steps against PyTorch's.
#include <rd4ad/nn/adam.hpp>

#include <cmath>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/gradient_check.hpp>
#include <support/reference_text.hpp>

namespace {

using namespace rd4ad;

template <Backend B>
tensor<B> flat(typename B::queue& q, const std::vector<typename B::value_type>& values) {
    return to_device<B>(q, {1, values.size(), 1, 1}, values);
}

template <Backend B>
nn::adam_state<B> fresh(typename B::queue& q, std::size_t count) {
    using T = typename B::value_type;
    return {flat<B>(q, std::vector<T>(count, T{0})), flat<B>(q, std::vector<T>(count, T{0})), 0};
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("Adam steps as PyTorch's does", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    for (const auto& reference : test::reference_cases("nn/adam.txt")) {
        INFO(reference.name << ", " << B::name());
        const auto& settings = reference.all("settings");
        const nn::adam_options options{settings[0], settings[1], settings[2]};
        const auto narrowed = [](auto first, std::size_t count) {
            std::vector<T> values;
            for (std::size_t i = 0; i < count; ++i) values.push_back(static_cast<T>(first[static_cast<std::ptrdiff_t>(i)]));
            return values;
        };
        const auto values = flat<B>(q, narrowed(reference.all("start").begin(), 5));
        auto state = fresh<B>(q, 5);
        for (std::ptrdiff_t step = 0; step < 6; ++step) {
            const auto gradient = flat<B>(q, narrowed(reference.all("gradients").begin() + 5 * step, 5));
            ++state.steps;
            nn::adam_update<B>(q, options, values, state, 0, 5, gradient.data());
            const auto found = to_host<B>(q, values);
            for (std::size_t i = 0; i < 5; ++i) {
                INFO("step " << step + 1 << ", value " << i);
                CHECK(static_cast<double>(found[i]) == Approx(reference.all("values")[static_cast<std::size_t>(5 * step) + i])
                                                           .epsilon(sizeof(T) == 8 ? 1e-12 : 2e-6));
            }
        }
        CHECK(state.steps == 6);
    }
}

TEMPLATE_LIST_TEST_CASE("Adam's first step is the rate, whatever the gradient's size", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    const std::size_t count = 2 * 1024 + 37;  // whole rows of the sweep and a rest
    const auto start = test::numbers<T>(1, count), slope = test::numbers<T>(2, count);
    const auto values = flat<B>(q, start), gradient = flat<B>(q, slope);
    auto state = fresh<B>(q, count);
    ++state.steps;
    nn::adam_update<B>(q, {}, values, state, 0, count, gradient.data());
    const auto found = to_host<B>(q, values);
    const auto first = to_host<B>(q, state.first), second = to_host<B>(q, state.second);
    for (std::size_t i = 0; i < count; ++i) {
        INFO("value " << i << ", " << B::name());
        const double g = static_cast<double>(slope[i]);
        REQUIRE(static_cast<double>(found[i] - start[i]) == Approx(g > 0 ? -0.005 : 0.005).epsilon(1e-4));
        REQUIRE(static_cast<double>(first[i]) == Approx(0.5 * g).epsilon(1e-6));
        REQUIRE(static_cast<double>(second[i]) == Approx(0.001 * g * g).epsilon(1e-4));
    }
}
