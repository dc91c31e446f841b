// rd4ad/core/version.hpp: the version, stated once; CMake and Conan read it from here. Twin: tests/core/version.cpp
#pragma once

#define RD4AD_VERSION_MAJOR 1
#define RD4AD_VERSION_MINOR 0
#define RD4AD_VERSION_PATCH 0

namespace rd4ad {

/// "major.minor.patch", semantic.
inline constexpr const char* version = "1.0.0";

}  // namespace rd4ad
