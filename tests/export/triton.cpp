// A server's folder: its files, its configuration word for word, its names.
#include <rd4ad/export/triton.hpp>

#include <string>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/small_model.hpp>

using namespace rd4ad;

namespace {

using B = test::first_backend;
using test::small_model;

}  // namespace

TEST_CASE("a server's configuration states tensors without the batch, the batching and the description", "[export]") {
    CHECK(triton_config("part-1", {32, 64}, {{"format", "a \"quoted\" text"}}, {.max_batch = 4, .max_queue_delay = 100}) ==
          R"(name: "part-1"
platform: "onnxruntime_onnx"
max_batch_size: 4
input [
  {
    name: "image"
    data_type: TYPE_FP32
    dims: [ 3, 32, 64 ]
  }
]
output [
  {
    name: "map"
    data_type: TYPE_FP32
    dims: [ 1, 32, 64 ]
  },
  {
    name: "raw_score"
    data_type: TYPE_FP32
    dims: [ 1 ]
    label_filename: "labels.txt"
  }
]
dynamic_batching {
  max_queue_delay_microseconds: 100
}
parameters {
  key: "rd4ad"
  value { string_value: "{\"format\":\"a \\\"quoted\\\" text\"}" }
}
)");
}

TEST_CASE("a calibrated graph has the third output score in its configuration", "[export]") {
    const auto text = triton_config("part", {32, 64, true}, io::json::object());
    CHECK(text.find("labels.txt\"\n  },\n  {\n    name: \"score\"\n    data_type: TYPE_FP32\n    dims: [ 1 ]\n  }\n]") !=
          std::string::npos);
}

TEST_CASE("a model repository has the graph, the configuration, the labels and the training's settings", "[export]") {
    const test::scratch_folder folder;
    auto m = small_model();
    export_triton<B>(folder / "models", "part", m, {{"epochs", 3}}, {.graph = {.half = true}});
    const auto root = folder / "models" / "part";
    const auto description = describe(m, {}, 4.0, true);
    CHECK(test::text_of_file(root / "1" / "model.onnx") == onnx_bytes(make_graph<B>(m), description, true));
    CHECK(test::text_of_file(root / "config.pbtxt") == triton_config("part", make_graph<B>(m), description));
    CHECK(test::text_of_file(root / "labels.txt") == "anomaly\n");
    auto stats = io::read_json(root / "training_stats.json");
    CHECK(stats.at("training") == io::json{{"epochs", 3}});
    stats.erase("training");
    CHECK(stats == io::parse_json(description.dump(), "the description"));
}

TEST_CASE("names, batches and folders that a server can't use are refused", "[export]") {
    const test::scratch_folder folder;
    auto m = small_model();
    for (const std::string name : {"", ".part", "a/b", "a b"})
        CHECK_THAT(test::message_of([&] { export_triton<B>(folder / "models", name, m); }),
                   test::mentions("export", text("'", name, "'"), "letters, digits"));
    for (const std::size_t batch : {std::size_t{0}, std::size_t{2147483648}})
        CHECK_THAT(test::message_of([&] { export_triton<B>(folder / "models", "part", m, {}, {.max_batch = batch}); }),
                   test::mentions("export", text("batch of ", batch), "1 to 2147483647"));
    test::write_text(folder / "file", "x");
    CHECK_THAT(test::message_of([&] { export_triton<B>(folder / "file", "part", m); }),
               test::mentions(folder / "file" / "part", "folder"));
}
