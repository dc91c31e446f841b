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

/// The indices first .. first + size - 1, in a type that can only be moved.
std::unique_ptr<std::vector<std::size_t>> indices(std::size_t first, std::size_t size) {
    auto loaded = std::make_unique<std::vector<std::size_t>>(size);
    std::iota(loaded->begin(), loaded->end(), first);
    return loaded;
}

}  // namespace

TEST_CASE("every index passes each stage once and in order, in a smaller last chunk where needed", "[core]") {
    const auto when = GENERATE(rd4ad::prefetch::on, rd4ad::prefetch::off);
    for (const std::size_t count : {0UL, 1UL, 3UL, 4UL, 7UL, 8UL})
        for (const std::size_t step : {1UL, 3UL, 4UL, 100UL}) {
            INFO(count << " by " << step);
            std::vector<std::size_t> expected(count), computed, consumed;
            std::iota(expected.begin(), expected.end(), std::size_t{0});
            std::size_t chunks = 0;
            rd4ad::pipeline(
                when, count, step, indices,
                [&](std::size_t first, auto loaded) {
                    CHECK(first == computed.size());
                    computed.insert(computed.end(), loaded->begin(), loaded->end());
                    return loaded;
                },
                [&](std::size_t first, auto result) {
                    CHECK(first == consumed.size());
                    consumed.insert(consumed.end(), result->begin(), result->end());
                    ++chunks;
                });
            CHECK(computed == expected);
            CHECK(consumed == expected);
            CHECK(chunks == (count + step - 1) / step);
        }
}

TEST_CASE("while a chunk is computed, the next one is loaded and the previous one consumed", "[core]") {
    // Chunk 1 is computed only after chunk 2 is loaded and chunk 0 consumed: this ends only if the three stages overlap.
    std::promise<void> loaded_last, consumed_first;
    const auto waits_for = [](std::promise<void>& event) {
        return event.get_future().wait_for(std::chrono::seconds{60}) == std::future_status::ready;
    };
    bool in_time = true;
    rd4ad::pipeline(
        rd4ad::prefetch::on, 3, 1,
        [&](std::size_t first, std::size_t) {
            if (first == 2) loaded_last.set_value();
            return first;
        },
        [&](std::size_t first, std::size_t loaded) {
            if (first == 1) in_time = waits_for(loaded_last) && waits_for(consumed_first) && in_time;
            return loaded;
        },
        [&](std::size_t first, std::size_t) {
            if (first == 0) consumed_first.set_value();
        });
    CHECK(in_time);
}

TEST_CASE("without prefetch, the caller's thread loads a chunk after it has computed the previous one", "[core]") {
    const auto here = std::this_thread::get_id();
    std::vector<std::size_t> order;
    rd4ad::for_each_chunk(
        rd4ad::prefetch::off, 3, 1,
        [&](std::size_t first, std::size_t) {
            CHECK(std::this_thread::get_id() == here);
            order.push_back(first);
            return first;
        },
        [&](std::size_t, std::size_t loaded) { order.push_back(loaded); });
    CHECK(order == std::vector<std::size_t>{0, 0, 1, 1, 2, 2});
}

TEST_CASE("an exception of any stage reaches the caller, after every stage has ended", "[core]") {
    const auto when = GENERATE(rd4ad::prefetch::on, rd4ad::prefetch::off);
    for (const std::string failing : {"load", "compute", "consume"})
        for (const std::size_t at : {0UL, 1UL, 4UL}) {
            INFO(failing << " at " << at);
            std::atomic<int> running{0};
            const auto stage = [&](const std::string& name, std::size_t first) {
                ++running;
                std::this_thread::sleep_for(std::chrono::milliseconds{1});
                --running;
                if (name == failing && first == at) throw std::runtime_error{name};
                return first;
            };
            CHECK_THROWS_WITH(rd4ad::pipeline(
                                  when, 5, 1, [&](std::size_t first, std::size_t) { return stage("load", first); },
                                  [&](std::size_t first, std::size_t) { return stage("compute", first); },
                                  [&](std::size_t first, std::size_t) { stage("consume", first); }),
                              failing);
            CHECK(running == 0);
        }
}
