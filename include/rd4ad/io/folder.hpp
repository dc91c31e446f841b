// rd4ad/io/folder.hpp: a folder to write into. Twin: tests/io/folder.cpp
#pragma once
#include <filesystem>
#include <system_error>

#include <rd4ad/core/error.hpp>

namespace rd4ad::io {

/// Makes a folder and those above it, so far as they are missing. Throws io_error with the system's reason.
inline void make_folder(const std::filesystem::path& path) {
    std::error_code failed;
    std::filesystem::create_directories(path, failed);
    if (failed) throw io_error{path.string() + ": the folder can't be made: " + failed.message()};
}

}  // namespace rd4ad::io
