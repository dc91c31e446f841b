// One training on several ranks: the losses and weights of one process, equal bits on all ranks, one writer, and a resume by
// another number of ranks.
#include <rd4ad/train/train_model.hpp>

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <tuple>
#include <vector>

#include <rd4ad/core/partition.hpp>
#include <rd4ad/train/step.hpp>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/seeded_features.hpp>
#include <support/thread_ranks.hpp>
#include <support/training_images.hpp>

namespace {

using namespace rd4ad;
using ranks_backend = std::tuple_element_t<0, test::backends>;

/// The losses and weights of steps on a batch of three images, of which each rank has a share.
template <Backend B>
struct ranks_steps {
    std::vector<double> losses{}, weights{};

    ranks_steps(std::size_t steps, communicator* ranks) {
        auto m = make_model_without_teacher<B>("resnet18", {.seed = 5, .threads = 1});
        const auto all = test::seeded_features<B>(m.queue, 3);
        const auto own = ranks != nullptr ? partition(3, ranks->size(), ranks->rank()) : index_range{0, 3};
        const std::size_t count = own.last - own.first;
        features<B> share;
        for (std::size_t k = 0; k < 3; ++k) {
            const auto& of = all[k].shape;
            const auto values = to_host<B>(m.queue, all[k]);
            const auto begin = values.begin() + static_cast<std::ptrdiff_t>(own.first * of.count() / 3);
            share[k] = to_device<B>(m.queue, {count, of.c, of.h, of.w},
                                    std::vector(begin, begin + static_cast<std::ptrdiff_t>(count * of.count() / 3)));
        }
        auto by = make_optimizer(m, {.learning_rate = 0.001});
        for (std::size_t step = 0; step < steps; ++step)
            losses.push_back(value_of<B>(m.queue, train_step(m, by, share, 0.0, {}, {ranks, 3}), ranks));
        const auto values = to_host<B>(m.queue, m.trainable.weights.values);
        weights.assign(values.begin(), values.end());
    }
};

/// The steps on each rank.
template <Backend B>
std::vector<std::optional<ranks_steps<B>>> steps_on_ranks(std::size_t size, std::size_t steps) {
    std::vector<std::optional<ranks_steps<B>>> found(size);
    test::on_ranks(size, [&](communicator& ranks) { found[ranks.rank()].emplace(steps, &ranks); });
    return found;
}

double largest_loss_difference(const std::vector<double>& a, const std::vector<double>& b) {
    double most = a.size() == b.size() ? 0 : 1e9;
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
    return most;
}

/// Batches of 3 and, at the end of an epoch, of 1: shares of two ranks are unequal, and rank 1 has none of the last batch.
train_options ranks_training() {
    train_options options;
    options.steps = 4, options.batch = 3, options.size = 64, options.learning_rate = 0.001, options.seed = 5;
    options.calibrate_by = calibration_images::hold_out, options.validation = 0.4;
    options.ema = 0.9;
    return options;
}

/// The result of a training on one rank.
struct ranks_result {
    training_log log{};
    std::vector<float> weights{};
};

/// Trains on a number of ranks. change(options, rank): changes a rank's options.
template <class Change>
std::vector<ranks_result> train_on_ranks(std::size_t size, const data::dataset& set, const train_options& options,
                                         const Change& change) {
    using B = ranks_backend;
    std::vector<ranks_result> found(size);
    test::on_ranks(size, [&](communicator& ranks) {
        auto own = options;
        if (size > 1) own.ranks = &ranks;
        change(own, ranks.rank());
        auto m = own.resume ? load_checkpoint<B>(own.checkpoint, {.threads = 1})
                            : make_model_without_teacher<B>("resnet18", {.seed = 5, .threads = 1});
        auto& to = found[ranks.rank()];
        to.log = train(m, set, own);
        to.weights = to_host<B>(m.queue, m.trainable.weights.values);
    });
    return found;
}

void keep_options(train_options&, std::size_t) {}

}  // namespace

TEMPLATE_LIST_TEST_CASE("20 steps on two ranks have the losses of one process, and equal bits on both", "[train]",
                        test::double_backends) {
    const ranks_steps<TestType> whole{20, nullptr};
    const auto two = steps_on_ranks<TestType>(2, 20);
    CHECK(largest_loss_difference(two[0]->losses, whole.losses) < 1e-4);
    CHECK(whole.losses.back() < whole.losses.front());
    CHECK(two[0]->losses != whole.losses);  // the sums are in another order: the batch was shared
    CHECK(two[1]->losses == two[0]->losses);
    CHECK(two[1]->weights == two[0]->weights);
}

TEST_CASE("a training on ranks is saved by rank 0 and resumed on another number of ranks", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 7);
    auto options = ranks_training();
    options.checkpoint = folder / "ranks.safetensors";
    std::vector<std::stop_source> stops(2);
    const auto first = train_on_ranks(2, set, options, [&](train_options& own, std::size_t rank) {
        own.stop = stops[rank].get_token();
        own.progress = [&stops, rank](const training_progress& at) {  // a signal reaches rank 1 alone
            if (rank == 1 && at.epoch == 2 && at.step == 1) stops[rank].request_stop();
        };
        if (rank == 1) own.checkpoint = folder / "missing" / "ranks.safetensors";  // rank 1 writes nothing
    });
    CHECK((first[0].log.stopped && first[1].log.stopped));
    options.resume = true;
    const auto rest = train_on_ranks(3, set, options, keep_options);
    CHECK(!rest[0].log.stopped);
    REQUIRE(rest[0].log.losses.size() == 2);
    CHECK(rest[0].log.losses[0] == first[0].log.losses.at(0));
    CHECK(rest[2].weights == rest[0].weights);
    CHECK(std::filesystem::exists(folder / "ranks.safetensors"));
}

TEST_CASE("ranks with other images or settings are refused", "[train]") {
    const test::scratch_folder folder;
    const auto set = test::training_set(folder.path(), 7);
    const auto message = test::message_of([&] {
        static_cast<void>(train_on_ranks(2, set, ranks_training(), [](train_options& own, std::size_t rank) {
            if (rank == 1) own.learning_rate = 0.002;
        }));
    });
    CHECK_THAT(message, test::mentions("rank 1 has other settings than rank 0"));
    auto other = set;
    other.train.pop_back();
    const auto of_images = test::message_of([&] {
        test::on_ranks(2, [&](communicator& ranks) {
            auto own = ranks_training();
            own.ranks = &ranks;
            auto m = make_model_without_teacher<ranks_backend>("resnet18", {.seed = 5, .threads = 1});
            static_cast<void>(train(m, ranks.rank() == 0 ? set : other, own));
        });
    });
    CHECK_THAT(of_images, test::mentions("rank 1 finds other images than rank 0"));
}
