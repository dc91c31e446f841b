// cli/ranks.cpp: starts and ends MPI, if the command has it.
#include "ranks.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/escaped.hpp>
#if defined(RD4AD_WITH_MPI)
#include <rd4ad/core/mpi_communicator.hpp>
#endif

namespace cli {

namespace {

/// The files that a rank other than 0 prints to once it may; -1: it prints already.
int kept_output = -1, kept_error = -1;

#if defined(RD4AD_WITH_MPI)
/// Points standard output and error to nowhere.
void silence() {
    std::fflush(stdout);
    kept_output = ::dup(STDOUT_FILENO), kept_error = ::dup(STDERR_FILENO);
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere < 0) return;
    ::dup2(nowhere, STDOUT_FILENO), ::dup2(nowhere, STDERR_FILENO);
    ::close(nowhere);
}

std::unique_ptr<rd4ad::mpi_communicator> group;
#endif

}  // namespace

#if defined(RD4AD_WITH_MPI)

rd4ad::communicator* ranks() { return group && group->size() > 1 ? group.get() : nullptr; }

rank_session::rank_session() {
    if (!rd4ad::is_launched_rank()) return;
    group = std::make_unique<rd4ad::mpi_communicator>();
    if (group->rank() != 0) silence();
}

rank_session::~rank_session() { group.reset(); }

void end_ranks(int status, const std::string& message) {
    using namespace std::chrono_literals;
    if (ranks() == nullptr) return;
    if (group->rank() != 0) {
        std::this_thread::sleep_for(2s);  // rank 0 often fails for the same reason, and then ends this process
        let_ranks_print();
        std::fprintf(stderr, "rd4ad: rank %zu: %s\n", group->rank(), rd4ad::io::line_text(message).c_str());
    }
    std::fflush(stdout);
    std::fflush(stderr);
    group->abort(status);
}

std::string mpi_library() {
    char name[MPI_MAX_LIBRARY_VERSION_STRING]{};
    int length = 0;
    MPI_Get_library_version(static_cast<char*>(name), &length);
    const std::string text{static_cast<const char*>(name), static_cast<std::size_t>(length)};
    return text.substr(0, text.find_first_of(",\n"));
}

#else

rd4ad::communicator* ranks() { return nullptr; }

rank_session::rank_session() {
    for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"})
        if (const char* size = std::getenv(name); size != nullptr && std::atoi(size) > 1)
            throw rd4ad::option_error{
                rd4ad::text("mpirun started ", size,
                            " processes, and this command is built without MPI: start one, or configure with -D "
                            "RD4AD_MPI=ON and build again")};
}

rank_session::~rank_session() = default;

void end_ranks(int, const std::string&) {}

std::string mpi_library() { return "none"; }

#endif

bool writes_outputs() { return rd4ad::is_first_rank(ranks()); }

void let_ranks_print() {
    if (kept_output >= 0) {
        std::fflush(stdout);
        ::dup2(kept_output, STDOUT_FILENO), ::dup2(kept_error, STDERR_FILENO);
        ::close(kept_output), ::close(kept_error);
        kept_output = kept_error = -1;
    }
    if (ranks() != nullptr) std::setvbuf(stdout, nullptr, _IOLBF, 0);
}

}  // namespace cli
