#include <rd4ad/opencv.hpp>
//
#include <algorithm>
#include <cstdint>
#include <cstring>

#include <support/catch.hpp>
#include <support/image_files.hpp>

namespace {
using namespace rd4ad;
using image::pixel_format;
using test::mentions;
using test::message_of;

/// A matrix of the pixels in BGR, whose rows have a gap: a part of a wider one.
cv::Mat padded_bgr(const image::image_u8& rgb) {
    cv::Mat wide(static_cast<int>(rgb.height), static_cast<int>(rgb.width) + 5, CV_8UC3);
    for (std::size_t y = 0; y < rgb.height; ++y)
        for (std::size_t i = 0; i < rgb.width * 3; ++i)
            wide.ptr<std::uint8_t>(static_cast<int>(y))[i] = rgb.row(y)[i / 3 * 3 + 2 - i % 3];
    return wide.colRange(0, static_cast<int>(rgb.width));
}

TEST_CASE("a matrix is a frame of the same pixels, without a copy", "[opencv]") {
    const auto rgb = test::noise(50, 40, 3), grey = test::noise(50, 40, 1);
    const auto matrix = padded_bgr(rgb);
    const auto view = opencv::view_of(matrix);
    CHECK(view.data == static_cast<const void*>(matrix.data));
    CHECK((view.width == 50 && view.height == 40 && view.stride == 55 * 3 && view.format == pixel_format::bgr8));
    CHECK(image::to_rgb(view) == rgb);
    const auto transform = image::make_fit_transform({.size = 32}, 50, 40);
    CHECK(image::fit_image(transform, view) == image::fit_image(transform, rgb));

    cv::Mat grey_matrix(40, 50, CV_8UC1);
    std::memcpy(grey_matrix.data, grey.pixels.data(), grey.pixels.size());
    CHECK(image::to_rgb(opencv::view_of(grey_matrix)) == image::to_rgb(grey));
    CHECK(opencv::view_of(grey_matrix, pixel_format::rggb8).format == pixel_format::rggb8);

    cv::Mat deep(40, 50, CV_16UC1);
    for (int y = 0; y < 40; ++y)
        for (int x = 0; x < 50; ++x) deep.ptr<std::uint16_t>(y)[x] = static_cast<std::uint16_t>(16 * grey.row(std::size_t(y))[x]);
    CHECK(opencv::view_of(deep, 16 * 255).white == 16 * 255);
    CHECK(image::to_rgb(opencv::view_of(deep, 16 * 255)) == image::to_rgb(grey));
}

TEST_CASE("a view keeps the memory of its matrix", "[opencv]") {
    const auto rgb = test::noise(50, 40, 3);
    image::image_view view;
    {
        const auto matrix = padded_bgr(rgb);
        view = opencv::view_of(matrix);
    }
    CHECK(image::to_rgb(view) == rgb);
}

TEST_CASE("a map is a matrix on the same memory, and its colours lie over the frame", "[opencv]") {
    auto map = image::make_image<float>(50, 40, 1, 0.25f);
    auto matrix = opencv::mat_of(map);
    CHECK((matrix.rows == 40 && matrix.cols == 50 && matrix.type() == CV_32FC1));
    matrix.ptr<float>(3)[7] = 0.75f;
    CHECK(*map.at(7, 3) == 0.75f);
    auto wrong = image::make_image<float>(50, 40, 2);
    CHECK_THAT(message_of<shape_error>([&] { (void)opencv::mat_of(wrong); }), mentions("mat_of", "50x40x2"));

    const auto rgb = test::noise(50, 40, 3);
    const auto over = opencv::overlay(padded_bgr(rgb), map, 0.0f, 1.0f);
    CHECK(image::to_rgb(opencv::view_of(over)) == image::overlay(rgb, map, 0.0f, 1.0f));
}

TEST_CASE("a matrix that is no frame is refused", "[opencv]") {
    CHECK_THAT(message_of<shape_error>([] { (void)opencv::view_of(cv::Mat(4, 4, CV_32FC1)); }),
               mentions("1 channels", "depth 5"));
    CHECK_THAT(message_of<shape_error>([] { (void)opencv::view_of(cv::Mat(4, 4, CV_8UC1), pixel_format::bgr8); }),
               mentions("1 channels", "bgr8 needs 3 of depth CV_8U"));
    CHECK_THAT(message_of<shape_error>([] { (void)opencv::view_of(cv::Mat{}); }), mentions("0 rows"));
}
}  // namespace
