// rd4ad/data/check_masks.hpp: compares masks with their images, with the labels and with each other. Twin:
// tests/data/check_masks.cpp
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/data/dataset.hpp>
#include <rd4ad/data/items.hpp>
#include <rd4ad/data/labelme.hpp>
#include <rd4ad/data/open_options.hpp>
#include <rd4ad/image/mask.hpp>
#include <rd4ad/image/orientation.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/io/read_file.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// The result of check_masks: sentences for messages.
struct mask_check {
    std::vector<std::string> faults{};      ///< contradictions, each with its remedy
    std::vector<std::string> notes{};       ///< how masks are read where they could be read otherwise
    std::vector<std::string> unreadable{};  ///< masks that can't be read, each with the reason
    std::vector<std::string> missing{};     ///< masks that are not where the layout expects them
};

namespace detail {

/// The findings of the check about one item.
struct checked_mask {
    std::optional<image::mask_content> content{};  ///< without pixels; empty for an item without a readable mask
    std::string fault{}, unreadable{};
    bool turned{false};  ///< drawn on the stored pixels of an image that EXIF turns
    bool may_be_turned{
        false};  ///< EXIF turns or mirrors the image, and the mask's size does not show which pixels it was drawn on
};

/// The mask of an item; without a content where it can't be read, or contradicts itself.
[[nodiscard]] inline checked_mask read_checked_mask(const item& of) {
    checked_mask found;
    try {
        if (!is_labelme_mask(*of.mask)) {
            found.content = image::read_mask_content(*of.mask, of.mask_values);
            return found;
        }
        image::mask_content content{.mask = labelme_mask(*of.mask)};
        const auto marked = std::count(content.mask.pixels.begin(), content.mask.pixels.end(), std::uint8_t{1});
        content.area = static_cast<double>(marked) / static_cast<double>(content.mask.pixels.size());
        found.content = std::move(content);
    } catch (const data_error& problem) {
        found.fault = problem.what();
    } catch (const error& problem) {
        found.unreadable = problem.what();
    }
    return found;
}

/// Compares a mask's size with its image's.
inline void check_size(const item& of, checked_mask& found) {
    auto& mask = found.content->mask;
    try {
        const auto size = image::read_size(of.image);
        const bool swapped = mask.width == size.height && mask.height == size.width;
        const int orientation = image::read_orientation(of.image);
        found.may_be_turned = orientation > 1 && mask.width == size.width && mask.height == size.height &&
                              (orientation <= 4 || size.width == size.height);
        turn_as_image(mask, of, size.width, size.height);
        found.turned = swapped && size.width != size.height;
    } catch (const data_error& problem) {
        found.fault = problem.what();
    } catch (const error&) {
    }
}

[[nodiscard]] inline checked_mask check_mask(const item& of) {
    auto found = read_checked_mask(of);
    if (!found.content) return found;
    check_size(of, found);
    found.content->mask = {};
    return found;
}

/// "12 masks have ...; ": notes on the marks of masks.
inline void note_marks(const std::vector<checked_mask>& found, std::vector<std::string>& notes) {
    constexpr std::array<std::pair<image::mask_marks, const char*>, 4> known{
        {{image::mask_marks::values, "other values than 0 and 255: any above 0 is a defect"},
         {image::mask_marks::colours, "colours: any but black is a defect"},
         {image::mask_marks::alpha, "transparency alone: what is not transparent is a defect"},
         {image::mask_marks::lossy, "the noise of a lossy format: what is above half of the largest value is a defect"}}};
    for (const auto& [marks, meaning] : known) {
        const auto count = std::count_if(found.begin(), found.end(), [marks = marks](const checked_mask& one) {
            return one.content && one.content->marks == marks;
        });
        if (count > 0) notes.push_back(text(count, count == 1 ? " mask has " : " masks have ", meaning));
    }
}

/// Adds the sentence of a group of items: how many they are, the predicate, and the first.
inline void add_group(std::vector<std::string>& to, const std::vector<const item*>& items, const char* one, const char* many,
                      const std::string& predicate) {
    if (!items.empty())
        to.push_back(text(items.size(), ' ', items.size() == 1 ? one : many, predicate,
                          ", the first: ", items.front()->mask ? *items.front()->mask : items.front()->image));
}

}  // namespace detail

/// Checks the masks of the test images against each other, the images and the labels. Faults: a mask of another size than its
/// image, one without a black pixel, a mask of a defect that marks nothing, one of a good image that marks something, masks most
/// of which look inverted (mask_choice::automatic), and masks whose turn by EXIF is unknown where others are turned. Notes: masks
/// that are not grey of 0 and 255, turned ones, large ones, and defects without one. Masks that can't be read and missing ones
/// are no fault: each concerns its own image alone. Images that can't be read are for scoring to report. Decodes every mask and
/// reads the header of its image, on all threads.
[[nodiscard]] inline mask_check check_masks(const dataset& set, mask_choice choice = mask_choice::automatic) {
    std::vector<const item*> items, missing, inverted, turned, may_be_turned;
    std::size_t defects = 0;
    for (const auto& one : set.test) {
        defects += one.is_anomalous ? 1U : 0U;
        if (one.mask)
            items.push_back(&one);
        else if (one.is_anomalous)
            missing.push_back(&one);
    }
    std::vector<detail::checked_mask> found(items.size());
    parallel_for(items.size(), 0, [&](std::size_t i) { found[i] = detail::check_mask(*items[i]); });
    std::size_t readable = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (!found[i].content) continue;
        ++readable;
        if (image::looks_inverted(*found[i].content)) inverted.push_back(items[i]);
        if (found[i].turned) turned.push_back(items[i]);
        if (found[i].may_be_turned && items[i]->is_anomalous) may_be_turned.push_back(items[i]);
    }
    mask_check check;
    const bool all_inverted = choice == mask_choice::automatic && 2 * inverted.size() > readable;
    if (all_inverted)
        check.faults.push_back(text(inverted.size(), " of ", readable,
                                    " masks look inverted, the first: ", *inverted.front()->mask,
                                    ": they are not black in most of the image and at its edge; give --masks zero if black "
                                    "pixels are the defects, or --masks nonzero if the masks are right"));
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (!found[i].fault.empty()) check.faults.push_back(found[i].fault);
        if (!found[i].unreadable.empty()) check.unreadable.push_back(found[i].unreadable);
        if (!found[i].content || all_inverted) continue;
        const double area = found[i].content->area;
        if (items[i]->is_anomalous && area == 0)
            check.faults.push_back(text(*items[i]->mask, ": marks no pixel, but its image ", items[i]->image, " is a defect (",
                                        items[i]->kind,
                                        "); draw the defect, remove the mask, or move the image to the good ones"));
        if (!items[i]->is_anomalous && area > 0)
            check.faults.push_back(text(*items[i]->mask, ": marks a defect, but its image ", items[i]->image,
                                        " is good; move the image to its kind of defect, or remove the mask"));
    }
    detail::note_marks(found, check.notes);
    if (!all_inverted)
        detail::add_group(check.notes, inverted, "mask marks", "masks mark", " most of the image and of its edge as defect");
    detail::add_group(check.notes, turned, "mask is", "masks are",
                      " drawn on the stored pixels of an image that EXIF turns, and turned likewise");
    if (!turned.empty())
        detail::add_group(check.faults, may_be_turned, "mask may be", "masks may be",
                          " drawn on the stored or on the turned pixels of an image with an EXIF orientation, and other masks of "
                          "this data set are on stored pixels; store these images upright");
    else
        detail::add_group(check.notes, may_be_turned, "mask is", "masks are",
                          " taken as drawn on the upright pixels of an image with an EXIF orientation");
    for (const auto* one : missing)
        if (!one->mask_expected.empty()) check.missing.push_back(missing_mask_text(*one));
    if (missing.size() < defects)
        detail::add_group(check.notes, missing, "defect has", "defects have", text(" no mask, of ", defects));
    return check;
}

}  // namespace rd4ad::inline RD4AD_ABI::data
