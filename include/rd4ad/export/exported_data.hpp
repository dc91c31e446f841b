// rd4ad/export/exported_data.hpp: keeps an export from replacing the exported model of another data set. Twin:
// tests/export/exported_data.cpp
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/identity.hpp>
#include <rd4ad/export/onnx.hpp>
#include <rd4ad/export/triton.hpp>
#include <rd4ad/io/json.hpp>

namespace rd4ad::inline RD4AD_ABI {

namespace export_detail {

/// The record of the data set under the key "data"; nullopt without one.
[[nodiscard]] inline std::optional<data::identity> data_in(const io::json& from) {
    return from.is_object() && from.contains("data") ? data::identity_from(from.at("data")) : std::nullopt;
}

/// The record in the folder of a Triton model.
[[nodiscard]] inline std::optional<data::identity> data_of_triton(const std::filesystem::path& folder) {
    try {
        return data_in(io::value_at(io::read_json(folder / triton_statistics_file), "training"));
    } catch (const error&) {
        return std::nullopt;
    }
}

}  // namespace export_detail

/// Throws option_error (path, both data sets, remedy) if a graph of export_onnx, or a folder of export_triton, is at `path` and
/// was exported from a model of another data set than `training`, the checkpoint's JSON, records. One that records its data set
/// and one that does not count as different. A folder of other files, which a data set may be, is refused, too.
inline void check_exported_data(const std::filesystem::path& path, const io::json& training) {
    std::error_code ignored;
    const bool is_folder = std::filesystem::is_directory(path, ignored);
    if (is_folder && !std::filesystem::exists(path / triton_statistics_file, ignored)) {
        if (std::filesystem::is_empty(path, ignored)) return;
        throw option_error{text(path, ": is a folder of other files; give another path or name, or --overwrite to add to it")};
    }
    if (!is_folder && !is_exported_graph(path)) return;
    const auto found = is_folder ? export_detail::data_of_triton(path)
                                 : export_detail::data_in(description_in(path).value_or(io::json::object()));
    const auto now = export_detail::data_in(training);
    if (!found && !now) return;
    if (found && now && data::is_same_data(*found, *now)) return;
    const auto named = [](const std::optional<data::identity>& of) {
        return of ? text("'", of->name, "' with ", of->images, " training images")
                  : std::string{"a data set that is not recorded"};
    };
    throw option_error{text(path, ": is a model of ", named(found), ", and this checkpoint is one of ", named(now),
                            "; give another path or name, or --overwrite to replace it")};
}

}  // namespace rd4ad::inline RD4AD_ABI
