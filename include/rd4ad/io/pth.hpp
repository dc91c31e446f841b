// rd4ad/io/pth.hpp: reads the tensors of a torch.save file, in the ZIP format or the older stream format. Twin: tests/io/pth.cpp
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
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/file_kind.hpp>
#include <rd4ad/io/pickle.hpp>
#include <rd4ad/io/pickle_object.hpp>
#include <rd4ad/io/quoted.hpp>
#include <rd4ad/io/read_file.hpp>
#include <rd4ad/io/state_dict.hpp>
#include <rd4ad/io/tensor_file.hpp>
#include <rd4ad/io/zip.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

namespace detail {

[[nodiscard]] inline bool is_stream_pth(std::span<const std::byte> bytes) { return as_text(bytes).starts_with(stream_magic); }
[[nodiscard]] inline bool is_zip(std::span<const std::byte> bytes) { return as_text(bytes).starts_with(zip_magic); }

/// Throws format_error for a large file without the end of a ZIP archive in its last bytes, before memory is taken for it: a
/// sparse file has any size. Source: APPNOTE 6.3.10, 4.3.16: the end has 22 bytes and a comment of at most 65535.
inline void check_zip_end(const file_reader& file) {
    constexpr std::size_t small = std::size_t{1} << 26, most = 65535 + 22;
    if (file.size() <= small) return;
    std::vector<std::byte> last(most);
    file.read(last, file.size() - most);
    if (as_text(last).find(std::string_view{"PK\5\6"}) == std::string_view::npos)
        throw format_error{text(file.path(), ": is a ZIP archive of ", file.size(),
                                " bytes without its end: it is truncated or damaged; copy or download the file again")};
}

/// The folder of data.pkl in an archive, with a slash at its end. Throws format_error if there is not exactly one data.pkl, or
/// the archive is a TorchScript program.
[[nodiscard]] inline std::string pickle_folder(const zip_archive& archive, const std::string& file) {
    std::string folder;
    for (const auto& [entry, index] : archive.entries()) {
        const auto slash = entry.find('/');
        if (slash == std::string::npos || std::string_view{entry}.substr(slash + 1) != "data.pkl") continue;
        if (!folder.empty())
            throw format_error{
                text(file, ": has more than one data.pkl, so torch.save didn't write it; save it with torch.save")};
        folder = entry.substr(0, slash + 1);
    }
    if (folder.empty())
        throw format_error{
            text(file, ": is a ZIP archive without data.pkl, so torch.save didn't write it; save it with torch.save")};
    if (archive.contains(folder + "constants.pkl"))
        throw format_error{text(file, ": is a TorchScript program; save model.state_dict() with torch.save")};
    return folder;
}

/// Parses the ZIP format: <folder>/data.pkl, <folder>/data/<key> per storage, and optionally <folder>/byteorder.
[[nodiscard]] inline tensor_file parse_zip_pth(std::span<const std::byte> bytes, const std::filesystem::path& path) {
    const std::string file = path.string();
    zip_archive archive{bytes, file};
    const std::string folder = pickle_folder(archive, file);
    if (archive.contains(folder + "byteorder")) {
        const auto order = archive.read(folder + "byteorder");
        if (as_text(order) != "little")
            throw format_error{text(file, ": has the byte order ", io::quoted(as_text(order)),
                                    ", expected 'little'; save it again on a little-endian machine")};
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

/// Throws format_error unless the stream's system information states that it is little endian.
inline void check_system(const pickle::document& info, const std::string& file) {
    if (const auto* entries = info.as<pickle::dictionary>(info.root))
        for (const auto& [key, value] : entries->items) {
            const auto* name = info.as<std::string>(key);
            const auto* little = info.as<bool>(value);
            if (name == nullptr || *name != "little_endian" || little == nullptr) continue;
            if (*little) return;
            throw format_error{text(file, ": is big endian, expected little endian; save it again on a little-endian machine")};
        }
    throw format_error{text(file, ": doesn't state its byte order: it is damaged, or torch.save didn't write it")};
}

/// Reads the stream's storage at `position` and moves `position` past it: an 8-byte count, then the values.
/// label: the storage's file and key, for messages. Throws format_error if the storage is truncated or the counts differ.
[[nodiscard]] inline std::span<const std::byte> read_stream_storage(std::span<const std::byte> bytes, std::size_t& position,
                                                                    const pickle::storage_reference& claimed,
                                                                    const std::string& label) {
    std::uint64_t count = 0;
    if (bytes.size() - position < sizeof count) throw format_error{text(label, " is truncated; download or save the file again")};
    std::memcpy(&count, bytes.data() + position, sizeof count);
    position += sizeof count;
    if (count != claimed.count)
        throw format_error{
            text(label, " has ", count, " values, but the pickle claims ", claimed.count, ": the file is damaged")};
    const std::size_t length = claimed.count * (claimed.type ? size_of(*claimed.type) : 1);
    if (length > bytes.size() - position) {
        throw format_error{text(label, " needs ", length, " bytes, but only ", bytes.size() - position,
                                " are left: the file is truncated; download or save it again")};
    }
    position += length;
    return bytes.subspan(position - length, length);
}

/// Parses the stream format: magic number, protocol, system information, objects and storage keys as one pickle each, then the
/// storages in the order of their keys.
[[nodiscard]] inline tensor_file parse_stream_pth(std::span<const std::byte> bytes, const std::shared_ptr<const void>& owner,
                                                  const std::filesystem::path& path) {
    const std::string file = path.string();
    std::size_t position = stream_magic.size();
    const auto protocol = pickle::read(bytes, position, file);
    if (const auto* number = protocol.as<std::int64_t>(protocol.root); number == nullptr || *number != 1001)
        throw format_error{
            text(file, ": has an unknown stream protocol, expected torch.save's 1001; save it again with a newer torch")};
    check_system(pickle::read(bytes, position, file), file);
    const auto all = pickle::read(bytes, position, file);
    const auto keys = pickle::read(bytes, position, file);
    const auto* order = keys.as<pickle::list>(keys.root);
    if (order == nullptr)
        throw format_error{text(file, ": has no list of storage keys: it is damaged, or torch.save didn't write it")};

    std::map<std::string, const pickle::storage_reference*> claimed;
    for (const auto& object : all.objects)
        if (const auto* storage = std::get_if<pickle::storage_reference>(&object)) claimed.emplace(storage->key, storage);
    storage_map storages;
    for (const pickle::handle at : order->items) {
        const auto* key = keys.as<std::string>(at);
        const auto claim = key != nullptr ? claimed.find(*key) : claimed.end();
        if (claim == claimed.end()) {
            throw format_error{text(file, ": lists the storage ",
                                    key != nullptr ? io::quoted(*key) : std::string{"without a name"},
                                    ", which no tensor uses: the file is damaged")};
        }
        const std::string label = text(file, ": storage ", io::quoted(*key));
        const auto values = read_stream_storage(bytes, position, *claim->second, label);
        if (!storages.emplace(*key, storage_bytes{values, owner}).second)
            throw format_error{text(label, " is listed twice: the file is damaged")};
    }
    return tensors_of(all, storages, path);
}

}  // namespace detail

/// Parses a torch.save file in memory. owner: keeps `bytes` alive. path: for messages.
/// Throws format_error for a file that torch.save does not write for a dict of tensors.
[[nodiscard]] inline tensor_file parse_pth(std::span<const std::byte> bytes, const std::shared_ptr<const void>& owner,
                                           const std::filesystem::path& path) {
    if (detail::is_zip(bytes)) return detail::parse_zip_pth(bytes, path);
    if (detail::is_stream_pth(bytes)) return detail::parse_stream_pth(bytes, owner, path);
    throw format_error{text(path, ": is not a torch.save file: ", likely_kind(bytes))};
}

/// Reads a PyTorch checkpoint: torch.save's ZIP format (since 1.6) or the older stream format. Executes nothing in it. Joins
/// names with dots as tensors_of does. Throws io_error if the file can't be opened, and format_error as parse_pth does.
[[nodiscard]] inline tensor_file read_pth(const std::filesystem::path& path) {
    const file_reader file{path};
    if (detail::is_zip(read_prefix(file, detail::zip_magic.size()))) detail::check_zip_end(file);
    const auto content = file.read_all();
    return parse_pth(content.bytes, content.owner, path);
}

}  // namespace rd4ad::inline RD4AD_ABI::io
