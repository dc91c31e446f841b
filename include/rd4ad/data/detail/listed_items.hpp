// rd4ad/data/detail/listed_items.hpp: the items that the rows of a CSV list name. Twin: tests/data/csv.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/core/text.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/csv_table.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/data/detail/reading.hpp>
#include <rd4ad/data/label_names.hpp>

namespace rd4ad::inline RD4AD_ABI::data::detail {

/// The columns of a list of images.
struct list_columns {
    std::size_t path, label, split, mask;  ///< mask: at or above the number of columns where there is none
};

/// A defect among the training rows of a list.
enum class training_defects { fault, leave_out };

/// Reads the rows of a list into a data set. Notes every fault with its line: a missing file, an empty or ambiguous label, an
/// unknown split, a defect in train, rows that contradict each other, a mask that is its image. Rows that repeat another count
/// once.
class list_reader {
   public:
    /// base: paths in the table are relative to it.
    list_reader(const csv_table& table, const list_columns& columns, std::filesystem::path base, training_defects defects,
                reading& to)
        : table_{table}, columns_{columns}, base_{std::move(base)}, defects_{defects}, to_{to} {
        if (table.utf16) to.note("the list's encoding is UTF-16");
        if (table.delimiter != ',')
            to.note(
                text("the list's delimiter is ", table.delimiter == '\t' ? std::string{"a tab"} : std::string{table.delimiter}));
    }

    void add(const csv_table::row& row, dataset& set) {
        const auto label = label_of(row);
        const auto split = split_of(row);
        const auto image = file_in(row, columns_.path);
        if (!label || !split || !image || is_repeated(row, *image, *label, *split)) return;
        const bool is_anomalous = *label != "good";
        if (is_anomalous && *split != role_test) {
            if (defects_ == training_defects::leave_out) return to_.files.leave_out(*image, omission::training_defect);
            return to_.fault(text(table_.where(row), ": a defect (", *label, ") is in ", *split,
                                  "; training takes good images only, move it to test"));
        }
        item one{.image = *image, .is_anomalous = is_anomalous, .kind = *label};
        one.mask_values = to_.options().mask_values();
        if (is_anomalous) one.mask_expected = text("one in the column mask of ", table_.where(row));
        if (columns_.mask < row.fields.size() && !row.fields[columns_.mask].empty()) {
            one.mask = file_in(row, columns_.mask);
            if (one.mask == one.image)
                to_.fault(
                    text(table_.where(row), ": the mask is the image itself; name the mask's file, or leave the field empty"));
            else if (one.mask)
                to_.files.use(*one.mask, role_mask);
        }
        to_.files.use(*image, *split == role_train ? role_train : *split == role_test ? role_test : role_validation);
        (*split == role_train ? set.train : *split == role_test ? set.test : set.validation).push_back(std::move(one));
    }

    /// States the rows that repeat others, and leaves out the images in the folders of listed ones that no row names.
    void finish() {
        if (repeated_ > 0)
            to_.note(text(repeated_, repeated_ == 1 ? " row repeats" : " rows repeat", " another one and ",
                          repeated_ == 1 ? "counts" : "count", " once"));
        for (const auto& folder : folders_)
            for (const auto& file : list_folder(folder, [](const auto& path) { return is_users(path) && is_file(path); }))
                if (is_image_name(file)) to_.files.leave_out(file, omission::not_in_list);  // unless a row has used it
    }

   private:
    struct seen_row {
        std::size_t line;
        std::string label, split;
    };

    /// "good", or the name of the defect.
    [[nodiscard]] std::optional<std::string> label_of(const csv_table::row& row) {
        const auto& label = row.fields[columns_.label];
        if (label == "0" || label == "0.0" || is_good_name(label)) return "good";
        if (label == "1" || label == "1.0") return "defect";
        if (label.empty() || is_ambiguous_name(label)) {
            to_.fault(text(table_.where(row), ": the label is ", label.empty() ? std::string{"empty"} : '"' + label + '"',
                           "; expected good or the name of a defect"));
            return std::nullopt;
        }
        return label;
    }

    [[nodiscard]] std::optional<std::string> split_of(const csv_table::row& row) {
        const auto& written = row.fields[columns_.split];
        const auto split = lower(written);
        if (split == "train" || split == "training") return role_train;
        if (split == "test" || split == "testing") return role_test;
        if (split == "val" || split == "valid" || split == "validation") return role_validation;
        to_.fault(text(table_.where(row), ": the split is \"", written, "\"; expected train, test or val"));
        return std::nullopt;
    }

    /// The file that a field names: the path as it is, or with slashes in place of backslashes, or in UTF-8 where it is in
    /// Latin-1.
    [[nodiscard]] std::optional<std::filesystem::path> file_in(const csv_table::row& row, std::size_t column) {
        const auto& field = row.fields[column];
        auto slashes = field;
        std::replace(slashes.begin(), slashes.end(), '\\', '/');
        for (const auto& written : {field, slashes, from_latin1(field), from_latin1(slashes)}) {
            const auto path = (base_ / written).lexically_normal();
            if (written.empty() || !is_file(path)) continue;
            if (written != field && slashes != field) to_.note("the list's backslashes stand for slashes");
            folders_.insert(path.parent_path());
            return base_ / written;
        }
        to_.fault(text(table_.where(row), ": no such file ", base_ / slashes, "; paths are relative to ", base_));
        return std::nullopt;
    }

    /// Whether an earlier row names the image. One with another label or split is a fault.
    [[nodiscard]] bool is_repeated(const csv_table::row& row, const std::filesystem::path& image, const std::string& label,
                                   const std::string& split) {
        const auto [earlier, added] =
            seen_.emplace(image.lexically_normal().string(), seen_row{.line = row.line, .label = label, .split = split});
        if (added) return false;
        const auto& other = earlier->second;
        if (other.label == label && other.split == split)
            ++repeated_;
        else
            to_.fault(text(table_.where(row), ": ", image, " is ", label, " in ", split, ", but ", other.label, " in ",
                           other.split, " in line ", other.line, "; keep one of the rows"));
        return true;
    }

    const csv_table& table_;
    list_columns columns_;
    std::filesystem::path base_;
    training_defects defects_;
    reading& to_;
    std::map<std::string, seen_row> seen_{};
    std::set<std::filesystem::path> folders_{};
    std::size_t repeated_{0};
};

/// Sorts good items before defects, and defects by kind. Keeps the order of the file otherwise.
inline void sort_by_kind(std::vector<item>& items) {
    std::stable_sort(items.begin(), items.end(), [](const item& a, const item& b) {
        return a.is_anomalous != b.is_anomalous ? b.is_anomalous : a.is_anomalous && a.kind < b.kind;
    });
}

}  // namespace rd4ad::inline RD4AD_ABI::data::detail
