// The part of rd4ad::compiled that computes, which the build compiles once per instruction set (cmake/instruction_sets.cmake).
// src/compiled.cpp reaches it by the table alone.
#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/core/log.hpp>
#include <rd4ad/core/outcome.hpp>
#include <rd4ad/core/run_control.hpp>
#include <rd4ad/data/items.hpp>
#include <rd4ad/data/region_of_interest.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/image_view.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/tensor_file.hpp>
#include <rd4ad/model/settings.hpp>
#include <rd4ad/score/calibration.hpp>
#include <rd4ad/score/detection_result.hpp>
#include <rd4ad/score/options.hpp>
#include <rd4ad/train/log.hpp>
#include <rd4ad/train/options.hpp>

namespace rd4ad::inline RD4AD_ABI::variant {

/// A detector<xtensor<float>>. Each member does what the detector's member with its name does.
class detector {
   public:
    detector() = default;
    detector(const detector&) = delete;
    detector& operator=(const detector&) = delete;
    virtual ~detector() = default;
    [[nodiscard]] virtual const model_settings& settings() const noexcept = 0;
    [[nodiscard]] virtual const std::optional<rd4ad::calibration>& calibration() const noexcept = 0;
    virtual void warm_up(std::span<const image::size> sizes, const warm_up_options& options) const = 0;
    [[nodiscard]] virtual detection_result score(const image::image_u8& image) const = 0;
    [[nodiscard]] virtual detection_result score(const image::image_u8& image, image::image_u8 roi) const = 0;
    [[nodiscard]] virtual std::vector<detection_result> score(std::span<const image::image_u8> images) const = 0;
    [[nodiscard]] virtual detection_result score(const image::image_view& frame) const = 0;
    [[nodiscard]] virtual detection_result score(const image::image_view& frame, image::image_u8 roi) const = 0;
    [[nodiscard]] virtual std::vector<detection_result> score(std::span<const image::image_view> frames) const = 0;
    virtual void score_files(std::span<const std::filesystem::path> files, const results_callback& use,
                             const data::region_of_interest& roi, on_failure reaction, const run_control& control) const = 0;
    [[nodiscard]] virtual std::vector<outcome<float>> raw_scores(std::span<const std::filesystem::path> files,
                                                                 const data::region_of_interest& roi, on_failure reaction,
                                                                 const run_control& control) const = 0;
};

/// A model<xtensor<float>>.
class model {
   public:
    model() = default;
    model(const model&) = delete;
    model& operator=(const model&) = delete;
    virtual ~model() = default;
    [[nodiscard]] virtual const model_settings& settings() const noexcept = 0;
    virtual void save(const std::filesystem::path& path, const io::json& training) = 0;
    [[nodiscard]] virtual training_log train(const data::dataset& set, const train_options& options) = 0;
    /// Moves the model into a detector.
    [[nodiscard]] virtual std::unique_ptr<detector> to_detector(const detector_options& options) = 0;
};

/// The functions of one variant. Each throws as the function of the library with its name.
struct table {
    /// Sends the log's events of this variant to the program's log.
    void (*forward_log)(void (*write)(const log_event& event));
    std::unique_ptr<model> (*make_model)(const std::string& arch, const io::tensor_file& teacher, const model_options& options);
    std::unique_ptr<model> (*make_model_without_teacher)(const std::string& arch, const model_options& options);
    std::unique_ptr<model> (*load_checkpoint)(const std::filesystem::path& path, const model_options& options);
    std::unique_ptr<model> (*load_checkpoint_in_memory)(std::span<const std::byte> bytes, const std::string& name,
                                                        const model_options& options);
    std::unique_ptr<const detector> (*load_detector)(const std::filesystem::path& checkpoint, const detector_options& options,
                                                     const model_options& model);
    std::unique_ptr<const detector> (*load_detector_in_memory)(std::span<const std::byte> checkpoint, const std::string& name,
                                                               const detector_options& options, const model_options& model);
};

}  // namespace rd4ad::inline RD4AD_ABI::variant
