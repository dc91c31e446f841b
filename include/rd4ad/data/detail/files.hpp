// rd4ad/data/detail/files.hpp: what lies in a data set's folders, in an order that is the same everywhere. Twin:
// tests/data_layouts/files.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <rd4ad/core/error.hpp>

namespace rd4ad::data::detail {

inline constexpr std::array<std::string_view, 5> image_extensions{"png", "jpg", "jpeg", "bmp", "tga"};
inline constexpr const char* image_kinds = "png, jpg, jpeg, bmp, tga";

/// Lower and upper case of ASCII letters, whatever the locale.
[[nodiscard]] inline std::string lower(std::string text) {
    for (char& letter : text)
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    return text;
}

[[nodiscard]] inline std::string upper(std::string text) {
    for (char& letter : text)
        if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    return text;
}

[[nodiscard]] inline bool is_hidden(const std::filesystem::path& path) { return path.filename().string().starts_with('.'); }

/// An image by its name: one of the extensions in any case, not hidden.
[[nodiscard]] inline bool is_image_name(const std::filesystem::path& path) {
    const std::string extension = lower(path.extension().string());
    return !is_hidden(path) && !extension.empty() &&
           std::find(image_extensions.begin(), image_extensions.end(), std::string_view{extension}.substr(1)) !=
               image_extensions.end();
}

[[nodiscard]] inline bool is_folder(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::is_directory(path, ignored);
}

[[nodiscard]] inline bool is_file(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored);
}

/// What in the folder satisfies `wanted`, sorted by name (bytes); nothing where it is no folder.
template <class Wanted>
[[nodiscard]] std::vector<std::filesystem::path> listed(const std::filesystem::path& folder, const Wanted& wanted) {
    std::vector<std::filesystem::path> found;
    if (!is_folder(folder)) return found;
    std::error_code failure;
    for (auto at = std::filesystem::directory_iterator{folder, failure}; at != std::filesystem::directory_iterator{};
         at.increment(failure)) {
        if (failure) break;
        if (wanted(at->path())) found.push_back(at->path());
    }
    if (failure) throw io_error{folder.string() + ": can't be listed: " + failure.message()};
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.filename().string() < b.filename().string(); });
    return found;
}

[[nodiscard]] inline std::vector<std::filesystem::path> images_in(const std::filesystem::path& folder) {
    return listed(folder, [](const auto& path) { return is_image_name(path) && is_file(path); });
}

[[nodiscard]] inline std::vector<std::filesystem::path> folders_in(const std::filesystem::path& folder) {
    return listed(folder, [](const auto& path) { return !is_hidden(path) && is_folder(path); });
}

/// images_in that throws data_error where there are none; `what` says what they should be.
[[nodiscard]] inline std::vector<std::filesystem::path> some_images_in(const std::filesystem::path& folder,
                                                                       const std::string& what) {
    auto images = images_in(folder);
    if (images.empty())
        throw data_error{folder.string() +
                         (is_folder(folder) ? ": holds no images (" + std::string{image_kinds} + "); expected "
                                            : ": no such folder; expected ") +
                         what};
    return images;
}

/// "a, b, c, ...": the first names in a folder, for messages; "nothing" where it is empty.
[[nodiscard]] inline std::string names_in(const std::filesystem::path& folder, std::size_t most = 6) {
    const auto all = listed(folder, [](const auto& path) { return !is_hidden(path); });
    std::string text;
    for (std::size_t i = 0; i < std::min(all.size(), most); ++i) text += (i ? ", " : "") + all[i].filename().string();
    if (all.size() > most) text += ", ... (" + std::to_string(all.size()) + ")";
    return all.empty() ? "nothing" : text;
}

/// The last name of a path, also where it ends in a slash or is ".".
[[nodiscard]] inline std::string name_of(const std::filesystem::path& folder) {
    std::error_code ignored;
    auto whole = std::filesystem::absolute(folder, ignored).lexically_normal();
    if (whole.filename().empty()) whole = whole.parent_path();
    return whole.filename().string();
}

}  // namespace rd4ad::data::detail
