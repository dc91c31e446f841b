// rd4ad/model/settings.hpp: what a model is made with, and what its checkpoint keeps beside the weights. Twin:
// tests/model/checkpoint.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include <rd4ad/data/view.hpp>
#include <rd4ad/image/normalise.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/nn/convolution/rule.hpp>

namespace rd4ad {

/// The Gaussian over the map, in pixels of the network's image. Source: the paper's code.
inline constexpr double map_sigma = 4.0;

/// Settings of a model that its checkpoint keeps beside the weights.
struct model_settings {
    std::size_t height{256}, width{256};  ///< of the images the network sees, patches or all; multiples of 32
    image::normalisation normalisation{};
    std::string teacher{"none"};  ///< where the teacher's weights come from, for people to read
    data::view view{};            ///< how photographs become such images
    io::json calibration{};       ///< of the scores, as score/calibration.hpp writes it; null: none
};

/// Options of `make_model`.
struct model_options {
    std::uint64_t seed{111};  ///< of the first values
    std::size_t threads{0};   ///< 0: rd4ad::default_threads()
    nn::algorithm algorithm{nn::algorithm::automatic};
};

}  // namespace rd4ad
