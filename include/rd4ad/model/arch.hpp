// rd4ad/model/arch.hpp: the supported ResNet architectures, and how to recognise one by its weights. Twin: tests/model/arch.cpp
#pragma once
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/io/tensor_file.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// One of the four architectures of the paper's code.
struct architecture {
    std::string_view name;
    bool deep;                          ///< bottleneck blocks (1x1, 3x3, 1x1) instead of basic ones (two 3x3)
    std::array<std::size_t, 3> blocks;  ///< in layer1, layer2, layer3
    std::size_t inner_factor;           ///< a deep block's inner width, as a multiple of the stage's
    std::size_t bottleneck_blocks;      ///< in the OCBE's stage

    /// Output channels per channel of a stage's width.
    [[nodiscard]] constexpr std::size_t expansion() const noexcept { return deep ? 4 : 1; }
};

inline constexpr std::array<architecture, 4> architectures{{{"resnet18", false, {2, 2, 2}, 1, 2},
                                                            {"resnet34", false, {3, 4, 6}, 1, 3},
                                                            {"resnet50", true, {3, 4, 6}, 1, 3},
                                                            {"wide_resnet50_2", true, {3, 4, 6}, 2, 3}}};

/// The architecture of this name. Throws option_error, with the known names, for any other.
[[nodiscard]] inline const architecture& architecture_named(std::string_view name) {
    std::string known;
    for (const auto& arch : architectures) {
        if (arch.name == name) return arch;
        known += (known.empty() ? "" : ", ") + std::string{arch.name};
    }
    throw option_error{text("architecture '", name, "' is unknown; expected one of ", known)};
}

/// Recognises the architecture of a teacher's state dict (torchvision's names under `prefix`) by its blocks and widths. Throws
/// format_error for any other network.
[[nodiscard]] inline const architecture& recognise(const io::tensor_file& file, const std::string& prefix = "") {
    const auto has = [&](const std::string& name) { return file.contains(prefix + name); };
    const bool deep = has("layer1.0.conv3.weight");
    std::size_t blocks = 0;
    while (has("layer3." + std::to_string(blocks) + ".conv1.weight")) ++blocks;
    std::size_t width = 0;
    if (const auto* inner = file.find(prefix + "layer1.0.conv1.weight"); inner && inner->shape.size() == 4)
        width = inner->shape[0];
    for (const auto& arch : architectures)
        if (arch.deep == deep && arch.blocks[2] == blocks && width == 64 * arch.inner_factor) return arch;
    throw format_error{text(file.path,
                            ": torchvision's resnet18, resnet34, resnet50 or wide_resnet50_2 expected, found a network "
                            "with ",
                            blocks, " blocks in layer3 and ", width, " outputs of layer1's first convolution")};
}

}  // namespace rd4ad::inline RD4AD_ABI
