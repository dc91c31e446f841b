// rd4ad/io/output_folder.hpp: a folder of results: replaces what a run wrote before, and nothing else. Twin:
// tests/io/output_folder.cpp
#pragma once
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/random.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/atomic_file.hpp>
#include <rd4ad/io/file_lock.hpp>
#include <rd4ad/io/folder.hpp>
#include <rd4ad/io/input_paths.hpp>
#include <rd4ad/io/read_file.hpp>

namespace rd4ad::inline RD4AD_ABI::io {

/// The name of the file that marks an output folder.
inline constexpr const char* output_marker_file = ".rd4ad";

/// Throws option_error (path, remedy) if something is at `path` that the program did not write, unless `overwrite`. is_own:
/// whether an existing regular file is the program's own. A folder is never replaced.
inline void check_replaceable(const std::filesystem::path& path, bool overwrite,
                              const std::function<bool(const std::filesystem::path&)>& is_own) {
    std::error_code ignored;
    const auto kind = std::filesystem::symlink_status(path, ignored).type();
    if (kind == std::filesystem::file_type::not_found || kind == std::filesystem::file_type::none) return;
    if (kind == std::filesystem::file_type::directory)
        throw option_error{text(path, ": is a folder, expected a file or nothing; give another path")};
    if (overwrite || (kind == std::filesystem::file_type::regular && is_own(path))) return;
    throw option_error{
        text(path, ": exists, and rd4ad did not write it for this purpose; give another path, or --overwrite to replace it")};
}

/// How a run uses its output folder.
struct output_options {
    std::string writer{"rd4ad"};  ///< the program, such as "test"; a run clears the files of earlier runs of its writer
    bool overwrite{false};        ///< replace files that the program did not write, too
    std::uintmax_t bytes{0};      ///< free space that the run needs
};

namespace detail {

/// The marker of an output folder: the names and hashes of the files that were written to it. A line per file: writer, hash,
/// name. A line is written before its file, so a killed run's files are known.
class output_marker {
   public:
    struct record {
        std::string writer;
        std::set<std::uint64_t> hashes;
    };

    explicit output_marker(std::filesystem::path file) : file_{std::move(file)} {
        std::error_code ignored;
        if (!std::filesystem::exists(std::filesystem::symlink_status(file_, ignored))) return;
        const auto bytes = read_file(file_);
        std::string_view left{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
        if (!left.starts_with(head))
            throw format_error{text(file_, ": rd4ad's list of its files expected, found another file; give another folder")};
        for (left.remove_prefix(head.size()); !left.empty();) {
            const auto end = left.find('\n');
            if (end == left.npos) break;  // a killed process was writing it, and did not write its file
            parse(left.substr(0, end));
            left.remove_prefix(end + 1);
        }
    }

    [[nodiscard]] const std::map<std::string, record>& records() const noexcept { return records_; }

    /// Adds a file to the list, on the disk before in memory.
    void add(const std::string& name, const std::string& writer, std::uint64_t hash) {
        append(line_of(writer, hash, name));
        auto& known = records_[name];
        known.writer = writer;
        known.hashes.insert(hash);
    }

    void forget(const std::string& name) { records_.erase(name); }

    /// Writes the list anew.
    void save() const {
        std::string content{head};
        for (const auto& [name, known] : records_)
            for (const auto hash : known.hashes) content += line_of(known.writer, hash, name);
        write_atomically(file_, std::string_view{content});
    }

   private:
    static constexpr std::string_view head = "rd4ad output 1\n";

    [[nodiscard]] static std::string line_of(const std::string& writer, std::uint64_t hash, const std::string& name) {
        char digits[16];
        const auto end = std::to_chars(digits, digits + sizeof digits, hash, 16).ptr;
        return text(writer, ' ', std::string_view{digits, static_cast<std::size_t>(end - digits)}, ' ', name, '\n');
    }

    /// Ignores a line that this version does not know, and a name that leads outside the folder.
    void parse(std::string_view line) {
        const auto first = line.find(' '), second = line.find(' ', first + 1);
        if (first == line.npos || second == line.npos) return;
        const auto digits = line.substr(first + 1, second - first - 1);
        std::uint64_t hash = 0;
        if (std::from_chars(digits.data(), digits.data() + digits.size(), hash, 16).ptr != digits.data() + digits.size()) return;
        const std::filesystem::path name{line.substr(second + 1)};
        if (name.empty() || name.is_absolute()) return;
        for (const auto& part : name)
            if (part == ".." || part == ".") return;
        auto& known = records_[name.string()];
        known.writer = line.substr(0, first);
        known.hashes.insert(hash);
    }

    void append(const std::string& line) const {
        const int file = ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
        const bool written = file >= 0 && ::write(file, line.data(), line.size()) == static_cast<::ssize_t>(line.size());
        const int code = errno;
        if (file >= 0) ::close(file);
        if (!written) throw io_error{text(file_, ": can't be written: ", std::generic_category().message(code))};
    }

    std::filesystem::path file_;
    std::map<std::string, record> records_{};
};

[[nodiscard]] inline std::uint64_t output_hash(std::span<const std::byte> bytes) {
    return hash_name({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace detail

/// A folder for the results of one run, locked against other processes until destruction. The file `.rd4ad` in it lists what was
/// written. A run replaces files of that list if they are unchanged, and refuses to replace others. finish() removes the files of
/// earlier runs of the same writer that this run did not write, so results of two runs don't mix.
class output_folder {
   public:
    /// Creates the folder, locks it, removes the temporary files of killed runs, and checks that it can be written and has space.
    /// Throws option_error if the folder is or lies in a folder that the run reads; io_error if it can't be written or another
    /// process writes there; format_error for a foreign file `.rd4ad`.
    output_folder(std::filesystem::path folder, input_paths inputs, output_options options = {})
        : folder_{std::move(folder)}, inputs_{std::move(inputs)}, options_{std::move(options)} {
        inputs_.check_folder(folder_);
        make_folder(folder_);
        lock_.emplace(folder_, text("rd4ad ", options_.writer));
        marker_.emplace(folder_ / output_marker_file);
        std::set<std::filesystem::path> parents;
        for (const auto& [name, known] : marker_->records()) parents.insert((folder_ / name).parent_path());
        for (const auto& parent : parents) remove_abandoned_files(parent);
        probe_folder(folder_, options_.bytes);
        marker_->save();
    }

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return folder_; }

    /// Announces a file of this name, relative to the folder. Throws option_error if it is or lies among the inputs, leads
    /// outside the folder, or would replace a file that the list does not have. write() does so, too; a run that announces its
    /// files before its work fails early.
    void announce(const std::filesystem::path& name) {
        const auto target = folder_ / name;
        check_parent(name);
        inputs_.check_file(target);
        check_replaceable(target, options_.overwrite, [&](const auto&) { return is_own(name.string()); });
        announced_.insert(name.string());
    }

    /// Whether a path leads to an announced file.
    [[nodiscard]] bool has_announced(const std::filesystem::path& path) const {
        std::error_code failed;
        const auto below = std::filesystem::weakly_canonical(path, failed)
                               .lexically_relative(std::filesystem::weakly_canonical(folder_, failed));
        return announced_.contains(below.string());
    }

    /// Writes a file atomically, after the checks of `announce`; creates its folder. Throws as announce and write_atomically do.
    void write(const std::filesystem::path& name, std::span<const std::byte> bytes, durability when = durability::at_once) {
        announce(name);
        marker_->add(name.string(), options_.writer, detail::output_hash(bytes));
        if (name.has_parent_path()) make_folder(folder_ / name.parent_path());
        write_atomically(folder_ / name, bytes, when);
        written_.insert(name.string());
    }
    void write(const std::filesystem::path& name, std::string_view content, durability when = durability::at_once) {
        write(name, std::as_bytes(std::span{content}), when);
    }

    /// Ends the run: removes the unchanged files of this writer's earlier runs that this run did not write, and flushes all files
    /// to the disk. Returns the number of files removed. Throws io_error.
    std::size_t finish() {
        std::size_t removed = 0;
        std::vector<std::string> earlier;
        for (const auto& [name, known] : marker_->records())
            if (known.writer == options_.writer && !written_.contains(name)) earlier.push_back(name);
        for (const auto& name : earlier) {
            if (leads_inside(name) && is_own(name)) removed += remove(name) ? 1U : 0U;
            marker_->forget(name);
        }
        if (const int file = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); file >= 0) {
            const bool flushed = ::syncfs(file) == 0;
            const int code = errno;
            ::close(file);
            if (!flushed) throw io_error{text(folder_, ": can't be written: ", std::generic_category().message(code))};
        }
        marker_->save();
        return removed;
    }

   private:
    /// Whether the file of a name is as the list has it.
    [[nodiscard]] bool is_own(const std::string& name) const {
        const auto at = marker_->records().find(name);
        if (at == marker_->records().end()) return false;
        std::error_code ignored;
        if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(folder_ / name, ignored))) return false;
        return at->second.hashes.contains(detail::output_hash(read_file(folder_ / name)));
    }

    /// Whether the folder of a name, with its links, is in this folder.
    [[nodiscard]] bool leads_inside(const std::filesystem::path& name) const {
        std::error_code failed;
        const auto root = std::filesystem::weakly_canonical(folder_, failed);
        if (failed) return false;
        const auto parent = std::filesystem::weakly_canonical((folder_ / name).parent_path(), failed);
        if (failed) return false;
        const auto below = parent.lexically_relative(root);
        return !below.empty() && *below.begin() != "..";
    }

    void check_parent(const std::filesystem::path& name) const {
        if (!leads_inside(name))
            throw option_error{
                text(folder_ / name, ": lies outside of ", folder_, ", the folder of the results; remove the link")};
        if (name.has_parent_path()) inputs_.check_folder((folder_ / name).parent_path());
    }

    /// Removes a file, and its folders in this folder that are then empty.
    [[nodiscard]] bool remove(const std::string& name) const {
        std::error_code failed;
        if (!std::filesystem::remove(folder_ / name, failed)) return false;
        for (auto parent = std::filesystem::path{name}.parent_path(); !parent.empty(); parent = parent.parent_path())
            if (!std::filesystem::remove(folder_ / parent, failed)) break;  // not empty
        return true;
    }

    std::filesystem::path folder_;
    input_paths inputs_;
    output_options options_;
    std::optional<folder_lock> lock_{};
    std::optional<detail::output_marker> marker_{};
    std::set<std::string> announced_{}, written_{};
};

}  // namespace rd4ad::inline RD4AD_ABI::io
