// Weights with the batch norm folded in give what the convolution and its norm give.
#include <rd4ad/nn/weights.hpp>

#include <cmath>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/gradient_check.hpp>

using namespace rd4ad;

TEMPLATE_LIST_TEST_CASE("a folded layer is the convolution and its norm with the running statistics", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    for (const nn::convolution layer :
         {nn::convolution{5, 19, 3, 1, false}, nn::convolution{5, 7, 1, 2, false}, nn::convolution{5, 19, 3, 2, false},
          nn::convolution{3, 16, 7, 2, false}, nn::convolution{5, 19, 2, 2, true}})
        for (const auto choice : {nn::algorithm::direct, nn::algorithm::winograd, nn::algorithm::winograd_2x2}) {
            INFO(layer.kernel << "x" << layer.kernel << ", " << B::name());
            typename B::queue q{1};
            nn::parameter_table table;
            const auto at = table.add("conv", "norm", layer);
            auto values = test::numbers<T>(1, table.value_count), statistics = test::numbers<T>(2, table.statistic_count);
            for (std::size_t i = 0; i < layer.out; ++i)
                statistics[at.norm.variance + i] = T{2} + statistics[at.norm.variance + i];
            const nn::weights<B> weights{to_device<B>(q, {1, values.size(), 1, 1}, values),
                                         to_device<B>(q, {1, statistics.size(), 1, 1}, statistics)};
            const shape size{2, layer.in, 6, 10}, result = layer.checked_result(size);
            const auto x = to_device<B>(q, size, test::numbers<T>(3, size.count()));
            const auto residual = test::numbers<T>(4, result.count());
            const auto on_residual = to_device<B>(q, result, residual);

            const auto z = make_tensor<B>(q, result);
            nn::convolve<B>(q, layer, size, nn::as_input(x), {weights.of(at)}, {z.data(), layer.out}, choice);
            const auto before = to_host<B>(q, z);
            std::vector<double> wanted, rectified;
            for (std::size_t i = 0; i < before.size(); ++i) {
                const std::size_t c = i % layer.out;
                const double scale = static_cast<double>(values[at.norm.weight + c]) /
                                     std::sqrt(static_cast<double>(statistics[at.norm.variance + c]) + nn::batch_norm_epsilon);
                wanted.push_back((static_cast<double>(before[i]) - static_cast<double>(statistics[at.norm.mean + c])) * scale +
                                 static_cast<double>(values[at.norm.bias + c]));
                rectified.push_back(std::max(0.0, wanted[i] + static_cast<double>(residual[i])));
            }

            nn::folded_weights<B> folded{nn::make_flat<B>(q, table.value_count), {}, choice};
            nn::fold<B>(q, at, weights, folded);
            const double tolerance = sizeof(T) == 8 ? 1e-12 : 1e-5;
            CHECK(test::apart(to_host<B>(q, nn::infer<B>(q, at, folded, x, false)), wanted) < tolerance);
            CHECK(test::apart(to_host<B>(q, nn::infer<B>(q, at, folded, x, true, &on_residual)), rectified) < tolerance);

            nn::prepare<B>(q, at, size, folded);
            CHECK(test::apart(to_host<B>(q, nn::infer<B>(q, at, folded, x, false)), wanted) < tolerance);
            const shape one{1, layer.in, 2, 4};  // a size it was not prepared for
            const auto small = to_device<B>(q, one, test::numbers<T>(5, one.count()));
            nn::folded_weights<B> plain{folded.values, {}, nn::algorithm::direct};
            CHECK(test::apart(to_host<B>(q, nn::infer<B>(q, at, folded, small, false)),
                              to_host<B>(q, nn::infer<B>(q, at, plain, small, false))) < tolerance);
        }
}
