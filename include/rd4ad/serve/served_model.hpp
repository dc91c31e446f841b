// rd4ad/serve/served_model.hpp: a detector with its queue, its metrics and its description for clients. Twin:
// tests/serve/served_model.cpp
#pragma once
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/export/description.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/model/network_input.hpp>
#include <rd4ad/score/calibration.hpp>
#include <rd4ad/score/detection_result.hpp>
#include <rd4ad/score/drift.hpp>
#include <rd4ad/serve/batch_queue.hpp>
#include <rd4ad/serve/infer.hpp>
#include <rd4ad/serve/metrics.hpp>

namespace rd4ad::inline RD4AD_ABI::serve {

/// The members of rd4ad::detector that serving needs. Its results have maps of the network's size.
template <class D>
concept ServableDetector = requires(const D& by, std::span<const preprocessed_image> images, const std::vector<float>& inputs) {
    { by.settings() } -> std::convertible_to<const model_settings&>;
    { by.arch() } -> std::convertible_to<const architecture&>;
    { by.calibration() } -> std::convertible_to<const std::optional<calibration>&>;
    { by.score_preprocessed(images) } -> std::same_as<std::vector<detection_result>>;
    { by.score_inputs(inputs) } -> std::same_as<std::vector<detection_result>>;
};

/// Settings of a served_model.
struct served_options {
    queue_options queue{};
    std::size_t drift_window{50};  ///< parts per test of drift; 0: none
    std::mutex* turn{nullptr};     ///< held while a batch is computed: models that share it compute one after another
};

/// The metrics that a served_model keeps; each has the label `model`.
[[nodiscard]] inline std::vector<metric_family> model_metrics() {
    using enum metric_kind;
    const std::vector<double> shares{0.1, 0.2, 0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9, 1};
    std::vector<double> raw_scores;
    for (std::size_t i = 1; i <= 30; ++i) raw_scores.push_back(static_cast<double>(i) / 10);
    return {{"rd4ad_batch_size", "Inputs per batch.", histogram, {1, 2, 4, 8, 16, 32, 64}},
            {"rd4ad_compute_seconds", "Seconds to compute a batch.", histogram, {.001, .003, .01, .03, .1, .3, 1, 3, 10}},
            {"rd4ad_queue_waiting", "Requests that wait.", gauge},
            {"rd4ad_queue_refused_total", "Requests refused: reason full, late or closed.", counter},
            {"rd4ad_raw_scores", "Raw scores of images.", histogram, raw_scores},
            {"rd4ad_scores", "Scores of images; 0.5 is the threshold.", histogram, shares},
            {"rd4ad_verdicts_total", "Images by verdict: good, anomalous, or none without a calibration.", counter},
            {"rd4ad_drift", "1 if the last window of good parts scores unlike the calibration, else 0.", gauge},
            {"rd4ad_drift_p_value", "P-value of the last test of drift.", gauge}};
}

/// A model that many threads use at once: requests of one size are computed as one batch.
template <ServableDetector D>
class served_model {
   public:
    using answer = queue_answer<std::vector<detection_result>>;
    using clock = std::chrono::steady_clock;

    /// name: its name for clients and in the metrics. to: has model_metrics(), and outlives the model. Throws option_error as
    /// batch_queue does.
    served_model(std::string name, std::unique_ptr<const D> detector, const served_options& options, metric_set& to)
        : name_{std::move(name)},
          detector_{std::move(detector)},
          options_{options},
          metrics_{to},
          queue_{options.queue, [this](std::span<const request> batch) { return compute(batch); }} {
        describe_graph();
        const auto& by = detector_->calibration();
        if (options.drift_window > 0 && by && can_test_drift(*by))
            drift_.emplace(*by, drift_options{.window = options.drift_window});
    }
    served_model(const served_model&) = delete;
    served_model& operator=(const served_model&) = delete;
    ~served_model() { metrics_.set("rd4ad_queue_waiting", labels(), 0); }

    /// Brings the gauge of the requests that wait up to date; call it before the metrics are read.
    void update_metrics() const { metrics_.set("rd4ad_queue_waiting", labels(), static_cast<double>(queue_.waiting())); }

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const D& detector() const noexcept { return *detector_; }

    /// The description of the graph, as an export's (export/description.hpp); null where `infer` can't be used.
    [[nodiscard]] const io::json& description() const noexcept { return description_; }
    /// The reason why `infer` can't be used; "" if it can.
    [[nodiscard]] const std::string& infer_problem() const noexcept { return infer_problem_; }
    /// The names of the outputs of `infer`: map, raw_score, and score for a calibrated model whose input is the whole image.
    [[nodiscard]] const std::vector<std::string>& outputs() const noexcept { return outputs_; }
    /// The input of `infer`.
    [[nodiscard]] infer_limits limits() const noexcept {
        return {detector_->settings().width, detector_->settings().height, queue_.options().max_batch};
    }

    /// Scores an image that `preprocess` prepared by the model's settings; the answer has one result, whose map has the network's
    /// size. Waits at most until the deadline. Throws as rd4ad::detector::score_preprocessed does, for this image alone.
    [[nodiscard]] answer score(preprocessed_image image, clock::time_point deadline) {
        auto found = submit({std::move(image)}, deadline);
        if (found.status == queue_status::done) record(found.result->front());
        return found;
    }

    /// Scores `count` inputs of the network, at most limits().max_batch. Waits at most until the deadline. Throws option_error
    /// with infer_problem(), if there is one; as rd4ad::detector::score_inputs does.
    [[nodiscard]] answer infer(std::vector<float> inputs, std::size_t count, clock::time_point deadline) {
        if (!infer_problem_.empty()) throw option_error{infer_problem_};
        return submit({network_inputs{std::move(inputs), count}}, deadline);
    }

   private:
    struct network_inputs {
        std::vector<float> values;
        std::size_t count;
    };

    /// Requests of whole images, by the size of their patches, and of inputs.
    struct request {
        std::variant<preprocessed_image, network_inputs> content;

        [[nodiscard]] std::array<std::size_t, 2> key() const {
            if (const auto* image = std::get_if<preprocessed_image>(&content))
                return {image->plan.grid.patch_width, image->plan.grid.patch_height};
            return {0, 0};
        }
        [[nodiscard]] std::size_t weight() const {
            if (const auto* image = std::get_if<preprocessed_image>(&content)) return image->plan.grid.count();
            return std::get<network_inputs>(content).count;
        }
    };

    [[nodiscard]] metric_labels labels() const { return {{"model", name_}}; }

    void describe_graph() {
        const auto& settings = detector_->settings();
        const bool has_score = detector_->calibration() && settings.preprocessing.plain();
        try {
            description_ = describe(settings, detector_->arch().name, has_score, map_sigma, false);
        } catch (const option_error& problem) {
            infer_problem_ = problem.what();
            return;
        }
        outputs_ = {scoring_graph::map, scoring_graph::raw_score};
        if (has_score) outputs_.push_back(scoring_graph::score);
    }

    [[nodiscard]] answer submit(request one, clock::time_point deadline) {
        auto found = queue_.submit(std::move(one), deadline);
        constexpr const char* reasons[]{"", "full", "late", "closed"};
        if (found.status != queue_status::done)
            metrics_.add("rd4ad_queue_refused_total", {{"model", name_}, {"reason", reasons[static_cast<int>(found.status)]}});
        return found;
    }

    [[nodiscard]] std::vector<std::vector<detection_result>> compute(std::span<const request> batch) {
        const auto turn = options_.turn ? std::unique_lock{*options_.turn} : std::unique_lock<std::mutex>{};
        const auto began = clock::now();
        auto results = batch.front().content.index() == 0 ? compute_images(batch) : compute_inputs(batch);
        const std::chrono::duration<double> took = clock::now() - began;
        std::size_t inputs = 0;
        for (const auto& one : batch) inputs += one.weight();
        metrics_.observe("rd4ad_batch_size", labels(), static_cast<double>(inputs));
        metrics_.observe("rd4ad_compute_seconds", labels(), took.count());
        return results;
    }

    [[nodiscard]] std::vector<std::vector<detection_result>> compute_images(std::span<const request> batch) const {
        std::vector<preprocessed_image> images;
        for (const auto& one : batch) images.push_back(std::get<preprocessed_image>(one.content));
        std::vector<std::vector<detection_result>> results;
        for (auto& one : detector_->score_preprocessed(images)) results.emplace_back().push_back(std::move(one));
        return results;
    }

    [[nodiscard]] std::vector<std::vector<detection_result>> compute_inputs(std::span<const request> batch) const {
        std::vector<float> inputs;
        for (const auto& one : batch) {
            const auto& values = std::get<network_inputs>(one.content).values;
            inputs.insert(inputs.end(), values.begin(), values.end());
        }
        auto found = detector_->score_inputs(inputs);
        std::vector<std::vector<detection_result>> results(batch.size());
        auto next = found.begin();
        for (std::size_t i = 0; i < batch.size(); ++i)
            for (std::size_t k = 0; k < std::get<network_inputs>(batch[i].content).count; ++k)
                results[i].push_back(std::move(*next++));
        return results;
    }

    void record(const detection_result& one) {
        metrics_.observe("rd4ad_raw_scores", labels(), static_cast<double>(one.raw_score));
        if (one.score) metrics_.observe("rd4ad_scores", labels(), *one.score);
        const auto verdict = one.is_anomalous();
        metrics_.add("rd4ad_verdicts_total", {{"model", name_},
                                              {"verdict", !verdict   ? "none"
                                                          : *verdict ? "anomalous"
                                                                     : "good"}});
        if (!drift_) return;
        const std::lock_guard lock{drifting_};
        if (const auto test = drift_->add(static_cast<double>(one.raw_score))) {
            metrics_.set("rd4ad_drift", labels(), test->is_drift ? 1 : 0);
            metrics_.set("rd4ad_drift_p_value", labels(), test->p_value);
        }
    }

    std::string name_;
    std::unique_ptr<const D> detector_;
    served_options options_;
    metric_set& metrics_;
    io::json description_{};
    std::string infer_problem_{};
    std::vector<std::string> outputs_{};
    std::mutex drifting_{};
    std::optional<drift_monitor> drift_{};
    batch_queue<request, std::vector<detection_result>> queue_;
};

}  // namespace rd4ad::inline RD4AD_ABI::serve
