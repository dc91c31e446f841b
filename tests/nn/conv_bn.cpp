// Inference with folded weights against the convolution and its batch norm.
#include <rd4ad/nn/folded_weights.hpp>
#include <rd4ad/nn/weights.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
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

            const auto prepared = [&](nn::algorithm_preference by) {
                nn::folded_weights<B> folded{.preference = by};
                nn::weight_preparer<B>{q}.add(unit, std::span{&size, 1}, nn::parameters_of<B>(unit, weights), folded);
                return folded;
            };
            const auto folded = prepared(preference);
            const double tolerance = sizeof(T) == 8 ? 1e-12 : 1e-5;
            CHECK(test::relative_error(to_host<B>(q, nn::infer<B>(q, unit, folded, x, false)), expected) < tolerance);
            const auto on_top = to_host<B>(q, nn::infer_onto<B>(q, unit, folded, x, on_residual));
            CHECK(test::relative_error(on_top, with_residual) < tolerance);
            CHECK(to_host<B>(q, on_residual) == residual);  // another handle holds it
            auto last_handle = to_device<B>(q, output, residual);
            const auto* memory = last_handle.data();
            const auto in_place = nn::infer_onto<B>(q, unit, folded, x, std::move(last_handle));
            CHECK(in_place.data() == memory);
            CHECK(to_host<B>(q, in_place) == on_top);

            const shape one{1, layer.in, 2, 4};  // a size that the weights are not prepared for
            const auto small = to_device<B>(q, one, test::seeded_values<T>(5, one.count()));
            CHECK(test::relative_error(to_host<B>(q, nn::infer<B>(q, unit, folded, small, false)),
                                       to_host<B>(q, nn::infer<B>(q, unit, prepared(nn::algorithm_preference::im2col), small,
                                                                  false))) < tolerance);
        }
}

TEMPLATE_LIST_TEST_CASE("weights are kept once, in the form of each algorithm that the prepared sizes require", "[nn]",
                        test::backends) {
    using B = TestType;
    typename B::queue q{1};
    nn::parameter_table table;
    const auto unit = nn::add_conv_bn(table, "conv", "norm", {16, 32, 3, 1, false});
    const nn::weights<B> weights{.values = nn::make_flat<B>(q, table.value_count),
                                 .statistics = nn::make_flat<B>(q, table.statistic_count)};
    const auto forms_for = [&](std::vector<shape> sizes) {
        nn::folded_weights<B> folded;
        nn::weight_preparer<B>{q}.add(unit, sizes, nn::parameters_of<B>(unit, weights), folded);
        const auto forms = folded.of(unit).forms();
        std::vector<bool> usable;
        for (std::size_t i = 0; i < nn::conv_algorithm_count; ++i)
            usable.push_back(forms.usable(static_cast<nn::conv_algorithm>(i)));
        CHECK(forms.plain == nullptr);
        return std::pair{usable, folded.count()};
    };
    const shape fine{1, 16, 16, 16},
        coarse{1, 16, 8, 8};  // F(4x4, 3x3) and F(2x2, 3x3), if the backend computes in full precision
    const auto [of_fine, fine_count] = forms_for({fine, fine});
    CHECK(std::count(of_fine.begin(), of_fine.end(), true) == 1);
    const auto [of_both, both_count] = forms_for({fine, coarse});
    if (backend::narrow_products<B>) return;
    CHECK(of_fine[static_cast<std::size_t>(nn::conv_algorithm::winograd_4x4)]);
    CHECK(std::count(of_both.begin(), of_both.end(), true) == 2);
    CHECK(both_count == fine_count + forms_for({coarse}).second - 32);  // one bias
}
