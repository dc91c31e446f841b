// cli/convert.cpp: rd4ad convert.
#include <filesystem>
#include <string>

#include <rd4ad/io/write_pth.hpp>
#include <rd4ad/rd4ad.hpp>

#include "commands.hpp"
#include "compute_flags.hpp"
#include "console.hpp"
#include "outputs.hpp"

namespace cli {

namespace {

namespace fs = std::filesystem;
using cpu = rd4ad::backend::xtensor<float>;

/// Writes {'bn', 'decoder'}, as the paper's code does.
void to_pth(const fs::path& from, const fs::path& out, const rd4ad::io::read_options& reading) {
    const auto m = rd4ad::load_checkpoint<cpu>(from, {.verify = reading.verify});  // checks that the file holds a whole network
    const auto file = rd4ad::io::read_safetensors(from, reading);
    rd4ad::io::tensor_file weights;
    for (const auto& [name, tensor] : file.tensors())
        if (name.starts_with("bn.") || name.starts_with("decoder."))
            weights.insert_bytes(name, tensor.type, tensor.shape, {tensor.bytes.begin(), tensor.bytes.end()});
    rd4ad::io::write_pth(out, weights);
    print_line(rd4ad::text(out, ": ", m.arch->name, ", bn and decoder"));
}

/// Writes a checkpoint of rd4ad from the paper's code's weights, the teacher and the size of the input.
void to_safetensors(const fs::path& from, const fs::path& out, const std::string& teacher, std::size_t size) {
    const bool built_in = teacher == "built-in";
    const auto weights = naming_flags(
        "--teacher", [&] { return built_in ? rd4ad::built_in_teacher() : rd4ad::load_weights(rd4ad::teacher_path(teacher)); });
    const auto& arch = rd4ad::recognise(weights, weights.contains("teacher.conv1.weight") ? "teacher." : "");
    auto m = rd4ad::make_model<cpu>(arch, weights);
    if (built_in) m.settings.teacher = rd4ad::built_in_teacher_name;
    const auto file = rd4ad::load_weights(from);
    rd4ad::load_trainable(m, file);
    if (const auto* batches = file.find("bn.bn1.num_batches_tracked"); batches != nullptr && batches->count() == 1)
        m.batches = static_cast<std::size_t>(batches->values<double>().front());
    m.settings.height = m.settings.width = m.settings.preprocessing.geometry.size = size;
    rd4ad::check_network_size(size, size);
    rd4ad::save_checkpoint(out, m);
    print_line(rd4ad::text(out, ": ", arch.name, ", ", size, " x ", size));
}

}  // namespace

usage convert_usage() {
    return {.synopsis = "--from FILE --out FILE [FLAGS...]",
            .flags = join_flags({{{"from", "FILE", "", "the checkpoint to convert"},
                                  {"out", "FILE", "", "NAME.safetensors (rd4ad) or NAME.pth (paper's code)"},
                                  {"teacher", "FILE", "",
                                   "for .safetensors: the teacher of the training, a file or a name that rd4ad teachers lists"},
                                  {"inp", "PIXELS", "256", "for .safetensors: width and height of the training's input"},
                                  no_verify_flag()},
                                 overwrite_flags()}),
            .notes =
                R"(A checkpoint of the paper's code is a .pth file with 'bn' and 'decoder'. It holds no teacher, so
--teacher names it. A .pth file keeps no size, normalisation, calibration or training settings of a
.safetensors file.

Example: score with a checkpoint of the paper's code.
  rd4ad fetch wide_resnet50_2
  rd4ad convert --from wres50_bottle.pth --teacher wide_resnet50_2-imagenet --out bottle.safetensors
  rd4ad score new.png --checkpoint bottle.safetensors
)"};
}

int convert(const parsed_options& options) {
    const fs::path from = options.required("from"), out = options.required("out");
    const auto check_output = [&] {  // a converted file records neither its data nor its origin, so none is replaced unasked
        check_output_file(options, out, inputs_of(options), [](const fs::path&) { return false; });
    };
    if (out.extension() == ".pth") {
        if (options.has("teacher") || options.has("inp"))
            throw usage_error{rd4ad::text("--out ", out, ": a .pth file holds neither --teacher nor --inp; leave them out")};
        check_output();
        to_pth(from, out, read_options_of(options));
    } else if (out.extension() == ".safetensors") {
        const auto teacher = options.required("teacher");
        check_output();
        to_safetensors(from, out, teacher, options.whole("inp", 1));
    } else {
        throw usage_error{rd4ad::text("--out ", out, ": expected a name that ends in .safetensors or .pth")};
    }
    return 0;
}

}  // namespace cli
