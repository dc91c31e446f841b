// cli/commands.hpp: the commands: name, summary, flags and function of each. Twin: tests/cli/command.sh
#pragma once
#include <span>
#include <string>
#include <vector>

#include "options.hpp"

namespace cli {

/// One command of rd4ad.
struct command {
    const char* name;
    const char* summary;                        ///< its line in `rd4ad --help` and the first line of its own help
    usage (*describe)();                        ///< its flags, notes and example
    int (*run)(const parsed_options& options);  ///< returns the exit status
    bool on_ranks{false};                       ///< several processes of mpirun share its work
};

/// Every command, in the order of the help. Throws as selected_variant (computing.hpp).
[[nodiscard]] std::span<const command> commands();

/// The command of that name; null for an unknown name.
[[nodiscard]] const command* command_named(const std::string& name);

/// Parses the arguments after the command's name and runs the command, or prints its help for --help. Returns the exit status.
[[nodiscard]] int run_command(const command& of, const std::vector<std::string>& args);

usage train_usage();
int train(const parsed_options& options);

usage test_usage();
int test(const parsed_options& options);

usage score_usage();
int score(const parsed_options& options);

usage calibrate_usage();
int calibrate(const parsed_options& options);

usage probe_usage();
int probe(const parsed_options& options);

usage compare_usage();
int compare(const parsed_options& options);

usage fps_usage();
int fps(const parsed_options& options);

usage serve_usage();
int serve(const parsed_options& options);

usage export_usage();
int export_model(const parsed_options& options);

usage verify_usage();
int verify(const parsed_options& options);

usage fetch_usage();
int fetch(const parsed_options& options);

usage teachers_usage();
int teachers(const parsed_options& options);

usage convert_usage();
int convert(const parsed_options& options);

usage bench_usage();
int bench(const parsed_options& options);

}  // namespace cli
