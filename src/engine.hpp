// The table of src/engine.cpp, which the build compiles once per instruction set (cmake/instruction_sets.cmake): the entry of
// each variant returns one, and src/select_engine.cpp chooses the variant.
#pragma once
#include <cstddef>
#include <memory>
#include <span>

#include <rd4ad/any/engine.hpp>

namespace rd4ad::boundary::inline v1 {

/// The functions of one variant.
struct engine_table {
    std::unique_ptr<engine> (*make)(const engine_options& options);
};

/// The built-in teacher's file inside the library; empty in a build without RD4AD_EMBED_TEACHER.
[[nodiscard]] std::span<const std::byte> embedded_teacher();

}  // namespace rd4ad::boundary::inline v1
