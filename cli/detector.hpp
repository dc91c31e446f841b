// cli/detector.hpp: the detector on the backend of --backend, behind one type: only backend_detectors.cpp compiles the backends.
// Twin: tests/cli/command.sh
#pragma once
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/model/network_input.hpp>
#include <rd4ad/score/evaluate.hpp>

#include "options.hpp"

namespace cli {

/// An rd4ad::detector of any backend. Each member does what the member of rd4ad::detector with its name does. score_files and
/// evaluate share their work with the other ranks (ranks.hpp); then rank 0 alone has results.
class detector {
   public:
    detector() = default;
    detector(const detector&) = delete;
    detector& operator=(const detector&) = delete;
    virtual ~detector() = default;

    [[nodiscard]] virtual const rd4ad::model_settings& settings() const = 0;
    [[nodiscard]] virtual const rd4ad::architecture& arch() const = 0;
    [[nodiscard]] virtual const std::optional<rd4ad::calibration>& calibration() const = 0;
    [[nodiscard]] virtual const rd4ad::product_calibrations& calibrations() const = 0;
    [[nodiscard]] virtual std::vector<rd4ad::detection_result> score(std::span<const rd4ad::image::image_u8> images) const = 0;
    [[nodiscard]] virtual std::vector<rd4ad::detection_result> score_preprocessed(
        std::span<const rd4ad::preprocessed_image> images) const = 0;
    virtual void score_files(std::span<const std::filesystem::path> files, const rd4ad::results_callback& use,
                             const rd4ad::data::region_of_interest& roi, rd4ad::on_failure reaction) const = 0;
    [[nodiscard]] virtual std::vector<rd4ad::detection_result> score_inputs(const std::vector<float>& inputs) const = 0;
    [[nodiscard]] virtual std::vector<rd4ad::outcome<float>> raw_scores(std::span<const std::filesystem::path> files,
                                                                        const rd4ad::data::region_of_interest& roi,
                                                                        rd4ad::on_failure reaction,
                                                                        const rd4ad::run_control& control) const = 0;
    /// rd4ad::evaluate with this detector.
    [[nodiscard]] virtual rd4ad::evaluation evaluate(const rd4ad::data::dataset& set, std::size_t batch,
                                                     const rd4ad::evaluation_callback& scored,
                                                     const rd4ad::data::region_of_interest& roi,
                                                     rd4ad::on_failure reaction) const = 0;
};

/// The parts per test of drift of --drift-window; 0: none. Throws usage_error.
[[nodiscard]] std::size_t drift_window_of(const parsed_options& options);

/// The detectors on one backend.
struct backend_detectors {
    std::unique_ptr<const detector> (*load)(const std::filesystem::path& checkpoint, const rd4ad::detector_options& options,
                                            const rd4ad::model_options& model);
    std::string backend, blas;  ///< the backend's name, and its BLAS
};

/// The detectors on the backend of --backend. Throws usage_error for a wrong flag, option_error if this build lacks the backend.
[[nodiscard]] backend_detectors detectors_of(const parsed_options& options);

/// Loads detectors by --backend, --threads and --algorithm.
class detector_loader {
   public:
    /// Throws as detectors_of.
    explicit detector_loader(const parsed_options& options);

    /// Loads a checkpoint. Throws as the constructor of rd4ad::detector does.
    [[nodiscard]] std::unique_ptr<const detector> operator()(const std::filesystem::path& checkpoint,
                                                             const rd4ad::detector_options& options = {}) const {
        return detectors_.load(checkpoint, options, model_);
    }

    /// The number of --threads; 0: as many as affinity and quota leave.
    [[nodiscard]] std::size_t threads() const noexcept { return model_.threads; }
    /// The backend's name, and its BLAS.
    [[nodiscard]] const std::string& backend() const noexcept { return detectors_.backend; }
    [[nodiscard]] const std::string& blas() const noexcept { return detectors_.blas; }

   private:
    rd4ad::model_options model_;
    backend_detectors detectors_;
};

}  // namespace cli
