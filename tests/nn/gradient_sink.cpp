// Gradient sinks: the addresses of a layer's gradients, and the calls that a backward makes.
#include <rd4ad/nn/gradient_sink.hpp>

#include <cstddef>
#include <map>
#include <vector>

#include <rd4ad/nn/residual_block.hpp>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/stored_gradients.hpp>
#include <support/tensors.hpp>
#include <support/values.hpp>

namespace {

using namespace rd4ad;

/// Stores all gradients and counts the calls of `done` by layer.
template <Backend B>
struct counting_sink {
    test::stored_gradients<B> stored;
    std::map<std::size_t, int> done_calls{};

    nn::layer_gradient<typename B::value_type> of(const nn::conv_bn& layer) {
        CHECK(done_calls[layer.weight] == 0);
        return stored.of(layer);
    }
    void done(const nn::conv_bn& layer) { ++done_calls[layer.weight]; }
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("a layer's gradients are laid out as its parameters", "[nn]", test::double_backends) {
    using B = TestType;
    static_assert(nn::GradientSink<test::stored_gradients<B>, B> && nn::GradientSink<counting_sink<B>, B>);
    typename B::queue q{1};
    nn::parameter_table table;
    static_cast<void>(nn::add_conv_bn(table, "conv0", "bn0", {3, 7, 3, 1, false}));
    const auto layer = nn::add_conv_bn(table, "conv1", "bn1", {7, 5, 3, 1, false});
    test::stored_gradients<B> stored{nn::make_flat<B>(q, table.value_count)};
    const auto to = stored.of(layer);
    CHECK(to.weight == stored.values.data() + layer.weight);
    CHECK(to.norm_weight == stored.values.data() + layer.norm.weight);
    CHECK(to.norm_bias == stored.values.data() + layer.norm.bias);
}

TEMPLATE_LIST_TEST_CASE("a backward calls done once per layer, after the layer's last gradient", "[nn]", test::double_backends) {
    using B = TestType;
    typename B::queue q{1};
    for (const bool deep : {false, true})
        for (const bool wanted : {false, true}) {
            nn::parameter_table table;
            const auto blocks =
                nn::add_stage(table, "", {.deep = deep, .in = 6, .width = 4, .inner_factor = 1}, 2, nn::direction::down);
            nn::weights<B> w{.values = test::flat_tensor<B>(q, test::seeded_values(1, table.value_count)),
                             .statistics = nn::make_flat<B>(q, table.statistic_count)};
            const auto x = to_device<B>(q, {2, 6, 4, 6}, test::seeded_values(2, 2 * 6 * 4 * 6));
            auto saved = nn::forward<B>(q, blocks, w, x, {});
            auto slope = make_tensor<B>(q, saved.back().output.shape);
            fill<B>(q, slope, 0.5);
            counting_sink<B> sink{{nn::make_flat<B>(q, table.value_count)}};
            static_cast<void>(nn::backward<B>(q, blocks, w, saved, slope, sink, wanted, {}));
            std::size_t layers = 0;
            nn::for_each_layer(blocks, {2, 6, 4, 6}, [&](const nn::conv_bn& layer, const shape&) {
                ++layers;
                CHECK(sink.done_calls[layer.weight] == 1);
            });
            CHECK(layers == (deep ? 7u : 5u));
            CHECK(sink.done_calls.size() == layers);
        }
}
