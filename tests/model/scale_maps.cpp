// Maps that are built from stored distances equal the scoring network's maps, in every unit.
#include <rd4ad/model/scale_maps.hpp>

#include <cstddef>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/tensors.hpp>
#include <support/values.hpp>

using namespace rd4ad;

TEMPLATE_LIST_TEST_CASE("stored distances give the scoring network's map in the model's units", "[model]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    auto m = make_model_without_teacher<B>("resnet18", {.seed = 3, .threads = 1});
    m.settings.height = 64, m.settings.width = 32;
    auto& q = m.queue;
    std::vector<T> pixels(3 * 64 * 32 * 3);
    rd4ad::random source{5};
    for (auto& value : pixels) value = static_cast<T>(source.normal());
    const auto images = to_device<B>(q, {3, 3, 64, 32}, pixels);

    std::vector<map_units> all(3);
    all[1].weights = {0.5, 1, 1.5};
    all[2] = all[1];
    for (std::size_t k = 0; k < 3; ++k) {
        auto& to = all[2].positions[k];
        to.height = 16u >> k, to.width = 8u >> k;
        for (std::size_t p = 0; p < to.height * to.width; ++p) {
            to.gain.push_back(1.0f + 0.01f * static_cast<float>(p % 11));
            to.offset.push_back(-0.002f * static_cast<float>(p % 5));
        }
    }
    for (const auto& units : all) {
        INFO(kind_of(units) << ", " << B::name());
        m.settings.units = units;
        const scoring_network<B> network{m, 3, 2.0};
        const auto expected = to_host<B>(q, network.map(q, images));
        scale_maps distances{64, 32, 3};
        CHECK((distances.each() == 16 * 8 + 8 * 4 + 4 * 2 && distances.inputs() == 3));
        const auto [teacher, student] = network.compare(q, images);
        const std::vector<std::size_t> inputs{2, 0, 1};  // stored in another order than computed
        put_scale_maps<B>(q, network.model->trainable.layers, network.model->trainable.weights, teacher, inputs, distances);
        const map_builder<B> builder{q, 64, 32, units, 2.0};
        for (std::size_t i = 0; i < 3; ++i) {
            const auto map = builder.map(q, distances, inputs[i]);
            const std::vector<T> wanted(expected.begin() + static_cast<std::ptrdiff_t>(i * 64 * 32),
                                        expected.begin() + static_cast<std::ptrdiff_t>((i + 1) * 64 * 32));
            CHECK(test::relative_error(std::vector<T>(map.pixels.begin(), map.pixels.end()), wanted) < 1e-5);
        }
    }
    m.settings.width = 64;
    CHECK_THAT(test::message_of([&] {
                   static_cast<void>(scoring_network<B>{m, 1, 2.0});
               }),
               test::mentions("16x8", "16x16", "--map scales"));
}
