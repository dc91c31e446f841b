// rd4ad/model/student.hpp: the reversed ResNet: from the embedding back to the teacher's features. Twin: tests/model/golden.cpp
#pragma once
#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include <rd4ad/model/teacher.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The student's stages under the authors' names ("decoder."), coarsest first.
struct student_network {
    std::array<nn::stage, 3> layers;

    student_network(nn::parameter_table& table, const architecture& arch) {
        std::size_t in = 512 * arch.expansion();
        for (std::size_t i = 0; i < 3; ++i) {
            const std::size_t width = std::size_t{256} >> i;
            layers[i] = nn::add_stage(table, "decoder.layer" + std::to_string(i + 1) + '.',
                                      {.deep = arch.deep, .in = in, .width = width, .inner_factor = arch.inner_factor},
                                      arch.blocks[i], nn::direction::up);
            in = width * arch.expansion();
        }
    }

    /// Calls visit(layer, its input's shape) for every convolution.
    template <class Visit>
    void for_each_layer(shape embedding, const Visit& visit) const {
        for (const auto& layer : layers) embedding = nn::for_each_layer(layer, embedding, visit);
    }
};

/// Features of the teacher's shapes, finest first, with folded weights.
template <Backend B>
[[nodiscard]] features<B> infer(typename B::queue& q, const student_network& net, const nn::folded_weights<B>& weights,
                                tensor<B> x) {
    features<B> found;
    for (std::size_t i = 0; i < 3; ++i) x = found[2 - i] = nn::infer<B>(q, net.layers[i], weights, std::move(x));
    return found;
}

/// The values that the student keeps for its backward, stage by stage, coarsest first.
template <Backend B>
using student_activations = std::array<nn::stage_activations<B>, 3>;

template <Backend B>
[[nodiscard]] student_activations<B> forward(typename B::queue& q, const student_network& net, nn::weights<B>& w, tensor<B> x,
                                             const nn::training_mode& mode) {
    student_activations<B> saved;
    for (std::size_t i = 0; i < 3; ++i) {
        saved[i] = nn::forward<B>(q, net.layers[i], w, x, mode);
        x = saved[i].back().output;
    }
    return saved;
}

/// Backward from the loss: add_loss(scale, gradient, accumulate) writes the loss's gradient of the student's features at a
/// scale (0 the finest), or adds it. Returns the gradient of the embedding.
template <Backend B, class AddLoss, nn::GradientSink<B> Sink>
[[nodiscard]] tensor<B> backward(typename B::queue& q, const student_network& net, const nn::weights<B>& w,
                                 student_activations<B>& saved, const AddLoss& add_loss, Sink& sink,
                                 const nn::training_mode& mode) {
    tensor<B> gradient = make_tensor<B>(q, saved[2].back().output.shape);
    for (std::size_t i = 3; i-- > 0;) {
        add_loss(2 - i, gradient, i != 2);
        gradient = nn::backward<B>(q, net.layers[i], w, saved[i], gradient, sink, true, mode);
    }
    return gradient;
}

}  // namespace rd4ad::inline RD4AD_ABI
