// rd4ad/export/triton.hpp: writes a model repository for a Triton server. Twin: tests/export/triton.cpp
#pragma once
#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/export/model_name.hpp>
#include <rd4ad/export/onnx.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/output_folder.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The file in a model's folder that has the description, and under "training" what the checkpoint stores about its training.
inline constexpr const char* triton_statistics_file = "training_stats.json";

/// Settings of a served model.
struct triton_options {
    onnx_options graph{};
    static constexpr std::size_t most_batch = 2147483647;  ///< config.pbtxt has a 32-bit number
    std::size_t max_batch{8};                              ///< requests that the server computes at once, 1 to most_batch
    std::size_t max_queue_delay{2000};                     ///< microseconds that a request waits for others
};

namespace export_detail {

/// A string in protobuf's text format.
[[nodiscard]] inline std::string pbtxt_string(std::string_view from) {
    std::string out = "\"";
    for (const char letter : from) {
        if (letter == '"' || letter == '\\') out += '\\';
        out += letter;
    }
    return out + '"';
}

/// A list of sizes in protobuf's text format.
[[nodiscard]] inline std::string pbtxt_list(std::initializer_list<std::size_t> sizes) {
    std::string list;
    for (const auto size : sizes) list += text(list.empty() ? "[ " : ", ", size);
    return list + " ]";
}

}  // namespace export_detail

/// Returns the config.pbtxt of a model: its tensors without the batch dimension, which the server adds, dynamic batching, and the
/// description as the parameter "rd4ad", which the server's model configuration gives to clients.
[[nodiscard]] inline std::string triton_config(const std::string& name, const scoring_graph& graph, const io::json& description,
                                               const triton_options& options = {}) {
    using export_detail::pbtxt_list, export_detail::pbtxt_string;
    const auto tensor = [](const char* of, const std::string& sizes, const std::string& more = "") {
        return text("  {\n    name: ", pbtxt_string(of), "\n    data_type: TYPE_FP32\n    dims: ", sizes, "\n", more, "  }");
    };
    return text("name: ", pbtxt_string(name), "\nplatform: \"onnxruntime_onnx\"\nmax_batch_size: ", options.max_batch,
                "\ninput [\n", tensor(scoring_graph::input, pbtxt_list({3, graph.height, graph.width})), "\n]\noutput [\n",
                tensor(scoring_graph::map, pbtxt_list({1, graph.height, graph.width})), ",\n",
                tensor(scoring_graph::raw_score, pbtxt_list({1}), "    label_filename: \"labels.txt\"\n"),
                graph.has_score ? ",\n" + tensor(scoring_graph::score, pbtxt_list({1})) : "",
                "\n]\ndynamic_batching {\n  max_queue_delay_microseconds: ", options.max_queue_delay,
                "\n}\nparameters {\n  key: ", pbtxt_string(description_key),
                "\n  value { string_value: ", pbtxt_string(io::dump_json(description)), " }\n}\n");
}

/// Writes a model's folder, whose name is the model's: config.pbtxt, 1/model.onnx, labels.txt and training_stats.json (the
/// description, and `training` as the checkpoint stores it). Each file is written atomically, config.pbtxt last. Throws
/// option_error as check_triton_name does, or for a max_batch out of range; as io::output_folder::write does; numeric_error as
/// export_onnx does.
template <Backend B>
void export_triton(io::output_folder& to, const std::string& name, model<B>& m, const io::json& training = io::json::object(),
                   const triton_options& options = {}) {
    check_triton_name(name);
    if (options.max_batch == 0 || options.max_batch > triton_options::most_batch)
        throw option_error{
            text("export: found a maximum batch of ", options.max_batch, ", expected 1 to ", triton_options::most_batch)};
    const std::filesystem::path graph_file = std::filesystem::path{"1"} / "model.onnx";
    for (const auto& file : {graph_file, std::filesystem::path{"labels.txt"}, std::filesystem::path{triton_statistics_file},
                             std::filesystem::path{"config.pbtxt"}})
        to.announce(file);
    const auto graph = make_graph<B>(m, graph_options_of(m.settings, options.graph));
    auto description = describe(m, graph, options.graph.sigma, options.graph.half, options.graph.product);
    to.write(graph_file, std::string_view{onnx_bytes(graph, description, options.graph.half)});
    to.write("labels.txt", std::string_view{"anomaly\n"});
    const auto config = triton_config(name, graph, description, options);
    description["training"] = training;
    to.write(triton_statistics_file, std::string_view{io::dump_json(description, 2) + "\n"});
    to.write("config.pbtxt", std::string_view{config});
}

/// As export_triton, to the folder REPOSITORY/NAME. Throws as the constructor of io::output_folder does, too.
template <Backend B>
void export_triton(const std::filesystem::path& repository, const std::string& name, model<B>& m,
                   const io::json& training = io::json::object(), const triton_options& options = {}) {
    check_triton_name(name);
    io::output_folder to{repository / name, {}, {.writer = "export"}};
    export_triton(to, name, m, training, options);
    to.finish();
}

}  // namespace rd4ad::inline RD4AD_ABI
