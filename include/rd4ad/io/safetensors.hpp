// rd4ad/io/safetensors.hpp: reads and writes tensors in Hugging Face's safetensors format. Twin: tests/io/safetensors.cpp
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
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/atomic_file.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/mapped_file.hpp>
#include <rd4ad/io/quoted.hpp>
#include <rd4ad/io/tensor_file.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

/// The largest header in bytes that is read or written; the safetensors library has the same limit.
inline constexpr std::size_t max_safetensors_header = 100'000'000;

namespace detail {

inline constexpr std::string_view metadata_key = "__metadata__";

/// A tensor in the header. begin and end: its bytes, counted from the end of the header.
struct safetensors_entry {
    std::size_t begin, end;
    std::string name;
    dtype type;
    std::vector<std::size_t> shape;
};

/// The value as a list of sizes. Empty for any other value.
[[nodiscard]] inline std::optional<std::vector<std::size_t>> sizes_of(const json& value) {
    if (!value.is_array()) return std::nullopt;
    std::vector<std::size_t> sizes;
    for (const auto& item : value) {
        if (!item.is_number_unsigned()) return std::nullopt;
        sizes.push_back(item.get<std::size_t>());
    }
    return sizes;
}

/// Parses a tensor's description. available: bytes of the data. Throws format_error.
[[nodiscard]] inline safetensors_entry parse_entry(const std::string& name, const json& description, std::size_t available,
                                                   const std::string& file) {
    const auto fail = [&](const std::string& problem) {
        throw format_error{text(file, ": tensor ", io::quoted(name), ' ', problem)};
    };
    if (!description.is_object()) fail("is not described by an object with dtype, shape and data_offsets");
    const auto type_name = description.value("dtype", json{});
    if (!type_name.is_string()) fail("has no dtype");
    const auto type = dtype_named(type_name.get_ref<const std::string&>());
    if (!type)
        fail(text("has the unsupported dtype ", io::quoted(type_name.get_ref<const std::string&>()),
                  "; convert it to F16, BF16, F32 or F64"));
    auto shape = sizes_of(description.value("shape", json{}));
    if (!shape) fail("has no shape, a list of integers from 0 on");
    const auto offsets = sizes_of(description.value("data_offsets", json{}));
    if (!offsets || offsets->size() != 2) fail("has no data_offsets, a list of two integers from 0 on");
    const std::size_t begin = (*offsets)[0], end = (*offsets)[1];
    if (begin > end || end > available)
        fail(text("lies at bytes ", begin, " to ", end, " of the data, which has ", available,
                  " bytes: the file is truncated or damaged"));
    const auto needed = checked_product(*shape, size_of(*type));
    if (!needed || *needed != end - begin)
        fail(text("has ", end - begin, " bytes, but shape ", to_string(*shape), " of ", name_of(*type), " needs ",
                  needed ? text(*needed) : "more than 2^63"));
    return {begin, end, name, *type, std::move(*shape)};
}

/// Throws format_error unless the tensors use every byte of the data exactly once.
inline void check_coverage(std::vector<safetensors_entry>& entries, std::size_t available, const std::string& file) {
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name); });
    std::size_t covered = 0;
    for (const auto& entry : entries) {
        if (entry.begin != covered) {
            throw format_error{text(file, ": tensor ", io::quoted(entry.name), " starts at byte ", entry.begin,
                                    " of the data, but the previous tensor ends at byte ", covered,
                                    entry.begin < covered ? ": they overlap" : ": there is a gap between them")};
        }
        covered = entry.end;
    }
    if (covered != available)
        throw format_error{text(file, ": the tensors end at byte ", covered, " of the data, which has ", available, " bytes")};
}

/// Splits a file into its header and its data. Throws format_error.
[[nodiscard]] inline std::pair<json, std::span<const std::byte>> split_safetensors(std::span<const std::byte> bytes,
                                                                                   const std::string& file) {
    std::uint64_t length = 0;
    if (bytes.size() < sizeof length)
        throw format_error{
            text(file, ": has ", bytes.size(), " bytes, too few for a safetensors file: it is truncated or of another kind")};
    std::memcpy(&length, bytes.data(), sizeof length);
    if (length > max_safetensors_header) {
        throw format_error{text(file, ": claims a header of ", length, " bytes, but safetensors allows at most ",
                                max_safetensors_header, ": it is probably of another kind")};
    }
    if (length > bytes.size() - sizeof length) {
        throw format_error{text(file, ": claims a header of ", length, " bytes, but only ", bytes.size() - sizeof length,
                                " follow: it is truncated")};
    }
    json header = parse_json({reinterpret_cast<const char*>(bytes.data()) + sizeof length, static_cast<std::size_t>(length)},
                             file + ": safetensors header");
    if (!header.is_object()) throw format_error{text(file, ": safetensors header is not an object")};
    return {std::move(header), bytes.subspan(sizeof length + static_cast<std::size_t>(length))};
}

}  // namespace detail

/// Parses a safetensors file in memory. owner: keeps `bytes` alive. path: for messages.
/// Throws format_error if the file breaks the format.
[[nodiscard]] inline tensor_file parse_safetensors(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                                                   const std::filesystem::path& path) {
    const std::string file = path.string();
    const auto [header, data] = detail::split_safetensors(bytes, file);
    tensor_file result;
    result.path = path;
    std::vector<detail::safetensors_entry> entries;
    for (const auto& [name, description] : header.items()) {
        if (name != detail::metadata_key) {
            entries.push_back(detail::parse_entry(name, description, data.size(), file));
            continue;
        }
        if (!description.is_object()) throw format_error{text(file, ": __metadata__ is not an object of strings")};
        for (const auto& [key, value] : description.items()) {
            if (!value.is_string()) throw format_error{text(file, ": __metadata__ ", io::quoted(key), " is not a string")};
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

/// Reads a safetensors file. Maps the file into memory: the system reads a tensor's pages when its values are accessed.
/// Throws io_error if the file can't be opened, and format_error as parse_safetensors does.
[[nodiscard]] inline tensor_file read_safetensors(const std::filesystem::path& path) {
    const auto file = std::make_shared<const mapped_file>(path);
    return parse_safetensors(file->bytes(), file, path);
}

/// Writes a safetensors file, atomically. Equal tensors and metadata give equal bytes. The header lists tensors by name. The data
/// holds the dtypes with the largest values first, then sorts by name: so every tensor is aligned to its dtype without gaps, as
/// PyTorch's reader requires. Throws io_error; throws format_error for a tensor name that is not UTF-8 or is "__metadata__".
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
            throw format_error{text(path, ": a safetensors file can't hold a tensor named '__metadata__'; rename it")};
        header[*name] = {
            {"dtype", name_of(tensor->type)}, {"shape", tensor->shape}, {"data_offsets", {at, at + tensor->bytes.size()}}};
        at += tensor->bytes.size();
        parts.push_back(tensor->bytes);
    }
    std::string header_text = dump_json(header, path.string());
    header_text.append((8 - header_text.size() % 8) % 8, ' ');
    if (header_text.size() > max_safetensors_header) {
        throw format_error{text(path, ": its header needs ", header_text.size(), " bytes, but safetensors allows at most ",
                                max_safetensors_header, "; write fewer tensors or less metadata")};
    }
    const std::uint64_t length = header_text.size();
    parts[0] = std::as_bytes(std::span{&length, 1});
    parts[1] = std::as_bytes(std::span{header_text});
    write_atomically(path, parts);
}

}  // namespace rd4ad::inline RD4AD_ABI::io
