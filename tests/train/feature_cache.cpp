// The cache of the teacher's features, in memory and in a mapped file.
#include <rd4ad/train/feature_cache.hpp>

#include <array>
#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/environment.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/values.hpp>

using namespace rd4ad;

TEMPLATE_LIST_TEST_CASE("features are stored and read by image, in memory and on disk", "[train]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    const std::array<shape, 3> shapes{shape{1, 5, 4, 6}, shape{1, 7, 2, 3}, shape{1, 3, 1, 2}};
    const std::size_t images = 5, bytes = images * (120 + 42 + 6) * sizeof(T);
    typename B::queue q{1};
    std::array<std::vector<T>, 3> all;
    for (std::size_t k = 0; k < 3; ++k) all[k] = test::seeded_values<T>(k, images * shapes[k].count());
    const auto features_of = [&](std::size_t k, std::size_t image) {
        const std::size_t each = shapes[k].count();
        const auto first = all[k].begin() + static_cast<std::ptrdiff_t>(image * each);
        return std::vector<T>(first, first + static_cast<std::ptrdiff_t>(each));
    };
    for (const std::size_t budget : {bytes, bytes - 1}) {
        feature_cache<B> cache{images, shapes, budget};
        CHECK(cache.on_disk() == (budget < bytes));
        for (const auto& [first, count] :
             {std::pair<std::size_t, std::size_t>{0, 3}, std::pair<std::size_t, std::size_t>{3, 2}}) {
            features<B> found;
            for (std::size_t k = 0; k < 3; ++k) {
                std::vector<T> values;
                for (std::size_t i = first; i < first + count; ++i)
                    for (const T value : features_of(k, i)) values.push_back(value);
                found[k] = to_device<B>(q, {count, shapes[k].c, shapes[k].h, shapes[k].w}, values);
            }
            cache.put(q, first, found);
        }
        const std::vector<std::size_t> order{4, 0, 2};
        const auto batch = cache.get(q, order);
        for (std::size_t k = 0; k < 3; ++k) {
            CHECK(batch[k].shape == shape{3, shapes[k].c, shapes[k].h, shapes[k].w});
            std::vector<T> expected;
            for (const std::size_t i : order)
                for (const T value : features_of(k, i)) expected.push_back(value);
            CHECK(to_host<B>(q, batch[k]) == expected);
        }
    }
}

TEST_CASE("a cache without a folder for its file names TMPDIR and the remedy", "[train]") {
    using B = std::tuple_element_t<0, test::backends>;
    const std::array<shape, 3> shapes{shape{1, 4, 4, 4}, shape{1, 4, 2, 2}, shape{1, 4, 1, 1}};
    const test::environment nowhere{"TMPDIR", "/nowhere"};
    CHECK_THAT(test::message_of([&] { feature_cache<B>{2, shapes, 0}; }), test::mentions("TMPDIR is no folder", "--cache-gb"));
}
