// rd4ad/backend/kernel.hpp: element-wise kernels, and the packs of values that they work on. Twin: tests/backend/primitives.cpp
#pragma once
#include <cmath>
#include <concepts>
#include <cstddef>

#include <rd4ad/core/config.hpp>

/// Marks function objects that run on the host and on a device.
#if defined(__CUDACC__)
#define RD4AD_KERNEL __host__ __device__
#else
#define RD4AD_KERNEL
#endif

namespace rd4ad::inline RD4AD_ABI::backend {

/// Operations on a pack: neighbouring channels of one pixel. This primary template is a pack of one value, for devices and
/// for the channels that fill no register; backend/simd.hpp specialises it for the processor's registers.
template <class P>
struct pack_traits {
    using value_type = P;
    static constexpr std::size_t width = 1;
    RD4AD_KERNEL static P load(const P* from) { return *from; }
    RD4AD_KERNEL static void store(P* to, P value) { *to = value; }
    RD4AD_KERNEL static P broadcast(P value) { return value; }
    RD4AD_KERNEL static P max(P a, P b) { return a > b ? a : b; }
    RD4AD_KERNEL static P select_positive(P condition, P value) { return condition > P{0} ? value : P{0}; }
    RD4AD_KERNEL static P sqrt(P value) { return std::sqrt(value); }
    RD4AD_KERNEL static P mul_add(P a, P b, P c) { return a * b + c; }
    RD4AD_KERNEL static P sum(P value) { return value; }
};

/// The value type of a pack.
template <class P>
using value_of = typename pack_traits<P>::value_type;

/// Reads a pack from consecutive values.
template <class P>
RD4AD_KERNEL P load(const value_of<P>* from) {
    return pack_traits<P>::load(from);
}

/// Writes a pack to consecutive values.
template <class P>
RD4AD_KERNEL void store(value_of<P>* to, P value) {
    pack_traits<P>::store(to, value);
}

/// A pack of equal values.
template <class P>
RD4AD_KERNEL P broadcast(value_of<P> value) {
    return pack_traits<P>::broadcast(value);
}

/// The larger of two values, lane by lane; b where either is NaN, so that max(0, x) passes a NaN of x on.
template <class P>
RD4AD_KERNEL P max(P a, P b) {
    return pack_traits<P>::max(a, b);
}

/// `value` where `condition` > 0, else 0, lane by lane.
template <class P>
RD4AD_KERNEL P select_positive(P condition, P value) {
    return pack_traits<P>::select_positive(condition, value);
}

/// Square root, lane by lane.
template <class P>
RD4AD_KERNEL P sqrt(P value) {
    return pack_traits<P>::sqrt(value);
}

/// a b + c, rounded once where the processor has a fused multiply-add.
template <class P>
RD4AD_KERNEL P mul_add(P a, P b, P c) {
    return pack_traits<P>::mul_add(a, b, c);
}

/// Sum of `term.template operator()<Q>(c)` over `count` channels: first in packs, then value by value.
template <class P, class Term>
RD4AD_KERNEL value_of<P> sum_over_channels(std::size_t count, const Term& term) {
    using T = value_of<P>;
    P sums = broadcast<P>(T{0});
    std::size_t c = 0;
    for (; c + pack_traits<P>::width <= count; c += pack_traits<P>::width) sums = sums + term.template operator()<P>(c);
    T total = pack_traits<P>::sum(sums);
    for (; c < count; ++c) total += term.template operator()<T>(c);
    return total;
}

/// The row that a kernel sees: `kernel.row(r)` where the kernel has that member (it computes a pixel's coordinates once per
/// row, for example), else r.
template <class Kernel>
RD4AD_KERNEL auto row_of(const Kernel& kernel, std::size_t r) {
    if constexpr (requires { kernel.row(r); })
        return kernel.row(r);
    else
        return r;
}

/// A kernel along channels: called as `kernel.template operator()<P>(row_of(kernel, r), c)` for each row r and each pack of
/// channels that starts at c. It may write only the values of that row and pack.
template <class Kernel, class P>
concept ChannelKernel = requires(const Kernel& kernel, std::size_t i) {
    kernel.template operator()<P>(row_of(kernel, i), i);
};

/// A kernel that loops over the channels itself (to sum over them, for example) has a member `whole_rows`. It is called once
/// per row with the widest pack, as `kernel.template operator()<P>(row_of(kernel, r))`.
template <class Kernel>
inline constexpr bool takes_whole_rows = requires {
    Kernel::whole_rows;
};

/// Runs a kernel over the rows [first, last) and all channels of each, on the calling thread.
template <class P, class Kernel>
RD4AD_KERNEL void run_rows(std::size_t first, std::size_t last, std::size_t channels, const Kernel& kernel) {
    using T = value_of<P>;
    for (std::size_t r = first; r < last; ++r) {
        const auto row = row_of(kernel, r);
        if constexpr (takes_whole_rows<Kernel>) {
            kernel.template operator()<P>(row);
            continue;
        } else {
            std::size_t c = 0;
            for (; c + pack_traits<P>::width <= channels; c += pack_traits<P>::width) kernel.template operator()<P>(row, c);
            if constexpr (pack_traits<P>::width > 1)
                for (; c < channels; ++c) kernel.template operator()<T>(row, c);
        }
    }
}

}  // namespace rd4ad::inline RD4AD_ABI::backend
