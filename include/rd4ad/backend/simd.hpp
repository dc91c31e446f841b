// rd4ad/backend/simd.hpp: the processor's vector registers as packs, by xsimd. Twin: tests/backend/primitives.cpp
#pragma once
#include <rd4ad/backend/kernel.hpp>

#include <xsimd/xsimd.hpp>

namespace rd4ad::inline RD4AD_ABI::backend {

/// The widest pack of the instruction set that the translation unit is compiled for (-march).
template <class T>
using native_pack = xsimd::batch<T>;

template <class T, class Arch>
struct pack_traits<xsimd::batch<T, Arch>> {
    using value_type = T;
    using P = xsimd::batch<T, Arch>;
    static constexpr std::size_t width = P::size;
    static P load(const T* from) { return P::load_unaligned(from); }
    static void store(T* to, P value) { value.store_unaligned(to); }
    static P broadcast(T value) { return P(value); }
    static P max(P a, P b) { return xsimd::max(a, b); }
    static P select_positive(P condition, P value) { return xsimd::select(condition > P(T{0}), value, P(T{0})); }
    static P sqrt(P value) { return xsimd::sqrt(value); }
    static P mul_add(P a, P b, P c) { return xsimd::fma(a, b, c); }
    static T sum(P value) {
        alignas(64) T lanes[width];
        value.store_aligned(lanes);
        T total{0};
        for (const T lane : lanes) total += lane;
        return total;
    }
};

}  // namespace rd4ad::inline RD4AD_ABI::backend
