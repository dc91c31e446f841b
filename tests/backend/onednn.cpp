#if defined(RD4AD_WITH_ONEDNN)
#include <rd4ad/backend/onednn.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <rd4ad/backend/tensor.hpp>
#include <rd4ad/core/random.hpp>

#include <support/catch.hpp>

namespace {

namespace backend = rd4ad::backend;
using backend::dnn::products;

std::vector<float> normals(std::size_t count, std::uint64_t seed) {
    rd4ad::random source{seed};
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(source.normal());
    return values;
}

/// The largest difference to products summed in double, as a share of the largest value. Two matrices, shared out to `parts`.
template <class Factor>
double worst_of(std::size_t m, std::size_t k, std::size_t n, std::size_t step, bool transposed, std::size_t parts) {
    constexpr std::size_t matrices = 2;
    const auto a = normals(matrices * m * step, 1), b = normals(matrices * k * n, 2);
    std::vector<float> laid_out(matrices * products<Factor>::count(k, n)), c(matrices * m * n, -7.0f);
    products<Factor>::lay_out(2, {matrices, m, k, n, {}}, {b.data(), transposed}, laid_out.data());
    backend::gemm_call<float> call{.m = m, .n = n, .k = k};
    call.a = a.data(), call.lda = step, call.stride_a = m * step;
    call.c = c.data(), call.ldc = n, call.stride_c = m * n;
    call.batch = matrices;
    for (std::size_t part = 0; part < parts; ++part) products<Factor>::share(call, laid_out.data(), part, parts);
    double worst = 0, largest = 0;
    for (std::size_t which = 0; which < matrices; ++which)
        for (std::size_t i = 0; i < m; ++i)
            for (std::size_t j = 0; j < n; ++j) {
                double wanted = 0;
                for (std::size_t p = 0; p < k; ++p)
                    wanted += static_cast<double>(a[(which * m + i) * step + p]) *
                              static_cast<double>(b[which * k * n + (transposed ? j * k + p : p * n + j)]);
                largest = std::max(largest, std::fabs(wanted));
                worst = std::max(worst, std::fabs(wanted - static_cast<double>(c[(which * m + i) * n + j])));
            }
    return worst / largest;
}

/// The largest difference of oneDNN's own convolution to plain loops in double, as a share of the largest value.
template <class Factor>
double worst_of(const backend::convolution_sizes& sizes, std::size_t stride, bool bias, bool residual, bool relu) {
    using B = backend::onednn<float, Factor>;
    typename B::queue q{2};
    const std::size_t pixels = sizes.pixels(), taps = sizes.kernel * sizes.kernel;
    const auto x = normals(sizes.n * sizes.h * sizes.w * sizes.in, 1), w = normals(taps * sizes.in * sizes.out, 2);
    const auto b = normals(sizes.out, 3), r = normals(pixels * stride, 4);
    const auto packed = rd4ad::make_tensor<B>(q, {1, B::own_weights_size(sizes), 1, 1});
    B::own_weights(q, sizes, w.data(), packed.data());
    std::vector<float> y(pixels * stride, -7.0f);
    B::convolve(q, sizes, x.data(), packed.data(),
                {y.data(), stride, bias ? b.data() : nullptr, residual ? r.data() : nullptr, relu});
    double worst = 0, largest = 0;
    const std::size_t h = sizes.result_of(sizes.h), width = sizes.result_of(sizes.w), pad = sizes.kernel / 2;
    for (std::size_t pixel = 0; pixel < pixels; ++pixel)
        for (std::size_t o = 0; o < stride; ++o) {
            const double found = static_cast<double>(y[pixel * stride + o]);
            if (o >= sizes.out) {
                CHECK(found == -7);  // what lies between is not touched
                continue;
            }
            double wanted = bias ? static_cast<double>(b[o]) : 0;
            const std::size_t n = pixel / (h * width), row = pixel / width % h, column = pixel % width;
            for (std::size_t t = 0; t < taps; ++t) {
                const std::size_t at_y = row * sizes.stride + t / sizes.kernel, at_x = column * sizes.stride + t % sizes.kernel;
                if (at_y < pad || at_x < pad || at_y - pad >= sizes.h || at_x - pad >= sizes.w) continue;
                const std::size_t from = ((n * sizes.h + at_y - pad) * sizes.w + at_x - pad) * sizes.in;
                for (std::size_t i = 0; i < sizes.in; ++i)
                    wanted += static_cast<double>(x[from + i]) * static_cast<double>(w[(t * sizes.in + i) * sizes.out + o]);
            }
            if (residual) wanted += static_cast<double>(r[pixel * stride + o]);
            if (relu) wanted = std::max(wanted, 0.0);
            largest = std::max(largest, std::fabs(wanted));
            worst = std::max(worst, std::fabs(wanted - found));
        }
    return worst / largest;
}

}  // namespace

TEMPLATE_TEST_CASE("oneDNN's own convolutions are convolutions, with bias, residual and ReLU, into any pixel stride", "[backend]",
                   float, backend::bf16) {
    if (!std::is_same_v<TestType, float> && !backend::has_bf16()) return;
    const double tolerance = std::is_same_v<TestType, float> ? 2e-6 : 8e-3;
    for (const auto& sizes : {backend::convolution_sizes{1, 32, 32, 3, 64, 7, 2},
                              {2, 16, 16, 64, 64, 3, 1},
                              {3, 8, 12, 64, 128, 3, 2},
                              {2, 8, 8, 128, 64, 1, 1},
                              {1, 8, 8, 64, 128, 1, 2}})
        for (const std::size_t gap : {std::size_t{0}, std::size_t{32}})
            for (const bool residual : {false, true})
                for (const bool relu : {false, true}) {
                    INFO(sizes.kernel << 'x' << sizes.kernel << " of stride " << sizes.stride << ", gap " << gap);
                    CHECK(worst_of<TestType>(sizes, sizes.out + gap, relu, residual, relu) < tolerance);
                }
}

TEST_CASE("oneDNN's products are the products", "[backend]") {
    for (const bool transposed : {false, true})
        for (const std::size_t parts : {1U, 2U, 3U}) {
            CHECK(worst_of<float>(1, 1, 1, 1, transposed, parts) < 1e-6);
            CHECK(worst_of<float>(13, 33, 7, 33, transposed, parts) < 1e-6);
            CHECK(worst_of<float>(48, 64, 300, 64, transposed, parts) < 1e-6);
            CHECK(worst_of<float>(5, 600, 64, 700, transposed, parts) < 1e-6);
        }
}

TEST_CASE("oneDNN's products in bf16 are so to 8 bits", "[backend]") {
    if (!backend::has_bf16()) {
        CHECK_THROWS_WITH((backend::onednn<float, backend::bf16>::queue{1}),
                          "bf16: this processor has no AVX512_BF16, so products in it would be slower than in float; use the "
                          "backend onednn or xtensor");
        return;
    }
    for (const bool transposed : {false, true}) {
        const double worst = worst_of<backend::bf16>(48, 600, 64, 700, transposed, 2);
        CHECK(worst < 4e-3);
        CHECK(worst > 1e-5);  // or they were in float
        CHECK(worst_of<backend::bf16>(13, 33, 7, 33, transposed, 3) < 6e-3);
    }
}

TEST_CASE("rounding to bf16 goes to the nearest, ties to even", "[backend]") {
    const auto back = [](float value) {
        return std::bit_cast<float>(static_cast<std::uint32_t>(backend::rounded(value).bits) << 16);
    };
    for (const float exact : {0.0f, 1.0f, -2.5f, 1.0078125f, 3e38f}) CHECK(back(back(exact)) == back(exact));
    CHECK(back(1.00390625f) == 1.0f);       // between 1 and 1.0078125: the even one
    CHECK(back(1.01171875f) == 1.015625f);  // between 1.0078125 and 1.015625: the even one
    CHECK(back(1.004f) == 1.0078125f);
    CHECK(back(-1.004f) == -1.0078125f);
}
#endif
