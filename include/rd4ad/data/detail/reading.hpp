// rd4ad/data/detail/reading.hpp: the state of opening a data set: its files, the faults found so far, and the assumptions. Twin:
// tests/data/reading.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/data/detail/lister.hpp>
#include <rd4ad/data/items.hpp>
#include <rd4ad/data/open_options.hpp>

namespace rd4ad::inline RD4AD_ABI::data::detail {

/// Roles of files, as a listing names them.
inline constexpr const char *role_train = "train", *role_validation = "validation", *role_test = "test", *role_mask = "masks",
                            *role_label = "labels", *role_list = "list";

/// Opens one data set: readers take files, state assumptions and note faults; `finish` reports all faults in one message.
class reading {
   public:
    reading(std::filesystem::path root, const open_options& options)
        : files{std::move(root), options.recursive}, options_{options} {}

    [[nodiscard]] const open_options& options() const noexcept { return options_; }

    /// Notes a fault: a sentence that names the file, the expected and the found, and the remedy.
    void fault(std::string sentence) { faults_.push_back(std::move(sentence)); }
    /// States how the data set is read where it could be read otherwise. The same note counts once.
    void note(std::string sentence) {
        if (std::find(notes_.begin(), notes_.end(), sentence) == notes_.end()) notes_.push_back(std::move(sentence));
    }
    [[nodiscard]] bool has_faults() const noexcept { return !faults_.empty(); }

    /// The images of a folder for a role. A folder without images is a fault, whose message `purpose` ends: "the images to
    /// score".
    [[nodiscard]] std::vector<std::filesystem::path> images(const std::filesystem::path& folder, const char* role,
                                                            const std::string& purpose) {
        auto found = files.images(folder, role);
        if (!found.empty()) return found;
        if (!is_folder(folder))
            fault(text(folder, ": no such folder; expected ", purpose));
        else
            fault(text(folder, ": holds no images (", image_kinds(), "), found ", names_in(folder), "; expected ", purpose));
        return found;
    }

    /// Throws data_error with all faults, if there is one.
    void check() const {
        constexpr std::size_t max_faults = 50;
        if (faults_.empty()) return;
        if (faults_.size() == 1) throw data_error{faults_.front()};
        auto message = text(faults_.size(), " faults");
        for (std::size_t i = 0; i < std::min(faults_.size(), max_faults); ++i)
            message += text(i == 0 ? ": (" : "; (", i + 1, ") ", faults_[i]);
        throw data_error{faults_.size() > max_faults ? text(message, "; and ", faults_.size() - max_faults, " more") : message};
    }

    /// The data set with its listing and notes. Throws data_error with all faults.
    [[nodiscard]] dataset finish(dataset set) {
        check();
        set.files = files.finish();
        set.notes = std::move(notes_);
        return set;
    }

    lister files;

   private:
    open_options options_;
    std::vector<std::string> faults_{}, notes_{};
};

}  // namespace rd4ad::inline RD4AD_ABI::data::detail
