// rd4ad/io/pickle_object.hpp: what a pickle of tensors can hold, as plain data. Twin: tests/io/pickle_object.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <rd4ad/io/element.hpp>

namespace rd4ad::io::pickle {

/// An object's place in its document.
using handle = std::uint32_t;

struct none {};

/// An integer of more than 64 bits, little endian, two's complement: torch's magic number is one.
struct long_integer {
    std::string bytes;
};

struct tuple {
    std::vector<handle> items;
};

struct list {
    std::vector<handle> items;
};

/// A dict or an OrderedDict; a key set twice is there twice, the later one counts.
struct dictionary {
    std::vector<std::pair<handle, handle>> items;
    bool ordered{false};
};

/// A Python name, as "module.name"; only those that tensors need exist.
struct global {
    std::string name;
};

/// Where values lie: the file's storage `key`, `count` values of `type`. Untyped storages count bytes.
struct storage_reference {
    std::string key;
    std::optional<element> type;
    std::size_t count{0};
};

/// A tensor over a storage: value (i, j, ...) is the storage's value offset + i * strides[0] + j * strides[1] + ...;
/// all of them lie within the storage, and shape has at most 16 sizes whose product times the element's size fits 63 bits.
struct tensor_reference {
    handle storage{0};
    element type{element::f32};
    std::size_t offset{0};
    std::vector<std::size_t> shape, strides;

    /// Whether the values lie one after another in C order.
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

/// All objects of one pickle; they refer to each other by handle, so that even one that contains itself is plain data.
struct document {
    std::vector<object> objects;
    handle root{0};

    [[nodiscard]] const object& operator[](handle at) const { return objects[at]; }

    /// The object as a Kind, nullptr if it is another kind.
    template <class Kind>
    [[nodiscard]] const Kind* as(handle at) const {
        return std::get_if<Kind>(&objects[at]);
    }
};

/// The element of a storage class such as "torch.FloatStorage".
[[nodiscard]] inline std::optional<element> storage_element(std::string_view global_name) noexcept {
    constexpr std::pair<std::string_view, element> known[] = {
        {"torch.HalfStorage", element::f16},    {"torch.BFloat16Storage", element::bf16}, {"torch.FloatStorage", element::f32},
        {"torch.DoubleStorage", element::f64},  {"torch.LongStorage", element::i64},      {"torch.IntStorage", element::i32},
        {"torch.ShortStorage", element::i16},   {"torch.CharStorage", element::i8},       {"torch.ByteStorage", element::u8},
        {"torch.BoolStorage", element::boolean}};
    for (const auto& [name, type] : known)
        if (name == global_name) return type;
    return std::nullopt;
}

/// The element of a dtype such as "torch.float32".
[[nodiscard]] inline std::optional<element> dtype_element(std::string_view global_name) noexcept {
    constexpr std::pair<std::string_view, element> known[] = {{"torch.float16", element::f16}, {"torch.bfloat16", element::bf16},
                                                              {"torch.float32", element::f32}, {"torch.float64", element::f64},
                                                              {"torch.int64", element::i64},   {"torch.int32", element::i32},
                                                              {"torch.int16", element::i16},   {"torch.int8", element::i8},
                                                              {"torch.uint8", element::u8},    {"torch.bool", element::boolean}};
    for (const auto& [name, type] : known)
        if (name == global_name) return type;
    return std::nullopt;
}

/// Whether a class is a storage without an element of its own.
[[nodiscard]] inline bool is_untyped_storage(std::string_view global_name) noexcept {
    return global_name == "torch.storage.UntypedStorage" || global_name == "torch.storage._UntypedStorage";
}

/// Whether a pickle of tensors may name this global; calling one of them only ever makes the objects above.
[[nodiscard]] inline bool is_tensor_global(std::string_view name) noexcept {
    constexpr std::string_view others[] = {"collections.OrderedDict",         "torch.Size",
                                           "torch._utils._rebuild_parameter", "torch._utils._rebuild_tensor",
                                           "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3"};
    for (const std::string_view other : others)
        if (other == name) return true;
    return is_untyped_storage(name) || storage_element(name) || dtype_element(name);
}

}  // namespace rd4ad::io::pickle
