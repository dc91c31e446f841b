// rd4ad/data/mvtec.hpp: the folders of MVTec AD: train/good, test/<kind>, ground_truth/<kind>. Twin: tests/data_layouts/mvtec.cpp
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/detail/files.hpp>

namespace rd4ad::data {

namespace detail {

/// folder/<stem> with any image extension, in lower or upper case, png first.
[[nodiscard]] inline std::optional<std::filesystem::path> with_stem(const std::filesystem::path& folder,
                                                                    const std::string& stem) {
    for (const auto extension : image_extensions)
        for (const std::string& written : {std::string{extension}, upper(std::string{extension})})
            if (const auto path = folder / (stem + '.' + written); is_file(path)) return path;
    return std::nullopt;
}

/// The defects of one kind with their masks, where there are any.
inline void add_defects(std::vector<item>& to, const std::filesystem::path& images, const std::filesystem::path& masks) {
    const std::string kind = images.filename().string();
    for (const auto& image : some_images_in(images, "the test images of kind \"" + kind + "\"")) {
        const std::string stem = image.stem().string();
        auto mask = with_stem(masks, stem + "_mask");
        if (!mask) mask = with_stem(masks, stem);
        to.push_back({.image = image,
                      .anomalous = true,
                      .kind = kind,
                      .mask = mask,
                      .mask_expected = (masks / (stem + "_mask.png")).string() + " or " + (masks / (stem + ".png")).string()});
    }
}

/// The folders of one category, where good parts lie in folders named `good`. See open_mvtec.
[[nodiscard]] inline dataset open_kinds(const std::filesystem::path& root, const std::string& good, const std::string& layout) {
    if (!is_folder(root / "train" / good))
        throw data_error{root.string() + ": expected train/" + good + " with images of good parts (layout " + layout +
                         "), found " + names_in(root)};
    dataset set{.name = name_of(root)};
    for (const auto& image : some_images_in(root / "train" / good, "the training images of good parts"))
        set.train.push_back({.image = image});
    const auto test = root / "test";
    if (!images_in(test).empty())
        throw data_error{test.string() + ": images lie in it directly; expected one folder a kind in it, " + good +
                         " and one a defect"};
    const auto kinds = folders_in(test);
    for (const auto& kind : kinds)
        if (kind.filename() == good)
            for (const auto& image : some_images_in(kind, "the test images of good parts")) set.test.push_back({.image = image});
    for (const auto& kind : kinds)
        if (kind.filename() != good) add_defects(set.test, kind, root / "ground_truth" / kind.filename());
    return set;
}

}  // namespace detail

/// Whether the folder has MVTec AD's layout: it holds train/good.
[[nodiscard]] inline bool is_mvtec(const std::filesystem::path& root) { return detail::is_folder(root / "train" / "good"); }

/// One category in MVTec AD's layout. Training images: train/good, other folders in train are left alone. Test images:
/// one folder a kind in test, "good" for good parts; no test folder at all is no test images. Masks:
/// `ground_truth/<kind>/<stem>_mask.png` or `<stem>.png`, any image extension; those that are missing stay out.
/// Throws data_error where train/good or a kind's folder holds no images, or images lie in test itself.
[[nodiscard]] inline dataset open_mvtec(const std::filesystem::path& root) { return detail::open_kinds(root, "good", "mvtec"); }

}  // namespace rd4ad::data
