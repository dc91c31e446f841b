// The include and the uses of the library that both files of this test share.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include <rd4ad/any_detector.hpp>
#include <rd4ad/any_training.hpp>
#include <rd4ad/rd4ad.hpp>

/// Addresses of inline functions and data, and results of some functions; equal in every file of a program.
struct observed {
    const void* data;
    std::size_t (*threads)();
    rd4ad::image::image_u8 (*read)(const std::filesystem::path&);
    std::size_t png_bytes;
    double auroc;
    std::string architecture;

    friend bool operator==(const observed&, const observed&) = default;
};

inline observed use_everything() {
    using cpu = rd4ad::backend::xtensor<float>;
    const auto model = rd4ad::make_model_without_teacher<cpu>("resnet18", {.seed = 1, .threads = 1});
    return {&rd4ad::version,
            &rd4ad::default_threads,
            &rd4ad::image::read,
            rd4ad::image::encode_png(rd4ad::image::make_image<std::uint8_t>(4, 3, 3)).size(),
            rd4ad::metrics::auroc(std::array{0.1f, 0.9f, 0.4f}, std::array<std::uint8_t, 3>{0, 1, 0}),
            std::string{model.arch->name}};
}
