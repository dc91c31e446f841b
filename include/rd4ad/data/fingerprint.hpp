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
#include <rd4ad/io/checksum.hpp>
#include <rd4ad/io/escaped.hpp>
#include <rd4ad/io/json.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// A file's name without folders (as io::utf8_text writes it), its size in bytes, and its content's checksum.
struct file_fingerprint {
    std::string name{};
    std::uint64_t size{0};
    std::string checksum{};  ///< io::checksum_of
    friend bool operator==(const file_fingerprint&, const file_fingerprint&) = default;
};

/// The fingerprint of a file with the given content.
[[nodiscard]] inline file_fingerprint fingerprint_of(const std::filesystem::path& file, std::span<const std::byte> bytes) {
    return {io::utf8_text(file.filename().string()), bytes.size(), io::checksum_of(bytes)};
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
            found.push_back({one.at(0).get<std::string>(), io::whole_number(one.at(1)), one.at(2).get<std::string>()});
    } catch (const io::json::exception& problem) {
        throw format_error{text(where, ": its list of images can't be read: ", problem.what(), "; train from the start")};
    }
    return found;
}

}  // namespace rd4ad::inline RD4AD_ABI::data
