// rd4ad/core/run_control.hpp: how a caller follows and ends a run over many images. Twin: tests/core/run_control.cpp
#pragma once
#include <cstddef>
#include <functional>
#include <stop_token>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The progress of a run over many images, for a callback.
struct run_progress {
    std::size_t done, count;  ///< images that have a result, or the reason why they have none; all images
};

/// Follows and ends a run over many images (score_files, raw_scores, evaluate). By default nothing happens.
struct run_control {
    /// A requested stop ends the run before its next batch: it throws stopped_error.
    std::stop_token stop{};
    /// Called after each batch, once at a time and in order, on the thread that hands over the results.
    std::function<void(const run_progress&)> progress{};

    /// Throws stopped_error if a stop is requested. caller: the name of the calling function.
    void check(const char* caller, const run_progress& at) const {
        if (stop.stop_requested())
            throw stopped_error{text(caller, ": stopped by the caller after ", at.done, " of ", at.count, " images")};
    }

    /// Calls `progress`, if there is one.
    void report(const run_progress& at) const {
        if (progress) progress(at);
    }
};

}  // namespace rd4ad::inline RD4AD_ABI
