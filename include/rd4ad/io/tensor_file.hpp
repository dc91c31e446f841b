// rd4ad/io/tensor_file.hpp: tensors by name, as a file holds them. Twin: tests/io/tensor_file.cpp
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
#include <rd4ad/io/detail/shown.hpp>
#include <rd4ad/io/element.hpp>

namespace rd4ad::io {

/// "[64, 3, 7, 7]", as messages show a tensor's shape.
[[nodiscard]] inline std::string to_string(std::span<const std::size_t> shape) {
    std::string out = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) out += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
    return out + "]";
}

/// A view of one tensor; the tensor_file it comes from (or a copy of that) keeps the bytes alive.
/// bytes: little endian, C order, contiguous, of any alignment; count() * size_of(type) of them.
struct named_tensor {
    element type{element::f32};
    std::vector<std::size_t> shape;
    std::span<const std::byte> bytes;

    /// Number of values; 1 for a scalar (empty shape).
    [[nodiscard]] std::size_t count() const { return bytes.size() / size_of(type); }

    /// The values as T, whatever they are stored as. Integers beyond T's mantissa are rounded.
    template <std::floating_point T>
    [[nodiscard]] std::vector<T> values() const {
        return widen<T>(type, bytes);
    }
};

/// Tensors by name and texts by key: what a safetensors file or a PyTorch checkpoint holds. Copies share the tensors'
/// bytes, which never change.
class tensor_file {
   public:
    /// Where it came from, for messages; empty when made in memory.
    std::filesystem::path path;

    /// Texts by key, safetensors' `__metadata__`.
    std::map<std::string, std::string> metadata;

    /// All tensors in the order of their names. Not of a temporary, whose tensors would be gone in a range-based for.
    [[nodiscard]] const std::map<std::string, named_tensor>& tensors() const& noexcept { return tensors_; }
    void tensors() const&& = delete;

    /// The tensor of that name, nullptr if there is none.
    [[nodiscard]] const named_tensor* find(const std::string& name) const {
        const auto at = tensors_.find(name);
        return at == tensors_.end() ? nullptr : &at->second;
    }

    [[nodiscard]] bool contains(const std::string& name) const { return tensors_.contains(name); }

    /// Adds a copy of `values`, stored as f16 or bf16 (rounded to nearest even), f32 or f64.
    /// Throws option_error for another element, shape_error where the shape has not as many values, format_error where the name
    /// is taken.
    template <std::floating_point T>
    void insert(const std::string& name, std::vector<std::size_t> shape, std::span<const T> values, element stored_as) {
        auto bytes = narrow<T>(stored_as, values);
        if (!bytes) {
            throw option_error{about(name) + " can't be stored as " + std::string{name_of(stored_as)} +
                               " from floating values: use F16, BF16, F32 or F64"};
        }
        insert_bytes(name, stored_as, std::move(shape), std::move(*bytes));
    }

    /// Adds integers, stored as i64. Throws as insert does.
    void insert_integer(const std::string& name, std::vector<std::size_t> shape, std::vector<std::int64_t> values) {
        const auto owner = std::make_shared<const std::vector<std::int64_t>>(std::move(values));
        insert_view(name, element::i64, std::move(shape), std::as_bytes(std::span{*owner}), owner);
    }

    /// Adds raw bytes, little endian and in C order. Throws as insert does.
    void insert_bytes(const std::string& name, element type, std::vector<std::size_t> shape, std::vector<std::byte> bytes) {
        const auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
        insert_view(name, type, std::move(shape), *owner, owner);
    }

    /// Adds a view of bytes that `owner` keeps alive (a mapped file, say), without copying. Throws as insert does.
    void insert_view(const std::string& name, element type, std::vector<std::size_t> shape, std::span<const std::byte> bytes,
                     std::shared_ptr<const void> owner) {
        const auto needed = checked_product(shape, size_of(type));
        if (!needed || *needed != bytes.size()) {
            throw shape_error{about(name) + " of shape " + to_string(shape) + " and type " + std::string{name_of(type)} +
                              " has " + std::to_string(bytes.size()) + " bytes, but " +
                              (needed ? std::to_string(*needed) : "more than 2^63") + " are expected"};
        }
        if (!tensors_.try_emplace(name, named_tensor{type, std::move(shape), bytes}).second)
            throw format_error{about(name) + " is there twice: names must differ"};
        if (owners_.empty() || owners_.back() != owner) owners_.push_back(std::move(owner));
    }

   private:
    [[nodiscard]] std::string about(const std::string& name) const {
        return (path.empty() ? std::string{} : path.string() + ": ") + "tensor " + detail::shown(name);
    }

    std::map<std::string, named_tensor> tensors_;
    std::vector<std::shared_ptr<const void>> owners_;
};

}  // namespace rd4ad::io
