// rd4ad/io/state_dict.hpp: names the tensors in a pickle's nested dicts, without the names of wrappers. Twin:
// tests/io/state_dict.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/pickle_object.hpp>
#include <rd4ad/io/quoted.hpp>
#include <rd4ad/io/tensor_file.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

/// A storage's bytes, and the owner that keeps them alive.
struct storage_bytes {
    std::span<const std::byte> bytes;
    std::shared_ptr<const void> owner;
};

/// Storages by key.
using storage_map = std::map<std::string, storage_bytes>;

namespace detail {

/// Finds the tensors below an object and joins their keys with dots to names. Its limits stop files that would exhaust memory or
/// time: a dict may contain itself, or the same dict twice at every level.
class tensor_finder {
   public:
    static constexpr std::size_t max_visits = std::size_t{1} << 21, max_depth = 64, max_name_length = 1024;

    tensor_finder(const pickle::document& all, const std::string& file) : all_{all}, file_{file} {}

    void visit(pickle::handle at, const std::string& name, std::size_t depth = 0) {
        if (++visits_ > max_visits) fail(text("has more than ", max_visits, " values"));
        if (depth > max_depth) fail(text("is nested more than ", max_depth, " levels deep at ", io::quoted(name)));
        if (name.size() > max_name_length) fail(text("has a name longer than ", max_name_length, " bytes: ", io::quoted(name)));
        const auto child = [&](const std::string& key) { return depth == 0 ? key : name + '.' + key; };
        if (all_.as<pickle::tensor_reference>(at) != nullptr) {
            found.emplace_back(name, at);
        } else if (const auto* dictionary = all_.as<pickle::dictionary>(at)) {
            for (const auto& [key, value] : last_of_each(*dictionary)) {
                const std::size_t before = found.size();
                const auto* string = all_.as<std::string>(key);
                const auto* number = all_.as<std::int64_t>(key);
                visit(value, child(string != nullptr ? *string : number != nullptr ? text(*number) : "?"), depth + 1);
                if (string == nullptr && number == nullptr && found.size() > before)
                    fail(text("has a tensor under a key that is neither a string nor an integer, in ", io::quoted(name)));
            }
        } else if (const auto* list = all_.as<pickle::list>(at)) {
            for (std::size_t i = 0; i < list->items.size(); ++i) visit(list->items[i], child(text(i)), depth + 1);
        } else if (const auto* tuple = all_.as<pickle::tuple>(at)) {
            for (std::size_t i = 0; i < tuple->items.size(); ++i) visit(tuple->items[i], child(text(i)), depth + 1);
        }
    }

    std::vector<std::pair<std::string, pickle::handle>> found;

   private:
    /// A dict's items in order, without those whose string key is set again later.
    [[nodiscard]] std::vector<std::pair<pickle::handle, pickle::handle>> last_of_each(const pickle::dictionary& dictionary) {
        visits_ += dictionary.items.size();
        std::set<std::string_view> seen;
        std::vector<std::pair<pickle::handle, pickle::handle>> kept;
        for (auto item = dictionary.items.rbegin(); item != dictionary.items.rend(); ++item) {
            const auto* key = all_.as<std::string>(item->first);
            if (key == nullptr || seen.insert(*key).second) kept.push_back(*item);
        }
        std::reverse(kept.begin(), kept.end());
        return kept;
    }

    [[noreturn]] void fail(const std::string& problem) const { throw format_error{text(file_, ": the checkpoint ", problem)}; }

    const pickle::document& all_;
    const std::string& file_;
    std::size_t visits_{0};
};

/// The object that holds the tensors: the dict in {'state_dict': {...}} or {'model': {...}} if no tensor lies outside it, else
/// the root.
[[nodiscard]] inline pickle::handle unwrapped(const pickle::document& all, const std::string& file) {
    const auto* root = all.as<pickle::dictionary>(all.root);
    if (root == nullptr) return all.root;
    for (const std::string_view wrapper : {"state_dict", "model"}) {
        const auto wraps = [&](const auto& item) {
            const auto* key = all.as<std::string>(item.first);
            return key != nullptr && *key == wrapper && all.as<pickle::dictionary>(item.second) != nullptr;
        };
        const auto inner = std::find_if(root->items.begin(), root->items.end(), wraps);
        if (inner == root->items.end()) continue;
        tensor_finder outside{all, file};
        for (auto item = root->items.begin(); item != root->items.end(); ++item)
            if (item != inner) outside.visit(item->second, "", 1);
        if (outside.found.empty()) return inner->second;
    }
    return all.root;
}

/// Copies a strided tensor's values to C order.
[[nodiscard]] inline std::vector<std::byte> contiguous_copy(const pickle::tensor_reference& tensor,
                                                            std::span<const std::byte> storage) {
    const std::size_t size = size_of(tensor.type);
    std::vector<std::byte> out(*checked_product(tensor.shape, size));
    std::vector<std::size_t> index(tensor.shape.size(), 0);
    std::size_t from = tensor.offset;
    for (std::size_t to = 0; to < out.size(); to += size) {
        std::copy_n(storage.begin() + static_cast<std::ptrdiff_t>(from * size), size,
                    out.begin() + static_cast<std::ptrdiff_t>(to));
        for (std::size_t axis = index.size(); axis-- > 0;) {
            from += tensor.strides[axis];
            if (++index[axis] < tensor.shape[axis]) break;
            from -= tensor.strides[axis] * tensor.shape[axis];
            index[axis] = 0;
        }
    }
    return out;
}

/// The storage of a tensor. label: the tensor's file and name, for messages.
/// Throws format_error if the storage is missing or its size differs from the pickle's.
[[nodiscard]] inline const storage_bytes& find_storage(const storage_map& storages, const pickle::storage_reference& claimed,
                                                       const std::string& label) {
    const auto stored = storages.find(claimed.key);
    if (stored == storages.end())
        throw format_error{text(label, " lies in storage ", io::quoted(claimed.key), ", which the file lacks")};
    const std::size_t size = stored->second.bytes.size();
    if (size / (claimed.type ? size_of(*claimed.type) : 1) != claimed.count) {
        throw format_error{text(label, " lies in storage ", io::quoted(claimed.key), " of ", size,
                                " bytes, but the pickle claims ", claimed.count, " values of ",
                                claimed.type ? name_of(*claimed.type) : "one byte")};
    }
    return stored->second;
}

}  // namespace detail

namespace detail {

/// The length of a wrapper's part at the start of a name: of PyTorch's DataParallel and DistributedDataParallel ("module.") or of
/// torch.compile ("_orig_mod."); 0: none.
[[nodiscard]] inline std::size_t wrapper_length(std::string_view name) {
    for (const std::string_view wrapper : {"module.", "_orig_mod."})
        if (name.starts_with(wrapper) && name.size() > wrapper.size()) return wrapper.size();
    return 0;
}

}  // namespace detail

/// Drops the parts that wrappers of a module put into the names of its state dict: "module." (DataParallel) and "_orig_mod."
/// (torch.compile), at the start of all names, or of all names below one first part, as in "bn.module.conv1.weight".
/// Throws format_error if two tensors get one name.
inline void drop_wrapper_names(tensor_file& file) {
    const auto below = [](const std::string& name) {  // after the first part; 0: the whole name
        const auto dot = name.find('.');
        return dot == std::string::npos || detail::wrapper_length(name) > 0 ? 0 : dot + 1;
    };
    for (bool found = true; found;) {
        std::map<std::string, bool> wrapped;  // by first part: whether all names below it have a wrapper's part
        for (const auto& [name, tensor] : file.tensors()) {
            const std::size_t at = below(name);
            const auto entry = wrapped.try_emplace(name.substr(0, at), true).first;
            entry->second = entry->second && detail::wrapper_length(std::string_view{name}.substr(at)) > 0;
        }
        const auto is_wrapped = [&](const std::string& name) {
            const std::size_t at = below(name);
            return (at > 0 || wrapped.size() == 1) && wrapped.at(name.substr(0, at));
        };
        found = false;
        for (const auto& [name, tensor] : file.tensors()) found = found || is_wrapped(name);
        if (!found) break;
        file.rename([&](const std::string& name) {
            if (!is_wrapped(name)) return name;
            const std::size_t at = below(name);
            return name.substr(0, at) + name.substr(at + detail::wrapper_length(std::string_view{name}.substr(at)));
        });
    }
}

/// The named tensors of a checkpoint's pickle. Joins the keys of nested dicts and lists with dots, omits a wrapper 'state_dict'
/// or 'model' that holds all tensors, drops the names of wrappers (drop_wrapper_names), and ignores values that are not tensors.
/// A contiguous tensor is a view of its storage; the others are copied. All copies together take at most 16 times the storages'
/// bytes. Throws format_error if there is no tensor, two tensors have one name, or a storage is missing or has the wrong size.
[[nodiscard]] inline tensor_file tensors_of(const pickle::document& all, const storage_map& storages,
                                            const std::filesystem::path& path) {
    const std::string file = path.string();
    if (all.as<pickle::tensor_reference>(all.root) != nullptr)
        throw format_error{text(file, ": holds one tensor without a name; save a dict of tensors, such as model.state_dict()")};
    std::size_t left_to_copy = 0;
    for (const auto& [key, storage] : storages) left_to_copy += 16 * storage.bytes.size();
    detail::tensor_finder finder{all, file};
    finder.visit(detail::unwrapped(all, file), "");
    if (finder.found.empty()) throw format_error{text(file, ": holds no tensors; save model.state_dict() with torch.save")};

    tensor_file result;
    result.path = path;
    for (const auto& [name, at] : finder.found) {
        const auto& tensor = *all.as<pickle::tensor_reference>(at);
        const std::string label = text(file, ": tensor ", io::quoted(name));
        const auto& storage = detail::find_storage(storages, *all.as<pickle::storage_reference>(tensor.storage), label);
        const std::size_t length = *checked_product(tensor.shape, size_of(tensor.type));
        if (tensor.contiguous()) {
            const std::size_t first = length == 0 ? 0 : tensor.offset * size_of(tensor.type);
            result.insert_view(name, tensor.type, tensor.shape, storage.bytes.subspan(first, length), storage.owner);
            continue;
        }
        if (length > left_to_copy) {
            throw format_error{text(label, " of shape ", to_string(tensor.shape),
                                    " repeats its values too often; call .contiguous() before saving if that is intended")};
        }
        left_to_copy -= length;
        result.insert_bytes(name, tensor.type, tensor.shape, detail::contiguous_copy(tensor, storage.bytes));
    }
    drop_wrapper_names(result);
    return result;
}

}  // namespace rd4ad::inline RD4AD_ABI::io
