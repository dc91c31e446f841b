// The library's code for one instruction set, behind rd4ad/any/engine.hpp: every backend that the build has. The build may
// compile this file several times, each with its own -march, RD4AD_ISA (the name of the inline namespace) and RD4AD_ENGINE (the
// name of the one function that other files call).
#if !defined(RD4AD_ISA)
#define RD4AD_ISA engine  // never that of a program, so that the linker keeps its functions and these apart
#endif
#if !defined(RD4AD_ENGINE)
#define RD4AD_ENGINE make_native_engine
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
#include <array>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/any/convert.hpp>
#include <rd4ad/data/open.hpp>
#include <rd4ad/image/fit_view.hpp>
#include <rd4ad/model/teacher_weights.hpp>
#include <rd4ad/score/detector.hpp>
#include <rd4ad/train/trainer.hpp>

#include "engine.hpp"

namespace rd4ad::inline RD4AD_ABI::compiled_engine {

namespace {

namespace fs = std::filesystem;
using any::from_boundary, any::to_boundary;

/// Returns call(), with the library's errors as the boundary's problems.
template <class Call>
decltype(auto) export_errors(const Call& call) {
    try {
        return call();
    } catch (const error& found) {
        throw boundary::problem{static_cast<int>(found.code()), found.what()};
    }
}

/// The device of the calls on this thread: a GPU for thrust on CUDA. Restored at the end.
class device_scope {
   public:
#if defined(__CUDACC__)
    explicit device_scope(int number) {
        backend::device::check(cudaGetDevice(&before_), "reading the current device");
        backend::device::check(cudaSetDevice(number), "setting the device");
    }
    ~device_scope() { static_cast<void>(cudaSetDevice(before_)); }

   private:
    int before_{0};
#else
    explicit device_scope(int) {}
    ~device_scope() = default;

   public:
#endif
    device_scope(const device_scope&) = delete;
    device_scope& operator=(const device_scope&) = delete;
};

/// The number of the option `device`. Throws option_error for one that the backend does not have.
[[nodiscard]] int device_number(const boundary::engine_options& options) {
    if (options.device.empty()) return 0;
#if defined(__CUDACC__)
    int number = 0;
    const auto* end = options.device.data() + options.device.size();
    const auto read = std::from_chars(options.device.data(), end, number);
    if (read.ec == std::errc{} && read.ptr == end && number >= 0) return number;
    throw option_error{text("device \"", options.device, "\" is unknown; expected the number of a GPU, 0 for the first one")};
#else
    throw option_error{text("device \"", options.device,
                            "\": this build computes on the processor alone; leave the device empty, or build with "
                            "RD4AD_THRUST=CUDA")};
#endif
}

[[nodiscard]] std::vector<image::image_view> views_of(std::span<const boundary::frame> frames) {
    std::vector<image::image_view> views;
    views.reserve(frames.size());
    for (const auto& one : frames) views.push_back(from_boundary(one));
    return views;
}

/// The 8-bit mask of a frame of format grey8.
[[nodiscard]] image::image_u8 mask_of(const boundary::frame& frame) {
    const auto view = from_boundary(frame);
    image::check_view(view, "the region of interest");
    if (view.format != image::pixel_format::grey8)
        throw option_error{text("the region of interest is ", image::size_text(view), "; expected grey8, 0 outside")};
    auto mask = image::make_image<std::uint8_t>(view.width, view.height, 1);
    for (std::size_t y = 0; y < view.height; ++y)
        std::copy_n(static_cast<const std::uint8_t*>(view.data) + static_cast<std::ptrdiff_t>(y) * view.row_step(), view.width,
                    mask.row(y));
    return mask;
}

/// A detector<B> behind the boundary.
template <Backend B>
class detector_of final : public boundary::detector {
   public:
    detector_of(rd4ad::model<B> m, const rd4ad::detector_options& options, std::string backend, int device)
        : device_{device}, threads_{m.queue.threads}, by_{std::move(m), options}, description_{describe(std::move(backend))} {}

    [[nodiscard]] const boundary::description& description() const noexcept override { return description_; }

    void warm_up(std::span<const std::array<std::size_t, 2>> sizes, std::size_t frames, std::size_t callers) const override {
        run([&] {
            std::vector<image::size> made;
            for (const auto& [width, height] : sizes) made.push_back({width, height});
            by_.warm_up(made, {.frames = frames, .callers = callers});
        });
    }

    [[nodiscard]] std::vector<boundary::result> score(std::span<const boundary::frame> frames) const override {
        return run([&] {
            std::vector<boundary::result> results;
            results.reserve(frames.size());
            for (auto& one : by_.score(std::span<const image::image_view>{views_of(frames)}))
                results.push_back(to_boundary(std::move(one)));
            return results;
        });
    }

    [[nodiscard]] boundary::result score_inside(const boundary::frame& of, const boundary::frame& mask) const override {
        return run([&] { return to_boundary(by_.score(from_boundary(of), mask_of(mask))); });
    }

    void score_files(std::span<const fs::path> files, const boundary::results_callback& use, bool skip_failures,
                     const boundary::control& follow) const override {
        const auto convert = [&use](std::size_t first, std::span<const outcome<detection_result>> results, double ms) {
            std::vector<boundary::outcome> made;
            made.reserve(results.size());
            for (const auto& one : results)
                if (one)
                    made.push_back({.result = to_boundary(*one)});
                else
                    made.push_back({.problem = to_boundary(one.error())});
            use(first, std::move(made), ms);
        };
        run_control control{.stop = follow.stop};
        if (follow.progress) control.progress = [&follow](const run_progress& at) { follow.progress(at.done, at.count); };
        run([&] { by_.score_files(files, convert, {}, skip_failures ? on_failure::skip : on_failure::stop, control); });
    }

   private:
    template <class Call>
    decltype(auto) run(const Call& call) const {
        return export_errors([&]() -> decltype(auto) {
            const device_scope device{device_};
            return call();
        });
    }

    [[nodiscard]] boundary::description describe(std::string backend) const {
        const auto& settings = by_.settings();
        boundary::description made{.arch = std::string{by_.arch().name},
                                   .teacher = settings.teacher,
                                   .backend = std::move(backend),
                                   .width = settings.width,
                                   .height = settings.height,
                                   .threads = threads_,
                                   .products = {},
                                   .calibration = {}};
        if (per_product(by_.calibrations()))
            for (const auto& [product, calibration] : by_.calibrations()) made.products.push_back(product);
        if (by_.calibration()) made.calibration = to_boundary(*by_.calibration());
        return made;
    }

    int device_;
    std::size_t threads_;
    rd4ad::detector<B> by_;
    boundary::description description_;
};

/// The calibration_images that to_string calls by this name.
[[nodiscard]] calibration_images calibration_images_of(std::string_view name) {
    for (const auto one :
         {calibration_images::automatic, calibration_images::cross, calibration_images::hold_out, calibration_images::none})
        if (to_string(one) == name) return one;
    throw option_error{text("calibration \"", name, "\" is unknown; expected auto, cross, hold-out or none")};
}

[[nodiscard]] rd4ad::train_options training_of(const boundary::train_options& from, const fs::path& checkpoint, bool verify) {
    const auto& [per_row, per_column, size, overlap] = from.patches;
    rd4ad::train_options made{.epochs = from.epochs, .steps = from.steps, .batch = from.batch, .size = from.size};
    made.height = from.height;
    made.fit = image::fit_of(from.fit);
    made.crop = from.crop;
    made.patches.per_row = per_row, made.patches.per_column = per_column;
    made.patches.size = size, made.patches.overlap = overlap;
    made.seed = from.seed;
    made.calibrate_by = calibration_images_of(from.calibration);
    made.validation = from.validation;
    made.false_alarm_rate = from.false_alarm_rate;
    made.folds = from.folds;
    made.bad_images = from.skip_bad_images ? on_failure::skip : on_failure::stop;
    made.without_suspects = from.without_suspects;
    made.resume = from.resume;
    made.overwrite = from.overwrite;
    made.save_every = from.save_every;
    made.cache_bytes = from.cache_bytes;
    made.verify = verify;
    made.checkpoint = checkpoint;
    made.stop = from.stop;
    if (from.progress)
        made.progress = [&from](const rd4ad::training_progress& at) {
            from.progress(
                {at.epoch, at.epochs, at.step, at.steps, at.loss, at.images_per_second, at.seconds_left, at.fold, at.folds});
        };
    return made;
}

/// A new model by the options' teacher and architecture.
template <Backend B>
[[nodiscard]] rd4ad::model<B> new_model(const boundary::train_options& from, const model_options& options) {
    const std::string arch = from.arch.empty() ? "resnet18" : from.arch;
    const bool in_memory = !from.teacher_bytes.empty();
    if (!in_memory && from.teacher == "none") return make_model_without_teacher<B>(arch, options);
    if (!in_memory && from.teacher.empty()) {
        auto made = make_model<B>(arch, built_in_teacher(), options);
        made.settings.teacher = built_in_teacher_name;
        return made;
    }
    const auto weights = in_memory ? load_weights(from.teacher_bytes, from.teacher.empty() ? "the teacher" : from.teacher)
                                   : load_weights(fs::path{from.teacher});
    const auto& found = recognise(weights, weights.contains("teacher.conv1.weight") ? "teacher." : "");
    if (!from.arch.empty() && found.name != from.arch)
        throw format_error{
            text(weights.path, ": holds a ", found.name, ", expected ", from.arch, "; leave the architecture empty")};
    return make_model<B>(found, weights, options);
}

/// The engine of one backend.
template <Backend B, bool Trains = true>
class engine_of final : public boundary::engine {
   public:
    engine_of(const boundary::engine_options& options, std::vector<std::string> backends, std::string backend)
        : options_{options}, backends_{std::move(backends)}, backend_{std::move(backend)}, device_{device_number(options)} {}

    [[nodiscard]] std::vector<std::string> backends() const override { return backends_; }

    [[nodiscard]] std::unique_ptr<boundary::detector> open(const fs::path& checkpoint,
                                                           const boundary::detector_options& options) const override {
        return open_by(options, [&](const model_options& by) { return load_checkpoint<B>(checkpoint, by); });
    }

    [[nodiscard]] std::unique_ptr<boundary::detector> open(std::span<const std::byte> checkpoint, const std::string& name,
                                                           const boundary::detector_options& options) const override {
        return open_by(options, [&](const model_options& by) { return load_checkpoint<B>(checkpoint, name, by); });
    }

    [[nodiscard]] boundary::training train(const fs::path& data, const fs::path& checkpoint,
                                           const boundary::train_options& from) const override {
        return export_errors([&] {
            if constexpr (Trains) {
                const device_scope device{device_};
                const auto options = training_of(from, checkpoint, options_.verify);
                const auto set = data::open(data);
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

   private:
    [[nodiscard]] model_options model_options_of(std::uint64_t seed) const {
        return {.seed = seed, .threads = options_.threads, .verify = options_.verify};
    }

    template <class Load>
    [[nodiscard]] std::unique_ptr<boundary::detector> open_by(const boundary::detector_options& options, const Load& load) const {
        return export_errors([&]() -> std::unique_ptr<boundary::detector> {
            const device_scope device{device_};
            return std::make_unique<detector_of<B>>(load(model_options_of(model_options{}.seed)), from_boundary(options),
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

namespace rd4ad::boundary::inline v1 {

std::unique_ptr<engine> RD4AD_ENGINE(const engine_options& options) {
    [[maybe_unused]] static const bool published = (set_log(&compiled_engine::publish), true);
    return compiled_engine::export_errors([&] { return compiled_engine::engine_named(options); });
}

}  // namespace rd4ad::boundary::inline v1
