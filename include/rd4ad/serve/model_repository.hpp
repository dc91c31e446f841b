// rd4ad/serve/model_repository.hpp: the models of a folder: takes up new and replaced checkpoints, lets removed ones go. Twin:
// tests/serve/model_repository.cpp
#pragma once
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/log.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/export/model_name.hpp>

namespace rd4ad::inline RD4AD_ABI::serve {

/// The identity of a file's content, as far as its entry tells: a replaced or rewritten file has another one.
struct file_identity {
    std::uint64_t device{0}, inode{0}, bytes{0};
    std::int64_t seconds{0}, nanoseconds{0};  ///< of the last modification
    friend bool operator==(const file_identity&, const file_identity&) = default;
};

/// The identity of a regular file, through links; empty if there is none.
[[nodiscard]] inline std::optional<file_identity> identity_of(const std::filesystem::path& file) {
    struct ::stat found {};
    if (::stat(file.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) return std::nullopt;
    return file_identity{.device = static_cast<std::uint64_t>(found.st_dev),
                         .inode = static_cast<std::uint64_t>(found.st_ino),
                         .bytes = static_cast<std::uint64_t>(found.st_size),
                         .seconds = static_cast<std::int64_t>(found.st_mtim.tv_sec),
                         .nanoseconds = static_cast<std::int64_t>(found.st_mtim.tv_nsec)};
}

namespace detail {

/// Whether a text has these letters, in any case. letters: small ones.
[[nodiscard]] inline bool has_letters(std::string_view text, std::string_view letters) {
    return std::equal(text.begin(), text.end(), letters.begin(), letters.end(),
                      [](unsigned char one, char letter) { return std::tolower(one) == letter; });
}

}  // namespace detail

/// The checkpoints of a folder, and the files that look like models and are none.
struct model_files {
    std::map<std::string, std::filesystem::path> checkpoints{};  ///< by the names of their models
    std::map<std::filesystem::path, std::string> left_out{};     ///< the reasons, with the remedy
};

/// The checkpoints of a folder: NAME.safetensors is the model NAME. Hidden files and files of interrupted trainings
/// (*.resume.safetensors) are none. Left out are names that is_model_name refuses, other spellings of the extension, and models
/// of other formats. Throws io_error if the folder can't be read.
[[nodiscard]] inline model_files checkpoints_in(const std::filesystem::path& folder) {
    model_files found;
    std::error_code failed;
    for (std::filesystem::directory_iterator at{folder, failed}, end; !failed && at != end; at.increment(failed)) {
        const auto name = at->path().stem().string(), extension = at->path().extension().string();
        if (name.starts_with('.') || name.ends_with(".resume")) continue;
        if (extension == ".pth" || extension == ".pt" || extension == ".onnx")
            found.left_out.emplace(at->path(), "is no checkpoint of rd4ad train; rd4ad convert reads the paper's .pth");
        else if (extension != ".safetensors" && detail::has_letters(extension, ".safetensors"))
            found.left_out.emplace(at->path(), "expected the extension .safetensors in small letters; rename the file");
        else if (extension == ".safetensors" && !is_model_name(name))
            found.left_out.emplace(at->path(),
                                   "no model can have this name: expected letters, digits, '.', '_' and '-'; rename it");
        else if (extension == ".safetensors")
            found.checkpoints.emplace(name, at->path());
    }
    if (failed) throw io_error{text(folder, ": can't be read as a folder of models: ", failed.message())};
    return found;
}

/// The models of a folder's checkpoints. `poll` compares the files with those that it loaded, by identity; it loads a new or
/// replaced one beside the running model and then exchanges the two. A file that can't be loaded keeps the model before it.
/// Whoever holds a model may use it on. Several threads may call the const members at once.
template <class Model>
class model_repository {
   public:
    /// Loads a checkpoint as the model `name`; throws if it can't be used.
    using loader = std::function<std::shared_ptr<Model>(const std::filesystem::path& file, const std::string& name)>;

    model_repository(std::filesystem::path folder, loader load) : folder_{std::move(folder)}, load_{std::move(load)} {}

    /// Takes up what changed in the folder. Logs each model that is loaded, let go or can't be loaded, and each file that is left
    /// out; throws nothing: a folder that can't be read keeps all models. A folder, a pipe or a broken link of a checkpoint's
    /// name is a file that can't be loaded.
    void poll() {
        const std::lock_guard only{polling_};
        model_files files;
        try {
            files = checkpoints_in(folder_);
        } catch (const error& problem) {
            return report_folder(problem.what());
        }
        folder_problem_.clear();
        for (const auto& [name, file] : files.checkpoints) take_up(name, file, identity_of(file).value_or(file_identity{}));
        let_go(files.checkpoints);
        report_left_out(std::move(files.left_out));
    }

    /// Polls on a thread of its own until the repository ends.
    void watch(std::chrono::milliseconds interval) {
        watcher_ = std::jthread{[this, interval](const std::stop_token& stop) {
            std::mutex mutex;
            std::condition_variable_any woken;
            std::unique_lock lock{mutex};
            while (!woken.wait_for(lock, stop, interval, [&] { return stop.stop_requested(); }) && !stop.stop_requested()) poll();
        }};
    }

    /// The model of that name; null if there is none.
    [[nodiscard]] std::shared_ptr<Model> find(std::string_view name) const {
        const std::lock_guard lock{mutex_};
        const auto found = entries_.find(name);
        return found == entries_.end() ? nullptr : found->second.model;
    }

    /// All models, in the order of their names.
    [[nodiscard]] std::vector<std::shared_ptr<Model>> models() const {
        const std::lock_guard lock{mutex_};
        std::vector<std::shared_ptr<Model>> all;
        for (const auto& [name, one] : entries_)
            if (one.model) all.push_back(one.model);
        return all;
    }

    /// The reasons why files as they are now can't be loaded, by model.
    [[nodiscard]] std::map<std::string, std::string> problems() const {
        const std::lock_guard lock{mutex_};
        std::map<std::string, std::string> all;
        for (const auto& [name, one] : entries_)
            if (!one.problem.empty()) all.emplace(name, one.problem);
        return all;
    }

   private:
    struct entry {
        file_identity seen{};            ///< of the last file that was loaded, or that could not be
        std::shared_ptr<Model> model{};  ///< null if no file of this name could be loaded
        std::string problem{};           ///< of the file seen last
    };

    void report_folder(const std::string& problem) {
        if (std::exchange(folder_problem_, problem) == problem) return;
        write_log(log_level::warning, "the folder of models can't be read; its models stay", {{"reason", problem}});
    }

    void report_left_out(std::map<std::filesystem::path, std::string> files) {
        for (const auto& [file, reason] : files)
            if (!left_out_.contains(file))
                write_log(log_level::warning, "a file is left out", {{"file", file.string()}, {"reason", reason}});
        left_out_ = std::move(files);
    }

    void let_go(const std::map<std::string, std::filesystem::path>& files) {
        std::vector<std::shared_ptr<Model>> gone;  // ends outside the lock
        const std::lock_guard lock{mutex_};
        for (auto at = entries_.begin(); at != entries_.end();) {
            if (files.contains(at->first)) {
                ++at;
                continue;
            }
            write_log(log_level::info, "a model is let go", {{"model", at->first}});
            gone.push_back(std::move(at->second.model));
            at = entries_.erase(at);
        }
    }

    void take_up(const std::string& name, const std::filesystem::path& file, const file_identity& identity) {
        {
            const std::lock_guard lock{mutex_};
            if (const auto found = entries_.find(name); found != entries_.end() && found->second.seen == identity) return;
        }
        std::shared_ptr<Model> made;
        std::string problem;
        const auto began = std::chrono::steady_clock::now();
        try {
            made = load_(file, name);
        } catch (const std::exception& caught) {
            problem = caught.what();
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        if (made)
            write_log(log_level::info, "a model is loaded", {{"model", name}, {"seconds", text(took.count())}});
        else
            write_log(log_level::warning, "a checkpoint can't be loaded; the model before it stays",
                      {{"model", name}, {"reason", problem}});
        std::shared_ptr<Model> before;  // ends outside the lock
        const std::lock_guard lock{mutex_};
        auto& to = entries_[name];
        to.seen = identity;
        to.problem = std::move(problem);
        if (made) before = std::exchange(to.model, std::move(made));
    }

    std::filesystem::path folder_;
    loader load_;
    std::string folder_problem_{};
    std::map<std::filesystem::path, std::string> left_out_{};  // that the log has
    std::mutex polling_{};
    mutable std::mutex mutex_{};
    std::map<std::string, entry, std::less<>> entries_{};
    std::jthread watcher_{};
};

}  // namespace rd4ad::inline RD4AD_ABI::serve
