// cli/compute_flags.cpp: the flags for computing.
#include "compute_flags.hpp"

#include <cstdlib>

#include "computing.hpp"

namespace cli {

std::vector<flag> compute_flags() {
    return {{"threads", "N", "0", "CPU threads; 0: one per processor of the affinity and the container's quota"},
            {"backend", "NAME", selected_variant().default_backend,
             "xtensor (any CPU), thrust (GPU), onednn, or onednn-bf16 for scoring"},
            {"algorithm", "NAME", "auto", "algorithm of the 3x3 convolutions: auto, im2col, winograd or winograd-2x2"}};
}

flag no_verify_flag() { return {"no-verify", "", "", "load a checkpoint as it is, even if it differs from the checksums in it"}; }

rd4ad::io::read_options read_options_of(const parsed_options& options) { return {.verify = !options.has("no-verify")}; }

rd4ad::model_options compute_options(const parsed_options& options) {
    const auto threads = options.whole("threads", 0, 4096);
    if (threads > 0) ::setenv("RD4AD_THREADS", options.text("threads").c_str(), 1);
    return {.threads = threads,
            .algorithm = rd4ad::nn::algorithm_preference_from(options.choice("algorithm", algorithm_names)),
            .verify = read_options_of(options).verify};
}

}  // namespace cli
