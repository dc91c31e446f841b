// tests/support/training_images.hpp: small images that a seed determines, and a data set of them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include <rd4ad/data/dataset.hpp>
#include <rd4ad/image/write.hpp>

#include <support/image_files.hpp>

namespace rd4ad::test {

/// An RGB image of a brightness gradient with a little noise. Images of different seeds resemble images of one product.
inline image::image_u8 image(std::size_t width, std::size_t height, std::uint64_t seed) {
    auto made = noise(width, height, 3, seed);
    for (std::size_t y = 0; y < height; ++y)
        for (std::size_t x = 0; x < width; ++x)
            for (std::size_t c = 0; c < 3; ++c) {
                auto& value = made.at(x, y)[c];
                value = static_cast<std::uint8_t>(value / 4 + x * 120 / width + y * 60 / height);
            }
    return made;
}

/// Writes `count` images of different sizes into the folder. Returns a data set that trains on them.
inline data::dataset training_set(const std::filesystem::path& folder, std::size_t count) {
    data::dataset set;
    for (std::size_t i = 0; i < count; ++i) {
        const auto path = folder / (std::to_string(i) + ".png");
        image::write_png(path, image(40 + i, 36 + 2 * i, i));
        set.train.push_back({.image = path});
    }
    return set;
}

}  // namespace rd4ad::test
