// rd4ad/any/engine.hpp: the boundary between the library rd4ad::compiled and its faces, rd4ad/any_detector.hpp and rd4ad.h.
// Programs use the faces. Twin: tests/any/any_detector.cpp
//
// The library is compiled for other instruction sets than the files that use it, so nothing here lies in the inline namespace
// RD4AD_ABI: only abstract classes, structs of the standard library's types, and no function bodies.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rd4ad::boundary::inline v1 {

/// An error of the library, as an exception and as a value: the number of its rd4ad::error_code, and its message.
struct problem {
    int code{0};
    std::string message{};
};

/// See any_options.
struct engine_options {
    std::string backend{}, device{}, instruction_set{};
    std::size_t threads{0};
    bool verify{true};
};

/// See detector_options. map_size: the number of rd4ad::map_size.
struct detector_options {
    std::size_t batch;
    double sigma;
    int map_size;
    double region_threshold, min_area;
    std::string product;
};

/// See image::image_view. format: the number of image::pixel_format.
struct frame {
    const void* data;
    std::size_t width, height;
    std::ptrdiff_t stride;
    int format;
    std::uint32_t white;
};

/// See rd4ad::region. Boxes: x, y, width, height. Points: x, y.
struct region {
    std::array<double, 4> box{}, relative{};
    double area{0};
    float raw_score{0};
    std::optional<double> score{};
    std::vector<std::array<double, 2>> outline{};
};

/// The members of image::fit_transform, in their order.
using transform = std::array<std::size_t, 12>;

/// See rd4ad::detection_result.
struct result {
    float raw_score{0};
    std::optional<double> score{};
    std::size_t map_width{0}, map_height{0};
    std::vector<float> map{};
    std::vector<region> regions{};
    boundary::transform transform{};
};

/// A result, or the reason why there is none.
struct outcome {
    std::optional<boundary::problem> problem{};
    boundary::result result{};
};

/// See rd4ad::calibration. rule and source: the numbers of threshold_rule and score_source.
struct calibration {
    double typical, threshold;
    int rule;
    double asked_rate, expected_rate, rate_low, rate_high;
    std::optional<double> f1;
    std::vector<float> good_scores;
    std::size_t set_aside;
    int source;
};

/// See model_description.
struct description {
    std::string arch, teacher, backend;
    std::size_t width, height, threads;
    std::vector<std::string> products;
    std::optional<boundary::calibration> calibration;
};

/// See rd4ad::run_control.
struct control {
    std::stop_token stop{};
    std::function<void(std::size_t done, std::size_t count)> progress{};
};

/// See results_callback.
using results_callback = std::function<void(std::size_t first, std::vector<outcome> results, double ms)>;

/// A detector of any backend. Several threads may call the const members at once. Each throws `problem` for an rd4ad::error.
class detector {
   public:
    detector() = default;
    detector(const detector&) = delete;
    detector& operator=(const detector&) = delete;
    virtual ~detector() = default;
    [[nodiscard]] virtual const boundary::description& description() const noexcept = 0;
    virtual void warm_up(std::span<const std::array<std::size_t, 2>> sizes, std::size_t frames, std::size_t callers) const = 0;
    [[nodiscard]] virtual std::vector<result> score(std::span<const frame> frames) const = 0;
    /// mask: a frame of format grey8, 0 outside the region of interest.
    [[nodiscard]] virtual result score_inside(const frame& of, const frame& mask) const = 0;
    [[nodiscard]] virtual result score_file(const std::filesystem::path& file) const = 0;
    virtual void score_files(std::span<const std::filesystem::path> files, const results_callback& use, bool skip_failures,
                             const control& follow) const = 0;
};

/// See training_progress.
struct training_progress {
    std::size_t epoch, epochs, step, steps;
    double loss, images_per_second, seconds_left;
    std::size_t fold, folds;
};

/// See any_train_options. patches: per row, per column, size, overlap.
struct train_options {
    std::string arch, teacher;
    std::span<const std::byte> teacher_bytes;
    std::size_t steps, epochs, batch, size, height, crop;
    std::string fit;
    std::array<std::size_t, 4> patches;
    std::uint32_t white_level;
    std::uint64_t seed;
    std::string calibration;
    double validation, false_alarm_rate;
    std::size_t folds;
    bool skip_bad_images, without_suspects, resume, overwrite;
    std::size_t save_every, cache_bytes;
    std::function<void(const training_progress&)> progress;
    std::stop_token stop;
};

/// See rd4ad::training_image.
struct training_image {
    boundary::frame frame{};
    std::string name{}, product{};
};

/// Returns the next image, or nullopt after the last one; see rd4ad::image_generator.
using image_generator = std::function<std::optional<training_image>()>;

/// See any_training.
struct training {
    std::size_t steps{0}, training_images{0}, validation_images{0}, folds{0};
    bool stopped{false};
    double seconds{0};
    std::vector<double> losses{};
    std::vector<std::pair<std::filesystem::path, float>> suspects{};
    std::vector<std::pair<std::filesystem::path, problem>> skipped{};
};

/// The library's code for one backend and one instruction set. Each member throws `problem` for an rd4ad::error.
class engine {
   public:
    engine() = default;
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;
    virtual ~engine() = default;
    /// The names of the backends that the build has; the first one is the default.
    [[nodiscard]] virtual std::vector<std::string> backends() const = 0;
    [[nodiscard]] virtual std::unique_ptr<detector> open(const std::filesystem::path& checkpoint,
                                                         const detector_options& options) const = 0;
    [[nodiscard]] virtual std::unique_ptr<detector> open(std::span<const std::byte> checkpoint, const std::string& name,
                                                         const detector_options& options) const = 0;
    [[nodiscard]] virtual training train(const std::filesystem::path& data, const std::filesystem::path& checkpoint,
                                         const train_options& options) const = 0;
    [[nodiscard]] virtual training train(const image_generator& next, const std::filesystem::path& checkpoint,
                                         const train_options& options) const = 0;
};

/// Returns the engine of the options. Throws `problem` for a backend, a device or an instruction set that the build or the
/// machine lacks.
[[nodiscard]] std::unique_ptr<engine> make_engine(const engine_options& options);

/// Receives an event of the log. level: the number of rd4ad::log_level. fields: key and value.
using log_receiver = void (*)(int level, std::string_view text,
                              std::span<const std::pair<std::string_view, std::string_view>> fields);

/// Sends the events of all engines to one more receiver. Does nothing for one that receives them already.
void add_log_receiver(log_receiver receiver);

/// Sends an event to all receivers.
void publish_log(int level, std::string_view text, std::span<const std::pair<std::string_view, std::string_view>> fields);

}  // namespace rd4ad::boundary::inline v1
