// rd4ad/io/temporary_folder.hpp: a folder for files that end with the process. Twin: tests/io/temporary_folder.cpp
#pragma once
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/file_lock.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

/// A new folder in TMPDIR, locked, and removed with its files by destruction. Construction removes the folders that killed
/// processes of the same user left under the same prefix.
class temporary_folder {
   public:
    /// prefix: the name's first letters, such as "rd4ad-verify-". Throws io_error if the folder can't be created.
    explicit temporary_folder(const std::string& prefix) {
        std::error_code failed;
        const auto parent = std::filesystem::temp_directory_path(failed);
        if (failed) throw io_error{text("TMPDIR is no folder: ", failed.message(), "; set it to a folder")};
        remove_abandoned(parent, prefix);
        auto name = (parent / (prefix + "XXXXXX")).string();
        if (::mkdtemp(name.data()) == nullptr)
            throw io_error{text(name, ": the folder can't be created: ", std::generic_category().message(errno))};
        path_ = name;
        file_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (file_ >= 0) static_cast<void>(try_lock(file_));
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
        if (file_ >= 0) ::close(file_);
    }

    [[nodiscard]] std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

   private:
    static void remove_abandoned(const std::filesystem::path& parent, const std::string& prefix) {
        std::error_code ignored;
        std::vector<std::filesystem::path> found;
        for (std::filesystem::directory_iterator at{parent, ignored}, end; !ignored && at != end; at.increment(ignored))
            if (at->path().filename().string().starts_with(prefix)) found.push_back(at->path());
        for (const auto& path : found) {
            const int file = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
            if (file < 0) continue;
            struct ::stat about {};
            if (::fstat(file, &about) == 0 && about.st_uid == ::geteuid() && try_lock(file) == lock_state::held)
                std::filesystem::remove_all(path, ignored);
            ::close(file);
        }
    }

    std::filesystem::path path_{};
    int file_{-1};
};

}  // namespace rd4ad::inline RD4AD_ABI::io
