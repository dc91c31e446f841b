// rd4ad/io/pickle_tensor.hpp: the calls by which a pickle rebuilds tensors, done as plain data. Twin: tests/io/pickle_tensor.cpp
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

#include <rd4ad/io/detail/shown.hpp>
#include <rd4ad/io/pickle_object.hpp>

namespace rd4ad::io::pickle {

/// More axes than any layer's weights have; it bounds what a damaged file can make of one tuple.
inline constexpr std::size_t most_axes = 16;

/// What a call made, or why it can't be done (`problem` is then not empty).
struct rebuilt {
    object value;
    std::string problem;
};

namespace detail {

using io::detail::shown;

[[nodiscard]] inline std::optional<std::size_t> size_in(const document& all, handle at) {
    const auto* number = all.as<std::int64_t>(at);
    if (number == nullptr || *number < 0) return std::nullopt;
    return static_cast<std::size_t>(*number);
}

[[nodiscard]] inline std::optional<std::vector<std::size_t>> sizes_in(const document& all, handle at) {
    const auto* items = all.as<tuple>(at);
    if (items == nullptr || items->items.size() > most_axes) return std::nullopt;
    std::vector<std::size_t> sizes;
    for (const handle item : items->items) {
        const auto size = size_in(all, item);
        if (!size) return std::nullopt;
        sizes.push_back(*size);
    }
    return sizes;
}

/// Values a storage must have for the tensor to lie within it; none where that passes 2^63 - 1.
[[nodiscard]] inline std::optional<std::size_t> reach(const tensor_reference& tensor) {
    constexpr std::size_t most = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
    std::size_t last = tensor.offset;
    for (const std::size_t size : tensor.shape)
        if (size == 0) return 0;
    if (last == most) return std::nullopt;
    for (std::size_t axis = 0; axis < tensor.shape.size(); ++axis) {
        const std::size_t steps = tensor.shape[axis] - 1, stride = tensor.strides[axis];
        if (steps != 0 && stride > (most - 1 - last) / steps) return std::nullopt;
        last += steps * stride;
    }
    return last + 1;
}

/// _rebuild_tensor(storage, offset, size, stride), _v2(..., requires_grad, hooks[, metadata]),
/// _v3(..., requires_grad, hooks, dtype[, metadata]).
[[nodiscard]] inline rebuilt rebuild_tensor(const document& all, const std::vector<handle>& arguments, int version) {
    const std::size_t least = version == 1 ? 4 : version == 2 ? 6 : 7;
    const std::size_t most = version == 1 ? 4 : least + 1;
    if (arguments.size() < least || arguments.size() > most)
        return {none{}, "a tensor is rebuilt from " + std::to_string(arguments.size()) + " values"};
    const auto* storage = all.as<storage_reference>(arguments[0]);
    if (storage == nullptr) return {none{}, "a tensor is rebuilt without a storage"};
    tensor_reference tensor;
    tensor.storage = arguments[0];
    std::size_t available = storage->count;
    if (version == 3) {
        const auto* dtype = all.as<global>(arguments[6]);
        const auto type = dtype != nullptr ? dtype_element(dtype->name) : std::nullopt;
        if (!type) return {none{}, "a tensor is rebuilt with something else than a dtype"};
        tensor.type = *type;
        available = available * (storage->type ? size_of(*storage->type) : 1) / size_of(*type);
    } else {
        if (!storage->type) return {none{}, "a tensor of no known type lies in the untyped storage " + shown(storage->key)};
        tensor.type = *storage->type;
    }
    if (arguments.size() == most && version != 1) {
        const auto* marks = all.as<dictionary>(arguments.back());
        const bool plain = marks != nullptr ? marks->items.empty() : all.as<none>(arguments.back()) != nullptr;
        if (!plain)
            return {none{},
                    "a tensor has marks of its own (conjugate or negative): call .resolve_conj().resolve_neg() before saving"};
    }
    const auto offset = size_in(all, arguments[1]);
    auto shape = sizes_in(all, arguments[2]), strides = sizes_in(all, arguments[3]);
    if (!offset || !shape || !strides || shape->size() != strides->size())
        return {none{}, "a tensor's offset, shape or strides are not sizes (at most 16 of each, none below 0)"};
    tensor.offset = *offset;
    tensor.shape = std::move(*shape);
    tensor.strides = std::move(*strides);
    const auto needed = reach(tensor);
    if (!needed || *needed > available || !checked_product(tensor.shape, size_of(tensor.type))) {
        return {none{}, "a tensor reaches beyond its storage " + shown(storage->key) + ", which has " +
                            std::to_string(available) + " values, not " + (needed ? std::to_string(*needed) : "more than 2^63")};
    }
    return {std::move(tensor), {}};
}

/// OrderedDict(), or OrderedDict([(key, value), ...]) as Python 2 wrote it.
[[nodiscard]] inline rebuilt rebuild_ordered(const document& all, const std::vector<handle>& arguments) {
    dictionary made;
    made.ordered = true;
    if (arguments.empty()) return {std::move(made), {}};
    const auto* pairs = arguments.size() == 1 ? all.as<list>(arguments[0]) : nullptr;
    if (pairs == nullptr) return {none{}, "an OrderedDict is made from something else than a list of pairs"};
    for (const handle at : pairs->items) {
        const auto* as_list = all.as<list>(at);
        const auto* as_tuple = all.as<tuple>(at);
        const auto* items = as_list != nullptr ? &as_list->items : as_tuple != nullptr ? &as_tuple->items : nullptr;
        if (items == nullptr || items->size() != 2)
            return {none{}, "an OrderedDict is made from something else than a list of pairs"};
        made.items.emplace_back((*items)[0], (*items)[1]);
    }
    return {std::move(made), {}};
}

}  // namespace detail

/// REDUCE: the call of an allowed global with a tuple's items. Nothing is executed: each name stands for one kind of object.
[[nodiscard]] inline rebuilt call(const document& all, std::string_view name, const std::vector<handle>& arguments) {
    if (name == "collections.OrderedDict") return detail::rebuild_ordered(all, arguments);
    if (name == "torch._utils._rebuild_tensor") return detail::rebuild_tensor(all, arguments, 1);
    if (name == "torch._utils._rebuild_tensor_v2") return detail::rebuild_tensor(all, arguments, 2);
    if (name == "torch._utils._rebuild_tensor_v3") return detail::rebuild_tensor(all, arguments, 3);
    if (name == "torch._utils._rebuild_parameter") {
        const auto* tensor = arguments.size() == 3 ? all.as<tensor_reference>(arguments[0]) : nullptr;
        if (tensor == nullptr) return {none{}, "a parameter is rebuilt without a tensor"};
        return {*tensor, {}};
    }
    if (name == "torch.Size") {
        const auto* sizes = arguments.size() == 1 ? all.as<tuple>(arguments[0]) : nullptr;
        if (sizes == nullptr || sizes->items.size() > most_axes)
            return {none{}, "a torch.Size is made from something else than sizes"};
        return {*sizes, {}};
    }
    return {none{}, std::string{name} + " is called, which is a type and no function here"};
}

/// BINPERSID: ('storage', class, key, location, count[, view]) as torch.save names a storage. The location (cpu, cuda:0)
/// doesn't matter here; a view of another storage was written by torch before 0.4 only.
[[nodiscard]] inline rebuilt storage_named(const document& all, handle at) {
    const auto* id = all.as<tuple>(at);
    const auto refuse = [](std::string problem) { return rebuilt{none{}, std::move(problem)}; };
    if (id == nullptr || id->items.size() < 5 || id->items.size() > 6) return refuse("a storage is not named by 5 or 6 values");
    const auto* word = all.as<std::string>(id->items[0]);
    const auto* type = all.as<global>(id->items[1]);
    const auto* key = all.as<std::string>(id->items[2]);
    const auto count = detail::size_in(all, id->items[4]);
    if (word == nullptr || *word != "storage" || type == nullptr || key == nullptr || key->size() > 255 || !count)
        return refuse("a storage is not named as ('storage', class, key, location, count)");
    if (id->items.size() == 6 && all.as<none>(id->items[5]) == nullptr)
        return refuse("storage " + detail::shown(*key) + " is a view of another one: load and save the file with a newer torch");
    storage_reference storage{*key, storage_element(type->name), *count};
    if (!storage.type && !is_untyped_storage(type->name))
        return refuse("storage " + detail::shown(*key) + " has the class " + detail::shown(type->name) +
                      ", which is no storage's");
    if (!checked_product(std::span{&*count, 1}, storage.type ? size_of(*storage.type) : 1))
        return refuse("storage " + detail::shown(*key) + " claims " + std::to_string(*count) + " values, more than any memory");
    return {std::move(storage), {}};
}

}  // namespace rd4ad::io::pickle
