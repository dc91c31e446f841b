// rd4ad/data/btad.hpp: the layout of BTAD: MVTec AD's, with good images in ok and defects in ko. Twin:
// tests/data/btad.cpp
#pragma once
#include <algorithm>
#include <filesystem>

#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/data/mvtec.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// Whether the folder has BTAD's layout: train/ok holds the good images.
[[nodiscard]] inline bool is_btad(const std::filesystem::path& root) {
    const auto good = detail::good_folders(detail::train_folder(root));
    return !good.empty() && std::all_of(good.begin(), good.end(),
                                        [](const auto& folder) { return detail::lower(folder.filename().string()) == "ok"; });
}

/// Opens one category of BTAD: train/ok, test/ok, test/ko, and the masks `ground_truth/ko/<stem>` with any image extension.
/// Throws data_error as open_mvtec does.
[[nodiscard]] inline dataset open_btad(const std::filesystem::path& root, const open_options& options = {}) {
    detail::reading to{root, options};
    return to.finish(detail::read_kinds(root, "ok", "btad", to));
}

}  // namespace rd4ad::inline RD4AD_ABI::data
