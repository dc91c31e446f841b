// tests/support/graph_interpreter.hpp: computes a scoring graph operator by operator, in double.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include <rd4ad/export/graph.hpp>

namespace rd4ad::test {

/// A tensor in C order.
struct array {
    std::vector<std::size_t> shape;
    std::vector<double> values;
};

/// Computes the operators that rd4ad's graphs use, by plain loops.
class graph_interpreter {
   public:
    explicit graph_interpreter(const scoring_graph& graph) : graph_{&graph} {
        for (const auto& constant : graph.constants)
            known_[constant.name] = {constant.shape, {constant.values.begin(), constant.values.end()}};
    }

    /// Returns every node's output by name. images: N x 3 x H x W.
    std::map<std::string, array> run(const array& images) const {
        auto values = known_;
        values[scoring_graph::input] = images;
        for (const auto& node : graph_->nodes) {
            std::vector<const array*> inputs;
            for (const auto& input : node.inputs) inputs.push_back(&values.at(input));
            values[node.name] = output_of(node, inputs);
        }
        return values;
    }

   private:
    static std::vector<std::int64_t> list(const graph_node& node, const std::string& name) {
        for (const auto& attribute : node.attributes)
            if (attribute.name == name) return std::get<std::vector<std::int64_t>>(attribute.value);
        throw std::runtime_error{node.name + " has no " + name};
    }
    static std::int64_t one(const graph_node& node, const std::string& name) {
        for (const auto& attribute : node.attributes)
            if (attribute.name == name) return std::get<std::int64_t>(attribute.value);
        throw std::runtime_error{node.name + " has no " + name};
    }

    /// Whether ONNX repeats `small` over the first axis of `large`, or over all of it.
    static bool repeats(const array& small, const array& large) {
        auto shape = large.shape;
        if (!shape.empty()) shape.front() = 1;
        return small.values.size() == 1 || small.shape == large.shape || small.shape == shape;
    }

    template <class Operation>
    static array element_wise(const array& a, const array& b, const Operation& operation) {
        const bool a_is_large = a.values.size() >= b.values.size();
        const auto &large = a_is_large ? a : b, &small = a_is_large ? b : a;
        if (!repeats(small, large)) throw std::runtime_error{"element-wise operator: the shapes differ"};
        array out{large.shape, std::vector<double>(large.values.size())};
        for (std::size_t i = 0; i < out.values.size(); ++i)
            out.values[i] = operation(a.values[i % a.values.size()], b.values[i % b.values.size()]);
        return out;
    }

    static array output_of(const graph_node& node, const std::vector<const array*>& in) {
        const auto& op = node.operation;
        const auto& x = *in[0];
        if (op == "Conv")
            return convolution(node, x, *in[1], in.size() > 2 ? *in[2] : array{{}, std::vector<double>(in[1]->shape[0])});
        if (op == "ConvTranspose") return transposed_convolution(node, x, *in[1], *in[2]);
        if (op == "MaxPool") return pool(node, x);
        if (op == "Relu") return element_wise(x, {{}, {0}}, [](double a, double b) { return std::max(a, b); });
        if (op == "Abs") return element_wise(x, {{}, {0}}, [](double a, double) { return std::fabs(a); });
        if (op == "Less") return element_wise(x, *in[1], [](double a, double b) { return a < b ? 1.0 : 0.0; });
        if (op == "Where") {
            array y = *in[2];
            for (std::size_t i = 0; i < y.values.size(); ++i)
                if (x.values[i] != 0) y.values[i] = in[1]->values[i];
            return y;
        }
        if (op == "Sqrt") return element_wise(x, {{}, {0}}, [](double a, double) { return std::sqrt(a); });
        if (op == "Add") return element_wise(x, *in[1], [](double a, double b) { return a + b; });
        if (op == "Sub") return element_wise(x, *in[1], [](double a, double b) { return a - b; });
        if (op == "Mul") return element_wise(x, *in[1], [](double a, double b) { return a * b; });
        if (op == "Div") return element_wise(x, *in[1], [](double a, double b) { return a / b; });
        if (op == "Transpose") return transposed(x, list(node, "perm"));
        if (op == "Concat") return concatenation(node, in);
        if (op == "ReduceMax") return maximum(node, x);
        throw std::runtime_error{node.name + ": the operator " + op + " is unknown"};
    }

    static array convolution(const graph_node& node, const array& x, const array& w, const array& bias) {
        const auto stride = static_cast<std::size_t>(list(node, "strides").at(0)),
                   pad = static_cast<std::size_t>(list(node, "pads").at(0));
        const std::size_t k = w.shape[2], h = x.shape[2], wide = x.shape[3];
        array y{{x.shape[0], w.shape[0], (h + 2 * pad - k) / stride + 1, (wide + 2 * pad - k) / stride + 1}, {}};
        if (list(node, "kernel_shape") != std::vector(2, static_cast<std::int64_t>(k)) || w.shape[1] != x.shape[1])
            throw std::runtime_error{node.name + ": the weight's shape does not fit"};
        for (std::size_t n = 0; n < y.shape[0]; ++n)
            for (std::size_t o = 0; o < y.shape[1]; ++o) {
                std::vector<double> channel(y.shape[2] * y.shape[3], bias.values[o]);
                for (std::size_t c = 0; c < x.shape[1]; ++c)
                    for (std::size_t ky = 0; ky < k; ++ky)
                        for (std::size_t kx = 0; kx < k; ++kx) {
                            const double by = w.values[((o * x.shape[1] + c) * k + ky) * k + kx];
                            for (std::size_t row = 0; row < y.shape[2]; ++row)
                                for (std::size_t column = 0; column < y.shape[3]; ++column) {
                                    const std::size_t py = row * stride + ky - pad, px = column * stride + kx - pad;
                                    if (py < h && px < wide)
                                        channel[row * y.shape[3] + column] +=
                                            by * x.values[((n * x.shape[1] + c) * h + py) * wide + px];
                                }
                        }
                y.values.insert(y.values.end(), channel.begin(), channel.end());
            }
        return y;
    }

    static array transposed_convolution(const graph_node& node, const array& x, const array& w, const array& bias) {
        if (list(node, "strides") != std::vector<std::int64_t>{2, 2} || w.shape[2] != 2)
            throw std::runtime_error{node.name + ": expected a 2x2 kernel with stride 2"};
        const std::size_t in = x.shape[1], out = w.shape[1], h = x.shape[2], wide = x.shape[3];
        array y{{x.shape[0], out, 2 * h, 2 * wide}, std::vector<double>(x.shape[0] * out * 4 * h * wide)};
        for (std::size_t n = 0; n < x.shape[0]; ++n)
            for (std::size_t o = 0; o < out; ++o)
                for (std::size_t row = 0; row < 2 * h; ++row)
                    for (std::size_t column = 0; column < 2 * wide; ++column) {
                        double sum = bias.values[o];
                        for (std::size_t c = 0; c < in; ++c)
                            sum += x.values[((n * in + c) * h + row / 2) * wide + column / 2] *
                                   w.values[((c * out + o) * 2 + row % 2) * 2 + column % 2];
                        y.values[((n * out + o) * 2 * h + row) * 2 * wide + column] = sum;
                    }
        return y;
    }

    static array pool(const graph_node& node, const array& x) {
        if (list(node, "kernel_shape") != std::vector<std::int64_t>{3, 3} ||
            list(node, "pads") != std::vector<std::int64_t>(4, 1))
            throw std::runtime_error{node.name + ": expected a 3x3 kernel with padding 1"};
        const std::size_t h = x.shape[2], w = x.shape[3];
        array y{{x.shape[0], x.shape[1], h / 2, w / 2}, {}};
        for (std::size_t channel = 0; channel < x.shape[0] * x.shape[1]; ++channel)
            for (std::size_t row = 0; row < h / 2; ++row)
                for (std::size_t column = 0; column < w / 2; ++column) {
                    double best = -1e300;
                    for (std::size_t py = row > 0 ? 2 * row - 1 : 0; py < std::min(h, 2 * row + 2); ++py)
                        for (std::size_t px = column > 0 ? 2 * column - 1 : 0; px < std::min(w, 2 * column + 2); ++px)
                            best = std::max(best, x.values[(channel * h + py) * w + px]);
                    y.values.push_back(best);
                }
        return y;
    }

    /// The axes of four in another order.
    static array transposed(const array& x, const std::vector<std::int64_t>& axes) {
        array y{{}, {}};
        std::array<std::size_t, 4> step{};  // in x, per axis of y
        for (const std::int64_t axis : axes) {
            const auto at = static_cast<std::size_t>(axis);
            std::size_t stride = 1;
            for (std::size_t later = at + 1; later < 4; ++later) stride *= x.shape[later];
            step.at(y.shape.size()) = stride;
            y.shape.push_back(x.shape.at(at));
        }
        for (std::size_t n = 0; n < y.shape[0]; ++n)
            for (std::size_t c = 0; c < y.shape[1]; ++c)
                for (std::size_t row = 0; row < y.shape[2]; ++row)
                    for (std::size_t column = 0; column < y.shape[3]; ++column)
                        y.values.push_back(x.values[n * step[0] + c * step[1] + row * step[2] + column * step[3]]);
        return y;
    }

    static array concatenation(const graph_node& node, const std::vector<const array*>& in) {
        if (one(node, "axis") != 1) throw std::runtime_error{node.name + ": expected the axis of channels"};
        array y{in[0]->shape, {}};
        y.shape[1] = 0;
        for (const auto* input : in) y.shape[1] += input->shape[1];
        for (std::size_t n = 0; n < y.shape[0]; ++n)
            for (const auto* input : in) {
                const std::size_t each = input->values.size() / y.shape[0];
                const auto begin = input->values.begin() + static_cast<std::ptrdiff_t>(n * each);
                y.values.insert(y.values.end(), begin, begin + static_cast<std::ptrdiff_t>(each));
            }
        return y;
    }

    static array maximum(const graph_node& node, const array& x) {
        if (list(node, "axes") != std::vector<std::int64_t>{2, 3} || one(node, "keepdims") != 0)
            throw std::runtime_error{node.name + ": expected the axes of height and width"};
        array y{{x.shape[0], x.shape[1]}, {}};
        const auto pixels = static_cast<std::ptrdiff_t>(x.shape[2] * x.shape[3]);
        for (auto at = x.values.begin(); at != x.values.end(); at += pixels)
            y.values.push_back(*std::max_element(at, at + pixels));
        return y;
    }

    const scoring_graph* graph_;
    std::map<std::string, array> known_{};
};

}  // namespace rd4ad::test
