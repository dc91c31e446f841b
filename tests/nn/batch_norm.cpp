// Batch norm in training: PyTorch's statistics, and gradients against central differences.
#include <rd4ad/nn/batch_norm.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <tuple>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/gradient_check.hpp>
#include <support/mentions.hpp>
#include <support/tensors.hpp>

namespace {

using namespace rd4ad;

/// A batch norm with seeded weights on a device.
template <Backend B>
struct norm_on_device {
    using T = typename B::value_type;
    typename B::queue q{2};
    tensor<B> weight, bias, mean, variance;

    explicit norm_on_device(std::size_t channels)
        : weight{flat(test::seeded_values<T>(11, channels))},
          bias{flat(test::seeded_values<T>(12, channels))},
          mean{flat(std::vector<T>(channels, T{0}))},
          variance{flat(std::vector<T>(channels, T{1}))} {}

    tensor<B> flat(const std::vector<T>& values) { return test::flat_tensor<B>(q, values); }

    nn::batch_norm_activations<B> forward(const tensor<B>& x, double momentum = nn::batch_norm_momentum, double guard = 0) {
        return nn::batch_norm_forward<B>(
            q, x,
            {.weight = weight.data(), .bias = bias.data(), .running_mean = mean.data(), .running_variance = variance.data()},
            momentum, guard);
    }
};

/// Mean and biased variance of a channel.
struct moments {
    double mean{0}, variance{0};
};

template <class T>
moments moments_of(const std::vector<T>& x, std::size_t channels, std::size_t c) {
    const double n = static_cast<double>(x.size() / channels);
    moments found;
    for (std::size_t i = c; i < x.size(); i += channels) found.mean += static_cast<double>(x[i]) / n;
    for (std::size_t i = c; i < x.size(); i += channels) {
        const double d = static_cast<double>(x[i]) - found.mean;
        found.variance += d * d / n;
    }
    return found;
}

/// The sum of slope x [relu](weight (x - mean) / sqrt(variance + epsilon) + bias), by definition.
double weighted_result(const std::vector<double>& x, const std::vector<double>& weight, const std::vector<double>& bias,
                       const std::vector<double>& slope, bool relu) {
    const std::size_t channels = weight.size();
    double sum = 0;
    for (std::size_t c = 0; c < channels; ++c) {
        const auto of = moments_of(x, channels, c);
        for (std::size_t i = c; i < x.size(); i += channels) {
            const double y = weight[c] * (x[i] - of.mean) / std::sqrt(of.variance + nn::batch_norm_epsilon) + bias[c];
            sum += slope[i] * (relu ? std::max(0.0, y) : y);
        }
    }
    return sum;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("batch norm normalises, and updates the running statistics as PyTorch does", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    const double tolerance = sizeof(T) == 8 ? 1e-12 : 1e-5;
    for (const std::size_t channels : {std::size_t{5}, std::size_t{19}, std::size_t{32}}) {
        norm_on_device<B> norm{channels};
        const shape size{3, channels, 4, 5};
        const auto x = test::seeded_values<T>(21, size.count());
        const auto on_x = to_device<B>(norm.q, size, x);
        const auto saved = norm.forward(on_x);
        const auto values = to_host<B>(norm.q, saved.values);
        const auto weight = to_host<B>(norm.q, norm.weight), bias = to_host<B>(norm.q, norm.bias);
        const auto running_mean = to_host<B>(norm.q, norm.mean), running_variance = to_host<B>(norm.q, norm.variance);
        for (std::size_t c = 0; c < channels; ++c) {
            INFO("channel " << c << " of " << channels << ", " << B::name());
            const auto of = moments_of(x, channels, c);
            const double inverse = 1 / std::sqrt(of.variance + nn::batch_norm_epsilon),
                         scale = static_cast<double>(weight[c]) * inverse;
            CHECK(static_cast<double>(values[c]) == Approx(of.mean).margin(tolerance));
            CHECK(static_cast<double>(values[channels + c]) == Approx(inverse).epsilon(tolerance));
            CHECK(static_cast<double>(values[2 * channels + c]) == Approx(scale).epsilon(tolerance));
            CHECK(static_cast<double>(values[3 * channels + c]) ==
                  Approx(static_cast<double>(bias[c]) - of.mean * scale).margin(tolerance));
            CHECK(static_cast<double>(running_mean[c]) == Approx(0.1 * of.mean).margin(tolerance));
            CHECK(static_cast<double>(running_variance[c]) == Approx(0.9 + 0.1 * of.variance * 60 / 59).epsilon(tolerance));
        }
        static_cast<void>(norm.forward(on_x, 1.0));
        CHECK(static_cast<double>(to_host<B>(norm.q, norm.mean)[1]) == Approx(moments_of(x, channels, 1).mean).margin(tolerance));
    }
}

TEMPLATE_LIST_TEST_CASE("a large mean does not cancel the digits of the variance", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    norm_on_device<B> norm{5};
    const shape size{2, 5, 16, 24};
    auto x = test::seeded_values<T>(22, size.count());
    for (T& value : x) value = T{10000} + value;
    const auto values = to_host<B>(norm.q, norm.forward(to_device<B>(norm.q, size, x)).values);
    for (std::size_t c = 0; c < 5; ++c) {
        INFO("channel " << c << ", " << B::name());
        const auto of = moments_of(x, 5, c);
        CHECK(static_cast<double>(values[5 + c]) == Approx(1 / std::sqrt(of.variance + nn::batch_norm_epsilon)).epsilon(1e-5));
        CHECK(static_cast<double>(values[c]) == Approx(of.mean).epsilon(1e-7));
    }
}

TEMPLATE_LIST_TEST_CASE("batch norm's gradients equal central differences", "[nn][gradient]", test::double_backends) {
    using B = TestType;
    const shape size{3, 5, 4, 6};
    for (const bool relu : {false, true}) {
        INFO((relu ? "with a ReLU" : "without a ReLU"));
        norm_on_device<B> norm{size.c};
        const auto x = test::seeded_values(31, size.count()), slope = test::seeded_values(32, size.count());
        const auto on_x = to_device<B>(norm.q, size, x);
        auto on_slope = to_device<B>(norm.q, size, slope);
        const auto weight = to_host<B>(norm.q, norm.weight), bias = to_host<B>(norm.q, norm.bias);
        const auto saved = norm.forward(on_x);
        auto dx = make_tensor<B>(norm.q, size), dw = norm.flat(weight), db = norm.flat(bias);
        nn::batch_norm_backward<B>(norm.q, on_x, saved, relu, on_slope.data(),
                                   {.x = dx.data(), .weight = dw.data(), .bias = db.data()});
        const auto to_input = to_host<B>(norm.q, dx);
        test::check_gradient("the input", x, to_input,
                             [&](const auto& at) { return weighted_result(at, weight, bias, slope, relu); });
        test::check_gradient("weight", weight, to_host<B>(norm.q, dw),
                             [&](const auto& at) { return weighted_result(x, at, bias, slope, relu); });
        test::check_gradient("bias", bias, to_host<B>(norm.q, db),
                             [&](const auto& at) { return weighted_result(x, weight, at, slope, relu); });

        nn::batch_norm_backward<B>(norm.q, on_x, saved, relu, on_slope.data(),
                                   {.x = on_slope.data(), .weight = dw.data(), .bias = db.data()});
        CHECK(to_host<B>(norm.q, on_slope) == to_input);
    }
}

TEMPLATE_LIST_TEST_CASE("a guarded channel normalises by its running variance and keeps it", "[nn][gradient]",
                        test::double_backends) {
    using B = TestType;
    const shape size{2, 4, 3, 5};
    norm_on_device<B> norm{size.c};
    auto x = test::seeded_values(33, size.count());
    // The batch hardly varies in channels 1 and 2; the running variance of channel 2 is even smaller.
    for (std::size_t i = 0; i < x.size(); ++i)
        if (i % 4 == 1 || i % 4 == 2) x[i] = 0.7 + 0.01 * x[i];
    norm.variance = norm.flat({1, 0.5, 1e-7, 1e-7});
    const auto slope = test::seeded_values(34, size.count());
    const auto on_x = to_device<B>(norm.q, size, x), on_slope = to_device<B>(norm.q, size, slope);
    const auto weight = to_host<B>(norm.q, norm.weight), bias = to_host<B>(norm.q, norm.bias);
    const auto saved = norm.forward(on_x, nn::batch_norm_momentum, 5e-4);
    const auto values = to_host<B>(norm.q, saved.values), running = to_host<B>(norm.q, norm.variance);
    const auto variance_of = [&](const std::vector<double>& at, std::size_t c) {
        return c == 1 ? 0.5 : moments_of(at, 4, c).variance;
    };
    for (std::size_t c = 0; c < 4; ++c) {
        INFO("channel " << c << ", " << B::name());
        CHECK(values[c] == Approx(moments_of(x, 4, c).mean).margin(1e-12));
        CHECK(values[4 + c] == Approx(1 / std::sqrt(variance_of(x, c) + nn::batch_norm_epsilon)).epsilon(1e-10));
        CHECK(to_host<B>(norm.q, norm.mean)[c] == Approx(0.1 * moments_of(x, 4, c).mean).margin(1e-12));
        if (c == 1)
            CHECK(running[c] == 0.5);
        else
            CHECK(running[c] == Approx((c == 0 ? 0.9 : 0.9e-7) + 0.1 * moments_of(x, 4, c).variance * 30 / 29).epsilon(1e-10));
    }
    const auto result = [&](const std::vector<double>& at, const std::vector<double>& w, const std::vector<double>& b) {
        double sum = 0;
        for (std::size_t i = 0; i < at.size(); ++i) {
            const std::size_t c = i % 4;
            sum += slope[i] *
                   (w[c] * (at[i] - moments_of(at, 4, c).mean) / std::sqrt(variance_of(at, c) + nn::batch_norm_epsilon) + b[c]);
        }
        return sum;
    };
    auto dx = make_tensor<B>(norm.q, size), dw = norm.flat(weight), db = norm.flat(bias);
    nn::batch_norm_backward<B>(norm.q, on_x, saved, false, on_slope.data(),
                               {.x = dx.data(), .weight = dw.data(), .bias = db.data()});
    test::check_gradient("the input", x, to_host<B>(norm.q, dx), [&](const auto& at) { return result(at, weight, bias); });
    test::check_gradient("weight", weight, to_host<B>(norm.q, dw), [&](const auto& at) { return result(x, at, bias); });
    test::check_gradient("bias", bias, to_host<B>(norm.q, db), [&](const auto& at) { return result(x, weight, at); });
}

TEST_CASE("batch norm refuses one value per channel", "[nn]") {
    using B = std::tuple_element_t<0, test::backends>;
    norm_on_device<B> norm{5};
    const auto one = make_tensor<B>(norm.q, {1, 5, 1, 1});
    CHECK_THAT(
        test::message_of([&] { static_cast<void>(norm.forward(one)); }),
        test::mentions("batch norm: more than one value per channel", "1x5x1x1", "at least 2 images or a larger image size"));
}
