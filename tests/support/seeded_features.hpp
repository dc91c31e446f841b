// tests/support/seeded_features.hpp: seeded features in place of a teacher's.
#pragma once
#include <algorithm>
#include <cstddef>

#include <rd4ad/model/teacher.hpp>

#include <support/values.hpp>

namespace rd4ad::test {

/// Positive features of resnet18's shapes at strides 4, 8 and 16, for images of 32 x 32.
template <Backend B>
[[nodiscard]] features<B> seeded_features(typename B::queue& q, std::size_t images) {
    using T = typename B::value_type;
    features<B> made;
    for (std::size_t i = 0; i < 3; ++i) {
        const shape size{images, std::size_t{64} << i, std::size_t{8} >> i, std::size_t{8} >> i};
        auto values = seeded_values<T>(i, size.count());
        for (T& value : values) value = std::max(value, -value);
        made[i] = to_device<B>(q, size, values);
    }
    return made;
}

}  // namespace rd4ad::test
