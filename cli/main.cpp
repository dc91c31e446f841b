// cli/main.cpp: the command rd4ad: selects the command and turns its errors into a message and an exit status.
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/version.hpp>
#include <rd4ad/io/escaped.hpp>

#include "commands.hpp"
#include "components.hpp"
#include "computing.hpp"
#include "console.hpp"
#include "legacy_flags.hpp"
#include "ranks.hpp"

namespace {

constexpr const char* help_head =
    R"(rd4ad detects anomalies in images after training on good images alone (reverse distillation).

usage: rd4ad COMMAND FLAGS...

)";

constexpr const char* help_tail =
    R"(
  rd4ad COMMAND --help  prints a command's flags
  rd4ad --action-type   accepts the flags of the RD4AD fork (docs/legacy-flags.md)
  rd4ad --version       prints the version and the instruction set; with --verbose also the parts of the build

The environment variable RD4AD_ISA forces an instruction set: baseline, v3 (AVX2) or v4 (AVX-512). By
default the best one that the build and the processor have computes. docs/macros.md has all variables.

mpirun -n N rd4ad train|test|score ... shares the work between N processes, if the command is built with
RD4AD_MPI=ON (docs/cluster.md).

Example: train on good screws, compute the metrics, then score a new image.
  rd4ad train --data mvtec/screw --epochs 50 --out models
  rd4ad test  --data mvtec/screw --checkpoint models --save-segmentation-images --out results
  rd4ad score new.png --checkpoint models/screw.safetensors --out results
)";

void print_help() {
    std::fputs(help_head, stdout);
    for (const auto& one : cli::commands()) std::printf("  %-9s  %s\n", one.name, one.summary);
    std::fputs(help_tail, stdout);
}

/// Runs the command that a command line in the fork's flags means, after printing that command on standard error.
int run_legacy(const std::vector<std::string>& args) {
    const auto translated = cli::from_legacy(args);
    std::string command = "rd4ad";
    for (const auto& arg : translated.args) command += ' ' + arg;
    cli::console out;
    out.line(command);
    if (!translated.ignored.empty()) out.line("ignored, without effect here: " + cli::join_names(translated.ignored));
    return cli::run_command(*cli::command_named(translated.args.front()), {translated.args.begin() + 1, translated.args.end()});
}

cli::usage_error unknown(const std::string& arg, std::vector<std::string> names) {
    names.insert(names.end(), {"--help", "--version"});
    const auto near = cli::nearest(arg, names);
    return cli::usage_error{rd4ad::text(arg.starts_with('-') ? "unknown flag " : "unknown command ", arg,
                                        near.empty() ? "" : rd4ad::text(": did you mean ", near, "?"))};
}

/// Prints one line, which scripts read. --verbose adds a line per part.
int print_version(const std::vector<std::string>& args) {
    const bool verbose = args == std::vector<std::string>{"--verbose"};
    if (!verbose && !args.empty())
        throw cli::usage_error{rd4ad::text("--version ", args.front(), ": expected --verbose or nothing")};
    cli::print_line(rd4ad::text("rd4ad ", rd4ad::version, " (instruction set ", cli::instruction_set(), ')'));
    if (!verbose) return 0;
    for (const auto& [name, value] : cli::components())
        cli::print_line(rd4ad::text(name, ':', std::string(14 - name.size(), ' '), value));
    return 0;
}

int run(const std::vector<std::string>& args) {
    std::vector<std::string> names;
    for (const auto& one : cli::commands()) names.emplace_back(one.name);
    if (args.empty()) throw cli::usage_error{"no command: expected " + cli::join_names(names, " or ")};
    const auto& first = args.front();
    if (const auto* found = cli::command_named(first)) return cli::run_command(*found, {args.begin() + 1, args.end()});
    if (first == "--help" || first == "-h" || first == "help") {
        print_help();
        return 0;
    }
    if (first == "--version") return print_version({args.begin() + 1, args.end()});
    if (cli::has_legacy_flags(args)) return run_legacy(args);
    throw unknown(first, std::move(names));
}

/// Prints one line on standard error and returns the status; ends all ranks. A name in the message can't forge a second
/// line.
int failure(int status, const std::string& message) {
    std::fflush(stdout);
    if (cli::writes_outputs()) std::fprintf(stderr, "rd4ad: %s\n", rd4ad::io::line_text(message).c_str());
    cli::end_ranks(status, message);
    return status;
}

/// Opens /dev/null as each closed standard file, or else the next file opened would take its place, and messages would go there.
/// Returns whether standard output was open.
bool open_standard_files() {
    bool has_output = true;
    for (const int file : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::fcntl(file, F_GETFD) < 0) {
            if (::open("/dev/null", file == STDIN_FILENO ? O_RDONLY : O_WRONLY) < 0) return false;
            has_output = has_output && file != STDOUT_FILENO;
        }
    return has_output;
}

/// Returns whether everything on standard output was written. Some file systems report it only to close.
bool is_output_written() {
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) return false;
    const int copy = ::dup(STDOUT_FILENO);
    return copy >= 0 && ::close(copy) == 0;
}

}  // namespace

int main(int argc, char** argv) {
    const bool has_output = open_standard_files();
    std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of the write, not the end of a training
    const std::vector<std::string> args(argv + (argc > 0 ? 1 : 0), argv + argc);
    try {
        static_cast<void>(cli::selected_variant());
    } catch (const rd4ad::option_error& problem) {
        return failure(2, problem.what());
    }
    std::optional<cli::rank_session> session;
    try {
        session.emplace();
        if (!has_output) return failure(1, "standard output is closed; redirect it to a file, or to /dev/null");
        const int status = run(args);
        if (!is_output_written() && status == 0) return failure(1, cli::output_failure);
        return status;
    } catch (const cli::usage_error& problem) {
        const bool known = !args.empty() && cli::command_named(args[0]) != nullptr;
        return failure(2, rd4ad::text(problem.what(), " (see rd4ad ", known ? args[0] + " " : "", "--help)"));
    } catch (const std::bad_alloc&) {
        return failure(1, "out of memory: use a smaller --bs or --inp, or a smaller --cache-gb");
    } catch (const std::exception& problem) {
        return failure(1, problem.what());
    }
}
