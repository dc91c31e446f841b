// rd4ad/io/pth.hpp: the tensors of a file torch.save wrote, in its ZIP form or the older stream. Twin: tests/io/pth.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/io/detail/shown.hpp>
#include <rd4ad/io/mapped_file.hpp>
#include <rd4ad/io/pickle.hpp>
#include <rd4ad/io/pickle_object.hpp>
#include <rd4ad/io/state_dict.hpp>
#include <rd4ad/io/tensor_file.hpp>
#include <rd4ad/io/zip.hpp>

namespace rd4ad::io {

namespace detail {

/// The stream form's first pickle: protocol 2, the integer 0x1950a86a20f9469cfc6c, STOP.
inline constexpr std::string_view stream_magic{"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15};
inline constexpr std::string_view zip_magic{"PK\x03\x04", 4};

[[nodiscard]] inline std::string_view as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

[[nodiscard]] inline bool is_stream_pth(std::span<const std::byte> bytes) { return as_text(bytes).starts_with(stream_magic); }
[[nodiscard]] inline bool is_zip(std::span<const std::byte> bytes) { return as_text(bytes).starts_with(zip_magic); }

/// What a file that is none of ours probably is, for the end of a message.
[[nodiscard]] inline std::string likely_kind(std::span<const std::byte> bytes) {
    const auto text = as_text(bytes);
    if (text.empty()) return "it is empty";
    if (text.starts_with("version https://git-lfs"))
        return "it is Git LFS's placeholder for the file; fetch the file itself with git lfs pull";
    if (text.starts_with('<')) return "it is a web page; the download went wrong, fetch it again";
    return "it starts with " + shown(text.substr(0, 8));
}

/// ZIP form: <folder>/data.pkl, <folder>/data/<key> for each storage, maybe <folder>/byteorder.
[[nodiscard]] inline tensor_file parse_zip_pth(std::span<const std::byte> bytes, const std::filesystem::path& path) {
    const std::string file = path.string();
    zip_archive archive{bytes, file};
    std::string folder;
    bool found = false;
    for (const auto& [entry, index] : archive.entries()) {
        constexpr std::string_view wanted = "data.pkl";
        const auto slash = entry.find('/');
        if (slash == std::string::npos || entry.substr(slash + 1) != wanted) continue;
        if (found) throw format_error{file + ": has more than one data.pkl: not a file of torch.save"};
        folder = entry.substr(0, slash + 1);
        found = true;
    }
    if (!found) throw format_error{file + ": is a ZIP archive without data.pkl: not a file of torch.save"};
    if (archive.contains(folder + "constants.pkl")) {
        throw format_error{file + ": is a TorchScript program, not tensors alone: save model.state_dict() with torch.save"};
    }
    if (archive.contains(folder + "byteorder")) {
        const auto order = archive.read(folder + "byteorder");
        if (as_text(order) != "little")
            throw format_error{file + ": has the byte order " + shown(as_text(order)) +
                               ", only 'little' is read: save it again on a little-endian machine"};
    }
    const auto pickled = archive.read(folder + "data.pkl");
    std::size_t position = 0;
    const auto all = pickle::read(pickled, position, file);
    storage_map storages;
    for (const auto& object : all.objects) {
        const auto* storage = std::get_if<pickle::storage_reference>(&object);
        if (storage == nullptr || storages.contains(storage->key)) continue;
        const auto owner = std::make_shared<const std::vector<std::byte>>(archive.read(folder + "data/" + storage->key));
        storages.emplace(storage->key, storage_bytes{*owner, owner});
    }
    return tensors_of(all, storages, path);
}

/// The stream's system information says, among sizes nobody needs, whether it is little endian.
inline void check_system(const pickle::document& info, const std::string& file) {
    if (const auto* entries = info.as<pickle::dictionary>(info.root))
        for (const auto& [key, value] : entries->items) {
            const auto* name = info.as<std::string>(key);
            const auto* little = info.as<bool>(value);
            if (name == nullptr || *name != "little_endian" || little == nullptr) continue;
            if (*little) return;
            throw format_error{file + ": is big endian, only little endian is read: save it again on a little-endian machine"};
        }
    throw format_error{file + ": doesn't say whether it is little endian: not a file of torch.save, or damaged"};
}

/// Stream form: magic, protocol, system, object and storage keys as one pickle each, then every storage in the keys'
/// order as an 8-byte count of values and the values.
[[nodiscard]] inline tensor_file parse_stream_pth(std::span<const std::byte> bytes, const std::shared_ptr<const void>& owner,
                                                  const std::filesystem::path& path) {
    const std::string file = path.string();
    std::size_t position = stream_magic.size();
    const auto protocol = pickle::read(bytes, position, file);
    if (const auto* number = protocol.as<std::int64_t>(protocol.root); number == nullptr || *number != 1001)
        throw format_error{file + ": is not of torch.save's stream protocol 1001: save it again with a newer torch"};
    check_system(pickle::read(bytes, position, file), file);
    const auto all = pickle::read(bytes, position, file);
    const auto keys = pickle::read(bytes, position, file);
    const auto* order = keys.as<pickle::list>(keys.root);
    if (order == nullptr) throw format_error{file + ": its storage keys are not a list: not a file of torch.save, or damaged"};

    std::map<std::string, const pickle::storage_reference*> claimed;
    for (const auto& object : all.objects)
        if (const auto* storage = std::get_if<pickle::storage_reference>(&object)) claimed.emplace(storage->key, storage);
    storage_map storages;
    for (const pickle::handle at : order->items) {
        const auto* key = keys.as<std::string>(at);
        const auto claim = key != nullptr ? claimed.find(*key) : claimed.end();
        if (claim == claimed.end()) {
            throw format_error{file + ": lists the storage " + (key != nullptr ? shown(*key) : std::string{"without a name"}) +
                               ", which no tensor uses: damaged"};
        }
        const auto& storage = *claim->second;
        const std::string about = file + ": storage " + shown(*key);
        std::uint64_t count = 0;
        if (bytes.size() - position < sizeof count) throw format_error{about + " is cut off: fetch or save the file again"};
        std::memcpy(&count, bytes.data() + position, sizeof count);
        position += sizeof count;
        if (count != storage.count) {
            throw format_error{about + " has " + std::to_string(count) + " values, but " + std::to_string(storage.count) +
                               " are claimed: damaged"};
        }
        const std::size_t length = storage.count * (storage.type ? size_of(*storage.type) : 1);
        if (length > bytes.size() - position) {
            throw format_error{about + " needs " + std::to_string(length) + " bytes, but " +
                               std::to_string(bytes.size() - position) + " are left: cut off, fetch or save the file again"};
        }
        if (!storages.emplace(*key, storage_bytes{bytes.subspan(position, length), owner}).second)
            throw format_error{about + " is listed twice: damaged"};
        position += length;
    }
    return tensors_of(all, storages, path);
}

}  // namespace detail

/// The tensors of a torch.save file in memory. owner keeps `bytes` alive; path is for messages.
/// Throws format_error for anything that torch.save would not write for a dict of tensors.
[[nodiscard]] inline tensor_file parse_pth(std::span<const std::byte> bytes, const std::shared_ptr<const void>& owner,
                                           const std::filesystem::path& path) {
    if (detail::is_zip(bytes)) return detail::parse_zip_pth(bytes, path);
    if (detail::is_stream_pth(bytes)) return detail::parse_stream_pth(bytes, owner, path);
    throw format_error{path.string() + ": is not a file of torch.save: " + detail::likely_kind(bytes)};
}

/// A PyTorch checkpoint: torch.save's ZIP form (1.6 and later) or the stream before it. Nothing in it is executed.
/// Names are joined with dots as tensors_of says. Throws io_error where it can't be opened, format_error as parse_pth does.
[[nodiscard]] inline tensor_file read_pth(const std::filesystem::path& path) {
    const auto file = std::make_shared<const mapped_file>(path);
    return parse_pth(file->bytes(), file, path);
}

}  // namespace rd4ad::io
