// What both files of this test include, and the use that each makes of it.
#pragma once
#include <rd4ad/core.hpp>

/// Calls inline functions and reads inline data; both files must come to the same result at the same addresses.
struct sighting {
    const void* data;
    std::size_t (*function)();
    std::string text;

    friend bool operator==(const sighting&, const sighting&) = default;
};

inline sighting use_everything() {
    rd4ad::random source{rd4ad::hash_name("odr")};
    return {&rd4ad::version, &rd4ad::default_threads,
            rd4ad::to_string(rd4ad::shape{.n = 1 + source.below(8), .c = 2, .h = 3, .w = 4})};
}
