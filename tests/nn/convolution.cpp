// Every kind of convolution against plain loops, and its gradients against central differences.
#include <rd4ad/nn/convolution.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/gradient_check.hpp>
#include <support/mentions.hpp>
#include <support/tensors.hpp>

namespace {

using namespace rd4ad;
using nn::algorithm_preference, nn::convolution;

/// The convolution by its definition, in double. x and the output are channels last; weights are in the layer's order.
std::vector<double> by_loops(const convolution& layer, const shape& size, const std::vector<double>& x,
                             const std::vector<double>& w) {
    const shape output = layer.output_shape(size);
    std::vector<double> y(output.count());
    const std::size_t k = layer.kernel, s = layer.stride, pad = layer.padding();
    const auto add = [&](std::size_t n, std::size_t in_y, std::size_t in_x, std::size_t out_y, std::size_t out_x, std::size_t ky,
                         std::size_t kx) {
        for (std::size_t i = 0; i < layer.in; ++i)
            for (std::size_t o = 0; o < layer.out; ++o) {
                const std::size_t weight =
                    layer.transposed ? ((i * k + ky) * k + kx) * layer.out + o : ((ky * k + kx) * layer.in + i) * layer.out + o;
                y[((n * output.h + out_y) * output.w + out_x) * layer.out + o] +=
                    x[((n * size.h + in_y) * size.w + in_x) * layer.in + i] * w[weight];
            }
    };
    for (std::size_t n = 0; n < size.n; ++n)
        for (std::size_t ky = 0; ky < k; ++ky)
            for (std::size_t kx = 0; kx < k; ++kx)
                if (layer.transposed)
                    for (std::size_t v = 0; v < size.h; ++v)
                        for (std::size_t h = 0; h < size.w; ++h) add(n, v, h, v * s + ky, h * s + kx, ky, kx);
                else
                    for (std::size_t v = 0; v < output.h; ++v)
                        for (std::size_t h = 0; h < output.w; ++h)
                            if (v * s + ky >= pad && v * s + ky - pad < size.h && h * s + kx >= pad && h * s + kx - pad < size.w)
                                add(n, v * s + ky - pad, h * s + kx - pad, v, h, ky, kx);
    return y;
}

/// A layer, the shape of its input, and the preferred algorithm.
struct setting {
    convolution layer;
    shape size;
    algorithm_preference preference{algorithm_preference::im2col};
};

std::string to_text(const setting& of) {
    return std::to_string(of.layer.kernel) + "x" + std::to_string(of.layer.kernel) + " stride " +
           std::to_string(of.layer.stride) + (of.layer.transposed ? " transposed, " : ", ") + std::to_string(of.layer.in) +
           " to " + std::to_string(of.layer.out) + " channels, input " + to_string(of.size) +
           (of.preference == algorithm_preference::im2col     ? ", im2col"
            : of.preference == algorithm_preference::winograd ? ", Winograd"
                                                              : ", Winograd 2x2");
}

/// Every kind of layer with channel counts that are multiples of a pack and others, with one image and three, and with sizes
/// that are multiples of Winograd's tiles and others.
std::vector<setting> all_settings() {
    std::vector<setting> made;
    const auto add = [&](const convolution& layer, std::size_t h, std::size_t w) {
        for (const std::size_t n : {std::size_t{1}, std::size_t{3}}) {
            made.push_back({layer, {n, layer.in, h, w}});
            if (layer.kernel == 3) made.push_back({layer, {n, layer.in, h, w}, algorithm_preference::winograd});
            if (layer.kernel == 3 && layer.stride == 1)
                made.push_back({layer, {n, layer.in, h, w}, algorithm_preference::winograd_2x2});
        }
    };
    add({5, 19, 1, 1, false}, 5, 7);
    add({19, 5, 1, 2, false}, 4, 6);
    for (const auto& [h, w] : {std::pair{6, 10}, std::pair{4, 4}, std::pair{5, 7}})
        add({5, 19, 3, 1, false}, static_cast<std::size_t>(h), static_cast<std::size_t>(w));
    add({16, 32, 3, 1, false}, 6, 4);
    add({19, 5, 3, 2, false}, 6, 4);
    add({16, 32, 3, 2, false}, 8, 12);
    add({3, 19, 7, 2, false}, 8, 10);
    add({5, 19, 2, 2, true}, 3, 5);
    add({16, 8, 2, 2, true}, 2, 3);
    return made;
}

/// The tolerance of sums of products in T, relative to the largest output.
template <class T>
constexpr double sum_tolerance = sizeof(T) == sizeof(double) ? 1e-12 : 1e-5;

/// relu(x scale + shift).
std::vector<double> bn_relu(const std::vector<double>& x, const std::vector<double>& scale, const std::vector<double>& shift) {
    std::vector<double> made(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        const std::size_t c = i % scale.size();
        made[i] = std::max(0.0, x[i] * scale[c] + shift[c]);
    }
    return made;
}

/// Seeded values of one setting on a device.
template <Backend B>
struct layer_on_device {
    using T = typename B::value_type;
    typename B::queue q;
    setting of;
    shape output;
    std::vector<T> x, w, scale, shift, bias, residual;
    tensor<B> on_x, on_w, on_scale, on_shift, on_bias, on_residual;

    explicit layer_on_device(const setting& given, std::size_t threads = 1)  // most settings are too small for two threads
        : q{threads},
          of{given},
          output{of.layer.output_shape(of.size)},
          x{test::seeded_values<T>(1, of.size.count())},
          w{test::seeded_values<T>(2, of.layer.weight_count())},
          scale{test::seeded_values<T>(3, of.layer.in)},
          shift{test::seeded_values<T>(4, of.layer.in)},
          bias{test::seeded_values<T>(5, of.layer.out)},
          residual{test::seeded_values<T>(6, output.count())},
          on_x{to_device<B>(q, of.size, x)},
          on_w{test::flat_tensor<B>(q, w)},
          on_scale{test::flat_tensor<B>(q, scale)},
          on_shift{test::flat_tensor<B>(q, shift)},
          on_bias{test::flat_tensor<B>(q, bias)},
          on_residual{to_device<B>(q, output, residual)} {}

    nn::bn_relu_prologue<T> normalised() const {
        return {.x = on_x.data(), .stride = of.layer.in, .scale = on_scale.data(), .shift = on_shift.data()};
    }

    template <class Prologue>
    std::vector<T> forward(const Prologue& input, backend::epilogue<T> epilogue = {}) {
        auto y = make_tensor<B>(q, output);
        epilogue.y = y.data(), epilogue.stride = of.layer.out;
        nn::convolve<B>(q, of.layer, of.size, input, {.plain = on_w.data()}, epilogue, of.preference);
        return to_host<B>(q, y);
    }
    template <class Prologue>
    std::vector<T> weight_gradient(const Prologue& input, const tensor<B>& output_gradient) {
        auto dw = make_tensor<B>(q, on_w.shape);
        fill<B>(q, dw, T{9});
        nn::convolve_weight_gradient<B>(q, of.layer, of.size, input, output_gradient.data(), dw.data(), of.preference);
        return to_host<B>(q, dw);
    }
    std::vector<T> input_gradient(const tensor<B>& output_gradient, const T* added = nullptr) {
        auto dx = make_tensor<B>(q, of.size);
        fill<B>(q, dx, T{9});
        nn::convolve_input_gradient<B>(q, of.layer, of.size, output_gradient.data(), on_w.data(),
                                       {.y = dx.data(), .stride = of.layer.in, .residual = added}, of.preference);
        return to_host<B>(q, dx);
    }
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("convolutions equal plain loops", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    for (const auto& each : all_settings()) {
        INFO(to_text(each) << ", " << B::name());
        layer_on_device<B> p{each, 2};
        const auto x = test::as_doubles(p.x), w = test::as_doubles(p.w);
        const auto plain = by_loops(each.layer, each.size, x, w);
        CHECK(test::relative_error(p.forward(nn::no_prologue(p.on_x)), plain) < sum_tolerance<T>);
        const auto input = bn_relu(x, test::as_doubles(p.scale), test::as_doubles(p.shift));
        const auto normalised = by_loops(each.layer, each.size, input, w);
        CHECK(test::relative_error(p.forward(p.normalised()), normalised) < sum_tolerance<T>);
    }
}

TEMPLATE_LIST_TEST_CASE("every convolution applies bias, residual and ReLU", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    for (const auto& each : all_settings()) {
        INFO(to_text(each) << ", " << B::name());
        layer_on_device<B> p{each};
        const auto plain = by_loops(each.layer, each.size, test::as_doubles(p.x), test::as_doubles(p.w));
        const auto expected = [&](bool bias, bool residual, bool relu) {
            auto y = plain;
            for (std::size_t i = 0; i < y.size(); ++i) {
                if (bias) y[i] += static_cast<double>(p.bias[i % p.bias.size()]);
                if (residual) y[i] += static_cast<double>(p.residual[i]);
                if (relu) y[i] = std::max(0.0, y[i]);
            }
            return y;
        };
        for (const bool bias : {false, true})
            for (const bool residual : {false, true})
                for (const bool relu : {false, true}) {
                    const backend::epilogue<T> epilogue{.bias = bias ? std::as_const(p.on_bias).data() : nullptr,
                                                        .residual = residual ? std::as_const(p.on_residual).data() : nullptr,
                                                        .relu = relu};
                    CHECK(test::relative_error(p.forward(nn::no_prologue(p.on_x), epilogue), expected(bias, residual, relu)) <
                          sum_tolerance<T>);
                }
    }
}

TEMPLATE_LIST_TEST_CASE("an output may be a range of the channels of wider rows", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    for (const auto& each : all_settings()) {
        INFO(to_text(each) << ", " << B::name());
        layer_on_device<B> p{each};
        const std::size_t width = each.layer.out + 7;
        auto y = make_tensor<B>(p.q, {p.output.n, width, p.output.h, p.output.w});
        fill<B>(p.q, y, T{9});
        nn::convolve<B>(p.q, each.layer, each.size, nn::no_prologue(p.on_x), {.plain = p.on_w.data()},
                        {.y = y.data() + 3, .stride = width}, each.preference);
        auto expected = std::vector<double>(y.count(), 9.0);
        const auto plain = by_loops(each.layer, each.size, test::as_doubles(p.x), test::as_doubles(p.w));
        for (std::size_t i = 0; i < plain.size(); ++i) expected[i / each.layer.out * width + 3 + i % each.layer.out] = plain[i];
        CHECK(test::relative_error(to_host<B>(p.q, y), expected) < sum_tolerance<T>);
    }
}

TEMPLATE_LIST_TEST_CASE("a convolution's gradients equal central differences", "[nn][gradient]", test::double_backends) {
    using B = TestType;
    const test::gradient_check by{.entries = 25, .step = 1e-3, .tolerance = 1e-9};  // linear: a wide step is exact
    for (const auto& each : all_settings()) {
        INFO(to_text(each) << ", " << B::name());
        layer_on_device<B> p{each};
        const auto slope = test::seeded_values(8, p.output.count());
        const auto on_slope = to_device<B>(p.q, p.output, slope);
        const auto value = [&](const std::vector<double>& x, const std::vector<double>& w) {
            return test::dot(slope, by_loops(each.layer, each.size, x, w));
        };

        test::check_gradient(
            "the weights", p.w, p.weight_gradient(nn::no_prologue(p.on_x), on_slope),
            [&](const auto& w) { return value(p.x, w); }, by);

        const auto input = bn_relu(p.x, p.scale, p.shift);
        test::check_gradient(
            "the weights, with a prologue", p.w, p.weight_gradient(p.normalised(), on_slope),
            [&](const auto& w) { return value(input, w); }, by);

        if (each.layer.kernel == 7) continue;  // the stem's input is the image, which needs no gradient
        const auto input_gradient = p.input_gradient(on_slope);
        test::check_gradient(
            "the input", p.x, input_gradient, [&](const auto& x) { return value(x, p.w); }, by);

        auto with_residual = input_gradient;
        for (std::size_t i = 0; i < with_residual.size(); ++i) with_residual[i] += p.x[i];
        CHECK(test::relative_error(p.input_gradient(on_slope, p.on_x.data()), with_residual) < 1e-12);
    }
}

TEMPLATE_LIST_TEST_CASE("Winograd equals im2col: outputs, gradients, prepared weights", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    const convolution stride_1{64, 48, 3, 1, false}, stride_2{64, 48, 3, 2, false};
    for (const auto& [layer, size, preference] : {setting{stride_1, {2, 64, 6, 10}, algorithm_preference::winograd},
                                                  {stride_1, {1, 64, 5, 7}, algorithm_preference::winograd},
                                                  {stride_1, {3, 64, 4, 4}, algorithm_preference::winograd},
                                                  {stride_1, {2, 64, 6, 10}, algorithm_preference::winograd_2x2},
                                                  {stride_1, {3, 64, 5, 7}, algorithm_preference::winograd_2x2},
                                                  {stride_2, {2, 64, 6, 10}, algorithm_preference::winograd},
                                                  {stride_2, {3, 64, 24, 20}, algorithm_preference::winograd}}) {
        layer_on_device<B> im2col{{layer, size, algorithm_preference::im2col}}, winograd{{layer, size, preference}};
        INFO(to_text(winograd.of) << ", " << B::name());
        const auto input = [](layer_on_device<B>& p) { return nn::no_prologue(p.on_x); };
        CHECK(test::relative_error(winograd.forward(input(winograd)), im2col.forward(input(im2col))) < sum_tolerance<T>);
        CHECK(test::relative_error(winograd.input_gradient(winograd.on_residual), im2col.input_gradient(im2col.on_residual)) <
              sum_tolerance<T>);
        CHECK(test::relative_error(winograd.weight_gradient(input(winograd), winograd.on_residual),
                                   im2col.weight_gradient(input(im2col), im2col.on_residual)) < sum_tolerance<T>);

        const auto algorithm = nn::select_algorithm(layer, size, preference, nn::weight_lifetime::persistent);
        auto transformed = make_tensor<B>(winograd.q, {1, nn::transformed_count(layer, algorithm), 1, 1});
        nn::transform_weights<B>(winograd.q, layer, algorithm, winograd.on_w.data(), transformed.data());
        nn::kernel_weights<T> prepared{};
        prepared.transformed[static_cast<std::size_t>(algorithm)] = transformed.data();
        auto y = make_tensor<B>(winograd.q, winograd.output);
        nn::convolve<B>(winograd.q, layer, size, input(winograd), prepared, {.y = y.data(), .stride = layer.out}, preference);
        CHECK(to_host<B>(winograd.q, y) == winograd.forward(input(winograd)));
    }
}

TEMPLATE_LIST_TEST_CASE("a convolution repeats bit for bit", "[nn]", test::backends) {
    using B = TestType;
    for (const auto& each : all_settings()) {
        INFO(to_text(each) << ", " << B::name());
        const auto once = [&] {
            layer_on_device<B> p{each, 2};
            const auto dw = p.weight_gradient(p.normalised(), p.on_residual);
            return std::pair{p.forward(p.normalised()), dw};
        };
        CHECK(once() == once());
    }
}

TEMPLATE_LIST_TEST_CASE("a ReLU passes a NaN on", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    for (const auto& each : all_settings()) {
        INFO(to_text(each) << ", " << B::name());
        layer_on_device<B> p{each};
        p.x.front() = std::numeric_limits<T>::quiet_NaN();
        B::upload(p.q, p.x, p.on_x.data());
        const backend::epilogue<T> epilogue{.relu = true};
        for (const auto& y : {p.forward(nn::no_prologue(p.on_x), epilogue), p.forward(p.normalised(), epilogue)})
            for (std::size_t c = 0; c < each.layer.out; ++c) REQUIRE(std::isnan(y[c]));
    }
}

TEST_CASE("a convolution refuses inputs of the wrong shape", "[nn]") {
    const auto message = [](const convolution& layer, const shape& size) {
        return test::message_of([&] { static_cast<void>(layer.checked_output_shape(size)); });
    };
    CHECK_THAT(message({5, 19, 3, 1, false}, {2, 4, 6, 6}), test::mentions("5 input channels expected", "2x4x6x6"));
    CHECK_THAT(message({5, 19, 3, 1, false}, {0, 5, 6, 6}), test::mentions("empty", "0x5x6x6"));
    CHECK_THAT(message({5, 19, 3, 2, false}, {2, 5, 6, 7}), test::mentions("stride 2", "even height and width", "2x5x6x7", 32));
    CHECK_THAT(message({5, 19, 3, 2, false}, {2, 5, 7, 6}), test::mentions("stride 2", "even height and width", "2x5x7x6", 32));
    CHECK(message({5, 19, 2, 2, true}, {2, 5, 7, 5}) == "nothing thrown");
    CHECK(convolution{5, 19, 2, 2, true}.checked_output_shape({2, 5, 7, 5}) == shape{2, 19, 14, 10});
    CHECK(convolution{3, 64, 7, 2, false}.checked_output_shape({2, 3, 64, 32}) == shape{2, 64, 32, 16});
    CHECK(convolution{5, 19, 1, 2, false}.multiply_adds({2, 5, 4, 6}) == 2 * 2 * 3 * 5 * 19);
    CHECK(convolution{5, 19, 2, 2, true}.multiply_adds({2, 5, 4, 6}) == 2 * 4 * 6 * 5 * 19 * 4);
}
