// rd4ad/core/mpi_communicator.hpp: the communicator of MPI's processes; the only header that includes <mpi.h>. Twin:
// tests/mpi/communicator.cpp
#pragma once
#include <climits>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#define OMPI_SKIP_MPICXX 1  // MPI's old C++ interface
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <rd4ad/core/communicator.hpp>
#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI {

namespace core_detail {

/// Throws device_error with MPI's text unless a call of MPI succeeded.
inline void check_mpi(int status, const char* call) {
    if (status == MPI_SUCCESS) return;
    char message[MPI_MAX_ERROR_STRING]{};
    int length = 0;
    MPI_Error_string(status, static_cast<char*>(message), &length);
    throw device_error{text(call, ": ", std::string(static_cast<const char*>(message), static_cast<std::size_t>(length)),
                            "; a rank or its connection failed: start the ranks again")};
}

/// The count as MPI takes it. Throws device_error beyond INT_MAX.
[[nodiscard]] inline int mpi_count(std::size_t count, const char* call) {
    if (count <= INT_MAX) return static_cast<int>(count);
    throw device_error{text(call, ": found ", count, " values in one message, expected at most ", INT_MAX,
                            "; use more ranks, or smaller images")};
}

class mpi_sum final : public pending_sum {
   public:
    mpi_sum(void* values, std::size_t count, MPI_Datatype type, MPI_Comm group) {
        check_mpi(MPI_Iallreduce(MPI_IN_PLACE, values, mpi_count(count, "MPI_Iallreduce"), type, MPI_SUM, group, &request_),
                  "MPI_Iallreduce");
    }
    /// The memory of the values may be freed afterwards: a sum that an exception leaves behind ends first.
    ~mpi_sum() override {
        if (request_ != MPI_REQUEST_NULL) MPI_Wait(&request_, MPI_STATUS_IGNORE);
    }
    [[nodiscard]] bool is_complete() override {
        int complete = 0;
        check_mpi(MPI_Test(&request_, &complete, MPI_STATUS_IGNORE), "MPI_Test");
        return complete != 0;
    }
    void wait() override { check_mpi(MPI_Wait(&request_, MPI_STATUS_IGNORE), "MPI_Wait"); }

   private:
    MPI_Request request_{MPI_REQUEST_NULL};
};

}  // namespace core_detail

/// All processes of one start by mpirun. The constructor starts MPI unless the program has done so; then the destructor ends it.
/// One object at a time.
class mpi_communicator final : public communicator {
   public:
    /// Throws device_error if MPI can't start.
    mpi_communicator() {
        int started = 0, given = 0;
        core_detail::check_mpi(MPI_Initialized(&started), "MPI_Initialized");
        if (started == 0) {
            core_detail::check_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &given), "MPI_Init_thread");
            ends_ = true;
        }
        core_detail::check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &group_), "MPI_Comm_dup");
        core_detail::check_mpi(MPI_Comm_set_errhandler(group_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
        core_detail::check_mpi(MPI_Comm_rank(group_, &rank_), "MPI_Comm_rank");
        core_detail::check_mpi(MPI_Comm_size(group_, &size_), "MPI_Comm_size");
    }
    ~mpi_communicator() override {
        MPI_Comm_free(&group_);
        if (ends_) MPI_Finalize();
    }

    [[nodiscard]] std::size_t rank() const override { return static_cast<std::size_t>(rank_); }
    [[nodiscard]] std::size_t size() const override { return static_cast<std::size_t>(size_); }

    [[nodiscard]] std::unique_ptr<pending_sum> start_sum(std::span<float> values) override {
        return std::make_unique<core_detail::mpi_sum>(values.data(), values.size(), MPI_FLOAT, group_);
    }
    [[nodiscard]] std::unique_ptr<pending_sum> start_sum(std::span<double> values) override {
        return std::make_unique<core_detail::mpi_sum>(values.data(), values.size(), MPI_DOUBLE, group_);
    }
    [[nodiscard]] std::vector<double> gather_values(std::span<const double> own) override {
        std::vector<double> all(own.size() * size());
        const int count = core_detail::mpi_count(own.size(), "MPI_Allgather");
        core_detail::check_mpi(MPI_Allgather(own.data(), count, MPI_DOUBLE, all.data(), count, MPI_DOUBLE, group_),
                               "MPI_Allgather");
        return all;
    }
    [[nodiscard]] std::vector<std::string> gather_all(std::string_view own) override { return exchange(own, true); }
    [[nodiscard]] std::vector<std::string> gather(std::string_view own) override { return exchange(own, false); }
    void broadcast(std::string& bytes) override {
        unsigned long long count = bytes.size();
        core_detail::check_mpi(MPI_Bcast(&count, 1, MPI_UNSIGNED_LONG_LONG, 0, group_), "MPI_Bcast");
        bytes.resize(count);
        core_detail::check_mpi(MPI_Bcast(bytes.data(), core_detail::mpi_count(count, "MPI_Bcast"), MPI_BYTE, 0, group_),
                               "MPI_Bcast");
    }
    void barrier() override { core_detail::check_mpi(MPI_Barrier(group_), "MPI_Barrier"); }

    /// Ends every rank with this exit status, whatever it does, without a return.
    [[noreturn]] void abort(int status) const {
        MPI_Abort(group_, status);
        std::_Exit(status);
    }

   private:
    /// The bytes of all ranks on rank 0, or on every one.
    [[nodiscard]] std::vector<std::string> exchange(std::string_view own, bool everywhere) {
        using core_detail::check_mpi;
        const int count = core_detail::mpi_count(own.size(), "MPI_Allgatherv");
        std::vector<int> counts(size()), starts(size());
        check_mpi(MPI_Allgather(&count, 1, MPI_INT, counts.data(), 1, MPI_INT, group_), "MPI_Allgather");
        const auto total = std::accumulate(counts.begin(), counts.end(), std::size_t{0},
                                           [](std::size_t sum, int one) { return sum + static_cast<std::size_t>(one); });
        static_cast<void>(core_detail::mpi_count(total, "MPI_Allgatherv"));
        for (std::size_t i = 1; i < size(); ++i) starts[i] = starts[i - 1] + counts[i - 1];
        std::string all(everywhere || rank_ == 0 ? total : 0, '\0');
        if (everywhere)
            check_mpi(MPI_Allgatherv(own.data(), count, MPI_BYTE, all.data(), counts.data(), starts.data(), MPI_BYTE, group_),
                      "MPI_Allgatherv");
        else
            check_mpi(MPI_Gatherv(own.data(), count, MPI_BYTE, all.data(), counts.data(), starts.data(), MPI_BYTE, 0, group_),
                      "MPI_Gatherv");
        std::vector<std::string> parts;
        if (everywhere || rank_ == 0)
            for (std::size_t i = 0; i < size(); ++i)
                parts.push_back(all.substr(static_cast<std::size_t>(starts[i]), static_cast<std::size_t>(counts[i])));
        return parts;
    }

    MPI_Comm group_{MPI_COMM_NULL};
    int rank_{0}, size_{1};
    bool ends_{false};
};

}  // namespace rd4ad::inline RD4AD_ABI
