// rd4ad/serve/batch_queue.hpp: a bounded queue whose thread computes requests of one size as a batch. Twin:
// tests/serve/batch_queue.cpp
#pragma once
#include <algorithm>
#include <chrono>
#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <future>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::serve {

/// Settings of a batch_queue.
struct queue_options {
    std::size_t max_batch{8};                  ///< most inputs computed at once, at least 1
    std::chrono::microseconds max_wait{2000};  ///< longest time that a request waits for others of its size
    std::size_t max_waiting{64};               ///< most requests that wait; further ones are refused; at least 1
};

/// How a request ended.
enum class queue_status {
    done,   ///< it has a result
    full,   ///< refused: max_waiting requests wait
    late,   ///< its deadline passed before its result
    closed  ///< the queue ended before it was computed
};

/// The end of a request.
template <class Result>
struct queue_answer {
    queue_status status{queue_status::done};
    std::optional<Result> result{};  ///< present if status is done
    double ms{0};                    ///< the batch's computing time in equal shares per input
    std::size_t batch{0};            ///< inputs of the batch
};

/// A request of a batch_queue: requests with equal `key` can be one batch; `weight` is the number of its inputs, at least 1.
template <class R>
concept Batchable = requires(const R& request) {
    { request.key() == request.key() } -> std::convertible_to<bool>;
    { request.weight() } -> std::convertible_to<std::size_t>;
};

/// Computes requests in the order of their arrival on its own thread; later requests with the first one's key join its batch.
/// Several threads may call `submit` at once.
template <Batchable Request, class Result>
class batch_queue {
   public:
    using clock = std::chrono::steady_clock;
    using answer = queue_answer<Result>;
    /// Returns one result per request, in order.
    using compute_function = std::function<std::vector<Result>(std::span<const Request>)>;

    /// compute: called on the queue's thread, one call at a time. Throws option_error for a max_batch or max_waiting of 0.
    batch_queue(const queue_options& options, compute_function compute) : options_{options}, compute_{std::move(compute)} {
        if (options.max_batch == 0 || options.max_waiting == 0)
            throw option_error{text("batch_queue: found a largest batch of ", options.max_batch, " and at most ",
                                    options.max_waiting, " waiting requests, expected at least 1 of each")};
        worker_ = std::thread{[this] { run(); }};
    }
    batch_queue(const batch_queue&) = delete;
    batch_queue& operator=(const batch_queue&) = delete;
    /// Ends the batch that is being computed; the requests that wait end as closed.
    ~batch_queue() {
        {
            const std::lock_guard lock{mutex_};
            is_closed_ = true;
        }
        changed_.notify_all();
        worker_.join();
    }

    /// Waits for the result of a request, at most until its deadline. Throws the error of `compute` for this request: a batch
    /// that fails is computed again one by one, so that a request fails for itself alone.
    [[nodiscard]] answer submit(Request request, clock::time_point deadline) {
        const auto own = std::make_shared<entry>(std::move(request), clock::now(), deadline);
        auto result = own->promise.get_future();
        {
            const std::lock_guard lock{mutex_};
            if (is_closed_) return {.status = queue_status::closed};
            if (waiting_.size() >= options_.max_waiting) return {.status = queue_status::full};
            waiting_.push_back(own);
        }
        changed_.notify_all();
        if (result.wait_until(deadline) == std::future_status::ready) return result.get();
        {
            const std::lock_guard lock{mutex_};
            std::erase(waiting_, own);
        }
        return {.status = queue_status::late};
    }

    /// The number of requests that wait.
    [[nodiscard]] std::size_t waiting() const {
        const std::lock_guard lock{mutex_};
        return waiting_.size();
    }

    [[nodiscard]] const queue_options& options() const noexcept { return options_; }

   private:
    struct entry {
        entry(Request of, clock::time_point at, clock::time_point until) : request{std::move(of)}, arrived{at}, deadline{until} {}
        Request request;
        clock::time_point arrived, deadline;
        std::promise<answer> promise{};
    };
    using entries = std::vector<std::shared_ptr<entry>>;

    /// The places of the requests that would be one batch now. The first request belongs to it, whatever its weight.
    [[nodiscard]] std::vector<std::size_t> next_batch() const {
        std::vector<std::size_t> places;
        std::size_t inputs = 0;
        for (std::size_t i = 0; i < waiting_.size(); ++i) {
            const auto& one = waiting_[i]->request;
            if (!places.empty() &&
                (!(one.key() == waiting_.front()->request.key()) || inputs + one.weight() > options_.max_batch))
                continue;
            places.push_back(i);
            inputs += one.weight();
            if (inputs >= options_.max_batch) break;
        }
        return places;
    }

    [[nodiscard]] std::size_t weight_of(const std::vector<std::size_t>& places) const {
        std::size_t inputs = 0;
        for (const auto place : places) inputs += waiting_[place]->request.weight();
        return inputs;
    }

    void run() {
        std::unique_lock lock{mutex_};
        while (true) {
            changed_.wait(lock, [&] { return is_closed_ || !waiting_.empty(); });
            if (is_closed_) break;
            const auto places = next_batch();
            const auto until = waiting_.front()->arrived + options_.max_wait;
            if (weight_of(places) < options_.max_batch && clock::now() < until) {
                changed_.wait_until(lock, until);
                continue;
            }
            entries batch;
            for (const auto place : places) batch.push_back(waiting_[place]);
            for (auto place = places.rbegin(); place != places.rend(); ++place)
                waiting_.erase(std::next(waiting_.begin(), static_cast<std::ptrdiff_t>(*place)));
            lock.unlock();
            std::erase_if(batch, [now = clock::now()](const auto& one) { return one->deadline <= now; });
            compute(batch);
            batch.clear();
            lock.lock();
        }
        for (const auto& one : waiting_) one->promise.set_value({.status = queue_status::closed});
        waiting_.clear();
    }

    void compute(const entries& batch) {
        if (batch.empty()) return;
        std::vector<Request> requests;
        std::size_t inputs = 0;
        for (const auto& one : batch) {
            inputs += one->request.weight();
            requests.push_back(std::move(one->request));
        }
        try {
            const auto began = clock::now();
            auto results = compute_(requests);
            const std::chrono::duration<double, std::milli> took = clock::now() - began;
            if (results.size() != batch.size())
                throw shape_error{text("batch_queue: ", batch.size(), " requests have ", results.size(), " results")};
            for (std::size_t i = 0; i < batch.size(); ++i)
                batch[i]->promise.set_value(
                    {.result = std::move(results[i]), .ms = took.count() / static_cast<double>(inputs), .batch = inputs});
        } catch (...) {
            if (batch.size() == 1) return batch.front()->promise.set_exception(std::current_exception());
            for (std::size_t i = 0; i < batch.size(); ++i) {
                batch[i]->request = std::move(requests[i]);
                compute({batch[i]});
            }
        }
    }

    queue_options options_;
    compute_function compute_;
    mutable std::mutex mutex_{};
    std::condition_variable changed_{};
    std::deque<std::shared_ptr<entry>> waiting_{};
    bool is_closed_{false};
    std::thread worker_{};
};

}  // namespace rd4ad::inline RD4AD_ABI::serve
