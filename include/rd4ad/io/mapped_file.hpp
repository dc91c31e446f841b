// rd4ad/io/mapped_file.hpp: maps a file into memory, read-only. Twin: tests/io/mapped_file.cpp
#pragma once
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

/// Asks the system to load a file into its cache and returns at once. Does nothing if the file can't be opened.
inline void prefetch_file(const std::filesystem::path& path) noexcept {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return;
    static_cast<void>(::posix_fadvise(file, 0, 0, POSIX_FADV_WILLNEED));
    ::close(file);
}

/// A regular file, mapped read-only. The system reads a page on its first access. If another program shortens the mapped file,
/// the next access beyond its end kills the process (POSIX); so writers must replace files, as write_atomically does.
class mapped_file {
   public:
    /// Throws io_error if the file can't be opened or mapped, or is not a regular file.
    explicit mapped_file(const std::filesystem::path& path) {
        // O_NONBLOCK: opening a pipe doesn't wait for its writer.
        const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (file < 0) fail(path, "can't be opened", errno);
        struct ::stat status {};
        if (::fstat(file, &status) != 0) {
            const int code = errno;
            ::close(file);
            fail(path, "its size can't be read", code);
        }
        if (!S_ISREG(status.st_mode)) {
            ::close(file);
            throw io_error{
                text(path, ": is ", S_ISDIR(status.st_mode) ? "a folder" : "not a regular file", "; give the path of a file")};
        }
        size_ = static_cast<std::size_t>(status.st_size);
        if (size_ > 0) data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
        const int code = errno;
        ::close(file);
        if (data_ == MAP_FAILED) {
            data_ = nullptr;
            fail(path, "can't be mapped into memory", code);
        }
    }

    mapped_file(mapped_file&& other) noexcept
        : data_{std::exchange(other.data_, nullptr)}, size_{std::exchange(other.size_, 0)} {}
    mapped_file& operator=(mapped_file&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    mapped_file(const mapped_file&) = delete;
    mapped_file& operator=(const mapped_file&) = delete;
    ~mapped_file() {
        if (data_ != nullptr) ::munmap(data_, size_);
    }

    /// The file's bytes. The span stays valid while this object lives, and moves with it to another object.
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {static_cast<const std::byte*>(data_), size_}; }

   private:
    [[noreturn]] static void fail(const std::filesystem::path& path, const char* problem, int code) {
        throw io_error{text(path, ": ", problem, ": ", std::generic_category().message(code))};
    }

    void* data_{nullptr};
    std::size_t size_{0};
};

}  // namespace rd4ad::inline RD4AD_ABI::io
