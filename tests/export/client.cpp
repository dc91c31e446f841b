// A client reads a description, refuses others, and arranges a graph's input.
#include <rd4ad/export/client.hpp>
#include <rd4ad/export/onnx.hpp>

#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/small_model.hpp>

using namespace rd4ad;

namespace {

using B = test::first_backend;

/// The description of a model with known settings.
io::json some_description() {
    model<B> m{architecture_named("resnet18"), {.threads = 1}};
    m.settings = {64, 96, {{0.5f, 0.4f, 0.3f}, {0.2f, 0.25f, 0.3f}}, "some teacher"};
    return describe(m, {}, 4.0, false);
}

std::string refusal_of(const io::json& description) {
    return test::message_of([&] { static_cast<void>(described_input(description, "part.onnx")); });
}

}  // namespace

TEST_CASE("a description gives back the settings it was made from", "[export]") {
    const auto found = described_input(io::parse_json(some_description().dump(), "a description"), "part.onnx");
    CHECK((found.height == 64 && found.width == 96 && found.teacher == "some teacher"));
    CHECK(found.normalisation == image::normalisation{{0.5f, 0.4f, 0.3f}, {0.2f, 0.25f, 0.3f}});
}

TEST_CASE("a description gives back the calibration and the maps' range", "[export]") {
    auto description = some_description();
    CHECK_FALSE(described_calibration(description, "part.onnx"));
    CHECK(described_largest(description, "part.onnx") == 3);
    model<B> m{architecture_named("resnet18"), {.threads = 1}};
    m.settings = {64, 96, {{0.5f, 0.4f, 0.3f}, {0.2f, 0.25f, 0.3f}}, "some teacher"};
    const calibration by{.typical = 0.25, .threshold = 0.75, .good_scores = {0.2f, 0.3f}};
    m.settings.calibration = to_json(by);
    description = describe(m, {}, 4.0, false);
    const auto found = described_calibration(description, "part.onnx");
    REQUIRE(found);
    CHECK((found->typical == 0.25 && found->threshold == 0.75 && (*found)(0.6) == by(0.6)));
    description["calibration"].erase("threshold");
    CHECK_THAT(test::message_of([&] { static_cast<void>(described_calibration(description, "part.onnx")); }),
               test::mentions("part.onnx", "'calibration' has no 'threshold'", "export the model again"));
    description["map"].erase("range");
    CHECK_THAT(test::message_of([&] { static_cast<void>(described_largest(description, "part.onnx")); }),
               test::mentions("part.onnx", "'map' has no 'range'"));
}

TEST_CASE("preprocessing with patches survives the description, and inputs of several sizes are refused", "[export]") {
    model<B> m{architecture_named("resnet18"), {.threads = 1}};
    m.settings = {64, 64, {{0.5f, 0.4f, 0.3f}, {0.2f, 0.25f, 0.3f}}, "some teacher"};
    m.settings.preprocessing.geometry = {.fit = image::fit::pad, .size = 96};
    m.settings.preprocessing.patches.size = 64;
    auto description = describe(m, {}, 4.0, false);
    CHECK(description.at("input").at("fit") == "preprocessing");
    CHECK(described_input(description, "part.onnx").preprocessing == m.settings.preprocessing);
    CHECK(described_sigma(description, "part.onnx") == 4);
    description["map"].erase("sigma");
    CHECK_THAT(test::message_of([&] { static_cast<void>(described_sigma(description, "part.onnx")); }),
               test::mentions("part.onnx", "'sigma'", "export the model again"));
    description["input"].erase("preprocessing");
    CHECK_THAT(refusal_of(description), test::mentions("part.onnx: 'input'", "preprocessing"));
    m.settings.preprocessing = {.geometry = {.fit = image::fit::short_side, .size = 64}};
    CHECK_THAT(test::message_of([&] { static_cast<void>(describe(m, {}, 4.0, false)); }),
               test::mentions("export", "several sizes", "--fit squash", "--patch-size"));
    m.settings.preprocessing = {.geometry = {.fit = image::fit::pad, .size = 64}};
    CHECK_THAT(test::message_of([&] { static_cast<void>(graph_options_of(m.settings, {.score = true})); }),
               test::mentions("export", "output score", "borders"));
    CHECK(graph_options_of(m.settings, {}).sigma == map_sigma);
    m.settings.preprocessing.patches.per_row = 2;
    CHECK(graph_options_of(m.settings, {}).sigma == 0);
}

TEST_CASE("a description that a client can't use is refused with its fault and the remedy", "[export]") {
    const auto check = [](const io::json& description, const auto&... parts) {
        CHECK_THAT(refusal_of(description), test::mentions("part.onnx: ", parts..., "export the model again"));
    };
    check(io::json::array(), "no format", "'rd4ad graph 2'");
    auto description = some_description();
    description["format"] = "rd4ad graph 1";  // an older version's
    check(description, "'rd4ad graph 1'", "'rd4ad graph 2'");
    description["format"] = "rd4ad graph 3";
    check(description, "'rd4ad graph 3'", "'rd4ad graph 2'");
    description = some_description();
    description["input"].erase("height");
    check(description, "'height'");
    for (const std::size_t size : {std::size_t{40}, std::size_t{1} << 62}) {
        description = some_description();
        description["input"]["height"] = size;
        check(description, text(size, " pixels"), "multiples of 32 up to 16384");
    }
    description = some_description();
    description["input"]["mean"] = {1, 2};
    check(description, "three numbers", "'mean'");
    description = some_description();
    description["input"]["fit"] = "crop";
    check(description, "'fit'");
    description["input"] = 3;  // no object
    check(description, "'fit'");
    CHECK_THAT(test::message_of([] {
                   static_cast<void>(described_sigma(io::json{{"map", 3}}, "part.onnx"));
               }),
               test::mentions("part.onnx", "'sigma'"));
    CHECK_THAT(test::message_of([] {
                   static_cast<void>(described_sigma(io::json{{"map", {{"sigma", 1e9}}}}, "part.onnx"));
               }),
               test::mentions("part.onnx", "'sigma' of 0 to 1000"));
}

TEST_CASE("inputs become channels first", "[export]") {
    // two inputs of 2 x 1 pixels (r g b)
    CHECK(channels_first(std::vector<float>{1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60}, 1, 2) ==
          std::vector<float>{1, 4, 2, 5, 3, 6, 10, 40, 20, 50, 30, 60});
    CHECK(channels_first({}, 1, 2).empty());
    CHECK_THAT(test::message_of([] { static_cast<void>(channels_first(std::vector<float>(7), 1, 2)); }),
               test::mentions("channels_first", "7 values", "2 x 1 x 3"));
}
