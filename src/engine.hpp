// The entry of src/engine.cpp, which the build may compile once per instruction set: each has its own function, and
// src/select_engine.cpp chooses one.
#pragma once
#include <memory>

#include <rd4ad/any/engine.hpp>

namespace rd4ad::boundary::inline v1 {

/// The engine for the instruction set of the build's flags.
[[nodiscard]] std::unique_ptr<engine> make_native_engine(const engine_options& options);

}  // namespace rd4ad::boundary::inline v1
