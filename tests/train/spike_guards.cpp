// The guards against loss spikes: their effect on steps, and equal bits after a resume.
#include <rd4ad/train/spike_guards.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

#include <rd4ad/train/train_model.hpp>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/seeded_features.hpp>
#include <support/stop_after.hpp>
#include <support/training_images.hpp>

using namespace rd4ad;

namespace {

/// Losses, values and statistics after five steps.
template <Backend B>
struct guarded_run {
    std::vector<double> losses;
    std::vector<typename B::value_type> values, statistics;
    friend bool operator==(const guarded_run&, const guarded_run&) = default;
};

template <Backend B>
guarded_run<B> run(const spike_guards& guards, const std::vector<std::size_t>& new_optimizer_before = {}) {
    auto m = make_model_without_teacher<B>("resnet18", {.threads = 1});
    const auto teacher = test::seeded_features<B>(m.queue, 3);
    auto by = make_optimizer(m, {.learning_rate = 0.001}, guards);
    guarded_run<B> made;
    for (std::size_t step = 0; step < 5; ++step) {
        if (std::count(new_optimizer_before.begin(), new_optimizer_before.end(), step) > 0)
            by = make_optimizer(m, {.learning_rate = 0.001}, guards);
        made.losses.push_back(value_of<B>(m.queue, train_step(m, by, teacher)));
    }
    made.values = to_host<B>(m.queue, m.trainable.weights.values);
    made.statistics = to_host<B>(m.queue, m.trainable.weights.statistics);
    return made;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("reset_every resets Adam after that number of steps", "[train]", test::backends) {
    using B = TestType;
    const auto plain = run<B>({});
    CHECK((run<B>({.reset_every = 2}) == run<B>({}, {2, 4})));
    CHECK((run<B>({.reset_every = 5}) == plain));
    CHECK(!(run<B>({.reset_every = 4}) == plain));
}

TEMPLATE_LIST_TEST_CASE("the variance guard applies below both itself and the running variance", "[train]", test::backends) {
    using B = TestType;
    const auto plain = run<B>({});
    CHECK((run<B>({.variance_guard = 1e-30}) == plain));
    const auto guarded = run<B>({.variance_guard = 1e30});
    CHECK(!(guarded == plain));
    // Running variances start at 1. With an infinite guard none falls below 1; without a guard some do.
    auto m = make_model_without_teacher<B>("resnet18", {.threads = 1});
    const auto lowest = [&](const guarded_run<B>& of) {
        double found = 1e30;
        for (const auto& p : m.trainable.layers.table.statistics)
            if (p.kind == nn::parameter_kind::running_variance)
                for (std::size_t i = 0; i < p.count; ++i)
                    found = std::min(found, static_cast<double>(of.statistics[p.offset + i]));
        return found;
    };
    CHECK(lowest(plain) < 0.99);
    CHECK(lowest(guarded) >= 1 - 1e-6);
}

TEST_CASE("a training with both guards resumes bit for bit, and refuses to resume without them", "[train]") {
    using B = std::tuple_element_t<0, test::backends>;
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 7);
    train_options options;
    options.epochs = 3, options.batch = 4, options.size = 32, options.learning_rate = 0.001, options.seed = 5;
    options.guards = {.variance_guard = 0.5, .reset_every = 4};
    const auto trained = [&] {
        auto m = make_model_without_teacher<B>("resnet18", {.seed = 5, .threads = 1});
        return train(m, set, options).losses;
    };
    options.checkpoint = folder / "whole.safetensors";
    const auto whole = trained();
    options.checkpoint = folder / "parts.safetensors";
    test::stop_after(options, 3);
    CHECK(trained().size() == 1);
    test::stop_never(options);
    options.resume = true;
    options.guards = {};
    auto refused = make_model_without_teacher<B>("resnet18", {.seed = 5, .threads = 1});
    CHECK_THAT(test::message_of([&] { static_cast<void>(train(refused, set, options)); }),
               test::mentions(folder / "parts.resume.safetensors", "reset_every was 4 and is now 0",
                              "variance_guard was 0.5 and is now 0.0"));
    options.guards = {.variance_guard = 0.5, .reset_every = 4};
    CHECK(trained() == whole);
    CHECK((test::text_of_file(folder / "parts.safetensors") == test::text_of_file(folder / "whole.safetensors")));
}

TEST_CASE("a negative variance guard is refused", "[train]") {
    using B = std::tuple_element_t<0, test::backends>;
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 2);
    auto m = make_model_without_teacher<B>("resnet18", {.seed = 5, .threads = 1});
    CHECK_THAT(test::message_of([&] { static_cast<void>(train(m, set, {.size = 32, .guards = {.variance_guard = -1}})); }),
               test::mentions("variance guard -1.0", "0 (off)"));
}
