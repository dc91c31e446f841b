// rd4ad/io/atomic_file.hpp: writes a file completely or not at all, and clears what a killed process left. Twin:
// tests/io/atomic_file.cpp
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
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/file_lock.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

/// When a written file is flushed to the disk: before it is in place, or later by the system. A file that is flushed later may be
/// empty after a power failure, never after the end of a process.
enum class durability { at_once, later };

/// The folder of a file's path.
[[nodiscard]] inline std::filesystem::path folder_of(const std::filesystem::path& file) {
    return file.has_parent_path() ? file.parent_path() : std::filesystem::path{"."};
}

namespace detail {

/// Names of temporary files: ".rd4ad-<process>-<number>.tmp".
inline constexpr std::string_view temporary_prefix = ".rd4ad-", temporary_suffix = ".tmp";

/// A new file in its target's folder, locked while it is open. Destruction removes the file unless move_into_place() succeeded.
class temporary_file {
   public:
    explicit temporary_file(std::filesystem::path target) : target_{std::move(target)} {
        while (!create()) {
        }
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

    /// Reserves space on the disk. Throws io_error if there is not enough. Does nothing where the file system can't reserve.
    void reserve(std::uintmax_t bytes) {
        while (bytes > 0 && ::fallocate(file_, 0, 0, static_cast<::off_t>(bytes)) != 0) {
            if (errno == EINTR) continue;
            if (errno == EOPNOTSUPP || errno == ENOSYS) return;
            fail(errno);
        }
    }

    /// Flushes the file to the disk, renames it over the target, with the permissions of the file there, and flushes the folder.
    void move_into_place(durability when) {
        struct ::stat old {};
        if (::lstat(target_.c_str(), &old) == 0 && S_ISREG(old.st_mode)) static_cast<void>(::fchmod(file_, old.st_mode & 07777U));
        if (when == durability::at_once && ::fsync(file_) != 0) fail(errno);
        if (::rename(path_.c_str(), target_.c_str()) != 0) fail(errno);
        exists_ = false;
        if (::close(std::exchange(file_, -1)) != 0) fail(errno);
        if (when == durability::later) return;
        const int opened_folder = ::open(folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (opened_folder < 0) return;  // the folder is not readable: the file is in place nevertheless
        ::fsync(opened_folder);         // ignores failure: some file systems can't flush folders
        ::close(opened_folder);
    }

   private:
    /// Returns false if the name is taken, or if another process removed the file before it was locked.
    [[nodiscard]] bool create() {
        static std::atomic<std::uint32_t> counter{0};
        path_ = folder() / text(temporary_prefix, ::getpid(), '-', counter++, temporary_suffix);
        file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file_ < 0 && errno == EEXIST) return false;
        if (file_ < 0) fail(errno);
        exists_ = try_lock(file_) != lock_state::taken && is_at(file_, path_);
        if (!exists_) ::close(std::exchange(file_, -1));
        return exists_;
    }

    [[nodiscard]] std::filesystem::path folder() const { return folder_of(target_); }
    [[noreturn]] void fail(int code) const {
        throw io_error{text(target_, ": can't be written: ", std::generic_category().message(code))};
    }

    std::filesystem::path target_, path_;
    int file_{-1};
    bool exists_{false};
};

}  // namespace detail

/// Removes the temporary files that killed processes left in a folder: those that write_atomically named and no process holds.
/// Ignores failures.
inline void remove_abandoned_files(const std::filesystem::path& folder) {
    std::error_code ignored;
    std::vector<std::filesystem::path> found;
    for (std::filesystem::directory_iterator at{folder, ignored}, end; !ignored && at != end; at.increment(ignored))
        if (const auto name = at->path().filename().string();
            name.starts_with(detail::temporary_prefix) && name.ends_with(detail::temporary_suffix))
            found.push_back(at->path());
    for (const auto& path : found) {
        const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (file < 0) continue;
        if (try_lock(file) == lock_state::held && is_at(file, path)) ::unlink(path.c_str());
        ::close(file);
    }
}

/// Checks that files of `bytes` in all can be written to a folder, by a temporary file of that size; first removes the temporary
/// files of killed processes. Throws io_error (folder, needed and free space, the system's reason).
inline void probe_folder(const std::filesystem::path& folder, std::uintmax_t bytes) {
    remove_abandoned_files(folder);
    std::error_code unknown;
    const auto space = std::filesystem::space(folder, unknown);
    if (!unknown && space.available < bytes)
        throw io_error{text(folder, ": needs ", bytes / 1'000'000 + 1, " MB, and the disk has ", space.available / 1'000'000,
                            " MB free; free some, or give a folder on another disk")};
    detail::temporary_file{folder / ""}.reserve(bytes);
}

/// Writes the parts, one after another, to a temporary file in the target's folder, flushes it to the disk, renames it over
/// `path` and flushes the folder. Readers see the complete old file or the complete new file. Replaces a symbolic link at `path`
/// and leaves the link's target alone. The new file has the old one's permissions. Throws io_error (path, the system's reason);
/// the old file then stays, and no temporary file remains. A killed process leaves one: see remove_abandoned_files.
inline void write_atomically(const std::filesystem::path& path, std::span<const std::span<const std::byte>> parts,
                             durability when = durability::at_once) {
    std::error_code ignored;
    const auto kind = std::filesystem::status(path, ignored).type();
    if (kind != std::filesystem::file_type::not_found && kind != std::filesystem::file_type::regular &&
        kind != std::filesystem::file_type::none && kind != std::filesystem::file_type::unknown) {
        throw io_error{text(path, ": can't be written: it is ",
                            kind == std::filesystem::file_type::directory ? "a folder" : "not a regular file",
                            "; give the path of a file")};
    }
    if (::access(path.c_str(), F_OK) == 0 && ::access(path.c_str(), W_OK) != 0 && errno == EACCES)
        throw io_error{text(path, ": can't be written: it is write-protected; give another path, or allow writing")};
    detail::temporary_file file{path};
    for (const auto& part : parts) file.write(part);
    file.move_into_place(when);
}

/// write_atomically for one part.
inline void write_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes,
                             durability when = durability::at_once) {
    write_atomically(path, std::span<const std::span<const std::byte>>{&bytes, 1}, when);
}

/// write_atomically for a text.
inline void write_atomically(const std::filesystem::path& path, std::string_view content, durability when = durability::at_once) {
    write_atomically(path, std::as_bytes(std::span{content}), when);
}

}  // namespace rd4ad::inline RD4AD_ABI::io
