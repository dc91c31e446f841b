// rd4ad/io/read_file.hpp: copies a file, or its first bytes, into memory; a file that changes meanwhile is an error. Twin:
// tests/io/read_file.cpp
//
// No file is mapped: a page of a mapped file that another program shortens kills the process (SIGBUS), and one that it overwrites
// changes under the reader. A copy is checked once and stays as it is.
#pragma once
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

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

/// A file's bytes in memory, and the owner that keeps them alive.
struct file_content {
    std::span<const std::byte> bytes{};
    std::shared_ptr<const void> owner{};
};

/// A regular file, open for reading.
class file_reader {
   public:
    /// Throws io_error if the path doesn't exist, is a folder or no regular file, or can't be opened.
    explicit file_reader(std::filesystem::path path) : path_{std::move(path)} {
        // O_NONBLOCK: opening a pipe doesn't wait for its writer.
        file_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (file_ < 0 && (errno == ENOENT || errno == ENOTDIR)) throw io_error{text(path_, ": no such file; check the path")};
        if (file_ < 0) fail("can't be opened for reading", errno, "check its permissions");
        try {
            opened_ = state();
            if (!S_ISREG(opened_.st_mode))
                throw io_error{text(path_, ": is ", S_ISDIR(opened_.st_mode) ? "a folder" : "not a regular file",
                                    "; give the path of a file")};
        } catch (const io_error&) {
            ::close(file_);
            throw;
        }
    }
    file_reader(const file_reader&) = delete;
    file_reader& operator=(const file_reader&) = delete;
    ~file_reader() { ::close(file_); }

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    /// In bytes, when the file was opened.
    [[nodiscard]] std::size_t size() const noexcept { return static_cast<std::size_t>(opened_.st_size); }

    /// Fills `to` with the file's bytes from `offset` on. Throws io_error if the system can't read them, or if the file ends
    /// before.
    void read(std::span<std::byte> to, std::size_t offset = 0) const {
        constexpr std::size_t max_bytes = std::size_t{1} << 30;  // Linux reads less than 2 GiB per call
        while (!to.empty()) {
            const ::ssize_t got = ::pread(file_, to.data(), std::min(to.size(), max_bytes), static_cast<::off_t>(offset));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) fail("reading failed", errno, "check the disk and the connection to it");
            if (got == 0) fail_changed("ends after ", offset);
            to = to.subspan(static_cast<std::size_t>(got));
            offset += static_cast<std::size_t>(got);
        }
    }

    /// Asks the system to load the file into its cache and returns at once.
    void prefetch() const noexcept { static_cast<void>(::posix_fadvise(file_, 0, 0, POSIX_FADV_WILLNEED)); }

    /// Throws io_error if another program has written to the file since it was opened.
    void check_unchanged() const {
        const auto now = state();
        if (now.st_size != opened_.st_size) fail_changed("now has ", static_cast<std::size_t>(now.st_size));
        if (now.st_mtim.tv_sec != opened_.st_mtim.tv_sec || now.st_mtim.tv_nsec != opened_.st_mtim.tv_nsec)
            throw io_error{text(path_, ": another program wrote to it while it was read; wait for that program, and try again")};
    }

    /// The whole file. Throws as read and check_unchanged do, and memory_error if the memory is too small for it.
    [[nodiscard]] file_content read_all() const {
        // Not initialised: a checkpoint has hundreds of megabytes.
        std::shared_ptr<std::byte[]> memory;
        try {
            memory.reset(new std::byte[size()]);
        } catch (const std::bad_alloc&) {
            throw memory_error{text(path_, ": its ", size(), " bytes don't fit in memory; check that it is the file you mean")};
        }
        read({memory.get(), size()});
        check_unchanged();
        return {{memory.get(), size()}, std::move(memory)};
    }

   private:
    [[nodiscard]] struct ::stat state() const {
        struct ::stat found {};
        if (::fstat(file_, &found) != 0) fail("its size can't be read", errno, "check the disk and the connection to it");
        return found;
    }
    [[noreturn]] void fail(const char* problem, int code, const char* remedy) const {
        throw io_error{text(path_, ": ", problem, ": ", std::generic_category().message(code), "; ", remedy)};
    }
    [[noreturn]] void fail_changed(const char* found, std::size_t bytes) const {
        throw io_error{text(path_, ": ", found, bytes, " bytes, but had ", size(),
                            " when it was opened: another program wrote to it meanwhile; wait for that program, and try again")};
    }

    std::filesystem::path path_;
    int file_{-1};
    struct ::stat opened_ {};
};

/// The first `max_bytes` bytes of an open file, or the whole file if it is shorter. Throws io_error as file_reader does, and
/// memory_error if the memory is too small for them.
[[nodiscard]] inline std::vector<std::byte> read_prefix(const file_reader& file, std::size_t max_bytes) {
    const std::size_t count = std::min(file.size(), max_bytes);
    std::vector<std::byte> bytes;
    try {
        bytes.resize(count);
    } catch (const std::exception&) {  // std::bad_alloc, or std::length_error
        throw memory_error{text(file.path(), ": its ", count, " bytes don't fit in memory; check that it is the file you mean")};
    }
    file.read(bytes);
    file.check_unchanged();
    return bytes;
}

/// The same for a path.
[[nodiscard]] inline std::vector<std::byte> read_prefix(const std::filesystem::path& path, std::size_t max_bytes) {
    return read_prefix(file_reader{path}, max_bytes);
}

/// The most bytes of a file of text that is read whole: JSON, CSV.
inline constexpr std::size_t max_text_bytes = std::size_t{1} << 30;

/// The whole file. Throws as read_prefix does, and format_error, before memory is taken, for a file of more than `most` bytes: a
/// sparse file has any size.
[[nodiscard]] inline std::vector<std::byte> read_file(const std::filesystem::path& path,
                                                      std::size_t most = std::numeric_limits<std::size_t>::max()) {
    const file_reader file{path};
    if (file.size() > most)
        throw format_error{
            text(path, ": has ", file.size(), " bytes, expected at most ", most, "; check that it is the file you mean")};
    return read_prefix(file, most);
}

}  // namespace rd4ad::inline RD4AD_ABI::io
