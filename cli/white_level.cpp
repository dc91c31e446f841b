// cli/white_level.cpp: sets a training's level of white, and warns of images that have another one.
#include "white_level.hpp"

#include <rd4ad/core/text.hpp>
#include <rd4ad/image/white_level.hpp>

#include "console.hpp"

namespace cli {

void warn_of_white_level(std::span<const std::filesystem::path> files, const rd4ad::data::preprocessing& by) {
    if (const auto warning = rd4ad::image::white_level_warning(files, by.white_level)) print_warning(*warning);
}

void warn_of_white_level(const rd4ad::data::dataset& set, const rd4ad::data::preprocessing& by) {
    warn_of_white_level(rd4ad::data::files_of(set.test.empty() ? set.train : set.test), by);
}

void set_white_level(rd4ad::train_options& training, const parsed_options& options, const rd4ad::data::dataset& set) {
    if (options.text("white-level") != "auto") return;
    training.white_level = rd4ad::image::find_white_level(rd4ad::data::files_of(set.train));
    if (training.white_level != 0)
        console{}.line(rd4ad::text(set.name, ": white is ", training.white_level, " (",
                                   rd4ad::image::bits_of_white(training.white_level),
                                   " bits), found in the 16-bit training images; --white-level sets another"));
}

}  // namespace cli
