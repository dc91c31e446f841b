// cli/process.cpp: programs by posix_spawn.
#include "process.hpp"

#include <cerrno>
#include <system_error>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rd4ad/core/error.hpp>

namespace cli {

void run_program(const std::vector<std::string>& words) {
    std::vector<std::string> copies{words};
    std::vector<char*> given;
    for (auto& word : copies) given.push_back(word.data());
    given.push_back(nullptr);
    ::posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    ::pid_t child = 0;
    const int failed = ::posix_spawnp(&child, given[0], &actions, nullptr, given.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) throw rd4ad::io_error{words[0] + ": can't be run: " + std::generic_category().message(failed)};
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR) throw rd4ad::io_error{words[0] + ": can't be waited for: " + std::generic_category().message(errno)};
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        throw rd4ad::io_error{
            words[0] + ": ended with " +
            (WIFEXITED(status) ? "status " + std::to_string(WEXITSTATUS(status)) : "signal " + std::to_string(WTERMSIG(status))) +
            "; what it said stands above"};
}

}  // namespace cli
