// Photographs of the same part are one group: frames that differ by noise, but not different parts of one product.
#include <rd4ad/train/near_duplicates.hpp>

#include <array>
#include <cstddef>
#include <numeric>
#include <tuple>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/tensors.hpp>

using namespace rd4ad;

namespace {

/// Features of `parts` parts, two frames each; the second differs from the first by `noise` of a part's own deviation.
template <Backend B>
std::vector<std::size_t> groups_of_frames(double noise) {
    constexpr std::size_t parts = 6;
    typename B::queue q{1};
    const std::array shapes{shape{1, 4, 8, 8}, shape{1, 8, 4, 4}, shape{1, 16, 4, 4}};
    feature_cache<B> cache{2 * parts, shapes, std::size_t{1} << 20};
    using T = typename B::value_type;
    for (std::size_t i = 0; i < 2 * parts; ++i) {
        features<B> one;
        for (std::size_t k = 0; k < 3; ++k) {
            rd4ad::random part{i / 2 * 10 + k}, frame{1000 + i * 10 + k};
            std::vector<T> values(shapes[k].count());
            for (auto& value : values) value = static_cast<T>(part.normal() + noise * frame.normal());
            one[k] = to_device<B>(q, shapes[k], values);
        }
        cache.put(q, i, one);
    }
    std::vector<std::filesystem::path> files(2 * parts, "unread.png");
    const image_source source{files, {.geometry = {.size = 32}}, {}, 1};
    std::vector<std::size_t> all(files.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    return near_duplicate_groups<B>(q, cache, source, all);
}

}  // namespace

TEST_CASE("frames of one part share a group, different parts do not", "[train]") {
    using B = std::tuple_element_t<0, test::backends>;
    const auto frames = groups_of_frames<B>(0.05);
    for (std::size_t i = 0; i < frames.size(); ++i)
        for (std::size_t j = 0; j < i; ++j) CHECK((frames[i] == frames[j]) == (i / 2 == j / 2));
    const auto different = groups_of_frames<B>(1.0);
    for (std::size_t i = 0; i < different.size(); ++i)
        for (std::size_t j = 0; j < i; ++j) CHECK(different[i] != different[j]);
}
