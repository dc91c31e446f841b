// The library's code for one instruction set, behind rd4ad/any/engine.hpp: every backend that the build has. The build may
// compile this file several times, each with its own -march and RD4AD_VARIANT_ENTRY, the name of the one function that other
// files call.
#if !defined(RD4AD_ISA)
#define RD4AD_ISA engine  // never that of a program, so that the linker keeps its functions and these apart
#endif

#include <rd4ad/core/config.hpp>
//
#if !defined(__CUDACC__)
#include <rd4ad/backend/xtensor.hpp>
#endif
#if defined(RD4AD_WITH_ONEDNN)
#include <rd4ad/backend/onednn.hpp>
#endif
#if defined(RD4AD_WITH_THRUST)
#include <rd4ad/backend/thrust.hpp>
#endif

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/any/convert.hpp>
#include <rd4ad/data/open.hpp>
#include <rd4ad/model/teacher_weights.hpp>
#include <rd4ad/score/detector.hpp>
#include <rd4ad/train/keep_images.hpp>
#include <rd4ad/train/train_model.hpp>

#include "engine.hpp"
#include "engine_detector.hpp"
#include "engine_training.hpp"

namespace rd4ad::inline RD4AD_ABI::compiled_engine {

namespace {

/// The engine of one backend.
template <Backend B, bool Trains = true>
class engine_of final : public boundary::engine {
   public:
    engine_of(const boundary::engine_options& options, std::vector<std::string> backends, std::string backend)
        : options_{options}, backends_{std::move(backends)}, backend_{std::move(backend)}, device_{device_number(options)} {}

    [[nodiscard]] std::vector<std::string> backends() const override { return backends_; }

    [[nodiscard]] std::unique_ptr<boundary::detector> open(const fs::path& checkpoint,
                                                           const boundary::detector_options& options) const override {
        return open_by(options, [&](const auto& how, const model_options& by) { return detector<B>{checkpoint, how, by}; });
    }

    [[nodiscard]] std::unique_ptr<boundary::detector> open(std::span<const std::byte> checkpoint, const std::string& name,
                                                           const boundary::detector_options& options) const override {
        return open_by(options, [&](const auto& how, const model_options& by) { return detector<B>{checkpoint, name, how, by}; });
    }

    [[nodiscard]] boundary::training train(const fs::path& data, const fs::path& checkpoint,
                                           const boundary::train_options& from) const override {
        return train_on(checkpoint, from, [&](train_options& options) {
            auto set = data::open(data);
            if (from.white_level == 0) options.white_level = found_white_level(set);
            return set;
        });
    }

    [[nodiscard]] boundary::training train(const boundary::image_generator& next, const fs::path& checkpoint,
                                           const boundary::train_options& from) const override {
        return train_on(checkpoint, from, [&](train_options& options) {
            const auto images = [&next]() -> std::optional<training_image> {
                auto one = next();
                if (!one) return std::nullopt;
                return training_image{from_boundary(one->frame), std::move(one->name), std::move(one->product)};
            };
            return keep_images(images, options);
        });
    }

   private:
    /// Trains on the data set that open(options) returns.
    template <class Open>
    [[nodiscard]] boundary::training train_on(const fs::path& checkpoint, const boundary::train_options& from,
                                              const Open& open) const {
        return export_errors([&] {
            if constexpr (Trains) {
                const device_scope device{device_};
                auto options = training_of(from, checkpoint, options_.verify);
                const auto set = open(options);
                auto m = from.resume ? load_checkpoint<B>(checkpoint, model_options_of(from.seed))
                                     : new_model<B>(from, model_options_of(from.seed));
                return record_of(rd4ad::train(m, set, options));
            } else {
                throw option_error{text("backend \"", backend_, "\" does not train: train with ", backends_.front(), "; ",
                                        backend_, " scores with its checkpoints")};
                return boundary::training{};
            }
        });
    }

    [[nodiscard]] model_options model_options_of(std::uint64_t seed) const {
        return {.seed = seed, .threads = options_.threads, .verify = options_.verify};
    }

    template <class Load>
    [[nodiscard]] std::unique_ptr<boundary::detector> open_by(const boundary::detector_options& options, const Load& load) const {
        return export_errors([&]() -> std::unique_ptr<boundary::detector> {
            const device_scope device{device_};
            return std::make_unique<detector_of<B>>(load(from_boundary(options), model_options_of(model_options{}.seed)),
                                                    backend_, device_);
        });
    }

    [[nodiscard]] static boundary::training record_of(rd4ad::training_log log) {
        boundary::training made{.steps = log.steps,
                                .training_images = log.training_images,
                                .validation_images = log.validation_images,
                                .folds = log.folds,
                                .stopped = log.stopped,
                                .seconds = log.seconds,
                                .losses = std::move(log.losses)};
        for (const auto& one : log.suspects) made.suspects.emplace_back(one.image, static_cast<float>(one.raw_score));
        for (const auto& one : log.skipped) made.skipped.emplace_back(one.image, to_boundary(one.reason));
        return made;
    }

    boundary::engine_options options_;
    std::vector<std::string> backends_;
    std::string backend_;
    int device_;
};

/// The names of the backends that this build has; the first one is the default.
[[nodiscard]] std::vector<std::string> built_backends() {
    return {
#if !defined(__CUDACC__)
        "xtensor",
#if defined(RD4AD_WITH_ONEDNN)
            "onednn", "onednn-bf16",
#endif
#endif
#if defined(RD4AD_WITH_THRUST)
            "thrust",
#endif
    };
}

[[nodiscard]] std::unique_ptr<boundary::engine> engine_named(const boundary::engine_options& options) {
    auto built = built_backends();
    const std::string name = options.backend.empty() ? built.front() : options.backend;
#if !defined(__CUDACC__)
    if (name == "xtensor") return std::make_unique<engine_of<backend::xtensor<float>>>(options, built, name);
#if defined(RD4AD_WITH_ONEDNN)
    if (name == "onednn") return std::make_unique<engine_of<backend::onednn<float>>>(options, built, name);
    if (name == "onednn-bf16")
        return std::make_unique<engine_of<backend::onednn<float, backend::bf16>, false>>(options, built, name);
#endif
#endif
#if defined(RD4AD_WITH_THRUST)
    if (name == "thrust") return std::make_unique<engine_of<backend::thrust<float>>>(options, built, name);
#endif
    std::string known;
    for (const auto& one : built) known += text(known.empty() ? "" : ", ", one);
    constexpr std::string_view others[]{"xtensor", "onednn", "onednn-bf16", "thrust"};
    const bool exists = std::find(std::begin(others), std::end(others), name) != std::end(others);
    throw option_error{text("backend \"", name, exists ? "\": this library is built without it" : "\" is unknown", "; it has ",
                            known, exists ? ". Build it with RD4AD_ONEDNN=ON or RD4AD_THRUST for the others" : "")};
}

/// Sends the events of this copy of the library to the program's receivers.
void publish(const log_event& event) {
    std::vector<std::pair<std::string_view, std::string_view>> fields;
    for (const auto& [key, value] : event.fields) fields.emplace_back(key, value);
    boundary::publish_log(static_cast<int>(event.level), event.text, fields);
}

}  // namespace

}  // namespace rd4ad::inline RD4AD_ABI::compiled_engine

extern "C" const rd4ad::boundary::engine_table* RD4AD_VARIANT_ENTRY();
extern "C" const rd4ad::boundary::engine_table* RD4AD_VARIANT_ENTRY() {
    static const rd4ad::boundary::engine_table table{[](const rd4ad::boundary::engine_options& options) {
        return rd4ad::compiled_engine::export_errors([&] { return rd4ad::compiled_engine::engine_named(options); });
    }};
    [[maybe_unused]] static const bool published = (rd4ad::set_log(&rd4ad::compiled_engine::publish), true);
    return &table;
}
