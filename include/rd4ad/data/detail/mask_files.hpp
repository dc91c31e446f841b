// rd4ad/data/detail/mask_files.hpp: finds the mask file of an image by its name. Twin: tests/data/mask_files.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <rd4ad/core/text.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/data/detail/reading.hpp>
#include <rd4ad/io/read_file.hpp>

namespace rd4ad::inline RD4AD_ABI::data::detail {

/// The stem of the image that a mask belongs to, if its name has a prefix or suffix of masks: "000" of "000_mask", "000-mask",
/// "000.Mask", "000_GT" and "mask_000". nullopt for any other name.
[[nodiscard]] inline std::optional<std::string> image_stem_of_mask(const std::string& stem) {
    constexpr std::array<std::string_view, 6> words{"ground_truth", "groundtruth", "masks", "mask", "label", "gt"};
    const auto plain = lower(stem);
    const auto is_separator = [](char letter) { return letter == '_' || letter == '-' || letter == '.' || letter == ' '; };
    for (const auto word : words) {
        if (stem.size() < word.size() + 2) continue;
        if (plain.ends_with(word) && is_separator(plain[plain.size() - word.size() - 1]))
            return stem.substr(0, stem.size() - word.size() - 1);
        if (plain.starts_with(word) && is_separator(plain[word.size()])) return stem.substr(word.size() + 1);
    }
    return std::nullopt;
}

/// The masks in a folder, by the stems of their images.
class mask_folder {
   public:
    /// Lists the images and labelme files of a folder, and of its sub-folders where the reading is recursive.
    mask_folder(const std::filesystem::path& folder, reading& to) {
        if (!is_folder(folder)) return;
        to.files.holds_masks(folder);
        add(folder, "", to.files.recursive());
    }

    [[nodiscard]] std::size_t size() const noexcept { return count_; }

    /// The mask of an image. below: the image's path below its folder. A name with a suffix comes first; two files with different
    /// content are a fault.
    [[nodiscard]] std::optional<std::filesystem::path> find(const std::filesystem::path& image,
                                                            const std::filesystem::path& below, reading& to) const {
        const auto stem = (below.parent_path() / image.stem()).generic_string();
        const auto found = by_stem_.find(lower(stem));
        if (found == by_stem_.end()) return std::nullopt;
        std::vector<candidate> all;
        for (const bool exact : {true, false}) {
            for (const auto& one : found->second)
                if (!exact || one.stem == stem) all.push_back(one);
            if (!all.empty()) break;
        }
        std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.named && !b.named; });
        const auto& first = all.front();
        for (std::size_t i = 1; i < all.size(); ++i)
            if (all[i].named == first.named && !same_content(first.file, all[i].file))
                to.fault(text(image, ": has two masks, ", first.file, " and ", all[i].file, "; remove one of them"));
        return first.file;
    }

   private:
    struct candidate {
        std::filesystem::path file;
        std::string stem;  ///< of the image
        bool named;        ///< its name says that it is a mask
    };

    [[nodiscard]] static bool same_content(const std::filesystem::path& a, const std::filesystem::path& b) {
        constexpr std::size_t most = std::size_t{1} << 31;
        return io::read_file(a, most) == io::read_file(b, most);
    }

    void add(const std::filesystem::path& folder, const std::filesystem::path& below, bool recursive) {
        const auto may_be_mask = [](const std::filesystem::path& path) {
            return is_users(path) && (has_image_extension(path) || lower(path.extension().string()) == ".json") && is_file(path);
        };
        for (const auto& file : list_folder(folder, may_be_mask)) {
            ++count_;
            const auto stem = file.stem().string();
            const auto insert = [&](const std::string& of, bool named) {
                const auto whole = (below / of).generic_string();
                by_stem_[lower(whole)].push_back({file, whole, named});
            };
            insert(stem, false);
            const auto of = image_stem_of_mask(stem);
            if (of) insert(*of, true);
            const std::filesystem::path inner{of.value_or(stem)};  // 000.png.png, 000.jpg_mask.png
            if (has_image_extension(inner)) insert(inner.stem().string(), true);
        }
        if (!recursive) return;
        for (const auto& inner : folders_in(folder)) add(inner, below / inner.filename(), recursive);
    }

    std::map<std::string, std::vector<candidate>> by_stem_{};
    std::size_t count_{0};
};

/// Faults of a folder of good images that holds masks beside the images: 000.png and 000_mask.png.
inline void check_masks_among(const std::vector<std::filesystem::path>& images, reading& to) {
    std::map<std::string, std::filesystem::path> by_stem;
    for (const auto& image : images) by_stem.emplace((image.parent_path() / image.stem()).string(), image);
    for (const auto& image : images)
        if (const auto of = image_stem_of_mask(image.stem().string()))
            if (const auto found = by_stem.find((image.parent_path() / *of).string()); found != by_stem.end())
                to.fault(text(image, ": lies among the good images, but its name is that of a mask of ", found->second.filename(),
                              "; move the masks and their images to ground_truth/<defect> and test/<defect>, or remove them"));
}

}  // namespace rd4ad::inline RD4AD_ABI::data::detail
