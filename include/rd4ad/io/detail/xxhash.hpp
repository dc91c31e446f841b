// rd4ad/io/detail/xxhash.hpp: the only include of xxHash, compiled into the program: nothing is linked. Twin:
// tests/io/checksum.cpp
#pragma once

// XXH_VECTOR: 0 is plain C++, as nvcc's front end doesn't know all of the CPU's vector types; 2 is AVX2, which is as fast as
// memory (g++ 12 warns of its own AVX-512 functions).
#if !defined(XXH_VECTOR) && (defined(__CUDACC__) || defined(__AVX512F__))
#define RD4AD_DETAIL_XXH_VECTOR
#if defined(__CUDACC__)
#define XXH_VECTOR 0
#else
#define XXH_VECTOR 2
#endif
#endif
#if !defined(XXH_INLINE_ALL)
#define RD4AD_DETAIL_XXH_INLINE_ALL
#define XXH_INLINE_ALL
#endif
#include <xxhash.h>
#if defined(RD4AD_DETAIL_XXH_INLINE_ALL)
#undef XXH_INLINE_ALL
#undef RD4AD_DETAIL_XXH_INLINE_ALL
#endif
#if defined(RD4AD_DETAIL_XXH_VECTOR)
#undef XXH_VECTOR
#undef RD4AD_DETAIL_XXH_VECTOR
#endif
