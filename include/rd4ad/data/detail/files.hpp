// rd4ad/data/detail/files.hpp: lists the files of a data set's folders, in the same order on every machine. Twin:
// tests/data/files.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/system_files.hpp>

namespace rd4ad::inline RD4AD_ABI::data::detail {

/// The extensions of image files, in lower case; a program without libtiff or libwebp refuses those files by name.
inline constexpr std::array<std::string_view, 12> image_extensions{"png", "jpg", "jpeg", "jpe", "jfif", "bmp",
                                                                   "tga", "pgm", "ppm",  "tif", "tiff", "webp"};

/// ASCII letters in lower case; independent of the locale.
[[nodiscard]] inline std::string lower(std::string letters) {
    for (char& letter : letters)
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    return letters;
}

/// ASCII letters in upper case; independent of the locale.
[[nodiscard]] inline std::string upper(std::string letters) {
    for (char& letter : letters)
        if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    return letters;
}

[[nodiscard]] inline bool is_hidden(const std::filesystem::path& path) { return path.filename().string().starts_with('.'); }

/// Whether a file's extension is one of image_extensions, in any case.
[[nodiscard]] inline bool has_image_extension(const std::filesystem::path& path) {
    const std::string extension = lower(path.extension().string());
    return !extension.empty() && std::find(image_extensions.begin(), image_extensions.end(),
                                           std::string_view{extension}.substr(1)) != image_extensions.end();
}

/// Whether a user made this file or folder, judged by its name: it is neither hidden nor a system's.
[[nodiscard]] inline bool is_users(const std::filesystem::path& path) { return !is_hidden(path) && !is_system_entry(path); }

/// Whether a name is that of an image: a user's, with one of image_extensions in any case.
[[nodiscard]] inline bool is_image_name(const std::filesystem::path& path) { return is_users(path) && has_image_extension(path); }

[[nodiscard]] inline bool is_folder(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::is_directory(path, ignored);
}

[[nodiscard]] inline bool is_file(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored);
}

/// The entries of a folder for which wanted(path) is true, sorted by the bytes of their names. Empty for a path that is no
/// folder. Throws io_error where the folder can't be listed.
template <class Wanted>
[[nodiscard]] std::vector<std::filesystem::path> list_folder(const std::filesystem::path& folder, const Wanted& wanted) {
    std::vector<std::filesystem::path> found;
    if (!is_folder(folder)) return found;
    std::error_code failure;
    for (auto at = std::filesystem::directory_iterator{folder, failure}; at != std::filesystem::directory_iterator{};
         at.increment(failure)) {
        if (failure) break;
        if (wanted(at->path())) found.push_back(at->path());
    }
    if (failure) throw io_error{text(folder, ": can't be listed: ", failure.message())};
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.filename().string() < b.filename().string(); });
    return found;
}

[[nodiscard]] inline std::vector<std::filesystem::path> images_in(const std::filesystem::path& folder) {
    return list_folder(folder, [](const auto& path) { return is_image_name(path) && is_file(path); });
}

[[nodiscard]] inline std::vector<std::filesystem::path> folders_in(const std::filesystem::path& folder) {
    return list_folder(folder, [](const auto& path) { return is_users(path) && is_folder(path); });
}

/// The first `max_names` of a list, for messages: "a, b, ... (5)".
[[nodiscard]] inline std::string joined(const auto& names, std::size_t max_names) {
    std::string out;
    for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), max_names); ++i) out.append(i ? ", " : "").append(names[i]);
    if (names.size() > max_names) out += text(", ... (", names.size(), ")");
    return out;
}

/// "png, jpg, ...": the extensions that are read, for messages.
[[nodiscard]] inline std::string image_kinds() { return joined(image_extensions, image_extensions.size()); }

/// The sub-folder whose name is one of `names`, which are in lower case, in any case; an exact name first. nullopt where there is
/// none.
[[nodiscard]] inline std::optional<std::filesystem::path> find_folder(const std::filesystem::path& root,
                                                                      std::initializer_list<std::string_view> names) {
    for (const auto name : names)
        if (const auto exact = root / name; is_folder(exact)) return exact;
    for (const auto name : names)
        for (const auto& folder : folders_in(root))
            if (lower(folder.filename().string()) == name) return folder;
    return std::nullopt;
}

/// The first names in a folder, for messages: "a, b, ... (5)"; "nothing" for an empty folder.
[[nodiscard]] inline std::string names_in(const std::filesystem::path& folder, std::size_t max_names = 6) {
    std::vector<std::string> names;
    for (const auto& path : list_folder(folder, [](const auto& entry) { return is_users(entry); }))
        names.push_back(path.filename().string());
    return names.empty() ? "nothing" : joined(names, max_names);
}

/// The last name of a path, also of a path that ends in a slash or is ".".
[[nodiscard]] inline std::string name_of(const std::filesystem::path& folder) {
    std::error_code ignored;
    auto whole = std::filesystem::absolute(folder, ignored).lexically_normal();
    if (whole.filename().empty()) whole = whole.parent_path();
    return whole.filename().string();
}

}  // namespace rd4ad::inline RD4AD_ABI::data::detail
