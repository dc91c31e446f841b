// tests/support/stop_after.hpp: ends a training after a number of steps, as a program's stop button does.
#pragma once
#include <cstddef>
#include <stop_token>

#include <rd4ad/train/options.hpp>

namespace rd4ad::test {

/// Sets the options so that the training stops after `steps` steps of all its students. Replaces options.progress.
inline void stop_after(train_options& options, std::size_t steps) {
    std::stop_source source;
    options.stop = source.get_token();
    options.progress = [source, steps, done = std::size_t{0}](const training_progress& at) mutable {
        if (at.epoch > 0 && ++done == steps) source.request_stop();
    };
}

/// Lets the training run to its end.
inline void stop_never(train_options& options) { options.stop = {}, options.progress = {}; }

}  // namespace rd4ad::test
