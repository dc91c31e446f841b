// Every kind of convolution against plain loops, and its gradients against central differences.
#include <rd4ad/nn/convolution.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/gradient_check.hpp>

namespace {

using namespace rd4ad;
using nn::algorithm, nn::convolution;

/// The convolution as it is defined, in double: x and the result channels last, weights as the layer has them.
std::vector<double> by_loops(const convolution& layer, const shape& size, const std::vector<double>& x,
                             const std::vector<double>& w) {
    const shape result = layer.result_of(size);
    std::vector<double> y(result.count());
    const std::size_t k = layer.kernel, s = layer.stride, pad = layer.padding();
    const auto add = [&](std::size_t n, std::size_t in_y, std::size_t in_x, std::size_t out_y, std::size_t out_x, std::size_t ky,
                         std::size_t kx) {
        for (std::size_t i = 0; i < layer.in; ++i)
            for (std::size_t o = 0; o < layer.out; ++o) {
                const std::size_t weight =
                    layer.transposed ? ((i * k + ky) * k + kx) * layer.out + o : ((ky * k + kx) * layer.in + i) * layer.out + o;
                y[((n * result.h + out_y) * result.w + out_x) * layer.out + o] +=
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
                    for (std::size_t v = 0; v < result.h; ++v)
                        for (std::size_t h = 0; h < result.w; ++h)
                            if (v * s + ky >= pad && v * s + ky - pad < size.h && h * s + kx >= pad && h * s + kx - pad < size.w)
                                add(n, v * s + ky - pad, h * s + kx - pad, v, h, ky, kx);
    return y;
}

/// A layer at a size, with the algorithm it is to take.
struct setting {
    convolution layer;
    shape size;
    algorithm choice{algorithm::direct};
};

std::string to_text(const setting& of) {
    return std::to_string(of.layer.kernel) + "x" + std::to_string(of.layer.kernel) + " stride " +
           std::to_string(of.layer.stride) + (of.layer.transposed ? " transposed, " : ", ") + std::to_string(of.layer.in) +
           " to " + std::to_string(of.layer.out) + " channels, input " + to_string(of.size) +
           (of.choice == algorithm::direct     ? ", direct"
            : of.choice == algorithm::winograd ? ", winograd"
                                               : ", winograd 2x2");
}

/// Each kind, with channels that are no multiple of a pack and those that are, one image and three, sizes that the schemes'
/// tiles divide and those they do not.
std::vector<setting> all_settings() {
    std::vector<setting> made;
    const auto add = [&](const convolution& layer, std::size_t h, std::size_t w) {
        for (const std::size_t n : {std::size_t{1}, std::size_t{3}}) {
            made.push_back({layer, {n, layer.in, h, w}});
            if (layer.kernel == 3) made.push_back({layer, {n, layer.in, h, w}, algorithm::winograd});
            if (layer.kernel == 3 && layer.stride == 1) made.push_back({layer, {n, layer.in, h, w}, algorithm::winograd_2x2});
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

/// The tolerance of a sum of products in T, as a share of the largest result.
template <class T>
constexpr double tolerance = sizeof(T) == sizeof(double) ? 1e-12 : 1e-5;

std::vector<double> rectified(const std::vector<double>& x, const std::vector<double>& scale, const std::vector<double>& shift) {
    std::vector<double> made(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        const std::size_t c = i % scale.size();
        made[i] = std::max(0.0, x[i] * scale[c] + shift[c]);
    }
    return made;
}

/// One setting's values on a device.
template <Backend B>
struct prepared {
    using T = typename B::value_type;
    typename B::queue q;
    setting of;
    shape result;
    std::vector<T> x, w, scale, shift, bias, residual;
    tensor<B> on_x, on_w, on_scale, on_shift, on_bias, on_residual;

    explicit prepared(const setting& given, std::size_t threads = 1)  // most of the work is too small to share
        : q{threads},
          of{given},
          result{of.layer.result_of(of.size)},
          x{test::numbers<T>(1, of.size.count())},
          w{test::numbers<T>(2, of.layer.weight_count())},
          scale{test::numbers<T>(3, of.layer.in)},
          shift{test::numbers<T>(4, of.layer.in)},
          bias{test::numbers<T>(5, of.layer.out)},
          residual{test::numbers<T>(6, result.count())},
          on_x{to_device<B>(q, of.size, x)},
          on_w{flat(w)},
          on_scale{flat(scale)},
          on_shift{flat(shift)},
          on_bias{flat(bias)},
          on_residual{to_device<B>(q, result, residual)} {}

    tensor<B> flat(const std::vector<T>& values) { return to_device<B>(q, {1, values.size(), 1, 1}, values); }

    nn::normalised_input<T> normalised() const { return {on_x.data(), of.layer.in, on_scale.data(), on_shift.data()}; }

    template <class Input>
    std::vector<T> forward(const Input& input, backend::epilogue<T> finish) {
        const auto y = make_tensor<B>(q, result);
        finish.y = y.data(), finish.stride = of.layer.out;
        nn::convolve<B>(q, of.layer, of.size, input, {on_w.data()}, finish, of.choice);
        return to_host<B>(q, y);
    }
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("convolutions are the plain loops'", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    for (const auto& each : all_settings()) {
        INFO(to_text(each) << ", " << B::name());
        prepared<B> p{each, 2};
        const auto x = test::as_doubles(p.x), w = test::as_doubles(p.w);
        const auto plain = by_loops(each.layer, each.size, x, w);
        CHECK(test::apart(p.forward(nn::as_input(p.on_x), {}), plain) < tolerance<T>);
        const auto seen = rectified(x, test::as_doubles(p.scale), test::as_doubles(p.shift));
        const auto normalised = by_loops(each.layer, each.size, seen, w);
        CHECK(test::apart(p.forward(p.normalised(), {}), normalised) < tolerance<T>);
    }
}

TEMPLATE_LIST_TEST_CASE("bias, residual and ReLU go with every convolution", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    for (const auto& each : all_settings()) {
        INFO(to_text(each) << ", " << B::name());
        prepared<B> p{each};
        const auto plain = by_loops(each.layer, each.size, test::as_doubles(p.x), test::as_doubles(p.w));
        const auto finished = [&](bool bias, bool residual, bool relu) {
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
                    const backend::epilogue<T> finish{nullptr, 0, bias ? p.on_bias.data() : nullptr,
                                                      residual ? p.on_residual.data() : nullptr, relu};
                    CHECK(test::apart(p.forward(nn::as_input(p.on_x), finish), finished(bias, residual, relu)) < tolerance<T>);
                }
    }
}

TEMPLATE_LIST_TEST_CASE("a result may be a part of wider rows", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    for (const auto& each : all_settings()) {
        INFO(to_text(each) << ", " << B::name());
        prepared<B> p{each};
        const std::size_t width = each.layer.out + 7;
        const auto y = make_tensor<B>(p.q, {p.result.n, width, p.result.h, p.result.w});
        fill_with<B>(p.q, y, T{9});
        nn::convolve<B>(p.q, each.layer, each.size, nn::as_input(p.on_x), {p.on_w.data()}, {y.data() + 3, width}, each.choice);
        auto wanted = std::vector<double>(y.count(), 9.0);
        const auto plain = by_loops(each.layer, each.size, test::as_doubles(p.x), test::as_doubles(p.w));
        for (std::size_t i = 0; i < plain.size(); ++i) wanted[i / each.layer.out * width + 3 + i % each.layer.out] = plain[i];
        CHECK(test::apart(to_host<B>(p.q, y), wanted) < tolerance<T>);
    }
}

TEMPLATE_LIST_TEST_CASE("a convolution's gradients are its differences", "[nn][gradient]", test::double_backends) {
    using B = TestType;
    const test::gradient_check how{.entries = 25, .step = 1e-3, .tolerance = 1e-9};  // linear: a wide step is exact
    for (const auto& each : all_settings()) {
        INFO(to_text(each) << ", " << B::name());
        prepared<B> p{each};
        const auto& layer = each.layer;
        const auto slope = test::numbers(8, p.result.count());
        const auto on_slope = to_device<B>(p.q, p.result, slope);
        const auto value = [&](const std::vector<double>& x, const std::vector<double>& w) {
            return test::dot(slope, by_loops(layer, each.size, x, w));
        };

        const auto dw = make_tensor<B>(p.q, p.on_w.shape);
        fill_with<B>(p.q, dw, 9.0);
        nn::convolve_weight_gradient<B>(p.q, layer, each.size, nn::as_input(p.on_x), on_slope.data(), dw.data(), each.choice);
        test::check_gradient(
            "weights", p.w, to_host<B>(p.q, dw), [&](const auto& w) { return value(p.x, w); }, how);

        const auto seen = rectified(p.x, p.scale, p.shift);
        nn::convolve_weight_gradient<B>(p.q, layer, each.size, p.normalised(), on_slope.data(), dw.data(), each.choice);
        test::check_gradient(
            "weights of a normalised input", p.w, to_host<B>(p.q, dw), [&](const auto& w) { return value(seen, w); }, how);

        if (layer.kernel == 7) continue;  // the stem's input is the photograph
        const auto dx = make_tensor<B>(p.q, each.size);
        fill_with<B>(p.q, dx, 9.0);
        nn::convolve_input_gradient<B>(p.q, layer, each.size, on_slope.data(), p.on_w.data(), {dx.data(), layer.in}, each.choice);
        const auto input_gradient = to_host<B>(p.q, dx);
        test::check_gradient(
            "the input", p.x, input_gradient, [&](const auto& x) { return value(x, p.w); }, how);

        nn::convolve_input_gradient<B>(p.q, layer, each.size, on_slope.data(), p.on_w.data(),
                                       {dx.data(), layer.in, nullptr, p.on_x.data()}, each.choice);
        auto with_shortcut = input_gradient;
        for (std::size_t i = 0; i < with_shortcut.size(); ++i) with_shortcut[i] += p.x[i];
        CHECK(test::apart(to_host<B>(p.q, dx), with_shortcut) < 1e-12);
    }
}

TEMPLATE_LIST_TEST_CASE("the schemes' convolutions are the direct ones", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    const convolution ones{64, 48, 3, 1, false}, twos{64, 48, 3, 2, false};
    for (const auto& [layer, size, choice] : {setting{ones, {2, 64, 6, 10}, algorithm::winograd},
                                              {ones, {1, 64, 5, 7}, algorithm::winograd},
                                              {ones, {3, 64, 4, 4}, algorithm::winograd},
                                              {ones, {2, 64, 6, 10}, algorithm::winograd_2x2},
                                              {ones, {3, 64, 5, 7}, algorithm::winograd_2x2},
                                              {twos, {2, 64, 6, 10}, algorithm::winograd},
                                              {twos, {3, 64, 24, 20}, algorithm::winograd}}) {
        prepared<B> direct{{layer, size, algorithm::direct}}, scheme{{layer, size, choice}};
        INFO(to_text(scheme.of) << ", " << B::name());
        const auto input = [](prepared<B>& p) { return nn::as_input(p.on_x); };
        CHECK(test::apart(scheme.forward(input(scheme), {}), direct.forward(input(direct), {})) < tolerance<T>);

        const auto gradients = [&](prepared<B>& p) {
            const auto dx = make_tensor<B>(p.q, p.of.size), dw = make_tensor<B>(p.q, p.on_w.shape);
            nn::convolve_input_gradient<B>(p.q, p.of.layer, p.of.size, p.on_residual.data(), p.on_w.data(),
                                           {dx.data(), p.of.layer.in}, p.of.choice);
            nn::convolve_weight_gradient<B>(p.q, p.of.layer, p.of.size, input(p), p.on_residual.data(), dw.data(), p.of.choice);
            return std::pair{to_host<B>(p.q, dx), to_host<B>(p.q, dw)};
        };
        const auto found = gradients(scheme), wanted = gradients(direct);
        CHECK(test::apart(found.first, wanted.first) < tolerance<T>);
        CHECK(test::apart(found.second, wanted.second) < tolerance<T>);

        const auto how = nn::method_of(layer, size, choice, nn::weights_are::kept);
        const auto transformed = make_tensor<B>(scheme.q, {1, nn::transformed_count(layer, how), 1, 1});
        nn::transform<B>(scheme.q, layer, how, scheme.on_w.data(), transformed.data());
        nn::kernel_weights<T> kept{.plain = scheme.on_w.data(), .weights = nn::weights_are::kept};
        kept.transformed[static_cast<std::size_t>(how)] = transformed.data();
        const auto y = make_tensor<B>(scheme.q, scheme.result);
        nn::convolve<B>(scheme.q, layer, size, input(scheme), kept, {y.data(), layer.out}, choice);
        CHECK(to_host<B>(scheme.q, y) == scheme.forward(input(scheme), {}));
    }
}

TEMPLATE_LIST_TEST_CASE("a convolution repeats bit for bit", "[nn]", test::backends) {
    using B = TestType;
    for (const auto& each : all_settings()) {
        INFO(to_text(each) << ", " << B::name());
        const auto once = [&] {
            prepared<B> p{each, 2};
            const auto dw = make_tensor<B>(p.q, p.on_w.shape);
            nn::convolve_weight_gradient<B>(p.q, each.layer, each.size, p.normalised(), p.on_residual.data(), dw.data(),
                                            each.choice);
            return std::pair{p.forward(p.normalised(), {}), to_host<B>(p.q, dw)};
        };
        CHECK(once() == once());
    }
}

TEMPLATE_LIST_TEST_CASE("no ReLU hides a NaN", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    for (const auto& each : all_settings()) {
        INFO(to_text(each) << ", " << B::name());
        prepared<B> p{each};
        p.x.front() = std::numeric_limits<T>::quiet_NaN();
        B::upload(p.q, p.x, p.on_x.data());
        backend::epilogue<T> finish;
        finish.relu = true;
        for (const auto& y : {p.forward(nn::as_input(p.on_x), finish), p.forward(p.normalised(), finish)})
            for (std::size_t c = 0; c < each.layer.out; ++c) REQUIRE(std::isnan(y[c]));
    }
}

TEST_CASE("sizes that a convolution can't take are refused", "[nn]") {
    const auto message = [](const convolution& layer, const shape& size) {
        return test::message_of([&] { static_cast<void>(layer.checked_result(size)); });
    };
    CHECK(message({5, 19, 3, 1, false}, {2, 4, 6, 6}) == "convolution: 5 input channels expected, found 2x4x6x6");
    CHECK(message({5, 19, 3, 1, false}, {0, 5, 6, 6}) == "convolution: an empty input, 0x5x6x6");
    CHECK(message({5, 19, 3, 2, false}, {2, 5, 6, 7}) ==
          "convolution of stride 2: even height and width expected, found 2x5x6x7; image sizes are multiples of 32");
    CHECK(message({5, 19, 3, 2, false}, {2, 5, 7, 6}) ==
          "convolution of stride 2: even height and width expected, found 2x5x7x6; image sizes are multiples of 32");
    CHECK(message({5, 19, 2, 2, true}, {2, 5, 7, 5}) == "nothing thrown");
    CHECK(convolution{5, 19, 2, 2, true}.checked_result({2, 5, 7, 5}) == shape{2, 19, 14, 10});
    CHECK(convolution{3, 64, 7, 2, false}.checked_result({2, 3, 64, 32}) == shape{2, 64, 32, 16});
    CHECK(convolution{5, 19, 1, 2, false}.multiply_adds({2, 5, 4, 6}) == 2 * 2 * 3 * 5 * 19);
    CHECK(convolution{5, 19, 2, 2, true}.multiply_adds({2, 5, 4, 6}) == 2 * 4 * 6 * 5 * 19 * 4);
}
