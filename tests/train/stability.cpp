// Measures against loss spikes: what they do to a step, off by default, and that a training with them goes on bit for bit.
#include <rd4ad/train/stability.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include <rd4ad/train/trainer.hpp>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/gradient_check.hpp>
#include <support/photographs.hpp>

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

/// Losses and trained values after some steps from the same start.
template <Backend B>
struct outcome {
    std::vector<double> losses;
    std::vector<typename B::value_type> values, statistics;
    friend bool operator==(const outcome&, const outcome&) = default;
};

template <Backend B>
outcome<B> run(const stability& stable, const std::vector<std::size_t>& fresh_optimizer_after = {}) {
    auto m = make_model_without_teacher<B>("resnet18", {.threads = 1});
    const auto teacher = seeded_features<B>(m.queue, 3);
    auto by = make_optimizer(m, {.rate = 0.001}, stable);
    outcome<B> made;
    for (std::size_t step = 0; step < 5; ++step) {
        if (std::count(fresh_optimizer_after.begin(), fresh_optimizer_after.end(), step) > 0)
            by = make_optimizer(m, {.rate = 0.001}, stable);
        made.losses.push_back(value_of<B>(m.queue, train_step(m, by, teacher)));
    }
    made.values = to_host<B>(m.queue, m.trained.values);
    made.statistics = to_host<B>(m.queue, m.trained.statistics);
    return made;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("Adam's memory begins anew after so many steps", "[train]", test::backends) {
    using B = TestType;
    const auto plain = run<B>({});
    CHECK((run<B>({.reset_every = 2}) == run<B>({}, {2, 4})));
    CHECK((run<B>({.reset_every = 5}) == plain));
    CHECK(!(run<B>({.reset_every = 4}) == plain));
}

TEMPLATE_LIST_TEST_CASE("the variance guard holds where batches vary less than it, and than the running variance", "[train]",
                        test::backends) {
    using B = TestType;
    const auto plain = run<B>({});
    CHECK((run<B>({.variance_guard = 1e-30}) == plain));
    const auto guarded = run<B>({.variance_guard = 1e30});
    CHECK(!(guarded == plain));
    // Running variances begin at 1: with an endless guard none falls below it, without any they do.
    auto m = make_model_without_teacher<B>("resnet18", {.threads = 1});
    const auto lowest = [&](const outcome<B>& of) {
        double found = 1e30;
        for (const auto& p : m.trained_net.table.statistics)
            if (p.kind == nn::parameter_kind::running_variance)
                for (std::size_t i = 0; i < p.count; ++i)
                    found = std::min(found, static_cast<double>(of.statistics[p.offset + i]));
        return found;
    };
    CHECK(lowest(plain) < 0.99);
    CHECK(lowest(guarded) >= 1 - 1e-6);
}

TEST_CASE("a training with both measures is resumed bit for bit, and not without them", "[train]") {
    using B = std::tuple_element_t<0, test::backends>;
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 7);
    train_options options;
    options.epochs = 3, options.batch = 4, options.size = 32, options.rate = 0.001, options.seed = 5;
    options.stable = {.variance_guard = 0.5, .reset_every = 4};
    const auto trained = [&] {
        auto m = make_model_without_teacher<B>("resnet18", {.seed = 5, .threads = 1});
        return train(m, set, options).losses;
    };
    options.checkpoint = folder / "whole.safetensors";
    const auto whole = trained();
    options.checkpoint = folder / "parts.safetensors";
    int steps = 0;
    options.should_stop = [&] { return ++steps == 3; };
    CHECK(trained().size() == 1);
    options.should_stop = {};
    options.resume = true;
    options.stable = {};
    auto refused = make_model_without_teacher<B>("resnet18", {.seed = 5, .threads = 1});
    CHECK(
        test::message_of([&] { static_cast<void>(train(refused, set, options)); }) ==
        (folder / "parts.resume.safetensors").string() +
            ": the training can't be resumed with other settings (reset_every was 4 and is now 0, variance_guard was 0.5 and is "
            "now 0.0): give the old ones, or train anew");
    options.stable = {.variance_guard = 0.5, .reset_every = 4};
    CHECK(trained() == whole);
    CHECK((test::text_of_file(folder / "parts.safetensors") == test::text_of_file(folder / "whole.safetensors")));
}

TEST_CASE("a negative variance guard is refused", "[train]") {
    using B = std::tuple_element_t<0, test::backends>;
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 2);
    auto m = make_model_without_teacher<B>("resnet18", {.seed = 5, .threads = 1});
    CHECK(test::message_of([&] { static_cast<void>(train(m, set, {.size = 32, .stable = {.variance_guard = -1}})); }) ==
          "variance guard -1.0: expected 0 (off) or a small number above it");
}
