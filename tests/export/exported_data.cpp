// An export does not replace the exported model of another data set.
#include <rd4ad/export/exported_data.hpp>

#include <string>
#include <string_view>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/small_model.hpp>

using namespace rd4ad;

namespace {

using exporting_backend = test::first_backend;

/// A checkpoint's training JSON for a data set of the given images.
io::json training_on(const std::string& name, std::uint64_t first) {
    data::identity of{name, 3, {first, first + 1, first + 2}};
    return {{"data", to_json(of)}};
}

}  // namespace

TEST_CASE("the exported model of another data set is named, in a file and in a repository", "[export]") {
    const test::scratch_folder folder;
    const auto bottles = training_on("bottle", 1), pills = training_on("pill", 100), unknown = io::json::object();
    const auto graph = folder / "part.onnx", served = folder / "models/part";
    auto m = test::small_model();
    export_onnx<exporting_backend>(graph, m, {}, bottles);
    export_triton<exporting_backend>(folder / "models", "part", m, bottles);
    REQUIRE(description_in(graph));
    CHECK(description_in(graph)->at("data") == io::json::parse(bottles.at("data").dump()));
    for (const auto& path : {graph, served}) {
        const auto refusal = [&](const io::json& training) {
            return test::message_of([&] { check_exported_data(path, training); });
        };
        CHECK(refusal(bottles) == "nothing thrown");
        CHECK_THAT(refusal(pills), test::mentions(path, "'bottle' with 3 training images", "'pill' with 3", "--overwrite"));
        CHECK_THAT(refusal(unknown), test::mentions(path, "'bottle'", "not recorded"));
    }
    export_onnx<exporting_backend>(graph, m);
    CHECK_THAT(test::message_of([&] { check_exported_data(graph, pills); }), test::mentions("not recorded", "'pill'"));
    CHECK(test::message_of([&] { check_exported_data(graph, unknown); }) == "nothing thrown");
}

TEST_CASE("other files are no exported models", "[export]") {
    const test::scratch_folder folder;
    io::write_atomically(folder / "a.onnx", std::string_view{"\x08\x07\x12\x05rd4ad\x72\xff\xff\xff\x7f"});
    CHECK_THAT(test::message_of([&] { check_exported_data(folder.path(), io::json::object()); }),
               test::mentions(folder.path(), "folder of other files", "--overwrite"));
    // field 14 as a number; in an entry a number as key, and an unknown field before the key
    io::write_atomically(folder / "number.onnx", std::string_view{"\x08\x07\x12\x05rd4ad\x70\x05"});
    io::write_atomically(folder / "key.onnx", std::string_view{"\x08\x07\x12\x05rd4ad\x72\x05\x08\x07\x18\x02\x0a"});
    std::filesystem::create_directory(folder / "new");
    for (const auto& path : {folder / "a.onnx", folder / "number.onnx", folder / "key.onnx", folder / "none", folder / "new"}) {
        CHECK_FALSE(description_in(path));
        CHECK(test::message_of([&] { check_exported_data(path, io::json::object()); }) == "nothing thrown");
    }
    CHECK_THAT(test::message_of([&] { check_exported_data(folder / "a.onnx", training_on("pill", 1)); }),
               test::mentions("not recorded"));
}
