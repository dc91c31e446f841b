// rd4ad/export/triton.hpp: a model repository that Triton serves as it is. Twin: tests/export/triton.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>

#include <rd4ad/core/error.hpp>
#include <rd4ad/export/onnx.hpp>
#include <rd4ad/io/atomic_file.hpp>
#include <rd4ad/io/folder.hpp>
#include <rd4ad/io/json.hpp>

namespace rd4ad {

/// How a model is served.
struct triton_options {
    onnx_options graph{};
    std::size_t largest_batch{8};    ///< requests that the server joins into one run, at most
    std::size_t longest_wait{2000};  ///< microseconds that a request waits for others
};

namespace detail {

/// A text in protobuf's text format.
[[nodiscard]] inline std::string pbtxt_text(std::string_view text) {
    std::string out = "\"";
    for (const char letter : text) {
        if (letter == '"' || letter == '\\') out += '\\';
        out += letter;
    }
    return out + '"';
}

[[nodiscard]] inline std::string sizes_text(std::initializer_list<std::size_t> sizes) {
    std::string text;
    for (const auto size : sizes) text += (text.empty() ? "[ " : ", ") + std::to_string(size);
    return text + " ]";
}

}  // namespace detail

/// config.pbtxt of a model: its tensors without the batch (the server adds it), dynamic batching, and the description as the
/// parameter "rd4ad", which the server's model configuration hands to clients.
[[nodiscard]] inline std::string triton_config(const std::string& name, const scoring_graph& graph, const io::json& about,
                                               const triton_options& options = {}) {
    using detail::pbtxt_text, detail::sizes_text;
    const auto tensor = [](const char* of, const std::string& sizes, const std::string& more = "") {
        return "  {\n    name: " + pbtxt_text(of) + "\n    data_type: TYPE_FP32\n    dims: " + sizes + "\n" + more + "  }";
    };
    return "name: " + pbtxt_text(name) +
           "\nplatform: \"onnxruntime_onnx\"\nmax_batch_size: " + std::to_string(options.largest_batch) + "\ninput [\n" +
           tensor(scoring_graph::input, sizes_text({3, graph.height, graph.width})) + "\n]\noutput [\n" +
           tensor(scoring_graph::map, sizes_text({1, graph.height, graph.width})) + ",\n" +
           tensor(scoring_graph::score, sizes_text({1}), "    label_filename: \"labels.txt\"\n") +
           (graph.has_calibrated ? ",\n" + tensor(scoring_graph::calibrated, sizes_text({1})) : "") +
           "\n]\ndynamic_batching {\n  max_queue_delay_microseconds: " + std::to_string(options.longest_wait) +
           "\n}\nparameters {\n  key: " + pbtxt_text(description_key) +
           "\n  value { string_value: " + pbtxt_text(io::text_of(about, "export")) + " }\n}\n";
}

/// Writes REPOSITORY/NAME: config.pbtxt, 1/model.onnx, labels.txt and training_stats.json (the description, and `training` as
/// the checkpoint keeps it). Each file is written atomically, config.pbtxt last. option_error unless the name is made of
/// letters, digits, '.', '_' and '-'; io_error; numeric_error as export_onnx.
template <Backend B>
void export_triton(const std::filesystem::path& repository, const std::string& name, model<B>& m,
                   const io::json& training = io::json::object(), const triton_options& options = {}) {
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    if (name.empty() || name.starts_with('.') || name.find_first_not_of(allowed) != std::string::npos)
        throw option_error{"export: a model can't be named '" + name +
                           "' on a server: expected letters, digits, '.', '_' and '-'"};
    if (options.largest_batch == 0) throw option_error{"export: a largest batch of 0, expected at least 1"};
    const auto folder = repository / name;
    io::make_folder(folder);
    io::make_folder(folder / "1");
    const auto graph = make_graph<B>(m, graph_options_of(m.settings, options.graph));
    auto about = describe(m, graph, options.graph.sigma, options.graph.half);
    io::write_atomically(folder / "1" / "model.onnx", onnx_bytes(graph, about, options.graph.half));
    io::write_atomically(folder / "labels.txt", std::string_view{"anomaly\n"});
    const auto config = triton_config(name, graph, about, options);
    about["training"] = training;
    io::write_json(folder / "training_stats.json", about);
    io::write_atomically(folder / "config.pbtxt", config);
}

}  // namespace rd4ad
