// tests/support/skip.hpp: a test that lacks what it needs is reported as skipped, never as passed.
#pragma once
#include <iostream>
#include <string>

#include <support/catch.hpp>

/// Ends the test case as skipped unless `condition` holds. CTest recognises Catch2 3's exit status, and the line that this
/// prints for Catch2 2 (tests/CMakeLists.txt).
#if defined(SKIP)
#define RD4AD_SKIP_UNLESS(condition, reason) \
    do {                                     \
        if (!(condition)) SKIP(reason);      \
    } while (false)
#else
#define RD4AD_SKIP_UNLESS(condition, reason)                   \
    do {                                                       \
        if (!(condition)) {                                    \
            std::cout << "SKIPPED: " << (reason) << std::endl; \
            return;                                            \
        }                                                      \
    } while (false)
#endif
