// rd4ad/train/student_training.hpp: trains bottleneck and student on some inputs of a feature cache, step by step. Twin:
// tests/train/trainer.cpp
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <rd4ad/core/partition.hpp>
#include <rd4ad/core/random.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/batches.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/model/scale_maps.hpp>
#include <rd4ad/train/augmentation.hpp>
#include <rd4ad/train/feature_cache.hpp>
#include <rd4ad/train/options.hpp>
#include <rd4ad/train/schedule.hpp>
#include <rd4ad/train/step.hpp>
#include <rd4ad/train/weight_average.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The state of a student's training between two steps.
struct training_position {
    std::size_t epoch{0};              ///< epochs completed
    std::size_t step{0};               ///< steps completed of the current epoch
    std::vector<std::size_t> order{};  ///< of the inputs in that epoch; empty before its first step
    std::uint64_t random_state{0};
    std::vector<double> losses{};  ///< mean loss of each completed epoch; the last one may be shorter
    double loss_sum{0};            ///< of the current epoch's steps, weighted by their inputs

    [[nodiscard]] bool is_new() const noexcept { return step == 0 && losses.empty(); }
};

/// The number of steps of a training on a number of inputs, variants included: options.epochs passes over them, or options.steps,
/// or default_steps of the inputs without variants.
[[nodiscard]] inline std::size_t steps_of(const train_options& options, std::size_t inputs) {
    if (options.epochs != 0) return options.epochs * ((inputs + options.batch - 1) / options.batch);
    return options.steps != 0 ? options.steps : default_steps(inputs / variants_of(options.augment).size());
}

/// Trains the trainable part of a model on the given inputs of a cache, for a number of steps. The model's weights at the start
/// are the initial values. inside: which positions of each input take part in the loss (roi_cells); null: all. Model, cache,
/// options and inside must outlive it.
template <Backend B>
class student_training {
   public:
    student_training(model<B>& m, const feature_cache<B>& cache, std::vector<std::size_t> inputs, const train_options& options,
                     std::size_t steps, const scale_maps* inside = nullptr)
        : m_{m},
          cache_{cache},
          inputs_{std::move(inputs)},
          options_{options},
          steps_{steps},
          inside_{inside},
          optimizer_{make_optimizer(m,
                                    {.learning_rate = options.learning_rate,
                                     .beta1 = options.beta1,
                                     .beta2 = options.beta2,
                                     .weight_decay = options.weight_decay},
                                    options.guards)} {
        position.random_state = options.seed;
        if (options.ema > 0)
            average = {nn::make_flat<B>(m.queue, m.trainable.weights.values.count()),
                       nn::make_flat<B>(m.queue, m.trainable.weights.statistics.count())};
    }

    training_position position{};  ///< of a resumed training: set it before the first step
    nn::weights<B> average{};  ///< of the weights after each step; of a resumed training as position; empty without options.ema

    [[nodiscard]] optimizer<B>& state() noexcept { return optimizer_; }
    [[nodiscard]] const optimizer<B>& state() const noexcept { return optimizer_; }
    [[nodiscard]] std::size_t steps() const noexcept { return steps_; }
    [[nodiscard]] std::size_t steps_per_epoch() const noexcept { return (inputs_.size() + options_.batch - 1) / options_.batch; }
    [[nodiscard]] std::size_t epochs() const noexcept { return (steps_ + steps_per_epoch() - 1) / steps_per_epoch(); }
    [[nodiscard]] std::size_t steps_done() const noexcept { return position.epoch * steps_per_epoch() + position.step; }
    /// Steps of an epoch; the last one may be shorter.
    [[nodiscard]] std::size_t steps_in_epoch(std::size_t epoch) const noexcept {
        return std::min(steps_per_epoch(), steps_ - epoch * steps_per_epoch());
    }
    [[nodiscard]] bool finished() const noexcept {
        return steps_done() >= steps_ || is_flat(position.losses, options_.stop_when_flat);
    }

    /// Computes one step, which must not be finished, and returns its loss. Throws numeric_error for a loss that is not finite.
    double step() {
        if (position.order.empty()) start_epoch();
        const auto batch = batch_at(position.step);
        const auto [own, share] = share_of(batch);
        const std::size_t done = steps_done();
        optimizer_.options.learning_rate = options_.learning_rate * rate_factor(options_.schedule, done, steps_);
        const auto hard = options_.hard_mining ? std::optional{hard_level(done, steps_)} : std::nullopt;
        const auto pending = train_step(m_, optimizer_, cache_.get(m_.queue, own), hard, masks_of(own), share);
        const double loss = value_of<B>(m_.queue, pending, share.ranks);
        if (!std::isfinite(loss))
            throw numeric_error{text("training: the loss is ", std::isnan(loss) ? "not a number" : "infinite", " in epoch ",
                                     position.epoch + 1, ", step ", position.step + 1, " of ", steps_per_epoch(),
                                     "; use a smaller learning rate than ", io::json(options_.learning_rate).dump(),
                                     options_.checkpoint.empty() ? "" : "; the last checkpoint is kept")};
        if (options_.ema > 0) update_average<B>(m_.queue, average, m_.trainable.weights, done, options_.ema);
        ++position.step;
        position.loss_sum += loss * static_cast<double>(batch.size());
        if (position.step == steps_per_epoch() || finished()) end_epoch();
        return loss;
    }

   private:
    void start_epoch() {
        random source{position.random_state};
        position.order = shuffled_order(inputs_.size(), source);
        position.random_state = source.state;
    }

    [[nodiscard]] std::vector<std::size_t> batch_at(std::size_t step) const {
        auto batch = data::batches_of(position.order, options_.batch)[step];
        for (std::size_t& one : batch) one = inputs_[one];
        return batch;
    }

    /// The inputs of a batch that this process computes: consecutive ones; the first one in place of an empty share.
    [[nodiscard]] std::pair<std::span<const std::size_t>, nn::batch_share> share_of(std::span<const std::size_t> batch) const {
        auto* const ranks = options_.ranks;
        if (ranks == nullptr) return {batch, {}};
        const auto own = partition(batch.size(), ranks->size(), ranks->rank());
        const bool has_weight = own.first != own.last;
        return {has_weight ? batch.subspan(own.first, own.last - own.first) : batch.first(1), {ranks, batch.size(), has_weight}};
    }

    [[nodiscard]] position_masks<B> masks_of(std::span<const std::size_t> batch) const {
        position_masks<B> masks;
        for (std::size_t k = 0; k < 3 && inside_ != nullptr; ++k) {
            std::vector<typename B::value_type> values;
            for (const std::size_t input : batch) {
                const auto cells = inside_->at(input, k);
                values.insert(values.end(), cells.begin(), cells.end());
            }
            masks[k] = to_device<B>(m_.queue, {batch.size(), 1, inside_->heights[k], inside_->widths[k]}, values);
        }
        return masks;
    }

    void end_epoch() {
        const std::size_t seen = std::min(inputs_.size(), position.step * options_.batch);
        position.losses.push_back(position.loss_sum / static_cast<double>(seen));
        position.loss_sum = 0;
        position.order.clear();
        if (position.step < steps_per_epoch()) return;  // the training ends within an epoch
        position.step = 0;
        ++position.epoch;
    }

    model<B>& m_;
    const feature_cache<B>& cache_;
    std::vector<std::size_t> inputs_;
    const train_options& options_;
    std::size_t steps_;
    const scale_maps* inside_;
    optimizer<B> optimizer_;
};

}  // namespace rd4ad::inline RD4AD_ABI
