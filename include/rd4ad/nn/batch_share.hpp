// rd4ad/nn/batch_share.hpp: the share of a training batch that one process computes, and sums over the whole batch. Twin:
// tests/nn/batch_share.cpp
#pragma once
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <rd4ad/backend/tensor.hpp>
#include <rd4ad/core/communicator.hpp>

namespace rd4ad::inline RD4AD_ABI::nn {

/// The share of a batch that this process computes. By default the process computes the whole batch. A process without a share
/// computes some image in its place, so that it takes part in every sum; that image then has no weight.
struct batch_share {
    communicator* ranks{nullptr};  ///< the processes that compute the batch; null: this one alone
    std::size_t images{0};         ///< of the whole batch; only with ranks
    bool has_weight{true};         ///< false: the image that this process computes is not in the batch

    [[nodiscard]] bool whole() const noexcept { return ranks == nullptr; }

    /// The number of images whose mean the loss is, given the images of this process: infinity without weight.
    [[nodiscard]] double loss_images(std::size_t own) const noexcept {
        if (whole()) return static_cast<double>(own);
        return has_weight ? static_cast<double>(images) : std::numeric_limits<double>::infinity();
    }
    /// The number of this process's rows in the batch.
    [[nodiscard]] std::size_t rows(std::size_t own) const noexcept { return has_weight ? own : 0; }
};

/// A sum of values over all ranks that goes on while other work is done. Where the backend's memory is not the host's, the values
/// travel by the host. The memory at `values` must stay until the end.
template <Backend B>
class values_sum {
    using T = typename B::value_type;

   public:
    /// Waits for the queue's work, then starts the sum.
    values_sum(typename B::queue& q, communicator& ranks, T* values, std::size_t count) : q_{&q}, values_{values} {
        if constexpr (backend::WorksOnHost<B>) {
            q.wait();
            sum_ = ranks.start_sum(std::span{values, count});
        } else {
            staged_.resize(count);
            B::download(q, values, std::span{staged_});
            sum_ = ranks.start_sum(std::span{staged_});
        }
    }

    [[nodiscard]] bool is_complete() { return sum_->is_complete(); }
    /// Waits for the sum; then the values are the sums.
    void finish() {
        sum_->wait();
        if constexpr (!backend::WorksOnHost<B>) B::upload(*q_, std::span<const T>{staged_}, values_);
    }

   private:
    typename B::queue* q_;
    T* values_;
    std::vector<T> staged_{};
    std::unique_ptr<pending_sum> sum_{};  // ends before the memory above is freed
};

}  // namespace rd4ad::inline RD4AD_ABI::nn
