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
        .synopsis = "--format onnx --checkpoint FILE --out FILE [FLAGS...]",
        .what = "Writes a trained model's scoring network for other runtimes: images in, map and score out.",
        .flags = {{"format", "NAME", "onnx", "onnx: one file, opset 13, any batch size, the checkpoint's image size"},
                  {"checkpoint", "FILE", "", "what rd4ad train wrote"},
                  {"half", "", "", "weights in 16 bits: half the file; computed in 32 bits all the same"},
                  {"out", "FILE", "", "where the graph goes"}},
        .takes_operands = false,
        .more =
            R"(The graph takes normalised images (N x 3 x height x width) and gives `map` (N x 1 x height x width) and `score` (N x 1).
How an image is prepared stands in the file's metadata, under the key "rd4ad" (docs/export.md).

Example: a graph, and the proof that it scores as the checkpoint does.
  rd4ad export --format onnx --checkpoint models/bottle.safetensors --out bottle.onnx
  rd4ad verify --onnx bottle.onnx --checkpoint models/bottle.safetensors --data mvtec/bottle
)"};
}

}  // namespace

int export_model(const std::vector<std::string>& words) {
    const arguments given{description(), words};
    if (given.help()) {
        std::fputs(given.help_text().c_str(), stdout);
        return 0;
    }
    static_cast<void>(given.choice("format", {"onnx"}));
    const std::filesystem::path checkpoint = given.required("checkpoint"), out = given.required("out");
#if defined(RD4AD_WITH_EXPORT)
    auto m = rd4ad::load_checkpoint<rd4ad::backend::xtensor<float>>(checkpoint);
    rd4ad::export_onnx(out, m, {.half = given.given("half")});
    std::printf("%s: %s, %zu x %zu\n", out.c_str(), m.arch->name.data(), m.settings.width, m.settings.height);
    return 0;
#else
    throw rd4ad::option_error{"export: this command is built without it: configure with -D RD4AD_EXPORT=ON and build again"};
#endif
}

}  // namespace cli
