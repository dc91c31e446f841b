#include <atomic>
#include <cstdlib>
#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/threads.hpp>
#include <set>
#include <string>
#include <support/catch.hpp>
#include <support/environment.hpp>

TEST_CASE("RD4AD_THREADS sets the default number of threads if it is a number above 0", "[core]") {
    const std::size_t hardware = [] {
        const rd4ad::test::environment without{"RD4AD_THREADS", nullptr};
        return rd4ad::default_threads();
    }();
    CHECK(hardware >= 1);
    for (const auto& [setting, expected] :
         {std::pair{"3", std::size_t{3}}, {"0", hardware}, {"-2", hardware}, {"", hardware}, {"many", hardware}}) {
        const rd4ad::test::environment set{"RD4AD_THREADS", setting};
        INFO("RD4AD_THREADS=" << setting);
        CHECK(rd4ad::default_threads() == expected);
    }
}

TEST_CASE("parallel_for visits every index once, for any number of threads", "[core]") {
    for (const std::size_t threads : {0UL, 1UL, 2UL, 5UL, 64UL}) {
        std::vector<std::atomic<int>> visits(23);
        rd4ad::parallel_for(visits.size(), threads, [&](std::size_t i) { ++visits[i]; });
        for (const auto& count : visits) CHECK(count == 1);
    }
}

TEST_CASE("parallel_for of 0 indices calls nothing", "[core]") {
    bool called = false;
    rd4ad::parallel_for(0, 4, [&](std::size_t) { called = true; });
    CHECK_FALSE(called);
}

TEST_CASE("parallel_for rethrows the first range's exception after all threads have ended", "[core]") {
    for (const std::size_t threads : {1UL, 3UL}) {
        std::atomic<int> done{0};
        const auto work = [&](std::size_t i) {
            if (i == 0 || i == 29) throw rd4ad::data_error{rd4ad::text("item ", i)};
            ++done;
        };
        CHECK_THROWS_MATCHES(rd4ad::parallel_for(30, threads, work), rd4ad::data_error, Catch::Message("item 0"));
        CHECK(done == (threads == 1 ? 0 : 19));  // range 1 all ten, range 2 nine, range 0 none
    }
}
