// cli/backends.hpp: selects the backend type by --backend. Twin: tests/cli/command.sh
#pragma once
#include <rd4ad/rd4ad.hpp>
#if defined(RD4AD_WITH_ONEDNN)
#include <rd4ad/backend/onednn.hpp>
#endif
#if defined(RD4AD_WITH_THRUST)
#include <rd4ad/backend/thrust.hpp>
#endif

#include "options.hpp"

namespace cli {

/// The value of --backend by default. A build for NVIDIA GPUs has no CPU backend: nvcc compiles the files that compute, and it
/// does not support the CPU's SIMD types.
#if defined(__CUDACC__)
inline constexpr const char* default_backend = "thrust";
#else
inline constexpr const char* default_backend = "xtensor";
#endif

namespace detail {

/// The uses of a backend by a command; not every backend trains.
enum class purpose { training, scoring };

template <purpose For, class Run>
int with_backend(const parsed_options& options, const Run& run) {
    const auto name = options.choice("backend", {"xtensor", "thrust", "onednn", "onednn-bf16"});
#if defined(RD4AD_WITH_THRUST)
    if (name == "thrust") return run.template operator()<rd4ad::backend::thrust<float>>();
#endif
#if defined(__CUDACC__)
    throw rd4ad::option_error{rd4ad::text("--backend ", name,
                                          ": this build computes on NVIDIA GPUs only: leave --backend out, or configure without "
                                          "RD4AD_THRUST=CUDA and build again")};
#else
    if (name == "xtensor") return run.template operator()<rd4ad::backend::xtensor<float>>();
#if defined(RD4AD_WITH_ONEDNN)
    if (name == "onednn") return run.template operator()<rd4ad::backend::onednn<float>>();
    if constexpr (For == purpose::scoring)
        if (name == "onednn-bf16") return run.template operator()<rd4ad::backend::onednn<float, rd4ad::backend::bf16>>();
#endif
    if (For == purpose::training && name == "onednn-bf16")
        throw rd4ad::option_error{
            "--backend onednn-bf16 does not train: train with onednn or xtensor; onednn-bf16 scores with their checkpoints"};
    throw rd4ad::option_error{rd4ad::text("--backend ", name, ": this command is built without it: configure with -D ",
                                          name == "thrust" ? "RD4AD_THRUST=CUDA (or OMP, TBB, CPP)" : "RD4AD_ONEDNN=ON",
                                          " and build again, or use --backend xtensor")};
#endif
}

}  // namespace detail

/// Returns run.operator()<B>() for the backend B of --backend. Throws option_error if this build lacks the backend.
template <class Run>
int with_backend(const parsed_options& options, const Run& run) {
    return detail::with_backend<detail::purpose::scoring>(options, run);
}

/// As with_backend, for training. Throws option_error for a backend that does not train.
template <class Run>
int with_training_backend(const parsed_options& options, const Run& run) {
    return detail::with_backend<detail::purpose::training>(options, run);
}

}  // namespace cli
