// rd4ad/io/pickle_tensor.hpp: interprets a pickle's calls that rebuild tensors, without executing them.
// Twin: tests/io/pickle_tensor.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/core/text.hpp>
#include <rd4ad/io/pickle_object.hpp>
#include <rd4ad/io/quoted.hpp>

namespace rd4ad::inline RD4AD_ABI::io::pickle {

/// The largest number of a tensor's axes, more than any layer's weights have. It bounds the memory that a damaged file can take.
inline constexpr std::size_t max_axes = 16;

/// A call's result. If the call is refused, `problem` states why; otherwise it is empty.
struct rebuilt {
    object value;
    std::string problem;
};

namespace detail {

/// A result that refuses a call.
[[nodiscard]] inline rebuilt refused(std::string problem) { return {none{}, std::move(problem)}; }

/// The object as a size. Empty for a negative number or another kind of object.
[[nodiscard]] inline std::optional<std::size_t> size_in(const document& all, handle at) {
    const auto* number = all.as<std::int64_t>(at);
    if (number == nullptr || *number < 0) return std::nullopt;
    return static_cast<std::size_t>(*number);
}

/// The object as at most max_axes sizes. Empty for another kind of object.
[[nodiscard]] inline std::optional<std::vector<std::size_t>> sizes_in(const document& all, handle at) {
    const auto* items = all.as<tuple>(at);
    if (items == nullptr || items->items.size() > max_axes) return std::nullopt;
    std::vector<std::size_t> sizes;
    for (const handle item : items->items) {
        const auto size = size_in(all, item);
        if (!size) return std::nullopt;
        sizes.push_back(*size);
    }
    return sizes;
}

/// The number of values that a storage needs to contain the tensor. Empty if it exceeds 2^63 - 1.
[[nodiscard]] inline std::optional<std::size_t> required_values(const tensor_reference& tensor) {
    constexpr std::size_t max_values = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
    std::size_t last = tensor.offset;
    for (const std::size_t size : tensor.shape)
        if (size == 0) return 0;
    if (last == max_values) return std::nullopt;
    for (std::size_t axis = 0; axis < tensor.shape.size(); ++axis) {
        const std::size_t steps = tensor.shape[axis] - 1, stride = tensor.strides[axis];
        if (steps != 0 && stride > (max_values - 1 - last) / steps) return std::nullopt;
        last += steps * stride;
    }
    return last + 1;
}

/// Interprets _rebuild_tensor(storage, offset, size, stride), its _v2(..., requires_grad, hooks[, metadata]) and its
/// _v3(..., requires_grad, hooks, dtype[, metadata]).
[[nodiscard]] inline rebuilt rebuild_tensor(const document& all, const std::vector<handle>& arguments, int version) {
    const std::size_t min_arguments = version == 1 ? 4 : version == 2 ? 6 : 7;
    const std::size_t max_arguments = version == 1 ? 4 : min_arguments + 1;
    if (arguments.size() < min_arguments || arguments.size() > max_arguments)
        return refused(text("a tensor is rebuilt from ", arguments.size(), " values, expected ", min_arguments,
                            version == 1 ? "" : text(" or ", max_arguments)));
    const auto* storage = all.as<storage_reference>(arguments[0]);
    if (storage == nullptr) return refused("a tensor is rebuilt without a storage");
    tensor_reference tensor;
    tensor.storage = arguments[0];
    std::size_t available = storage->count;
    if (version == 3) {
        const auto* class_name = all.as<global>(arguments[6]);
        const auto type = class_name != nullptr ? torch_dtype(class_name->name) : std::nullopt;
        if (!type) return refused("a tensor is rebuilt without a known dtype");
        tensor.type = *type;
        available = available * (storage->type ? size_of(*storage->type) : 1) / size_of(*type);
    } else {
        if (!storage->type)
            return refused(text("a tensor without a dtype lies in the untyped storage ", io::quoted(storage->key)));
        tensor.type = *storage->type;
    }
    if (arguments.size() == max_arguments && version != 1) {
        const auto* metadata = all.as<dictionary>(arguments.back());
        const bool plain = metadata != nullptr ? metadata->items.empty() : all.as<none>(arguments.back()) != nullptr;
        if (!plain)
            return refused("a tensor is marked as conjugate or negative; call .resolve_conj().resolve_neg() before saving");
    }
    const auto offset = size_in(all, arguments[1]);
    auto shape = sizes_in(all, arguments[2]), strides = sizes_in(all, arguments[3]);
    if (!offset || !shape || !strides || shape->size() != strides->size())
        return refused(text("a tensor's offset, shape or strides are not sizes (at most ", max_axes, " of each, none below 0)"));
    tensor.offset = *offset;
    tensor.shape = std::move(*shape);
    tensor.strides = std::move(*strides);
    const auto needed = required_values(tensor);
    if (!needed || *needed > available || !checked_product(tensor.shape, size_of(tensor.type)))
        return refused(text("a tensor needs ", needed ? text(*needed) : "more than 2^63", " values of its storage ",
                            io::quoted(storage->key), ", which has ", available));
    return {std::move(tensor), {}};
}

/// Interprets OrderedDict() and OrderedDict([(key, value), ...]), which Python 2 wrote.
[[nodiscard]] inline rebuilt rebuild_ordered(const document& all, const std::vector<handle>& arguments) {
    const char* no_pairs = "an OrderedDict needs a list of pairs";
    dictionary ordered;
    ordered.ordered = true;
    if (arguments.empty()) return {std::move(ordered), {}};
    const auto* pairs = arguments.size() == 1 ? all.as<list>(arguments[0]) : nullptr;
    if (pairs == nullptr) return refused(no_pairs);
    for (const handle at : pairs->items) {
        const auto* as_list = all.as<list>(at);
        const auto* as_tuple = all.as<tuple>(at);
        const auto* items = as_list != nullptr ? &as_list->items : as_tuple != nullptr ? &as_tuple->items : nullptr;
        if (items == nullptr || items->size() != 2) return refused(no_pairs);
        ordered.items.emplace_back((*items)[0], (*items)[1]);
    }
    return {std::move(ordered), {}};
}

}  // namespace detail

/// The opcode REDUCE: interprets a global's call with a tuple of arguments. Executes nothing: each name stands for one kind of
/// object.
[[nodiscard]] inline rebuilt call(const document& all, std::string_view name, const std::vector<handle>& arguments) {
    if (name == "collections.OrderedDict") return detail::rebuild_ordered(all, arguments);
    if (name == "torch._utils._rebuild_tensor") return detail::rebuild_tensor(all, arguments, 1);
    if (name == "torch._utils._rebuild_tensor_v2") return detail::rebuild_tensor(all, arguments, 2);
    if (name == "torch._utils._rebuild_tensor_v3") return detail::rebuild_tensor(all, arguments, 3);
    if (name == "torch._utils._rebuild_parameter") {
        const auto* tensor = arguments.size() == 3 ? all.as<tensor_reference>(arguments[0]) : nullptr;
        if (tensor == nullptr) return detail::refused("a parameter is rebuilt without a tensor");
        return {*tensor, {}};
    }
    if (name == "torch.Size") {
        const auto* sizes = arguments.size() == 1 ? all.as<tuple>(arguments[0]) : nullptr;
        if (sizes == nullptr || sizes->items.size() > max_axes)
            return detail::refused(text("a torch.Size needs one tuple of at most ", max_axes, " sizes"));
        return {*sizes, {}};
    }
    return detail::refused(text("the call of ", name, ", which is a type and not a function"));
}

/// The opcode BINPERSID: ('storage', class, key, location, count[, view]), as torch.save names a storage. Ignores the location
/// (cpu, cuda:0). Refuses a view of another storage, which only torch before 0.4 wrote.
[[nodiscard]] inline rebuilt storage_named(const document& all, handle at) {
    const auto* id = all.as<tuple>(at);
    if (id == nullptr || id->items.size() < 5 || id->items.size() > 6)
        return detail::refused("a storage's name needs 5 or 6 values: ('storage', class, key, location, count[, view])");
    const auto* word = all.as<std::string>(id->items[0]);
    const auto* type = all.as<global>(id->items[1]);
    const auto* key = all.as<std::string>(id->items[2]);
    const auto count = detail::size_in(all, id->items[4]);
    if (word == nullptr || *word != "storage" || type == nullptr || key == nullptr || key->size() > 255 || !count)
        return detail::refused("a storage's name is not ('storage', class, key, location, count)");
    if (id->items.size() == 6 && all.as<none>(id->items[5]) == nullptr)
        return detail::refused(
            text("storage ", io::quoted(*key), " is a view of another one; load and save the file with a newer torch"));
    storage_reference storage{*key, storage_dtype(type->name), *count};
    if (!storage.type && !is_untyped_storage(type->name))
        return detail::refused(
            text("storage ", io::quoted(*key), " has the class ", io::quoted(type->name), ", which is not a storage"));
    if (!checked_product(std::span{&*count, 1}, storage.type ? size_of(*storage.type) : 1))
        return detail::refused(text("storage ", io::quoted(*key), " claims ", *count, " values, more than any memory holds"));
    return {std::move(storage), {}};
}

}  // namespace rd4ad::inline RD4AD_ABI::io::pickle
