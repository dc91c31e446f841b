// One training step: repeatable, it lowers the loss, and it allocates nothing after the first.
#include <rd4ad/train/step.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/gradient_check.hpp>

using namespace rd4ad;

namespace {

template <Backend B>
features<B> seeded_features(typename B::queue& q, std::size_t images) {
    using T = typename B::value_type;
    features<B> made;
    for (std::size_t i = 0; i < 3; ++i) {
        const shape size{images, std::size_t{64} << i, std::size_t{8} >> i, std::size_t{8} >> i};
        auto values = test::numbers<T>(i, size.count());
        for (T& value : values) value = std::max(value, -value);
        made[i] = to_device<B>(q, size, values);
    }
    return made;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("steps repeat bit for bit, lower the loss and allocate once", "[train]", test::backends) {
    using B = TestType;
    auto m = make_model_without_teacher<B>("resnet18", {.threads = 1});
    auto& q = m.queue;
    const auto teacher = seeded_features<B>(q, 3);
    const auto start = to_host<B>(q, m.trained.values);
    const auto run = [&] {
        B::upload(q, start, m.trained.values.data());
        auto by = make_optimizer(m, {.rate = 0.001});
        std::vector<double> losses;
        std::vector<std::size_t> allocated;
        for (int step = 0; step < 4; ++step) {
            losses.push_back(value_of<B>(q, train_step(m, by, teacher)));
            allocated.push_back(q.pool.allocated());
        }
        CHECK(by.adam.steps == 4);
        for (const std::size_t count : allocated) CHECK(count == allocated.front());
        return losses;
    };
    const auto losses = run();
    for (const double loss : losses) CHECK((loss > 0 && loss < 3));
    CHECK(losses.back() < losses.front());
    CHECK(m.batches == 4);
    CHECK(run() == losses);
}

TEMPLATE_LIST_TEST_CASE("a step by layers is a step over all parameters, bit for bit", "[train]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    auto m = make_model_without_teacher<B>("resnet18", {.threads = 2});
    auto& q = m.queue;
    const std::size_t count = m.trained_net.table.value_count;
    const auto teacher = seeded_features<B>(q, 3);
    const auto start = to_host<B>(q, m.trained.values), statistics = to_host<B>(q, m.trained.statistics);
    auto by = make_optimizer(m);
    for (int step = 0; step < 2; ++step) static_cast<void>(train_step(m, by, teacher));
    const auto by_layers = to_host<B>(q, m.trained.values), first = to_host<B>(q, by.adam.first);

    B::upload(q, start, m.trained.values.data());
    B::upload(q, statistics, m.trained.statistics.data());
    auto whole = make_optimizer(m);
    nn::kept_gradients<B> gradients{nn::make_flat<B>(q, count)};
    for (int step = 0; step < 2; ++step) {
        static_cast<void>(loss_and_gradient<B>(m, teacher, gradients));
        ++whole.adam.steps;
        nn::adam_update<B>(q, whole.options, m.trained.values, whole.adam, 0, count, gradients.values.data());
    }
    CHECK(to_host<B>(q, m.trained.values) == by_layers);
    CHECK(to_host<B>(q, whole.adam.first) == first);
    CHECK(by_layers != start);
    CHECK(std::all_of(first.begin(), first.end(), [](T value) { return std::isfinite(value); }));
}
