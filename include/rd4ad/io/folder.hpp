// rd4ad/io/folder.hpp: creates folders. Twin: tests/io/folder.cpp
#pragma once
#include <filesystem>
#include <system_error>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

/// Creates the folder and its missing parents. Does nothing if the folder exists. Throws io_error (path, the system's reason).
inline void make_folder(const std::filesystem::path& path) {
    std::error_code failure;
    std::filesystem::create_directories(path, failure);
    if (failure) throw io_error{text(path, ": the folder can't be created: ", failure.message())};
}

}  // namespace rd4ad::inline RD4AD_ABI::io
