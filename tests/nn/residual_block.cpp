// Residual blocks of every kind: names, sizes, gradients by central differences, and inference against training.
#include <rd4ad/nn/residual_block.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/gradient_check.hpp>
#include <support/stored_gradients.hpp>
#include <support/tensors.hpp>

namespace {

using namespace rd4ad;

struct stage_case {
    nn::block_sizes sizes;
    nn::direction way;
    std::string name;
};

const std::vector<stage_case> stage_cases{
    {{false, 5, 5, 1}, nn::direction::same, "basic, same width"}, {{false, 6, 5, 1}, nn::direction::same, "basic, other width"},
    {{false, 6, 5, 1}, nn::direction::down, "basic, down"},       {{false, 6, 5, 1}, nn::direction::up, "basic, up"},
    {{true, 12, 3, 1}, nn::direction::same, "deep, same width"},  {{true, 5, 3, 2}, nn::direction::same, "deep, other width"},
    {{true, 5, 3, 1}, nn::direction::down, "deep, down"},         {{true, 5, 3, 2}, nn::direction::up, "deep and wide, up"}};

/// Two blocks with seeded values and positive running variances.
template <Backend B>
struct stage_on_device {
    using T = typename B::value_type;
    typename B::queue q{1};  // the stages are too small for two threads
    nn::parameter_table table;
    nn::stage blocks;
    std::vector<T> values, statistics;
    shape size, output;
    nn::training_mode mode;

    stage_on_device(const stage_case& of, nn::algorithm_preference preference, double momentum = nn::batch_norm_momentum)
        : blocks{nn::add_stage(table, "", of.sizes, 2, of.way)},
          values{test::seeded_values<T>(1, table.value_count)},
          statistics(table.statistic_count, T{1}),
          size{2, of.sizes.in, 4, 6},
          output{blocks[1].output_shape(blocks[0].output_shape(size))},
          mode{.preference = preference, .momentum = momentum} {}

    nn::weights<B> weights(const std::vector<T>& parameters) {
        return {.values = test::flat_tensor<B>(q, parameters), .statistics = test::flat_tensor<B>(q, statistics)};
    }

    std::vector<T> forward(const std::vector<T>& x, const std::vector<T>& parameters) {
        auto w = weights(parameters);
        const auto saved = nn::forward<B>(q, blocks, w, to_device<B>(q, size, x), mode);
        return to_host<B>(q, saved.back().output);
    }
};

std::vector<std::string> names_of(const stage_case& of) {
    nn::parameter_table table;
    static_cast<void>(nn::add_stage(table, "layer1.", of.sizes, 2, of.way));
    std::vector<std::string> names;
    for (const auto& p : table.values)
        if (p.kind == nn::parameter_kind::convolution) names.push_back(p.name + " " + std::to_string(p.shape[2]));
    return names;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a block's gradients equal central differences", "[nn][gradient]", test::double_backends) {
    using B = TestType;
    for (const auto& each : stage_cases)
        for (const auto preference : {nn::algorithm_preference::im2col, nn::algorithm_preference::winograd}) {
            INFO(each.name << (preference == nn::algorithm_preference::winograd ? ", Winograd" : ", im2col"));
            stage_on_device<B> s{each, preference};
            const auto x = test::seeded_values(2, s.size.count()), slope = test::seeded_values(3, s.output.count());
            auto w = s.weights(s.values);
            const auto run_back = [&](bool wanted) {
                auto saved = nn::forward<B>(s.q, s.blocks, w, to_device<B>(s.q, s.size, x), s.mode);
                test::stored_gradients<B> gradients{nn::make_flat<B>(s.q, s.table.value_count)};
                const auto back =
                    nn::backward<B>(s.q, s.blocks, w, saved, to_device<B>(s.q, s.output, slope), gradients, wanted, s.mode);
                return std::pair{back.memory ? to_host<B>(s.q, back) : std::vector<double>{}, to_host<B>(s.q, gradients.values)};
            };
            const auto [to_input, to_values] = run_back(true);
            test::check_gradient("the input", x, to_input,
                                 [&](const auto& at) { return test::dot(slope, s.forward(at, s.values)); },
                                 {.entries = 12, .step = 1e-6});
            for (const auto& p : s.table.values) {
                const auto slice = [&](const std::vector<double>& all) {
                    const auto first = all.begin() + static_cast<std::ptrdiff_t>(p.offset);
                    return std::vector<double>(first, first + static_cast<std::ptrdiff_t>(p.count));
                };
                test::check_gradient(p.name, slice(s.values), slice(to_values),
                                     [&](const auto& at) {
                                         auto values = s.values;
                                         std::copy(at.begin(), at.end(), values.begin() + static_cast<std::ptrdiff_t>(p.offset));
                                         return test::dot(slope, s.forward(x, values));
                                     },
                                     {.entries = 3, .step = 1e-6, .tolerance = 1e-5});
            }
            const auto [nothing, same_values] = run_back(false);
            CHECK(nothing.empty());
            CHECK(same_values == to_values);
        }
}

TEMPLATE_LIST_TEST_CASE("inference with the batch's statistics equals the training forward", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    for (const auto& each : stage_cases) {
        INFO(each.name << ", " << B::name());
        stage_on_device<B> s{each, nn::algorithm_preference::automatic, 1.0};
        const auto x = to_device<B>(s.q, s.size, test::seeded_values<T>(2, s.size.count()));
        auto w = s.weights(s.values);
        const auto saved = nn::forward<B>(s.q, s.blocks, w, x, s.mode);

        auto statistics = to_host<B>(s.q, w.statistics);  // momentum 1 stores the batch's statistics, the variance over n - 1
        nn::for_each_layer(s.blocks, s.size, [&](const nn::conv_bn& layer, const shape& input) {
            const auto n = static_cast<T>(layer.conv.output_shape(input).pixels());
            for (std::size_t c = 0; c < layer.norm.channels; ++c) statistics[layer.norm.variance + c] *= (n - 1) / n;
        });
        const nn::weights<B> measured{.values = w.values, .statistics = test::flat_tensor<B>(s.q, statistics)};
        nn::folded_weights<B> folded;
        nn::weight_preparer<B> preparer{s.q};
        nn::for_each_layer(s.blocks, s.size, [&](const nn::conv_bn& layer, const shape& size) {
            preparer.add(layer, std::span{&size, 1}, nn::parameters_of<B>(layer, measured), folded);
        });
        const auto inferred = nn::infer<B>(s.q, s.blocks, folded, x);
        CHECK(inferred.shape == s.output);
        CHECK(test::relative_error(to_host<B>(s.q, inferred), to_host<B>(s.q, saved.back().output)) <
              (sizeof(T) == 8 ? 1e-11 : 1e-4));
    }
}

TEST_CASE("blocks have PyTorch's names, kernels and sizes", "[nn]") {
    CHECK(names_of(stage_cases[0]) == std::vector<std::string>{"layer1.0.conv1.weight 3", "layer1.0.conv2.weight 3",
                                                               "layer1.1.conv1.weight 3", "layer1.1.conv2.weight 3"});
    CHECK(names_of(stage_cases[2]) == std::vector<std::string>{"layer1.0.conv1.weight 3", "layer1.0.conv2.weight 3",
                                                               "layer1.0.downsample.0.weight 1", "layer1.1.conv1.weight 3",
                                                               "layer1.1.conv2.weight 3"});
    CHECK(names_of(stage_cases[3]) == std::vector<std::string>{"layer1.0.conv1.weight 2", "layer1.0.conv2.weight 3",
                                                               "layer1.0.upsample.0.weight 2", "layer1.1.conv1.weight 3",
                                                               "layer1.1.conv2.weight 3"});
    CHECK(names_of(stage_cases[7]) == std::vector<std::string>{"layer1.0.conv1.weight 1", "layer1.0.conv2.weight 2",
                                                               "layer1.0.conv3.weight 1", "layer1.0.upsample.0.weight 2",
                                                               "layer1.1.conv1.weight 1", "layer1.1.conv2.weight 3",
                                                               "layer1.1.conv3.weight 1"});
    nn::parameter_table table;
    const auto wide =
        nn::add_stage(table, "", {.deep = true, .in = 256, .width = 128, .inner_factor = 2}, 1, nn::direction::down);
    CHECK(wide[0].second.conv == nn::convolution{256, 256, 3, 2, false});
    CHECK(wide[0].output_shape({2, 256, 8, 12}) == shape{2, 512, 4, 6});
    const auto up = nn::add_stage(table, "", {.deep = false, .in = 512, .width = 256, .inner_factor = 1}, 1, nn::direction::up);
    CHECK(up[0].output_shape({2, 512, 3, 5}) == shape{2, 256, 6, 10});
}
