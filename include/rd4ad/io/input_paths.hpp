// rd4ad/io/input_paths.hpp: the files and folders that a run reads, which its outputs must not touch. Twin:
// tests/io/input_paths.cpp
#pragma once
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

/// The files and folders that a run reads. An output must not be one of them, nor lie in one of the folders. The check compares
/// the files themselves (device and number), so symbolic and hard links, "..", and names that differ in case on a file system
/// that ignores it lead to the same answer.
class input_paths {
   public:
    /// A file, or a folder with everything in it. Ignores a path that does not exist.
    void add(const std::filesystem::path& path) {
        std::error_code ignored;
        remember(path, path, std::filesystem::is_directory(path, ignored) ? folders_ : files_);
    }

    /// An image. Its folder must not become an output folder: the next run would read the results as images.
    void add_image(const std::filesystem::path& path) {
        add(path);
        remember(path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."}, path, image_folders_);
    }

    /// Throws option_error (output, input, remedy) if an output file is an input or lies in an input folder.
    void check_file(const std::filesystem::path& output) const {
        if (const auto* input = found(output, files_))
            throw option_error{text(output, ": is ", *input == output ? std::string{"a file"} : text("the file ", *input),
                                    " that this run reads; give another path")};
        const auto target = resolved(output);
        if (const auto* input = containing(target.parent_path()))
            throw option_error{text(output, ": lies in ", *input, ", which this run reads; give a path outside of it")};
    }

    /// Throws option_error (output, input, remedy) if an output folder is an input folder, lies in one or is the folder of an
    /// input image.
    void check_folder(const std::filesystem::path& output) const {
        const auto target = resolved(output);
        if (const auto* input = containing(target))
            throw option_error{text(output, ": is or lies in ", *input, ", which this run reads; give a folder outside of it")};
        if (const auto* input = found(target, image_folders_))
            throw option_error{text(output, ": holds ", *input, ", which this run reads; give another folder")};
    }

   private:
    using file_id = std::pair<::dev_t, ::ino_t>;
    using known_files = std::map<file_id, std::filesystem::path>;

    /// The path without links and "..", as far as it exists.
    [[nodiscard]] static std::filesystem::path resolved(const std::filesystem::path& path) {
        std::error_code failed;
        const auto absolute = std::filesystem::absolute(path, failed);
        if (failed) return path;  // the working directory is gone
        auto whole = std::filesystem::weakly_canonical(absolute, failed);
        if (failed) whole = absolute.lexically_normal();
        return whole.has_filename() ? whole : whole.parent_path();
    }

    static void remember(const std::filesystem::path& of, const std::filesystem::path& name, known_files& in) {
        struct ::stat about {};
        if (::stat(of.c_str(), &about) == 0) in.try_emplace({about.st_dev, about.st_ino}, name);
    }

    [[nodiscard]] static const std::filesystem::path* found(const std::filesystem::path& path, const known_files& in) {
        struct ::stat about {};
        if (::stat(path.c_str(), &about) != 0) return nullptr;
        const auto at = in.find({about.st_dev, about.st_ino});
        return at == in.end() ? nullptr : &at->second;
    }

    /// The input folder that is, or contains, an absolute path.
    [[nodiscard]] const std::filesystem::path* containing(std::filesystem::path path) const {
        for (;; path = path.parent_path()) {
            if (const auto* input = found(path, folders_)) return input;
            if (path == path.parent_path()) return nullptr;
        }
    }

    known_files files_{}, folders_{}, image_folders_{};
};

}  // namespace rd4ad::inline RD4AD_ABI::io
