// The graph, computed plainly in double, gives the detector's maps and scores for every architecture.
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

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/formula.hpp>
#include <support/gradient_check.hpp>
#include <support/graph_interpreter.hpp>

using namespace rd4ad;

namespace {

using B = std::tuple_element_t<0, test::backends>;

/// Weights by formula, so that running statistics are no zeros and ones; images of height x width.
model<B> formula_model(const std::string& arch, std::size_t height, std::size_t width) {
    model<B> m{architecture_named(arch), {.threads = 1}};
    io::tensor_file file;
    test::insert_by_formula(m.teacher_net.table, file);
    test::insert_by_formula(m.trained_net.table, file);
    test::insert_by_formula(m.unused_table, file);
    load_teacher(m, file);
    load_trained(m, file);
    m.settings.height = height, m.settings.width = width;
    return m;
}

void check_graph(const std::string& arch, std::size_t height, std::size_t width, std::size_t count) {
    auto m = formula_model(arch, height, width);
    const auto graph = make_graph<B>(m);
    std::vector<float> inputs;
    for (const double value : test::numbers(5, count * height * width * 3)) inputs.push_back(static_cast<float>(2 * value));
    const auto planes = channels_first(inputs, height, width);
    const auto values = test::graph_interpreter{graph}.run({{count, 3, height, width}, {planes.begin(), planes.end()}});
    const detector<B> by{std::move(m), {.batch = count}};
    const auto wanted = by.score_inputs(inputs);
    const auto& map = values.at("map");
    const auto& score = values.at("score");
    REQUIRE(map.shape == std::vector<std::size_t>{count, 1, height, width});
    REQUIRE(score.shape == std::vector<std::size_t>{count, 1});
    std::vector<float> maps;
    for (const auto& one : wanted) maps.insert(maps.end(), one.map.pixels.begin(), one.map.pixels.end());
    CHECK(test::apart(map.values, maps) <= 1e-4);
    for (std::size_t i = 0; i < count; ++i) CHECK(score.values[i] == Approx(static_cast<double>(wanted[i].score)).epsilon(1e-5));
}

}  // namespace

TEST_CASE("the graph of a resnet18 computes the detector's maps and scores", "[export]") { check_graph("resnet18", 32, 64, 2); }
TEST_CASE("the graph of a resnet34 computes the detector's maps and scores", "[export]") { check_graph("resnet34", 32, 32, 1); }
TEST_CASE("the graph of a resnet50 computes the detector's maps and scores", "[export]") { check_graph("resnet50", 32, 32, 1); }
TEST_CASE("the graph of a wide_resnet50_2 computes the detector's maps and scores", "[export]") {
    check_graph("wide_resnet50_2", 32, 32, 1);
}

TEST_CASE("a calibrated graph puts scores on the scale, 0.5 exactly from the threshold on", "[export]") {
    auto m = formula_model("resnet18", 32, 32);
    calibration by;
    by.typical = 0.1, by.threshold = 0.3;  // not a float
    scoring_graph graph{.has_calibrated = true};
    detail::graph_writer to{graph};
    to.constant("one", {}, std::vector<float>{1});
    detail::calibration_nodes(to, by, "score");
    const auto value_of = [&](float score) {
        auto only = graph;
        only.constants.push_back({"score", {1, 1}, std::vector<float>{score}});
        return test::graph_interpreter{only}.run({}).at("calibrated").values.at(0);
    };
    for (const float score : {0.0f, 0.05f, 0.1f, 0.29f, 0.31f, 1.0f, 3.0f})
        CHECK(value_of(score) == Approx(by(static_cast<double>(score))).margin(1e-6));
    const float reached = 0.3f;  // above the double
    CHECK(value_of(reached) >= 0.5);
    CHECK(by(static_cast<double>(reached)) >= 0.5);
    const float below = std::nextafter(reached, 0.0f);
    CHECK(value_of(below) < 0.5);
    CHECK(by(static_cast<double>(below)) < 0.5);
    const auto whole = make_graph<B>(m, {.scale = by});
    CHECK((whole.has_calibrated && whole.nodes.back().name == "calibrated"));
    CHECK(!make_graph<B>(m).has_calibrated);
}

TEST_CASE("nodes come in the order they run, each name once, and every constant is used", "[export]") {
    auto m = formula_model("resnet50", 32, 64);
    const auto graph = make_graph<B>(m);
    std::set<std::string> known{scoring_graph::input}, used;
    for (const auto& constant : graph.constants) {
        INFO(constant.name);
        CHECK(known.insert(constant.name).second);
        std::size_t count = 1;
        for (const auto size : constant.shape) count *= size;
        CHECK(std::visit([](const auto& values) { return values.size(); }, constant.values) == count);
        CHECK(constant.weight == (constant.shape.size() == 4));
    }
    for (const auto& node : graph.nodes) {
        INFO(node.name);
        for (const auto& input : node.inputs) {
            CHECK(known.contains(input));
            used.insert(input);
        }
        CHECK(known.insert(node.name).second);
    }
    CHECK((known.contains("map") && known.contains("score")));
    for (const auto& constant : graph.constants) CHECK(used.contains(constant.name));
    CHECK(used.contains("map"));
}

TEST_CASE("sigma 0 leaves the map unsmoothed, and a size that is no multiple of 32 is refused", "[export]") {
    auto m = formula_model("resnet18", 32, 32);
    for (const auto& constant : make_graph<B>(m, {.sigma = 0}).constants)
        if (constant.name == "scale0.rows") {
            const auto& values = std::get<std::vector<float>>(constant.values);
            const auto wanted = nn::aligned_enlargement(8, 32).values;
            CHECK(values == std::vector<float>(wanted.begin(), wanted.end()));
        }
    m.settings.width = 40;
    CHECK(test::message_of([&] { static_cast<void>(make_graph<B>(m)); }) ==
          "image size 40 x 32: width and height must be multiples of 32, from 32 on");
}
