// examples/train_in_product.cpp: training as part of a product: progress, a stop at any step, resuming, and scores with a
// threshold. Run it again after a stop: it resumes and gives the same bits as an uninterrupted training.
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <stop_token>
#include <string>
#include <utility>

#include <rd4ad/compiled.hpp>

using cpu = rd4ad::backend::xtensor<float>;

namespace {
std::atomic<bool> stop{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // a signal handler may use only lock-free atomics
void on_interrupt(int) { stop = true; }
}  // namespace

int main(int count, char** words) {
    if (count < 3 || count > 4) {
        std::fputs("usage: train_in_product DATA CHECKPOINT [STEPS]\n\n  STEPS   stop after STEPS steps, as Ctrl-C does\n",
                   stderr);
        return 2;
    }
    try {
        const std::filesystem::path checkpoint = words[2];
        const std::size_t last_step = count > 3 ? std::stoul(words[3]) : 0;
        const auto dataset = rd4ad::data::open(words[1]);
        std::signal(SIGINT, on_interrupt);

        rd4ad::train_options options{.steps = 12, .batch = 4, .size = 64};
        options.checkpoint = checkpoint;
        options.save_every = 1;
        options.resume = std::filesystem::exists(checkpoint);
        std::stop_source source;  // the operator's stop button calls source.request_stop()
        options.stop = source.get_token();
        std::size_t steps = 0;
        options.progress = [&](const rd4ad::training_progress& at) {
            if (stop) source.request_stop();
            if (at.epoch == 0) return;  // the teacher's features are being computed
            std::fprintf(stderr, "%s epoch %zu of %zu, step %zu of %zu: loss %.4f, %.0f s left\n",
                         at.fold != 0 ? "cross-fitting," : "the model,", at.epoch, at.epochs, at.step, at.steps, at.loss,
                         at.seconds_left);
            if (++steps == last_step) source.request_stop();
        };

        auto model = options.resume ? rd4ad::load_checkpoint<cpu>(checkpoint)
                                    : rd4ad::make_model<cpu>("resnet18", rd4ad::built_in_teacher());
        const auto log = rd4ad::train(model, dataset, options);
        if (log.stopped) {
            std::printf("stopped and saved; run again to resume\n");
            return 0;
        }
        std::printf("%s after %zu steps, last loss %.4f; %zu training images in %zu folds set the threshold\n",
                    options.resume ? "resumed and done" : "done", log.steps, log.losses.back(), log.training_images, log.folds);
        for (const auto& one : log.suspects)
            std::printf("%s may show a defect: raw score %.3f\n", one.image.c_str(), one.raw_score);

        const rd4ad::detector<cpu> detector{std::move(model)};
        for (const auto& item : dataset.test) {
            const auto found = detector.score(rd4ad::image::read(item.image));
            std::printf("%-10s %-40s raw score %.3f, ", item.kind.c_str(), item.image.filename().c_str(),
                        static_cast<double>(found.raw_score));
            if (found.score)
                std::printf("score %.3f, %s\n", *found.score, *found.is_anomalous() ? "anomalous" : "good");
            else
                std::printf("no score: the model has no calibration\n");
        }
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "train_in_product: %s\n", problem.what());
        return 1;
    }
}
