// tests/support/image_files.hpp: reference files and noise for the image and data tests, and errors by their type.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <rd4ad/core/random.hpp>
#include <rd4ad/image/image.hpp>
#include <support/files.hpp>

namespace rd4ad::test {

/// A file of tests/data/image.
inline std::filesystem::path image_data(const std::string& name) {
    return std::filesystem::path{RD4AD_TEST_DATA} / "image" / name;
}

/// A file's bytes.
inline std::vector<std::uint8_t> bytes_of_file(const std::filesystem::path& path) {
    const std::string text = text_of_file(path);
    return {text.begin(), text.end()};
}

/// write_text that makes the folders on the way.
inline void write_content(const std::filesystem::path& path, const std::string& content) {
    std::filesystem::create_directories(path.parent_path());
    write_text(path, content);
}

/// The message of the Error that `work` throws; "nothing thrown" where it throws none. Other types pass through.
template <class Error, class Work>
std::string message_of(const Work& work) {
    try {
        work();
    } catch (const Error& caught) {
        return caught.what();
    }
    return "nothing thrown";
}

/// Seeded noise, 8 bit.
inline image::picture noise(std::size_t width, std::size_t height, std::size_t channels, std::uint64_t seed = 1) {
    auto made = image::make_image<std::uint8_t>(width, height, channels);
    rd4ad::random source{seed};
    for (auto& value : made.pixels) value = static_cast<std::uint8_t>(source.below(256));
    return made;
}

}  // namespace rd4ad::test
