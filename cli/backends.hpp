// cli/backends.hpp: from a backend's name to its type; flags that say how a model computes. Twin: tests/cli
#pragma once
#include <cstdlib>
#include <string>
#include <vector>

#include <rd4ad/rd4ad.hpp>
#if defined(RD4AD_WITH_ONEDNN)
#include <rd4ad/backend/onednn.hpp>
#endif
#if defined(RD4AD_WITH_THRUST)
#include <rd4ad/backend/thrust.hpp>
#endif

#include "arguments.hpp"

namespace cli {

/// What computes unless told otherwise. Built for NVIDIA's GPUs the command computes on those alone: nvcc, which compiles what
/// computes then, does not take a processor's packs.
#if defined(__CUDACC__)
inline constexpr const char* default_backend = "thrust";
#else
inline constexpr const char* default_backend = "xtensor";
#endif

/// The flags that `compute_options` and `with_backend` read.
inline std::vector<flag> compute_flags() {
    return {{"threads", "N", "0", "processor threads; 0: all there are"},
            {"backend", "NAME", default_backend,
             "what computes: xtensor (any processor), thrust (GPUs), onednn; for scoring, onednn-bf16"},
            {"algorithm", "NAME", "auto", "3x3 convolutions: auto, direct, winograd or winograd-2x2"}};
}

/// The model's options as given. The number of threads holds for reading images, too.
inline rd4ad::model_options compute_options(const arguments& given) {
    const auto threads = given.whole("threads", 0);
    if (threads > 0) ::setenv("RD4AD_THREADS", given.text("threads").c_str(), 1);
    return {.threads = threads,
            .algorithm = rd4ad::nn::algorithm_from(given.choice("algorithm", {"auto", "direct", "winograd", "winograd-2x2"}))};
}

namespace detail {
/// Whether a backend serves verbs that train.
enum class used_for { training, scoring };

template <used_for Use, class Run>
int with_backend(const arguments& given, const Run& run) {
    const auto name = given.choice("backend", {"xtensor", "thrust", "onednn", "onednn-bf16"});
#if defined(RD4AD_WITH_THRUST)
    if (name == "thrust") return run.template operator()<rd4ad::backend::thrust<float>>();
#endif
#if defined(__CUDACC__)
    throw rd4ad::option_error{"--backend " + name +
                              ": this command is built for NVIDIA's GPUs and computes on those alone: leave --backend out, or "
                              "configure without RD4AD_THRUST=CUDA and build again"};
#else
    if (name == "xtensor") return run.template operator()<rd4ad::backend::xtensor<float>>();
#if defined(RD4AD_WITH_ONEDNN)
    if (name == "onednn") return run.template operator()<rd4ad::backend::onednn<float>>();
    if constexpr (Use == used_for::scoring)
        if (name == "onednn-bf16") return run.template operator()<rd4ad::backend::onednn<float, rd4ad::backend::bf16>>();
#endif
    if (Use == used_for::training && name == "onednn-bf16")
        throw rd4ad::option_error{
            "--backend onednn-bf16 scores only: train with onednn or xtensor, its checkpoints are the same"};
    throw rd4ad::option_error{"--backend " + name + ": this command is built without it: configure with -D " +
                              (name == "thrust" ? "RD4AD_THRUST=CUDA (or OMP, TBB, CPP)" : "RD4AD_ONEDNN=ON") +
                              " and build again, or use --backend xtensor"};
#endif
}
}  // namespace detail

/// run.operator()<B>() with the backend that was asked for. option_error where this command is built without it.
template <class Run>
int with_backend(const arguments& given, const Run& run) {
    return detail::with_backend<detail::used_for::scoring>(given, run);
}

/// The same for what trains, which not every backend does.
template <class Run>
int with_training_backend(const arguments& given, const Run& run) {
    return detail::with_backend<detail::used_for::training>(given, run);
}

}  // namespace cli
