// rd4ad/data/fingerprint.hpp: recognises whether files are still the same: their names, sizes and checksums. Twin:
// tests/data/fingerprint.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/data/detail/csv_table.hpp>
#include <rd4ad/io/checksum.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/read_file.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// A file's name without folders (taken as Latin-1 if it is not UTF-8), its size in bytes, and its content's checksum.
struct file_fingerprint {
    std::string name{};
    std::uint64_t size{0};
    std::string checksum{};  ///< io::checksum_of
    friend bool operator==(const file_fingerprint&, const file_fingerprint&) = default;
};

namespace detail {

[[nodiscard]] inline std::string utf8_name(const std::filesystem::path& file) {
    auto name = file.filename().string();
    try {
        static_cast<void>(io::json(name).dump());
        return name;
    } catch (const io::json::exception&) {
        return from_latin1(name);
    }
}

}  // namespace detail

/// The fingerprints of files, in their order. Reads every file, on all threads. Throws io_error where one can't be read.
[[nodiscard]] inline std::vector<file_fingerprint> fingerprints(std::span<const std::filesystem::path> files,
                                                                std::size_t threads = 0) {
    std::vector<file_fingerprint> made(files.size());
    parallel_for(files.size(), threads, [&](std::size_t i) {
        const auto bytes = io::read_file(files[i]);
        made[i] = {detail::utf8_name(files[i]), bytes.size(), io::checksum_of(bytes)};
    });
    return made;
}

/// The first difference between the files that were and those that are, as a sentence about `files`, the present ones: another
/// number, another name, another content. "" for equal ones.
[[nodiscard]] inline std::string first_difference(std::span<const file_fingerprint> before, std::span<const file_fingerprint> now,
                                                  std::span<const std::filesystem::path> files) {
    for (std::size_t i = 0; i < std::min(before.size(), now.size()); ++i) {
        const auto &was = before[i], &is = now[i];
        if (was.name != is.name) return text("image ", i + 1, " was ", was.name, " and is now ", files[i]);
        if (was.size != is.size) return text(files[i], " had ", was.size, " bytes and has now ", is.size);
        if (was.checksum != is.checksum) return text(files[i], " has another content of the same size");
    }
    if (before.size() < now.size()) return text(files[before.size()], " was not among the ", before.size(), " images");
    if (before.size() > now.size()) return text(before[now.size()].name, " is missing: there were ", before.size(), " images");
    return {};
}

/// [[name, size, checksum], ...].
[[nodiscard]] inline io::json to_json(std::span<const file_fingerprint> of) {
    io::json list = io::json::array();
    for (const auto& one : of) list.push_back({one.name, one.size, one.checksum});
    return list;
}

/// The fingerprints in JSON of to_json. Throws format_error that starts with `where` for other JSON.
[[nodiscard]] inline std::vector<file_fingerprint> fingerprints_from(const io::json& list, const std::string& where) {
    std::vector<file_fingerprint> found;
    try {
        for (const auto& one : list)
            found.push_back({one.at(0).get<std::string>(), one.at(1).get<std::uint64_t>(), one.at(2).get<std::string>()});
    } catch (const io::json::exception& problem) {
        throw format_error{text(where, ": its list of images can't be read: ", problem.what(), "; train from the start")};
    }
    return found;
}

}  // namespace rd4ad::inline RD4AD_ABI::data
