// rd4ad/data/open_options.hpp: how to open a data set. Twin: tests/data/open.cpp
#pragma once
#include <string>

#include <rd4ad/core/outcome.hpp>
#include <rd4ad/image/mask_values.hpp>

namespace rd4ad::inline RD4AD_ABI::data {

/// Which pixels of mask files are defects.
enum class mask_choice {
    automatic,  ///< those that are not black; masks most of which look inverted are refused
    nonzero,    ///< those that are not black, whatever the masks look like
    zero        ///< the black ones
};

/// How to open a data set.
struct open_options {
    std::string layout{"auto"};                 ///< "auto" (detected), or one of `layouts`
    double good_for_test{0.2};                  ///< layout bsd, which has no split: the share of good images for testing
    bool recursive{false};                      ///< folders of images include their sub-folders
    mask_choice masks{mask_choice::automatic};  ///< which pixels of mask files are defects
    bool needs_training{true};                  ///< refuses a CSV list without training images

    /// Masks that can't be read or are missing: skip notes those that can't be read, and scoring reports each; stop refuses the
    /// data set, and names all.
    on_failure bad_masks{on_failure::skip};

    [[nodiscard]] image::mask_values mask_values() const noexcept {
        return masks == mask_choice::zero ? image::mask_values::zero : image::mask_values::nonzero;
    }
};

}  // namespace rd4ad::inline RD4AD_ABI::data
