// rd4ad/model/names.hpp: tensors of the authors' checkpoints that no computation uses, kept so that theirs and ours load into
// each other. Twin: tests/model/state.cpp
#pragma once
#include <string>
#include <vector>

#include <rd4ad/model/arch.hpp>
#include <rd4ad/nn/parameter.hpp>

namespace rd4ad {

/// The OCBE's conv4 and bn4, which are in every checkpoint and in no computation.
[[nodiscard]] inline nn::parameter_table unused_parameters(const architecture& arch) {
    nn::parameter_table table;
    static_cast<void>(table.add("bn.conv4", "bn.bn4", {1024 * arch.expansion(), 512 * arch.expansion(), 1, 1, false}));
    return table;
}

/// The name of a batch norm's counter of batches, from that of its running mean.
[[nodiscard]] inline std::string counter_name(const std::string& running_mean) {
    return running_mean.substr(0, running_mean.size() - std::string{"running_mean"}.size()) + "num_batches_tracked";
}

/// True for PyTorch's counters, which score nothing.
[[nodiscard]] inline bool is_counter(const std::string& name) { return name.ends_with("num_batches_tracked"); }

}  // namespace rd4ad
