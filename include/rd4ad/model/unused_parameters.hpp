// rd4ad/model/unused_parameters.hpp: parameters of the authors' checkpoints that nothing uses; kept so that checkpoints load in
// both directions. Twin: tests/model/state.cpp
#pragma once
#include <string>

#include <rd4ad/model/arch.hpp>
#include <rd4ad/nn/conv_bn.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The OCBE's conv4 and bn4.
[[nodiscard]] inline nn::parameter_table unused_parameters(const architecture& arch) {
    nn::parameter_table table;
    const std::size_t e = arch.expansion();
    static_cast<void>(nn::add_conv_bn(table, "bn.conv4", "bn.bn4", {1024 * e, 512 * e, 1, 1, false}));
    return table;
}

/// The name of a batch norm's batch counter, from the name of its running mean.
[[nodiscard]] inline std::string counter_name(const std::string& running_mean) {
    return running_mean.substr(0, running_mean.size() - std::string{"running_mean"}.size()) + "num_batches_tracked";
}

/// Whether a name is that of a PyTorch batch counter, which does not affect scores.
[[nodiscard]] inline bool is_counter(const std::string& name) { return name.ends_with("num_batches_tracked"); }

}  // namespace rd4ad::inline RD4AD_ABI
