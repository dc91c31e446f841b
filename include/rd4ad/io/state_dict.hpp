// rd4ad/io/state_dict.hpp: a pickle's nested dicts of tensors as named tensors. Twin: tests/io/state_dict.cpp
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
#include <rd4ad/io/detail/shown.hpp>
#include <rd4ad/io/pickle_object.hpp>
#include <rd4ad/io/tensor_file.hpp>

namespace rd4ad::io {

/// A storage's bytes and what keeps them alive, by the storage's key.
struct storage_bytes {
    std::span<const std::byte> bytes;
    std::shared_ptr<const void> owner;
};
using storage_map = std::map<std::string, storage_bytes>;

namespace detail {

/// Finds the tensors below an object and names them by their keys, joined with dots. Limits hold against files made to
/// exhaust it: a dict may contain itself, or the same dict twice at every level.
class tensor_finder {
   public:
    static constexpr std::size_t most_visits = std::size_t{1} << 21, deepest = 64, longest_name = 1024;

    tensor_finder(const pickle::document& all, const std::string& file) : all_{all}, file_{file} {}

    void visit(pickle::handle at, const std::string& name, std::size_t depth = 0) {
        if (++visits_ > most_visits) fail("has more than " + std::to_string(most_visits) + " values");
        if (depth > deepest) fail("is nested more than " + std::to_string(deepest) + " deep at " + shown(name));
        if (name.size() > longest_name) fail("has a name longer than " + std::to_string(longest_name) + " bytes: " + shown(name));
        const auto child = [&](const std::string& key) { return depth == 0 ? key : name + '.' + key; };
        if (all_.as<pickle::tensor_reference>(at) != nullptr) {
            found.emplace_back(name, at);
        } else if (const auto* dictionary = all_.as<pickle::dictionary>(at)) {
            for (const auto& [key, value] : last_of_each(*dictionary)) {
                const std::size_t before = found.size();
                const auto* text = all_.as<std::string>(key);
                const auto* number = all_.as<std::int64_t>(key);
                visit(value, child(text != nullptr ? *text : number != nullptr ? std::to_string(*number) : "?"), depth + 1);
                if (text == nullptr && number == nullptr && found.size() > before)
                    fail("has a tensor under a key that is neither text nor whole number, in " + shown(name));
            }
        } else if (const auto* list = all_.as<pickle::list>(at)) {
            for (std::size_t i = 0; i < list->items.size(); ++i) visit(list->items[i], child(std::to_string(i)), depth + 1);
        } else if (const auto* tuple = all_.as<pickle::tuple>(at)) {
            for (std::size_t i = 0; i < tuple->items.size(); ++i) visit(tuple->items[i], child(std::to_string(i)), depth + 1);
        }
    }

    std::vector<std::pair<std::string, pickle::handle>> found;

   private:
    /// A dict's pairs in their order, less those whose text key is set again later.
    [[nodiscard]] std::vector<std::pair<pickle::handle, pickle::handle>> last_of_each(const pickle::dictionary& dictionary) {
        visits_ += dictionary.items.size();
        std::set<std::string_view> seen;
        std::vector<std::pair<pickle::handle, pickle::handle>> kept;
        for (auto item = dictionary.items.rbegin(); item != dictionary.items.rend(); ++item) {
            const auto* text = all_.as<std::string>(item->first);
            if (text == nullptr || seen.insert(*text).second) kept.push_back(*item);
        }
        std::reverse(kept.begin(), kept.end());
        return kept;
    }

    [[noreturn]] void fail(const std::string& what) const { throw format_error{file_ + ": the checkpoint " + what}; }

    const pickle::document& all_;
    const std::string& file_;
    std::size_t visits_{0};
};

/// Where to start: inside {'state_dict': {...}} or {'model': {...}} if no tensor lies outside, else at the root.
[[nodiscard]] inline pickle::handle unwrapped(const pickle::document& all, const std::string& file) {
    const auto* root = all.as<pickle::dictionary>(all.root);
    if (root == nullptr) return all.root;
    for (const std::string_view wrapper : {"state_dict", "model"}) {
        const auto wraps = [&](const auto& item) {
            const auto* text = all.as<std::string>(item.first);
            return text != nullptr && *text == wrapper && all.as<pickle::dictionary>(item.second) != nullptr;
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

/// Copies a strided tensor's values, C order.
[[nodiscard]] inline std::vector<std::byte> gathered(const pickle::tensor_reference& tensor, std::span<const std::byte> storage) {
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

}  // namespace detail

/// The tensors of a checkpoint's pickle by name: nested dicts (and lists) are joined with dots, a wrapper 'state_dict' or
/// 'model' that holds them all is left out, values that are no tensors are passed over. Contiguous tensors are views of the
/// storages, others are copied; copies together take at most 16 times the storages' bytes.
/// Throws format_error where there is no tensor, two have one name, or a storage is missing or has another size than claimed.
[[nodiscard]] inline tensor_file tensors_of(const pickle::document& all, const storage_map& storages,
                                            const std::filesystem::path& path) {
    const std::string file = path.string();
    if (all.as<pickle::tensor_reference>(all.root) != nullptr)
        throw format_error{file + ": holds one tensor without a name: save a dict of tensors, such as model.state_dict()"};
    std::size_t left_to_copy = 0;
    for (const auto& [key, storage] : storages) left_to_copy += 16 * storage.bytes.size();
    detail::tensor_finder finder{all, file};
    finder.visit(detail::unwrapped(all, file), "");
    if (finder.found.empty()) throw format_error{file + ": holds no tensors: save model.state_dict() with torch.save"};

    tensor_file result;
    result.path = path;
    for (const auto& [name, at] : finder.found) {
        const auto& tensor = *all.as<pickle::tensor_reference>(at);
        const auto& storage = *all.as<pickle::storage_reference>(tensor.storage);
        const auto stored = storages.find(storage.key);
        const std::string about = file + ": tensor " + detail::shown(name);
        if (stored == storages.end())
            throw format_error{about + " lies in storage " + detail::shown(storage.key) + ", which the file has not"};
        const auto bytes = stored->second.bytes;
        if (bytes.size() / (storage.type ? size_of(*storage.type) : 1) != storage.count) {
            throw format_error{about + " lies in storage " + detail::shown(storage.key) + " of " + std::to_string(bytes.size()) +
                               " bytes, but " + std::to_string(storage.count) + " values " +
                               (storage.type ? "of " + std::string{name_of(*storage.type)} : "of one byte") + " are claimed"};
        }
        const std::size_t length = *checked_product(tensor.shape, size_of(tensor.type));
        if (tensor.contiguous()) {
            const std::size_t first = length == 0 ? 0 : tensor.offset * size_of(tensor.type);
            result.insert_view(name, tensor.type, tensor.shape, bytes.subspan(first, length), stored->second.owner);
            continue;
        }
        if (length > left_to_copy) {
            throw format_error{about + " of shape " + to_string(tensor.shape) +
                               " repeats its values too often: call .contiguous() before saving if that is meant"};
        }
        left_to_copy -= length;
        result.insert_bytes(name, tensor.type, tensor.shape, detail::gathered(tensor, bytes));
    }
    return result;
}

}  // namespace rd4ad::io
