// rd4ad/io/safetensors_reader.hpp: reads a safetensors file tensor by tensor, so that memory holds one of them. Twin:
// tests/io/safetensors_reader.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/quoted.hpp>
#include <rd4ad/io/read_file.hpp>
#include <rd4ad/io/safetensors.hpp>
#include <rd4ad/io/tensor_file.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

/// An open safetensors file. It holds the header, and the bytes of the tensor that was read last. One thread uses it at a time.
class safetensors_reader {
   public:
    /// The position and form of one tensor.
    struct stored_tensor {
        dtype type;
        std::vector<std::size_t> shape;
        std::size_t begin, end;  ///< its bytes, counted from the end of the header
    };

    std::filesystem::path path;                   ///< of the file, for messages
    std::map<std::string, std::string> metadata;  ///< texts by key: safetensors' `__metadata__`

    /// Opens a file and reads its header. Throws io_error as file_reader does, and format_error if the header breaks the format
    /// or differs from its checksums.
    explicit safetensors_reader(const std::filesystem::path& file, const read_options& options = {})
        : path{file}, verify_{options.verify}, file_{std::in_place, file} {
        std::vector<std::byte> bytes(std::min<std::size_t>(file_->size(), 64));
        file_->read(bytes);
        bytes.resize(detail::header_length(bytes, file_->size(), path.string()));
        file_->read(bytes, sizeof(std::uint64_t));
        take(bytes, file_->size());
    }

    /// Takes a file's bytes, which must outlive the reader. name: starts the messages, in place of a path. Throws format_error.
    safetensors_reader(std::span<const std::byte> bytes, const std::string& name, const read_options& options = {})
        : path{name}, verify_{options.verify}, bytes_{bytes} {
        take(bytes.subspan(sizeof(std::uint64_t), detail::header_length(bytes, bytes.size(), name)), bytes.size());
    }

    /// Asks the system to load the file into its cache and returns at once.
    void prefetch() const noexcept {
        if (file_) file_->prefetch();
    }

    /// All tensors, by name.
    [[nodiscard]] const std::map<std::string, stored_tensor>& tensors() const noexcept { return tensors_; }

    /// The form of the tensor of that name, or nullptr.
    [[nodiscard]] const stored_tensor* find(const std::string& name) const {
        const auto at = tensors_.find(name);
        return at == tensors_.end() ? nullptr : &at->second;
    }

    [[nodiscard]] bool contains(const std::string& name) const { return tensors_.contains(name); }

    /// The tensor of that name; its bytes are valid until the next call. Throws format_error if there is none, or if its bytes
    /// differ from the file's checksum; io_error and memory_error as file_reader does.
    [[nodiscard]] named_tensor read(const std::string& name) const {
        const auto* found = find(name);
        if (found == nullptr) throw format_error{text(path, ": tensor ", io::quoted(name), " expected, found none")};
        const std::size_t size = found->end - found->begin;
        const auto bytes = file_ ? read_from_file(found->begin, size) : bytes_.subspan(data_ + found->begin, size);
        stated_->check_tensor(name, bytes);
        read_.insert(name);
        return {found->type, found->shape, bytes};
    }

    /// Throws io_error if another program has written to the file since it was opened.
    void check_unchanged() const {
        if (file_) file_->check_unchanged();
    }

    /// Compares the tensors that were not read with their checksums. Throws as read and check_unchanged do.
    void finish() const {
        for (const auto& [name, tensor] : tensors_)
            if (verify_ && !read_.contains(name)) static_cast<void>(read(name));
        check_unchanged();
    }

   private:
    /// Takes what the header states. size: of the whole file.
    void take(std::span<const std::byte> header, std::size_t size) {
        data_ = sizeof(std::uint64_t) + header.size();
        detail::safetensors_layout layout{header, size - data_, path.string(), verify_};
        metadata = std::move(layout.metadata);
        stated_.emplace(std::move(layout.stated));
        for (auto& one : layout.entries)
            tensors_.try_emplace(one.name, stored_tensor{one.type, std::move(one.shape), one.begin, one.end});
    }

    /// Reads bytes of the data into the buffer, which is at most twice as large as the tensor.
    [[nodiscard]] std::span<const std::byte> read_from_file(std::size_t begin, std::size_t size) const {
        if (size > capacity_ || size < capacity_ / 2) {
            buffer_.reset();
            capacity_ = 0;
            try {
                buffer_.reset(new std::byte[size]);  // not initialised
            } catch (const std::bad_alloc&) {
                throw memory_error{text(path, ": the ", size, " bytes of a tensor don't fit in memory; use a smaller model")};
            }
            capacity_ = size;
        }
        file_->read({buffer_.get(), size}, data_ + begin);
        return {buffer_.get(), size};
    }

    bool verify_;
    std::optional<file_reader> file_{};   // none: the bytes are in memory
    std::span<const std::byte> bytes_{};  // the whole file
    std::size_t data_{0};                 // where the data begin
    std::map<std::string, stored_tensor> tensors_{};
    std::optional<detail::checksums> stated_{};
    mutable std::set<std::string> read_{};
    mutable std::unique_ptr<std::byte[]> buffer_{};
    mutable std::size_t capacity_{0};
};

/// Reads a safetensors file's metadata alone: a header of some kilobytes. Throws as safetensors_reader does, but finds no damage
/// in the tensors' values.
[[nodiscard]] inline std::map<std::string, std::string> read_safetensors_metadata(const std::filesystem::path& path,
                                                                                  const read_options& options = {}) {
    safetensors_reader file{path, options};
    file.check_unchanged();
    return std::move(file.metadata);
}

}  // namespace rd4ad::inline RD4AD_ABI::io
