// rd4ad/backend/scratch.hpp: memory that lives from one call to the next, one block per purpose. Twin:
// tests/backend/primitives.cpp
#pragma once
#include <array>
#include <cstddef>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI::backend {

/// The purposes of scratch memory. A function may use a slot while no function that it calls uses the same one.
enum class scratch_slot : std::size_t {
    reduction,         ///< partial sums of `reduce`
    lhs_panel,         ///< rows that a fused GEMM's producer writes
    rhs_or_out_panel,  ///< output rows of a fused GEMM; right-hand rows or private sums of a fused reduction
    weights,           ///< weights that a convolution transforms or flips for one call, and sums in the transformed domain
    packed_rhs,        ///< right-hand matrices that a fused GEMM packs for one call
    native_input,      ///< a native convolution's input in another number format
    native_output,     ///< a native convolution's dense output
    count
};

/// One growing block of values per slot.
template <class Buffer>
class scratch_memory {
   public:
    /// At least `count` values. The address that an earlier call with this slot returned becomes invalid.
    [[nodiscard]] auto* get(scratch_slot slot, std::size_t count) {
        auto& block = blocks_[static_cast<std::size_t>(slot)];
        if (block.size() < count) {
            block = {};  // frees the old block before the new one is allocated; CUDA frees after the queued work
            block = Buffer{count};
        }
        return block.data();
    }

   private:
    std::array<Buffer, static_cast<std::size_t>(scratch_slot::count)> blocks_{};
};

}  // namespace rd4ad::inline RD4AD_ABI::backend
