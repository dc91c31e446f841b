// rd4ad/core/text.hpp: builds messages from strings, paths and numbers. Twin: tests/core/text.cpp
#pragma once
#include <concepts>
#include <filesystem>
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

/// Concatenates its arguments. Numbers appear as std::to_string writes them.
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
        else
            joined.append(std::to_string(part));
    };
    (append(parts), ...);
    return joined;
}

}  // namespace rd4ad::inline RD4AD_ABI
