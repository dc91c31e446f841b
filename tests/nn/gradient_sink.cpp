// Where a backward's gradients go: a layer's parts lie as its parameters do, and every layer is asked for and done with once.
#include <rd4ad/nn/gradient_sink.hpp>

#include <map>
#include <vector>

#include <rd4ad/nn/residual_block.hpp>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/gradient_check.hpp>

namespace {

using namespace rd4ad;

/// Keeps all gradients and counts what is done.
template <Backend B>
struct counting_sink {
    nn::kept_gradients<B> kept;
    std::map<std::size_t, int> done_with{};

    nn::layer_gradient<typename B::value_type> of(const nn::conv_norm& layer) {
        CHECK(done_with[layer.weight] == 0);
        return kept.of(layer);
    }
    void done(const nn::conv_norm& layer) { ++done_with[layer.weight]; }
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("a layer's gradients lie as its parameters do", "[nn]", test::double_backends) {
    using B = TestType;
    static_assert(nn::GradientSink<nn::kept_gradients<B>, B> && nn::GradientSink<counting_sink<B>, B>);
    typename B::queue q{1};
    nn::parameter_table table;
    static_cast<void>(table.add("conv0", "bn0", {3, 7, 3, 1, false}));
    const auto layer = table.add("conv1", "bn1", {7, 5, 3, 1, false});
    const nn::kept_gradients<B> kept{nn::make_flat<B>(q, table.value_count)};
    const auto parts = kept.of(layer);
    CHECK(parts.weight == kept.values.data() + layer.weight);
    CHECK(parts.norm_weight == kept.values.data() + layer.norm.weight);
    CHECK(parts.norm_bias == kept.values.data() + layer.norm.bias);
}

TEMPLATE_LIST_TEST_CASE("a backward is done with every layer once, and after asking for it", "[nn]", test::double_backends) {
    using B = TestType;
    typename B::queue q{1};
    for (const bool deep : {false, true})
        for (const bool wanted : {false, true}) {
            nn::parameter_table table;
            const auto blocks = nn::add_stage(table, "", {deep, 6, 4, 1}, 2, nn::direction::down);
            const auto values = to_device<B>(q, {1, table.value_count, 1, 1}, test::numbers(1, table.value_count));
            const nn::weights<B> w{values, nn::make_flat<B>(q, table.statistic_count)};
            const auto x = to_device<B>(q, {2, 6, 4, 6}, test::numbers(2, 2 * 6 * 4 * 6));
            auto traces = nn::forward<B>(q, blocks, w, x, {});
            const auto slope = make_tensor<B>(q, traces.back().output.shape);
            fill_with<B>(q, slope, 0.5);
            counting_sink<B> sink{{nn::make_flat<B>(q, table.value_count)}};
            static_cast<void>(nn::backward<B>(q, blocks, w, traces, slope, sink, wanted, {}));
            std::size_t layers = 0;
            nn::for_each_layer(blocks, {2, 6, 4, 6}, [&](const nn::conv_norm& layer, const shape&) {
                ++layers;
                CHECK(sink.done_with[layer.weight] == 1);
            });
            CHECK(layers == (deep ? 7u : 5u));
            CHECK(sink.done_with.size() == layers);
        }
}
