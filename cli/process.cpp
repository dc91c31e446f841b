// cli/process.cpp: runs programs with posix_spawn.
#include "process.hpp"

#include <cerrno>
#include <system_error>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace cli {

namespace {

/// Throws io_error with the program and the system's message.
void check(const std::string& program, const char* what, int code) {
    if (code != 0) throw rd4ad::io_error{rd4ad::text(program, ": ", what, ": ", std::generic_category().message(code))};
}

/// Starts the program with its standard output redirected to standard error.
::pid_t start(const std::vector<std::string>& args) {
    std::vector<std::string> copies{args};
    std::vector<char*> argv;
    for (auto& arg : copies) argv.push_back(arg.data());
    argv.push_back(nullptr);
    ::posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    ::pid_t child = 0;
    const int failed = ::posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    check(args[0], "can't be run", failed);
    return child;
}

}  // namespace

void run_program(const std::vector<std::string>& args) {
    const ::pid_t child = start(args);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR) check(args[0], "can't be waited for", errno);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    const auto end = WIFEXITED(status) ? rd4ad::text("status ", WEXITSTATUS(status)) : rd4ad::text("signal ", WTERMSIG(status));
    throw rd4ad::io_error{rd4ad::text(args[0], ": ended with ", end, "; see its output above")};
}

}  // namespace cli
