// cli/kserve.hpp: a model on a server that speaks the KServe v2 protocol over HTTP, for example Triton. Twin:
// tests/cli/command.sh
#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/image/image.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/model/model.hpp>
#include <rd4ad/score/calibration.hpp>

#include "http.hpp"

namespace cli {

/// How a request carries tensors: as JSON numbers, or as bytes after the JSON (the protocol's binary extension).
enum class tensor_format { automatic, as_json, binary };

/// A served model. Every function throws io_error if the server does not answer or refuses, and format_error if its answer
/// violates the protocol or the model's description; messages begin with the address.
class served_model {
   public:
    /// server: "http://host:8000"; model: its name on the server; token: that the server wants, "" for none. Requests the model's
    /// metadata and description.
    served_model(std::string server, const std::string& model, tensor_format format, const std::string& token = {});

    /// The preprocessing and the normalisation, from the model's description.
    [[nodiscard]] const rd4ad::model_settings& settings() const noexcept { return settings_; }
    /// Standard deviation, in pixels, of the Gaussian that smooths a map joined from patches.
    [[nodiscard]] double sigma() const noexcept { return sigma_; }
    /// Throws data_error for an image of another size than the region of interest that the served graph contains.
    void check_roi(const std::filesystem::path& image, const rd4ad::image::fit_transform& transform) const;
    /// The function from raw scores to scores; empty if the model has none.
    [[nodiscard]] const std::optional<rd4ad::calibration>& calibration() const noexcept { return calibration_; }
    /// The largest raw score that its maps can have.
    [[nodiscard]] double largest() const noexcept { return largest_; }
    /// The maximum number of images per request; 0: no limit.
    [[nodiscard]] std::size_t max_batch() const noexcept { return max_batch_; }

    /// The anomaly maps of inputs, height x width x 3 each.
    [[nodiscard]] std::vector<rd4ad::image::image_f32> maps(std::span<const float> inputs) const;

   private:
    [[nodiscard]] rd4ad::io::json get(const std::string& address) const;
    [[nodiscard]] bool supports_binary() const;
    [[nodiscard]] rd4ad::io::json description();
    [[nodiscard]] http_answer request_maps(std::span<const float> inputs, std::size_t count) const;

    std::string server_, model_address_;
    std::vector<std::string> headers_{};  ///< of every request
    bool binary_{false};
    std::size_t max_batch_{0};
    rd4ad::model_settings settings_{};
    double sigma_{0}, largest_{3};
    std::optional<rd4ad::calibration> calibration_{};
    std::optional<rd4ad::image::size> roi_size_{};
};

}  // namespace cli
