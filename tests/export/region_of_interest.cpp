// A region of interest and products in exported graphs: a constant that multiplies the map, thresholds in the description.
#include <rd4ad/export/onnx.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <rd4ad/export/client.hpp>
#include <rd4ad/score/detector.hpp>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/graph_interpreter.hpp>
#include <support/mentions.hpp>
#include <support/small_model.hpp>
#include <support/values.hpp>

using namespace rd4ad;

namespace {

using B = test::first_backend;

data::region_of_interest left_part() {
    auto mask = image::make_image<std::uint8_t>(50, 40, 1);
    for (std::size_t y = 0; y < 40; ++y) std::fill_n(mask.row(y), 20, std::uint8_t{1});
    return data::make_roi(std::move(mask));
}

}  // namespace

TEST_CASE("a graph's map is 0 outside the region of interest, as the detector's", "[export]") {
    auto m = test::small_model();
    m.settings.roi = left_part();
    const auto graph = make_graph<B>(m);
    std::vector<float> inputs;
    for (const double value : test::seeded_values(5, 2 * 32 * 64 * 3)) inputs.push_back(static_cast<float>(2 * value));
    const auto planar = channels_first(inputs, 32, 64);
    const auto values = test::graph_interpreter{graph}.run({{2, 3, 32, 64}, {planar.begin(), planar.end()}});
    const auto description = describe(m, graph, 4.0, false);
    CHECK(description.at("roi") == io::json{{"width", 50}, {"height", 40}});
    CHECK(described_roi_size(description, "graph") == image::size{50, 40});
    CHECK_THAT(test::message_of([] {
                   static_cast<void>(described_roi_size({{"roi", 3}}, "graph"));
               }),
               test::mentions("graph", "roi"));
    const detector<B> by{std::move(m)};
    const auto expected = by.score_inputs(inputs);
    std::vector<float> maps;
    for (const auto& one : expected) maps.insert(maps.end(), one.map.pixels.begin(), one.map.pixels.end());
    CHECK(test::relative_error(values.at("map").values, maps) <= 1e-4);
    for (std::size_t i = 0; i < 2; ++i)
        CHECK(values.at("raw_score").values[i] == Approx(static_cast<double>(expected[i].raw_score)).epsilon(1e-5));
    CHECK((values.at("map").values[25] > 0 && values.at("map").values[26] == 0));
    auto plain = test::small_model();
    CHECK(!describe(plain, make_graph<B>(plain), 4.0, false).contains("roi"));
    CHECK(!described_roi_size({{"format", "x"}}, "graph"));
}

TEST_CASE("a graph refuses a region of interest that it can't hold", "[export]") {
    auto m = test::small_model();
    m.settings.roi = {.kind = data::roi_kind::per_image};
    CHECK_THAT(test::message_of([&] { static_cast<void>(make_graph<B>(m)); }), test::mentions("per image", "one mask for all"));
    m.settings.roi = left_part();
    m.settings.preprocessing.patches.per_row = 2;
    CHECK_THAT(test::message_of([&] { static_cast<void>(make_graph<B>(m)); }), test::mentions("patches", "checkpoint"));
}

TEST_CASE("a description keeps the thresholds of all products, a graph that of one", "[export]") {
    auto m = test::small_model();
    m.settings.calibration =
        to_json(product_calibrations{{"bolt", calibration{.threshold = 0.5}}, {"nut", calibration{.threshold = 0.25}}});
    const auto all = describe(m, {}, 4.0, false);
    CHECK((!all.contains("calibration") && all.at("products").size() == 2));
    CHECK(all.at("products").at("nut").at("threshold") == 0.25);
    const auto one = describe(m, {.has_score = true}, 4.0, false, "nut");
    CHECK((!one.contains("products") && one.at("calibration").at("threshold") == 0.25));
    CHECK(graph_options_of(m.settings, {.score = true, .product = "bolt"}).calibration->threshold == 0.5);
    CHECK_THAT(test::message_of([&] { static_cast<void>(graph_options_of(m.settings, {.score = true})); }),
               test::mentions("bolt, nut", "--product"));
    CHECK_THAT(test::message_of([&] { static_cast<void>(describe(m, {}, 4.0, false, "gear")); }),
               test::mentions("gear", "bolt, nut"));
}
