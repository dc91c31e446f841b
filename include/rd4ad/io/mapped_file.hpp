// rd4ad/io/mapped_file.hpp: a file's bytes, read-only, mapped into memory. Twin: tests/io/mapped_file.cpp
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

namespace rd4ad::io {

/// Asks the system to have a file's bytes in its cache soon, and waits for nothing. Where that can't be, nothing happens.
inline void expect_file(const std::filesystem::path& path) noexcept {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return;
    static_cast<void>(::posix_fadvise(file, 0, 0, POSIX_FADV_WILLNEED));
    ::close(file);
}

/// A regular file mapped read-only; pages are read when touched. Shortening the file while it is mapped ends the
/// process on the next touch (POSIX), so writers must replace files rather than rewrite them, as write_atomically does.
class mapped_file {
   public:
    /// Throws io_error where the file can't be opened or mapped, or is no regular file.
    explicit mapped_file(const std::filesystem::path& path) {
        const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // not to wait for a pipe's other end
        if (file < 0) fail(path, "can't be opened", errno);
        struct ::stat about {};
        if (::fstat(file, &about) != 0) {
            const int code = errno;
            ::close(file);
            fail(path, "can't be looked at", code);
        }
        if (!S_ISREG(about.st_mode)) {
            ::close(file);
            throw io_error{path.string() + ": is " + (S_ISDIR(about.st_mode) ? "a folder" : "not a regular file") +
                           ": give the path of a file"};
        }
        size_ = static_cast<std::size_t>(about.st_size);
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

    /// The whole file; empty for an empty file. Valid as long as this object lives, wherever it is moved to.
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {static_cast<const std::byte*>(data_), size_}; }

   private:
    [[noreturn]] static void fail(const std::filesystem::path& path, const char* what, int code) {
        throw io_error{path.string() + ": " + what + ": " + std::generic_category().message(code)};
    }

    void* data_{nullptr};
    std::size_t size_{0};
};

}  // namespace rd4ad::io
