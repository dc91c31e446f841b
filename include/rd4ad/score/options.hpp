// rd4ad/score/options.hpp: the settings of a detector as a plain struct. Twin: tests/score/detector.cpp
#pragma once
#include <cstddef>

#include <rd4ad/model/settings.hpp>
#include <rd4ad/score/regions.hpp>

namespace rd4ad {

/// The size at which a detector gives its maps.
enum class map_size {
    network,    ///< of the fitted photograph: the network's image, with patches what they are cut from
    photograph  ///< of the photograph, bilinear; 0 where a crop left it unseen
};

/// Options of a detector.
struct detector_options {
    std::size_t batch{8};     ///< images or patches computed at once; larger batches are cut
    double sigma{map_sigma};  ///< of the Gaussian over the map, in pixels of the fitted photograph
    map_size size{map_size::photograph};
    region_options regions{};
};

}  // namespace rd4ad
