// rd4ad/io/atomic_file.hpp: writes a file completely or not at all. Twin: tests/io/atomic_file.cpp
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
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

namespace detail {

/// A new file in its target's folder. Destruction removes the file unless move_into_place() succeeded.
class temporary_file {
   public:
    explicit temporary_file(std::filesystem::path target) : target_{std::move(target)} {
        static std::atomic<std::uint32_t> counter{0};
        do {
            path_ = folder() / text('.', target_.filename(), '.', ::getpid(), '.', counter++, ".tmp");
            file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        } while (file_ < 0 && errno == EEXIST);
        if (file_ < 0) fail(errno);
        exists_ = true;
    }
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;
    ~temporary_file() {
        if (file_ >= 0) ::close(file_);
        if (exists_) ::unlink(path_.c_str());
    }

    void write(std::span<const std::byte> bytes) {
        constexpr std::size_t max_bytes = std::size_t{1} << 30;  // Linux writes less than 2 GiB per call
        while (!bytes.empty()) {
            const ::ssize_t written = ::write(file_, bytes.data(), std::min(bytes.size(), max_bytes));
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) fail(errno);
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        }
    }

    /// Flushes the file to the disk, renames it over the target and flushes the folder.
    void move_into_place() {
        if (::fsync(file_) != 0) fail(errno);
        if (::close(std::exchange(file_, -1)) != 0) fail(errno);
        if (::rename(path_.c_str(), target_.c_str()) != 0) fail(errno);
        exists_ = false;
        const int opened_folder = ::open(folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (opened_folder < 0) return;  // the folder is not readable: the file is in place nevertheless
        ::fsync(opened_folder);         // ignores failure: some file systems can't flush folders
        ::close(opened_folder);
    }

   private:
    [[nodiscard]] std::filesystem::path folder() const {
        return target_.has_parent_path() ? target_.parent_path() : std::filesystem::path{"."};
    }
    [[noreturn]] void fail(int code) const {
        throw io_error{text(target_, ": can't be written: ", std::generic_category().message(code))};
    }

    std::filesystem::path target_, path_;
    int file_{-1};
    bool exists_{false};
};

}  // namespace detail

/// Writes the parts, one after another, to a temporary file in the target's folder, flushes it to the disk, renames it over
/// `path` and flushes the folder. Readers see the complete old file or the complete new file. Replaces a symbolic link at `path`
/// and leaves the link's target alone. Throws io_error (path, the system's reason); the old file then stays, and no temporary
/// file remains.
inline void write_atomically(const std::filesystem::path& path, std::span<const std::span<const std::byte>> parts) {
    std::error_code ignored;
    const auto kind = std::filesystem::status(path, ignored).type();
    if (kind != std::filesystem::file_type::not_found && kind != std::filesystem::file_type::regular &&
        kind != std::filesystem::file_type::none && kind != std::filesystem::file_type::unknown) {
        throw io_error{text(path, ": can't be written: it is ",
                            kind == std::filesystem::file_type::directory ? "a folder" : "not a regular file",
                            "; give the path of a file")};
    }
    detail::temporary_file file{path};
    for (const auto& part : parts) file.write(part);
    file.move_into_place();
}

/// write_atomically for one part.
inline void write_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes) {
    write_atomically(path, std::span<const std::span<const std::byte>>{&bytes, 1});
}

/// write_atomically for a text.
inline void write_atomically(const std::filesystem::path& path, std::string_view content) {
    write_atomically(path, std::as_bytes(std::span{content}));
}

}  // namespace rd4ad::inline RD4AD_ABI::io
