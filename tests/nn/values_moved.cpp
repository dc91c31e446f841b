// The values that kernels state to move: each operand once.
#include <rd4ad/nn/convolution.hpp>

#include <cstddef>

#include <rd4ad/nn/cosine_map.hpp>

#include <support/catch.hpp>

using namespace rd4ad;
using namespace rd4ad::nn;

namespace {

using winograd::f2x2_3x3_s2, winograd::f4x4_3x3;

template <class Kernel>
using shifted = backend::detail::shifted<Kernel>;

}  // namespace

TEST_CASE("a Winograd kernel moves its tile and its planes", "[nn]") {
    const winograd::tiling<f4x4_3x3> tiles{{1, 8, 8, 8}, {1, 8, 8, 8}};
    const winograd::input_tiles<f4x4_3x3, float, identity_prologue<float>> input{
        .input = {.x = nullptr, .stride = 8}, .tiles = tiles, .channels = 8};
    CHECK(input.values_moved(32) == 32 * (16 + 36));
    const winograd::gradient_tiles<f4x4_3x3, float> gradient{
        .gradient = {.x = nullptr, .stride = 8}, .tiles = tiles, .channels = 8};
    CHECK(gradient.values_moved(32) == 32 * (16 + 36));
    winograd::output_tiles<f4x4_3x3, float> output{.epilogue = {}, .tiles = tiles, .channels = 8};
    CHECK(output.values_moved(32) == 32 * (36 + 16));
    const float residual = 0;
    output.epilogue.residual = &residual;
    CHECK(output.values_moved(32) == 32 * (36 + 2 * 16));
    CHECK(winograd::transform_weights<f2x2_3x3_s2, float>{}.values_moved(10) == 10 * (9 + 16));
}

TEST_CASE("an im2col kernel moves its window and its pixels", "[nn]") {
    const window_grid grid{
        .image_h = 8, .image_w = 8, .grid_h = 8, .grid_w = 8, .kernel_h = 3, .kernel_w = 3, .stride = 1, .padding = 1};
    const im2col_rows<float, identity_prologue<float>> rows{.input = {.x = nullptr, .stride = 8}, .grid = grid, .channels = 8};
    CHECK(rows.values_moved(64) == 64 * (1 + 9));
    to_pixels<float> pixels{.epilogue = {}, .channels = 8};
    CHECK(pixels.values_moved(64) == 128);
    const float residual = 0;
    pixels.epilogue.residual = &residual;
    CHECK(pixels.values_moved(64) == 192);
}

TEST_CASE("a kernel over whole rows moves all channels of a row", "[nn]") {
    const pixel_distances<float> distances{.teacher = nullptr, .student = nullptr, .channels = 8, .out = nullptr};
    CHECK(distances.values_moved(64) == 64 * (2 * 8 + 1));
}

TEST_CASE("a bound or shifted kernel moves the values of its kernel", "[nn]") {
    const backend::consume_from<to_pixels<float>, float> consumer{};
    CHECK(consumer.values_moved(64) == 128);
    CHECK(shifted<backend::consume_from<to_pixels<float>, float>>{}.values_moved(64) == 128);
    const pixel_rows<float, identity_prologue<float>> rows{.input = {.x = nullptr, .stride = 8}, .channels = 8};
    const backend::produce_into<pixel_rows<float, identity_prologue<float>>, float> producer{
        .producer = rows, .panel = nullptr, .first = 0, .stride = 8, .plane = 0};
    CHECK(producer.values_moved(64) == rows.values_moved(64));
    CHECK(producer.values_moved(64) == 128);
    CHECK(shifted<decltype(producer)>{.kernel = producer, .first = 5}.values_moved(64) == 128);
}
