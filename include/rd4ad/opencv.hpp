// rd4ad/opencv.hpp: cv::Mat as a frame, and maps as cv::Mat, without a copy. No other header includes it. Twin:
// tests/opencv/opencv.cpp
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <opencv2/core.hpp>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/image/fit_view.hpp>
#include <rd4ad/image/image.hpp>
#include <rd4ad/image/image_view.hpp>
#include <rd4ad/image/overlay.hpp>

namespace rd4ad::inline RD4AD_ABI::opencv {

/// A view of a matrix whose pixels have the given format: "bgrx8" for a camera's undefined fourth byte, a Bayer pattern for a
/// matrix of one channel. white: see image_view. The view's owner is a header of the matrix: it keeps memory that OpenCV
/// allocated; memory that the matrix only wraps must outlive the view. Throws shape_error for an empty matrix, another number of
/// dimensions than two, or values that are not those of the format (CV_8U or CV_16U, and its channels).
[[nodiscard]] inline image::image_view view_of(const cv::Mat& frame, image::pixel_format format, std::uint32_t white = 0) {
    const auto& expected = image::info_of(format);
    if (frame.dims != 2 || frame.rows <= 0 || frame.cols <= 0)
        throw shape_error{text("view_of: the matrix has ", frame.dims, " dimensions, ", frame.rows, " rows and ", frame.cols,
                               " columns; expected a frame of two dimensions with pixels")};
    if (frame.type() != CV_MAKETYPE(expected.bytes == 1 ? CV_8U : CV_16U, static_cast<int>(expected.channels)))
        throw shape_error{text("view_of: the matrix has ", frame.channels(), " channels of OpenCV's depth ", frame.depth(),
                               ", the format ", expected.name, " needs ", expected.channels, " of depth ",
                               expected.bytes == 1 ? "CV_8U" : "CV_16U", "; convert the matrix, or state its format")};
    return {.data = frame.data,
            .width = static_cast<std::size_t>(frame.cols),
            .height = static_cast<std::size_t>(frame.rows),
            .stride = static_cast<std::ptrdiff_t>(frame.step[0]),
            .format = format,
            .white = white,
            .owner = std::make_shared<const cv::Mat>(frame)};
}

/// A view of a matrix as OpenCV fills it: CV_8UC1 is grey, CV_8UC3 BGR, CV_8UC4 BGRA; CV_16UC1 and CV_16UC3 the same with 16
/// bits. white: of 16-bit values, see image_view. Throws as above, and shape_error for another type.
[[nodiscard]] inline image::image_view view_of(const cv::Mat& frame, std::uint32_t white = 0) {
    using image::pixel_format;
    switch (frame.type()) {
        case CV_8UC1:
            return view_of(frame, pixel_format::grey8, white);
        case CV_8UC3:
            return view_of(frame, pixel_format::bgr8, white);
        case CV_8UC4:
            return view_of(frame, pixel_format::bgra8, white);
        case CV_16UC1:
            return view_of(frame, pixel_format::grey16, white);
        case CV_16UC3:
            return view_of(frame, pixel_format::bgr16, white);
        default:
            throw shape_error{text("view_of: the matrix has ", frame.channels(), " channels of OpenCV's depth ", frame.depth(),
                                   "; expected CV_8U with 1, 3 or 4 channels, or CV_16U with 1 or 3; convert it by cv::cvtColor "
                                   "or cv::Mat::convertTo")};
    }
}

/// A matrix (CV_32FC1) on the memory of a map, which must outlive it. Writing to one changes the other. Throws shape_error for a
/// map with several channels.
[[nodiscard]] inline cv::Mat mat_of(image::image_f32& map) {
    image::check_image(map, 1, "mat_of");
    return cv::Mat(static_cast<int>(map.height), static_cast<int>(map.width), CV_32FC1, map.pixels.data());
}

/// Deleted: the matrix would refer to a map that is gone.
cv::Mat mat_of(image::image_f32&&) = delete;

/// A matrix of its own (CV_8UC3, BGR) with an image's pixels. image: 1 channel (grey) or 3 (RGB). Throws as image::to_rgb does.
[[nodiscard]] inline cv::Mat bgr_of(const image::image_u8& image) {
    const auto rgb = image::to_rgb(image);
    cv::Mat out(static_cast<int>(rgb.height), static_cast<int>(rgb.width), CV_8UC3);
    for (std::size_t y = 0; y < rgb.height; ++y) {
        const std::uint8_t* from = rgb.row(y);
        auto* to = out.ptr<std::uint8_t>(static_cast<int>(y));
        for (std::size_t x = 0; x < rgb.width; ++x, from += 3, to += 3) to[0] = from[2], to[1] = from[1], to[2] = from[0];
    }
    return out;
}

/// The colours of a map over its frame, as a matrix of its own (CV_8UC3, BGR). low, high, alpha: see image::overlay. Throws as
/// view_of and image::overlay do.
[[nodiscard]] inline cv::Mat overlay(const cv::Mat& frame, const image::image_f32& map, float low, float high,
                                     float alpha = 0.5f) {
    return bgr_of(image::overlay(image::to_rgb(view_of(frame)), map, low, high, alpha));
}

}  // namespace rd4ad::inline RD4AD_ABI::opencv
