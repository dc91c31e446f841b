// rd4ad/backend/cpu/scoped_threads.hpp: OpenMP's thread count for one scope. Twin: tests/backend/onednn.cpp
#pragma once
#include <cstddef>

#if defined(_OPENMP)
#include <omp.h>
#endif

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI::backend::cpu {

/// RAII: sets OpenMP's thread count for the calling thread, restores it on destruction. Without OpenMP: no-op.
class scoped_threads {
   public:
#if defined(_OPENMP)
    explicit scoped_threads(std::size_t threads) : before_{omp_get_max_threads()} {
        omp_set_num_threads(static_cast<int>(threads));
    }
    ~scoped_threads() { omp_set_num_threads(before_); }
#else
    explicit scoped_threads(std::size_t) {}
    ~scoped_threads() = default;
#endif
    scoped_threads(const scoped_threads&) = delete;
    scoped_threads& operator=(const scoped_threads&) = delete;

   private:
#if defined(_OPENMP)
    int before_;
#endif
};

}  // namespace rd4ad::inline RD4AD_ABI::backend::cpu
