// A group of one process does nothing; a group of threads sums and gathers.
#include <rd4ad/core/communicator.hpp>

#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/thread_ranks.hpp>

using namespace rd4ad;

TEST_CASE("a communicator of one process changes nothing", "[core]") {
    communicator alone;
    std::vector<double> values{1, 2};
    auto sum = alone.start_sum(std::span{values});
    CHECK(sum->is_complete());
    sum->wait();
    CHECK(values == std::vector<double>{1, 2});
    CHECK(alone.gather_values(values) == values);
    CHECK(alone.gather("ab") == std::vector<std::string>{"ab"});
    CHECK(alone.gather_all("ab") == std::vector<std::string>{"ab"});
    CHECK((alone.rank() == 0 && alone.size() == 1 && is_first_rank(&alone) && is_first_rank(nullptr)));
    CHECK((alone.any(true) && !alone.any(false)));
}

TEST_CASE("what holds on one rank holds on any", "[core]") {
    std::vector<int> found(3, -1);
    test::on_ranks(3, [&](communicator& ranks) {
        const bool one = ranks.any(ranks.rank() == 1), none = ranks.any(false);
        found[ranks.rank()] = one && !none && is_first_rank(&ranks) == (ranks.rank() == 0) ? 1 : 0;
    });
    CHECK(found == std::vector<int>{1, 1, 1});
}
