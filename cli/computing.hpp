// cli/computing.hpp: the functions that compute on a backend, compiled once per instruction set (cmake/instruction_sets.cmake).
// Twin: tests/cli/cases/instruction_sets.sh
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "commands.hpp"
#include "detector.hpp"

namespace cli {

/// One variant of the files that include backends.hpp. The command reaches their functions by this table alone.
struct computing {
    const char* default_backend;                               ///< the value of --backend by default
    std::string (*backends)();                                 ///< the backends of this build, each with its BLAS
    backend_detectors (*detectors_of)(const parsed_options&);  ///< by --backend; throws as with_backend
    usage (*train_usage)();
    int (*train)(const parsed_options&);
    usage (*probe_usage)();
    int (*probe)(const parsed_options&);
    usage (*bench_usage)();
    int (*bench)(const parsed_options&);
};

/// The variant for the best instruction set that the processor has, or for that of the environment variable RD4AD_ISA. Throws
/// option_error as rd4ad::select_instruction_set.
[[nodiscard]] const computing& selected_variant();

/// The names of this build's variants: some of baseline, v3 and v4; native or flags in a build for one instruction set.
[[nodiscard]] std::vector<std::string> instruction_sets();

/// The name of the selected one. Throws as selected_variant.
[[nodiscard]] std::string_view instruction_set();

}  // namespace cli
