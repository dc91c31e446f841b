// rd4ad/model/settings.hpp: a model's options, and the settings that its checkpoint keeps beside the weights. Twin:
// tests/model/checkpoint.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/preprocessing.hpp>
#include <rd4ad/data/region_of_interest.hpp>
#include <rd4ad/image/fit_options.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/normalise.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/model/map_sigma.hpp>
#include <rd4ad/model/map_units.hpp>
#include <rd4ad/nn/convolution/select_algorithm.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Whether the network takes an input of this height and width: multiples of image::size_step, of at most
/// image::max_image_pixels.
[[nodiscard]] constexpr bool is_network_size(std::size_t height, std::size_t width) noexcept {
    const auto steps = [](std::size_t side) { return side > 0 && side % image::size_step == 0; };
    return steps(height) && steps(width) && width <= image::max_image_pixels / height;
}

/// Throws option_error unless is_network_size.
inline void check_network_size(std::size_t height, std::size_t width) {
    if (!is_network_size(height, width))
        throw option_error{text("image size ", width, " x ", height,
                                ": width and height must be multiples of 32, at least 32, with at most ", image::max_image_pixels,
                                " pixels")};
}

/// Settings of a model that its checkpoint keeps beside the weights.
struct model_settings {
    std::size_t height{256}, width{256};  ///< of the network's input, an image or a patch; multiples of 32
    image::normalisation normalisation{};
    std::string teacher{"none"};          ///< origin of the teacher's weights, for people
    data::preprocessing preprocessing{};  ///< from an image to the network's input
    map_units units{};                    ///< of the anomaly map
    data::region_of_interest roi{};       ///< the part of an image that counts
    io::json calibration{};               ///< of the scores, written by score/calibration_json.hpp; null: none
    std::string source{};  ///< the checkpoint's file, for messages; not kept in it. "": a model that was not loaded

    /// The beginning of a message about the model: its source, or else the name of the part that uses it.
    [[nodiscard]] std::string named_by(const char* user) const { return source.empty() ? user : source; }
};

/// Options of `make_model` and `load_checkpoint`.
struct model_options {
    std::uint64_t seed{111};  ///< of the initial values
    std::size_t threads{0};   ///< 0: default_threads()
    nn::algorithm_preference algorithm{nn::algorithm_preference::automatic};
    bool verify{true};  ///< load_checkpoint compares the file with its checksums, if it has some
};

}  // namespace rd4ad::inline RD4AD_ABI
