// rd4ad/train/usable_images.hpp: reads every image of a training before the first step, so that none ends it later. Twin:
// tests/train/usable_images.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/outcome.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/data/fingerprint.hpp>
#include <rd4ad/data/identity.hpp>
#include <rd4ad/data/items.hpp>
#include <rd4ad/data/kept_image.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/io/read_file.hpp>
#include <rd4ad/model/network_input.hpp>
#include <rd4ad/train/log.hpp>
#include <rd4ad/train/options.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// A data set for training, the images that it lacks, and what recognises it again.
struct usable_images {
    data::dataset set{};
    std::vector<skipped_image> skipped{};
    data::identity identity{};                           ///< of the set, for its checkpoint
    std::vector<data::file_fingerprint> fingerprints{};  ///< of set.train, then of set.validation if it calibrates, to resume
};

namespace train_detail {

/// What one reading of an image's file tells.
struct examined_image {
    data::file_fingerprint fingerprint{};
    std::uint64_t hash{0};  ///< data::image_hash
};

/// Reads a file once: fingerprint, hash, and whether it can be decoded and preprocessed. Throws as image::read_bytes,
/// image::decode and preprocess do.
[[nodiscard]] inline examined_image examine_image(const std::filesystem::path& file, const data::preprocessing& by) {
    const auto bytes = image::read_bytes(file);
    static_cast<void>(preprocess_bytes(bytes, file.string(), by));
    return {data::fingerprint_of(file, bytes), data::image_hash(bytes)};
}

/// The same for an item of a data set; under on_failure::skip the error of a file, and the problem of a kept image.
[[nodiscard]] inline outcome<examined_image> examine_item(const data::item& one, const data::preprocessing& by) {
    if (!one.kept) return attempt(on_failure::skip, one.image, [&] { return examine_image(one.image, by); });
    if (one.kept->problem) return *one.kept->problem;
    return examined_image{one.kept->fingerprint, one.kept->hash};
}

}  // namespace train_detail

/// Reads and preprocesses the training images, and the validation images unless options.calibrate_by leaves them unused. Under
/// options.bad_images == skip returns the data set without those that fail; training on it gives the same bits as if they had
/// never been there. Reads each file once. Otherwise throws data_error that names every image that fails and its reason. threads:
/// 0 for all. Cost: the decoding of every image. Throws option_error for preprocessing that no image can have, and stopped_error
/// for options.stop.
[[nodiscard]] inline usable_images find_usable_images(data::dataset set, const train_options& options, std::size_t threads) {
    std::vector<const data::item*> images;
    const auto add = [&](const std::vector<data::item>& items) {
        for (const auto& one : items) images.push_back(&one);
    };
    add(set.train);
    const bool calibrates =
        options.calibrate_by == calibration_images::automatic || options.calibrate_by == calibration_images::hold_out;
    if (calibrates) add(set.validation);
    const auto by = preprocessing_of(options);
    data::check_preprocessing(by);
    std::vector<outcome<train_detail::examined_image>> examined(images.size());
    parallel_for(images.size(), threads, [&](std::size_t i) {
        if (!options.stop.stop_requested()) examined[i] = train_detail::examine_item(*images[i], by);
    });
    if (options.stop.stop_requested())
        throw stopped_error{text("train: stopped by the caller while it read ", images.size(), " images; no file has changed")};
    usable_images made;
    std::vector<std::uint64_t> hashes;
    std::string reasons;
    std::size_t next = 0;
    const auto keep_usable = [&](std::vector<data::item>& items) {
        std::vector<data::item> usable;
        for (auto& one : items) {
            const auto& found = examined[next++];
            if (!found) {
                reasons += text(reasons.empty() ? "" : "; ", found.error().message);
                made.skipped.push_back({one.image, found.error()});
                continue;
            }
            usable.push_back(std::move(one));
            made.fingerprints.push_back(found->fingerprint);
            hashes.push_back(found->hash);
        }
        items = std::move(usable);
    };
    keep_usable(set.train);
    made.identity = data::make_identity(set.name, hashes);
    if (calibrates) keep_usable(set.validation);
    if (!made.skipped.empty() && options.bad_images == on_failure::stop)
        throw data_error{
            text("data set '", set.name, "': ", made.skipped.size(), " of ", images.size(),
                 " images to train on can't be used; repair or remove them, or leave them out (--skip-bad): ", reasons)};
    if (set.train.empty() && !made.skipped.empty())
        throw data_error{text("data set '", set.name, "': none of its ", made.skipped.size(), " images can be used: ", reasons)};
    made.set = std::move(set);
    return made;
}

}  // namespace rd4ad::inline RD4AD_ABI
