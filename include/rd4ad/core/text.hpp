// rd4ad/core/text.hpp: builds messages from strings, paths and numbers. Twin: tests/core/text.cpp
#pragma once
#include <charconv>
#include <concepts>
#include <filesystem>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// A number that `text` accepts: any but bool, which would read as 0 or 1.
template <class T>
concept TextNumber = std::floating_point<T> ||(std::integral<T> && !std::same_as<T, bool>);

/// A value that `text` accepts: a string, a char, a path or a number.
template <class T>
concept TextPart = std::convertible_to<const T&, std::string_view> || std::same_as<T, char> ||
    std::same_as<T, std::filesystem::path> || TextNumber<T>;

/// A number with `digits` digits after the decimal point, as printf's %.*f in the "C" locale: the program's locale changes
/// nothing. digits: 0 to 100.
[[nodiscard]] inline std::string decimal_text(double value, int digits) {
    char room[std::numeric_limits<double>::max_exponent10 + 110];
    const auto end = std::to_chars(std::begin(room), std::end(room), value, std::chars_format::fixed, digits).ptr;
    return {std::begin(room), end};
}

/// Concatenates its arguments. Whole numbers appear as std::to_string writes them, others with 6 digits after the decimal point,
/// in every locale.
template <TextPart... Parts>
[[nodiscard]] std::string text(const Parts&... parts) {
    std::string joined;
    [[maybe_unused]] const auto append = [&joined]<class T>(const T& part) {
        if constexpr (std::convertible_to<const T&, std::string_view>)
            joined.append(std::string_view{part});
        else if constexpr (std::same_as<T, char>)
            joined.push_back(part);
        else if constexpr (std::same_as<T, std::filesystem::path>)
            joined.append(part.string());
        else if constexpr (std::floating_point<T>)
            joined.append(decimal_text(static_cast<double>(part), 6));
        else
            joined.append(std::to_string(part));
    };
    (append(parts), ...);
    return joined;
}

}  // namespace rd4ad::inline RD4AD_ABI
