// The map's units: their bounds, and their way through a checkpoint.
#include <rd4ad/model/map_units.hpp>

#include <cstddef>
#include <limits>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

using namespace rd4ad;

namespace {

map_units units_by_position() {
    map_units units{.weights = {0.5, 1, 1.5}};
    for (std::size_t k = 0; k < 3; ++k) {
        const std::size_t side = 8u >> k;
        units.positions[k] = {side, side, std::vector<float>(side * side, 1.5f), std::vector<float>(side * side, -0.25f)};
    }
    units.positions[2].gain[3] = 4;
    return units;
}

}  // namespace

TEST_CASE("a map's kind and largest value follow from its units", "[model]") {
    CHECK((kind_of({}) == "paper" && map_units{}.largest() == 3));
    const map_units scales{.weights = {0.5, 0.5, 2}};
    CHECK((kind_of(scales) == "scales" && scales.largest() == 3 && !scales.plain()));
    const auto positions = units_by_position();
    CHECK(kind_of(positions) == "positions");
    CHECK(positions.largest() == Approx(0.5 * 1.25 + 1.25 + 1.5 * 3.75));
}

TEST_CASE("units are written and read without change", "[model]") {
    for (const auto& units : {map_units{}, map_units{.weights = {0.1, 0.2, 2.7}}, units_by_position()}) {
        io::tensor_file file;
        write_map_units(units, file);
        CHECK(map_units_of(file) == units);
        CHECK(file.metadata.contains("map") == !units.plain());
    }
}

TEST_CASE("units that can't be read are refused", "[model]") {
    const auto message = [](const auto& change) {
        io::tensor_file file;
        file.path = "part.safetensors";
        write_map_units(units_by_position(), file);
        change(file);
        return test::message_of([&] { static_cast<void>(map_units_of(file)); });
    };
    CHECK_THAT(message([](auto& f) { f.metadata["map"] = "{}"; }), test::mentions("part.safetensors", "map's units", "kind"));
    CHECK_THAT(message([](auto& f) { f.metadata["map"] = R"({"kind": "other", "weights": [1, 1, 1]})"; }),
               test::mentions("'other'", "scales or positions"));
    CHECK_THAT(message([](auto& f) { f.metadata["map"] = R"({"kind": "scales", "weights": [0, 0, 0]})"; }),
               test::mentions("weights of 0 alone", "every image is good"));
    CHECK_THAT(message([](auto& f) { f.metadata["map"] = R"({"kind": "scales", "weights": [1, 1, -1]})"; }),
               test::mentions("weight", "0 to 3"));
    CHECK_THAT(message([](auto& f) {
                   io::tensor_file other;
                   other.path = f.path;
                   other.metadata = f.metadata;
                   f = other;
               }),
               test::mentions("map.gain.0", "h x w"));
    io::tensor_file harmed;
    auto units = units_by_position();
    units.positions[1].offset[2] = std::numeric_limits<float>::quiet_NaN();
    write_map_units(units, harmed);
    CHECK_THAT(test::message_of([&] { static_cast<void>(map_units_of(harmed)); }), test::mentions("map.offset.1", "not finite"));
}
