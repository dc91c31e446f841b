// rd4ad/io/json.hpp: settings and metadata as JSON. Twin: tests/io/json.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/io/atomic_file.hpp>
#include <rd4ad/io/detail/json.hpp>
#include <rd4ad/io/detail/shown.hpp>
#include <rd4ad/io/mapped_file.hpp>

namespace rd4ad::io {

using json = nlohmann::json;

/// JSON as RFC 8259 has it, nested at most 64 deep, no key twice in one object.
/// name_for_messages: a path, or what the text is. Throws format_error with the byte (from 1) where reading stopped.
[[nodiscard]] inline json parse(std::string_view text, const std::string& name_for_messages) {
    constexpr int deepest = 64;
    std::vector<std::set<std::string>> keys;
    const auto check = [&](int depth, json::parse_event_t event, const json& value) {
        if (depth > deepest)
            throw format_error{name_for_messages + ": JSON is nested more than " + std::to_string(deepest) + " deep"};
        if (event == json::parse_event_t::object_start) {
            keys.resize(static_cast<std::size_t>(depth) + 1);
            keys.back().clear();
        } else if (event == json::parse_event_t::key) {
            const auto& key = value.get_ref<const std::string&>();
            if (!keys[static_cast<std::size_t>(depth) - 1].insert(key).second)
                throw format_error{name_for_messages + ": JSON has the key " + detail::shown(key) + " twice in one object"};
        }
        return true;
    };
    try {
        return json::parse(text.begin(), text.end(), check);
    } catch (const json::parse_error& problem) {
        const std::size_t byte = std::min(problem.byte, text.size() + 1);
        const std::string_view before = text.substr(0, byte);
        throw format_error{name_for_messages + ": is not JSON: unexpected " + (byte > text.size() ? "end" : "character") +
                           " at byte " + std::to_string(byte) + ", after " +
                           detail::shown(before.substr(before.size() - std::min<std::size_t>(before.size(), 20)))};
    } catch (const json::exception&) {
        throw format_error{name_for_messages + ": JSON holds a number that is out of range"};
    }
}

/// A file's content, parsed. Throws io_error, or format_error as parse does.
[[nodiscard]] inline json read_json(const std::filesystem::path& path) {
    const mapped_file file{path};
    const auto bytes = file.bytes();
    return parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string());
}

/// The text of a value: UTF-8, keys in order, `indent` blanks a level (-1: one line).
/// Throws format_error where a text is not UTF-8.
[[nodiscard]] inline std::string text_of(const json& value, const std::string& name_for_messages, int indent = -1) {
    try {
        return value.dump(indent);
    } catch (const json::exception&) {
        throw format_error{name_for_messages + ": a text to be written as JSON is not UTF-8"};
    }
}

/// A number, or null where there is none or it is not finite, which JSON can't say.
[[nodiscard]] inline json number_or_null(const std::optional<double>& value) {
    return value && std::isfinite(*value) ? json(*value) : json();
}

/// The list of three numbers under a key of an object (one for each of R, G and B); none where there is no such list.
[[nodiscard]] inline std::optional<std::array<float, 3>> three_numbers(const json& from, const std::string& key) {
    const auto found = from.find(key);
    const auto is_number = [](const json& one) { return one.is_number(); };
    if (found == from.end() || !found->is_array() || found->size() != 3 || !std::all_of(found->begin(), found->end(), is_number))
        return std::nullopt;
    return found->get<std::array<float, 3>>();
}

/// Writes the value, indented by two, atomically. Throws io_error, format_error.
inline void write_json(const std::filesystem::path& path, const json& value) {
    write_atomically(path, std::string_view{text_of(value, path.string(), 2) + "\n"});
}

}  // namespace rd4ad::io
