// rd4ad/train/keep_images.hpp: makes a data set of images in memory: views of frames, or those of a generator. Twin:
// tests/train/keep_images.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/outcome.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/data/identity.hpp>
#include <rd4ad/data/items.hpp>
#include <rd4ad/data/kept_image.hpp>
#include <rd4ad/image/fit_view.hpp>
#include <rd4ad/image/pixel_checksum.hpp>
#include <rd4ad/image/write.hpp>
#include <rd4ad/io/escaped.hpp>
#include <rd4ad/io/quoted.hpp>
#include <rd4ad/model/network_input.hpp>
#include <rd4ad/train/calibration_set.hpp>
#include <rd4ad/train/options.hpp>
#include <rd4ad/train/training_image.hpp>

namespace rd4ad::inline RD4AD_ABI {

namespace train_detail {

/// A view reduced to at most 640 pixels on its longer side, as a JPEG.
[[nodiscard]] inline std::vector<std::byte> picture_of(const image::image_view& view) {
    constexpr std::size_t side = 640;
    const std::size_t longer = std::max(view.width, view.height), to = std::min(longer, side);
    const auto scaled = [&](std::size_t length) { return std::max<std::size_t>(1, (length * to + longer / 2) / longer); };
    const image::fit_transform reduced{.source_width = view.width,
                                       .source_height = view.height,
                                       .padded_width = view.width,
                                       .padded_height = view.height,
                                       .fitted_width = scaled(view.width),
                                       .fitted_height = scaled(view.height),
                                       .width = scaled(view.width),
                                       .height = scaled(view.height)};
    constexpr int quality = 92;
    return image::encode_jpeg(image::fit_image(reduced, view), quality);
}

/// Takes from a view all that a training needs. An image that can't be used has its problem, which begins with the name.
[[nodiscard]] inline data::kept_image keep_image(const image::image_view& view, const std::string& name,
                                                 const data::preprocessing& by) {
    auto made = attempt(on_failure::skip, name, [&] {
        try {
            auto preprocessed = preprocess(view, by);
            const auto& format = image::info_of(view.format);
            data::kept_image kept{.preprocessing = by,
                                  .source = {view.width, view.height},
                                  .fitted = std::move(preprocessed.image),
                                  .picture = picture_of(view)};
            kept.fingerprint = {io::utf8_text(std::filesystem::path{name}.filename().string()),
                                view.width * view.height * 3 * format.bytes, image::pixel_checksum(view)};
            kept.hash = data::image_hash(std::as_bytes(std::span{kept.fingerprint.checksum}));
            return kept;
        } catch (const shape_error& problem) {
            throw shape_error{text(name, ": ", problem.what())};
        } catch (const option_error& problem) {
            throw option_error{text(name, ": ", problem.what())};
        }
    });
    if (made) return *std::move(made);
    return {.preprocessing = by, .problem = made.error()};
}

/// A data set of named images without their pixels. Throws option_error naming two images of one name.
class named_images {
   public:
    explicit named_images(std::string name) : set_{.name = std::move(name)} {}

    /// Adds an image and returns its item, valid until the next call.
    data::item& add(const training_image& one) {
        const std::size_t number = set_.train.size() + 1;
        const std::string name = one.name.empty() ? text("image ", number) : one.name;
        const auto [other, is_new] = numbers_.emplace(name, number);
        if (!is_new)
            throw option_error{text("train: the images ", other->second, " and ", number, " are both named ", io::quoted(name),
                                    "; give each image a name of its own, or none")};
        return set_.train.emplace_back(data::item{.image = name, .product = one.product});
    }

    [[nodiscard]] data::dataset set() && { return std::move(set_); }

   private:
    data::dataset set_;
    std::map<std::string, std::size_t> numbers_{};  // of the images, from 1 on, by their names
};

/// Throws option_error for preprocessing that no image can have.
[[nodiscard]] inline data::preprocessing checked_preprocessing(const train_options& options) {
    auto by = preprocessing_of(options);
    data::check_preprocessing(by);
    check_map_choice(options.map, by);
    return by;
}

inline void check_kept(const train_options& options, std::size_t images) {
    if (options.stop.stop_requested())
        throw stopped_error{text("train: stopped by the caller after ", images, " images were given; no file has changed")};
}

}  // namespace train_detail

/// Takes images from a generator until its end, one at a time, and returns a data set for `train` with equal options. Of each
/// image it keeps the network's input (for fit native the whole frame, 3 bytes per pixel), a picture of about 100 kB and a
/// fingerprint: a training on them has the bits of a training on files with the same pixels, calibrates, finds suspects, and
/// resumes if the generator gives the same images again. An image that can't be used is reported by train, as a damaged file is.
/// name: of the data set. Throws option_error for preprocessing that no image can have and for two images of one name,
/// stopped_error for options.stop, and what the generator throws.
[[nodiscard]] inline data::dataset keep_images(const image_generator& next, const train_options& options,
                                               std::string name = "images") {
    const auto by = train_detail::checked_preprocessing(options);
    train_detail::named_images images{std::move(name)};
    std::size_t count = 0;
    for (auto one = next(); one; one = next()) {
        auto& item = images.add(*one);
        item.kept = std::make_shared<const data::kept_image>(train_detail::keep_image(one->view, item.image.string(), by));
        train_detail::check_kept(options, ++count);
    }
    return std::move(images).set();
}

/// The same for images in memory, on `threads` threads; 0: all.
[[nodiscard]] inline data::dataset keep_images(std::span<const training_image> images, const train_options& options,
                                               std::size_t threads = 0, std::string name = "images") {
    const auto by = train_detail::checked_preprocessing(options);
    train_detail::named_images named{std::move(name)};
    for (const auto& one : images) static_cast<void>(named.add(one));
    auto set = std::move(named).set();
    parallel_for(images.size(), threads, [&](std::size_t i) {
        if (options.stop.stop_requested()) return;
        set.train[i].kept =
            std::make_shared<const data::kept_image>(train_detail::keep_image(images[i].view, set.train[i].image.string(), by));
    });
    train_detail::check_kept(options, images.size());
    return set;
}

}  // namespace rd4ad::inline RD4AD_ABI
