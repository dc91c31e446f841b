// rd4ad/io/tensor_file.hpp: the named tensors of a file. Twin: tests/io/tensor_file.cpp
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/dtype.hpp>
#include <rd4ad/io/quoted.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

/// A tensor's shape as messages write it, such as "[64, 3, 7, 7]".
[[nodiscard]] inline std::string to_string(std::span<const std::size_t> shape) {
    std::string out = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) out += text(i == 0 ? "" : ", ", shape[i]);
    return out + "]";
}

/// A view of one tensor. Its tensor_file, or any copy of that, keeps the bytes alive.
/// bytes: count() * size_of(type) bytes, little endian, C order, contiguous, at any alignment.
struct named_tensor {
    dtype type{dtype::f32};
    std::vector<std::size_t> shape;
    std::span<const std::byte> bytes;

    /// Number of values; 1 for a scalar (empty shape).
    [[nodiscard]] std::size_t count() const { return bytes.size() / size_of(type); }

    /// The values, converted from `type` to T. Rounds integers that T can't represent.
    template <std::floating_point T>
    [[nodiscard]] std::vector<T> values() const {
        return widen<T>(type, bytes);
    }

    /// The values: where they lie if they are stored as T and aligned, else converted into `memory`.
    template <std::floating_point T>
    [[nodiscard]] std::span<const T> values_in(std::vector<T>& memory) const {
        const bool stored = type == (sizeof(T) == sizeof(double) ? dtype::f64 : dtype::f32);
        if (stored && reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(T) == 0)
            return {reinterpret_cast<const T*>(bytes.data()), count()};
        return memory = values<T>();
    }
};

/// Named tensors that are read one at a time: tensor_file and safetensors_reader.
template <class F>
concept NamedTensors = requires(const F& file, const std::string& name) {
    { file.path } -> std::convertible_to<std::filesystem::path>;
    { file.metadata.find(name)->second } -> std::convertible_to<std::string>;
    { file.find(name)->shape } -> std::convertible_to<std::vector<std::size_t>>;
    { file.tensors().begin()->first } -> std::convertible_to<std::string>;
    { file.contains(name) } -> std::same_as<bool>;
    { file.read(name) } -> std::convertible_to<named_tensor>;
};

/// The tensors (by name) and metadata (by key) of a safetensors file or a PyTorch checkpoint. Copies share the tensors' bytes,
/// which never change.
class tensor_file {
   public:
    /// The file of the tensors, for messages. Empty for tensors made in memory.
    std::filesystem::path path;

    /// Texts by key: safetensors' `__metadata__`.
    std::map<std::string, std::string> metadata;

    /// All tensors, sorted by name. Deleted for temporaries: a range-based for would outlive them.
    [[nodiscard]] const std::map<std::string, named_tensor>& tensors() const& noexcept { return tensors_; }
    void tensors() const&& = delete;

    /// The tensor of that name, or nullptr.
    [[nodiscard]] const named_tensor* find(const std::string& name) const {
        const auto at = tensors_.find(name);
        return at == tensors_.end() ? nullptr : &at->second;
    }

    [[nodiscard]] bool contains(const std::string& name) const { return tensors_.contains(name); }

    /// The tensor of that name. Throws format_error if there is none.
    [[nodiscard]] const named_tensor& read(const std::string& name) const {
        const auto* found = find(name);
        if (found == nullptr) throw format_error{text(label(name), " expected, found none")};
        return *found;
    }

    /// Adds a tensor with a copy of `values`, stored as f16, bf16, f32 or f64 (rounded to nearest, ties to even).
    /// Throws option_error for another dtype, shape_error if the shape does not match the number of values, and format_error if
    /// the name exists already.
    template <std::floating_point T>
    void insert(const std::string& name, std::vector<std::size_t> shape, std::span<const T> values, dtype stored_as) {
        auto bytes = narrow<T>(stored_as, values);
        if (!bytes) {
            throw option_error{text(label(name), " holds floating-point values and can't be stored as ", name_of(stored_as),
                                    "; use F16, BF16, F32 or F64")};
        }
        insert_bytes(name, stored_as, std::move(shape), std::move(*bytes));
    }

    /// Adds a tensor of integers, stored as i64. Throws as insert does.
    void insert_integer(const std::string& name, std::vector<std::size_t> shape, std::vector<std::int64_t> values) {
        const auto owner = std::make_shared<const std::vector<std::int64_t>>(std::move(values));
        insert_view(name, dtype::i64, std::move(shape), std::as_bytes(std::span{*owner}), owner);
    }

    /// Adds a tensor from its stored bytes (little endian, C order). Throws as insert does.
    void insert_bytes(const std::string& name, dtype type, std::vector<std::size_t> shape, std::vector<std::byte> bytes) {
        const auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
        insert_view(name, type, std::move(shape), *owner, owner);
    }

    /// Adds a view of stored bytes without copying them. `owner`, such as a mapped file, keeps them alive. Throws as insert does.
    void insert_view(const std::string& name, dtype type, std::vector<std::size_t> shape, std::span<const std::byte> bytes,
                     std::shared_ptr<const void> owner) {
        const auto needed = checked_product(shape, size_of(type));
        if (!needed || *needed != bytes.size()) {
            throw shape_error{text(label(name), " of shape ", to_string(shape), " and dtype ", name_of(type), " has ",
                                   bytes.size(), " bytes, but needs ", needed ? text(*needed) : "more than 2^63")};
        }
        if (!tensors_.try_emplace(name, named_tensor{type, std::move(shape), bytes}).second)
            throw format_error{text(label(name), " exists twice; names must be unique")};
        if (owners_.empty() || owners_.back() != owner) owners_.push_back(std::move(owner));
    }

    /// Gives every tensor the name that name(old name) returns. Throws format_error if two tensors get one name.
    template <class Name>
    void rename(const Name& name) {
        std::map<std::string, named_tensor> renamed;
        for (auto& [old_name, tensor] : tensors_) {
            auto new_name = name(old_name);
            if (!renamed.try_emplace(new_name, tensor).second)
                throw format_error{text(label(old_name), " gets the name ", io::quoted(new_name), ", which another tensor has")};
        }
        tensors_ = std::move(renamed);
    }

   private:
    /// The tensor's file and name, for messages.
    [[nodiscard]] std::string label(const std::string& name) const {
        return text(path, path.empty() ? "" : ": ", "tensor ", io::quoted(name));
    }

    std::map<std::string, named_tensor> tensors_;
    std::vector<std::shared_ptr<const void>> owners_;
};

}  // namespace rd4ad::inline RD4AD_ABI::io
