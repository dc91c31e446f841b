// cli/image_output.hpp: writes result images: the image, its heat map and mask side by side, and the anomaly map. Twin:
// tests/cli/command.sh
#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <rd4ad/image/image.hpp>
#include <rd4ad/score/detection_result.hpp>

namespace cli {

/// The largest side of an image in a result image, in pixels, and the quality of its JPEG file.
inline constexpr std::size_t max_image_side = 1024;
inline constexpr int image_jpeg_quality = 88;

/// Help about the result images.
extern const char* const result_images_help;

/// Writes two files per image into a folder: <stem>_map.png, the anomaly map in 16-bit grey at the network's size (raw score x
/// 65535 / 3), and <stem>.jpg, image, heat map and mask side by side. All heat maps share one colour scale, which the first
/// `max_kept` images determine; the writer holds these maps in memory.
class result_image_writer {
   public:
    result_image_writer(std::filesystem::path folder, std::size_t max_kept);

    /// Adds the result of an image, whose map is at the network's size, and its mask, fitted like the image. `subfolder`: "" for
    /// none. Throws io_error if a file can't be written.
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

    [[nodiscard]] std::string unused_target(const std::filesystem::path& stem);
    void set_colour_scale();
    void write(const entry& one) const;

    std::filesystem::path folder_;
    std::size_t max_kept_;
    std::vector<entry> kept_;
    std::set<std::string> used_;
    bool scaled_{false};
    float low_{0}, high_{3};
};

}  // namespace cli
