// Requests of one size are one batch; the queue is bounded, keeps deadlines, and a request fails for itself alone.
#include <rd4ad/serve/batch_queue.hpp>

#include <atomic>
#include <future>
#include <semaphore>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>

using namespace rd4ad;
using namespace std::chrono_literals;
using serve::queue_status;

namespace {

struct number {
    int value{0};
    int size{0};
    std::size_t inputs{1};
    [[nodiscard]] int key() const { return size; }
    [[nodiscard]] std::size_t weight() const { return inputs; }
};

using number_queue = serve::batch_queue<number, int>;

std::vector<int> doubled(std::span<const number> batch) {
    std::vector<int> results;
    for (const auto& one : batch) results.push_back(2 * one.value);
    return results;
}

auto in_time() { return number_queue::clock::now() + 20s; }

/// A computation that waits for `go` once per batch, and records the batches.
struct held_computation {
    std::counting_semaphore<> go{0};
    std::atomic<int> begun{0};
    std::vector<std::vector<int>> batches{};

    [[nodiscard]] number_queue::compute_function function() {
        return [this](std::span<const number> batch) {
            auto& values = batches.emplace_back();
            for (const auto& one : batch) values.push_back(one.value);
            ++begun;
            go.acquire();
            return doubled(batch);
        };
    }
    void await(int count) const {
        while (begun < count) std::this_thread::sleep_for(1ms);
    }
};

auto later(number_queue& queue, number one, number_queue::clock::time_point deadline = in_time()) {
    const auto before = queue.waiting();
    auto answer = std::async(std::launch::async, [&queue, one, deadline] { return queue.submit(one, deadline); });
    while (queue.waiting() == before && answer.wait_for(0s) != std::future_status::ready) std::this_thread::sleep_for(1ms);
    return answer;
}

}  // namespace

TEST_CASE("a queue computes waiting requests of the first one's size as one batch", "[serve]") {
    held_computation work;
    number_queue queue{{.max_batch = 4, .max_wait = 0us}, work.function()};
    auto first = std::async(std::launch::async, [&] { return queue.submit({.value = 1}, in_time()); });
    work.await(1);  // the others wait meanwhile
    auto a = later(queue, {.value = 2, .size = 7}), b = later(queue, {.value = 3, .size = 8}),
         c = later(queue, {.value = 4, .size = 7, .inputs = 2}), d = later(queue, {.value = 5, .size = 7, .inputs = 2}),
         e = later(queue, {.value = 6, .size = 7});
    CHECK(queue.waiting() == 5);
    work.go.release(9);
    CHECK(first.get().result == 2);
    const auto answer = a.get();
    CHECK((answer.status == queue_status::done && answer.result == 4 && answer.batch == 4));  // 2, 4 and 6: 1 + 2 + 1 inputs
    CHECK((b.get().result == 6 && c.get().result == 8 && d.get().result == 10 && e.get().result == 12));
    CHECK(work.batches == std::vector<std::vector<int>>{{1}, {2, 4, 6}, {3}, {5}});
}

TEST_CASE("a queue waits for others no longer than its longest wait, and computes a full batch at once", "[serve]") {
    number_queue patient{{.max_batch = 2, .max_wait = 10s}, doubled};
    auto a = later(patient, {.value = 1}), b = later(patient, {.value = 2});
    CHECK((a.get().batch == 2 && b.get().batch == 2));
    auto large = std::async(std::launch::async, [&] { return patient.submit({.value = 5, .inputs = 9}, in_time()); });
    CHECK(large.get().batch == 9);
    number_queue hasty{{.max_batch = 8, .max_wait = 1ms}, doubled};
    CHECK(hasty.submit({.value = 3}, in_time()).batch == 1);
}

TEST_CASE("a full queue refuses, a late request ends at its deadline, and a closed queue ends what waits", "[serve]") {
    held_computation work;
    auto queue =
        std::make_unique<number_queue>(serve::queue_options{.max_batch = 1, .max_wait = 0us, .max_waiting = 2}, work.function());
    auto running = std::async(std::launch::async, [&] { return queue->submit({.value = 1}, in_time()); });
    work.await(1);
    auto late = later(*queue, {.value = 2}, number_queue::clock::now() + 30ms), waiting = later(*queue, {.value = 3});
    CHECK(queue->submit({.value = 4}, in_time()).status == queue_status::full);
    CHECK(late.get().status == queue_status::late);
    CHECK(queue->waiting() == 1);
    auto end = std::async(std::launch::async, [&] { queue.reset(); });
    std::this_thread::sleep_for(5ms);
    work.go.release(9);
    end.get();
    CHECK(running.get().result == 2);
    CHECK(waiting.get().status == queue_status::closed);
    CHECK(work.batches == std::vector<std::vector<int>>{{1}});
}

TEST_CASE("a request that can't be computed fails alone, not with its batch", "[serve]") {
    std::atomic<int> calls{0};
    number_queue queue{{.max_batch = 3, .max_wait = 10s}, [&](std::span<const number> batch) {
                           ++calls;
                           for (const auto& one : batch)
                               if (one.value == 13) throw numeric_error{"13 has no double"};
                           return doubled(batch);
                       }};
    auto a = later(queue, {.value = 1}), b = later(queue, {.value = 13}), c = later(queue, {.value = 2});
    CHECK((a.get().result == 2 && c.get().result == 4));
    CHECK(test::message_of([&] { static_cast<void>(b.get()); }) == "13 has no double");
    CHECK(calls == 4);
    number_queue wrong{{.max_batch = 1}, [](std::span<const number>) { return std::vector<int>{}; }};
    CHECK(test::message_of([&] { static_cast<void>(wrong.submit({}, in_time())); }) == "batch_queue: 1 requests have 0 results");
    CHECK_THROWS_AS((number_queue{{.max_batch = 0}, doubled}), option_error);
    CHECK_THROWS_AS((number_queue{{.max_waiting = 0}, doubled}), option_error);
}
