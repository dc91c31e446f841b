// rd4ad/data/system_files.hpp: names of files and folders that systems and file servers put beside images. Twin:
// tests/data/system_files.cpp
#pragma once
#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

namespace detail {

/// Names in lower case: thumbnails, trash, snapshots and metadata of Synology, QNAP, Windows, macOS and Linux.
inline constexpr std::array<std::string_view, 25> system_names{"@eadir",
                                                               "@tmp",
                                                               "@recycle",
                                                               "@recently-snapshot",
                                                               ".@__thumb",
                                                               "#recycle",
                                                               "#snapshot",
                                                               ".snapshot",
                                                               "$recycle.bin",
                                                               "system volume information",
                                                               "thumbs.db",
                                                               "ehthumbs.db",
                                                               "ehthumbs_vista.db",
                                                               "desktop.ini",
                                                               "__macosx",
                                                               ".ds_store",
                                                               ".appledouble",
                                                               ".spotlight-v100",
                                                               ".fseventsd",
                                                               ".temporaryitems",
                                                               "network trash folder",
                                                               "temporary items",
                                                               ".thumbnails",
                                                               "lost+found",
                                                               ".directory"};

}  // namespace detail

/// Whether the last name of a path is one that an operating system or a file server makes for itself: a folder such as `@eaDir`,
/// $RECYCLE.BIN, __MACOSX, .thumbnails, .Trash-1000 or lost+found, a file such as Thumbs.db or desktop.ini, or a macOS resource
/// fork (._NAME). ASCII case does not matter. Looks at the name alone and reads nothing; a trailing slash is ignored. No such
/// entry is an image that a user took, or a folder of them: a listing leaves it out, and nothing stops because of it.
[[nodiscard]] inline bool is_system_entry(const std::filesystem::path& path) {
    std::string name = (path.has_filename() ? path : path.parent_path()).filename().string();
    for (char& letter : name)
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    return name.starts_with("._") || name.starts_with(".trash") || name.starts_with(".nfs") ||
           std::find(detail::system_names.begin(), detail::system_names.end(), name) != detail::system_names.end();
}

}  // namespace rd4ad::inline RD4AD_ABI::data
