// cli/white_level.cpp: warns of images whose values were stored unscaled.
#include "white_level.hpp"

#include <cstdio>
#include <vector>

#include <rd4ad/image/white_level.hpp>

namespace cli {

void warn_of_white_level(std::span<const std::filesystem::path> files) {
    if (const auto warning = rd4ad::image::white_level_warning(files)) std::fprintf(stderr, "warning: %s\n", warning->c_str());
}

void warn_of_white_level(const rd4ad::data::dataset& of) {
    std::vector<std::filesystem::path> files;
    for (const auto& one : of.train.empty() ? of.test : of.train) files.push_back(one.image);
    warn_of_white_level(files);
}

}  // namespace cli
