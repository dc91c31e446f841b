// rd4ad/core/instruction_set.hpp: selects one of the instruction sets that code was compiled for. Twin:
// tests/core/instruction_set.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// The levels of x86-64 that one program can hold, each a superset of the one before: baseline has SSE2, v3 AVX2 and FMA, v4
/// AVX-512. Source: the psABI of x86-64, "Micro-architecture levels".
inline constexpr std::array<std::string_view, 3> instruction_set_levels{"baseline", "v3", "v4"};

/// The environment variable that forces a level.
inline constexpr const char* instruction_set_variable = "RD4AD_ISA";

namespace core_detail {

/// Appends ", " and a name.
inline void append_name(std::string& list, std::string_view name) { list += text(list.empty() ? "" : ", ", name); }

#if defined(__x86_64__)

/// A bit of the CPUID instruction, for what not every compiler's __builtin_cpu_supports knows.
[[nodiscard]] inline bool has_cpuid_bit(unsigned leaf, unsigned bit_of_ecx) {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    return __get_cpuid(leaf, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_of_ecx) != 0;
}

#endif

}  // namespace core_detail

/// The extensions of a level that this processor or its operating system lacks, separated by commas; "" if there are none, and
/// for a name that is no level, such as that of the only instruction set of a build.
[[nodiscard]] inline std::string missing_extensions(std::string_view level) {
    std::string missing;
#if defined(__x86_64__)
    // The compiler's function also asks the operating system (XGETBV) whether it keeps the wide registers.
    const auto need = [&](bool present, std::string_view name) {
        if (!present) core_detail::append_name(missing, name);
    };
    __builtin_cpu_init();
    if (level == "v3" || level == "v4") {
        need(__builtin_cpu_supports("avx2"), "AVX2");
        need(__builtin_cpu_supports("fma"), "FMA");
        need(__builtin_cpu_supports("bmi"), "BMI1");
        need(__builtin_cpu_supports("bmi2"), "BMI2");
        need(core_detail::has_cpuid_bit(1, bit_F16C), "F16C");
        need(core_detail::has_cpuid_bit(1, bit_MOVBE), "MOVBE");
        need(core_detail::has_cpuid_bit(0x80000001, bit_LZCNT), "LZCNT");
    }
    if (level == "v4") {
        need(__builtin_cpu_supports("avx512f"), "AVX512F");
        need(__builtin_cpu_supports("avx512bw"), "AVX512BW");
        need(__builtin_cpu_supports("avx512cd"), "AVX512CD");
        need(__builtin_cpu_supports("avx512dq"), "AVX512DQ");
        need(__builtin_cpu_supports("avx512vl"), "AVX512VL");
    }
#else
    static_cast<void>(level);
#endif
    return missing;
}

/// Selects one of the instruction sets of a build, which are in ascending order, at least one: `requested` if it is not empty,
/// else the last one that the processor has. Returns its index. Throws option_error for a requested one that the build or the
/// processor lacks, and if the processor has none; the message
/// names it and begins with `setting`, the words of the request.
[[nodiscard]] inline std::size_t select_instruction_set(std::span<const std::string_view> built, std::string_view requested,
                                                        const std::string& setting) {
    std::string names;
    for (const auto name : built) core_detail::append_name(names, name);
    const auto lacks = [&](std::string_view level) { return text("this processor lacks ", missing_extensions(level)); };
    if (!requested.empty()) {
        const auto found = std::find(built.begin(), built.end(), requested);
        if (found == built.end()) {
            const bool level = std::find(instruction_set_levels.begin(), instruction_set_levels.end(), requested) !=
                               instruction_set_levels.end();
            throw option_error{
                text(setting, level ? ": this build has " : ": unknown, expected ", names, "; leave it out for the best one")};
        }
        if (!missing_extensions(requested).empty())
            throw option_error{text(setting, ": ", lacks(requested), "; leave it out for the best one")};
        return static_cast<std::size_t>(found - built.begin());
    }
    for (std::size_t i = built.size(); i-- > 0;)
        if (missing_extensions(built[i]).empty()) return i;
    throw option_error{text("this build has the instruction set ", names, " only, and ", lacks(built.front()),
                            ": build with RD4AD_INSTRUCTION_SETS=baseline")};
}

/// As above; the environment variable RD4AD_ISA is the request.
[[nodiscard]] inline std::size_t select_instruction_set(std::span<const std::string_view> built) {
    const char* setting = std::getenv(instruction_set_variable);
    const std::string requested = setting == nullptr ? "" : setting;
    return select_instruction_set(built, requested, text(instruction_set_variable, '=', requested));
}

}  // namespace rd4ad::inline RD4AD_ABI
