// The folder a server takes: its files, its configuration word for word, its names.
#include <rd4ad/export/triton.hpp>

#include <string>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>

using namespace rd4ad;

namespace {

using B = std::tuple_element_t<0, test::backends>;

model<B> small_model() {
    auto m = make_model_without_teacher<B>("resnet18", {.threads = 1});
    m.settings.height = 32, m.settings.width = 64;
    return m;
}

}  // namespace

TEST_CASE("a server's configuration states tensors without the batch, batching and the description", "[export]") {
    CHECK(triton_config("part-1", {32, 64}, {{"format", "a \"quoted\" text"}}, {.largest_batch = 4, .longest_wait = 100}) ==
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
    name: "score"
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

TEST_CASE("a calibrated graph's third output is in the configuration", "[export]") {
    const auto text = triton_config("part", {32, 64, true}, io::json::object());
    CHECK(text.find("labels.txt\"\n  },\n  {\n    name: \"calibrated\"\n    data_type: TYPE_FP32\n    dims: [ 1 ]\n  }\n]") !=
          std::string::npos);
}

TEST_CASE("a model repository has the graph, the configuration, labels and the training's statistics", "[export]") {
    const test::scratch_folder folder;
    auto m = small_model();
    export_triton<B>(folder / "models", "part", m, {{"epochs", 3}}, {.graph = {.half = true}});
    const auto root = folder / "models" / "part";
    const auto about = describe(m, {}, 4.0, true);
    CHECK(test::text_of_file(root / "1" / "model.onnx") == onnx_bytes(make_graph<B>(m), about, true));
    CHECK(test::text_of_file(root / "config.pbtxt") == triton_config("part", make_graph<B>(m), about));
    CHECK(test::text_of_file(root / "labels.txt") == "anomaly\n");
    auto stats = io::read_json(root / "training_stats.json");
    CHECK(stats.at("training") == io::json{{"epochs", 3}});
    stats.erase("training");
    CHECK(stats == io::parse(about.dump(), "the description"));
}

TEST_CASE("what a server can't take is refused", "[export]") {
    const test::scratch_folder folder;
    auto m = small_model();
    for (const std::string name : {"", ".part", "a/b", "a b"})
        CHECK(test::message_of([&] { export_triton<B>(folder / "models", name, m); }) ==
              "export: a model can't be named '" + name + "' on a server: expected letters, digits, '.', '_' and '-'");
    CHECK(test::message_of([&] { export_triton<B>(folder / "models", "part", m, {}, {.largest_batch = 0}); }) ==
          "export: a largest batch of 0, expected at least 1");
    test::write_text(folder / "file", "x");
    CHECK(test::message_of([&] {
              export_triton<B>(folder / "file", "part", m);
          }).starts_with((folder / "file" / "part").string() + ": the folder can't be made: "));
}
