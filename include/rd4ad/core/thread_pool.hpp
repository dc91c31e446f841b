// rd4ad/core/thread_pool.hpp: threads that share the parts of one call and take over what another has not begun. Twin:
// tests/core/thread_pool.cpp
#pragma once
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <rd4ad/core/partition.hpp>
#include <rd4ad/core/processors.hpp>
#include <rd4ad/core/waiting_place.hpp>

namespace rd4ad::inline RD4AD_ABI {

namespace core_detail {

/// Whether the calling thread computes a part of a call.
inline thread_local bool computes_part = false;

/// Calls work(part, slot) for the parts first .. last - 1, all of them, then rethrows the first exception.
template <class Work>
void run_parts(index_range parts, std::size_t slot, const Work& work) {
    std::exception_ptr failure;
    for (std::size_t part = parts.first; part < parts.last; ++part) try {
            work(part, slot);
        } catch (...) {
            if (!failure) failure = std::current_exception();
        }
    if (failure) std::rethrow_exception(failure);
}

/// The parts of one thread's range that no thread has begun: next .. end - 1 of call `number`, in one word.
struct open_parts {
    std::uint32_t number;
    std::uint16_t next, end;

    [[nodiscard]] constexpr std::uint64_t word() const {
        return std::uint64_t{number} << 32 | std::uint64_t{next} << 16 | std::uint64_t{end};
    }
    [[nodiscard]] static constexpr open_parts of(std::uint64_t word) {
        return {static_cast<std::uint32_t>(word >> 32), static_cast<std::uint16_t>(word >> 16), static_cast<std::uint16_t>(word)};
    }
};

}  // namespace core_detail

/// Threads that compute one call at a time: they spin shortly between two calls, then sleep. A call has numbered parts. Each
/// thread begins with its own contiguous range of them, so that it finds its data in its cache from one call to the next, and
/// then takes over parts that other threads have not begun. A thread that has lost its processor delays a call by the part in its
/// hands alone. The caller is one of the threads: a call ends even if no other thread runs. One thread uses a pool at a time.
class thread_pool {
   public:
    thread_pool() = default;
    thread_pool(const thread_pool&) = delete;
    thread_pool& operator=(const thread_pool&) = delete;
    ~thread_pool() { stop(); }

    /// Calls work(part, slot) once for every part 0 .. parts - 1, on the caller and at most threads - 1 other threads, which the
    /// first call that needs them creates. slot: below min(threads, parts), one per thread of the call, for scratch memory; which
    /// thread computes a part is not fixed. Every part is run, then the exception of the lowest part that failed is rethrown.
    /// A call from within a part runs on the calling thread, in slot 0.
    template <class Work>
    void run(std::size_t parts, std::size_t threads, const Work& work) {
        constexpr std::size_t most = std::numeric_limits<std::uint16_t>::max();
        const std::size_t sharing = std::min({threads, parts, most});
        if (sharing <= 1 || core_detail::computes_part) return core_detail::run_parts({0, parts}, 0, work);
        if (parts <= most) return share(parts, sharing, work);
        share(most, sharing,
              [&](std::size_t group, std::size_t slot) { core_detail::run_parts(partition(parts, most, group), slot, work); });
    }

   private:
    /// One thread of the pool; member 0 is the caller.
    struct alignas(64) member {
        std::atomic<std::uint64_t> open{0};  ///< core_detail::open_parts; a new number is a new call
        core_detail::waiting_place place{};
        std::thread thread{};
    };

    template <class Work>
    void share(std::size_t parts, std::size_t threads, const Work& work) {
        work_ = [](const void* of, std::size_t part, std::size_t slot) { (*static_cast<const Work*>(of))(part, slot); };
        context_ = &work;
        share(parts, threads);
    }

    void share(std::size_t parts, std::size_t threads) {
        start(threads);
        left_.store(parts);
        spins_.store(threads <= processors_, std::memory_order_relaxed);
        ++number_;
        for (std::size_t i = 0; i < threads; ++i) {
            const auto [first, last] = partition(parts, threads, i);
            members_[i]->open.store(
                core_detail::open_parts{number_, static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)}.word());
        }
        for (std::size_t i = 1; i < threads; ++i) members_[i]->place.wake();
        core_detail::computes_part = true;
        take_parts(number_, 0);
        core_detail::computes_part = false;
        members_[0]->place.wait(spins_.load(std::memory_order_relaxed), [this] { return left_.load() == 0; });
        if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    }

    /// Computes parts of a call until none is open: those of member `slot` from the first on, those of others from the last on.
    void take_parts(std::uint32_t number, std::size_t slot) {
        std::size_t done = 0;
        for (std::size_t i = 0; i < members_.size(); ++i) {
            std::atomic<std::uint64_t>& open = members_[(slot + i) % members_.size()]->open;
            for (std::uint64_t word = open.load();;) {
                // A word of this number proves that the call is not over, so that work_ and context_ are the call's.
                auto parts = core_detail::open_parts::of(word);
                if (parts.number != number || parts.next == parts.end) break;
                const std::size_t part = i == 0 ? parts.next++ : --parts.end;
                if (!open.compare_exchange_weak(word, parts.word())) continue;
                compute(part, slot);
                ++done;
                word = open.load();
            }
        }
        if (done > 0 && left_.fetch_sub(done) == done) members_[0]->place.wake();
    }

    void compute(std::size_t part, std::size_t slot) {
        try {
            work_(context_, part, slot);
        } catch (...) {
            const std::lock_guard lock{guard_};
            if (failure_ && failed_ < part) return;
            failed_ = part;
            failure_ = std::current_exception();
        }
    }

    /// A thread's life: waits for calls, and takes parts of each.
    void serve(std::size_t slot) {
        core_detail::computes_part = true;
        member& own = *members_[slot];
        std::uint32_t seen = 0;
        const auto number = [&own] { return core_detail::open_parts::of(own.open.load()).number; };
        for (;;) {
            own.place.wait(spins_.load(std::memory_order_relaxed), [&] { return stopping_.load() || number() != seen; });
            if (stopping_.load()) return;
            seen = number();
            take_parts(seen, slot);
        }
    }

    /// Makes at least `threads` members. Where the system refuses a thread, the others take over its parts.
    void start(std::size_t threads) {
        if (members_.size() >= threads) return;
        stop();
        processors_ = available_processors();
        process_ = ::getpid();
        number_ = 0;
        for (std::size_t i = 0; i < threads; ++i) members_.push_back(std::make_unique<member>());
        try {
            for (std::size_t i = 1; i < threads; ++i) members_[i]->thread = std::thread{[this, i] { serve(i); }};
        } catch (const std::system_error&) {
        }
    }

    /// Ends the threads. A forked process has none of them, and what belongs to them cannot be freed there.
    void stop() {
        const bool forked = process_ != ::getpid();
        stopping_.store(true);
        for (auto& one : members_)
            if (forked)
                static_cast<void>(one.release());
            else
                one->place.wake();
        for (const auto& one : members_)
            if (one && one->thread.joinable()) one->thread.join();
        members_.clear();
        stopping_.store(false);
    }

    void (*work_)(const void*, std::size_t, std::size_t){nullptr};
    const void* context_{nullptr};
    std::vector<std::unique_ptr<member>> members_{};
    std::size_t processors_{1};
    ::pid_t process_{::getpid()};
    std::uint32_t number_{0};
    std::atomic<bool> spins_{true}, stopping_{false};
    std::mutex guard_{};  // of failed_ and failure_
    std::size_t failed_{0};
    std::exception_ptr failure_{};
    alignas(64) std::atomic<std::size_t> left_{0};  // parts that are not computed yet
};

/// The calling thread's own pool. Its threads sleep while it is idle, and end with the calling thread.
[[nodiscard]] inline thread_pool& own_thread_pool() {
    thread_local thread_pool pool;
    return pool;
}

}  // namespace rd4ad::inline RD4AD_ABI
