// Queues are lent to one holder at a time and used again.
#include <rd4ad/score/queue_pool.hpp>

#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <support/catch.hpp>
#include <support/small_model.hpp>

using namespace rd4ad;

using pool_type = queue_pool<test::first_backend>;

TEST_CASE("a returned queue is lent again", "[score]") {
    pool_type pool{1};
    const auto* first = [&] {
        const auto lease = pool.borrow();
        CHECK((*lease).threads == 1);
        return &*lease;
    }();
    const auto again = pool.borrow();
    CHECK(&*again == first);
    CHECK(pool.size() == 1);
}

TEST_CASE("queues that are lent at the same time are different", "[score]") {
    pool_type pool{1};
    {
        auto first = pool.borrow();
        const auto second = pool.borrow();
        CHECK(&*first != &*second);
        const auto moved = std::move(first);
        CHECK(&*moved != &*second);
    }
    CHECK(pool.size() == 2);
    const auto first = pool.borrow(), second = pool.borrow();
    CHECK(pool.size() == 2);
}

TEST_CASE("threads may borrow at once, and the pool makes no more queues than holders", "[score]") {
    pool_type pool{1};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] {
                for (int j = 0; j < 200; ++j) static_cast<void>(pool.borrow());
            });
    }
    CHECK((pool.size() >= 1 && pool.size() <= 4));
}
