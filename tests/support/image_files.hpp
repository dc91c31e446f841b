// tests/support/image_files.hpp: fixture files, noise images, and the message of an error of a given type.
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
#include <support/mentions.hpp>

namespace rd4ad::test {

/// The path of a file in tests/fixtures/image.
inline std::filesystem::path image_data(const std::string& name) {
    return std::filesystem::path{RD4AD_TEST_FIXTURES} / "image" / name;
}

/// The bytes of a file.
inline std::vector<std::uint8_t> bytes_of_file(const std::filesystem::path& path) {
    const std::string content = text_of_file(path);
    return {content.begin(), content.end()};
}

/// Writes a file, and creates its folders first.
inline void write_content(const std::filesystem::path& path, const std::string& content) {
    std::filesystem::create_directories(path.parent_path());
    write_text(path, content);
}

/// The message of the Error that `work` throws; "nothing thrown" if it returns. Lets errors of other types pass.
template <class Error, class Work>
std::string message_of(const Work& work) {
    try {
        work();
    } catch (const Error& caught) {
        return caught.what();
    }
    return "nothing thrown";
}

/// An 8-bit image of random values; the seed determines them.
inline image::image_u8 noise(std::size_t width, std::size_t height, std::size_t channels, std::uint64_t seed = 1) {
    auto made = image::make_image<std::uint8_t>(width, height, channels);
    rd4ad::random source{seed};
    for (auto& value : made.pixels) value = static_cast<std::uint8_t>(source.below(256));
    return made;
}

}  // namespace rd4ad::test
