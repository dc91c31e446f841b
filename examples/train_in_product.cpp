// examples/train_in_product.cpp: training as part of a product: progress, a stop at any step, going on from there, and scores
// with a threshold. Run it again after a stop and it goes on to the same bits as if it had never stopped.
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <utility>

#include <rd4ad/compiled.hpp>

using cpu = rd4ad::backend::xtensor<float>;

namespace {
std::atomic<bool> stop{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // else a signal's handler may not touch it
void on_interrupt(int) { stop = true; }
}  // namespace

int main(int count, char** words) {
    if (count < 3 || count > 4) {
        std::fputs("usage: train_in_product DATA CHECKPOINT [STEPS]\n\n  STEPS   stop after so many, as Ctrl-C does\n", stderr);
        return 2;
    }
    try {
        const std::filesystem::path checkpoint = words[2];
        const std::size_t last_step = count > 3 ? std::stoul(words[3]) : 0;
        const auto parts = rd4ad::data::open(words[1]);
        std::signal(SIGINT, on_interrupt);

        rd4ad::train_options options{.epochs = 4, .batch = 4, .size = 64, .validation = 0.25};
        options.checkpoint = checkpoint;
        options.save_every = 1;
        options.resume = std::filesystem::exists(checkpoint);
        std::size_t steps = 0;
        options.progress = [&](const rd4ad::training_progress& at) {
            if (at.epoch == 0) return;  // the teacher's features
            std::fprintf(stderr, "epoch %zu of %zu, step %zu of %zu: loss %.4f, %.0f s left\n", at.epoch, at.epochs, at.step,
                         at.steps, at.loss, at.seconds_left);
            if (++steps == last_step) stop = true;
        };
        options.should_stop = [] { return stop.load(); };

        auto model = options.resume ? rd4ad::load_checkpoint<cpu>(checkpoint)
                                    : rd4ad::make_model<cpu>("resnet18", rd4ad::built_in_teacher());
        const auto log = rd4ad::train(model, parts, options);
        if (log.stopped) {
            std::printf("stopped in epoch %zu and saved: run again to go on\n", log.losses.size() + 1);
            return 0;
        }
        std::printf("%s after %zu epochs, last loss %.4f; %zu images trained on, %zu held out for the threshold\n",
                    options.resume ? "resumed and done" : "done", log.losses.size(), log.losses.back(), log.trained,
                    log.held_out);

        const rd4ad::detector<cpu> detector{std::move(model)};
        for (const auto& item : parts.test) {
            const auto found = detector.score(rd4ad::image::read(item.image));
            std::printf("%-10s %-40s %.3f %s\n", item.kind.c_str(), item.image.filename().c_str(), found.calibrated.value_or(-1),
                        found.anomalous().value_or(false) ? "anomalous" : "good");
        }
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "train_in_product: %s\n", problem.what());
        return 1;
    }
}
