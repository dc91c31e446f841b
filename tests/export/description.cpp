// A description states everything that a client needs.
#include <rd4ad/export/description.hpp>

#include <vector>

#include <support/catch.hpp>
#include <support/small_model.hpp>

using namespace rd4ad;

TEST_CASE("a description states the graph's input, map, raw score and calibration", "[export]") {
    model<test::first_backend> m{architecture_named("resnet34"), {.threads = 1}};
    m.settings = {64, 96, {{0.5f, 0.25f, 0.125f}, {1, 2, 4}}, "some teacher"};
    const auto description = describe(m, {}, 2.5, true);
    CHECK(description.at("format") == "rd4ad graph 2");
    CHECK(description.at("arch") == "resnet34");
    CHECK(description.at("teacher") == "some teacher");
    CHECK(description.at("weights") == "float16");
    CHECK(describe(m, {}, 2.5, false).at("weights") == "float32");
    const auto& input = description.at("input");
    CHECK((input.at("name") == "image" && input.at("height") == 64 && input.at("width") == 96 && input.at("fit") == "squash"));
    CHECK(input.at("mean") == io::json{0.5, 0.25, 0.125});
    CHECK(input.at("deviation") == io::json{1, 2, 4});
    CHECK((description.at("map").at("name") == "map" && description.at("map").at("sigma") == 2.5));
    CHECK((!description.contains("calibration") && !description.contains("score")));
    calibration by;
    by.typical = 0.25, by.threshold = 0.5;
    m.settings.calibration = to_json(by);
    const auto described = describe(m, {.has_score = true}, 2.5, false).at("calibration");
    CHECK((described.at("name") == "score" && described.at("typical") == 0.25 && described.at("threshold") == 0.5 &&
           described.at("spread") == 0.25));
    CHECK(describe(m, {}, 2.5, false).at("calibration").at("name").is_null());
    CHECK((description.at("raw_score").at("name") == "raw_score" && description.at("raw_score").at("range") == io::json{0, 3}));
}
