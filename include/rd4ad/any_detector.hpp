// rd4ad/any_detector.hpp: scoring in a backend that the program chooses when it runs, compiled in the library rd4ad::compiled. No
// templates; quick to include, alone or beside rd4ad.hpp. Twin: tests/any/any_detector.cpp
#pragma once
#include <array>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/any/convert.hpp>
#include <rd4ad/any/engine.hpp>
#include <rd4ad/core/error.hpp>
#include <rd4ad/core/log.hpp>
#include <rd4ad/core/outcome.hpp>
#include <rd4ad/core/run_control.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/image_view.hpp>
#include <rd4ad/score/calibration.hpp>
#include <rd4ad/score/detection_result.hpp>
#include <rd4ad/score/options.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Where and how the compiled library computes: texts and numbers of a settings file.
struct any_options {
    std::string backend{};          ///< "xtensor", "onednn", "onednn-bf16" or "thrust"; empty: the first of any_backends()
    std::string device{};           ///< of thrust on NVIDIA GPUs: the number of the GPU; empty: the first one
    std::string instruction_set{};  ///< empty: the best one of the processor that the library has
    std::size_t threads{0};         ///< of each call; 0: default_threads()
    bool verify{true};              ///< compares a checkpoint with its checksums, if it has some
};

/// The model of a detector.
struct model_description {
    std::string arch;                   ///< "resnet18", ...
    std::string teacher;                ///< origin of the teacher's weights, for people
    std::string backend;                ///< that computes: "xtensor", ...
    std::size_t width, height;          ///< of the network's input: an image or a patch
    std::size_t threads;                ///< of each call
    std::vector<std::string> products;  ///< with a calibration each; empty for a model without products
};

namespace any {

/// The compiled library's engine. Its events go to the program's log.
[[nodiscard]] inline std::unique_ptr<boundary::engine> engine_of(const any_options& options) {
    boundary::add_log_receiver(&receive_log);
    return translate_errors([&] {
        return boundary::make_engine({.backend = options.backend,
                                      .device = options.device,
                                      .instruction_set = options.instruction_set,
                                      .threads = options.threads,
                                      .verify = options.verify});
    });
}

/// The boundary's form of a run_control, which must outlive it.
[[nodiscard]] inline boundary::control to_boundary(const run_control& control) {
    boundary::control made{.stop = control.stop};
    if (control.progress)
        made.progress = [&control](std::size_t done, std::size_t count) { control.report({.done = done, .count = count}); };
    return made;
}

}  // namespace any

/// The backends of the compiled library; the first one is the default.
[[nodiscard]] inline std::vector<std::string> any_backends() { return any::engine_of({})->backends(); }

/// A detector without template parameters: the results of the class template detector (score/detector.hpp), bit for bit.
/// Move-only. Several threads may call the const members at once; each call uses as many threads as the options state. Every
/// member throws the errors of detector's.
class any_detector {
   public:
    /// Loads a checkpoint file. Throws option_error for a backend or an instruction set that the library was built without, and
    /// for a device with a backend that has none; device_error for a device that the machine lacks; otherwise as detector's
    /// constructor does.
    explicit any_detector(const std::filesystem::path& checkpoint, const any_options& where = {},
                          const detector_options& options = {})
        : impl_{any::translate_errors([&] { return any::engine_of(where)->open(checkpoint, any::to_boundary(options)); })},
          facts_{*impl_} {}

    /// Loads the bytes of a checkpoint, which are not needed after the call. name: starts the messages, in place of a path.
    any_detector(std::span<const std::byte> checkpoint, const std::string& name, const any_options& where = {},
                 const detector_options& options = {})
        : impl_{any::translate_errors([&] { return any::engine_of(where)->open(checkpoint, name, any::to_boundary(options)); })},
          facts_{*impl_} {}

    [[nodiscard]] const model_description& model() const noexcept { return facts_.model; }
    /// The function from raw scores to scores; empty if the model has none, or one per product and options name no product.
    [[nodiscard]] const std::optional<rd4ad::calibration>& calibration() const noexcept { return facts_.calibration; }

    /// Does the work that the first frames of these sizes would wait for. frames: scored by one call later on. callers: threads
    /// that score at once later on.
    void warm_up(std::span<const image::size> sizes, const warm_up_options& options = {}) const {
        std::vector<std::array<std::size_t, 2>> pairs;
        for (const auto& one : sizes) pairs.push_back({one.width, one.height});
        any::translate_errors([&] { impl_->warm_up(pairs, options.frames, options.callers); });
    }

    /// Scores one frame where it lies, without a copy of it.
    [[nodiscard]] detection_result score(const image::image_view& frame) const {
        return std::move(score(std::span{&frame, 1}).front());
    }

    /// Scores frames of any sizes and formats where they lie.
    [[nodiscard]] std::vector<detection_result> score(std::span<const image::image_view> frames) const {
        std::vector<boundary::frame> plain;
        for (const auto& one : frames) plain.push_back(any::to_boundary(one));
        return any::from_boundary(any::translate_errors([&] { return impl_->score(plain); }));
    }

    /// Scores one frame in a region of interest, in place of the model's. roi: of the frame's size and format grey8, 0 outside.
    [[nodiscard]] detection_result score(const image::image_view& frame, const image::image_view& roi) const {
        return any::from_boundary(
            any::translate_errors([&] { return impl_->score_inside(any::to_boundary(frame), any::to_boundary(roi)); }));
    }

    /// Scores one image: grey or RGB.
    [[nodiscard]] detection_result score(const image::image_u8& image) const { return score(image::view_of(image)); }

    /// Scores images of any sizes: grey or RGB.
    [[nodiscard]] std::vector<detection_result> score(std::span<const image::image_u8> images) const {
        std::vector<image::image_view> views;
        for (const auto& one : images) views.push_back(image::view_of(one));
        return score(views);
    }

    /// Scores one image in a region of interest, in place of the model's. roi: 1 channel, of the image's size, 0 outside.
    [[nodiscard]] detection_result score(const image::image_u8& image, const image::image_u8& roi) const {
        return score(image::view_of(image), image::view_of(roi));
    }

    /// Scores an image file.
    [[nodiscard]] detection_result score(const std::filesystem::path& file) const {
        return any::from_boundary(any::translate_errors([&] { return impl_->score_file(file); }));
    }

    /// Scores files in order; reading overlaps with computing, and with `use`, which has its own thread. on_failure::skip gives a
    /// file that can't be read a failure in place of its result. A stop of `control` throws stopped_error before the next batch.
    void score_files(std::span<const std::filesystem::path> files, const results_callback& use,
                     on_failure reaction = on_failure::stop, const run_control& control = {}) const {
        const auto convert = [&use](std::size_t first, std::vector<boundary::outcome> from, double ms) {
            std::vector<outcome<detection_result>> results;
            for (auto& one : from)
                if (one.problem)
                    results.emplace_back(any::from_boundary(*one.problem));
                else
                    results.emplace_back(any::from_boundary(std::move(one.result)));
            use(first, results, ms);
        };
        any::translate_errors(
            [&] { impl_->score_files(files, convert, reaction == on_failure::skip, any::to_boundary(control)); });
    }

   private:
    struct facts {
        explicit facts(const boundary::detector& of)
            : model{.arch = of.description().arch,
                    .teacher = of.description().teacher,
                    .backend = of.description().backend,
                    .width = of.description().width,
                    .height = of.description().height,
                    .threads = of.description().threads,
                    .products = of.description().products} {
            if (of.description().calibration) calibration = any::from_boundary(*of.description().calibration);
        }
        model_description model;
        std::optional<rd4ad::calibration> calibration{};
    };

    std::unique_ptr<const boundary::detector> impl_;
    facts facts_;
};

}  // namespace rd4ad::inline RD4AD_ABI
