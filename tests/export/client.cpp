// What a client reads from a description, what it refuses, and the order of a graph's input.
#include <rd4ad/export/client.hpp>
#include <rd4ad/export/onnx.hpp>

#include <string>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>

using namespace rd4ad;

namespace {

using B = std::tuple_element_t<0, test::backends>;

io::json some_description() {
    model<B> m{architecture_named("resnet18"), {.threads = 1}};
    m.settings = {64, 96, {{0.5f, 0.4f, 0.3f}, {0.2f, 0.25f, 0.3f}}, "some teacher"};
    return describe(m, {}, 4.0, false);
}

std::string refusal_of(const io::json& about) {
    return test::message_of([&] { static_cast<void>(described_input(about, "part.onnx")); });
}

}  // namespace

TEST_CASE("a description gives back the settings it was made from", "[export]") {
    const auto found = described_input(io::parse(some_description().dump(), "a description"), "part.onnx");
    CHECK((found.height == 64 && found.width == 96 && found.teacher == "some teacher"));
    CHECK(found.normalisation == image::normalisation{{0.5f, 0.4f, 0.3f}, {0.2f, 0.25f, 0.3f}});
}

TEST_CASE("a view with patches comes back, and one of many sizes can't be exported", "[export]") {
    model<B> m{architecture_named("resnet18"), {.threads = 1}};
    m.settings = {64, 64, {{0.5f, 0.4f, 0.3f}, {0.2f, 0.25f, 0.3f}}, "some teacher"};
    m.settings.view.geometry = {.fit = image::fit::pad, .size = 96};
    m.settings.view.patches.size = 64;
    auto about = describe(m, {}, 4.0, false);
    CHECK(about.at("input").at("fit") == "view");
    CHECK(described_input(about, "part.onnx").view == m.settings.view);
    CHECK(described_sigma(about, "part.onnx") == 4);
    about["map"].erase("sigma");
    CHECK(test::message_of([&] { static_cast<void>(described_sigma(about, "part.onnx")); }) ==
          "part.onnx: 'map' has no 'sigma': expected what rd4ad export wrote; export the model again");
    about["input"].erase("view");
    CHECK(refusal_of(about).starts_with("part.onnx: 'input': its view can't be read"));
    m.settings.view = {.geometry = {.fit = image::fit::short_side, .size = 64}};
    CHECK(test::message_of([&] { static_cast<void>(describe(m, {}, 4.0, false)); })
              .ends_with("which come to many sizes, and a graph has one: train one with --fit squash or pad, a --crop, or a "
                         "--patch-size"));
    m.settings.view = {.geometry = {.fit = image::fit::pad, .size = 64}};
    CHECK(test::message_of([&] {
              static_cast<void>(graph_options_of(m.settings, {.calibrated = true}));
          }).starts_with("export: the calibrated output is of a photograph's score"));
    CHECK(graph_options_of(m.settings, {}).sigma == map_sigma);
    m.settings.view.patches.per_row = 2;
    CHECK(graph_options_of(m.settings, {}).sigma == 0);
}

TEST_CASE("a description that a client can't follow is refused", "[export]") {
    const std::string expected = ": expected what rd4ad export wrote; export the model again";
    CHECK(refusal_of(io::json::array()) == "part.onnx: is no description of the format 'rd4ad graph 1'" + expected);
    auto about = some_description();
    about["format"] = "rd4ad graph 2";
    CHECK(refusal_of(about) == "part.onnx: is no description of the format 'rd4ad graph 1'" + expected);
    about = some_description();
    about["input"].erase("height");
    CHECK(refusal_of(about) == "part.onnx: 'input' has no size 'height'" + expected);
    about = some_description();
    about["input"]["mean"] = {1, 2};
    CHECK(refusal_of(about) == "part.onnx: 'input' has no three numbers 'mean'" + expected);
    about = some_description();
    about["input"]["fit"] = "crop";
    CHECK(refusal_of(about) == "part.onnx: 'input' has a 'fit' that this version doesn't know" + expected);
}

TEST_CASE("images become planes", "[export]") {
    // two images of 2 x 1: pixels (r g b)
    CHECK(channels_first(std::vector<float>{1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60}, 1, 2) ==
          std::vector<float>{1, 4, 2, 5, 3, 6, 10, 40, 20, 50, 30, 60});
    CHECK(channels_first({}, 1, 2).empty());
    CHECK(test::message_of([] { static_cast<void>(channels_first(std::vector<float>(7), 1, 2)); }) ==
          "channels_first: 7 values are no number of images of 2 x 1 x 3");
}
