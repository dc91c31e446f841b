// tests/support/photographs.hpp: small seeded pictures as files, and a data set of them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include <rd4ad/data/dataset.hpp>
#include <rd4ad/image/write.hpp>

#include <support/image_files.hpp>

namespace rd4ad::test {

/// A picture with a slope of its own and a little noise: photographs of one kind of part, say.
inline image::picture photograph(std::size_t width, std::size_t height, std::uint64_t seed) {
    auto made = noise(width, height, 3, seed);
    for (std::size_t y = 0; y < height; ++y)
        for (std::size_t x = 0; x < width; ++x)
            for (std::size_t c = 0; c < 3; ++c) {
                auto& value = made.at(x, y)[c];
                value = static_cast<std::uint8_t>(value / 4 + x * 120 / width + y * 60 / height);
            }
    return made;
}

/// `count` photographs in the folder, as a data set to train on; their sizes differ.
inline data::dataset training_set(const std::filesystem::path& folder, std::size_t count) {
    data::dataset set;
    for (std::size_t i = 0; i < count; ++i) {
        const auto path = folder / (std::to_string(i) + ".png");
        image::write_png(path, photograph(40 + i, 36 + 2 * i, i));
        set.train.push_back({.image = path});
    }
    return set;
}

}  // namespace rd4ad::test
