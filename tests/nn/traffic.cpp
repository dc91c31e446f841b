// What a convolution's kernels are counted to move.
#include <rd4ad/nn/traffic.hpp>

#include <support/catch.hpp>

using namespace rd4ad;
using namespace rd4ad::nn;

namespace {
template <class Kernel>
double of(const Kernel& kernel, double visits) {
    return moved<Kernel>::values(kernel, visits);
}
}  // namespace

TEST_CASE("a kernel's traffic is its operands", "[nn]") {
    const winograd::tiling<schemes::four> tiles{{1, 8, 8, 8}, {1, 8, 8, 8}};
    CHECK(of(winograd::input_tiles<schemes::four, float, plain_input<float>>{{nullptr, 8}, tiles, 8}, 32) == 32 * (16 + 36));
    winograd::output_tiles<schemes::four, float> out{{}, tiles, 8};
    CHECK(of(out, 32) == 32 * (36 + 16));
    const float residual = 0;
    out.finish.residual = &residual;
    CHECK(of(out, 32) == 32 * (36 + 2 * 16));
    CHECK(of(winograd::transform_weights<schemes::strided, float>{}, 10) == 10 * (9 + 16));
    CHECK(of(to_pixels<float>{{}, 8}, 64) == 128);
    CHECK(of(backend::detail::shifted<backend::detail::consume_from<to_pixels<float>, float>>{}, 64) == 128);
}
