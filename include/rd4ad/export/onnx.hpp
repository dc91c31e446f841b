// rd4ad/export/onnx.hpp: writes a scoring graph as an ONNX file (opset 13, IR 7) with a description for its client. Twin:
// tests/export/onnx.cpp
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/version.hpp>
#include <rd4ad/export/description.hpp>
#include <rd4ad/export/detail/protobuf.hpp>
#include <rd4ad/export/graph.hpp>
#include <rd4ad/io/atomic_file.hpp>
#include <rd4ad/io/dtype.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/model/settings.hpp>
#include <rd4ad/score/calibration_json.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Settings of an ONNX file.
struct onnx_options {
    bool half{false};         ///< stores the convolutions' weights in 16 bits; the graph computes in 32 bits
    double sigma{map_sigma};  ///< of the Gaussian over the map, as the detector's
    bool score{false};        ///< adds the output `score`, by the model's calibration
    std::string product{};    ///< whose calibration it is, for a model with one per product
};

/// Returns the settings of make_graph. The graph smooths maps of whole images; maps of patches are smoothed by the client once
/// they are joined. Throws option_error for options.score if the model has no calibration, or one per product and
/// options.product is none of them, or if its preprocessing is not plain: the graph then does not see the raw score of the whole
/// image.
[[nodiscard]] inline graph_options graph_options_of(const model_settings& settings, const onnx_options& options) {
    graph_options made{.sigma = settings.preprocessing.whole() ? options.sigma : 0.0};
    if (!options.score) return made;
    if (!settings.preprocessing.plain())
        throw option_error{
            "export: the output score is that of a whole image, which the graph of a model with patches, a crop or borders "
            "does not see; leave the output out, the description has the calibration for the client"};
    const auto calibrations = calibrations_from(settings.calibration, settings.named_by("export"));
    if (const auto* by = calibration_of(calibrations, options.product, settings.named_by("export")))
        made.calibration = *by;
    else
        throw option_error{
            "export: the output score needs a calibration, the model has none; calibrate it with rd4ad calibrate, or leave the "
            "output out"};
    return made;
}

namespace export_detail::onnx {

// Numbers of fields and types as onnx.proto defines them.
enum class model_field : protozero::pbf_tag_type {
    ir_version = 1,
    producer_name = 2,
    producer_version = 3,
    graph = 7,
    opset_import = 8,
    metadata_props = 14
};
enum class opset_field : protozero::pbf_tag_type { version = 2 };
enum class entry_field : protozero::pbf_tag_type { key = 1, value = 2 };
enum class graph_field : protozero::pbf_tag_type { node = 1, name = 2, initializer = 5, input = 11, output = 12 };
enum class node_field : protozero::pbf_tag_type { input = 1, output = 2, name = 3, op_type = 4, attribute = 5 };
enum class attribute_field : protozero::pbf_tag_type { name = 1, i = 3, ints = 8, type = 20 };
enum class tensor_field : protozero::pbf_tag_type { dims = 1, data_type = 2, name = 8, raw_data = 9 };
enum class value_field : protozero::pbf_tag_type { name = 1, type = 2 };
enum class type_field : protozero::pbf_tag_type { tensor_type = 1 };
enum class tensor_type_field : protozero::pbf_tag_type { elem_type = 1, shape = 2 };
enum class shape_field : protozero::pbf_tag_type { dim = 1 };
enum class dimension_field : protozero::pbf_tag_type { value = 1, parameter = 2 };
enum attribute_type : std::int32_t { attribute_int = 2, attribute_ints = 7 };
enum tensor_type : std::int32_t { type_float = 1, type_float16 = 10 };

template <class Field>
using message = protozero::pbf_builder<Field>;

/// The name of a weight stored in 16 bits; a Cast node from it has the weight's own name.
[[nodiscard]] inline std::string half_name(const std::string& name) { return name + ".half"; }

inline void write_node(message<graph_field>& graph, const graph_node& node) {
    message<node_field> to{graph, graph_field::node};
    for (const auto& input : node.inputs) to.add_string(node_field::input, input);
    to.add_string(node_field::output, node.name);
    to.add_string(node_field::name, node.name);
    to.add_string(node_field::op_type, node.operation);
    for (const auto& attribute : node.attributes) {
        message<attribute_field> setting{to, node_field::attribute};
        setting.add_string(attribute_field::name, attribute.name);
        if (const auto* one = std::get_if<std::int64_t>(&attribute.value)) {
            setting.add_int64(attribute_field::i, *one);
            setting.add_enum(attribute_field::type, attribute_int);
        } else {
            for (const auto value : std::get<1>(attribute.value)) setting.add_int64(attribute_field::ints, value);
            setting.add_enum(attribute_field::type, attribute_ints);
        }
    }
}

/// Throws numeric_error for a value that does not fit into 16 bits.
inline void write_constant(message<graph_field>& graph, const graph_constant& constant, bool half) {
    message<tensor_field> to{graph, graph_field::initializer};
    for (const auto size : constant.shape) to.add_int64(tensor_field::dims, static_cast<std::int64_t>(size));
    to.add_int32(tensor_field::data_type, half ? type_float16 : type_float);
    to.add_string(tensor_field::name, half ? half_name(constant.name) : constant.name);
    const auto add = [&](std::span<const std::byte> bytes) {
        to.add_bytes(tensor_field::raw_data, reinterpret_cast<const char*>(bytes.data()), bytes.size());
    };
    if (half) {
        constexpr float max_half = 65504;
        for (const float value : constant.values)
            if (!(std::fabs(value) <= max_half))
                throw numeric_error{text("export: ", constant.name, " holds ", value,
                                         "; the largest value of 16 bits is 65504; export without half")};
        add(*io::narrow<float>(io::dtype::f16, std::span{constant.values}));
    } else {
        add(std::as_bytes(std::span{constant.values}));
    }
}

/// Writes an input or output of floats: N (any number) x the sizes.
inline void write_value(message<graph_field>& graph, graph_field field, const char* name, const std::vector<std::size_t>& sizes) {
    message<value_field> value{graph, field};
    value.add_string(value_field::name, name);
    message<type_field> type{value, value_field::type};
    message<tensor_type_field> tensor{type, type_field::tensor_type};
    tensor.add_int32(tensor_type_field::elem_type, type_float);
    message<shape_field> shape{tensor, tensor_type_field::shape};
    message<dimension_field>{shape, shape_field::dim}.add_string(dimension_field::parameter, "N");
    for (const auto size : sizes)
        message<dimension_field>{shape, shape_field::dim}.add_int64(dimension_field::value, static_cast<std::int64_t>(size));
}

}  // namespace export_detail::onnx

/// Returns the file's bytes. `description` is the value of the metadata key "rd4ad" (see description.hpp). With `half` the
/// weights are stored in 16 bits, each with a Cast to 32 bits that runtimes compute once, at load. Throws numeric_error with
/// `half` for a weight that does not fit into 16 bits.
[[nodiscard]] inline std::string onnx_bytes(const scoring_graph& graph, const io::json& description, bool half) {
    using namespace export_detail::onnx;
    constexpr std::int64_t ir_version = 7, opset = 13;
    std::size_t bytes = 0;
    for (const auto& constant : graph.constants) bytes += constant.values.size() * sizeof(float);
    std::string file;
    file.reserve((half ? bytes / 2 : bytes) + (std::size_t{1} << 20));
    message<model_field> model{file};
    model.add_int64(model_field::ir_version, ir_version);
    model.add_string(model_field::producer_name, "rd4ad");
    model.add_string(model_field::producer_version, version);
    message<opset_field>{model, model_field::opset_import}.add_int64(opset_field::version, opset);
    {
        message<entry_field> entry{model, model_field::metadata_props};
        entry.add_string(entry_field::key, description_key);
        entry.add_string(entry_field::value, io::dump_json(description));
    }
    message<graph_field> to{model, model_field::graph};
    to.add_string(graph_field::name, "rd4ad");
    write_value(to, graph_field::input, scoring_graph::input, {3, graph.height, graph.width});
    write_value(to, graph_field::output, scoring_graph::map, {1, graph.height, graph.width});
    write_value(to, graph_field::output, scoring_graph::raw_score, {1});
    if (graph.has_score) write_value(to, graph_field::output, scoring_graph::score, {1});
    for (const auto& constant : graph.constants) {
        const bool narrowed = half && constant.is_weight;
        write_constant(to, constant, narrowed);
        if (narrowed) write_node(to, {"Cast", constant.name, {half_name(constant.name)}, {{"to", std::int64_t{type_float}}}});
    }
    for (const auto& node : graph.nodes) write_node(to, node);
    return file;
}

/// Whether a file begins as the graphs that export_onnx writes.
[[nodiscard]] inline bool is_exported_graph(const std::filesystem::path& path) {
    using namespace std::string_view_literals;
    constexpr auto producer = "\x12\x05rd4ad"sv;  // field 2, 5 bytes; before it field 1, a varint of one byte
    try {
        const auto bytes = io::read_prefix(path, 2 + producer.size());
        const std::string_view begin{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
        return begin.starts_with('\x08') && begin.ends_with(producer);
    } catch (const error&) {
        return false;
    }
}

/// The description in a graph that export_onnx wrote; nullopt for another file.
[[nodiscard]] inline std::optional<io::json> description_in(const std::filesystem::path& path) {
    using namespace export_detail::onnx;
    constexpr std::size_t before_weights = std::size_t{1} << 22;  // the description stands before the graph
    if (!is_exported_graph(path)) return std::nullopt;
    try {
        const auto bytes = io::read_prefix(path, before_weights);
        protozero::pbf_message<model_field> file{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
        // protozero ends the program at a field that is read as another type.
        constexpr auto bytes_field = protozero::pbf_wire_type::length_delimited;
        while (file.next(model_field::metadata_props, bytes_field)) {
            protozero::pbf_message<entry_field> entry{file.get_message()};
            std::string key, value;
            while (entry.next()) {
                if (entry.tag() == entry_field::key && entry.has_wire_type(bytes_field))
                    key = entry.get_string();
                else if (entry.tag() == entry_field::value && entry.has_wire_type(bytes_field))
                    value = entry.get_string();
                else
                    entry.skip();
            }
            if (key == description_key) return io::parse_json(value, path.string());
        }
    } catch (const protozero::exception&) {
    } catch (const error&) {
    }
    return std::nullopt;
}

/// Writes a model's scoring graph atomically. training: as the checkpoint stores it; its record of the data set becomes "data" of
/// the description. Throws io_error; option_error as graph_options_of and describe do; numeric_error as onnx_bytes does.
template <Backend B>
void export_onnx(const std::filesystem::path& path, model<B>& m, const onnx_options& options = {},
                 const io::json& training = io::json::object()) {
    const auto graph = make_graph<B>(m, graph_options_of(m.settings, options));
    auto description = describe(m, graph, options.sigma, options.half, options.product);
    if (training.contains("data")) description["data"] = training.at("data");
    io::write_atomically(path, onnx_bytes(graph, description, options.half));
}

}  // namespace rd4ad::inline RD4AD_ABI
