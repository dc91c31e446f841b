// rd4ad/model/network_input.hpp: from images to the network's input: preprocessing, patches, normalisation, batches. Twin:
// tests/model/network_input.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <rd4ad/backend/tensor.hpp>
#include <rd4ad/core/outcome.hpp>
#include <rd4ad/core/pipeline.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/data/kept_image.hpp>
#include <rd4ad/data/open_roi.hpp>
#include <rd4ad/data/preprocessing.hpp>
#include <rd4ad/image/fit_view.hpp>
#include <rd4ad/image/image_view.hpp>
#include <rd4ad/image/normalise.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/io/read_file.hpp>
#include <rd4ad/model/settings.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// An image after fit and crop, before it is cut into patches.
struct preprocessed_image {
    data::preprocessing_plan plan{};
    image::image_u8 image{};  ///< plan.transform.width x plan.transform.height
    std::string name{};       ///< of the image's file, for messages; empty for pixels from elsewhere
    data::shared_mask roi{};  ///< the image's own region of interest; null: the model's
    std::string product{};    ///< that the image shows; "": the detector's
};

/// Fits and crops an image. Throws as data::plan and image::fit_image do.
[[nodiscard]] inline preprocessed_image preprocess(const image::image_u8& image, const data::preprocessing& by) {
    auto plan = data::plan(by, image.width, image.height);
    auto fitted = image::fit_image(plan.transform, image);
    return {.plan = std::move(plan), .image = std::move(fitted)};
}

/// The same; moves the pixels where the preprocessing does not change them.
[[nodiscard]] inline preprocessed_image preprocess(image::image_u8&& image, const data::preprocessing& by) {
    auto plan = data::plan(by, image.width, image.height);
    auto fitted = image::fit_image(plan.transform, std::move(image));
    return {.plan = std::move(plan), .image = std::move(fitted)};
}

/// Fits and crops a view in one pass over its pixels, to the same input as an RGB image of these pixels. Throws as data::plan and
/// image::fit_image do.
[[nodiscard]] inline preprocessed_image preprocess(const image::image_view& view, const data::preprocessing& by) {
    image::check_view(view, "preprocess");
    auto plan = data::plan(by, view.width, view.height);
    auto fitted = image::fit_image(plan.transform, view);
    return {.plan = std::move(plan), .image = std::move(fitted)};
}

/// Decodes and preprocesses the bytes of an image's file. A file with more than 8 bits per channel keeps them up to the resize.
/// Throws as image::decode and preprocess do.
[[nodiscard]] inline preprocessed_image preprocess_bytes(std::span<const std::byte> bytes, const std::string& name,
                                                         const data::preprocessing& by) {
    if (const auto deep = image::decode_deep(bytes, name, by.white_level)) return preprocess(image::view_of(*deep), by);
    return preprocess(image::decode(bytes, name), by);
}

/// Reads and preprocesses a file, with its name and its mask of a region of interest. Throws as image::read, preprocess and
/// data::roi_mask do.
[[nodiscard]] inline preprocessed_image preprocess_file(const std::filesystem::path& file, const data::preprocessing& by,
                                                        const data::region_of_interest& roi = {}) {
    auto made = preprocess_bytes(image::read_bytes(file), file.string(), by);
    made.name = file.string();
    made.roi = data::roi_mask(roi, file, made.plan.transform.source_width, made.plan.transform.source_height);
    return made;
}

namespace model_detail {

template <class Image>
[[nodiscard]] std::vector<preprocessed_image> preprocess_each(std::span<const Image> images, const data::preprocessing& by,
                                                              std::size_t threads) {
    std::vector<preprocessed_image> preprocessed(images.size());
    parallel_for(images.size(), threads, [&](std::size_t i) { preprocessed[i] = preprocess(images[i], by); });
    return preprocessed;
}

}  // namespace model_detail

/// Preprocesses images on `threads` threads. Throws as preprocess does.
[[nodiscard]] inline std::vector<preprocessed_image> preprocess_images(std::span<const image::image_u8> images,
                                                                       const data::preprocessing& by, std::size_t threads) {
    return model_detail::preprocess_each(images, by, threads);
}

/// Preprocesses views on `threads` threads. Throws as preprocess does.
[[nodiscard]] inline std::vector<preprocessed_image> preprocess_images(std::span<const image::image_view> views,
                                                                       const data::preprocessing& by, std::size_t threads) {
    return model_detail::preprocess_each(views, by, threads);
}

/// A preprocessed image per file, in the files' order, or the reason why there is none.
using preprocessed_outcomes = std::vector<outcome<preprocessed_image>>;

/// The same; under on_failure::skip it returns the error.
[[nodiscard]] inline outcome<preprocessed_image> preprocess_file(const std::filesystem::path& file, const data::preprocessing& by,
                                                                 const data::region_of_interest& roi, on_failure reaction) {
    return attempt(reaction, file, [&] { return preprocess_file(file, by, roi); });
}

/// preprocess_file for each file, on `threads` threads.
[[nodiscard]] inline preprocessed_outcomes preprocess_files(std::span<const std::filesystem::path> files,
                                                            const data::preprocessing& by, std::size_t threads,
                                                            const data::region_of_interest& roi = {},
                                                            on_failure reaction = on_failure::stop) {
    preprocessed_outcomes images(files.size());
    parallel_for(files.size(), threads, [&](std::size_t i) { images[i] = preprocess_file(files[i], by, roi, reaction); });
    return images;
}

/// The files that can't be read and preprocessed: reads all of them on `threads` threads and keeps no image. Per file the
/// failure, or nothing, in the files' order. Throws option_error as data::check_preprocessing does.
[[nodiscard]] inline std::vector<std::optional<failure>> find_unusable_files(std::span<const std::filesystem::path> files,
                                                                             const data::preprocessing& by, std::size_t threads) {
    data::check_preprocessing(by);
    std::vector<std::optional<failure>> found(files.size());
    parallel_for(files.size(), threads, [&](std::size_t i) {
        if (const auto image = preprocess_file(files[i], by, {}, on_failure::skip); !image) found[i] = image.error();
    });
    return found;
}

/// Visits files `step` at a time: calls run(prefetch, load), where load(first, count) reads and preprocesses one chunk, as
/// preprocess_files does. If the compute threads already occupy every core, they load images between network runs; otherwise
/// extra threads prefetch. `roi`: the region of interest of the files.
template <Backend B, class Run>
void with_preprocessed_files(typename B::queue& q, std::span<const std::filesystem::path> files, const data::preprocessing& by,
                             std::size_t step, const data::region_of_interest& roi, on_failure reaction, const Run& run) {
    if constexpr (backend::WorksOnHost<B>)
        if (q.threads >= available_processors())
            return run(prefetch::off, [&q, files, &by, step, &roi, reaction](std::size_t first, std::size_t count) {
                const auto chunk = files.subspan(first, count);
                for (const auto& file : files.subspan(first + count, std::min(step, files.size() - first - count)))
                    io::prefetch_file(file);
                preprocessed_outcomes images(count);
                B::for_each(q, count, [&](std::size_t i) { images[i] = preprocess_file(chunk[i], by, roi, reaction); });
                return images;
            });
    run(prefetch::on, [&q, files, &by, &roi, reaction](std::size_t first, std::size_t count) {
        return preprocess_files(files.subspan(first, count), by, q.threads, roi, reaction);
    });
}

/// Writes one patch as the network's input: normalised, channels last, height x width x 3 values.
inline void patch_input(const preprocessed_image& of, std::size_t patch, const image::normalisation& by, std::span<float> out) {
    if (of.plan.grid.count() == 1)
        image::normalise(of.image, out, by);
    else
        image::normalise(image::crop(of.image, of.plan.grid.at(patch)), out, by);
}

/// Writes a whole image as the network's input. Throws option_error where the settings cut images into patches, shape_error
/// where the preprocessed image has another size than the network's input.
inline void network_input(const image::image_u8& image, const model_settings& settings, std::span<float> out) {
    if (!settings.preprocessing.whole())
        throw option_error{"network_input: the model takes patches; use preprocess and patch_input"};
    const auto preprocessed = preprocess(image, settings.preprocessing);
    if (preprocessed.image.width != settings.width || preprocessed.image.height != settings.height)
        throw shape_error{text("network_input: an input of ", settings.width, 'x', settings.height,
                               "x3 (width x height x channels) expected, found ", image::size_text(preprocessed.image),
                               " from an image of ", image::size_text(image))};
    patch_input(preprocessed, 0, settings.normalisation, out);
}

/// Uploads inputs of height x width x 3 values each as one batch, in the backend's value type.
template <Backend B>
[[nodiscard]] tensor<B> upload_images(typename B::queue& q, const std::vector<float>& inputs, std::size_t height,
                                      std::size_t width) {
    using T = typename B::value_type;
    const shape size{inputs.size() / (height * width * 3), 3, height, width};
    if constexpr (std::is_same_v<T, float>)
        return to_device<B>(q, size, inputs);
    else
        return to_device<B>(q, size, std::vector<T>(inputs.begin(), inputs.end()));
}

/// Number of images to read at once so that their patches fill a batch, by the first file's size. Under on_failure::skip the
/// first file that can be read and preprocessed decides, as without the others; `batch` if there is none. Throws as
/// image::read_size and data::plan.
[[nodiscard]] inline std::size_t images_per_read(const data::preprocessing& by, std::size_t batch,
                                                 std::span<const std::filesystem::path> files,
                                                 on_failure reaction = on_failure::stop) {
    if (by.whole()) return batch;
    const auto fill = [&](const data::preprocessing_plan& plan) { return std::max<std::size_t>(1, batch / plan.grid.count()); };
    if (reaction == on_failure::stop) {
        const auto [width, height] = image::read_size(files.front());
        return fill(data::plan(by, width, height));
    }
    for (const auto& file : files)
        if (const auto image = preprocess_file(file, by, {}, reaction)) return fill(image->plan);
    return batch;
}

/// The image of a data set's item that is no file; null: a file.
using shared_kept_image = std::shared_ptr<const data::kept_image>;

/// Files, or kept images in their places, as a sequence of network inputs of one size, file by file, patch by patch.
class image_source {
   public:
    /// kept: per file, null for a file on disk; empty: all are. Throws option_error for invalid preprocessing and for a kept
    /// image of another preprocessing, data_error naming two files whose inputs have different sizes, io_error and format_error
    /// for a file whose size can't be read (where the preprocessing depends on it).
    image_source(std::vector<std::filesystem::path> files, const data::preprocessing& by,
                 const image::normalisation& normalisation, std::size_t threads, std::vector<shared_kept_image> kept = {})
        : files_{std::move(files)}, kept_{std::move(kept)}, preprocessing_{by}, normalisation_{normalisation}, threads_{threads} {
        data::check_preprocessing(preprocessing_);
        kept_.resize(files_.size());
        for (std::size_t i = 0; i < files_.size(); ++i)
            if (kept_[i] && kept_[i]->preprocessing != preprocessing_)
                throw option_error{text(files_[i], ": was kept with other settings of its preprocessing than these: fit ",
                                        image::to_string(preprocessing_.geometry.fit), ", size ", preprocessing_.geometry.size,
                                        "; keep the images with the options of their training")};
        ends_.reserve(files_.size());
        if (preprocessing_.one_size())
            count_inputs_of_one_size();
        else
            count_inputs();
    }

    /// Number of inputs: the patches of all images.
    [[nodiscard]] std::size_t size() const noexcept { return ends_.empty() ? 0 : ends_.back(); }
    [[nodiscard]] std::size_t width() const noexcept { return width_; }
    [[nodiscard]] std::size_t height() const noexcept { return height_; }
    [[nodiscard]] const std::vector<std::filesystem::path>& files() const noexcept { return files_; }
    /// Per file the kept image, or null.
    [[nodiscard]] const std::vector<shared_kept_image>& kept() const noexcept { return kept_; }

    /// A source of some of the files, by their indices. Throws as the constructor does.
    [[nodiscard]] image_source part(std::span<const std::size_t> of) const {
        std::vector<std::filesystem::path> files;
        std::vector<shared_kept_image> kept;
        for (const std::size_t file : of) files.push_back(files_[file]), kept.push_back(kept_[file]);
        return {std::move(files), preprocessing_, normalisation_, threads_, std::move(kept)};
    }

    /// The inputs of a file: the first one, and the number of them.
    [[nodiscard]] std::pair<std::size_t, std::size_t> inputs_of(std::size_t file) const {
        const std::size_t first = file == 0 ? 0 : ends_[file - 1];
        return {first, ends_[file] - first};
    }

    /// The preprocessing of a file, by its size. Throws as image::read_size.
    [[nodiscard]] data::preprocessing_plan plan(std::size_t file) const {
        const auto [width, height] = source_size(file);
        return data::plan(preprocessing_, width, height);
    }

    /// The inputs first .. first + count - 1. Keeps the last image for the next call, so that reading in order reads each file
    /// once. Not thread-safe.
    [[nodiscard]] std::vector<float> read(std::size_t first, std::size_t count) {
        const std::size_t each = height_ * width_ * 3;
        std::vector<float> inputs(count * each);
        const auto file_of = [&](std::size_t at) {
            return static_cast<std::size_t>(std::upper_bound(ends_.begin(), ends_.end(), at) - ends_.begin());
        };
        const std::size_t begin = file_of(first), end = file_of(first + count - 1) + 1;
        std::vector<preprocessed_image> images(end - begin);
        parallel_for(end - begin, threads_, [&](std::size_t i) {
            images[i] = last_ && last_->first == begin + i ? std::move(last_->second) : load(begin + i);
        });
        parallel_for(count, threads_, [&](std::size_t i) {
            const std::size_t file = file_of(first + i), patch = first + i - (file == 0 ? 0 : ends_[file - 1]);
            patch_input(images[file - begin], patch, normalisation_, std::span{inputs}.subspan(i * each, each));
        });
        last_.emplace(end - 1, std::move(images.back()));
        return inputs;
    }

   private:
    [[nodiscard]] image::size source_size(std::size_t file) const {
        return kept_[file] ? kept_[file]->source : image::read_size(files_[file]);
    }

    [[nodiscard]] preprocessed_image load(std::size_t file) const {
        if (!kept_[file]) return preprocess_file(files_[file], preprocessing_);
        return {.plan = plan(file), .image = kept_[file]->fitted, .name = files_[file].string()};
    }

    void count_inputs_of_one_size() {
        const auto grid = data::plan(preprocessing_, image::size_step, image::size_step).grid;
        width_ = grid.patch_width, height_ = grid.patch_height;
        for (std::size_t i = 0; i < files_.size(); ++i) ends_.push_back((i + 1) * grid.count());
    }

    void count_inputs() {
        std::vector<image::size> sizes(files_.size());
        parallel_for(files_.size(), threads_, [&](std::size_t i) { sizes[i] = source_size(i); });
        for (std::size_t i = 0; i < files_.size(); ++i) {
            const auto grid = data::plan(preprocessing_, sizes[i].width, sizes[i].height).grid;
            if (i == 0) width_ = grid.patch_width, height_ = grid.patch_height;
            if (grid.patch_width != width_ || grid.patch_height != height_)
                throw data_error{text(files_[i], ": its ", sizes[i].width, " x ", sizes[i].height, " pixels give an input of ",
                                      grid.patch_width, " x ", grid.patch_height, ", but those of ", files_[0], " (",
                                      sizes[0].width, " x ", sizes[0].height, ") give ", width_, " x ", height_,
                                      "; a training needs one size: use fit squash or pad, a centre crop, or a patch size")};
            ends_.push_back(size() + grid.count());
        }
    }

    std::vector<std::filesystem::path> files_;
    std::vector<shared_kept_image> kept_;
    data::preprocessing preprocessing_;
    image::normalisation normalisation_;
    std::size_t threads_, width_{0}, height_{0};
    std::vector<std::size_t> ends_{};                                   // of each file's inputs
    std::optional<std::pair<std::size_t, preprocessed_image>> last_{};  // that was read, by its file
};

/// Calls use(first, inputs) for batches of a source's inputs in order, and prefetches the next batch meanwhile.
template <class Use>
void for_each_batch(image_source& from, std::size_t batch, const Use& use) {
    for_each_chunk(
        prefetch::on, from.size(), batch, [&](std::size_t first, std::size_t count) { return from.read(first, count); }, use);
}

}  // namespace rd4ad::inline RD4AD_ABI
