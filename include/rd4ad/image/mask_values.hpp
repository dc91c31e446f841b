// rd4ad/image/mask_values.hpp: which pixels of a mask file are defects. Twin: tests/image/mask.cpp
#pragma once
#include <rd4ad/core/config.hpp>

namespace rd4ad::inline RD4AD_ABI::image {

/// The pixels of a mask file that are defects.
enum class mask_values {
    nonzero,  ///< those that are not black
    zero      ///< the black ones: an inverted mask
};

}  // namespace rd4ad::inline RD4AD_ABI::image
