#include <rd4ad/data/batches.hpp>
//
#include <algorithm>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

namespace {
using namespace rd4ad;
using batches = std::vector<std::vector<std::size_t>>;

TEST_CASE("an order is cut into batches; the last batch holds the rest", "[data]") {
    const std::vector<std::size_t> order{4, 2, 0, 1, 3};
    CHECK(data::batches_of(order, 2) == batches{{4, 2}, {0, 1}, {3}});
    CHECK(data::batches_of(order, 5) == batches{{4, 2, 0, 1, 3}});
    CHECK(data::batches_of(order, 9) == batches{{4, 2, 0, 1, 3}});
    CHECK(data::batches_of({}, 3).empty());
    CHECK_THAT(test::message_of([&] { (void)data::batches_of(order, 0); }), test::mentions("batch size is 0", "at least 1"));
}

TEST_CASE("an epoch has each item once, in an order that the seed determines", "[data]") {
    rd4ad::random first{111}, again{111};
    const auto one = data::shuffled_batches(37, 8, first);
    CHECK(one == data::shuffled_batches(37, 8, again));
    CHECK(one != data::shuffled_batches(37, 8, first));
    std::vector<bool> seen(37, false);
    for (const auto& batch : one)
        for (const std::size_t i : batch) {
            CHECK_FALSE(seen[i]);
            seen[i] = true;
        }
    CHECK(std::count(seen.begin(), seen.end(), true) == 37);
}
}  // namespace
