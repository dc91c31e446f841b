// A part of src/engine.cpp: a detector of one backend behind the boundary.
#pragma once
#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <rd4ad/any/convert.hpp>
#include <rd4ad/any/engine.hpp>
#include <rd4ad/score/detector.hpp>

namespace rd4ad::inline RD4AD_ABI::compiled_engine {

namespace {

namespace fs = std::filesystem;
using any::from_boundary, any::to_boundary;

/// Returns call(), with the library's errors as the boundary's problems.
template <class Call>
decltype(auto) export_errors(const Call& call) {
    try {
        return call();
    } catch (const error& found) {
        throw boundary::problem{static_cast<int>(found.code()), found.what()};
    }
}

/// The device of the calls on this thread: a GPU for thrust on CUDA. Restored at the end.
class device_scope {
   public:
#if defined(__CUDACC__)
    explicit device_scope(int number) {
        backend::device::check(cudaGetDevice(&before_), "reading the current device");
        backend::device::check(cudaSetDevice(number), "setting the device");
    }
    ~device_scope() { static_cast<void>(cudaSetDevice(before_)); }

   private:
    int before_{0};
#else
    explicit device_scope(int) {}
    ~device_scope() = default;

   public:
#endif
    device_scope(const device_scope&) = delete;
    device_scope& operator=(const device_scope&) = delete;
};

/// The number of the option `device`. Throws option_error for one that the backend does not have.
[[nodiscard]] int device_number(const boundary::engine_options& options) {
    if (options.device.empty()) return 0;
#if defined(__CUDACC__)
    int number = 0;
    const auto* end = options.device.data() + options.device.size();
    const auto read = std::from_chars(options.device.data(), end, number);
    if (read.ec == std::errc{} && read.ptr == end && number >= 0) return number;
    throw option_error{text("device \"", options.device, "\" is unknown; expected the number of a GPU, 0 for the first one")};
#else
    throw option_error{text("device \"", options.device,
                            "\": this build computes on the processor alone; leave the device empty, or build with "
                            "RD4AD_THRUST=CUDA")};
#endif
}

[[nodiscard]] std::vector<image::image_view> views_of(std::span<const boundary::frame> frames) {
    std::vector<image::image_view> views;
    views.reserve(frames.size());
    for (const auto& one : frames) views.push_back(from_boundary(one));
    return views;
}

/// The 8-bit mask of a frame of format grey8.
[[nodiscard]] image::image_u8 mask_of(const boundary::frame& frame) {
    const auto view = from_boundary(frame);
    image::check_view(view, "the region of interest");
    if (view.format != image::pixel_format::grey8)
        throw option_error{text("the region of interest is ", image::size_text(view), "; expected grey8, 0 outside")};
    auto mask = image::make_image<std::uint8_t>(view.width, view.height, 1);
    for (std::size_t y = 0; y < view.height; ++y)
        std::copy_n(static_cast<const std::uint8_t*>(view.data) + static_cast<std::ptrdiff_t>(y) * view.row_step(), view.width,
                    mask.row(y));
    return mask;
}

/// A detector<B> behind the boundary.
template <Backend B>
class detector_of final : public boundary::detector {
   public:
    detector_of(rd4ad::detector<B> by, std::string backend, int device)
        : device_{device}, by_{std::move(by)}, description_{describe(std::move(backend))} {}

    [[nodiscard]] const boundary::description& description() const noexcept override { return description_; }

    void warm_up(std::span<const std::array<std::size_t, 2>> sizes, std::size_t frames, std::size_t callers) const override {
        run([&] {
            std::vector<image::size> made;
            for (const auto& [width, height] : sizes) made.push_back({width, height});
            by_.warm_up(made, {.frames = frames, .callers = callers});
        });
    }

    [[nodiscard]] std::vector<boundary::result> score(std::span<const boundary::frame> frames) const override {
        return run([&] {
            std::vector<boundary::result> results;
            results.reserve(frames.size());
            for (auto& one : by_.score(std::span<const image::image_view>{views_of(frames)}))
                results.push_back(to_boundary(std::move(one)));
            return results;
        });
    }

    [[nodiscard]] boundary::result score_inside(const boundary::frame& of, const boundary::frame& mask) const override {
        return run([&] { return to_boundary(by_.score(from_boundary(of), mask_of(mask))); });
    }

    [[nodiscard]] boundary::result score_file(const fs::path& file) const override {
        return run([&] {
            boundary::result made;
            by_.score_files(std::span{&file, 1}, [&made](std::size_t, std::span<const outcome<detection_result>> results,
                                                         double) { made = to_boundary(*results.front()); });
            return made;
        });
    }

    void score_files(std::span<const fs::path> files, const boundary::results_callback& use, bool skip_failures,
                     const boundary::control& follow) const override {
        const auto convert = [&use](std::size_t first, std::span<const outcome<detection_result>> results, double ms) {
            std::vector<boundary::outcome> made;
            made.reserve(results.size());
            for (const auto& one : results)
                if (one)
                    made.push_back({.result = to_boundary(*one)});
                else
                    made.push_back({.problem = to_boundary(one.error())});
            use(first, std::move(made), ms);
        };
        run_control control{.stop = follow.stop};
        if (follow.progress) control.progress = [&follow](const run_progress& at) { follow.progress(at.done, at.count); };
        run([&] { by_.score_files(files, convert, {}, skip_failures ? on_failure::skip : on_failure::stop, control); });
    }

   private:
    template <class Call>
    decltype(auto) run(const Call& call) const {
        return export_errors([&]() -> decltype(auto) {
            const device_scope device{device_};
            return call();
        });
    }

    [[nodiscard]] boundary::description describe(std::string backend) const {
        const auto& settings = by_.settings();
        boundary::description made{.arch = std::string{by_.arch().name},
                                   .teacher = settings.teacher,
                                   .backend = std::move(backend),
                                   .width = settings.width,
                                   .height = settings.height,
                                   .threads = by_.threads(),
                                   .products = {},
                                   .calibration = {}};
        if (per_product(by_.calibrations()))
            for (const auto& [product, calibration] : by_.calibrations()) made.products.push_back(product);
        if (by_.calibration()) made.calibration = to_boundary(*by_.calibration());
        return made;
    }

    int device_;
    rd4ad::detector<B> by_;
    boundary::description description_;
};

}  // namespace

}  // namespace rd4ad::inline RD4AD_ABI::compiled_engine
