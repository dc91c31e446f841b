// rd4ad/export/graph.hpp: the scoring network as a list of ONNX operators over constants, with batch norms folded. Twin:
// tests/export/graph.cpp
#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <rd4ad/core/text.hpp>
#include <rd4ad/model/model.hpp>
#include <rd4ad/model/scoring_network.hpp>
#include <rd4ad/score/calibration.hpp>
#include <rd4ad/score/scorer.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// A constant of a graph, in C order.
struct graph_constant {
    std::string name;
    std::vector<std::size_t> shape;
    std::vector<float> values;
    bool is_weight{false};  ///< the weight of a layer; only weights may be stored in 16 bits
};

/// An attribute of an operator: one integer or a list of integers.
struct graph_attribute {
    std::string name;
    std::variant<std::int64_t, std::vector<std::int64_t>> value;
};

/// One operator by its ONNX name. Its output has the node's name.
struct graph_node {
    std::string operation, name;
    std::vector<std::string> inputs;
    std::vector<graph_attribute> attributes{};
};

/// The network from normalised inputs (`input`, N x 3 x height x width) to `map` (N x 1 x height x width) and `raw_score` (N x
/// 1), for any N; with a calibration also to `score` (N x 1, 0..1). The nodes are in the order of execution.
struct scoring_graph {
    static constexpr const char *input = "image", *map = "map", *raw_score = "raw_score", *score = "score";
    std::size_t height{0}, width{0};
    bool has_score{false};
    std::vector<graph_constant> constants{};
    std::vector<graph_node> nodes{};
};

namespace export_detail {

/// Adds nodes and constants to a graph; each function returns the name of its result.
class graph_writer {
   public:
    explicit graph_writer(scoring_graph& to) : graph_{&to} {}

    std::string node(std::string operation, std::string name, std::vector<std::string> inputs,
                     std::vector<graph_attribute> attributes = {}) {
        graph_->nodes.push_back({std::move(operation), name, std::move(inputs), std::move(attributes)});
        return name;
    }

    std::string constant(std::string name, std::vector<std::size_t> shape, std::vector<float> values, bool is_weight = false) {
        graph_->constants.push_back({name, std::move(shape), std::move(values), is_weight});
        return name;
    }

   private:
    scoring_graph* graph_;
};

/// Writes a network's layers as nodes, with their batch norms folded.
template <Backend B>
class layer_writer {
   public:
    /// `input`: the shape that the network's for_each_layer starts from.
    template <class Network>
    layer_writer(graph_writer& to, typename B::queue& q, const weighted_network<B, Network>& network, const shape& input)
        : to_{&to} {
        const auto& table = network.layers.table;
        auto folded = nn::make_flat<B>(q, table.value_count);
        network.layers.for_each_layer(input, [&](const nn::conv_bn& layer, const shape&) {
            nn::fold<B>(q, layer.conv, nn::parameters_of<B>(layer, network.weights), folded.data() + layer.weight,
                        folded.data() + layer.norm.bias);
        });
        const auto values = to_host<B>(q, folded);
        values_.assign(values.begin(), values.end());
        for (const auto& p : table.values)
            if (p.kind == nn::parameter_kind::convolution) parameters_.emplace(p.offset, &p);
    }

    /// y = [relu](convolution + bias [+ residual]).
    std::string convolve(const nn::conv_bn& layer, const std::string& x, bool relu, const std::string& residual = "") const {
        const auto& p = *parameters_.at(layer.weight);
        const std::string name = p.name.substr(0, p.name.rfind('.'));
        std::vector<float> weight(p.count);
        nn::to_pytorch<float>(p, std::span{values_}.subspan(layer.weight, p.count), weight);
        const auto bias = values_.begin() + static_cast<std::ptrdiff_t>(layer.norm.bias);
        const auto w = to_->constant(name + ".weight", p.shape, std::move(weight), true);
        const auto b = to_->constant(name + ".bias", {layer.conv.out},
                                     std::vector<float>(bias, bias + static_cast<std::ptrdiff_t>(layer.conv.out)));
        const auto size = static_cast<std::int64_t>(layer.conv.kernel), stride = static_cast<std::int64_t>(layer.conv.stride),
                   padding = static_cast<std::int64_t>(layer.conv.padding());
        std::string y = to_->node(layer.conv.transposed ? "ConvTranspose" : "Conv", name, {x, w, b},
                                  {{"kernel_shape", std::vector{size, size}},
                                   {"strides", std::vector{stride, stride}},
                                   {"pads", std::vector(4, padding)}});
        if (!residual.empty()) y = to_->node("Add", name + ".sum", {y, residual});
        return relu ? to_->node("Relu", name + ".relu", {y}) : y;
    }

    std::string stage(const nn::stage& blocks, std::string x) const {
        for (const auto& block : blocks) {
            const auto shortcut = block.shortcut ? convolve(*block.shortcut, x, false) : x;
            auto y = convolve(block.first, x, true);
            if (block.third) y = convolve(block.second, y, true);
            x = convolve(block.last(), y, true, shortcut);
        }
        return x;
    }

   private:
    graph_writer* to_;
    std::vector<float> values_;
    std::unordered_map<std::size_t, const nn::parameter*> parameters_{};  // by the weight's offset
};

/// The names of the features at strides 4, 8 and 16, of the teacher or of the student.
using feature_names = std::array<std::string, 3>;

/// Writes the teacher, as model/teacher.hpp's infer computes it.
template <Backend B>
[[nodiscard]] feature_names teacher_nodes(graph_writer& to, model<B>& m) {
    const auto& teacher = m.teacher.layers;
    const layer_writer<B> layers{to, m.queue, m.teacher, {1, 3, m.settings.height, m.settings.width}};
    auto x = layers.convolve(teacher.stem, scoring_graph::input, true);
    x = to.node("MaxPool", "teacher.pool", {x},
                {{"kernel_shape", std::vector<std::int64_t>(2, 3)},
                 {"strides", std::vector<std::int64_t>(2, 2)},
                 {"pads", std::vector<std::int64_t>(4, 1)}});
    feature_names features;
    for (std::size_t i = 0; i < 3; ++i) x = features[i] = layers.stage(teacher.layers[i], x);
    return features;
}

/// Writes bottleneck and student, as the infer of model/bottleneck.hpp and of model/student.hpp compute them.
template <Backend B>
[[nodiscard]] feature_names student_nodes(graph_writer& to, model<B>& m, const feature_names& teacher) {
    const auto& bottleneck = m.trainable.layers.bottleneck;
    const auto& student = m.trainable.layers.student;
    const shape image{1, 3, m.settings.height, m.settings.width};
    const layer_writer<B> layers{to, m.queue, m.trainable, feature_shape(*m.arch, image, 0)};
    const auto a = layers.convolve(bottleneck.conv2, layers.convolve(bottleneck.conv1, teacher[0], true), true);
    const auto b = layers.convolve(bottleneck.conv3, teacher[1], true);
    auto x = to.node("Concat", "bn.fused", {a, b, teacher[2]}, {{"axis", std::int64_t{1}}});
    x = layers.stage(bottleneck.layer, x);
    feature_names features;
    for (std::size_t i = 0; i < 3; ++i) x = features[2 - i] = layers.stage(student.layers[i], x);
    return features;
}

/// Writes a convolution of one pixel: y(o) = sum of weights(o, i) x(i) over the channels i. weights: outputs x inputs.
inline std::string mix_channels(graph_writer& to, const std::string& name, const std::string& x, std::size_t outputs,
                                std::vector<float> weights) {
    const std::size_t inputs = weights.size() / outputs;
    return to.node("Conv", name, {x, to.constant(name + ".weight", {outputs, inputs, 1, 1}, std::move(weights))},
                   {{"kernel_shape", std::vector<std::int64_t>{1, 1}},
                    {"strides", std::vector<std::int64_t>{1, 1}},
                    {"pads", std::vector<std::int64_t>{0, 0, 0, 0}}});
}

/// Writes rows x (distances, N x 1 x height x width) x columns^T: each product is a convolution of one pixel, with the rows or
/// the columns as channels. A product of matrices of unequal rank is beyond OpenCV 4.
inline std::string enlarge(graph_writer& to, const std::string& name, const std::string& distances, const nn::matrix& rows,
                           const nn::matrix& columns) {
    const auto turn = [&](const std::string& of, const std::string& x, std::vector<std::int64_t> axes) {
        return to.node("Transpose", name + of, {x}, {{"perm", std::move(axes)}});
    };
    const auto floats = [](const nn::matrix& m) { return std::vector<float>(m.values.begin(), m.values.end()); };
    auto x = turn(".width_first", distances, {0, 3, 1, 2});
    x = turn(".height_first", mix_channels(to, name + ".columns", x, columns.rows, floats(columns)), {0, 3, 2, 1});
    return turn(".map", mix_channels(to, name + ".rows", x, rows.rows, floats(rows)), {0, 2, 1, 3});
}

/// Writes one scale's share of the map: rows x (1 - cosine of teacher and student along the channels, in the positions' units) x
/// columns. channels: of the features. The operators are those that ONNX Runtime, OpenVINO and OpenCV's DNN module of 4.6 read.
inline std::string scale_nodes(graph_writer& to, const std::string& name, const std::string& teacher, const std::string& student,
                               std::size_t channels, const position_units& units, const nn::matrix& rows,
                               const nn::matrix& columns) {
    const auto dot = [&](const std::string& of, const std::string& a, const std::string& b) {
        return mix_channels(to, name + of, to.node("Mul", name + of + ".products", {a, b}), 1, std::vector(channels, 1.0f));
    };
    const auto norm = [&](const std::string& of, const std::string& a) {
        return to.node("Sqrt", name + of + ".norm", {dot(of, a, a)});
    };
    const auto both = dot(".both", teacher, student);
    const auto norms = to.node("Mul", name + ".norms", {norm(".teacher", teacher), norm(".student", student)});
    // at least epsilon
    const auto above = to.node("Relu", name + ".above", {to.node("Sub", name + ".excess", {norms, "epsilon"})});
    const auto floored = to.node("Add", name + ".floored", {above, "epsilon"});
    const auto cosine = to.node("Div", name + ".cosine", {both, floored});
    auto distance = to.node("Sub", name + ".distance", {"one", cosine});
    if (!units.gain.empty()) {
        const std::vector<std::size_t> size{1, 1, units.height, units.width};
        const auto gain = to.constant(name + ".gain", size, units.gain),
                   offset = to.constant(name + ".offset", size, units.offset);
        distance = to.node("Add", name + ".units", {to.node("Mul", name + ".gained", {distance, gain}), offset});
    }
    return enlarge(to, name, distance, rows, columns);
}

/// Writes the map, 0 outside the mask, and the raw score. roi: of the graph's size, or null.
inline void map_nodes(graph_writer& to, const scoring_graph& graph, const feature_names& teacher, const feature_names& student,
                      const architecture& arch, const map_units& units, double sigma, const data::shared_mask& roi) {
    const char* const whole = roi ? "map.whole" : scoring_graph::map;
    std::string sum;
    for (std::size_t i = 0; i < 3; ++i) {
        const std::size_t stride = std::size_t{4} << i;
        const auto share =
            scale_nodes(to, text("scale", i), teacher[i], student[i], feature_shape(arch, {1, 3, graph.height, graph.width}, i).c,
                        units.positions[i], nn::upsampling_matrix(graph.height / stride, graph.height, sigma, units.weights[i]),
                        nn::upsampling_matrix(graph.width / stride, graph.width, sigma));
        sum = i == 0 ? share : to.node("Add", i == 2 ? whole : "scales01", {sum, share});
    }
    if (roi) {
        std::vector<float> inside;
        for (const auto value : roi->pixels) inside.push_back(value == 0 ? 0.0f : 1.0f);
        sum = to.node("Mul", scoring_graph::map, {sum, to.constant("roi", {1, 1, graph.height, graph.width}, std::move(inside))});
    }
    to.node("ReduceMax", scoring_graph::raw_score, {sum},
            {{"axes", std::vector<std::int64_t>{2, 3}}, {"keepdims", std::int64_t{0}}});
}

/// Writes the calibration's formula in a form without cancellation. With g = steepness (raw_score - threshold) / spread,
/// h = sqrt(1 + g^2) and t = 0.5 / (h (h + |g|)), the score is t below the threshold and 1 - t from the threshold on; it is
/// exactly 0.5 at the threshold.
inline void calibration_nodes(graph_writer& to, const calibration& by, const std::string& raw_score) {
    auto threshold = static_cast<float>(by.threshold);
    // Rounded up, so that the same raw scores reach the float and the double.
    if (static_cast<double>(threshold) < by.threshold) threshold = std::nextafter(threshold, std::numeric_limits<float>::max());
    to.constant("threshold", {}, std::vector<float>{threshold});
    to.constant("slope", {}, std::vector<float>{static_cast<float>(calibration::steepness / by.spread())});
    to.constant("half", {}, std::vector<float>{0.5f});
    to.constant("zero", {}, std::vector<float>{0.0f});
    const auto name = [](const char* of) { return text("calibration.", of); };
    const auto g = to.node("Mul", name("g"), {to.node("Sub", name("distance"), {raw_score, "threshold"}), "slope"});
    const auto h = to.node("Sqrt", name("h"), {to.node("Add", name("h2"), {"one", to.node("Mul", name("g2"), {g, g})})});
    const auto sum = to.node("Add", name("sum"), {h, to.node("Abs", name("size"), {g})});
    const auto tail = to.node("Div", name("tail"), {"half", to.node("Mul", name("product"), {h, sum})});
    const auto above = to.node("Sub", name("above"), {"one", tail});
    to.node("Where", scoring_graph::score, {to.node("Less", name("below"), {g, "zero"}), tail, above});
}

}  // namespace export_detail

/// Settings of a graph.
struct graph_options {
    double sigma{map_sigma};                          ///< of the Gaussian over the map, in pixels of the network's input
    std::optional<rd4ad::calibration> calibration{};  ///< adds the output `score`
};

/// Throws option_error for a region of interest that a graph can't hold as a constant.
inline void check_graph_roi(const model_settings& settings) {
    if (settings.roi.kind == data::roi_kind::per_image)
        throw option_error{
            "export: the model's region of interest is drawn per image, a graph has one; train with one mask for all images"};
    if (settings.roi.kind == data::roi_kind::one_for_all && !settings.preprocessing.whole())
        throw option_error{
            "export: the model's region of interest is that of whole images, its graph sees patches; score with the checkpoint, "
            "or "
            "train without patches"};
}

/// Returns the graph of a model at its input size. Weights are folded as the detector folds them; each scale is enlarged and
/// blurred by the detector's constant matrices; a region of interest is a constant that multiplies the map. Throws option_error
/// for a size that is not a multiple of 32, and as check_graph_roi does.
template <Backend B>
[[nodiscard]] scoring_graph make_graph(model<B>& m, const graph_options& options = {}) {
    scoring_graph graph{m.settings.height, m.settings.width, options.calibration.has_value()};
    check_network_size(graph.height, graph.width);
    check_graph_roi(m.settings);
    export_detail::graph_writer to{graph};
    to.constant("epsilon", {}, std::vector<float>{static_cast<float>(nn::cosine_epsilon)});
    to.constant("one", {}, std::vector<float>{1});
    const auto teacher = export_detail::teacher_nodes(to, m);
    const auto student = export_detail::student_nodes(to, m, teacher);
    export_detail::map_nodes(to, graph, teacher, student, *m.arch, m.settings.units, options.sigma, network_roi(m.settings));
    if (options.calibration) export_detail::calibration_nodes(to, *options.calibration, scoring_graph::raw_score);
    return graph;
}

}  // namespace rd4ad::inline RD4AD_ABI
