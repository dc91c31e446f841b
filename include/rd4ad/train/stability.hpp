// rd4ad/train/stability.hpp: two measures against spikes in the training's loss. Twin: tests/train/stability.cpp
#pragma once
#include <cstddef>

#include <rd4ad/nn/adam.hpp>
#include <rd4ad/nn/weights.hpp>

namespace rd4ad {

/// Spikes come from batch norms whose batch hardly varies in a channel, and from Adam's memory of steeper times. Both measures
/// are off by default. Source: ReContrast (Guo et al. 2023), appendix E, there for a trained encoder.
struct stability {
    /// A batch norm of bottleneck and student whose batch variance in a channel is below both this and the running variance
    /// normalises that channel by the running variance, and leaves it as it is. 0: off; ReContrast's is 5e-4.
    double variance_guard{0};
    std::size_t reset_every{0};  ///< steps after which Adam's moments and step count begin anew; 0: never; ReContrast's is 500
};

/// Begins Adam's memory anew where it is due: before the first step after `reset_every`.
template <Backend B>
void reset_if_due(typename B::queue& q, const stability& by, nn::adam_state<B>& state) {
    if (by.reset_every == 0 || state.steps < by.reset_every) return;
    const std::size_t count = state.first.count();
    state = {nn::make_flat<B>(q, count), nn::make_flat<B>(q, count), 0};
}

}  // namespace rd4ad
