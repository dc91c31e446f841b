// rd4ad/backend/cpu/share.hpp: the threads of the CPU backends: the library's pool, or OpenMP's beside oneDNN's. Twin:
// tests/backend/onednn.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <exception>

#if defined(_OPENMP)
#include <omp.h>
#endif

#include <rd4ad/core/thread_pool.hpp>

namespace rd4ad::inline RD4AD_ABI::backend::cpu {

/// Whether the calling thread has called a library that computes on OpenMP's threads (oneDNN's native convolutions). Those spin
/// for milliseconds after each call, on the processors that a second pool needs, so the calling thread uses them from then on.
inline thread_local bool has_openmp_team = false;

/// Calls work(part, slot) for every part, as thread_pool::run, on the calling thread's pool or on its OpenMP team. Which of them
/// computes changes no bit of the results.
template <class Work>
void share(std::size_t parts, std::size_t threads, const Work& work) {
#if defined(_OPENMP)
    if (has_openmp_team && std::min(parts, threads) > 1) {
        std::size_t failed = parts;
        std::exception_ptr failure;
#pragma omp parallel for num_threads(static_cast <int>(std::min(parts, threads))) schedule(static)
        for (std::size_t part = 0; part < parts; ++part) {
            try {
                work(part, static_cast<std::size_t>(omp_get_thread_num()));
            } catch (...) {
#pragma omp critical(rd4ad_share)
                if (part < failed) {
                    failed = part;
                    failure = std::current_exception();
                }
            }
        }
        if (failure) std::rethrow_exception(failure);
        return;
    }
#endif
    own_thread_pool().run(parts, threads, work);
}

}  // namespace rd4ad::inline RD4AD_ABI::backend::cpu
