// rd4ad/data/detail/lister.hpp: lists a data set's files: a reader takes those that it uses, the others are left out with a
// reason. Twin: tests/data/lister.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <system_error>
#include <unordered_set>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/data/file_listing.hpp>
#include <rd4ad/data/system_files.hpp>

namespace rd4ad::inline RD4AD_ABI::data::detail {

/// Collects the files that a reader uses. `finish` walks the folder and finds a reason for every file that it does not use.
class lister {
   public:
    /// root: the folder whose files are listed; empty: none is walked. recursive: folders of images include their sub-folders.
    lister(std::filesystem::path root, bool recursive) : root_{std::move(root)}, recursive_{recursive} {}

    [[nodiscard]] bool recursive() const noexcept { return recursive_; }

    /// The images in a folder, by name, those of a sub-folder after it where recursive. Counts them under the role ("": takes
    /// none of them yet). Throws io_error where the folder can't be listed.
    [[nodiscard]] std::vector<std::filesystem::path> images(const std::filesystem::path& folder, const std::string& role) {
        image_folders_.insert(key(folder));
        std::vector<std::filesystem::path> found, above;
        collect(folder, found, above);
        if (!role.empty())
            for (const auto& one : found) use(one, role);
        return found;
    }

    /// Notes that a folder holds masks: an image in it that no reader uses is a mask without an image.
    void holds_masks(const std::filesystem::path& folder) { mask_folders_.insert(key(folder)); }

    /// Counts a file under a role; once, however often it is used.
    void use(const std::filesystem::path& file, const std::string& role) {
        if (known_.insert(key(file)).second) listing_.count(role, 1);
    }

    /// Leaves out a file for a reason that its path does not show.
    void leave_out(const std::filesystem::path& file, omission reason, std::string detail = "") {
        if (known_.insert(key(file)).second) listing_.left_out.push_back({file, reason, std::move(detail)});
    }

    /// The listing, with the reason for every other file below the root.
    [[nodiscard]] file_listing finish() {
        if (is_folder(root_)) {
            std::vector<std::filesystem::path> above;
            walk(root_, above, {});
        }
        return std::move(listing_);
    }

   private:
    /// More files than this are not listed: the folder may be a whole disk.
    static constexpr std::size_t max_left_out = 100'000;

    /// The facts that the folders above a file give about it.
    struct surroundings {
        bool hidden{false}, in_images{false}, in_masks{false};
        std::string system{};
    };

    [[nodiscard]] static std::string key(const std::filesystem::path& path) { return path.lexically_normal().string(); }

    /// Adds a folder to those above its content. Returns false if it is there already: a link leads up.
    [[nodiscard]] static bool enter(const std::filesystem::path& folder, std::vector<std::filesystem::path>& above) {
        std::error_code failure;
        auto real = std::filesystem::canonical(folder, failure);
        if (failure || std::find(above.begin(), above.end(), real) != above.end()) return false;
        above.push_back(std::move(real));
        return true;
    }

    void collect(const std::filesystem::path& folder, std::vector<std::filesystem::path>& found,
                 std::vector<std::filesystem::path>& above) const {
        if (!enter(folder, above)) return;
        const auto images = images_in(folder);
        found.insert(found.end(), images.begin(), images.end());
        if (recursive_)
            for (const auto& below : folders_in(folder)) collect(below, found, above);
        above.pop_back();
    }

    void walk(const std::filesystem::path& folder, std::vector<std::filesystem::path>& above, surroundings around) {
        if (!enter(folder, above)) return;
        std::vector<std::filesystem::path> entries;
        try {
            entries = list_folder(folder, [](const auto&) { return true; });
        } catch (const io_error&) {
            leave_out(folder, omission::unlisted_folder);
        }
        around.in_masks = around.in_masks || mask_folders_.contains(key(folder));
        const bool here = image_folders_.contains(key(folder));
        for (const auto& entry : entries) {
            listing_.complete = listing_.left_out.size() < max_left_out;
            if (!listing_.complete) break;
            auto at = around;
            const bool folder_entry = is_folder(entry);
            if (at.system.empty() && is_system_entry(entry) && (folder_entry || !is_hidden(entry)))
                at.system = entry.filename().string();
            at.hidden = at.hidden || is_hidden(entry);
            at.in_images = around.in_images || (here && folder_entry);
            if (folder_entry)
                walk(entry, above, std::move(at));
            else
                leave_out_file(entry, at);
        }
        above.pop_back();
    }

    void leave_out_file(const std::filesystem::path& file, const surroundings& around) {
        if (known_.contains(key(file))) return;
        std::error_code ignored;
        if (!around.system.empty()) return leave_out(file, omission::system_folder, around.system);
        if (around.hidden) return leave_out(file, omission::hidden);
        if (!std::filesystem::exists(file, ignored)) return leave_out(file, omission::broken_link);
        if (!is_file(file)) return leave_out(file, omission::special_file);
        if (!has_image_extension(file)) return leave_out(file, omission::unread_type, lower(file.extension().string()));
        if (around.in_masks) return leave_out(file, omission::unused_mask);
        if (around.in_images) return leave_out(file, omission::sub_folder);
        leave_out(file, omission::unused_folder, unused_name(file));
    }

    /// The folder of a file below the root, its first two names at most.
    [[nodiscard]] std::string unused_name(const std::filesystem::path& file) const {
        const auto below = file.lexically_relative(root_).parent_path();
        std::filesystem::path first;
        std::size_t names = 0;
        for (const auto& name : below)
            if (names++ < 2) first /= name;
        return first.empty() ? std::string{"the folder itself"} : first.generic_string();
    }

    std::filesystem::path root_;
    bool recursive_;
    file_listing listing_{};
    std::unordered_set<std::string> known_{}, image_folders_{}, mask_folders_{};
};

}  // namespace rd4ad::inline RD4AD_ABI::data::detail
