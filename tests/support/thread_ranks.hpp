// tests/support/thread_ranks.hpp: ranks that are threads of one process, in place of MPI's processes.
#pragma once
#include <algorithm>
#include <barrier>
#include <cstddef>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <rd4ad/core/communicator.hpp>

namespace rd4ad::test {

/// The memory that the threads share.
class shared_ranks {
   public:
    explicit shared_ranks(std::size_t size) : parts(size), values(size), sync{static_cast<std::ptrdiff_t>(size)} {}
    std::vector<std::string> parts;
    std::vector<const void*> values;
    std::barrier<> sync;
};

/// One thread's communicator. Sums are complete when they start.
class thread_communicator final : public communicator {
   public:
    thread_communicator(shared_ranks& shared, std::size_t rank) : shared_{shared}, rank_{rank} {}
    [[nodiscard]] std::size_t rank() const override { return rank_; }
    [[nodiscard]] std::size_t size() const override { return shared_.parts.size(); }
    [[nodiscard]] std::unique_ptr<pending_sum> start_sum(std::span<float> values) override { return sum(values); }
    [[nodiscard]] std::unique_ptr<pending_sum> start_sum(std::span<double> values) override { return sum(values); }
    [[nodiscard]] std::vector<double> gather_values(std::span<const double> own) override {
        std::vector<double> all;
        for (const auto& part : exchange(bytes_of(own))) {
            std::vector<double> of(part.size() / sizeof(double));
            part.copy(reinterpret_cast<char*>(of.data()), part.size());
            all.insert(all.end(), of.begin(), of.end());
        }
        return all;
    }
    [[nodiscard]] std::vector<std::string> gather_all(std::string_view own) override { return exchange(std::string{own}); }
    [[nodiscard]] std::vector<std::string> gather(std::string_view own) override {
        auto all = exchange(std::string{own});
        return rank_ == 0 ? std::move(all) : std::vector<std::string>{};
    }
    void broadcast(std::string& bytes) override { bytes = exchange(bytes).front(); }
    void barrier() override { shared_.sync.arrive_and_wait(); }

   private:
    template <class T>
    [[nodiscard]] static std::string bytes_of(std::span<const T> values) {
        return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
    }
    [[nodiscard]] std::vector<std::string> exchange(std::string own) {
        shared_.parts[rank_] = std::move(own);
        barrier();
        auto all = shared_.parts;
        barrier();
        return all;
    }
    template <class T>
    [[nodiscard]] std::unique_ptr<pending_sum> sum(std::span<T> values) {
        shared_.values[rank_] = values.data();
        barrier();
        std::vector<T> total(values.size());
        for (const void* of_rank : shared_.values) {
            const T* part = static_cast<const T*>(of_rank);
            for (std::size_t i = 0; i < total.size(); ++i) total[i] += part[i];
        }
        barrier();
        std::copy(total.begin(), total.end(), values.begin());
        return std::make_unique<pending_sum>();
    }

    shared_ranks& shared_;
    std::size_t rank_;
};

/// Calls run(communicator) on `size` threads, and rethrows the first rank's exception. All ranks must throw, or none.
template <class Run>
void on_ranks(std::size_t size, const Run& run) {
    shared_ranks shared{size};
    std::vector<std::exception_ptr> failures(size);
    {
        std::vector<std::jthread> threads;
        for (std::size_t rank = 0; rank < size; ++rank)
            threads.emplace_back([&, rank] {
                thread_communicator own{shared, rank};
                try {
                    run(own);
                } catch (...) {
                    failures[rank] = std::current_exception();
                }
            });
    }
    for (const auto& failure : failures)
        if (failure) std::rethrow_exception(failure);
}

}  // namespace rd4ad::test
