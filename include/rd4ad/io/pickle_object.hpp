// rd4ad/io/pickle_object.hpp: the objects of a pickle of tensors, as plain data. Twin: tests/io/pickle_object.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <rd4ad/io/dtype.hpp>

namespace rd4ad::inline RD4AD_ABI::io::pickle {

/// An object's index in its document.
using handle = std::uint32_t;

/// Python's None.
struct none {};

/// An integer of more than 64 bits, such as torch's magic number: little endian, two's complement.
struct long_integer {
    std::string bytes;
};

struct tuple {
    std::vector<handle> items;
};

struct list {
    std::vector<handle> items;
};

/// A dict or an OrderedDict. A key that was set twice has two items; the later one counts.
struct dictionary {
    std::vector<std::pair<handle, handle>> items;
    bool ordered{false};
};

/// A Python name, as "module.name". Only the names that is_tensor_global accepts occur.
struct global {
    std::string name;
};

/// The file's storage `key` with `count` values of `type`. A storage without a type counts bytes.
struct storage_reference {
    std::string key;
    std::optional<dtype> type;
    std::size_t count{0};
};

/// A tensor in a storage: its value (i, j, ...) is the storage's value number offset + i * strides[0] + j * strides[1] + ...
/// All values lie within the storage. `shape` has at most 16 sizes; the tensor's size in bytes is below 2^63.
struct tensor_reference {
    handle storage{0};
    dtype type{dtype::f32};
    std::size_t offset{0};
    std::vector<std::size_t> shape, strides;

    /// Whether the values are adjacent and in C order.
    [[nodiscard]] bool contiguous() const noexcept {
        for (const std::size_t size : shape)
            if (size == 0) return true;
        std::size_t expected = 1;
        for (std::size_t axis = shape.size(); axis-- > 0;) {
            if (shape[axis] != 1 && strides[axis] != expected) return false;
            expected *= shape[axis];
        }
        return true;
    }
};

using object = std::variant<none, bool, std::int64_t, double, std::string, long_integer, tuple, list, dictionary, global,
                            storage_reference, tensor_reference>;

/// All objects of one pickle. They refer to each other by handle, so an object may contain itself.
struct document {
    std::vector<object> objects;
    handle root{0};

    [[nodiscard]] const object& operator[](handle at) const { return objects[at]; }

    /// The object as a Kind, or nullptr if it is of another kind.
    template <class Kind>
    [[nodiscard]] const Kind* as(handle at) const {
        return std::get_if<Kind>(&objects[at]);
    }
};

/// The dtype of a storage class such as "torch.FloatStorage". Empty for other names.
[[nodiscard]] inline std::optional<dtype> storage_dtype(std::string_view global_name) noexcept {
    constexpr std::pair<std::string_view, dtype> known[] = {
        {"torch.HalfStorage", dtype::f16},    {"torch.BFloat16Storage", dtype::bf16}, {"torch.FloatStorage", dtype::f32},
        {"torch.DoubleStorage", dtype::f64},  {"torch.LongStorage", dtype::i64},      {"torch.IntStorage", dtype::i32},
        {"torch.ShortStorage", dtype::i16},   {"torch.CharStorage", dtype::i8},       {"torch.ByteStorage", dtype::u8},
        {"torch.BoolStorage", dtype::boolean}};
    for (const auto& [name, type] : known)
        if (name == global_name) return type;
    return std::nullopt;
}

/// The dtype of a torch.dtype such as "torch.float32". Empty for other names.
[[nodiscard]] inline std::optional<dtype> torch_dtype(std::string_view global_name) noexcept {
    constexpr std::pair<std::string_view, dtype> known[] = {{"torch.float16", dtype::f16}, {"torch.bfloat16", dtype::bf16},
                                                            {"torch.float32", dtype::f32}, {"torch.float64", dtype::f64},
                                                            {"torch.int64", dtype::i64},   {"torch.int32", dtype::i32},
                                                            {"torch.int16", dtype::i16},   {"torch.int8", dtype::i8},
                                                            {"torch.uint8", dtype::u8},    {"torch.bool", dtype::boolean}};
    for (const auto& [name, type] : known)
        if (name == global_name) return type;
    return std::nullopt;
}

/// Whether a class is a storage without a dtype.
[[nodiscard]] inline bool is_untyped_storage(std::string_view global_name) noexcept {
    return global_name == "torch.storage.UntypedStorage" || global_name == "torch.storage._UntypedStorage";
}

/// Whether a pickle of tensors may name this global. A call of such a global can only create the objects above.
[[nodiscard]] inline bool is_tensor_global(std::string_view name) noexcept {
    constexpr std::string_view others[] = {"collections.OrderedDict",         "torch.Size",
                                           "torch._utils._rebuild_parameter", "torch._utils._rebuild_tensor",
                                           "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3"};
    for (const std::string_view other : others)
        if (other == name) return true;
    return is_untyped_storage(name) || storage_dtype(name) || torch_dtype(name);
}

}  // namespace rd4ad::inline RD4AD_ABI::io::pickle
