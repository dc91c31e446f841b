// rd4ad/core/version.hpp: the version, stated once; CMake and Conan read it here. Twin: tests/core/version.cpp
#pragma once
#include <rd4ad/core/config.hpp>

#define RD4AD_VERSION_MAJOR 1
#define RD4AD_VERSION_MINOR 0
#define RD4AD_VERSION_PATCH 0

// Two steps: the first expands a version macro to its number, the second makes the number a string.
#define RD4AD_STRINGISE(macro) RD4AD_STRINGISE_EXPANDED(macro)
#define RD4AD_STRINGISE_EXPANDED(number) #number

namespace rd4ad::inline RD4AD_ABI {

/// "major.minor.patch" (semantic versioning).
inline constexpr const char* version =
    RD4AD_STRINGISE(RD4AD_VERSION_MAJOR) "." RD4AD_STRINGISE(RD4AD_VERSION_MINOR) "." RD4AD_STRINGISE(RD4AD_VERSION_PATCH);

}  // namespace rd4ad::inline RD4AD_ABI

#undef RD4AD_STRINGISE
#undef RD4AD_STRINGISE_EXPANDED
