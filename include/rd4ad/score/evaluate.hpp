// rd4ad/score/evaluate.hpp: scores a test set and computes every metric that its images and masks allow. Twin:
// tests/score/evaluate.cpp
#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/communicator.hpp>
#include <rd4ad/core/error.hpp>
#include <rd4ad/core/outcome.hpp>
#include <rd4ad/core/pipeline.hpp>
#include <rd4ad/core/run_control.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/image/crop.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/metrics/average_precision.hpp>
#include <rd4ad/metrics/curves.hpp>
#include <rd4ad/metrics/f1.hpp>
#include <rd4ad/metrics/pixel_metrics.hpp>
#include <rd4ad/metrics/roc.hpp>
#include <rd4ad/score/deal_chunks.hpp>
#include <rd4ad/score/detector.hpp>
#include <rd4ad/score/threshold_rules.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The false alarms of a test and the 95 % prediction interval that the calibration implies (see predicted_false_alarms).
struct false_alarm_count {
    std::size_t count{0}, good{0};  ///< false alarms; good images
    metrics::count_interval predicted{};
};

struct product_evaluation;
/// A test image without a result: its index in the set, and the reason.
struct failed_item {
    std::size_t index{0};
    failure reason{};
};

/// Metrics of a test set, each 0..1. A metric is empty if the data do not allow it: images of one kind only, no masks, no
/// calibration.
struct evaluation {
    std::vector<failed_item> failures;       ///< test images whose file or mask can't be used; no other member counts them
    std::vector<float> raw_scores;           ///< one per test image without a failure, in the set's order
    std::vector<double> scores;              ///< the calibrated raw_scores; empty without a calibration
    std::optional<double> false_alarm_rate;  ///< share of the good images that are called anomalous
    std::optional<double> detection_rate;    ///< share of the anomalous images that are called anomalous
    std::optional<rd4ad::false_alarm_count> false_alarm_count;
    std::optional<double> image_auroc, image_ap, best_f1;
    std::optional<double> best_f1_raw_threshold;  ///< the raw score from which an image counts as anomalous for best_f1
    std::optional<metrics::pixel_metrics_result> pixels;
    std::optional<metrics::pixel_curves> curves;
    std::vector<double> ms;  ///< of scoring, one per raw score: its batch's time in equal shares, without reading
    double seconds{0};       ///< of the whole evaluation
    std::vector<product_evaluation> products;  ///< of several products, sorted by name; empty for one
};

/// The metrics of one product's test images. `found` holds their raw scores, scores and ms in the set's order, and
/// failures by their index among the product's images; no seconds.
struct product_evaluation {
    std::string product;
    evaluation found;
};

/// Receives each scored test image in order, on its own thread while others are scored: its index, its pixels, its result, and
/// its mask, transformed as the image is. The mask has the map's size if the detector returns maps of the network's size; it is
/// empty if the set has no masks.
using evaluation_callback = std::function<void(std::size_t index, const image::image_u8& image, const detection_result& result,
                                               const std::optional<image::image_u8>& mask)>;

namespace score_detail {

/// A test image, its preprocessed form and its transformed mask.
struct loaded_item {
    image::image_u8 image{};
    preprocessed_image preprocessed{};
    std::optional<image::image_u8> mask{};
    data::shared_mask roi{};  ///< fitted; null: all pixels count
};

/// Consecutive test images and the results of those that could be loaded; ms: of scoring, per result.
struct scored_chunk {
    partial_chunk<loaded_item> loaded;
    std::vector<detection_result> results;
    double ms;
};

/// The product that a test image shows: its own, else the data set's name.
[[nodiscard]] inline const std::string& product_of(const data::dataset& set, std::size_t index) {
    const auto& own = set.test[index].product;
    return own.empty() ? set.name : own;
}

[[nodiscard]] inline loaded_item load_item(const data::dataset& set, std::size_t index, const model_settings& settings,
                                           const data::region_of_interest& roi, bool with_mask) {
    const auto& item = set.test[index];
    const auto bytes = image::read_bytes(item.image);
    const auto name = item.image.string();
    loaded_item made;
    if (const auto deep = image::decode_deep(bytes, name, settings.preprocessing.white_level)) {
        made.preprocessed = preprocess(image::view_of(*deep), settings.preprocessing);
        made.image = image::to_rgb(image::view_of(*deep));
    } else {
        made.image = image::decode(bytes, name);
        made.preprocessed = preprocess(made.image, settings.preprocessing);
    }
    auto& one = made.preprocessed;
    one.name = name;
    one.roi = data::roi_mask(roi, item.image, made.image.width, made.image.height);
    one.product = product_of(set, index);
    if (!with_mask) return made;
    made.mask = image::fit_mask(one.plan.transform, data::load_mask(item, made.image.width, made.image.height));
    made.roi = fitted_roi(one, settings);
    return made;
}

template <Backend B>
[[nodiscard]] scored_chunk score_chunk(const detector<B>& by, partial_chunk<loaded_item> chunk) {
    std::vector<preprocessed_image> inputs;
    for (auto& one : chunk.values) inputs.push_back(std::move(one.preprocessed));
    const auto began = std::chrono::steady_clock::now();
    auto results = by.score_preprocessed(inputs);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
    const double ms = results.empty() ? 0.0 : took.count() / static_cast<double>(results.size());
    return {std::move(chunk), std::move(results), ms};
}

/// What rank 0 needs of a scored chunk, as bytes: milliseconds per result, then per result itself, mask and region of interest;
/// with_images: also the image.
[[nodiscard]] inline std::string bytes_of(const scored_chunk& chunk, bool with_images) {
    byte_writer to;
    to.add(chunk.ms);
    for (std::size_t i = 0; i < chunk.results.size(); ++i) {
        const auto& item = chunk.loaded.values[i];
        to.add(chunk.results[i]), to.add(item.mask);
        to.add(item.roi ? std::optional{*item.roi} : std::nullopt);
        if (with_images) to.add(item.image);
    }
    return to.bytes();
}

/// The chunk of bytes_of. loaded: without its values.
[[nodiscard]] inline scored_chunk scored_chunk_from(const std::string& bytes, partial_chunk<loaded_item> loaded,
                                                    bool with_images) {
    scored_chunk made{std::move(loaded), {}, 0};
    byte_reader from{bytes};
    from.get(made.ms);
    while (from.has_more()) {
        auto& item = made.loaded.values.emplace_back();
        from.get(made.results.emplace_back()), from.get(item.mask);
        if (auto roi = from.get<std::optional<image::image_u8>>())
            item.roi = std::make_shared<const image::image_u8>(*std::move(roi));
        if (with_images) from.get(item.image);
    }
    return made;
}

/// The counts from which the metrics are derived.
class evaluation_counts {
   public:
    /// Counts one image: its verdict, and its pixels inside the image, without borders, and inside its region of interest.
    void add(const detection_result& result, bool is_anomalous, const std::optional<image::image_u8>& mask,
             const data::shared_mask& roi) {
        labels_.push_back(is_anomalous ? 1 : 0);
        ++(is_anomalous ? anomalous_ : good_);
        if (result.is_anomalous() == true) ++(is_anomalous ? detected_ : false_alarms_);
        if (!mask) return;
        const auto inside = image::pixels_inside(result.transform);
        if (roi) limited_ = true;
        const auto limits = roi ? image::crop(*roi, inside).pixels : std::vector<std::uint8_t>{};
        pixels_.add(image::crop(result.map, inside).pixels, image::crop(*mask, inside).pixels, inside.width, inside.height,
                    metrics_limit, limits);
    }

    /// Derives the metrics from the counts and to.raw_scores. by: the one calibration of all images; null: none, or several.
    void derive(const calibration* by, bool masks, evaluation& to) const {
        const auto share = [](std::size_t count, std::size_t of) { return static_cast<double>(count) / static_cast<double>(of); };
        const bool has_verdicts = !to.scores.empty();
        if (has_verdicts && good_ > 0) to.false_alarm_rate = share(false_alarms_, good_);
        if (by && good_ > 0) to.false_alarm_count = {false_alarms_, good_, predicted_false_alarms(*by, good_)};
        if (has_verdicts && anomalous_ > 0) to.detection_rate = share(detected_, anomalous_);
        if (good_ > 0 && anomalous_ > 0) {
            to.image_auroc = metrics::auroc(to.raw_scores, labels_);
            to.image_ap = metrics::average_precision(to.raw_scores, labels_);
            const auto f1 = metrics::best_f1(to.raw_scores, labels_);
            to.best_f1 = f1.f1;
            to.best_f1_raw_threshold = f1.threshold;
        }
        const bool has_both = pixels_.scores().positives() > 0 && pixels_.scores().negatives() > 0;
        if (masks && anomalous_ > 0 && (has_both || !limited_)) {
            to.pixels = pixels_.result();
            to.curves = metrics::pixel_curves_of(pixels_.scores(), pixels_.regions());
        }
    }

   private:
    static constexpr double metrics_limit = 0.3;  // of the false-positive rate in AUPRO

    std::vector<std::uint8_t> labels_{};
    metrics::pixel_accumulator pixels_{};
    std::size_t good_{0}, anomalous_{0}, false_alarms_{0}, detected_{0};
    bool limited_{false};  // by a region of interest, in which there may be no defect
};

/// The counts of each product of a test set; of a set of one product nothing is counted.
class product_counts {
   public:
    explicit product_counts(const data::dataset& set) : set_{set} {
        std::set<std::string> names;
        for (std::size_t i = 0; i < set.test.size(); ++i) names.insert(product_of(set, i));
        if (names.size() < 2) return;
        for (const auto& name : names) products_.emplace(name, counted{});
    }

    void add(std::size_t index, const detection_result& result, double ms, const std::optional<image::image_u8>& mask,
             const data::shared_mask& roi) {
        const auto product = products_.find(product_of(set_, index));
        if (product == products_.end()) return;
        auto& [found, counts, has_mask, items] = product->second;
        ++items;
        found.raw_scores.push_back(result.raw_score);
        if (result.score) found.scores.push_back(*result.score);
        found.ms.push_back(ms);
        has_mask = has_mask || set_.test[index].mask.has_value();
        counts.add(result, set_.test[index].is_anomalous, mask, roi);
    }

    /// Notes a test image that has no result, by its index among those of its product.
    void fail(std::size_t index, const failure& reason) {
        const auto product = products_.find(product_of(set_, index));
        if (product != products_.end()) product->second.found.failures.push_back({product->second.items++, reason});
    }

    [[nodiscard]] std::vector<product_evaluation> derive(const product_calibrations& by, bool masks) {
        std::vector<product_evaluation> made;
        for (auto& [name, one] : products_) {
            one.counts.derive(calibration_of(by, name, set_.name), masks && one.has_mask, one.found);
            made.push_back({name, std::move(one.found)});
        }
        return made;
    }

   private:
    struct counted {
        evaluation found{};
        evaluation_counts counts{};
        bool has_mask{false};
        std::size_t items{0};  // so far, with those that failed
    };
    const data::dataset& set_;
    std::map<std::string, counted> products_{};
};

}  // namespace score_detail

/// Scores a test set and computes its metrics; `by` must return maps of the network's size. Masks are transformed as their images
/// are, by the nearest pixel; pixels of borders are not counted, nor those outside the region of interest. An item's product
/// chooses its calibration; by default it is the set's name. `batch`: images read at once, at least 1. `roi`: the region of
/// interest of the test images, in place of the model's. An image fails whose file or mask can't be read, or which is anomalous
/// and has no mask though others have one, or a mask of another size. Under on_failure::skip it is listed in
/// evaluation::failures, and everything else is as without it, bit for bit. Throws data_error if there are no test images;
/// option_error for a batch of 0, and for a product that the model does not know; under on_failure::stop the error of the first
/// image that fails; stopped_error before the next batch if `control` requests a stop. `ranks`: the processes that score the set
/// together; each calls evaluate with equal arguments and reads and scores its share of the batches. Rank 0 receives the results
/// and returns the evaluation of one process, bit for bit but for the times; the others return an empty one. With ranks `control`
/// has progress alone, and under on_failure::stop an image that fails throws rd4ad::error with its code. Null: this process
/// alone.
template <Backend B>
[[nodiscard]] evaluation evaluate(const detector<B>& by, const data::dataset& set, std::size_t batch = 8,
                                  const evaluation_callback& scored = {}, const data::region_of_interest& roi = {},
                                  on_failure reaction = on_failure::stop, const run_control& control = {},
                                  communicator* ranks = nullptr) {
    if (set.test.empty())
        throw data_error{text("data set '", set.name, "' has no test images; expected images in test/good and test/<defect>")};
    if (batch == 0) throw option_error{"evaluate: found a batch of 0, expected at least 1"};
    const auto began = std::chrono::steady_clock::now();
    const bool masks = data::has_masks(set);
    const auto& settings = by.settings();
    const auto& limits = data::given_or(roi, settings.roi);
    evaluation result;
    score_detail::evaluation_counts counts;
    score_detail::product_counts products{set};
    std::vector<std::filesystem::path> files;
    for (const auto& one : set.test) files.push_back(one.image);
    const std::size_t step = images_per_read(settings.preprocessing, batch, files, reaction);
    full_chunks<score_detail::loaded_item> chunks{step, files.size()};
    const auto load_one = [&](std::size_t index, on_failure when) {
        return attempt(when, files[index], [&] { return score_detail::load_item(set, index, settings, limits, masks); });
    };
    const auto load = [&](std::size_t first, std::size_t count) {
        std::vector<outcome<score_detail::loaded_item>> loaded(count);
        parallel_for(count, 0, [&](std::size_t i) { loaded[i] = load_one(first + i, reaction); });
        return loaded;
    };
    const auto score = [&](std::size_t, std::vector<outcome<score_detail::loaded_item>> loaded) {
        std::vector<score_detail::scored_chunk> made;
        for (auto& chunk : chunks.add(std::move(loaded))) {
            control.check("evaluate", {chunk.first, files.size()});
            score_detail::log_failures(chunk.failures);
            made.push_back(score_detail::score_chunk(by, std::move(chunk)));
            result.ms.insert(result.ms.end(), made.back().results.size(), made.back().ms);
        }
        return made;
    };
    const auto count = [&](std::size_t, const std::vector<score_detail::scored_chunk>& made) {
        for (const auto& chunk : made) {
            for (std::size_t i = 0, value = 0, failed = 0; i < chunk.loaded.size(); ++i) {
                const std::size_t index = chunk.loaded.first + i;
                if (!chunk.loaded.has_value[i]) {
                    const auto& reason = chunk.loaded.failures[failed++];
                    result.failures.push_back({index, reason});
                    products.fail(index, reason);
                    continue;
                }
                const auto& one = chunk.results[value];
                const auto& item = chunk.loaded.values[value++];
                result.raw_scores.push_back(one.raw_score);
                if (one.score) result.scores.push_back(*one.score);
                counts.add(one, set.test[index].is_anomalous, item.mask, item.roi);
                products.add(index, one, chunk.ms, item.mask, item.roi);
                if (scored) scored(index, item.image, one, item.mask);
            }
            control.report({chunk.loaded.first + chunk.loaded.size(), files.size()});
        }
    };
    if (ranks == nullptr) {
        pipeline(prefetch::on, files.size(), step, load, score, count);
    } else {
        const bool with_images = static_cast<bool>(scored);
        const auto compute = [&](partial_chunk<score_detail::loaded_item> chunk) {
            return score_detail::bytes_of(score_detail::score_chunk(by, std::move(chunk)), with_images);
        };
        const auto use = [&](partial_chunk<score_detail::loaded_item> chunk, const std::string& bytes) {
            score_detail::log_failures(chunk.failures);
            std::vector<score_detail::scored_chunk> made;
            made.push_back(score_detail::scored_chunk_from(bytes, std::move(chunk), with_images));
            result.ms.insert(result.ms.end(), made.back().results.size(), made.back().ms);
            count(0, made);
        };
        score_detail::deal_chunks<score_detail::loaded_item>(
            *ranks, files.size(), step, reaction, [&](std::size_t index) { return load_one(index, on_failure::skip); }, compute,
            use);
        if (ranks->rank() != 0) return {};
    }
    result.products = products.derive(by.calibrations(), masks);
    const bool one_product = result.products.empty();
    counts.derive(one_product ? calibration_of(by.calibrations(), score_detail::product_of(set, 0), set.name) : nullptr, masks,
                  result);
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    return result;
}

/// The set without the test images that failed: its test images are those of found.raw_scores, in order.
[[nodiscard]] inline data::dataset evaluated_set(data::dataset set, const evaluation& found) {
    for (auto failed = found.failures.rbegin(); failed != found.failures.rend(); ++failed)
        set.test.erase(set.test.begin() + static_cast<std::ptrdiff_t>(failed->index));
    return set;
}

}  // namespace rd4ad::inline RD4AD_ABI
