// rd4ad/score/options.hpp: the settings of a detector. Twin: tests/score/detector.cpp
#pragma once
#include <cstddef>
#include <string>

#include <rd4ad/model/map_sigma.hpp>
#include <rd4ad/score/region.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The size of the maps that a detector returns.
enum class map_size {
    network,  ///< of the preprocessed image: the network's input, or the image from which its patches are cut
    image     ///< of the source image, by bilinear interpolation; 0 where a crop hides the image from the network
};

/// Settings of a detector.
struct detector_options {
    std::size_t batch{8};     ///< inputs (images or patches) computed at once, at least 1; more are divided into batches
    double sigma{map_sigma};  ///< of the Gaussian over the map, in pixels of the preprocessed image
    map_size size{map_size::image};
    region_options regions{};
    std::string product{};  ///< that the images show, for a model with a calibration per product; an image may name its own
};

/// Settings of detector::warm_up.
struct warm_up_options {
    std::size_t frames{1};   ///< scored by one call later on, at least 1
    std::size_t callers{1};  ///< threads that score at once later on, at least 1
};

}  // namespace rd4ad::inline RD4AD_ABI
