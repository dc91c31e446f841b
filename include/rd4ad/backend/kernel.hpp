// rd4ad/backend/kernel.hpp: what an element-wise kernel is, and the packs of values it works on. Twin:
// tests/backend/primitives.cpp
#pragma once
#include <cmath>
#include <concepts>
#include <cstddef>

/// Marks the function objects that run on the host and on a device alike.
#if defined(__CUDACC__)
#define RD4AD_KERNEL __host__ __device__
#else
#define RD4AD_KERNEL
#endif

namespace rd4ad::backend {

/// How values are moved in packs: neighbouring channels of one pixel. This primary template is one value a pack, for
/// devices and for the channels left over; backend/simd.hpp adds the processor's registers.
template <class P>
struct pack_traits {
    using value_type = P;
    static constexpr std::size_t width = 1;
    RD4AD_KERNEL static P load(const P* from) { return *from; }
    RD4AD_KERNEL static void store(P* to, P value) { *to = value; }
    RD4AD_KERNEL static P fill(P value) { return value; }
    RD4AD_KERNEL static P larger(P a, P b) { return a > b ? a : b; }
    RD4AD_KERNEL static P where_positive(P condition, P value) { return condition > P{0} ? value : P{0}; }
    RD4AD_KERNEL static P root(P value) { return std::sqrt(value); }
    RD4AD_KERNEL static P multiply_add(P a, P b, P c) { return a * b + c; }
    RD4AD_KERNEL static P sum(P value) { return value; }
};

/// The value type of a pack.
template <class P>
using value_of = typename pack_traits<P>::value_type;

/// A pack read from consecutive values.
template <class P>
RD4AD_KERNEL P load(const value_of<P>* from) {
    return pack_traits<P>::load(from);
}

/// A pack written to consecutive values.
template <class P>
RD4AD_KERNEL void store(value_of<P>* to, P value) {
    pack_traits<P>::store(to, value);
}

/// A pack of equal values.
template <class P>
RD4AD_KERNEL P fill(value_of<P> value) {
    return pack_traits<P>::fill(value);
}

/// The larger of two, value by value; b where one is NaN, so that larger(0, x) hides no NaN of x.
template <class P>
RD4AD_KERNEL P larger(P a, P b) {
    return pack_traits<P>::larger(a, b);
}

/// `value` where `condition` > 0, else 0.
template <class P>
RD4AD_KERNEL P where_positive(P condition, P value) {
    return pack_traits<P>::where_positive(condition, value);
}

/// Square root, value by value.
template <class P>
RD4AD_KERNEL P root(P value) {
    return pack_traits<P>::root(value);
}

/// a x b + c, rounded once where the processor can.
template <class P>
RD4AD_KERNEL P multiply_add(P a, P b, P c) {
    return pack_traits<P>::multiply_add(a, b, c);
}

/// Sum over `count` channels of `term.template operator()<Q>(c)`: packs first, what is left value by value.
template <class P, class Term>
RD4AD_KERNEL value_of<P> sum_over_channels(std::size_t count, const Term& term) {
    using T = value_of<P>;
    P sums = fill<P>(T{0});
    std::size_t c = 0;
    for (; c + pack_traits<P>::width <= count; c += pack_traits<P>::width) sums = sums + term.template operator()<P>(c);
    T total = pack_traits<P>::sum(sums);
    for (; c < count; ++c) total += term.template operator()<T>(c);
    return total;
}

/// What a kernel wants to know of a row before it goes along the row's channels: `kernel.row(r)` where it has that
/// (a pixel's coordinates, say, worked out once), else the row's number itself.
template <class Kernel>
RD4AD_KERNEL auto row_of(const Kernel& kernel, std::size_t r) {
    if constexpr (requires { kernel.row(r); })
        return kernel.row(r);
    else
        return r;
}

/// A kernel along channels: called as `kernel.template operator()<P>(row_of(kernel, r), c)` for each row r and each pack
/// of channels starting at c. It may write only what belongs to that row and pack.
template <class Kernel, class P>
concept ChannelKernel = requires(const Kernel& kernel, std::size_t i) {
    kernel.template operator()<P>(row_of(kernel, i), i);
};

/// A kernel that goes along the channels itself (to sum over them, say): called once a row, with the widest pack there is,
/// as `kernel.template operator()<P>(row_of(kernel, r))`. It says so by a member `whole_rows`.
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

}  // namespace rd4ad::backend
