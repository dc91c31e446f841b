// cli/image_output.hpp: writes result images: the image, its heat map and mask side by side, and the anomaly map. Twin:
// tests/cli/command.sh
#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/data/preprocessing.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/io/output_folder.hpp>
#include <rd4ad/score/calibration.hpp>
#include <rd4ad/score/colour_range.hpp>
#include <rd4ad/score/detection_result.hpp>

#include "outputs.hpp"

namespace cli {

/// The largest side of an image in a result image, in pixels, and the quality of its JPEG file.
inline constexpr std::size_t max_image_side = 1024;
inline constexpr int image_jpeg_quality = 88;

/// Help about the result images.
extern const char* const result_images_help;

/// The units of the maps and the images that a result_image_writer writes.
struct map_display {
    double largest{3};                             ///< the raw score that is white in 16-bit grey; a whole number
    std::optional<rd4ad::colour_range> colours{};  ///< of the heat maps; empty: determined by the first images
    std::uint32_t white_level{0};                  ///< of the images, as in rd4ad::data::preprocessing
};

/// The display of a model's maps and images. largest: their largest possible raw score.
[[nodiscard]] map_display display_of(double largest, const std::optional<rd4ad::calibration>& by,
                                     const rd4ad::data::preprocessing& preprocessing);

/// Announces the files that a result_image_writer writes for `files`, in this order. Throws option_error as
/// rd4ad::io::output_folder::announce does.
void announce_result_images(rd4ad::io::output_folder& out, std::span<const std::filesystem::path> files);

/// Announces those of one more file; names: of the run so far.
void announce_result_image(rd4ad::io::output_folder& out, result_names& names, const std::filesystem::path& folder,
                           const std::filesystem::path& file);

/// Writes two files per image into a folder: <stem>_map.png, the anomaly map in 16-bit grey at the network's size (raw score x
/// 65535 / display.largest), and <stem>.jpg, image, heat map and mask side by side. All heat maps share one colour scale: that of
/// the display, else one that the first `max_kept` images determine, whose maps the writer holds in memory until then.
class result_image_writer {
   public:
    /// folder: relative to the output folder, "" for none.
    result_image_writer(rd4ad::io::output_folder& out, std::filesystem::path folder, std::size_t max_kept,
                        const map_display& display);

    /// Adds the result of an image, whose map is at the network's size, and its mask, fitted like the image. `subfolder`: "" for
    /// none. Throws as rd4ad::io::output_folder::write does.
    void add(const std::string& subfolder, const std::filesystem::path& file, const rd4ad::detection_result& result,
             const std::optional<rd4ad::image::image_u8>& mask);

    /// Writes the images that wait for the colour scale.
    void finish();

   private:
    struct entry {
        std::filesystem::path file, target;
        rd4ad::image::image_u16 map;
        rd4ad::image::fit_transform transform;
        std::optional<rd4ad::image::image_u8> mask;
        float lowest, highest;
    };

    void set_colour_scale();
    void write(const entry& one) const;

    rd4ad::io::output_folder& out_;
    std::filesystem::path folder_;
    std::size_t max_kept_;
    std::vector<entry> kept_{};
    result_names names_{};
    float largest_;
    std::uint32_t white_level_;
    bool scaled_;
    rd4ad::colour_range colours_;
};

}  // namespace cli
