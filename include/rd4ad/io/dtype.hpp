// rd4ad/io/dtype.hpp: the number formats of stored tensors, and their conversions. Twin: tests/io/dtype.cpp
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

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

static_assert(std::endian::native == std::endian::little, "tensor files are little endian and are read without conversion");

/// The number format of a stored tensor.
enum class dtype { f16, bf16, f32, f64, i64, i32, i16, i8, u8, boolean };

/// Every dtype, in the order of the enumeration.
inline constexpr dtype all_dtypes[] = {dtype::f16, dtype::bf16, dtype::f32, dtype::f64, dtype::i64,
                                       dtype::i32, dtype::i16,  dtype::i8,  dtype::u8,  dtype::boolean};

/// Bytes per value.
[[nodiscard]] constexpr std::size_t size_of(dtype type) noexcept {
    switch (type) {
        case dtype::f64:
        case dtype::i64:
            return 8;
        case dtype::f32:
        case dtype::i32:
            return 4;
        case dtype::f16:
        case dtype::bf16:
        case dtype::i16:
            return 2;
        case dtype::i8:
        case dtype::u8:
        case dtype::boolean:
            return 1;
    }
    return 1;
}

/// The name in safetensors files: "F16", "BF16", "F32", "F64", "I64", "I32", "I16", "I8", "U8", "BOOL".
[[nodiscard]] constexpr std::string_view name_of(dtype type) noexcept {
    switch (type) {
        case dtype::f16:
            return "F16";
        case dtype::bf16:
            return "BF16";
        case dtype::f32:
            return "F32";
        case dtype::f64:
            return "F64";
        case dtype::i64:
            return "I64";
        case dtype::i32:
            return "I32";
        case dtype::i16:
            return "I16";
        case dtype::i8:
            return "I8";
        case dtype::u8:
            return "U8";
        case dtype::boolean:
            return "BOOL";
    }
    return "";
}

/// The dtype that safetensors files call `name`. Empty for other names.
[[nodiscard]] constexpr std::optional<dtype> dtype_named(std::string_view name) noexcept {
    for (const dtype type : all_dtypes)
        if (name_of(type) == name) return type;
    return std::nullopt;
}

/// The product of a shape's sizes (1 for a scalar) and `unit`. Empty if it exceeds 2^63 - 1. A size of 0 makes the product 0,
/// even if the other sizes are huge.
[[nodiscard]] constexpr std::optional<std::size_t> checked_product(std::span<const std::size_t> sizes,
                                                                   std::size_t unit) noexcept {
    constexpr std::size_t max_product = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
    std::size_t product = unit;
    for (const std::size_t size : sizes)
        if (size == 0) return 0;
    for (const std::size_t size : sizes) {
        if (product > max_product / size) return std::nullopt;
        product *= size;
    }
    return product;
}

/// Converts a 16-bit float to float. mantissa: bits of its fraction: 10 for IEEE binary16 (f16), 7 for bfloat16.
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
    constexpr float subnormal_step = std::bit_cast<float>(static_cast<std::uint32_t>(127 + 1 - bias - mantissa) << 23);
    const float magnitude = static_cast<float>(fraction) * subnormal_step;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
}

/// The nearest 16-bit float, ties to even. mantissa: as for widen_16. Values that are too large become infinity; NaN stays NaN.
/// Takes a double, so that floats and doubles are both rounded only once.
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
    if (exponent <= 0) {  // subnormal: the leading one becomes a bit of the fraction
        significand = 1ULL << 52 | fraction;
        drop += 1 - exponent;
        if (drop > 54) return static_cast<std::uint16_t>(sign);
    }
    const std::uint64_t half = 1ULL << (drop - 1), rest = significand & ((1ULL << drop) - 1);
    std::uint64_t kept = significand >> drop;
    if (rest > half || (rest == half && (kept & 1) != 0)) ++kept;  // a carry correctly increments the exponent
    return static_cast<std::uint16_t>(sign | kept);
}

namespace detail {

/// Fills `out` with the converted values of `bytes`.
template <class Stored, std::floating_point T, class Convert>
void convert_each(std::span<const std::byte> bytes, std::vector<T>& out, const Convert& convert) {
    for (std::size_t i = 0; i < out.size(); ++i) {
        Stored stored;
        std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
        out[i] = static_cast<T>(convert(stored));
    }
}

/// Fills `out` with the bytes of the converted values.
template <class Stored, std::floating_point T, class Convert>
void store_each(std::span<const T> values, std::vector<std::byte>& out, const Convert& convert) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        const Stored stored = convert(values[i]);
        std::memcpy(out.data() + i * sizeof(Stored), &stored, sizeof(Stored));
    }
}

}  // namespace detail

/// Converts stored values to T. bytes: complete values of `type`, little endian, at any alignment. Rounds integers that T can't
/// represent; booleans become 0 or 1.
template <std::floating_point T>
[[nodiscard]] std::vector<T> widen(dtype type, std::span<const std::byte> bytes) {
    std::vector<T> out(bytes.size() / size_of(type));
    const auto same = [](auto stored) { return stored; };
    switch (type) {
        case dtype::f16:
            detail::convert_each<std::uint16_t>(bytes, out, widen_16<10>);
            break;
        case dtype::bf16:
            detail::convert_each<std::uint16_t>(bytes, out, widen_16<7>);
            break;
        case dtype::f32:
            detail::convert_each<float>(bytes, out, same);
            break;
        case dtype::f64:
            detail::convert_each<double>(bytes, out, same);
            break;
        case dtype::i64:
            detail::convert_each<std::int64_t>(bytes, out, same);
            break;
        case dtype::i32:
            detail::convert_each<std::int32_t>(bytes, out, same);
            break;
        case dtype::i16:
            detail::convert_each<std::int16_t>(bytes, out, same);
            break;
        case dtype::i8:
            detail::convert_each<std::int8_t>(bytes, out, same);
            break;
        case dtype::u8:
            detail::convert_each<std::uint8_t>(bytes, out, same);
            break;
        case dtype::boolean:
            detail::convert_each<std::uint8_t>(bytes, out, [](std::uint8_t stored) { return stored != 0 ? 1 : 0; });
            break;
    }
    return out;
}

/// Converts values to the bytes of a floating-point `type` (f16, bf16, f32 or f64), rounded to nearest, ties to even. Empty for
/// the other types.
template <std::floating_point T>
[[nodiscard]] std::optional<std::vector<std::byte>> narrow(dtype type, std::span<const T> values) {
    std::vector<std::byte> out(values.size() * size_of(type));
    switch (type) {
        case dtype::f16:
            detail::store_each<std::uint16_t>(values, out, [](T v) { return narrow_16<10>(static_cast<double>(v)); });
            return out;
        case dtype::bf16:
            detail::store_each<std::uint16_t>(values, out, [](T v) { return narrow_16<7>(static_cast<double>(v)); });
            return out;
        case dtype::f32:
            detail::store_each<float>(values, out, [](T v) { return static_cast<float>(v); });
            return out;
        case dtype::f64:
            detail::store_each<double>(values, out, [](T v) { return static_cast<double>(v); });
            return out;
        default:
            return std::nullopt;
    }
}

}  // namespace rd4ad::inline RD4AD_ABI::io
