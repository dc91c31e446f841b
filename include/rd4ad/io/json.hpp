// rd4ad/io/json.hpp: parses, reads and writes JSON. Twin: tests/io/json.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/atomic_file.hpp>
#include <rd4ad/io/detail/json.hpp>
#include <rd4ad/io/escaped.hpp>
#include <rd4ad/io/quoted.hpp>
#include <rd4ad/io/read_file.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

using json = nlohmann::json;

/// Parses JSON (RFC 8259), nested at most 64 levels deep, without a repeated key in any object.
/// name: the file or text, for messages. Throws format_error with the byte (from 1) where parsing stopped.
[[nodiscard]] inline json parse_json(std::string_view content, const std::string& name) {
    constexpr int max_depth = 64;
    std::vector<std::set<std::string>> keys;
    const auto check = [&](int depth, json::parse_event_t event, const json& value) {
        if (depth > max_depth) throw format_error{text(name, ": JSON is nested more than ", max_depth, " levels deep")};
        if (event == json::parse_event_t::object_start) {
            keys.resize(static_cast<std::size_t>(depth) + 1);
            keys.back().clear();
        } else if (event == json::parse_event_t::key) {
            const auto& key = value.get_ref<const std::string&>();
            if (!keys[static_cast<std::size_t>(depth) - 1].insert(key).second)
                throw format_error{
                    text(name, ": JSON repeats the key ", io::quoted(key), " in one object; remove one of the two")};
        }
        return true;
    };
    try {
        return json::parse(content.begin(), content.end(), check);
    } catch (const json::parse_error& problem) {
        const std::size_t byte = std::min(problem.byte, content.size() + 1);
        const std::string_view before = content.substr(0, byte);
        throw format_error{text(name, ": is not JSON: unexpected ", byte > content.size() ? "end" : "character", " at byte ",
                                byte, ", after ",
                                io::quoted(before.substr(before.size() - std::min<std::size_t>(before.size(), 20))))};
    } catch (const json::exception&) {
        throw format_error{text(name, ": JSON holds a number that is out of range")};
    }
}

/// Reads and parses a file of at most max_text_bytes. Throws as read_file does, and format_error as parse_json does.
[[nodiscard]] inline json read_json(const std::filesystem::path& path) {
    const auto bytes = read_file(path, max_text_bytes);
    return parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string());
}

namespace detail {

/// The value with every string and key as utf8_text writes it.
[[nodiscard]] inline json as_utf8(const json& value) {
    if (value.is_string()) return utf8_text(value.get_ref<const std::string&>());
    if (value.is_array()) {
        json made = json::array();
        for (const auto& one : value) made.push_back(as_utf8(one));
        return made;
    }
    if (!value.is_object()) return value;
    json made = json::object();
    for (const auto& [key, one] : value.items()) made.emplace(utf8_text(key), as_utf8(one));
    return made;
}

}  // namespace detail

/// Writes a value as text: UTF-8, keys in alphabetical order. indent: blanks per level; -1 gives a single line. A string or key
/// that is not UTF-8, such as the name of a file from an older system, is written as utf8_text does.
[[nodiscard]] inline std::string dump_json(const json& value, int indent = -1) {
    try {
        return value.dump(indent);
    } catch (const json::exception&) {  // the only one: a string is not UTF-8
        return detail::as_utf8(value).dump(indent);
    }
}

/// dump_json on one line for a value that may hold finite numbers only: JSON would silently turn others into null. Throws
/// numeric_error with the place of a number that is not finite.
[[nodiscard]] inline std::string dump_finite_json(const json& value, const std::string& name) {
    const auto check = [&](const auto& self, const json& at, const std::string& place) -> void {
        if (at.is_structured())
            for (const auto& [key, item] : at.items()) self(self, item, text(place, '/', key));
        else if (at.is_number_float() && !std::isfinite(at.get<double>()))
            throw numeric_error{text(name, ": the value of '", place, "' is not finite, and is not written")};
    };
    check(check, value, "");
    return dump_json(value);
}

/// The number, or null if it is empty, NaN or infinite: JSON has no such numbers.
[[nodiscard]] inline json number_or_null(const std::optional<double>& value) {
    return value && std::isfinite(*value) ? json(*value) : json();
}

/// The value under a key; null if `from` is no object or lacks the key.
[[nodiscard]] inline json value_at(const json& from, const std::string& key) {
    const auto found = from.find(key);
    return found == from.end() ? json() : *found;
}

/// The whole number from 0 on that `value` is. json::get would turn -1, 0.5 and 1e300 into some number. Throws json::exception
/// for any other value, as json::get does for other types.
[[nodiscard]] inline std::uint64_t whole_number(const json& value) {
    if (value.is_number_integer() && !value.is_number_unsigned() && value.get<std::int64_t>() >= 0)
        return value.get<std::uint64_t>();  // of a signed variable; a text gives unsigned numbers
    return value.get_ref<const json::number_unsigned_t&>();
}

/// The object under a key; an empty object if there is none.
[[nodiscard]] inline json object_at(const json& from, const std::string& key) {
    auto found = value_at(from, key);
    return found.is_object() ? found : json::object();
}

/// The list of three numbers (for R, G and B) under a key of an object. Empty if the key is missing or holds anything else.
[[nodiscard]] inline std::optional<std::array<float, 3>> three_numbers(const json& from, const std::string& key) {
    const auto found = from.find(key);
    const auto is_number = [](const json& one) { return one.is_number(); };
    if (found == from.end() || !found->is_array() || found->size() != 3 || !std::all_of(found->begin(), found->end(), is_number))
        return std::nullopt;
    return found->get<std::array<float, 3>>();
}

/// Writes a value to a file as dump_json does, atomically, indented by two blanks per level. Throws io_error.
inline void write_json(const std::filesystem::path& path, const json& value) {
    write_atomically(path, std::string_view{dump_json(value, 2) + "\n"});
}

}  // namespace rd4ad::inline RD4AD_ABI::io
