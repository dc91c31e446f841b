// Jobs are dealt to the least busy worker, the longest first.
#include <rd4ad/core/deal.hpp>

#include <cstddef>
#include <vector>

#include <support/catch.hpp>

using namespace rd4ad;

TEST_CASE("jobs are dealt longest first to the worker with the least to do", "[core]") {
    using dealt = std::vector<std::vector<std::size_t>>;
    CHECK(deal_longest_first(std::vector<double>{3, 8, 5, 4, 2}, 2) == dealt{{1, 0}, {2, 3, 4}});
    CHECK(deal_longest_first(std::vector<double>{1, 1, 1}, 2) == dealt{{0, 2}, {1}});
    CHECK(deal_longest_first(std::vector<double>{1}, 3) == dealt{{0}, {}, {}});
    CHECK(deal_longest_first({}, 1) == dealt{{}});
}
