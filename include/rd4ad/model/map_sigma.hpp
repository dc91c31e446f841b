// rd4ad/model/map_sigma.hpp: the smoothing of the anomaly map. Twin: tests/score/smoothing.cpp
#pragma once
#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Standard deviation of the Gaussian over the map, in pixels of the network's input. Source: the paper's code.
inline constexpr double map_sigma = 4.0;

}  // namespace rd4ad::inline RD4AD_ABI
