// cli/commands.cpp: the table of commands.
#include "commands.hpp"

#include <algorithm>
#include <cstdio>

#include <rd4ad/core/text.hpp>

#include "computing.hpp"
#include "ranks.hpp"

namespace cli {

std::span<const command> commands() {
    static const auto& code = selected_variant();
    static const command all[]{
        {"train", "Trains a model on good images.", code.train_usage, code.train, true},
        {"test", "Computes the metrics of a model on a test set.", test_usage, test, true},
        {"score", "Scores images and finds their anomalous regions.", score_usage, score, true},
        {"calibrate", "Sets the threshold of a trained model, or checks how well it holds.", calibrate_usage, calibrate},
        {"probe", "Counts which painted defects a model finds, by kind and size.", code.probe_usage, code.probe},
        {"compare", "Compares a model with another program's boxes on the same images.", compare_usage, compare},
        {"fps", "Measures how fast a model scores the images of a test set.", fps_usage, fps},
        {"serve", "Serves models over HTTP, with a page for photographs and a camera.", serve_usage, serve},
        {"export", "Exports a model to ONNX or to a Triton model repository.", export_usage, export_model},
        {"verify", "Checks that an exported model scores as its checkpoint does.", verify_usage, verify},
        {"fetch", "Downloads ImageNet weights (torchvision's files) for a teacher.", fetch_usage, fetch},
        {"teachers", "Lists the teachers that rd4ad train --teacher knows by name.", teachers_usage, teachers},
        {"convert", "Converts checkpoints from and to the format of the paper's code.", convert_usage, convert},
        {"bench", "Times the convolution algorithms or profiles scoring and training.", code.bench_usage, code.bench}};
    return all;
}

const command* command_named(const std::string& name) {
    const auto all = commands();
    const auto found = std::find_if(all.begin(), all.end(), [&](const command& one) { return one.name == name; });
    return found == all.end() ? nullptr : &*found;
}

int run_command(const command& of, const std::vector<std::string>& args) {
    const parsed_options options{of.name, of.summary, of.describe(), args};
    if (!options.has("help")) {
        if (!of.on_ranks && ranks() != nullptr)
            throw usage_error{
                rd4ad::text(of.name, " works in one process, and mpirun started ", ranks()->size(), ": start it without mpirun")};
        return of.run(options);
    }
    std::fputs(options.help_text().c_str(), stdout);
    return 0;
}

}  // namespace cli
