// rd4ad/io/write_pth.hpp: writes tensors as torch.save does, for torch.load. Twin: tests/io/write_pth.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/detail/zip.hpp>
#include <rd4ad/io/dtype.hpp>
#include <rd4ad/io/quoted.hpp>
#include <rd4ad/io/tensor_file.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

namespace detail {

/// PyTorch's class for a storage of a dtype.
[[nodiscard]] constexpr std::string_view storage_class(dtype type) noexcept {
    switch (type) {
        case dtype::f16:
            return "HalfStorage";
        case dtype::bf16:
            return "BFloat16Storage";
        case dtype::f32:
            return "FloatStorage";
        case dtype::f64:
            return "DoubleStorage";
        case dtype::i64:
            return "LongStorage";
        case dtype::i32:
            return "IntStorage";
        case dtype::i16:
            return "ShortStorage";
        case dtype::i8:
            return "CharStorage";
        case dtype::u8:
            return "ByteStorage";
        case dtype::boolean:
            return "BoolStorage";
    }
    return "";
}

/// Writes a pickle of protocol 2, opcode by opcode.
class pickle_writer {
   public:
    pickle_writer& opcodes(std::string_view bytes) {
        bytes_ += bytes;
        return *this;
    }
    pickle_writer& string(std::string_view value) {
        bytes_ += 'X';
        little_endian(static_cast<std::uint32_t>(value.size()));
        bytes_ += value;
        return *this;
    }
    /// value: below 2^31.
    pickle_writer& integer(std::size_t value) {
        bytes_ += 'J';
        little_endian(static_cast<std::uint32_t>(value));
        return *this;
    }
    pickle_writer& tuple(std::span<const std::size_t> values) {
        bytes_ += '(';
        for (const auto value : values) integer(value);
        bytes_ += 't';
        return *this;
    }
    /// The call that rebuilds a contiguous tensor from the storage `key`.
    pickle_writer& tensor(const named_tensor& of, const std::string& key) {
        std::vector<std::size_t> strides(of.shape.size(), 1);
        for (std::size_t axis = strides.size(); axis-- > 1;) strides[axis - 1] = strides[axis] * of.shape[axis];
        opcodes(rebuild_tensor).string("storage").opcodes("ctorch\n").opcodes(storage_class(of.type)).opcodes("\n");
        string(key).string("cpu").integer(of.count()).opcodes(storage_end);
        return integer(0).tuple(of.shape).tuple(strides).opcodes(tensor_end);
    }
    [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

    static constexpr std::string_view begin = "\x80\x02}(";  // protocol 2; an empty dict; the mark of its items
    static constexpr std::string_view begin_dict = "}(";
    static constexpr std::string_view end_dict = "u";
    static constexpr std::string_view end = "u.";  // the root dict's items; STOP

   private:
    // _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks): the function and the start of its arguments and
    // of the storage's tuple; the tuple's end; False, an empty OrderedDict, the arguments' end and the call.
    static constexpr std::string_view rebuild_tensor = "ctorch._utils\n_rebuild_tensor_v2\n((";
    static constexpr std::string_view storage_end = "tQ";
    static constexpr std::string_view tensor_end =
        "\x89"
        "ccollections\nOrderedDict\n)RtR";

    void little_endian(std::uint32_t value) {
        for (int i = 0; i < 4; ++i) bytes_ += static_cast<char>(value >> (8 * i) & 0xFFU);
    }

    std::string bytes_{};
};

/// A tensor's name within its dict, and the key of its storage.
struct pth_member {
    std::string name, key;
};

/// Tensors grouped by the part of their name before the first dot.
struct pth_content {
    std::vector<pth_member> root;                           // names without a dot
    std::map<std::string, std::vector<pth_member>> groups;  // names after the dot, by the part before it
    std::vector<const named_tensor*> storages;              // storage "0", "1", ...
};

/// Groups the tensors. Throws format_error as write_pth does.
[[nodiscard]] inline pth_content group_tensors(const std::filesystem::path& path, const tensor_file& file) {
    constexpr std::size_t max_values = std::numeric_limits<std::int32_t>::max();
    pth_content content;
    for (const auto& [name, tensor] : file.tensors()) {
        if (tensor.count() > max_values)
            throw format_error{text(path, ": tensor ", io::quoted(name), " has ", tensor.count(),
                                    " values, but write_pth allows at most ", max_values, " per tensor")};
        const auto dot = name.find('.');
        auto key = text(content.storages.size());
        content.storages.push_back(&tensor);
        if (dot == std::string::npos)
            content.root.push_back({name, std::move(key)});
        else
            content.groups[name.substr(0, dot)].push_back({name.substr(dot + 1), std::move(key)});
    }
    for (const auto& [name, key] : content.root)
        if (content.groups.contains(name))
            throw format_error{
                text(path, ": ", io::quoted(name), " is a tensor's name and the first part of other names; rename the tensor")};
    return content;
}

/// The pickle of a dict of tensors and of dicts of tensors.
[[nodiscard]] inline std::string pickle_of(const pth_content& content, const tensor_file& file) {
    const auto& tensors = file.tensors();
    pickle_writer pickle;
    pickle.opcodes(pickle_writer::begin);
    for (const auto& [name, key] : content.root) pickle.string(name).tensor(tensors.at(name), key);
    for (const auto& [group, members] : content.groups) {
        pickle.string(group).opcodes(pickle_writer::begin_dict);
        for (const auto& [name, key] : members) pickle.string(name).tensor(tensors.at(text(group, '.', name)), key);
        pickle.opcodes(pickle_writer::end_dict);
    }
    return pickle.opcodes(pickle_writer::end).bytes();
}

/// A new ZIP archive with uncompressed entries, for torch.load.
class zip_writer {
   public:
    /// Throws io_error.
    explicit zip_writer(std::filesystem::path path) : path_{std::move(path)} {
        int code = 0;
        archive_.reset(::zip_open(path_.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code));
        if (archive_) return;
        ::zip_error_t problem;
        ::zip_error_init_with_code(&problem, code);
        const std::string reason = ::zip_error_strerror(&problem);
        ::zip_error_fini(&problem);
        fail(reason);
    }

    /// Adds an entry. bytes: must stay alive until close(). Throws io_error.
    void add(const std::string& name, std::span<const std::byte> bytes) {
        ::zip_source_t* source = ::zip_source_buffer(archive_.get(), bytes.data(), bytes.size(), 0);
        const auto at = source == nullptr ? -1 : ::zip_file_add(archive_.get(), name.c_str(), source, ZIP_FL_ENC_UTF_8);
        if (at < 0) {
            if (source != nullptr) ::zip_source_free(source);
            fail(::zip_strerror(archive_.get()));
        }
        if (::zip_set_file_compression(archive_.get(), static_cast<::zip_uint64_t>(at), ZIP_CM_STORE, 0) != 0)
            fail(::zip_strerror(archive_.get()));
    }

    /// Writes the archive to a temporary file and renames it. Throws io_error.
    void close() {
        if (::zip_close(archive_.get()) != 0) fail(::zip_strerror(archive_.get()));
        static_cast<void>(archive_.release());
    }

   private:
    [[noreturn]] void fail(const std::string& reason) const { throw io_error{text(path_, ": can't be written: ", reason)}; }

    std::filesystem::path path_;
    zip_handle archive_;
};

}  // namespace detail

/// Writes the tensors as a dict of dicts, as the authors' checkpoints do: the tensor "bn.conv1.weight" becomes "conv1.weight" in
/// the dict "bn". A tensor whose name has no dot lies in the root dict. Omits the metadata. Writes the file completely or not at
/// all. Throws io_error. Throws format_error for a tensor of 2^31 values or more, and for a tensor whose name is also a dict's.
inline void write_pth(const std::filesystem::path& path, const tensor_file& file) {
    const auto content = detail::group_tensors(path, file);
    const auto pickle = detail::pickle_of(content, file);
    constexpr std::string_view version = "3\n";
    detail::zip_writer archive{path};
    archive.add("archive/data.pkl", std::as_bytes(std::span{pickle}));
    for (std::size_t i = 0; i < content.storages.size(); ++i) archive.add(text("archive/data/", i), content.storages[i]->bytes);
    archive.add("archive/version", std::as_bytes(std::span{version}));
    archive.close();
}

}  // namespace rd4ad::inline RD4AD_ABI::io
