// rd4ad/io/element.hpp: the number formats that tensor files hold, and their conversions. Twin: tests/io/element.cpp
#pragma once
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace rd4ad::io {

static_assert(std::endian::native == std::endian::little, "tensor files are little endian and are read in place");

/// How one value of a tensor is stored.
enum class element { f16, bf16, f32, f64, i64, i32, i16, i8, u8, boolean };

/// Every element, in the order of the enumeration.
inline constexpr element all_elements[] = {element::f16, element::bf16, element::f32, element::f64, element::i64,
                                           element::i32, element::i16,  element::i8,  element::u8,  element::boolean};

/// Bytes that one value takes.
[[nodiscard]] constexpr std::size_t size_of(element type) noexcept {
    switch (type) {
        case element::f64:
        case element::i64:
            return 8;
        case element::f32:
        case element::i32:
            return 4;
        case element::f16:
        case element::bf16:
        case element::i16:
            return 2;
        case element::i8:
        case element::u8:
        case element::boolean:
            return 1;
    }
    return 1;
}

/// The name safetensors files use: "F16", "BF16", "F32", "F64", "I64", "I32", "I16", "I8", "U8", "BOOL".
[[nodiscard]] constexpr std::string_view name_of(element type) noexcept {
    switch (type) {
        case element::f16:
            return "F16";
        case element::bf16:
            return "BF16";
        case element::f32:
            return "F32";
        case element::f64:
            return "F64";
        case element::i64:
            return "I64";
        case element::i32:
            return "I32";
        case element::i16:
            return "I16";
        case element::i8:
            return "I8";
        case element::u8:
            return "U8";
        case element::boolean:
            return "BOOL";
    }
    return "";
}

/// The element that safetensors calls `name`; none if it isn't one of name_of's.
[[nodiscard]] constexpr std::optional<element> element_named(std::string_view name) noexcept {
    for (const element type : all_elements)
        if (name_of(type) == name) return type;
    return std::nullopt;
}

/// Product of a shape's sizes (1 for a scalar) times `unit`; none where it passes 2^63 - 1. A size of 0 makes it 0
/// whatever the others are.
[[nodiscard]] constexpr std::optional<std::size_t> checked_product(std::span<const std::size_t> sizes,
                                                                   std::size_t unit) noexcept {
    constexpr std::size_t most = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
    std::size_t product = unit;
    for (const std::size_t size : sizes)
        if (size == 0) return 0;
    for (const std::size_t size : sizes) {
        if (product > most / size) return std::nullopt;
        product *= size;
    }
    return product;
}

/// A float of 16 bits with `mantissa` bits after the point: 10 is IEEE binary16 (f16), 7 is bfloat16.
template <int mantissa>
[[nodiscard]] inline float widen_16(std::uint16_t bits) noexcept {
    constexpr int bias = (1 << (14 - mantissa)) - 1;
    constexpr unsigned all_ones = (1U << (15 - mantissa)) - 1;
    const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16;
    const std::uint32_t exponent = (static_cast<std::uint32_t>(bits) & 0x7FFFU) >> mantissa;
    const std::uint32_t fraction = static_cast<std::uint32_t>(bits) & ((1U << mantissa) - 1);
    if constexpr (bias == 127) return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
    if (exponent == all_ones) return std::bit_cast<float>(sign | 0x7F800000U | fraction << (23 - mantissa));
    if (exponent != 0) {
        return std::bit_cast<float>(sign | (exponent + static_cast<std::uint32_t>(127 - bias)) << 23 |
                                    fraction << (23 - mantissa));
    }
    constexpr float smallest = std::bit_cast<float>(static_cast<std::uint32_t>(127 + 1 - bias - mantissa) << 23);
    const float magnitude = static_cast<float>(fraction) * smallest;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
}

/// The nearest float of 16 bits, ties to even; too large becomes infinity, NaN stays NaN. It starts from double so that
/// a value is rounded once, whichever type it comes from.
template <int mantissa>
[[nodiscard]] inline std::uint16_t narrow_16(double value) noexcept {
    constexpr int bias = (1 << (14 - mantissa)) - 1;
    constexpr int all_ones = (1 << (15 - mantissa)) - 1;
    const std::uint64_t bits = std::bit_cast<std::uint64_t>(value);
    const std::uint64_t sign = bits >> 63 << 15;
    const int exponent = static_cast<int>(bits >> 52 & 0x7FF) - 1023 + bias;
    const std::uint64_t fraction = bits & 0xFFFFFFFFFFFFFULL;
    const auto infinity = static_cast<std::uint64_t>(all_ones) << mantissa;
    if (value != value) return static_cast<std::uint16_t>(sign | infinity | 1ULL << (mantissa - 1));
    if (exponent >= all_ones) return static_cast<std::uint16_t>(sign | infinity);
    std::uint64_t significand = static_cast<std::uint64_t>(exponent) << 52 | fraction;
    int drop = 52 - mantissa;
    if (exponent <= 0) {  // below the smallest normal number: the leading one becomes a bit of the fraction
        significand = 1ULL << 52 | fraction;
        drop += 1 - exponent;
        if (drop > 54) return static_cast<std::uint16_t>(sign);
    }
    const std::uint64_t half = 1ULL << (drop - 1), rest = significand & ((1ULL << drop) - 1);
    std::uint64_t kept = significand >> drop;
    if (rest > half || (rest == half && (kept & 1) != 0)) ++kept;  // a carry runs into the exponent, as it should
    return static_cast<std::uint16_t>(sign | kept);
}

namespace detail {

template <class Stored, std::floating_point T, class Convert>
void convert_each(std::span<const std::byte> bytes, std::vector<T>& out, const Convert& convert) {
    for (std::size_t i = 0; i < out.size(); ++i) {
        Stored stored;
        std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
        out[i] = static_cast<T>(convert(stored));
    }
}

template <class Stored, std::floating_point T, class Convert>
void store_each(std::span<const T> values, std::vector<std::byte>& out, const Convert& convert) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        const Stored stored = convert(values[i]);
        std::memcpy(out.data() + i * sizeof(Stored), &stored, sizeof(Stored));
    }
}

}  // namespace detail

/// `bytes` (little endian, whole values of `type`, any alignment) as T. Integers beyond T's mantissa are rounded;
/// booleans are 0 or 1.
template <std::floating_point T>
[[nodiscard]] std::vector<T> widen(element type, std::span<const std::byte> bytes) {
    std::vector<T> out(bytes.size() / size_of(type));
    const auto same = [](auto stored) { return stored; };
    switch (type) {
        case element::f16:
            detail::convert_each<std::uint16_t>(bytes, out, widen_16<10>);
            break;
        case element::bf16:
            detail::convert_each<std::uint16_t>(bytes, out, widen_16<7>);
            break;
        case element::f32:
            detail::convert_each<float>(bytes, out, same);
            break;
        case element::f64:
            detail::convert_each<double>(bytes, out, same);
            break;
        case element::i64:
            detail::convert_each<std::int64_t>(bytes, out, same);
            break;
        case element::i32:
            detail::convert_each<std::int32_t>(bytes, out, same);
            break;
        case element::i16:
            detail::convert_each<std::int16_t>(bytes, out, same);
            break;
        case element::i8:
            detail::convert_each<std::int8_t>(bytes, out, same);
            break;
        case element::u8:
            detail::convert_each<std::uint8_t>(bytes, out, same);
            break;
        case element::boolean:
            detail::convert_each<std::uint8_t>(bytes, out, [](std::uint8_t stored) { return stored != 0 ? 1 : 0; });
            break;
    }
    return out;
}

/// `values` as bytes of a floating `type` (f16, bf16, f32, f64), rounded to nearest even. None for the other types.
template <std::floating_point T>
[[nodiscard]] std::optional<std::vector<std::byte>> narrow(element type, std::span<const T> values) {
    std::vector<std::byte> out(values.size() * size_of(type));
    switch (type) {
        case element::f16:
            detail::store_each<std::uint16_t>(values, out, [](T v) { return narrow_16<10>(static_cast<double>(v)); });
            return out;
        case element::bf16:
            detail::store_each<std::uint16_t>(values, out, [](T v) { return narrow_16<7>(static_cast<double>(v)); });
            return out;
        case element::f32:
            detail::store_each<float>(values, out, [](T v) { return static_cast<float>(v); });
            return out;
        case element::f64:
            detail::store_each<double>(values, out, [](T v) { return static_cast<double>(v); });
            return out;
        default:
            return std::nullopt;
    }
}

}  // namespace rd4ad::io
