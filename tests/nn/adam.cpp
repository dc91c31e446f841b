// Adam's steps against PyTorch's.
#include <rd4ad/nn/adam.hpp>

#include <cstddef>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/reference_text.hpp>
#include <support/tensors.hpp>
#include <support/values.hpp>

namespace {

using namespace rd4ad;

template <Backend B>
nn::adam_state<B> new_state(typename B::queue& q, std::size_t count) {
    using T = typename B::value_type;
    return {test::flat_tensor<B>(q, std::vector<T>(count, T{0})), test::flat_tensor<B>(q, std::vector<T>(count, T{0})), 0};
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("Adam takes PyTorch's steps", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    for (const auto& reference : test::reference_cases("nn/adam.txt")) {
        INFO(reference.name << ", " << B::name());
        const auto& settings = reference.all("settings");
        const nn::adam_options options{.learning_rate = settings[0], .beta1 = settings[1], .beta2 = settings[2]};
        const auto values_of = [&](const char* key, std::size_t first) {
            const auto& all = reference.all(key);
            std::vector<T> values;
            for (std::size_t i = first; i < first + 5; ++i) values.push_back(static_cast<T>(all[i]));
            return values;
        };
        auto values = test::flat_tensor<B>(q, values_of("start", 0));
        auto state = new_state<B>(q, 5);
        for (std::size_t step = 0; step < 6; ++step) {
            const auto gradient = test::flat_tensor<B>(q, values_of("gradients", 5 * step));
            ++state.steps;
            nn::adam_update<B>(q, options, values, state, 0, 5, gradient.data());
            const auto found = to_host<B>(q, values);
            for (std::size_t i = 0; i < 5; ++i) {
                INFO("step " << step + 1 << ", value " << i);
                CHECK(static_cast<double>(found[i]) ==
                      Approx(reference.all("values")[5 * step + i]).epsilon(sizeof(T) == 8 ? 1e-12 : 2e-6));
            }
        }
        CHECK(state.steps == 6);
    }
}

TEMPLATE_LIST_TEST_CASE("Adam's first step has the size of the learning rate for any gradient", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    const std::size_t count = 2 * 1024 + 37;  // whole rows of the kernel and a remainder
    const auto start = test::seeded_values<T>(1, count), slope = test::seeded_values<T>(2, count);
    auto values = test::flat_tensor<B>(q, start);
    const auto gradient = test::flat_tensor<B>(q, slope);
    auto state = new_state<B>(q, count);
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

TEMPLATE_LIST_TEST_CASE("weight decay first multiplies each value by 1 - rate x decay", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{2};
    const std::size_t count = 1024 + 5;
    const auto step_from = [&](const nn::adam_options& options, T start) {
        auto values = test::flat_tensor<B>(q, std::vector<T>(count, start));
        const auto gradient = test::flat_tensor<B>(q, std::vector<T>(count, T{0.5}));
        auto state = new_state<B>(q, count);
        state.steps = 1;
        nn::adam_update<B>(q, options, values, state, 0, count, gradient.data());
        return to_host<B>(q, values);
    };
    const auto decayed = step_from({.learning_rate = 0.01, .weight_decay = 0.1}, T{2});
    const auto plain = step_from({.learning_rate = 0.01}, static_cast<T>(2 * (1 - 0.01 * 0.1)));
    for (std::size_t i = 0; i < count; ++i)
        CHECK(static_cast<double>(decayed[i]) == Approx(static_cast<double>(plain[i])).epsilon(sizeof(T) == 8 ? 1e-12 : 1e-6));
    CHECK(step_from({.learning_rate = 0.01}, T{2}) != decayed);
}
