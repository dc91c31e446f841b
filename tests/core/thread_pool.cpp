#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/thread_pool.hpp>
#include <support/catch.hpp>
#include <support/skip.hpp>
#include <thread>
#include <vector>

namespace {

/// Waits until condition() is true, for ten seconds at most; returns whether it is.
template <class Condition>
bool becomes_true(const Condition& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!condition() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    return condition();
}

/// The processor time of this process, in seconds.
double processor_seconds() {
    std::timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

/// Whether a call visits each part once, in slots below the number of its threads.
bool visits_each_once(rd4ad::thread_pool& pool, std::size_t parts, std::size_t threads) {
    std::vector<std::atomic<int>> visits(parts);
    std::atomic<bool> valid{true};
    pool.run(parts, threads, [&](std::size_t part, std::size_t slot) {
        ++visits[part];
        if (slot >= std::min(parts, threads)) valid = false;
    });
    return valid && std::all_of(visits.begin(), visits.end(), [](const auto& count) { return count == 1; });
}

}  // namespace

TEST_CASE("A pool visits each part once, call after call, with any number of threads", "[core]") {
    rd4ad::thread_pool pool;
    for (const std::size_t threads : {1UL, 2UL, 3UL, 2UL, 7UL, 64UL, 2UL})
        for (const std::size_t parts : {0UL, 1UL, 2UL, 3UL, 23UL, 200UL}) {
            INFO(parts << " parts, " << threads << " threads");
            CHECK(visits_each_once(pool, parts, threads));
        }
    CHECK(visits_each_once(pool, 150'000, 3));  // more than one word counts
    bool all = true;
    for (std::size_t call = 0; call < 3000; ++call) all = visits_each_once(pool, 1 + call % 9, 2 + call % 2) && all;
    CHECK(all);
}

TEST_CASE("The caller takes over the parts of a thread that is held up, and the reverse", "[core]") {
    constexpr std::size_t parts = 8;
    for (const bool caller_waits : {false, true}) {
        rd4ad::thread_pool pool;
        const auto caller = std::this_thread::get_id();
        std::atomic<std::size_t> done{0}, in_wrong_slot{0};
        std::atomic<bool> begun{false}, others_are_done{false};
        pool.run(parts, 2, [&](std::size_t, std::size_t slot) {
            const bool on_caller = std::this_thread::get_id() == caller;
            if ((slot == 0) != on_caller) ++in_wrong_slot;
            if (on_caller == caller_waits) {
                // in its first part this thread waits for all others, also for those that were its own
                if (!begun.exchange(true)) others_are_done = becomes_true([&] { return done == parts - 1; });
            } else {
                becomes_true([&] { return begun.load(); });
            }
            ++done;
        });
        INFO("the caller " << (caller_waits ? "is held up" : "takes over"));
        CHECK(done == parts);
        CHECK(in_wrong_slot == 0);
        CHECK(others_are_done);
    }
}

#if defined(__SANITIZE_THREAD__)
#define RD4AD_TEST_FORKS 0  // ThreadSanitizer ends a process that forks beside threads
#elif defined(__has_feature)
#define RD4AD_TEST_FORKS !__has_feature(thread_sanitizer)
#else
#define RD4AD_TEST_FORKS 1
#endif
// A forked process cannot free what belongs to the threads that it lacks; LeakSanitizer asks this function whether to report it.
static bool is_forked = false;
extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() { return is_forked ? 1 : 0; }

TEST_CASE("A forked process has no threads: its calls end, and so does the process", "[core]") {
    RD4AD_SKIP_UNLESS(RD4AD_TEST_FORKS, "ThreadSanitizer");
    rd4ad::own_thread_pool().run(8, 3, [](std::size_t, std::size_t) {});
    const ::pid_t child = ::fork();
    if (child == 0) {
        is_forked = true;
        ::alarm(10);
        int status = visits_each_once(rd4ad::own_thread_pool(), 100, 3) ? 0 : 1;
        {
            rd4ad::thread_pool pool;
            if (!visits_each_once(pool, 100, 3)) status = 2;
        }
        std::thread{[&] { status += visits_each_once(rd4ad::own_thread_pool(), 100, 3) ? 0 : 4; }}.join();
        std::exit(status);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("A pool runs every part, then rethrows the exception of the lowest one that failed", "[core]") {
    rd4ad::thread_pool pool;
    for (const std::size_t threads : {1UL, 3UL})
        for (const std::size_t parts : {30UL, 200'000UL}) {
            std::atomic<std::size_t> done{0};
            const auto work = [&](std::size_t part, std::size_t) {
                ++done;
                if (part % 10 == 5) throw rd4ad::data_error{rd4ad::text("part ", part)};
            };
            CHECK_THROWS_MATCHES(pool.run(parts, threads, work), rd4ad::data_error, Catch::Message("part 5"));
            CHECK(done == parts);
            CHECK(visits_each_once(pool, parts, threads));
        }
}

TEST_CASE("A call from within a part runs on the part's thread", "[core]") {
    std::atomic<int> inner{0}, elsewhere{0};
    rd4ad::own_thread_pool().run(4, 2, [&](std::size_t, std::size_t) {
        const auto self = std::this_thread::get_id();
        rd4ad::own_thread_pool().run(5, 4, [&](std::size_t, std::size_t slot) {
            ++inner;
            if (std::this_thread::get_id() != self || slot != 0) ++elsewhere;
        });
    });
    CHECK(inner == 20);
    CHECK(elsewhere == 0);
}

TEST_CASE("Threads have pools of their own and call them at the same time", "[core]") {
    std::atomic<int> right{0};
    {
        std::vector<std::jthread> callers;
        for (int i = 0; i < 4; ++i)
            callers.emplace_back([&] {
                for (std::size_t call = 0; call < 50; ++call) right += visits_each_once(rd4ad::own_thread_pool(), 6, 3);
            });
    }
    CHECK(right == 200);
}

TEST_CASE("The threads of an idle pool sleep", "[core]") {
    rd4ad::thread_pool pool;
    REQUIRE(visits_each_once(pool, 64, 4));
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    const double before = processor_seconds();
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    CHECK(processor_seconds() - before < 0.01);  // a spinning thread takes 0.1 s each
}

TEST_CASE("A caller that waits for a long part sleeps", "[core]") {
    rd4ad::thread_pool pool;
    std::atomic<bool> begun{false};
    const double before = processor_seconds();
    pool.run(2, 2, [&](std::size_t, std::size_t slot) {
        if (slot == 0) {
            becomes_true([&] { return begun.load(); });
        } else {
            begun = true;
            std::this_thread::sleep_for(std::chrono::milliseconds{100});
        }
    });
    CHECK(processor_seconds() - before < 0.03);
}
