// rd4ad/io/write_pth.hpp: tensors as torch.save writes them, for torch.load. Twin: tests/io/write_pth.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/io/detail/zip.hpp>
#include <rd4ad/io/element.hpp>
#include <rd4ad/io/tensor_file.hpp>

namespace rd4ad::io {

namespace detail {

/// PyTorch's class for a storage of such elements.
[[nodiscard]] constexpr std::string_view storage_class(element type) noexcept {
    switch (type) {
        case element::f16:
            return "HalfStorage";
        case element::bf16:
            return "BFloat16Storage";
        case element::f32:
            return "FloatStorage";
        case element::f64:
            return "DoubleStorage";
        case element::i64:
            return "LongStorage";
        case element::i32:
            return "IntStorage";
        case element::i16:
            return "ShortStorage";
        case element::i8:
            return "CharStorage";
        case element::u8:
            return "ByteStorage";
        case element::boolean:
            return "BoolStorage";
    }
    return "";
}

/// A pickle of protocol 2, opcode by opcode.
class pickle_writer {
   public:
    pickle_writer& opcodes(std::string_view text) {
        bytes_ += text;
        return *this;
    }
    pickle_writer& text(std::string_view value) {
        bytes_ += 'X';
        little_endian(static_cast<std::uint32_t>(value.size()));
        bytes_ += value;
        return *this;
    }
    /// Below 2^31, which the caller sees to.
    pickle_writer& whole(std::size_t value) {
        bytes_ += 'J';
        little_endian(static_cast<std::uint32_t>(value));
        return *this;
    }
    pickle_writer& tuple(std::span<const std::size_t> values) {
        bytes_ += '(';
        for (const auto value : values) whole(value);
        bytes_ += 't';
        return *this;
    }
    /// The call that rebuilds a contiguous tensor from the storage `key`.
    pickle_writer& tensor(const named_tensor& of, const std::string& key) {
        std::vector<std::size_t> strides(of.shape.size(), 1);
        for (std::size_t axis = strides.size(); axis-- > 1;) strides[axis - 1] = strides[axis] * of.shape[axis];
        opcodes("ctorch._utils\n_rebuild_tensor_v2\n((").text("storage").opcodes("ctorch\n").opcodes(storage_class(of.type));
        opcodes("\n").text(key).text("cpu").whole(of.count()).opcodes("tQ").whole(0).tuple(of.shape).tuple(strides);
        return opcodes(
            "\x89"
            "ccollections\nOrderedDict\n)RtR");
    }
    [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

   private:
    void little_endian(std::uint32_t value) {
        for (int i = 0; i < 4; ++i) bytes_ += static_cast<char>(value >> (8 * i) & 0xFFU);
    }

    std::string bytes_{};
};

}  // namespace detail

/// Writes the tensors as a dict of dicts: "bn.conv1.weight" is "conv1.weight" of "bn", as in the authors' checkpoints; a name
/// without a dot lies at the root. The metadata is left out. The file is complete or not there. Throws io_error; format_error
/// for a tensor of 2^31 values or more, and where a name is a dict's too.
inline void write_pth(const std::filesystem::path& path, const tensor_file& file) {
    std::map<std::string, std::vector<std::pair<std::string, std::string>>> groups;  // of names within, and storages' keys
    std::map<std::string, std::string> root;
    std::vector<const named_tensor*> storages;
    for (const auto& [name, tensor] : file.tensors()) {
        if (tensor.count() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
            throw format_error{path.string() + ": tensor " + detail::shown(name) + " has " + std::to_string(tensor.count()) +
                               " values, more than are written"};
        const auto dot = name.find('.');
        const auto key = std::to_string(storages.size());
        storages.push_back(&tensor);
        if (dot == std::string::npos)
            root.emplace(name, key);
        else
            groups[name.substr(0, dot)].emplace_back(name.substr(dot + 1), key);
    }
    const auto& tensors = file.tensors();
    detail::pickle_writer pickle;
    pickle.opcodes("\x80\x02}(");
    for (const auto& [name, key] : root) {
        if (groups.contains(name))
            throw format_error{path.string() + ": " + detail::shown(name) + " is a tensor and a part of other tensors' names"};
        pickle.text(name).tensor(tensors.at(name), key);
    }
    for (const auto& [group, members] : groups) {
        pickle.text(group).opcodes("}(");
        for (const auto& [name, key] : members) pickle.text(name).tensor(tensors.at(group + '.' + name), key);
        pickle.opcodes("u");
    }
    pickle.opcodes("u.");

    int code = 0;
    ::zip_t* opened = ::zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    const auto fail = [&](const std::string& why) { throw io_error{path.string() + ": can't be written: " + why}; };
    if (opened == nullptr) {
        ::zip_error_t problem;
        ::zip_error_init_with_code(&problem, code);
        const std::string why = ::zip_error_strerror(&problem);
        ::zip_error_fini(&problem);
        fail(why);
    }
    detail::zip_handle archive{opened};
    const auto add = [&](const std::string& name, const void* bytes, std::size_t size) {
        ::zip_source_t* source = ::zip_source_buffer(archive.get(), bytes, size, 0);
        const auto at =
            source == nullptr ? -1 : ::zip_file_add(archive.get(), ("archive/" + name).c_str(), source, ZIP_FL_ENC_UTF_8);
        if (at < 0) {
            if (source != nullptr) ::zip_source_free(source);
            fail(::zip_strerror(archive.get()));
        }
        if (::zip_set_file_compression(archive.get(), static_cast<::zip_uint64_t>(at), ZIP_CM_STORE, 0) != 0)
            fail(::zip_strerror(archive.get()));
    };
    constexpr std::string_view version = "3\n";
    add("data.pkl", pickle.bytes().data(), pickle.bytes().size());
    for (std::size_t i = 0; i < storages.size(); ++i)
        add("data/" + std::to_string(i), storages[i]->bytes.data(), storages[i]->bytes.size());
    add("version", version.data(), version.size());
    if (::zip_close(archive.get()) != 0) fail(::zip_strerror(archive.get()));  // writes beside the file, then renames
    static_cast<void>(archive.release());
}

}  // namespace rd4ad::io
