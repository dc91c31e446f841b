// Training steps: equal bits on every run, a falling loss, and no allocation after the first step.
#include <rd4ad/train/step.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/seeded_features.hpp>
#include <support/stored_gradients.hpp>

using namespace rd4ad;

TEMPLATE_LIST_TEST_CASE("training steps repeat bit for bit, lower the loss and allocate once", "[train]", test::backends) {
    using B = TestType;
    auto m = make_model_without_teacher<B>("resnet18", {.threads = 1});
    auto& q = m.queue;
    const auto teacher = test::seeded_features<B>(q, 3);
    const auto start = to_host<B>(q, m.trainable.weights.values);
    const auto run = [&] {
        B::upload(q, start, m.trainable.weights.values.data());
        auto by = make_optimizer(m, {.learning_rate = 0.001});
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

TEMPLATE_LIST_TEST_CASE("Adam layer by layer equals Adam over all parameters, bit for bit", "[train]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    auto m = make_model_without_teacher<B>("resnet18", {.threads = 2});
    auto& q = m.queue;
    const std::size_t count = m.trainable.layers.table.value_count;
    const auto teacher = test::seeded_features<B>(q, 3);
    const auto start = to_host<B>(q, m.trainable.weights.values), statistics = to_host<B>(q, m.trainable.weights.statistics);
    auto by = make_optimizer(m);
    for (int step = 0; step < 2; ++step) static_cast<void>(train_step(m, by, teacher));
    const auto by_layers = to_host<B>(q, m.trainable.weights.values), first = to_host<B>(q, by.adam.first);

    B::upload(q, start, m.trainable.weights.values.data());
    B::upload(q, statistics, m.trainable.weights.statistics.data());
    auto whole = make_optimizer(m);
    test::stored_gradients<B> gradients{nn::make_flat<B>(q, count)};
    for (int step = 0; step < 2; ++step) {
        static_cast<void>(loss_and_gradient<B>(m, teacher, gradients));
        ++whole.adam.steps;
        nn::adam_update<B>(q, whole.options, m.trainable.weights.values, whole.adam, 0, count, gradients.values.data());
    }
    CHECK(to_host<B>(q, m.trainable.weights.values) == by_layers);
    CHECK(to_host<B>(q, whole.adam.first) == first);
    CHECK(by_layers != start);
    CHECK(std::all_of(first.begin(), first.end(), [](T value) { return std::isfinite(value); }));
}

TEMPLATE_LIST_TEST_CASE("hard mining drops the gradient of positions below the level", "[train]", test::backends) {
    using B = TestType;
    auto m = make_model_without_teacher<B>("resnet18", {.threads = 1});
    auto& q = m.queue;
    const auto teacher = test::seeded_features<B>(q, 3);
    const std::size_t count = m.trainable.layers.table.value_count;
    const auto gradients = [&](std::optional<double> hard_from) {
        test::stored_gradients<B> stored{nn::make_flat<B>(q, count)};
        const double loss = value_of<B>(q, loss_and_gradient<B>(m, teacher, stored, {.hard_from = hard_from}));
        return std::pair{loss, to_host<B>(q, stored.values)};
    };
    const auto [loss, all] = gradients({});
    CHECK(gradients(-100.0) == std::pair{loss, all});  // no position lies so low
    const auto [mined_loss, mined] = gradients(1.0);
    CHECK(mined_loss == loss);  // the loss counts all positions
    CHECK(mined != all);
    const auto [last_loss, none] = gradients(100.0);
    CHECK(std::all_of(none.begin(), none.end(), [](auto value) { return value == 0; }));
}
