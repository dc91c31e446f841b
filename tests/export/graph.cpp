// The graph, interpreted in double, gives the detector's maps and raw scores for every architecture.
#include <rd4ad/export/graph.hpp>

#include <cmath>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/export/client.hpp>
#include <rd4ad/score/detector.hpp>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/formula.hpp>
#include <support/graph_interpreter.hpp>
#include <support/mentions.hpp>
#include <support/small_model.hpp>
#include <support/tensors.hpp>
#include <support/values.hpp>

using namespace rd4ad;

namespace {

using B = test::first_backend;

/// A model with weights by formula, so that the running statistics are not 0 and 1, for inputs of height x width.
model<B> formula_model(const std::string& arch, std::size_t height, std::size_t width) {
    model<B> m{architecture_named(arch), {.threads = 1}};
    io::tensor_file file;
    test::insert_by_formula(m.teacher.layers.table, file);
    test::insert_by_formula(m.trainable.layers.table, file);
    test::insert_by_formula(m.unused.table, file);
    load_teacher(m, file);
    load_trainable(m, file);
    m.settings.height = height, m.settings.width = width;
    return m;
}

void check_graph(const std::string& arch, std::size_t height, std::size_t width, std::size_t count, const map_units& units = {}) {
    auto m = formula_model(arch, height, width);
    m.settings.units = units;
    const auto graph = make_graph<B>(m);
    std::vector<float> inputs;
    for (const double value : test::seeded_values(5, count * height * width * 3)) inputs.push_back(static_cast<float>(2 * value));
    const auto planar = channels_first(inputs, height, width);
    const auto values = test::graph_interpreter{graph}.run({{count, 3, height, width}, {planar.begin(), planar.end()}});
    const detector<B> by{std::move(m), {.batch = count}};
    const auto expected = by.score_inputs(inputs);
    const auto& map = values.at("map");
    const auto& raw_score = values.at("raw_score");
    REQUIRE(map.shape == std::vector<std::size_t>{count, 1, height, width});
    REQUIRE(raw_score.shape == std::vector<std::size_t>{count, 1});
    std::vector<float> maps;
    for (const auto& one : expected) maps.insert(maps.end(), one.map.pixels.begin(), one.map.pixels.end());
    CHECK(test::relative_error(map.values, maps) <= 1e-4);
    for (std::size_t i = 0; i < count; ++i)
        CHECK(raw_score.values[i] == Approx(static_cast<double>(expected[i].raw_score)).epsilon(1e-5));
}

}  // namespace

TEST_CASE("the graph of a resnet18 computes the detector's maps and raw scores", "[export]") {
    check_graph("resnet18", 32, 64, 2);
}
TEST_CASE("the graph of a resnet34 computes the detector's maps and raw scores", "[export]") {
    check_graph("resnet34", 32, 32, 1);
}
TEST_CASE("the graph of a resnet50 computes the detector's maps and raw scores", "[export]") {
    check_graph("resnet50", 32, 32, 1);
}
TEST_CASE("the graph of a wide_resnet50_2 computes the detector's maps and raw scores", "[export]") {
    check_graph("wide_resnet50_2", 32, 32, 1);
}

TEST_CASE("the graph computes maps in the model's units", "[export]") {
    map_units units{.weights = {0.5, 0.75, 1.75}};
    check_graph("resnet18", 32, 64, 2, units);
    for (std::size_t k = 0; k < 3; ++k) {
        auto& to = units.positions[k];
        to.height = 8u >> k, to.width = 16u >> k;
        for (std::size_t p = 0; p < to.height * to.width; ++p) {
            to.gain.push_back(1.0f + 0.05f * static_cast<float>(p % 7));
            to.offset.push_back(0.01f * static_cast<float>(p % 3));
        }
    }
    check_graph("resnet18", 32, 64, 2, units);
}

TEST_CASE("a calibrated graph computes scores, exactly 0.5 at the threshold", "[export]") {
    auto m = formula_model("resnet18", 32, 32);
    calibration by;
    by.typical = 0.1, by.threshold = 0.3;  // not a float
    scoring_graph graph{.has_score = true};
    export_detail::graph_writer to{graph};
    to.constant("one", {}, std::vector<float>{1});
    export_detail::calibration_nodes(to, by, "raw_score");
    const auto score_of = [&](float raw_score) {
        auto only = graph;
        only.constants.push_back({"raw_score", {1, 1}, std::vector<float>{raw_score}});
        return test::graph_interpreter{only}.run({}).at("score").values.at(0);
    };
    for (const float raw_score : {0.0f, 0.05f, 0.1f, 0.29f, 0.31f, 1.0f, 3.0f})
        CHECK(score_of(raw_score) == Approx(by(static_cast<double>(raw_score))).margin(1e-6));
    const float reached = 0.3f;  // above the double
    CHECK(score_of(reached) >= 0.5);
    CHECK(by(static_cast<double>(reached)) >= 0.5);
    const float below = std::nextafter(reached, 0.0f);
    CHECK(score_of(below) < 0.5);
    CHECK(by(static_cast<double>(below)) < 0.5);
    const auto calibrated = make_graph<B>(m, {.calibration = by});
    CHECK((calibrated.has_score && calibrated.nodes.back().name == "score"));
    const auto uncalibrated = make_graph<B>(m);
    CHECK((!uncalibrated.has_score && uncalibrated.nodes.back().name == "raw_score"));
}

TEST_CASE("nodes are in the order of execution, names are unique, and every constant is used", "[export]") {
    auto m = formula_model("resnet50", 32, 64);
    const auto graph = make_graph<B>(m);
    std::set<std::string> known{scoring_graph::input}, used;
    for (const auto& constant : graph.constants) {
        INFO(constant.name);
        CHECK(known.insert(constant.name).second);
        std::size_t count = 1;
        for (const auto size : constant.shape) count *= size;
        CHECK(constant.values.size() == count);
        CHECK(constant.is_weight == (constant.shape.size() == 4 && !constant.name.starts_with("scale")));
    }
    for (const auto& node : graph.nodes) {
        INFO(node.name);
        for (const auto& input : node.inputs) {
            CHECK(known.contains(input));
            used.insert(input);
        }
        CHECK(known.insert(node.name).second);
    }
    CHECK((known.contains("map") && known.contains("raw_score") && !known.contains("score")));
    for (const auto& constant : graph.constants) CHECK(used.contains(constant.name));
    CHECK(used.contains("map"));
}

TEST_CASE("sigma 0 leaves the map unsmoothed, and a size that is not a multiple of 32 is refused", "[export]") {
    auto m = formula_model("resnet18", 32, 32);
    for (const auto& constant : make_graph<B>(m, {.sigma = 0}).constants)
        if (constant.name == "scale0.rows.weight") {
            const auto& values = constant.values;
            const auto expected = nn::aligned_upsampling(8, 32).values;
            CHECK(values == std::vector<float>(expected.begin(), expected.end()));
        }
    m.settings.width = 40;
    CHECK_THAT(test::message_of([&] { static_cast<void>(make_graph<B>(m)); }), test::mentions("40 x 32", "multiples of 32"));
}
