// rd4ad/nn/convolution/rule.hpp: which algorithm a convolution takes: a fixed rule of its shape. Twin: tests/nn/rule.cpp
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include <rd4ad/core/error.hpp>
#include <rd4ad/nn/convolution/geometry.hpp>
#include <rd4ad/nn/convolution/winograd.hpp>

namespace rd4ad::nn {

/// The algorithm for 3x3 convolutions of stride 1: Winograd's, the plain product over gathered windows, or the rule's choice.
enum class algorithm { automatic, direct, winograd };

/// "auto", "direct" or "winograd"; option_error for anything else.
[[nodiscard]] inline algorithm algorithm_from(std::string_view name) {
    if (name == "auto") return algorithm::automatic;
    if (name == "direct") return algorithm::direct;
    if (name == "winograd") return algorithm::winograd;
    throw option_error{"algorithm '" + std::string{name} + "' is unknown: expected auto, direct or winograd"};
}

/// Below this many tiles the transformed weights, four times the plain ones, are read for too few products.
inline constexpr std::size_t least_winograd_tiles = 12;

/// True if the layer takes Winograd's algorithm for an input of this shape. The rule looks at nothing but its arguments, so
/// runs repeat bit for bit. 7x7, 1x1, strided and transposed layers never do.
[[nodiscard]] inline bool takes_winograd(const convolution& layer, const shape& input, algorithm choice) {
    if (layer.kernel != 3 || layer.stride != 1 || layer.transposed || choice == algorithm::direct) return false;
    return choice == algorithm::winograd || winograd::tile_count(input) >= least_winograd_tiles;
}

}  // namespace rd4ad::nn
