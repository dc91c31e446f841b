// Residual blocks of every shape: names, sizes, gradients by central differences, and scoring against training.
#include <rd4ad/nn/residual_block.hpp>

#include <string>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/gradient_check.hpp>

namespace {

using namespace rd4ad;

struct setting {
    nn::block_sizes sizes;
    nn::direction way;
    std::string name;
};

const std::vector<setting> settings{
    {{false, 5, 5, 1}, nn::direction::same, "basic, same width"}, {{false, 6, 5, 1}, nn::direction::same, "basic, other width"},
    {{false, 6, 5, 1}, nn::direction::down, "basic, down"},       {{false, 6, 5, 1}, nn::direction::up, "basic, up"},
    {{true, 12, 3, 1}, nn::direction::same, "deep, same width"},  {{true, 5, 3, 2}, nn::direction::same, "deep, other width"},
    {{true, 5, 3, 1}, nn::direction::down, "deep, down"},         {{true, 5, 3, 2}, nn::direction::up, "deep and wide, up"}};

/// Two blocks with seeded values, their running variances positive.
template <Backend B>
struct stage_at_work {
    using T = typename B::value_type;
    typename B::queue q{1};  // the work is too small to share
    nn::parameter_table table;
    nn::stage blocks;
    std::vector<T> values, statistics;
    shape size, result;
    nn::training_mode mode;

    stage_at_work(const setting& of, nn::algorithm choice, double momentum = nn::batch_norm_momentum)
        : blocks{nn::add_stage(table, "", of.sizes, 2, of.way)},
          values{test::numbers<T>(1, table.value_count)},
          statistics(table.statistic_count, T{1}),
          size{2, of.sizes.in, 4, 6},
          result{blocks[1].result_of(blocks[0].result_of(size))},
          mode{choice, momentum} {}

    tensor<B> flat(const std::vector<T>& given) { return to_device<B>(q, {1, given.size(), 1, 1}, given); }

    std::vector<T> result_of(const std::vector<T>& x, const std::vector<T>& parameters) {
        const auto traces = nn::forward<B>(q, blocks, {flat(parameters), flat(statistics)}, to_device<B>(q, size, x), mode);
        return to_host<B>(q, traces.back().output);
    }
};

std::vector<std::string> names_of(const setting& of) {
    nn::parameter_table table;
    static_cast<void>(nn::add_stage(table, "layer1.", of.sizes, 2, of.way));
    std::vector<std::string> names;
    for (const auto& p : table.values)
        if (p.kind == nn::parameter_kind::convolution) names.push_back(p.name + " " + std::to_string(p.shape[2]));
    return names;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a block's gradients are its differences", "[nn][gradient]", test::double_backends) {
    using B = TestType;
    for (const auto& each : settings)
        for (const auto choice : {nn::algorithm::direct, nn::algorithm::winograd}) {
            INFO(each.name << (choice == nn::algorithm::winograd ? ", winograd" : ", direct"));
            stage_at_work<B> s{each, choice};
            const auto x = test::numbers(2, s.size.count()), slope = test::numbers(3, s.result.count());
            const nn::weights<B> w{s.flat(s.values), s.flat(s.statistics)};
            const auto run_back = [&](bool wanted) {
                auto traces = nn::forward<B>(s.q, s.blocks, w, to_device<B>(s.q, s.size, x), s.mode);
                nn::kept_gradients<B> gradients{nn::make_flat<B>(s.q, s.table.value_count)};
                const auto back =
                    nn::backward<B>(s.q, s.blocks, w, traces, to_device<B>(s.q, s.result, slope), gradients, wanted, s.mode);
                return std::pair{back.memory ? to_host<B>(s.q, back) : std::vector<double>{}, to_host<B>(s.q, gradients.values)};
            };
            const auto [to_input, to_values] = run_back(true);
            test::check_gradient("the input", x, to_input,
                                 [&](const auto& at) { return test::dot(slope, s.result_of(at, s.values)); },
                                 {.entries = 12, .step = 1e-6});
            for (const auto& p : s.table.values) {
                const auto part = [&](const std::vector<double>& all) {
                    const auto first = all.begin() + static_cast<std::ptrdiff_t>(p.offset);
                    return std::vector<double>(first, first + static_cast<std::ptrdiff_t>(p.count));
                };
                test::check_gradient(p.name, part(s.values), part(to_values),
                                     [&](const auto& at) {
                                         auto values = s.values;
                                         std::copy(at.begin(), at.end(), values.begin() + static_cast<std::ptrdiff_t>(p.offset));
                                         return test::dot(slope, s.result_of(x, values));
                                     },
                                     {.entries = 3, .step = 1e-6, .tolerance = 1e-5});
            }
            const auto [nothing, same_values] = run_back(false);
            CHECK(nothing.empty());
            CHECK(same_values == to_values);
        }
}

TEMPLATE_LIST_TEST_CASE("scoring with the batch's statistics is training's forward", "[nn]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    for (const auto& each : settings) {
        INFO(each.name << ", " << B::name());
        stage_at_work<B> s{each, nn::algorithm::automatic, 1.0};
        const auto x = to_device<B>(s.q, s.size, test::numbers<T>(2, s.size.count()));
        const nn::weights<B> w{s.flat(s.values), s.flat(s.statistics)};
        const auto traces = nn::forward<B>(s.q, s.blocks, w, x, s.mode);

        auto statistics = to_host<B>(s.q, w.statistics);  // the momentum 1 leaves the batch's, the variance by n - 1
        nn::for_each_layer(s.blocks, s.size, [&](const nn::conv_norm& layer, const shape& input) {
            const auto n = static_cast<T>(layer.conv.result_of(input).pixels());
            for (std::size_t c = 0; c < layer.norm.channels; ++c) statistics[layer.norm.variance + c] *= (n - 1) / n;
        });
        const nn::weights<B> measured{w.values, s.flat(statistics)};
        nn::folded_weights<B> folded{nn::make_flat<B>(s.q, s.table.value_count), {}, nn::algorithm::automatic};
        nn::for_each_layer(s.blocks, s.size,
                           [&](const nn::conv_norm& layer, const shape&) { nn::fold<B>(s.q, layer, measured, folded); });
        const auto scored = nn::infer<B>(s.q, s.blocks, folded, x);
        CHECK(scored.shape == s.result);
        CHECK(test::apart(to_host<B>(s.q, scored), to_host<B>(s.q, traces.back().output)) < (sizeof(T) == 8 ? 1e-11 : 1e-4));
    }
}

TEST_CASE("blocks have PyTorch's names, kernels and sizes", "[nn]") {
    CHECK(names_of(settings[0]) == std::vector<std::string>{"layer1.0.conv1.weight 3", "layer1.0.conv2.weight 3",
                                                            "layer1.1.conv1.weight 3", "layer1.1.conv2.weight 3"});
    CHECK(names_of(settings[2]) == std::vector<std::string>{"layer1.0.conv1.weight 3", "layer1.0.conv2.weight 3",
                                                            "layer1.0.downsample.0.weight 1", "layer1.1.conv1.weight 3",
                                                            "layer1.1.conv2.weight 3"});
    CHECK(names_of(settings[3]) == std::vector<std::string>{"layer1.0.conv1.weight 2", "layer1.0.conv2.weight 3",
                                                            "layer1.0.upsample.0.weight 2", "layer1.1.conv1.weight 3",
                                                            "layer1.1.conv2.weight 3"});
    CHECK(names_of(settings[7]) == std::vector<std::string>{"layer1.0.conv1.weight 1", "layer1.0.conv2.weight 2",
                                                            "layer1.0.conv3.weight 1", "layer1.0.upsample.0.weight 2",
                                                            "layer1.1.conv1.weight 1", "layer1.1.conv2.weight 3",
                                                            "layer1.1.conv3.weight 1"});
    nn::parameter_table table;
    const auto wide = nn::add_stage(table, "", {true, 256, 128, 2}, 1, nn::direction::down);
    CHECK(wide[0].second.conv == nn::convolution{256, 256, 3, 2, false});
    CHECK(wide[0].result_of({2, 256, 8, 12}) == shape{2, 512, 4, 6});
    const auto up = nn::add_stage(table, "", {false, 512, 256, 1}, 1, nn::direction::up);
    CHECK(up[0].result_of({2, 512, 3, 5}) == shape{2, 256, 6, 10});
}
