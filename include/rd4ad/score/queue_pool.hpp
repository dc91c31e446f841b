// rd4ad/score/queue_pool.hpp: lends backend queues to threads and keeps the idle ones. Twin: tests/score/queue_pool.cpp
#pragma once
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <rd4ad/backend/concept.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Lends queues, each to one holder at a time, and makes a new one when none is idle. Thread-safe. The pool must outlive its
/// leases.
template <Backend B>
class queue_pool {
   public:
    using queue_type = typename B::queue;

    /// A borrowed queue; the destructor returns it to the pool.
    class lease {
       public:
        lease(queue_pool& pool, std::unique_ptr<queue_type> queue) noexcept : pool_{&pool}, queue_{std::move(queue)} {}
        lease(lease&&) noexcept = default;
        lease& operator=(lease&&) = delete;
        ~lease() {
            if (queue_) pool_->put_back(std::move(queue_));
        }
        [[nodiscard]] queue_type& operator*() const noexcept { return *queue_; }

       private:
        queue_pool* pool_;
        std::unique_ptr<queue_type> queue_;
    };

    /// `threads`: of each queue.
    explicit queue_pool(std::size_t threads) : threads_{threads} {}

    /// Returns an idle queue, or a new one if all are lent.
    [[nodiscard]] lease borrow() {
        const std::lock_guard lock{mutex_};
        if (idle_.empty()) {
            auto made = std::make_unique<queue_type>(threads_);
            idle_.reserve(++made_);  // room for every queue, so that put_back cannot throw
            return {*this, std::move(made)};
        }
        auto queue = std::move(idle_.back());
        idle_.pop_back();
        return {*this, std::move(queue)};
    }

    /// The number of queues made so far, lent and idle.
    [[nodiscard]] std::size_t size() const {
        const std::lock_guard lock{mutex_};
        return made_;
    }

   private:
    void put_back(std::unique_ptr<queue_type> queue) noexcept {
        const std::lock_guard lock{mutex_};
        idle_.push_back(std::move(queue));
    }

    std::size_t threads_, made_{0};
    mutable std::mutex mutex_{};
    std::vector<std::unique_ptr<queue_type>> idle_{};
};

}  // namespace rd4ad::inline RD4AD_ABI
