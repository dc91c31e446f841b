// cli/pictures.hpp: pictures of what was found: photograph, heat map over it, mask; and the bare map. Twin: tests/cli
#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <rd4ad/image/image.hpp>
#include <rd4ad/score/finding.hpp>

namespace cli {

/// What both verbs' help says of the pictures.
extern const char* const pictures_help;

/// Writes two files for each photograph into a folder: <stem>_map.png, the map in 16-bit grey at the network's size (value
/// x 65535 / 3), and <stem>.jpg, photograph, heat map and mask side by side. All heat maps have one scale of colours,
/// found from the first `most_kept` photographs; so many maps are kept in memory.
class picture_writer {
   public:
    picture_writer(std::filesystem::path folder, std::size_t most_kept);

    /// `part`: the sub-folder, "" for none. The finding's map is at the network's size; the mask is fitted as its photograph is.
    /// Throws io_error where a file can't be written.
    void add(const std::string& part, const std::filesystem::path& photograph, const rd4ad::finding& found,
             const std::optional<rd4ad::image::picture>& mask);

    /// Writes what is still kept.
    void finish();

   private:
    struct entry {
        std::filesystem::path photograph, target;
        rd4ad::image::picture16 map;
        rd4ad::image::placement place;
        std::optional<rd4ad::image::picture> mask;
        float lowest, highest;
    };

    void write(const entry& one) const;
    void fix_scale();

    std::filesystem::path folder_;
    std::size_t most_kept_;
    std::vector<entry> kept_;
    std::set<std::string> used_;
    bool scaled_{false};
    float low_{0}, high_{3};
};

}  // namespace cli
