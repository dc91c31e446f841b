// rd4ad/train/images.hpp: photographs to the network's input, whole or in patches, a batch at a time, the next one while this
// one is used. Twin: tests/train/images.cpp
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <rd4ad/backend/tensor.hpp>
#include <rd4ad/core/pipeline.hpp>
#include <rd4ad/core/threads.hpp>
#include <rd4ad/data/view.hpp>
#include <rd4ad/image/normalise.hpp>
#include <rd4ad/image/read.hpp>
#include <rd4ad/io/mapped_file.hpp>
#include <rd4ad/model/model.hpp>

namespace rd4ad {

/// A photograph as a view has it, before it is cut into patches.
struct fitted_photograph {
    data::arrangement how{};
    image::picture picture{};  ///< how.place.width x how.place.height
};

/// Throws as data::arrange and image::fit_picture do.
[[nodiscard]] inline fitted_photograph fit_photograph(const image::picture& photograph, const data::view& by) {
    auto how = data::arrange(by, photograph.width, photograph.height);
    auto picture = image::fit_picture(how.place, photograph);
    return {std::move(how), std::move(picture)};
}

/// Files read and fitted on `threads` threads.
[[nodiscard]] inline std::vector<fitted_photograph> fit_files(std::span<const std::filesystem::path> files, const data::view& by,
                                                              std::size_t threads) {
    std::vector<fitted_photograph> fitted(files.size());
    parallel_for(files.size(), threads, [&](std::size_t i) { fitted[i] = fit_photograph(image::read(files[i]), by); });
    return fitted;
}

/// Goes through photographs on disk, `step` at a time: each(making, make), where make(first, size) reads and fits a part and
/// `making` says when it should. Where the queue's threads are all the processors there are, that is between the network's runs
/// and by the queue's own threads: others beside them would only hold them up, and all of them wait for one that is held up. Else
/// ahead.
template <Backend B, class Each>
void with_fitted_files(typename B::queue& q, std::span<const std::filesystem::path> files, const data::view& by, std::size_t step,
                       const Each& each) {
    if constexpr (backend::WorksOnHost<B>)
        if (q.threads >= std::thread::hardware_concurrency())
            return each(making::in_turn, [&q, files, &by, step](std::size_t first, std::size_t count) {
                const auto part = files.subspan(first, count);
                for (const auto& file : files.subspan(first + count, std::min(step, files.size() - first - count)))
                    io::expect_file(file);
                std::vector<fitted_photograph> fitted(count);
                B::for_each(q, count, [&](std::size_t i) { fitted[i] = fit_photograph(image::read(part[i]), by); });
                return fitted;
            });
    each(making::ahead, [&q, files, &by](std::size_t first, std::size_t count) {
        return fit_files(files.subspan(first, count), by, q.threads);
    });
}

/// A patch as the network sees it: normalised, channels last, written to `out`.
inline void patch_input(const fitted_photograph& of, std::size_t patch, const image::normalisation& by, std::span<float> out) {
    if (of.how.grid.count() == 1)
        image::normalise(of.picture, out, by);
    else
        image::normalise(data::extract(of.picture, of.how.grid.at(patch)), out, by);
}

/// A photograph as a network without patches sees it. Throws option_error where the settings cut it into patches,
/// shape_error where it comes to another size than theirs.
inline void network_input(const image::picture& photograph, const model_settings& settings, std::span<float> out) {
    if (!settings.view.whole())
        throw option_error{"network_input: the network sees patches; cut the photograph by fit_photograph and patch_input"};
    const auto fitted = fit_photograph(photograph, settings.view);
    if (fitted.picture.width != settings.width || fitted.picture.height != settings.height)
        throw shape_error{"network_input: the photograph of " + image::size_text(photograph) + " comes to " +
                          image::size_text(fitted.picture) + ", the network takes " + std::to_string(settings.width) + 'x' +
                          std::to_string(settings.height) + "x3 (width x height x channels)"};
    patch_input(fitted, 0, settings.normalisation, out);
}

/// Files read, fitted and normalised on `threads` threads; for networks without patches.
[[nodiscard]] inline std::vector<float> network_inputs(std::span<const std::filesystem::path> files,
                                                       const model_settings& settings, std::size_t threads) {
    const std::size_t each = settings.height * settings.width * 3;
    std::vector<float> inputs(files.size() * each);
    parallel_for(files.size(), threads, [&](std::size_t i) {
        network_input(image::read(files[i]), settings, std::span{inputs}.subspan(i * each, each));
    });
    return inputs;
}

/// Inputs of height x width to a device, in the backend's type.
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

/// Photographs that are to be read at once so that their patches fill a batch of the network: by the first one's size.
[[nodiscard]] inline std::size_t photographs_at_once(const data::view& by, std::size_t batch,
                                                     const std::filesystem::path& first) {
    if (by.whole()) return batch;
    const auto [width, height] = image::read_size(first);
    return std::max<std::size_t>(1, batch / data::arrange(by, width, height).grid.count());
}

/// Photographs on disk as a row of images of one size for the network, photograph by photograph, patch by patch.
class image_source {
   public:
    /// Throws option_error for a view that is none, data_error naming two files whose images come to different sizes, io_error
    /// and format_error for a file whose size can't be read (it is, where the view depends on it).
    image_source(std::vector<std::filesystem::path> files, const data::view& by, const image::normalisation& normalisation,
                 std::size_t threads)
        : files_{std::move(files)}, view_{by}, normalisation_{normalisation}, threads_{threads} {
        data::check_view(view_);
        ends_.reserve(files_.size());
        if (view_.one_size()) {
            const auto grid = data::arrange(view_, image::size_step, image::size_step).grid;
            width_ = grid.patch_width, height_ = grid.patch_height;
            for (std::size_t i = 0; i < files_.size(); ++i) ends_.push_back((i + 1) * grid.count());
            return;
        }
        std::vector<image::size> sizes(files_.size());
        parallel_for(files_.size(), threads_, [&](std::size_t i) { sizes[i] = image::read_size(files_[i]); });
        for (std::size_t i = 0; i < files_.size(); ++i) {
            const auto grid = data::arrange(view_, sizes[i].width, sizes[i].height).grid;
            if (i == 0) width_ = grid.patch_width, height_ = grid.patch_height;
            if (grid.patch_width != width_ || grid.patch_height != height_)
                throw data_error{files_[i].string() + ": its " + std::to_string(sizes[i].width) + " x " +
                                 std::to_string(sizes[i].height) + " pixels come to " + std::to_string(grid.patch_width) + " x " +
                                 std::to_string(grid.patch_height) + " at the network, those of " + files_[0].string() + " (" +
                                 std::to_string(sizes[0].width) + " x " + std::to_string(sizes[0].height) + ") to " +
                                 std::to_string(width_) + " x " + std::to_string(height_) +
                                 "; to be trained on together they must come to one size: use fit squash or pad, a centre crop, "
                                 "or a patch size"};
            ends_.push_back((i == 0 ? 0 : ends_[i - 1]) + grid.count());
        }
    }

    /// Images for the network: patches of all photographs.
    [[nodiscard]] std::size_t size() const noexcept { return ends_.empty() ? 0 : ends_.back(); }
    [[nodiscard]] std::size_t width() const noexcept { return width_; }
    [[nodiscard]] std::size_t height() const noexcept { return height_; }

    /// The images first .. first + count - 1. The last photograph is kept for the next call, so that each is read once when
    /// all are read in order. Not for two threads at once.
    [[nodiscard]] std::vector<float> read(std::size_t first, std::size_t count) {
        const std::size_t each = height_ * width_ * 3;
        std::vector<float> inputs(count * each);
        const auto file_of = [&](std::size_t at) {
            return static_cast<std::size_t>(std::upper_bound(ends_.begin(), ends_.end(), at) - ends_.begin());
        };
        const std::size_t begin = file_of(first), end = file_of(first + count - 1) + 1;
        std::vector<fitted_photograph> photographs(end - begin);
        parallel_for(end - begin, threads_, [&](std::size_t i) {
            photographs[i] = kept_ && kept_->first == begin + i ? std::move(kept_->second)
                                                                : fit_photograph(image::read(files_[begin + i]), view_);
        });
        parallel_for(count, threads_, [&](std::size_t i) {
            const std::size_t file = file_of(first + i), patch = first + i - (file == 0 ? 0 : ends_[file - 1]);
            patch_input(photographs[file - begin], patch, normalisation_, std::span{inputs}.subspan(i * each, each));
        });
        kept_.emplace(end - 1, std::move(photographs.back()));
        return inputs;
    }

   private:
    std::vector<std::filesystem::path> files_;
    data::view view_;
    image::normalisation normalisation_;
    std::size_t threads_, width_{0}, height_{0};
    std::vector<std::size_t> ends_{};  // of each file's images
    std::optional<std::pair<std::size_t, fitted_photograph>> kept_{};
};

/// Calls use(first, inputs) for batches of a source's images in order; the next batch is read while `use` works.
template <class Use>
void for_each_batch(image_source& from, std::size_t batch, const Use& use) {
    work_through(
        making::ahead, from.size(), batch, [&](std::size_t first, std::size_t count) { return from.read(first, count); }, use);
}

}  // namespace rd4ad
