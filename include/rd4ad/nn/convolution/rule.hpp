// rd4ad/nn/convolution/rule.hpp: which algorithm a convolution takes: a fixed rule of its shape. Twin: tests/nn/rule.cpp
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include <rd4ad/backend/concept.hpp>
#include <rd4ad/core/error.hpp>
#include <rd4ad/nn/convolution/geometry.hpp>
#include <rd4ad/nn/convolution/winograd.hpp>

namespace rd4ad::nn {

/// The user's say about 3x3 convolutions: the rule's choice, the plain product over gathered windows, or fewer
/// multiplications wherever there is a way: F(4x4, 3x3) or F(2x2, 3x3) for stride 1, the split for stride 2.
enum class algorithm { automatic, direct, winograd, winograd_2x2 };

/// "auto", "direct", "winograd" or "winograd-2x2"; option_error for anything else.
[[nodiscard]] inline algorithm algorithm_from(std::string_view name) {
    if (name == "auto") return algorithm::automatic;
    if (name == "direct") return algorithm::direct;
    if (name == "winograd") return algorithm::winograd;
    if (name == "winograd-2x2") return algorithm::winograd_2x2;
    throw option_error{"algorithm '" + std::string{name} + "' is unknown: expected auto, direct, winograd or winograd-2x2"};
}

/// What `automatic` comes to on a backend. Narrow factors don't bear F(4x4, 3x3), whose transforms enlarge their rounding.
template <class B>
[[nodiscard]] constexpr algorithm suited(algorithm choice) {
    return backend::narrow_products<B> && choice == algorithm::automatic ? algorithm::winograd_2x2 : choice;
}

/// How a convolution is computed: by one product over its plain weights, or by a scheme of nn/convolution/schemes.hpp.
enum class method : std::size_t { plain, four, two, strided };
inline constexpr std::size_t methods = 4;

/// Whether the weights of a layer are laid out once for many calls (scoring, the frozen teacher) or made anew each time
/// (training, where every step changes them).
enum class weights_are { kept, made };

/// What reading a matrix of weights costs, in rows of the product: so many rows are multiplied by it in the time that it
/// takes to come from memory, and to be transformed and laid out where that is done each time.
[[nodiscard]] constexpr std::size_t rows_worth_a_matrix(weights_are weights) { return weights == weights_are::kept ? 16 : 48; }

/// Products of a scheme for a result of this shape, each with its rows and what its weights cost.
template <class Scheme>
[[nodiscard]] std::size_t cost(const shape& result, weights_are weights) {
    return Scheme::planes * winograd::tile_count<Scheme>(result) +
           Scheme::distinct * Scheme::distinct * rows_worth_a_matrix(weights);
}

/// The method of a layer for an input of this shape. The rule looks at nothing but its arguments, so runs repeat bit for
/// bit. 7x7, 1x1 and transposed layers are always plain.
[[nodiscard]] inline method method_of(const convolution& layer, const shape& input, algorithm choice, weights_are weights) {
    if (layer.kernel != 3 || layer.transposed || choice == algorithm::direct) return method::plain;
    const bool even = input.h % 2 == 0 && input.w % 2 == 0;
    if (layer.stride == 2 && !even) return method::plain;
    if (choice == algorithm::winograd) return layer.stride == 1 ? method::four : method::strided;
    if (choice == algorithm::winograd_2x2) return layer.stride == 1 ? method::two : method::strided;
    const shape result = layer.result_of(input);
    const std::size_t plain = layer.taps() * (result.pixels() + rows_worth_a_matrix(weights));
    if (layer.stride == 2) return cost<schemes::strided>(result, weights) < plain ? method::strided : method::plain;
    const std::size_t four = cost<schemes::four>(result, weights), two = cost<schemes::two>(result, weights);
    if (plain <= four && plain <= two) return method::plain;
    return four <= two ? method::four : method::two;
}

}  // namespace rd4ad::nn
