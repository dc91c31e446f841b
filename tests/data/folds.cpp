// Folds for cross-fitting: equal sizes, groups together, the same draw for the same seed.
#include <rd4ad/data/folds.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

namespace {

using namespace rd4ad;

std::vector<std::size_t> different_items(std::size_t count) {
    std::vector<std::size_t> groups(count);
    std::iota(groups.begin(), groups.end(), std::size_t{0});
    return groups;
}

std::vector<std::size_t> fold_sizes(const std::vector<std::size_t>& folds, std::size_t count) {
    std::vector<std::size_t> sizes(count, 0);
    for (const std::size_t fold : folds) ++sizes.at(fold);
    return sizes;
}

}  // namespace

TEST_CASE("folds differ by at most one item, and depend on the seed alone", "[data]") {
    const auto folds = data::make_folds(different_items(42), 4, 1);
    auto sizes = fold_sizes(folds, 4);
    std::sort(sizes.begin(), sizes.end());
    CHECK(sizes == std::vector<std::size_t>{10, 10, 11, 11});
    CHECK(data::make_folds(different_items(42), 4, 1) == folds);
    CHECK(data::make_folds(different_items(42), 4, 2) != folds);
}

TEST_CASE("items of one group share a fold", "[data]") {
    // Ten bursts of three photographs, and ten single photographs.
    std::vector<std::size_t> groups;
    for (std::size_t i = 0; i < 30; ++i) groups.push_back(100 + i / 3);
    for (std::size_t i = 0; i < 10; ++i) groups.push_back(i);
    const auto folds = data::make_folds(groups, 5, 3);
    for (std::size_t i = 0; i < 30; ++i) CHECK(folds[i] == folds[i / 3 * 3]);
    const auto sizes = fold_sizes(folds, 5);
    CHECK(*std::min_element(sizes.begin(), sizes.end()) == 8);
    CHECK(*std::max_element(sizes.begin(), sizes.end()) == 8);
}

TEST_CASE("too few folds or different items are refused", "[data]") {
    CHECK_THAT(test::message_of([] { static_cast<void>(data::make_folds(different_items(9), 1, 1)); }),
               test::mentions("at least 2 folds", 1));
    const std::vector<std::size_t> same(12, 7);
    CHECK_THAT(test::message_of([&] { static_cast<void>(data::make_folds(same, 3, 1)); }),
               test::mentions("3 different images", "found 1 among 12"));
}

TEST_CASE("items are grouped along chains of small distances", "[data]") {
    const std::vector<double> at{0, 10, 0.9, 1.8, 20, 10.5};
    const auto groups =
        data::group_by_distance(at.size(), 1.0, [&](std::size_t i, std::size_t j) { return std::abs(at[i] - at[j]); });
    CHECK(groups[0] == groups[2]);
    CHECK(groups[2] == groups[3]);
    CHECK(groups[1] == groups[5]);
    CHECK(groups[0] != groups[1]);
    CHECK((groups[4] != groups[0] && groups[4] != groups[1]));
}
