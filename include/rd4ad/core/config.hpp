// rd4ad/core/config.hpp: the library's inline namespace, named after its version and the instruction set. Twin:
// tests/odr/main.cpp
//
// Every header opens `namespace rd4ad::inline RD4AD_ABI`. So objects that are compiled for different instruction sets
// (-march) have different symbols: they can be linked into one program, and each calls its own copy of every inline function.
// Users write rd4ad::name as always.
#pragma once

#define RD4AD_DETAIL_PASTE(a, b, c, d, e, f, g, h, i, j, k, l, m, n) a##b##c##d##e##f##g##h##i##j##k##l##m##n
#define RD4AD_DETAIL_ISA(...) RD4AD_DETAIL_PASTE(__VA_ARGS__)
#define RD4AD_DETAIL_ABI(version, isa) version##_##isa
#define RD4AD_DETAIL_NAME(version, isa) RD4AD_DETAIL_ABI(version, isa)

// RD4AD_ISA names the instruction set. A build may define it (the target rd4ad::compiled does, so that the library and the
// programs that link it agree); otherwise it follows from the compiler's macros: the x86-64 level, then one digit for each
// extension that a level leaves open and that compilers generate code for.
#if !defined(RD4AD_ISA)
#if defined(__x86_64__)
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512CD__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define RD4AD_DETAIL_LEVEL v4_
#elif defined(__AVX2__) && defined(__FMA__) && defined(__BMI2__)
#define RD4AD_DETAIL_LEVEL v3_
#elif defined(__SSE4_2__) && defined(__POPCNT__)
#define RD4AD_DETAIL_LEVEL v2_
#else
#define RD4AD_DETAIL_LEVEL baseline_
#endif
#if defined(__AVX__)
#define RD4AD_DETAIL_AVX 1
#else
#define RD4AD_DETAIL_AVX 0
#endif
#if defined(__AVX2__)
#define RD4AD_DETAIL_AVX2 1
#else
#define RD4AD_DETAIL_AVX2 0
#endif
#if defined(__FMA__)
#define RD4AD_DETAIL_FMA 1
#else
#define RD4AD_DETAIL_FMA 0
#endif
#if defined(__FMA4__)
#define RD4AD_DETAIL_FMA4 1
#else
#define RD4AD_DETAIL_FMA4 0
#endif
#if defined(__F16C__)
#define RD4AD_DETAIL_F16C 1
#else
#define RD4AD_DETAIL_F16C 0
#endif
#if defined(__BMI2__)
#define RD4AD_DETAIL_BMI2 1
#else
#define RD4AD_DETAIL_BMI2 0
#endif
#if defined(__AVXVNNI__)
#define RD4AD_DETAIL_AVXVNNI 1
#else
#define RD4AD_DETAIL_AVXVNNI 0
#endif
#if defined(__AVX512F__)
#define RD4AD_DETAIL_AVX512F 1
#else
#define RD4AD_DETAIL_AVX512F 0
#endif
#if defined(__AVX512VNNI__)
#define RD4AD_DETAIL_AVX512VNNI 1
#else
#define RD4AD_DETAIL_AVX512VNNI 0
#endif
#if defined(__AVX512VBMI2__)
#define RD4AD_DETAIL_AVX512VBMI2 1
#else
#define RD4AD_DETAIL_AVX512VBMI2 0
#endif
#if defined(__AVX512VPOPCNTDQ__)
#define RD4AD_DETAIL_AVX512VPOPCNTDQ 1
#else
#define RD4AD_DETAIL_AVX512VPOPCNTDQ 0
#endif
#if defined(__AVX512BF16__)
#define RD4AD_DETAIL_AVX512BF16 1
#else
#define RD4AD_DETAIL_AVX512BF16 0
#endif
#if defined(__AVX512FP16__)
#define RD4AD_DETAIL_AVX512FP16 1
#else
#define RD4AD_DETAIL_AVX512FP16 0
#endif
#define RD4AD_ISA                                                                                                               \
    RD4AD_DETAIL_ISA(RD4AD_DETAIL_LEVEL, RD4AD_DETAIL_AVX, RD4AD_DETAIL_AVX2, RD4AD_DETAIL_FMA, RD4AD_DETAIL_FMA4,              \
                     RD4AD_DETAIL_F16C, RD4AD_DETAIL_BMI2, RD4AD_DETAIL_AVXVNNI, RD4AD_DETAIL_AVX512F, RD4AD_DETAIL_AVX512VNNI, \
                     RD4AD_DETAIL_AVX512VBMI2, RD4AD_DETAIL_AVX512VPOPCNTDQ, RD4AD_DETAIL_AVX512BF16, RD4AD_DETAIL_AVX512FP16)
#elif defined(__aarch64__) && defined(__ARM_FEATURE_SVE)
#define RD4AD_ISA arm64_sve
#elif defined(__aarch64__)
#define RD4AD_ISA arm64
#else
#define RD4AD_ISA generic
#endif
#endif

/// The inline namespace: v1_v4_1110110110100, for example. The first part is the major version.
#define RD4AD_ABI RD4AD_DETAIL_NAME(v1, RD4AD_ISA)
