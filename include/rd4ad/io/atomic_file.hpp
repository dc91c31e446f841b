// rd4ad/io/atomic_file.hpp: writing a file so that it is there whole or not at all. Twin: tests/io/atomic_file.cpp
#pragma once
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <rd4ad/core/error.hpp>

namespace rd4ad::io {

namespace detail {

/// A new file beside its target; it removes itself unless moved into place.
class temporary_file {
   public:
    explicit temporary_file(std::filesystem::path target) : target_{std::move(target)} {
        static std::atomic<std::uint32_t> counter{0};
        do {
            path_ = folder() / ("." + target_.filename().string() + "." + std::to_string(::getpid()) + "." +
                                std::to_string(counter++) + ".tmp");
            file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        } while (file_ < 0 && errno == EEXIST);
        if (file_ < 0) fail(errno);
        made_ = true;
    }
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;
    ~temporary_file() {
        if (file_ >= 0) ::close(file_);
        if (made_) ::unlink(path_.c_str());
    }

    void write(std::span<const std::byte> bytes) {
        constexpr std::size_t most = std::size_t{1} << 30;  // one call writes less than 2 GiB on Linux
        while (!bytes.empty()) {
            const ::ssize_t written = ::write(file_, bytes.data(), std::min(bytes.size(), most));
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) fail(errno);
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        }
    }

    void move_into_place() {
        if (::fsync(file_) != 0) fail(errno);
        if (::close(std::exchange(file_, -1)) != 0) fail(errno);
        if (::rename(path_.c_str(), target_.c_str()) != 0) fail(errno);
        made_ = false;
        const int opened = ::open(folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (opened < 0) return;  // a folder that may be written but not listed: the name is in place all the same
        ::fsync(opened);         // some file systems can't do this for folders
        ::close(opened);
    }

   private:
    [[nodiscard]] std::filesystem::path folder() const {
        return target_.has_parent_path() ? target_.parent_path() : std::filesystem::path{"."};
    }
    [[noreturn]] void fail(int code) const {
        throw io_error{target_.string() + ": can't be written: " + std::generic_category().message(code)};
    }

    std::filesystem::path target_, path_;
    int file_{-1};
    bool made_{false};
};

}  // namespace detail

/// Writes the parts one after another to a temporary file in the target's folder, flushes it to the disk, renames it over
/// `path` and flushes the folder: readers find the old file or the new one, whole. A symbolic link at `path` is replaced,
/// not followed. Throws io_error (path, the system's reason); the old file is then untouched and nothing is left behind.
inline void write_atomically(const std::filesystem::path& path, std::span<const std::span<const std::byte>> parts) {
    std::error_code ignored;
    const auto kind = std::filesystem::status(path, ignored).type();
    if (kind != std::filesystem::file_type::not_found && kind != std::filesystem::file_type::regular &&
        kind != std::filesystem::file_type::none && kind != std::filesystem::file_type::unknown) {
        throw io_error{path.string() + ": can't be written: it is " +
                       (kind == std::filesystem::file_type::directory ? "a folder" : "not a regular file") +
                       "; give the path of a file"};
    }
    detail::temporary_file file{path};
    for (const auto& part : parts) file.write(part);
    file.move_into_place();
}

/// The same for one run of bytes.
inline void write_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes) {
    write_atomically(path, std::span<const std::span<const std::byte>>{&bytes, 1});
}

/// The same for a text.
inline void write_atomically(const std::filesystem::path& path, std::string_view text) {
    write_atomically(path, std::as_bytes(std::span{text}));
}

}  // namespace rd4ad::io
