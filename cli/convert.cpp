// cli/convert.cpp: rd4ad convert.
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <rd4ad/io/write_pth.hpp>
#include <rd4ad/rd4ad.hpp>

#include "arguments.hpp"
#include "verbs.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;
using cpu = rd4ad::backend::xtensor<float>;

verb description() {
    return {
        .name = "convert",
        .synopsis = "--from FILE --out FILE [FLAGS...]",
        .what = "Turns a checkpoint of the paper's code (.pth with 'bn' and 'decoder') into one of ours, or back.",
        .flags = {{"from", "FILE", "", "the checkpoint, theirs or ours"},
                  {"out", "FILE", "", "NAME.safetensors for ours, NAME.pth for theirs"},
                  {"teacher", "FILE", "", "theirs to ours: the teacher it was trained with, a file or a name (rd4ad teachers)"},
                  {"inp", "PIXELS", "256", "theirs to ours: width and height of the images it was trained on"}},
        .takes_operands = false,
        .more =
            R"(Their checkpoints hold no teacher: it is torchvision's, and --teacher names it. Ours hold everything; what theirs can't say (size,
normalisation, calibration, settings of the training) is left out on the way back.

Example: a checkpoint of the paper's code, scored here.
  rd4ad fetch wide_resnet50_2
  rd4ad convert --from wres50_bottle.pth --teacher wide_resnet50_2-imagenet --out bottle.safetensors
  rd4ad score new.png --checkpoint bottle.safetensors
)"};
}

/// {'bn', 'decoder'} as the paper's code saves it.
void to_theirs(const fs::path& from, const fs::path& out) {
    const auto ours = rd4ad::load_checkpoint<cpu>(from);  // so that what is written is a whole network
    const auto file = rd4ad::io::read_safetensors(from);
    rd4ad::io::tensor_file theirs;
    for (const auto& [name, tensor] : file.tensors())
        if (name.starts_with("bn.") || name.starts_with("decoder."))
            theirs.insert_bytes(name, tensor.type, tensor.shape, {tensor.bytes.begin(), tensor.bytes.end()});
    rd4ad::io::write_pth(out, theirs);
    std::printf("%s: %s, bn and decoder\n", out.c_str(), ours.arch->name.data());
}

void to_ours(const fs::path& from, const fs::path& out, const std::string& teacher, std::size_t size) {
    const auto weights = teacher == "built-in" ? rd4ad::built_in_teacher() : rd4ad::load_weights(rd4ad::teacher_path(teacher));
    const auto& arch = rd4ad::recognise(weights, weights.contains("teacher.conv1.weight") ? "teacher." : "");
    auto m = rd4ad::make_model<cpu>(arch, weights);
    if (teacher == "built-in") m.settings.teacher = rd4ad::built_in_teacher_name;
    const auto file = rd4ad::load_weights(from);
    rd4ad::load_trained(m, file);
    if (const auto* batches = file.find("bn.bn1.num_batches_tracked"); batches != nullptr && batches->count() == 1)
        m.batches = static_cast<std::size_t>(batches->values<double>().front());
    m.settings.height = m.settings.width = m.settings.view.geometry.size = size;
    rd4ad::check_network_size(size, size);
    rd4ad::save_checkpoint(out, m);
    std::printf("%s: %s, %zu x %zu\n", out.c_str(), arch.name.data(), size, size);
}

}  // namespace

int convert(const std::vector<std::string>& words) {
    return run_verb(description(), words, [](const arguments& given) -> int {
        const fs::path from = given.required("from"), out = given.required("out");
        if (out.extension() == ".pth") {
            if (given.given("teacher") || given.given("inp"))
                throw usage_error{"--out " + out.string() +
                                  ": a checkpoint of theirs holds neither --teacher nor --inp; leave them out"};
            to_theirs(from, out);
        } else if (out.extension() == ".safetensors") {
            to_ours(from, out, given.required("teacher"), given.whole("inp", 1));
        } else {
            throw usage_error{"--out " + out.string() + ": expected a name that ends in .safetensors (ours) or .pth (theirs)"};
        }
        return 0;
    });
}

}  // namespace cli
