// rd4ad/train/training_image.hpp: an image that a program gives a training in place of a file. Twin: tests/train/keep_images.cpp
#pragma once
#include <functional>
#include <optional>
#include <string>

#include <rd4ad/image/image_view.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// A good image to train on. The view's memory must stay until the generator is called again, or until the call that has a span
/// of images returns.
struct training_image {
    image::image_view view{};
    std::string name{};     ///< unique, in messages and records as a file's name is; empty: "image 17", by its number from 1 on
    std::string product{};  ///< that the image shows; "": all images show one product
};

/// Returns the next image of a training, or nullopt after the last one. It is called on the thread of the training, until the
/// end, before anything is computed.
using image_generator = std::function<std::optional<training_image>()>;

}  // namespace rd4ad::inline RD4AD_ABI
