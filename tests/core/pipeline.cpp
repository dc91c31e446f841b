#include <rd4ad/core/pipeline.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <support/catch.hpp>
#include <thread>
#include <utility>
#include <vector>

namespace {

/// The indices first .. first + size - 1, in something that can only be moved.
std::unique_ptr<std::vector<std::size_t>> indices(std::size_t first, std::size_t size) {
    auto made = std::make_unique<std::vector<std::size_t>>(size);
    std::iota(made->begin(), made->end(), first);
    return made;
}

}  // namespace

TEST_CASE("everything passes each hand once and in order, the last part as short as it is", "[core]") {
    const auto when = GENERATE(rd4ad::making::ahead, rd4ad::making::in_turn);
    for (const std::size_t count : {0UL, 1UL, 3UL, 4UL, 7UL, 8UL})
        for (const std::size_t step : {1UL, 3UL, 4UL, 100UL}) {
            INFO(count << " by " << step);
            std::vector<std::size_t> expected(count), worked, used;
            std::iota(expected.begin(), expected.end(), std::size_t{0});
            std::size_t parts = 0;
            rd4ad::pipeline(
                when, count, step, indices,
                [&](std::size_t first, auto made) {
                    CHECK(first == worked.size());
                    worked.insert(worked.end(), made->begin(), made->end());
                    return made;
                },
                [&](std::size_t first, auto made) {
                    CHECK(first == used.size());
                    used.insert(used.end(), made->begin(), made->end());
                    ++parts;
                });
            CHECK(worked == expected);
            CHECK(used == expected);
            CHECK(parts == (count + step - 1) / step);
        }
}

TEST_CASE("the next part is made, and the last one used, while one is worked on", "[core]") {
    // Each waits for the others, which only comes to an end where all three are at it at once.
    std::promise<void> made_three, used_first;
    const auto waits = [](std::promise<void>& for_this) {
        return for_this.get_future().wait_for(std::chrono::seconds{60}) == std::future_status::ready;
    };
    bool in_time = true;
    rd4ad::pipeline(
        rd4ad::making::ahead, 3, 1,
        [&](std::size_t first, std::size_t) {
            if (first == 2) made_three.set_value();
            return first;
        },
        [&](std::size_t first, std::size_t made) {
            if (first == 1) in_time = waits(made_three) && waits(used_first) && in_time;
            return made;
        },
        [&](std::size_t first, std::size_t) {
            if (first == 0) used_first.set_value();
        });
    CHECK(in_time);
}

TEST_CASE("made in turn, a part is made by the thread that works, after the one before", "[core]") {
    const auto here = std::this_thread::get_id();
    std::vector<std::size_t> order;
    rd4ad::work_through(
        rd4ad::making::in_turn, 3, 1,
        [&](std::size_t first, std::size_t) {
            CHECK(std::this_thread::get_id() == here);
            order.push_back(first);
            return first;
        },
        [&](std::size_t, std::size_t made) { order.push_back(made); });
    CHECK(order == std::vector<std::size_t>{0, 0, 1, 1, 2, 2});
}

TEST_CASE("what any hand throws comes out, and nothing runs on", "[core]") {
    const auto when = GENERATE(rd4ad::making::ahead, rd4ad::making::in_turn);
    for (const std::string wrong : {"make", "work", "use"})
        for (const std::size_t at : {0UL, 1UL, 4UL}) {
            INFO(wrong << " at " << at);
            std::atomic<int> running{0};
            const auto hand = [&](const std::string& name, std::size_t first) {
                ++running;
                std::this_thread::sleep_for(std::chrono::milliseconds{1});
                --running;
                if (name == wrong && first == at) throw std::runtime_error{name};
                return first;
            };
            CHECK_THROWS_WITH(rd4ad::pipeline(
                                  when, 5, 1, [&](std::size_t first, std::size_t) { return hand("make", first); },
                                  [&](std::size_t first, std::size_t) { return hand("work", first); },
                                  [&](std::size_t first, std::size_t) { hand("use", first); }),
                              wrong);
            CHECK(running == 0);
        }
}
