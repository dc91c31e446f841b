// cli/white_level.cpp: warns of images whose values were stored unscaled.
#include "white_level.hpp"

#include <rd4ad/image/white_level.hpp>

#include "console.hpp"

namespace cli {

void warn_of_white_level(std::span<const std::filesystem::path> files) {
    if (const auto warning = rd4ad::image::white_level_warning(files)) print_warning(*warning);
}

}  // namespace cli
