// rd4ad/data/label_names.hpp: the names of folders and labels that mean a good part. Twin: tests/data/label_names.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include <rd4ad/core/config.hpp>
#include <rd4ad/data/detail/files.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// The names that mean good, in lower case. A folder or label of such a name, in any case and with '-' or a blank in place of
/// '_', holds good parts. Every other name is that of a defect.
inline constexpr std::array<std::string_view, 14> good_names{
    "good", "ok",   "okay", "normal",    "nominal",      "pass",          "passed",
    "io",   "i.o.", "gut",  "no_defect", "nondefective", "non_defective", "defect_free"};

namespace detail {

/// The text without blanks, tabs and line ends around it.
[[nodiscard]] inline std::string trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n\v\f";
    const auto first = text.find_first_not_of(blanks), last = text.find_last_not_of(blanks);
    return first == std::string_view::npos ? std::string{} : std::string{text.substr(first, last - first + 1)};
}

/// A name in the spelling of good_names.
[[nodiscard]] inline std::string plain_name(std::string_view name) {
    auto plain = lower(trimmed(name));
    std::replace(plain.begin(), plain.end(), '-', '_');
    std::replace(plain.begin(), plain.end(), ' ', '_');
    return plain;
}

/// Names of folders that hold defects, masks or another part of a data set, and no good parts.
inline constexpr std::array<std::string_view, 33> not_good_names{
    "bad",         "defect", "defects", "defective", "anomaly", "anomalies", "anomalous", "abnormal", "ng",
    "nok",         "ko",     "n.i.o.",  "nio",       "reject",  "rejects",   "rejected",  "fail",     "failed",
    "faulty",      "scrap",  "broken",  "not_good",  "not_ok",  "no_good",   "mask",      "masks",    "ground_truth",
    "groundtruth", "gt",     "label",   "labels",    "test",    "schlecht"};

[[nodiscard]] inline bool is_not_good_name(std::string_view name) {
    return std::find(not_good_names.begin(), not_good_names.end(), plain_name(name)) != not_good_names.end();
}

}  // namespace detail

/// Whether the name of a folder or a label means good: see good_names.
[[nodiscard]] inline bool is_good_name(std::string_view name) {
    return std::find(good_names.begin(), good_names.end(), detail::plain_name(name)) != good_names.end();
}

/// Whether a name may mean good or not, so that no reader should guess: a name of good_names with an ending (good_2, "ok (1)",
/// normal.old), the bare number 0, and words for unknown.
[[nodiscard]] inline bool is_ambiguous_name(std::string_view name) {
    const auto plain = detail::plain_name(name);
    for (const char* word : {"0", "false", "nan", "none", "null", "n/a", "na", "unknown", "unlabeled", "unlabelled", "?"})
        if (plain == word) return true;
    return std::any_of(good_names.begin(), good_names.end(), [&](std::string_view good) {
        if (!plain.starts_with(good) || plain.size() == good.size()) return false;
        const std::string_view ending = std::string_view{plain}.substr(good.size());
        return ending.find_first_not_of("_.()0123456789") == std::string_view::npos || ending == "_old" || ending == "_new" ||
               ending == ".old" || ending == ".new" || ending == "_copy" || ending == "_(copy)" || ending == "?";
    });
}

}  // namespace rd4ad::inline RD4AD_ABI::data
