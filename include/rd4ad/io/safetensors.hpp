// rd4ad/io/safetensors.hpp: named tensors in Hugging Face's safetensors format, read and written. Twin: tests/io/safetensors.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/io/atomic_file.hpp>
#include <rd4ad/io/detail/shown.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/mapped_file.hpp>
#include <rd4ad/io/tensor_file.hpp>

namespace rd4ad::io {

/// The longest header that is read or written, as the format's own library has it.
inline constexpr std::size_t most_safetensors_header = 100'000'000;

namespace detail {

inline constexpr std::string_view metadata_key = "__metadata__";

/// One tensor as the header describes it; begin and end count from the end of the header.
struct safetensors_entry {
    std::size_t begin, end;
    std::string name;
    element type;
    std::vector<std::size_t> shape;
};

[[nodiscard]] inline std::optional<std::vector<std::size_t>> sizes_of(const json& value) {
    if (!value.is_array()) return std::nullopt;
    std::vector<std::size_t> sizes;
    for (const auto& item : value) {
        if (!item.is_number_unsigned()) return std::nullopt;
        sizes.push_back(item.get<std::size_t>());
    }
    return sizes;
}

[[nodiscard]] inline safetensors_entry safetensors_entry_of(const std::string& name, const json& about, std::size_t available,
                                                            const std::string& file) {
    const auto fail = [&](const std::string& what) { throw format_error{file + ": tensor " + shown(name) + " " + what}; };
    if (!about.is_object()) fail("is not described by an object with dtype, shape and data_offsets");
    const auto dtype = about.value("dtype", json{}), shape_json = about.value("shape", json{}),
               offsets_json = about.value("data_offsets", json{});
    if (!dtype.is_string()) fail("has no dtype");
    const auto type = element_named(dtype.get_ref<const std::string&>());
    if (!type) {
        fail("has the dtype " + shown(dtype.get_ref<const std::string&>()) +
             ", which is not read here: convert it to F16, BF16, F32 or F64");
    }
    auto shape = sizes_of(shape_json);
    if (!shape) fail("has no shape of sizes that are whole numbers from 0 on");
    const auto offsets = sizes_of(offsets_json);
    if (!offsets || offsets->size() != 2) fail("has no data_offsets of two whole numbers from 0 on");
    const std::size_t begin = (*offsets)[0], end = (*offsets)[1];
    if (begin > end || end > available) {
        fail("lies at bytes " + std::to_string(begin) + " to " + std::to_string(end) + " of the data, which has " +
             std::to_string(available) + ": the file is cut off or damaged");
    }
    const auto needed = checked_product(*shape, size_of(*type));
    if (!needed || *needed != end - begin) {
        fail("has " + std::to_string(end - begin) + " bytes, but shape " + to_string(*shape) + " of " +
             std::string{name_of(*type)} + " needs " + (needed ? std::to_string(*needed) : "more than 2^63"));
    }
    return {begin, end, name, *type, std::move(*shape)};
}

/// The format wants the data used from its first byte to its last, each byte once.
inline void check_coverage(std::vector<safetensors_entry>& entries, std::size_t available, const std::string& file) {
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name); });
    std::size_t covered = 0;
    for (const auto& entry : entries) {
        if (entry.begin != covered) {
            throw format_error{file + ": tensor " + shown(entry.name) + " starts at byte " + std::to_string(entry.begin) +
                               " of the data, but the one before it ends at " + std::to_string(covered) +
                               (entry.begin < covered ? ": they overlap" : ": there is a hole between them")};
        }
        covered = entry.end;
    }
    if (covered != available) {
        throw format_error{file + ": the tensors end at byte " + std::to_string(covered) + " of the data, which has " +
                           std::to_string(available)};
    }
}

}  // namespace detail

/// The tensors of a safetensors file in memory. owner keeps `bytes` alive; path is for messages.
/// Throws format_error for anything the format does not allow.
[[nodiscard]] inline tensor_file parse_safetensors(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                                                   const std::filesystem::path& path) {
    const std::string file = path.string();
    std::uint64_t length = 0;
    if (bytes.size() < sizeof length) {
        throw format_error{file + ": has " + std::to_string(bytes.size()) +
                           " bytes, too few for a safetensors file: it is cut off or another kind of file"};
    }
    std::memcpy(&length, bytes.data(), sizeof length);
    if (length > most_safetensors_header) {
        throw format_error{file + ": claims a header of " + std::to_string(length) + " bytes, more than the " +
                           std::to_string(most_safetensors_header) + " safetensors allows: another kind of file?"};
    }
    if (length > bytes.size() - sizeof length) {
        throw format_error{file + ": claims a header of " + std::to_string(length) + " bytes, but only " +
                           std::to_string(bytes.size() - sizeof length) + " follow: it is cut off"};
    }
    const auto data = bytes.subspan(sizeof length + static_cast<std::size_t>(length));
    const json header = parse({reinterpret_cast<const char*>(bytes.data()) + sizeof length, static_cast<std::size_t>(length)},
                              file + ": safetensors header");
    if (!header.is_object()) throw format_error{file + ": safetensors header is not an object"};

    tensor_file result;
    result.path = path;
    std::vector<detail::safetensors_entry> entries;
    for (const auto& [name, about] : header.items()) {
        if (name != detail::metadata_key) {
            entries.push_back(detail::safetensors_entry_of(name, about, data.size(), file));
            continue;
        }
        if (!about.is_object()) throw format_error{file + ": __metadata__ is not an object of texts"};
        for (const auto& [key, value] : about.items()) {
            if (!value.is_string()) throw format_error{file + ": __metadata__ " + detail::shown(key) + " is not a text"};
            result.metadata.emplace(key, value.get<std::string>());
        }
    }
    detail::check_coverage(entries, data.size(), file);
    for (auto& entry : entries) {
        result.insert_view(entry.name, entry.type, std::move(entry.shape), data.subspan(entry.begin, entry.end - entry.begin),
                           owner);
    }
    return result;
}

/// A safetensors file, mapped into memory: a tensor's pages are read when its values are.
/// Throws io_error where it can't be opened, format_error where it isn't safetensors.
[[nodiscard]] inline tensor_file read_safetensors(const std::filesystem::path& path) {
    const auto file = std::make_shared<const mapped_file>(path);
    return parse_safetensors(file->bytes(), file, path);
}

/// Writes the file atomically; equal tensors and metadata give equal bytes. The header names tensors in the order of their
/// names; the data lie widest element first, then by name, so that every tensor is aligned to its element with no gaps, which
/// PyTorch's reader needs. Throws io_error; format_error for a name that is not UTF-8 or is "__metadata__".
inline void write_safetensors(const std::filesystem::path& path, const tensor_file& file) {
    std::vector<std::pair<const std::string*, const named_tensor*>> order;
    for (const auto& [name, tensor] : file.tensors()) order.emplace_back(&name, &tensor);
    std::stable_sort(order.begin(), order.end(),
                     [](const auto& a, const auto& b) { return size_of(a.second->type) > size_of(b.second->type); });
    json header = json::object();
    if (!file.metadata.empty()) header[std::string{detail::metadata_key}] = file.metadata;
    std::vector<std::span<const std::byte>> parts(2);
    std::size_t at = 0;
    for (const auto& [name, tensor] : order) {
        if (*name == detail::metadata_key)
            throw format_error{path.string() + ": a tensor can't be named '__metadata__' in a safetensors file: rename it"};
        header[*name] = {
            {"dtype", name_of(tensor->type)}, {"shape", tensor->shape}, {"data_offsets", {at, at + tensor->bytes.size()}}};
        at += tensor->bytes.size();
        parts.push_back(tensor->bytes);
    }
    std::string text = text_of(header, path.string());
    text.append((8 - text.size() % 8) % 8, ' ');
    if (text.size() > most_safetensors_header) {
        throw format_error{path.string() + ": its header would have " + std::to_string(text.size()) + " bytes, more than the " +
                           std::to_string(most_safetensors_header) + " safetensors allows: write fewer tensors or less metadata"};
    }
    const std::uint64_t length = text.size();
    parts[0] = std::as_bytes(std::span{&length, 1});
    parts[1] = std::as_bytes(std::span{text});
    write_atomically(path, parts);
}

}  // namespace rd4ad::io
