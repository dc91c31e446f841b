// Every fact a client needs is in the description.
#include <rd4ad/export/description.hpp>

#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>

using namespace rd4ad;

TEST_CASE("a description states the graph's input, map and score", "[export]") {
    using B = std::tuple_element_t<0, test::backends>;
    model<B> m{architecture_named("resnet34"), {.threads = 1}};
    m.settings = {64, 96, {{0.5f, 0.25f, 0.125f}, {1, 2, 4}}, "some teacher"};
    const auto about = describe(m, {}, 2.5, true);
    CHECK(about.at("format") == "rd4ad graph 1");
    CHECK(about.at("arch") == "resnet34");
    CHECK(about.at("teacher") == "some teacher");
    CHECK(about.at("weights") == "float16");
    CHECK(describe(m, {}, 2.5, false).at("weights") == "float32");
    const auto& input = about.at("input");
    CHECK((input.at("name") == "image" && input.at("height") == 64 && input.at("width") == 96 && input.at("fit") == "squash"));
    CHECK(input.at("mean") == io::json{0.5, 0.25, 0.125});
    CHECK(input.at("deviation") == io::json{1, 2, 4});
    CHECK((about.at("map").at("name") == "map" && about.at("map").at("sigma") == 2.5));
    CHECK(!about.contains("calibration"));
    calibration by;
    by.typical = 0.25, by.threshold = 0.5;
    m.settings.calibration = to_json(by);
    auto scale = describe(m, {.has_calibrated = true}, 2.5, false).at("calibration");
    CHECK((scale.at("name") == "calibrated" && scale.at("typical") == 0.25 && scale.at("threshold") == 0.5 &&
           scale.at("spread") == 0.25));
    CHECK(describe(m, {}, 2.5, false).at("calibration").at("name").is_null());
    CHECK((about.at("score").at("name") == "score" && about.at("score").at("range") == io::json{0, 3}));
}
