// rd4ad/io/file_lock.hpp: locks that end with their process: of an open file, and of a folder. Twin: tests/io/file_lock.cpp
#pragma once
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/quoted.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

/// The outcome of try_lock. unsupported: the file system has no locks.
enum class lock_state { held, taken, unsupported };

/// Tries to lock an open file for its descriptor, without waiting. The system frees the lock when the descriptor is closed, also
/// when the process is killed.
[[nodiscard]] inline lock_state try_lock(int file) noexcept {
    while (::flock(file, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR) continue;
        return errno == EWOULDBLOCK ? lock_state::taken : lock_state::unsupported;
    }
    return lock_state::held;
}

/// Whether an open file is the one that `path` names now. A symbolic link at `path` is another file.
[[nodiscard]] inline bool is_at(int file, const std::filesystem::path& path) noexcept {
    struct ::stat open {};
    struct ::stat named {};
    return ::fstat(file, &open) == 0 && ::lstat(path.c_str(), &named) == 0 && open.st_dev == named.st_dev &&
           open.st_ino == named.st_ino;
}

/// The name of the file that locks a folder.
inline constexpr const char* folder_lock_file = ".rd4ad.lock";

/// Locks a folder against other processes until destruction. The lock is the file `.rd4ad.lock`, which states its holder;
/// destruction removes it. A killed process leaves the file, and the next lock takes it over. Where the file system has no locks,
/// the folder is not locked.
class folder_lock {
   public:
    /// holder: the program, such as "rd4ad test". Throws io_error if another process holds the lock (folder, holder, remedy), and
    /// if the file can't be written.
    folder_lock(const std::filesystem::path& folder, std::string_view holder) : path_{folder / folder_lock_file} {
        while (!open_and_lock(folder)) {
        }
        state(text(holder, ", process ", ::getpid()));
    }
    folder_lock(const folder_lock&) = delete;
    folder_lock& operator=(const folder_lock&) = delete;
    ~folder_lock() {
        if (is_at(file_, path_)) ::unlink(path_.c_str());
        ::close(file_);
    }

   private:
    /// Returns false if the last holder removed the file in between.
    [[nodiscard]] bool open_and_lock(const std::filesystem::path& folder) {
        file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (file_ < 0) throw io_error{text(path_, ": can't be written: ", std::generic_category().message(errno))};
        if (try_lock(file_) == lock_state::taken) {
            char holder[200];
            const ::ssize_t count = ::read(file_, holder, sizeof holder);
            ::close(file_);
            const std::string_view name{holder, count > 0 ? static_cast<std::size_t>(count) : 0};
            throw io_error{text(folder, ": another process writes there: ", name.empty() ? "unknown" : io::quoted(name),
                                "; wait for its end, or give another folder")};
        }
        if (is_at(file_, path_)) return true;
        ::close(file_);
        return false;
    }

    void state(const std::string& holder) const {
        if (::ftruncate(file_, 0) == 0 && ::write(file_, holder.data(), holder.size()) == static_cast<::ssize_t>(holder.size()))
            return;
        const int code = errno;
        ::unlink(path_.c_str());
        ::close(file_);
        throw io_error{text(path_, ": can't be written: ", std::generic_category().message(code))};
    }

    std::filesystem::path path_;
    int file_{-1};
};

}  // namespace rd4ad::inline RD4AD_ABI::io
