// cli/ranks.hpp: the processes that mpirun started together with this one. Twin: tests/mpi/mpi.sh
#pragma once
#include <string>

#include <rd4ad/core/communicator.hpp>

namespace cli {

/// The processes that compute with this one; null for a process on its own.
[[nodiscard]] rd4ad::communicator* ranks();

/// Whether this process writes the command's outputs: rank 0, or a process on its own.
[[nodiscard]] bool writes_outputs();

/// Starts MPI if mpirun started this process, and lets rank 0 alone print. Throws option_error where mpirun started several
/// processes of a command that is built without MPI, and device_error if MPI can't start.
class rank_session {
   public:
    rank_session();
    ~rank_session();
    rank_session(const rank_session&) = delete;
    rank_session& operator=(const rank_session&) = delete;
};

/// From here on every rank prints, line by line: each rank works on its own.
void let_ranks_print();

/// Ends all ranks after a failure of this one; without ranks it returns. status: the exit status. message: of the failure, which
/// rank 0 has printed; another rank prints it if rank 0 does not fail as well.
void end_ranks(int status, const std::string& message);

/// The library of MPI, for rd4ad --version --verbose; "none".
[[nodiscard]] std::string mpi_library();

}  // namespace cli
