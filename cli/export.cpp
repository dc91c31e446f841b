// cli/export.cpp: rd4ad export.
#include <filesystem>
#include <string>

#include <rd4ad/rd4ad.hpp>
#if defined(RD4AD_WITH_EXPORT)
#include <rd4ad/export.hpp>
#endif

#include "commands.hpp"
#include "compute_flags.hpp"
#include "console.hpp"
#include "outputs.hpp"

namespace cli {

namespace {

#if defined(RD4AD_WITH_EXPORT)

int export_as(const std::string& format, const parsed_options& options) {
    const std::filesystem::path checkpoint = options.required("checkpoint"), out = options.required("out");
    const rd4ad::onnx_options graph{
        .half = options.has("half"), .score = options.has("calibrated"), .product = options.text("product")};
    auto name = options.text("name");
    if (format == "onnx" && !name.empty()) throw usage_error{rd4ad::text("--name ", name, ": only for --format triton")};
    if (name.empty()) name = checkpoint.stem().string();
    if (format == "triton") rd4ad::check_triton_name(name);
    const auto max_batch = options.whole("max-batch", 1, rd4ad::triton_options::most_batch);
    const auto reading = read_options_of(options);
    const auto inputs = inputs_of(options);
    const auto target = format == "onnx" ? out : out / name;
    if (format == "onnx") check_output_file(options, out, inputs, rd4ad::is_exported_graph);
    const auto training = rd4ad::training_of(checkpoint, reading);
    if (!options.has("overwrite")) rd4ad::check_exported_data(target, training);
    auto m = rd4ad::load_checkpoint<rd4ad::backend::xtensor<float>>(checkpoint, {.verify = reading.verify});
    if (format == "onnx") {
        rd4ad::export_onnx(out, m, graph, training);
    } else {
        rd4ad::io::output_folder to{target, inputs, {.writer = "export", .overwrite = options.has("overwrite")}};
        rd4ad::export_triton(to, name, m, training, {.graph = graph, .max_batch = max_batch});
        finish_output(to);
    }
    print_line(rd4ad::text(target, ": ", m.arch->name, ", ", m.settings.width, " x ", m.settings.height));
    return 0;
}

#endif

}  // namespace

usage export_usage() {
    return {.synopsis = "--format onnx|triton --checkpoint FILE --out FILE|DIR [FLAGS...]",
            .flags = join_flags(
                {{{"format", "NAME", "onnx", "onnx: one file, opset 13; triton: a model repository"},
                  {"checkpoint", "FILE", "", "the checkpoint that rd4ad train wrote"},
                  {"half", "", "", "store the weights in 16 bits, which halves the file; runtimes compute in 32 bits"},
                  {"out", "FILE|DIR", "", "the file, or the repository that gets a folder for the model"},
                  {"calibrated", "", "", "adds the output `score`: the calibrated score of 0 to 1, anomalous from 0.5"},
                  {"product", "NAME", "", "the product of --calibrated, for a model with a threshold per product"},
                  {"name", "NAME", "", "triton: the model's name; by default the checkpoint's"},
                  {"max-batch", "N", "8", "triton: the maximum number of images per run"},
                  no_verify_flag()},
                 overwrite_flags()}),
            .notes =
                R"(The graph's input `image` has N x 3 x height x width normalised values, with any N. Its outputs are
`map`, N x 1 x height x width, and `raw_score`, N x 1. The file's metadata describes the
preprocessing under the key "rd4ad" (docs/export.md). A model's region of interest is part of the graph;
without --product the description has the thresholds of all products.

Example: a graph, and the check that it scores as the checkpoint does.
  rd4ad export --format onnx --checkpoint models/bottle.safetensors --out bottle.onnx
  rd4ad verify --onnx bottle.onnx --checkpoint models/bottle.safetensors --data mvtec/bottle

Example: a Triton server that scores images.
  rd4ad export --format triton --checkpoint models/bottle.safetensors --out repository
  tritonserver --model-repository repository
  rd4ad score new.png --server http://localhost:8000 --model bottle
)"};
}

int export_model(const parsed_options& options) {
    const auto format = options.choice("format", {"onnx", "triton"});
#if defined(RD4AD_WITH_EXPORT)
    return export_as(format, options);
#else
    throw rd4ad::option_error{rd4ad::text(
        "export --format ", format, ": this command is built without it: configure with -D RD4AD_EXPORT=ON and build again")};
#endif
}

}  // namespace cli
