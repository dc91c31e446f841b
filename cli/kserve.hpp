// cli/kserve.hpp: a model on a server that speaks the KServe v2 protocol over HTTP (Triton and others). Twin: tests/cli
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/image/image.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/model/model.hpp>

namespace cli {

/// How tensors travel: as JSON's numbers, or as bytes behind the JSON (the protocol's binary extension).
enum class tensor_form { automatic, json, binary };

/// A served model. Every function throws io_error where the server doesn't answer or refuses, format_error where its answer
/// is not what the protocol and the model's description promise; messages begin with the address.
class served_model {
   public:
    /// server: "http://host:8000"; model: its name there. Asks for the model's tensors and its description.
    served_model(std::string server, std::string model, tensor_form form);

    /// How photographs are prepared, as the model's description says.
    [[nodiscard]] const rd4ad::model_settings& settings() const noexcept { return settings_; }
    /// The Gaussian over a map joined of patches.
    [[nodiscard]] double sigma() const noexcept { return sigma_; }
    /// The most images a request may carry; 0: any number.
    [[nodiscard]] std::size_t largest_batch() const noexcept { return largest_batch_; }

    /// The maps of prepared images, height x width x 3 each.
    [[nodiscard]] std::vector<rd4ad::image::plane> maps(std::span<const float> images) const;

   private:
    [[nodiscard]] rd4ad::io::json get(const std::string& address) const;

    std::string server_, model_address_;
    bool binary_{false};
    std::size_t largest_batch_{0};
    rd4ad::model_settings settings_{};
    double sigma_{0};
};

}  // namespace cli
