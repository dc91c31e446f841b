// rd4ad/data/file_listing.hpp: states which files a run found, uses and leaves out, with the reasons. Twin:
// tests/data/file_listing.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/text.hpp>
#include <rd4ad/io/json.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// Why a run does not use a file.
enum class omission {
    unread_type,      ///< a type that is not read; detail: the extension
    sub_folder,       ///< an image in a sub-folder of a folder of images
    broken_link,      ///< a symbolic link to nothing
    hidden,           ///< a name that begins with a dot, or a folder of such a name
    system_folder,    ///< made by a system or a file server; detail: the name
    special_file,     ///< neither a file nor a folder: a device, a socket
    unlisted_folder,  ///< a folder that can't be listed
    unused_folder,    ///< a folder that the layout does not use; detail: its path
    label_file,       ///< a label file beside an image
    unused_mask,      ///< a mask without an image
    training_defect,  ///< a defect among the training images of a layout that has some
    not_in_list       ///< an image that the list does not name
};

/// A file that a run does not use.
struct left_out_file {
    std::filesystem::path file{};
    omission reason{};
    std::string detail{};
};

/// A role, and the number of files that have it.
struct role_count {
    std::string role{};
    std::size_t files{0};
};

/// The files below a folder: those that a run uses, and those that it leaves out.
struct file_listing {
    std::vector<role_count> used{};
    std::vector<left_out_file> left_out{};
    bool complete{true};  ///< false: more files are left out than are listed

    [[nodiscard]] std::size_t used_files() const noexcept {
        std::size_t all = 0;
        for (const auto& one : used) all += one.files;
        return all;
    }
    [[nodiscard]] std::size_t found_files() const noexcept { return used_files() + left_out.size(); }

    /// Counts files of a role.
    void count(const std::string& role, std::size_t files) {
        if (files == 0) return;
        const auto known = std::find_if(used.begin(), used.end(), [&](const auto& one) { return one.role == role; });
        if (known == used.end())
            used.push_back({role, files});
        else
            known->files += files;
    }

    /// Adds the files of another folder.
    void add(const file_listing& other) {
        for (const auto& one : other.used) count(one.role, one.files);
        left_out.insert(left_out.end(), other.left_out.begin(), other.left_out.end());
        complete = complete && other.complete;
    }
};

/// The reason for `count` files that are left out for the same one: "broken links", ".tif (not read)".
[[nodiscard]] inline std::string reason_text(const left_out_file& of, std::size_t count = 1) {
    const auto noun = [&](const char* one, const char* many) { return std::string{count == 1 ? one : many}; };
    switch (of.reason) {
        case omission::unread_type:
            return text(of.detail.empty() ? "without an extension" : of.detail, " (not read)");
        case omission::sub_folder:
            return "in sub-folders (--recursive)";
        case omission::broken_link:
            return noun("broken link", "broken links");
        case omission::hidden:
            return "hidden";
        case omission::system_folder:
            return text("of the system (", of.detail, ')');
        case omission::special_file:
            return noun("device or socket", "devices or sockets");
        case omission::unlisted_folder:
            return noun("folder that can't be listed", "folders that can't be listed");
        case omission::unused_folder:
            return text("in ", of.detail, " (not used)");
        case omission::label_file:
            return noun("label file", "label files");
        case omission::unused_mask:
            return noun("mask without an image", "masks without an image");
        case omission::training_defect:
            return noun("defect of train", "defects of train");
        case omission::not_in_list:
            return "not in the list";
    }
    return {};
}

/// The files in one line: "412 files: 400 used (train 300, test 100), 12 left out: 8 .tif (not read), 3 in sub-folders
/// (--recursive), 1 broken link". The most frequent reason comes first; of more than 8 reasons the rest is one number.
[[nodiscard]] inline std::string summary(const file_listing& of) {
    constexpr std::size_t max_reasons = 8;
    std::vector<std::pair<const left_out_file*, std::size_t>> reasons;
    for (const auto& one : of.left_out) {
        const auto same = std::find_if(reasons.begin(), reasons.end(), [&](const auto& known) {
            return known.first->reason == one.reason && known.first->detail == one.detail;
        });
        if (same == reasons.end())
            reasons.emplace_back(&one, 1);
        else
            ++same->second;
    }
    std::stable_sort(reasons.begin(), reasons.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    auto line = text(of.complete ? "" : "at least ", of.found_files(),
                     of.found_files() == 1 ? " file: " : " files: ", of.used_files(), " used");
    for (std::size_t i = 0; i < of.used.size(); ++i)
        line += text(i == 0 ? " (" : ", ", of.used[i].role, ' ', of.used[i].files, i + 1 == of.used.size() ? ")" : "");
    line += text(", ", of.left_out.size(), " left out");
    std::size_t others = 0;
    for (std::size_t i = 0; i < reasons.size(); ++i) {
        if (i >= max_reasons)
            others += reasons[i].second;
        else
            line += text(i == 0 ? ": " : ", ", reasons[i].second, ' ', reason_text(*reasons[i].first, reasons[i].second));
    }
    return others > 0 ? text(line, ", ", others, " for other reasons") : line;
}

/// {"found", "used": {role: count}, "left_out": [{"file", "reason"}], "complete"}.
[[nodiscard]] inline io::json to_json(const file_listing& of) {
    io::json used = io::json::object(), left_out = io::json::array();
    for (const auto& one : of.used) used[one.role] = one.files;
    for (const auto& one : of.left_out) left_out.push_back({{"file", one.file.string()}, {"reason", reason_text(one)}});
    return {{"found", of.found_files()}, {"used", std::move(used)}, {"left_out", std::move(left_out)}, {"complete", of.complete}};
}

}  // namespace rd4ad::inline RD4AD_ABI::data
