// Inference with folded weights against the convolution and its batch norm.
#include <rd4ad/nn/conv_bn.hpp>
#include <rd4ad/nn/weights.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/tensors.hpp>
#include <support/values.hpp>

using namespace rd4ad;

TEMPLATE_LIST_TEST_CASE("a folded layer equals the convolution and its norm with the running statistics", "[nn]",
                        test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    for (const nn::convolution layer :
         {nn::convolution{5, 19, 3, 1, false}, nn::convolution{5, 7, 1, 2, false}, nn::convolution{5, 19, 3, 2, false},
          nn::convolution{3, 16, 7, 2, false}, nn::convolution{5, 19, 2, 2, true}})
        for (const auto preference :
             {nn::algorithm_preference::im2col, nn::algorithm_preference::winograd, nn::algorithm_preference::winograd_2x2}) {
            INFO(layer.kernel << "x" << layer.kernel << ", " << B::name());
            typename B::queue q{1};
            nn::parameter_table table;
            const auto unit = nn::add_conv_bn(table, "conv", "norm", layer);
            auto values = test::seeded_values<T>(1, table.value_count),
                 statistics = test::seeded_values<T>(2, table.statistic_count);
            for (std::size_t i = 0; i < layer.out; ++i)
                statistics[unit.norm.variance + i] = T{2} + statistics[unit.norm.variance + i];
            const nn::weights<B> weights{.values = test::flat_tensor<B>(q, values),
                                         .statistics = test::flat_tensor<B>(q, statistics)};
            const shape size{2, layer.in, 6, 10}, output = layer.checked_output_shape(size);
            const auto x = to_device<B>(q, size, test::seeded_values<T>(3, size.count()));
            const auto residual = test::seeded_values<T>(4, output.count());
            const auto on_residual = to_device<B>(q, output, residual);

            auto z = make_tensor<B>(q, output);
            nn::convolve<B>(q, layer, size, nn::no_prologue(x), {.plain = weights.values.data() + unit.weight},
                            {.y = z.data(), .stride = layer.out}, preference);
            const auto before = to_host<B>(q, z);
            std::vector<double> expected, with_residual;
            for (std::size_t i = 0; i < before.size(); ++i) {
                const std::size_t c = i % layer.out;
                const double scale = static_cast<double>(values[unit.norm.weight + c]) /
                                     std::sqrt(static_cast<double>(statistics[unit.norm.variance + c]) + nn::batch_norm_epsilon);
                expected.push_back((static_cast<double>(before[i]) - static_cast<double>(statistics[unit.norm.mean + c])) *
                                       scale +
                                   static_cast<double>(values[unit.norm.bias + c]));
                with_residual.push_back(std::max(0.0, expected[i] + static_cast<double>(residual[i])));
            }

            nn::folded_weights<B> folded{.values = nn::make_flat<B>(q, table.value_count), .preference = preference};
            nn::fold<B>(q, unit, weights, folded);
            const double tolerance = sizeof(T) == 8 ? 1e-12 : 1e-5;
            CHECK(test::relative_error(to_host<B>(q, nn::infer<B>(q, unit, folded, x, false)), expected) < tolerance);
            CHECK(test::relative_error(to_host<B>(q, nn::infer<B>(q, unit, folded, x, true, &on_residual)), with_residual) <
                  tolerance);

            nn::prepare<B>(q, unit, size, folded);
            CHECK(test::relative_error(to_host<B>(q, nn::infer<B>(q, unit, folded, x, false)), expected) < tolerance);
            const shape one{1, layer.in, 2, 4};  // a size that the weights are not prepared for
            const auto small = to_device<B>(q, one, test::seeded_values<T>(5, one.count()));
            const nn::folded_weights<B> plain{.values = folded.values, .preference = nn::algorithm_preference::im2col};
            CHECK(test::relative_error(to_host<B>(q, nn::infer<B>(q, unit, folded, small, false)),
                                       to_host<B>(q, nn::infer<B>(q, unit, plain, small, false))) < tolerance);
        }
}
