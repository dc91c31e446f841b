// The teacher's features kept in memory or in a mapped file: what goes in comes out.
#include <rd4ad/train/feature_cache.hpp>

#include <array>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/environment.hpp>
#include <support/files.hpp>
#include <support/gradient_check.hpp>

using namespace rd4ad;

TEMPLATE_LIST_TEST_CASE("features come back by image, from memory and from disk", "[train]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    const std::array<shape, 3> shapes{shape{1, 5, 4, 6}, shape{1, 7, 2, 3}, shape{1, 3, 1, 2}};
    const std::size_t images = 5, bytes = images * (120 + 42 + 6) * sizeof(T);
    typename B::queue q{1};
    std::array<std::vector<T>, 3> all;
    for (std::size_t k = 0; k < 3; ++k) all[k] = test::numbers<T>(k, images * shapes[k].count());
    const auto part = [&](std::size_t k, std::size_t image) {
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
                    for (const T value : part(k, i)) values.push_back(value);
                found[k] = to_device<B>(q, {count, shapes[k].c, shapes[k].h, shapes[k].w}, values);
            }
            cache.put(q, first, found);
        }
        const std::vector<std::size_t> order{4, 0, 2};
        const auto batch = cache.get(q, order);
        for (std::size_t k = 0; k < 3; ++k) {
            CHECK(batch[k].shape == shape{3, shapes[k].c, shapes[k].h, shapes[k].w});
            std::vector<T> wanted;
            for (const std::size_t i : order)
                for (const T value : part(k, i)) wanted.push_back(value);
            CHECK(to_host<B>(q, batch[k]) == wanted);
        }
    }
}

TEST_CASE("a cache that does not fit says where its file could not be made", "[train]") {
    using B = std::tuple_element_t<0, test::backends>;
    const std::array<shape, 3> shapes{shape{1, 4, 4, 4}, shape{1, 4, 2, 2}, shape{1, 4, 1, 1}};
    const test::environment nowhere{"TMPDIR", "/nowhere"};
    CHECK(test::message_of([&] {
              feature_cache<B>{2, shapes, 0};
          }).starts_with("the features' temporary file has no folder: TMPDIR is no folder ("));
}
