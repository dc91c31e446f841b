// rd4ad/data/btad.hpp: the layout of BTAD: MVTec AD's, with good images in ok and defects in ko. Twin:
// tests/data/btad.cpp
#pragma once
#include <filesystem>

#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/data/mvtec.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// Whether the folder has BTAD's layout: it holds train/ok.
[[nodiscard]] inline bool is_btad(const std::filesystem::path& root) { return detail::is_folder(root / "train" / "ok"); }

/// Opens one category of BTAD: train/ok, test/ok, test/ko, and the masks `ground_truth/ko/<stem>` with any image extension.
/// Throws data_error as open_mvtec does.
[[nodiscard]] inline dataset open_btad(const std::filesystem::path& root) { return detail::open_kinds(root, "ok", "btad"); }

}  // namespace rd4ad::inline RD4AD_ABI::data
