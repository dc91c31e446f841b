// rd4ad/train/usable_images.hpp: reads every image of a training before the first step, so that none ends it later. Twin:
// tests/train/usable_images.cpp
#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/data/items.hpp>
#include <rd4ad/model/network_input.hpp>
#include <rd4ad/train/log.hpp>
#include <rd4ad/train/options.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// A data set for training, and the images that it lacks.
struct usable_images {
    data::dataset set{};
    std::vector<skipped_image> skipped{};
};

/// Reads and preprocesses the training images, and the validation images unless options.calibrate_by leaves them unused. Under
/// options.bad_images == skip returns the data set without those that fail; training on it gives the same bits as if they had
/// never been there. Otherwise throws data_error that names every image that fails and its reason. threads: 0 for all. Cost: the
/// decoding of every image. Throws option_error for preprocessing that no image can have, and stopped_error for options.stop.
[[nodiscard]] inline usable_images find_usable_images(data::dataset set, const train_options& options, std::size_t threads) {
    std::vector<std::filesystem::path> files;
    const auto add = [&](const std::vector<data::item>& items) {
        for (const auto& one : items) files.push_back(one.image);
    };
    add(set.train);
    const bool calibrates =
        options.calibrate_by == calibration_images::automatic || options.calibrate_by == calibration_images::hold_out;
    if (calibrates) add(set.validation);
    const auto failures = find_unusable_files(files, preprocessing_of(options), threads, options.stop);
    usable_images made;
    std::string reasons;
    std::size_t next = 0;
    const auto keep_usable = [&](std::vector<data::item>& items) {
        std::vector<data::item> usable;
        for (auto& one : items) {
            if (const auto& failed = failures[next++]) {
                reasons += text(reasons.empty() ? "" : "; ", failed->message);
                made.skipped.push_back({one.image, *failed});
            } else {
                usable.push_back(std::move(one));
            }
        }
        items = std::move(usable);
    };
    keep_usable(set.train);
    if (calibrates) keep_usable(set.validation);
    if (!made.skipped.empty() && options.bad_images == on_failure::stop)
        throw data_error{
            text("data set '", set.name, "': ", made.skipped.size(), " of ", files.size(),
                 " images to train on can't be used; repair or remove them, or leave them out (--skip-bad): ", reasons)};
    if (set.train.empty() && !made.skipped.empty())
        throw data_error{text("data set '", set.name, "': none of its ", made.skipped.size(), " images can be used: ", reasons)};
    made.set = std::move(set);
    return made;
}

}  // namespace rd4ad::inline RD4AD_ABI
