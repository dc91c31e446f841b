// rd4ad/core/communicator.hpp: a group of processes that compute together, and the sums and messages between them. Twin:
// tests/core/communicator.cpp
#pragma once
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// A sum over all ranks that goes on while its caller computes. This class is a sum that is complete.
class pending_sum {
   public:
    pending_sum() = default;
    pending_sum(const pending_sum&) = delete;
    pending_sum& operator=(const pending_sum&) = delete;
    virtual ~pending_sum() = default;

    /// Lets the sum go on, and returns whether it is complete. Throws device_error if a rank failed.
    [[nodiscard]] virtual bool is_complete() { return true; }
    /// Waits until the sum is complete. Throws as is_complete.
    virtual void wait() {}
};

/// A group of processes, the ranks. This class is a group of one process: no member does anything. core/mpi_communicator.hpp has
/// the group of MPI; programs may derive others. Every rank must call the same members in the same order; a call returns after
/// the other ranks have called it, too. One thread calls them. Each member throws device_error if a rank or a connection failed.
class communicator {
   public:
    communicator() = default;
    communicator(const communicator&) = delete;
    communicator& operator=(const communicator&) = delete;
    virtual ~communicator() = default;

    /// This process's number, 0 to size() - 1.
    [[nodiscard]] virtual std::size_t rank() const { return 0; }
    /// The number of processes.
    [[nodiscard]] virtual std::size_t size() const { return 1; }

    /// Starts to replace the values by their sums over all ranks: the same bits on every rank, and in every run on as many ranks.
    /// The memory of `values` must stay until the sum is complete.
    [[nodiscard]] virtual std::unique_ptr<pending_sum> start_sum(std::span<float> /*values*/) {
        return std::make_unique<pending_sum>();
    }
    [[nodiscard]] virtual std::unique_ptr<pending_sum> start_sum(std::span<double> /*values*/) {
        return std::make_unique<pending_sum>();
    }
    /// Returns the values of all ranks, one rank after another. Every rank gives as many.
    [[nodiscard]] virtual std::vector<double> gather_values(std::span<const double> own) { return {own.begin(), own.end()}; }
    /// Returns the bytes of all ranks, in the ranks' order, on every rank.
    [[nodiscard]] virtual std::vector<std::string> gather_all(std::string_view own) { return {std::string{own}}; }
    /// Returns the bytes of all ranks, in the ranks' order, on rank 0, and nothing elsewhere.
    [[nodiscard]] virtual std::vector<std::string> gather(std::string_view own) { return {std::string{own}}; }
    /// Replaces the bytes on every rank by those of rank 0.
    virtual void broadcast(std::string& /*bytes*/) {}
    /// Waits for every rank.
    virtual void barrier() {}

    /// Whether it holds on some rank.
    [[nodiscard]] bool any(bool own) {
        const double value = own ? 1 : 0;
        for (const double one : gather_values({&value, 1}))
            if (one != 0) return true;
        return false;
    }
};

/// Whether a launcher (mpirun, mpiexec, srun) started this process as a rank, by the environment. MPI need not be started for it.
[[nodiscard]] inline bool is_launched_rank() {
    for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"})
        if (std::getenv(name) != nullptr) return true;
    return false;
}

/// Whether this process is rank 0. ranks: null for one process, which is.
[[nodiscard]] inline bool is_first_rank(const communicator* ranks) { return ranks == nullptr || ranks->rank() == 0; }

}  // namespace rd4ad::inline RD4AD_ABI
