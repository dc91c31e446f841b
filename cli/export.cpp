// cli/export.cpp: rd4ad export.
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <rd4ad/rd4ad.hpp>
#if defined(RD4AD_WITH_EXPORT)
#include <rd4ad/export.hpp>
#endif

#include "arguments.hpp"
#include "verbs.hpp"

namespace cli {

namespace {

verb description() {
    return {
        .name = "export",
        .synopsis = "--format onnx|triton --checkpoint FILE --out FILE|DIR [FLAGS...]",
        .what = "Writes a trained model's scoring network for other runtimes: images in, map and score out.",
        .flags = {{"format", "NAME", "onnx", "onnx: one file, opset 13; triton: a model repository for a server"},
                  {"checkpoint", "FILE", "", "what rd4ad train wrote"},
                  {"half", "", "", "weights in 16 bits: half the file; computed in 32 bits all the same"},
                  {"out", "FILE|DIR", "", "where the graph goes, or the repository in which the model gets a folder"},
                  {"calibrated", "", "", "with the output `calibrated`: the score in 0..1, 0.5 and more is anomalous"},
                  {"name", "NAME", "", "triton: the model's name (default: the checkpoint's)"},
                  {"max-batch", "N", "8", "triton: images that the server joins into one run, at most"}},
        .takes_operands = false,
        .more =
            R"(The graph takes normalised images (N x 3 x height x width), any number at once, and gives `map` (N x 1 x height x width)
and `score` (N x 1). How an image is prepared stands in the file's metadata, under the key "rd4ad" (docs/export.md).

Example: a graph, and the proof that it scores as the checkpoint does.
  rd4ad export --format onnx --checkpoint models/bottle.safetensors --out bottle.onnx
  rd4ad verify --onnx bottle.onnx --checkpoint models/bottle.safetensors --data mvtec/bottle

Example: a server's repository, and photographs scored there.
  rd4ad export --format triton --checkpoint models/bottle.safetensors --out repository
  tritonserver --model-repository repository
  rd4ad score new.png --server http://localhost:8000 --model bottle
)"};
}

#if defined(RD4AD_WITH_EXPORT)

int export_as(const std::string& format, const arguments& given) {
    const std::filesystem::path checkpoint = given.required("checkpoint"), out = given.required("out");
    const rd4ad::onnx_options graph{.half = given.given("half"), .calibrated = given.given("calibrated")};
    auto name = given.text("name");
    if (format == "onnx" && !name.empty()) throw usage_error{"--name " + name + ": only triton's models have a name"};
    if (name.empty()) name = checkpoint.stem().string();
    const auto largest_batch = given.whole("max-batch", 1);
    auto m = rd4ad::load_checkpoint<rd4ad::backend::xtensor<float>>(checkpoint);
    if (format == "onnx")
        rd4ad::export_onnx(out, m, graph);
    else
        rd4ad::export_triton(out, name, m, rd4ad::training_of(checkpoint), {.graph = graph, .largest_batch = largest_batch});
    std::printf("%s: %s, %zu x %zu\n", (format == "onnx" ? out : out / name).c_str(), m.arch->name.data(), m.settings.width,
                m.settings.height);
    return 0;
}

#endif

}  // namespace

int export_model(const std::vector<std::string>& words) {
    return run_verb(description(), words, [](const arguments& given) -> int {
        const auto format = given.choice("format", {"onnx", "triton"});
#if defined(RD4AD_WITH_EXPORT)
        return export_as(format, given);
#else
        throw rd4ad::option_error{"export --format " + format +
                                  ": this command is built without it: configure with -D RD4AD_EXPORT=ON and build again"};
#endif
    });
}

}  // namespace cli
