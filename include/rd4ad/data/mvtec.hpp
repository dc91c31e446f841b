// rd4ad/data/mvtec.hpp: the layout of MVTec AD: train/good, test/<kind>, ground_truth/<kind>. Twin: tests/data/mvtec.cpp
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/files.hpp>
#include <rd4ad/data/folder.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

namespace detail {

/// The file folder/<stem> with any image extension, in lower or upper case; png comes first.
[[nodiscard]] inline std::optional<std::filesystem::path> with_stem(const std::filesystem::path& folder,
                                                                    const std::string& stem) {
    for (const auto extension : image_extensions)
        for (const std::string& written : {std::string{extension}, upper(std::string{extension})})
            if (const auto path = folder / (stem + '.' + written); is_file(path)) return path;
    return std::nullopt;
}

/// Appends the defects of one kind, with the masks that exist.
inline void add_defects(std::vector<item>& to, const std::filesystem::path& images, const std::filesystem::path& masks) {
    const std::string kind = images.filename().string();
    for (const auto& image : images_in_folder(images, text("test images of kind \"", kind, '"'))) {
        const std::string stem = image.stem().string();
        auto mask = with_stem(masks, stem + "_mask");
        if (!mask) mask = with_stem(masks, stem);
        to.push_back({.image = image,
                      .is_anomalous = true,
                      .kind = kind,
                      .mask = mask,
                      .mask_expected = text(masks / (stem + "_mask.png"), " or ", masks / (stem + ".png"))});
    }
}

/// Opens one category whose good images lie in folders named `good`. See open_mvtec.
[[nodiscard]] inline dataset open_kinds(const std::filesystem::path& root, const std::string& good, const std::string& layout) {
    if (!is_folder(root / "train" / good))
        throw data_error{
            text(root, ": expected train/", good, " with good images (layout ", layout, "), found ", names_in(root))};
    dataset set{.name = name_of(root)};
    for (const auto& image : images_in_folder(root / "train" / good, "good images to train on"))
        set.train.push_back({.image = image});
    for (const char* name : {"val", "validation"})
        if (const auto folder = root / name / good; is_folder(folder))
            for (const auto& image : images_in_folder(folder, "good validation images"))
                set.validation.push_back({.image = image});
    const auto test = root / "test";
    if (!images_in(test).empty())
        throw data_error{text(test, ": holds images; expected one folder per kind: ", good, ", and one for each kind of defect")};
    const auto kinds = folders_in(test);
    for (const auto& kind : kinds)
        if (kind.filename() == good)
            for (const auto& image : images_in_folder(kind, "good test images")) set.test.push_back({.image = image});
    for (const auto& kind : kinds)
        if (kind.filename() != good) add_defects(set.test, kind, root / "ground_truth" / kind.filename());
    return set;
}

}  // namespace detail

/// Whether the folder has MVTec AD's layout: it holds train/good.
[[nodiscard]] inline bool is_mvtec(const std::filesystem::path& root) { return detail::is_folder(root / "train" / "good"); }

/// Opens one category in MVTec AD's layout. Training images: train/good; other folders of train are ignored. Validation images:
/// val/good or validation/good, if there is one. Test images: one
/// folder per kind in test, "good" for the good ones; a missing test folder means no test images. Masks:
/// `ground_truth/<kind>/<stem>_mask.png` or `<stem>.png`, with any image extension; a defect can lack its mask.
/// Throws data_error where train/good or the folder of a kind holds no images, or where test itself holds images.
[[nodiscard]] inline dataset open_mvtec(const std::filesystem::path& root) { return detail::open_kinds(root, "good", "mvtec"); }

}  // namespace rd4ad::inline RD4AD_ABI::data
