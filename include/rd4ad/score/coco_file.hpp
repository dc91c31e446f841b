// rd4ad/score/coco_file.hpp: the regions of scored images as COCO results, with the list of the images. Twin:
// tests/score/coco_file.cpp
#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include <rd4ad/core/text.hpp>
#include <rd4ad/core/version.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/score/detection_result.hpp>
#include <rd4ad/score/regions_json.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The file of the images beside a file of COCO results: results.json has results.images.json.
[[nodiscard]] inline std::filesystem::path coco_images_path(std::filesystem::path results) {
    return results.replace_extension(".images.json");
}

/// Whether a file is one of the images of COCO results, as coco_file writes it.
[[nodiscard]] inline bool is_coco_images(const std::filesystem::path& path) {
    try {
        const auto found = io::read_json(path);
        return found.is_object() && found.contains("images") && found.contains("info") && found.at("info").contains("folder");
    } catch (const error&) {
        return false;
    }
}

/// Collects the regions of scored images as COCO results, and their images.
class coco_file {
   public:
    /// folder: the one that relative paths of images start from, for readers of the file; the current folder by default.
    explicit coco_file(const std::filesystem::path& folder = {}) {
        std::error_code ignored;
        folder_ = std::filesystem::absolute(folder.empty() ? "." : folder, ignored).lexically_normal().string();
    }

    /// Adds an image with its regions; its id is the number of images so far, from 1. path: absolute or relative to the folder.
    /// Throws as coco_results does.
    void add(const std::filesystem::path& path, const detection_result& result) {
        const std::size_t id = images_.size() + 1;
        for (auto& entry : coco_results(id, result.regions)) {
            entry["file_name"] = path.string();
            results_.push_back(std::move(entry));
        }
        images_.push_back({{"id", id},
                           {"file_name", path.string()},
                           {"width", result.transform.source_width},
                           {"height", result.transform.source_height}});
    }

    /// COCO results: the entries of coco_results with the key file_name, the path of the image.
    [[nodiscard]] const io::json& results() const noexcept { return results_; }

    /// A COCO file of the images, without annotations: {"images": [{"id", "file_name", "width", "height"}], "categories",
    /// "info"}. info.folder is the folder. It lists images without regions, too, and tells images of one name in two folders
    /// apart.
    [[nodiscard]] io::json images() const {
        return {{"info", {{"description", text("regions found by rd4ad ", version)}, {"folder", folder_}}},
                {"images", images_},
                {"categories", io::json::array({{{"id", 1}, {"name", "defect"}}})}};
    }

    /// Writes results() to a file and images() to coco_images_path(path). Throws io_error.
    void write(const std::filesystem::path& path) const {
        io::write_json(path, results_);
        io::write_json(coco_images_path(path), images());
    }

   private:
    std::string folder_{};
    io::json results_ = io::json::array(), images_ = io::json::array();
};

}  // namespace rd4ad::inline RD4AD_ABI
