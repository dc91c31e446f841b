// The entry of src/engine.cpp, which the build may compile once per instruction set: each copy has its own function, and
// src/select_engine.cpp chooses one.
#pragma once
#include <cstddef>
#include <memory>
#include <span>

#include <rd4ad/any/engine.hpp>

namespace rd4ad::boundary::inline v1 {

/// The functions of one copy.
struct engine_table {
    std::unique_ptr<engine> (*make)(const engine_options& options);
};

/// The built-in teacher's file inside the library; empty in a build without RD4AD_EMBED_TEACHER.
[[nodiscard]] std::span<const std::byte> embedded_teacher();

}  // namespace rd4ad::boundary::inline v1

/// The copy for the instruction set of the build's flags.
extern "C" const rd4ad::boundary::engine_table* rd4ad_engine_native();
