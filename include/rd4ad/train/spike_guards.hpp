// rd4ad/train/spike_guards.hpp: two guards against spikes of the training loss. Twin: tests/train/spike_guards.cpp
#pragma once
#include <cstddef>

#include <rd4ad/nn/adam.hpp>
#include <rd4ad/nn/weights.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Spikes come from batch norms whose batch hardly varies in a channel, and from stale second-moment estimates in Adam. Both
/// guards are off by default. Source: ReContrast (Guo et al. 2023), appendix E, where the encoder is trained.
struct spike_guards {
    /// A trained batch norm whose batch variance in a channel is below both this value and the running variance normalises that
    /// channel by the running variance and does not update it. 0: off; ReContrast uses 5e-4.
    double variance_guard{0};
    std::size_t reset_every{0};  ///< steps between resets of Adam's moments and step count; 0: never; ReContrast uses 500
};

/// Resets Adam's state if `reset_every` steps have passed.
template <Backend B>
void reset_if_due(typename B::queue& q, const spike_guards& guards, nn::adam_state<B>& state) {
    if (guards.reset_every == 0 || state.steps < guards.reset_every) return;
    const std::size_t count = state.first.count();
    state = {nn::make_flat<B>(q, count), nn::make_flat<B>(q, count), 0};
}

}  // namespace rd4ad::inline RD4AD_ABI
