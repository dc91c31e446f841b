// rd4ad/export/graph.hpp: the scoring network as a list of ONNX's operators over constants, batch norms folded. Twin:
// tests/export/graph.cpp
#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <rd4ad/model/scoring.hpp>
#include <rd4ad/score/calibration.hpp>

namespace rd4ad {

/// A constant of a graph: C order, floats or (axes) whole numbers.
struct graph_constant {
    std::string name;
    std::vector<std::size_t> shape;
    std::variant<std::vector<float>, std::vector<std::int64_t>> values;
    bool weight{false};  ///< of a convolution: nearly all of a graph's bytes, and what may be stored in fewer bits
};

/// An operator's setting: one whole number or several.
struct graph_attribute {
    std::string name;
    std::variant<std::int64_t, std::vector<std::int64_t>> value;
};

/// One operator by ONNX's name, its result named as the node is.
struct graph_node {
    std::string operation, name;
    std::vector<std::string> inputs;
    std::vector<graph_attribute> attributes{};
};

/// The network from normalised images (`input`, N x 3 x height x width) to `map` (N x 1 x height x width) and `score`
/// (N x 1), for any N: nodes in the order they run. With a calibration also to `calibrated` (N x 1), the score in 0..1.
struct scoring_graph {
    static constexpr const char *input = "image", *map = "map", *score = "score", *calibrated = "calibrated";
    std::size_t height{0}, width{0};
    bool has_calibrated{false};
    std::vector<graph_constant> constants{};
    std::vector<graph_node> nodes{};
};

namespace detail {

/// Adds nodes and constants to a graph; each function returns the name of its result.
class graph_writer {
   public:
    explicit graph_writer(scoring_graph& to) : graph_{&to} {}

    std::string node(std::string operation, std::string name, std::vector<std::string> inputs,
                     std::vector<graph_attribute> attributes = {}) {
        graph_->nodes.push_back({std::move(operation), name, std::move(inputs), std::move(attributes)});
        return name;
    }

    std::string constant(std::string name, std::vector<std::size_t> shape,
                         std::variant<std::vector<float>, std::vector<std::int64_t>> values, bool weight = false) {
        graph_->constants.push_back({name, std::move(shape), std::move(values), weight});
        return name;
    }

   private:
    scoring_graph* graph_;
};

/// One parameter table's layers as nodes, with their batch norms folded.
template <Backend B>
class layer_writer {
   public:
    /// for_each(visit) calls visit(layer, any shape) for every layer of the table.
    template <class ForEach>
    layer_writer(graph_writer& to, typename B::queue& q, const nn::parameter_table& table, const nn::weights<B>& weights,
                 const ForEach& for_each)
        : to_{&to} {
        nn::folded_weights<B> folded{nn::make_flat<B>(q, table.value_count)};
        for_each([&](const nn::conv_norm& layer, const shape&) { nn::fold<B>(q, layer, weights, folded); });
        const auto values = to_host<B>(q, folded.values);
        values_.assign(values.begin(), values.end());
        for (const auto& p : table.values)
            if (p.kind == nn::parameter_kind::convolution) parameters_.emplace(p.offset, &p);
    }

    /// y = [relu](convolution + bias [+ residual]).
    std::string convolve(const nn::conv_norm& layer, const std::string& x, bool relu, const std::string& residual = "") const {
        const auto& p = *parameters_.at(layer.weight);
        const std::string name = p.name.substr(0, p.name.rfind('.'));
        std::vector<float> weight(p.count);
        nn::to_pytorch<float>(p, std::span{values_}.subspan(layer.weight, p.count), weight);
        const auto bias = values_.begin() + static_cast<std::ptrdiff_t>(layer.norm.bias);
        const auto w = to_->constant(name + ".weight", p.shape, std::move(weight), true);
        const auto b = to_->constant(name + ".bias", {layer.conv.out},
                                     std::vector<float>(bias, bias + static_cast<std::ptrdiff_t>(layer.conv.out)));
        const auto size = static_cast<std::int64_t>(layer.conv.kernel), stride = static_cast<std::int64_t>(layer.conv.stride),
                   pad = static_cast<std::int64_t>(layer.conv.padding());
        std::string y = to_->node(
            layer.conv.transposed ? "ConvTranspose" : "Conv", name, {x, w, b},
            {{"kernel_shape", std::vector{size, size}}, {"strides", std::vector{stride, stride}}, {"pads", std::vector(4, pad)}});
        if (!residual.empty()) y = to_->node("Add", name + ".sum", {y, residual});
        return relu ? to_->node("Relu", name + ".relu", {y}) : y;
    }

    std::string stage(const nn::stage& blocks, std::string x) const {
        for (const auto& block : blocks) {
            const auto side = block.side ? convolve(*block.side, x, false) : x;
            auto y = convolve(block.first, x, true);
            if (block.third) y = convolve(block.second, y, true);
            x = convolve(block.last(), y, true, side);
        }
        return x;
    }

   private:
    graph_writer* to_;
    std::vector<float> values_;
    std::unordered_map<std::size_t, const nn::parameter*> parameters_{};  // by the weight's offset
};

/// rows x (1 - cosine of teacher and student along the channels) x columns, one scale's share of the map.
inline std::string scale_nodes(graph_writer& to, const std::string& name, const std::string& teacher, const std::string& student,
                               const nn::matrix& rows, const nn::matrix& columns) {
    const auto dot = [&](const std::string& of, const std::string& a, const std::string& b) {
        const auto products = to.node("Mul", name + of + ".products", {a, b});
        return to.node("ReduceSum", name + of, {products, "channels"}, {{"keepdims", std::int64_t{1}}});
    };
    const auto root = [&](const std::string& of, const std::string& a) {
        return to.node("Sqrt", name + of + ".norm", {dot(of, a, a)});
    };
    const auto both = dot(".both", teacher, student);
    const auto norms = to.node("Mul", name + ".norms", {root(".teacher", teacher), root(".student", student)});
    const auto floor = to.node("Max", name + ".floored", {norms, "epsilon"});
    const auto cosine = to.node("Div", name + ".cosine", {both, floor});
    const auto distance = to.node("Sub", name + ".distance", {"one", cosine});
    const auto left =
        to.constant(name + ".rows", {rows.rows, rows.columns}, std::vector<float>(rows.values.begin(), rows.values.end()));
    std::vector<float> turned;
    for (std::size_t c = 0; c < columns.columns; ++c)
        for (std::size_t r = 0; r < columns.rows; ++r) turned.push_back(static_cast<float>(columns.at(r, c)));
    const auto right = to.constant(name + ".columns", {columns.columns, columns.rows}, std::move(turned));
    return to.node("MatMul", name + ".map", {left, to.node("MatMul", name + ".wide", {distance, right})});
}

/// The scale's formula without its cancellation: with g the steep distance from the threshold and t = 0.5 / (h (h + |g|)),
/// h = sqrt(1 + g^2), t below the threshold and 1 - t from there on: 0.5 exactly at the threshold.
inline void calibration_nodes(graph_writer& to, const calibration& by, const std::string& score) {
    auto threshold = static_cast<float>(by.threshold);  // rounded up: a score reaches it as it reaches the double
    if (static_cast<double>(threshold) < by.threshold) threshold = std::nextafter(threshold, std::numeric_limits<float>::max());
    to.constant("threshold", {}, std::vector<float>{threshold});
    to.constant("slope", {}, std::vector<float>{static_cast<float>(calibration::steepness / by.spread())});
    to.constant("half", {}, std::vector<float>{0.5f});
    to.constant("zero", {}, std::vector<float>{0.0f});
    const auto g = to.node("Mul", "scale.g", {to.node("Sub", "scale.distance", {score, "threshold"}), "slope"});
    const auto h = to.node("Sqrt", "scale.h", {to.node("Add", "scale.h2", {"one", to.node("Mul", "scale.g2", {g, g})})});
    const auto sum = to.node("Add", "scale.sum", {h, to.node("Abs", "scale.size", {g})});
    const auto tail = to.node("Div", "scale.tail", {"half", to.node("Mul", "scale.product", {h, sum})});
    const auto above = to.node("Sub", "scale.above", {"one", tail});
    to.node("Where", scoring_graph::calibrated, {to.node("Less", "scale.below", {g, "zero"}), tail, above});
}

}  // namespace detail

/// What goes into a graph besides the network.
struct graph_options {
    double sigma{map_sigma};             ///< of the Gaussian over the map, in pixels of the network's image
    std::optional<calibration> scale{};  ///< for the output `calibrated`
};

/// The graph of a model at its image size. Weights are folded as the detector folds them, and each scale is enlarged and
/// blurred by the detector's own constant matrices. option_error for a size that is no multiple of 32.
template <Backend B>
[[nodiscard]] scoring_graph make_graph(model<B>& m, const graph_options& options = {}) {
    scoring_graph graph{m.settings.height, m.settings.width, options.scale.has_value()};
    check_network_size(graph.height, graph.width);
    const shape image{1, 3, graph.height, graph.width};
    const shape first{1, 64 * m.arch->expansion(), graph.height / 4, graph.width / 4};
    detail::graph_writer to{graph};
    to.constant("channels", {1}, std::vector<std::int64_t>{1});
    to.constant("epsilon", {}, std::vector<float>{static_cast<float>(nn::cosine_epsilon)});
    to.constant("one", {}, std::vector<float>{1});

    std::array<std::string, 3> teacher, student;
    {
        const detail::layer_writer<B> layers{to, m.queue, m.teacher_net.table, m.teacher,
                                             [&](const auto& visit) { m.teacher_net.for_each_layer(image, visit); }};
        auto x = layers.convolve(m.teacher_net.stem, scoring_graph::input, true);
        x = to.node("MaxPool", "teacher.pool", {x},
                    {{"kernel_shape", std::vector<std::int64_t>(2, 3)},
                     {"strides", std::vector<std::int64_t>(2, 2)},
                     {"pads", std::vector<std::int64_t>(4, 1)}});
        for (std::size_t i = 0; i < 3; ++i) x = teacher[i] = layers.stage(m.teacher_net.layers[i], x);
    }
    {
        const auto& ocbe = m.trained_net.bottleneck;
        const auto& decoder = m.trained_net.student;
        const detail::layer_writer<B> layers{to, m.queue, m.trained_net.table, m.trained, [&](const auto& visit) {
                                                 decoder.for_each_layer(ocbe.for_each_layer(first, visit), visit);
                                             }};
        const auto a = layers.convolve(ocbe.conv2, layers.convolve(ocbe.conv1, teacher[0], true), true);
        const auto b = layers.convolve(ocbe.conv3, teacher[1], true);
        auto x = to.node("Concat", "bn.fused", {a, b, teacher[2]}, {{"axis", std::int64_t{1}}});
        x = layers.stage(ocbe.layer, x);
        for (std::size_t i = 0; i < 3; ++i) x = student[2 - i] = layers.stage(decoder.layers[i], x);
    }
    std::string sum;
    for (std::size_t i = 0; i < 3; ++i) {
        const std::size_t stride = std::size_t{4} << i;
        const auto share = detail::scale_nodes(to, "scale" + std::to_string(i), teacher[i], student[i],
                                               nn::enlargement(graph.height / stride, graph.height, options.sigma),
                                               nn::enlargement(graph.width / stride, graph.width, options.sigma));
        sum = i == 0 ? share : to.node("Add", i == 2 ? scoring_graph::map : "scales01", {sum, share});
    }
    to.node("ReduceMax", scoring_graph::score, {sum}, {{"axes", std::vector<std::int64_t>{2, 3}}, {"keepdims", std::int64_t{0}}});
    if (options.scale) detail::calibration_nodes(to, *options.scale, scoring_graph::score);
    return graph;
}

}  // namespace rd4ad
