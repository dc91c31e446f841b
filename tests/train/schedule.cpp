// The learning rate's warm-up and cosine, and the level of hard mining.
#include <rd4ad/train/schedule.hpp>

#include <cstddef>
#include <vector>

#include <support/catch.hpp>

using namespace rd4ad;

TEST_CASE("the learning rate rises, then falls along a cosine", "[train]") {
    const rate_schedule by{.warm_up = 0.1, .final_rate = 0.02};
    CHECK(rate_factor(by, 0, 100) == Approx(0.1));
    CHECK(rate_factor(by, 9, 100) == Approx(1));
    CHECK(rate_factor(by, 10, 100) == Approx(1));
    CHECK(rate_factor(by, 55, 100) == Approx(0.51));
    CHECK(rate_factor(by, 99, 100) < 0.021);
    for (std::size_t step = 10; step < 99; ++step) CHECK(rate_factor(by, step + 1, 100) < rate_factor(by, step, 100));
}

TEST_CASE("without warm-up and decay the learning rate is constant to the last bit", "[train]") {
    for (std::size_t step = 0; step < 7; ++step) CHECK(rate_factor({.warm_up = 0, .final_rate = 1}, step, 7) == 1.0);
}

TEST_CASE("hard mining begins with all positions and ends with those above one standard deviation", "[train]") {
    CHECK(hard_level(0, 200) == -3);
    CHECK(hard_level(10, 200) == Approx(-1));
    CHECK(hard_level(20, 200) == Approx(1));
    CHECK(hard_level(199, 200) == 1);
    CHECK(hard_level(0, 1) == -3);
}

TEST_CASE("a loss is flat when its last quarter lies hardly below the quarter before", "[train]") {
    const std::vector<double> falling{9, 8, 7, 6, 5, 4, 3, 2}, flat{9, 8, 7, 6, 2, 2, 1.99, 1.99};
    CHECK(!is_flat(falling, 0.1));
    CHECK(is_flat(falling, 0.5));  // from 4.5 to 2.5
    CHECK(is_flat(flat, 0.01));
    CHECK(!is_flat(flat, 0.001));
    CHECK(!is_flat(flat, 0));
    CHECK(!is_flat(std::vector<double>(7, 1.0), 0.5));
    CHECK(is_flat(std::vector<double>{1, 1, 1, 1, 1, 1, 2, 2}, 0.1));  // a loss that rises
}
