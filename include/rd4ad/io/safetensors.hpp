// rd4ad/io/safetensors.hpp: reads and writes tensors in Hugging Face's safetensors format, with checksums. Twin:
// tests/io/safetensors.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
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
#include <rd4ad/io/checksum.hpp>
#include <rd4ad/io/file_kind.hpp>
#include <rd4ad/io/json.hpp>
#include <rd4ad/io/quoted.hpp>
#include <rd4ad/io/read_file.hpp>
#include <rd4ad/io/tensor_file.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

/// The largest header in bytes that is read or written; the safetensors library has the same limit.
inline constexpr std::size_t max_safetensors_header = 100'000'000;

/// The key in `__metadata__` of the checksums that write_safetensors adds; it is no metadata of the caller.
inline constexpr const char* checksums_key = "rd4ad.checksums";

/// How tensor files are read.
struct read_options {
    bool verify{true};  ///< compare tensors and metadata with the file's checksums, if it has some
};

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

/// The length of the header after the first 8 bytes. bytes: the file's first 8 or more; size: of the whole file. Throws
/// format_error for a file that is too short, or of another kind.
[[nodiscard]] inline std::size_t header_length(std::span<const std::byte> bytes, std::size_t size, const std::string& file) {
    std::uint64_t length = 0;
    if (size < sizeof length)
        throw format_error{text(file, ": has ", size, " bytes, too few for a safetensors file: ",
                                size == 0 ? "it is empty" : "it is truncated or of another kind")};
    std::memcpy(&length, bytes.data(), sizeof length);
    if (length > max_safetensors_header) {
        throw format_error{text(file, ": is no safetensors file: ", likely_kind(bytes), " (its first 8 bytes claim a header of ",
                                length, " bytes, but safetensors allows at most ", max_safetensors_header, ')')};
    }
    if (length > size - sizeof length) {
        throw format_error{
            text(file, ": claims a header of ", length, " bytes, but only ", size - sizeof length, " follow: it is truncated")};
    }
    return static_cast<std::size_t>(length);
}

/// Parses a header's JSON. Throws format_error.
[[nodiscard]] inline json parse_header(std::span<const std::byte> bytes, const std::string& file) {
    json header = parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file + ": safetensors header");
    if (!header.is_object()) throw format_error{text(file, ": safetensors header is not an object")};
    return header;
}

/// The metadata in a header, with the checksums. Throws format_error.
[[nodiscard]] inline std::map<std::string, std::string> metadata_in(const json& header, const std::string& file) {
    std::map<std::string, std::string> metadata;
    const auto found = header.find(metadata_key);
    if (found == header.end()) return metadata;
    if (!found->is_object()) throw format_error{text(file, ": __metadata__ is not an object of strings")};
    for (const auto& [key, value] : found->items()) {
        if (!value.is_string()) throw format_error{text(file, ": __metadata__ ", io::quoted(key), " is not a string")};
        metadata.emplace(key, value.get<std::string>());
    }
    return metadata;
}

/// The checksum of everything in a header but the checksums and the tensors' positions: as JSON without blanks, keys in
/// alphabetical order.
[[nodiscard]] inline std::string header_checksum(json header) {
    for (auto at = header.begin(); at != header.end(); ++at)
        if (at->is_object()) at->erase(at.key() == metadata_key ? checksums_key : "data_offsets");
    if (const auto found = header.find(metadata_key); found != header.end() && found->empty()) header.erase(found);
    return checksum_of(dump_json(header));
}

/// The checksums of a file: {"algorithm", "header", "metadata": {key: checksum}, "tensors": {name: checksum}}.
class checksums {
   public:
    /// Takes the checksums from the metadata. verify: false gives none. Throws format_error for another form.
    checksums(std::map<std::string, std::string>& metadata, bool verify, const std::string& file) : file_{file} {
        const auto found = metadata.extract(checksums_key);
        if (found.empty() || !verify) return;
        stated_ = parse_json(found.mapped(), file + ": its checksums");
        const auto is_map = [&](const char* key) { return stated_.contains(key) && stated_.at(key).is_object(); };
        if (!stated_.is_object() || !is_map("tensors") || !is_map("metadata")) fail("the list of its checksums", "", "");
        if (stated_.value("algorithm", json{}) != std::string{checksum_name})
            throw format_error{text(file, ": its checksums are ", stated_.value("algorithm", json{}).dump(),
                                    ", this version knows ", checksum_name,
                                    "; use the version of rd4ad that wrote the file, or --no-verify")};
    }

    /// Throws format_error naming the key whose value is damaged.
    void check_header(const json& header, const std::map<std::string, std::string>& metadata) const {
        if (stated_.is_null()) return;
        for (const auto& [key, value] : metadata) check("metadata", key, "metadata ", checksum_of(std::string_view{value}));
        const auto found = header_checksum(header);
        const auto at = stated_.find("header");
        const auto stated = at != stated_.end() && at->is_string() ? at->get<std::string>() : std::string{"none"};
        if (found != stated) fail("the header (names, dtypes and shapes of its tensors, keys of its metadata)", found, stated);
    }

    /// Throws format_error if the tensor's bytes are damaged.
    void check_tensor(const std::string& name, std::span<const std::byte> bytes) const {
        if (!stated_.is_null()) check("tensors", name, "tensor ", checksum_of(bytes));
    }

   private:
    void check(const char* of, const std::string& name, const char* kind, const std::string& found) const {
        const auto& all = stated_.at(of);
        const auto stated = all.find(name);
        const bool known = stated != all.end() && stated->is_string();
        if (!known || stated->get_ref<const std::string&>() != found)
            fail(kind + io::quoted(name), found, known ? stated->get<std::string>() : std::string{"none"});
    }
    [[noreturn]] void fail(const std::string& part, const std::string& found, const std::string& stated) const {
        const auto numbers = found.empty() ? std::string{} : text(" (checksum ", found, ", the file states ", stated, ')');
        throw format_error{text(file_, ": ", part, " is damaged", numbers,
                                "; copy the file again from an undamaged one; --no-verify loads it as it is")};
    }

    std::string file_;
    json stated_{};
};

/// A file's header: its tensors in the order of the data, its metadata and its checksums.
struct safetensors_layout {
    std::vector<safetensors_entry> entries{};
    std::map<std::string, std::string> metadata;
    checksums stated;

    /// header: the bytes of its JSON; available: bytes of the data after it. Throws format_error.
    safetensors_layout(std::span<const std::byte> header_bytes, std::size_t available, const std::string& file, bool verify)
        : safetensors_layout{parse_header(header_bytes, file), available, file, verify} {}

   private:
    safetensors_layout(const json& header, std::size_t available, const std::string& file, bool verify)
        : metadata{metadata_in(header, file)}, stated{metadata, verify, file} {
        for (const auto& [name, description] : header.items())
            if (name != metadata_key) entries.push_back(parse_entry(name, description, available, file));
        stated.check_header(header, metadata);
        check_coverage(entries, available, file);
    }
};

}  // namespace detail

/// Parses a safetensors file in memory. owner: keeps `bytes` alive. path: for messages. Throws format_error if the file breaks
/// the format, and naming the tensor or the metadata's key that differs from its checksum.
[[nodiscard]] inline tensor_file parse_safetensors(std::span<const std::byte> bytes, const std::shared_ptr<const void>& owner,
                                                   const std::filesystem::path& path, const read_options& options = {}) {
    const std::string file = path.string();
    const std::size_t length = detail::header_length(bytes, bytes.size(), file);
    const auto data = bytes.subspan(sizeof(std::uint64_t) + length);
    detail::safetensors_layout layout{bytes.subspan(sizeof(std::uint64_t), length), data.size(), file, options.verify};
    tensor_file result;
    result.path = path;
    result.metadata = std::move(layout.metadata);
    for (auto& entry : layout.entries) {
        const auto values = data.subspan(entry.begin, entry.end - entry.begin);
        layout.stated.check_tensor(entry.name, values);
        result.insert_view(entry.name, entry.type, std::move(entry.shape), values, owner);
    }
    return result;
}

/// Reads a safetensors file into memory. Throws as file_reader::read_all and parse_safetensors do.
[[nodiscard]] inline tensor_file read_safetensors(const std::filesystem::path& path, const read_options& options = {}) {
    const file_reader file{path};
    std::vector<std::byte> first(std::min<std::size_t>(file.size(), 64));  // so that no other kind of file is read whole
    file.read(first);
    static_cast<void>(detail::header_length(first, file.size(), path.string()));
    const auto content = file.read_all();
    return parse_safetensors(content.bytes, content.owner, path, options);
}

/// Writes a safetensors file, atomically. Equal tensors and metadata give equal bytes. The header lists tensors by name. The data
/// holds the dtypes with the largest values first, then sorts by name: so every tensor is aligned to its dtype without gaps, as
/// PyTorch's reader requires. Adds checksums of every tensor, of each metadata value and of the header (docs/formats.md). Throws
/// io_error; throws format_error for a tensor name that is not UTF-8 or is "__metadata__".
inline void write_safetensors(const std::filesystem::path& path, const tensor_file& file) {
    std::vector<std::pair<const std::string*, const named_tensor*>> order;
    for (const auto& [name, tensor] : file.tensors()) order.emplace_back(&name, &tensor);
    std::stable_sort(order.begin(), order.end(),
                     [](const auto& a, const auto& b) { return size_of(a.second->type) > size_of(b.second->type); });
    json header = json::object();
    json stated{{"algorithm", std::string{checksum_name}}, {"metadata", json::object()}, {"tensors", json::object()}};
    auto& metadata = header[std::string{detail::metadata_key}] = file.metadata;
    metadata.erase(checksums_key);
    for (const auto& [key, value] : metadata.items())
        stated["metadata"][key] = checksum_of(std::string_view{value.get_ref<const std::string&>()});
    std::vector<std::span<const std::byte>> parts(2);
    std::size_t at = 0;
    for (const auto& [name, tensor] : order) {
        if (*name == detail::metadata_key)
            throw format_error{text(path, ": a safetensors file can't hold a tensor named '__metadata__'; rename it")};
        if (!is_utf8(*name))
            throw format_error{
                text(path, ": the tensor name ", io::quoted(*name), " is not UTF-8, which safetensors requires; rename it")};
        header[*name] = {
            {"dtype", name_of(tensor->type)}, {"shape", tensor->shape}, {"data_offsets", {at, at + tensor->bytes.size()}}};
        at += tensor->bytes.size();
        parts.push_back(tensor->bytes);
        stated["tensors"][*name] = checksum_of(tensor->bytes);
    }
    stated["header"] = detail::header_checksum(header);
    metadata[checksums_key] = dump_json(stated);
    std::string header_text = dump_json(header);
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
