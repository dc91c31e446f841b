// oneDNN's products and convolutions against plain loops in double.
#if defined(RD4AD_WITH_ONEDNN)
#include <rd4ad/backend/onednn.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <vector>

#include <rd4ad/backend/tensor.hpp>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/values.hpp>

namespace {

namespace backend = rd4ad::backend;
namespace test = rd4ad::test;
using backend::dnn::packed_products;

/// The relative error of two m x k by k x n products, cut into `partitions`. stride: values from one row of a to the next.
template <class Factor>
double product_error(std::size_t m, std::size_t k, std::size_t n, std::size_t stride, bool transposed, std::size_t partitions) {
    constexpr std::size_t matrices = 2;
    const auto a = test::normal_values<float>(1, matrices * m * stride), b = test::normal_values<float>(2, matrices * k * n);
    std::vector<float> packed(matrices * packed_products<Factor>::count(k, n)), c(matrices * m * n, -7.0f);
    packed_products<Factor>::pack(2, {.planes = matrices, .rows = m, .k = k, .n = n}, {b.data(), transposed}, packed.data());
    backend::gemm_call<float> call{.m = m, .n = n, .k = k};
    call.a = a.data(), call.lda = stride, call.stride_a = m * stride;
    call.c = c.data(), call.ldc = n, call.stride_c = m * n;
    call.batch = matrices;
    for (std::size_t i = 0; i < partitions; ++i) packed_products<Factor>::multiply(call, packed.data(), i, partitions);
    std::vector<double> expected;
    for (std::size_t matrix = 0; matrix < matrices; ++matrix)
        for (std::size_t i = 0; i < m; ++i)
            for (std::size_t j = 0; j < n; ++j) {
                double sum = 0;
                for (std::size_t p = 0; p < k; ++p)
                    sum += static_cast<double>(a[(matrix * m + i) * stride + p]) *
                           static_cast<double>(b[matrix * k * n + (transposed ? j * k + p : p * n + j)]);
                expected.push_back(sum);
            }
    return test::relative_error(c, expected);
}

/// The terms of an epilogue.
struct terms {
    bool bias, residual, relu;
};

/// The relative error of oneDNN's native convolution. pixel_stride: values from one output pixel to the next; checks that the
/// values between the pixels keep their value.
template <class Factor>
double convolution_error(const backend::convolution_shape& shape, std::size_t pixel_stride, const terms& with) {
    using B = backend::onednn<float, Factor>;
    typename B::queue q{2};
    const std::size_t pixels = shape.output_pixels(), taps = shape.kernel * shape.kernel;
    const auto x = test::normal_values<float>(1, shape.n * shape.h * shape.w * shape.in);
    const auto weights = test::normal_values<float>(2, taps * shape.in * shape.out);
    const auto bias = test::normal_values<float>(3, shape.out), residual = test::normal_values<float>(4, pixels * pixel_stride);
    auto packed = rd4ad::make_tensor<B>(q, {1, B::native_weights_size(shape), 1, 1});
    B::pack_native_weights(q, shape, weights.data(), packed.data());
    std::vector<float> y(pixels * pixel_stride, -7.0f);
    B::convolve(q, shape, x.data(), packed.data(),
                {.y = y.data(),
                 .stride = pixel_stride,
                 .bias = with.bias ? bias.data() : nullptr,
                 .residual = with.residual ? residual.data() : nullptr,
                 .relu = with.relu});
    std::vector<float> found;
    std::vector<double> expected;
    const std::size_t height = shape.output_size(shape.h), width = shape.output_size(shape.w), padding = shape.kernel / 2;
    for (std::size_t pixel = 0; pixel < pixels; ++pixel)
        for (std::size_t o = 0; o < pixel_stride; ++o) {
            if (o >= shape.out) {
                CHECK(y[pixel * pixel_stride + o] == -7);
                continue;
            }
            double sum = with.bias ? static_cast<double>(bias[o]) : 0;
            const std::size_t n = pixel / (height * width), row = pixel / width % height, column = pixel % width;
            for (std::size_t t = 0; t < taps; ++t) {
                const std::size_t at_y = row * shape.stride + t / shape.kernel, at_x = column * shape.stride + t % shape.kernel;
                if (at_y < padding || at_x < padding || at_y - padding >= shape.h || at_x - padding >= shape.w) continue;
                const std::size_t from = ((n * shape.h + at_y - padding) * shape.w + at_x - padding) * shape.in;
                for (std::size_t i = 0; i < shape.in; ++i)
                    sum += static_cast<double>(x[from + i]) * static_cast<double>(weights[(t * shape.in + i) * shape.out + o]);
            }
            if (with.residual) sum += static_cast<double>(residual[pixel * pixel_stride + o]);
            if (with.relu) sum = std::max(sum, 0.0);
            expected.push_back(sum);
            found.push_back(y[pixel * pixel_stride + o]);
        }
    return test::relative_error(found, expected);
}

}  // namespace

TEMPLATE_TEST_CASE("oneDNN's native convolutions equal plain loops, with every epilogue and any pixel stride", "[backend]", float,
                   backend::bf16) {
    if (!std::is_same_v<TestType, float> && !backend::has_bf16()) return;
    const double tolerance = std::is_same_v<TestType, float> ? 2e-6 : 8e-3;
    for (const auto& shape : {backend::convolution_shape{1, 32, 32, 3, 64, 7, 2},
                              {2, 16, 16, 64, 64, 3, 1},
                              {3, 8, 12, 64, 128, 3, 2},
                              {2, 8, 8, 128, 64, 1, 1},
                              {1, 8, 8, 64, 128, 1, 2}})
        for (const std::size_t gap : {std::size_t{0}, std::size_t{32}})
            for (const bool residual : {false, true})
                for (const bool relu : {false, true}) {
                    INFO(shape.kernel << 'x' << shape.kernel << " of stride " << shape.stride << ", gap " << gap);
                    CHECK(convolution_error<TestType>(shape, shape.out + gap,
                                                      {.bias = relu, .residual = residual, .relu = relu}) < tolerance);
                }
}

TEST_CASE("oneDNN's products equal plain loops", "[backend]") {
    for (const bool transposed : {false, true})
        for (const std::size_t partitions : {1U, 2U, 3U}) {
            CHECK(product_error<float>(1, 1, 1, 1, transposed, partitions) < 1e-6);
            CHECK(product_error<float>(13, 33, 7, 33, transposed, partitions) < 1e-6);
            CHECK(product_error<float>(48, 64, 300, 64, transposed, partitions) < 1e-6);
            CHECK(product_error<float>(5, 600, 64, 700, transposed, partitions) < 1e-6);
        }
}

TEST_CASE("oneDNN's bf16 products have 8 bits of precision; a processor without AVX512_BF16 is refused", "[backend]") {
    if (!backend::has_bf16()) {
        CHECK_THAT(test::message_of([] { backend::onednn<float, backend::bf16>::queue{1}; }),
                   test::mentions("bf16", "AVX512_BF16", "use the backend onednn or xtensor"));
        return;
    }
    for (const bool transposed : {false, true}) {
        const double error = product_error<backend::bf16>(48, 600, 64, 700, transposed, 2);
        CHECK(error < 4e-3);
        CHECK(error > 1e-5);  // float products would have a smaller error
        CHECK(product_error<backend::bf16>(13, 33, 7, 33, transposed, 3) < 6e-3);
    }
}
#endif
