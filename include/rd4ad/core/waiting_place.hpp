// rd4ad/core/waiting_place.hpp: where one thread waits for others: a short spin, then sleep. Twin: tests/core/thread_pool.cpp
#pragma once
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI::core_detail {

/// Tells the processor that this thread spins.
inline void pause_once() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("isb" ::: "memory");
#endif
}

/// One thread waits, others wake it. It spins for a short while, then sleeps. The length of the spin follows the waits so far: it
/// grows slowly with each wait that the longest spin covers, and shrinks fast after a longer one. On an idle machine most waits
/// are short and the spin is long; where other processes take the awaited thread's processor from it, the spin is short.
class waiting_place {
   public:
    /// The longest spin: a few times the time that waking a thread takes. Measured: docs/measurements/performance.md "Sharing".
    static constexpr std::chrono::nanoseconds longest{300'000};

    /// Returns when ready() is true. ready() reads atomics in sequential consistency. `spins`: false where no other processor is
    /// free for the awaited thread.
    template <class Ready>
    void wait(bool spins, const Ready& ready) {
        if (ready()) return;
        const auto begin = clock::now();
        while (spins && clock::now() - begin < spin_)
            for (int i = 0; i < 32; ++i) {
                pause_once();
                if (ready()) return lengthen();
            }
        {
            std::unique_lock lock{mutex_};
            asleep_.store(true);
            awake_.wait(lock, ready);
            asleep_.store(false);
        }
        if (clock::now() - begin < longest)
            lengthen();
        else
            spin_ /= 4;
    }

    /// Wakes the thread that waits. Call it after the change that makes ready() true.
    void wake() {
        if (!asleep_.load()) return;
        { const std::lock_guard past_its_check{mutex_}; }
        awake_.notify_one();
    }

   private:
    using clock = std::chrono::steady_clock;

    void lengthen() { spin_ = std::min(longest, spin_ + longest / 128); }

    std::chrono::nanoseconds spin_{longest};
    std::atomic<bool> asleep_{false};
    std::mutex mutex_{};
    std::condition_variable awake_{};
};

}  // namespace rd4ad::inline RD4AD_ABI::core_detail
