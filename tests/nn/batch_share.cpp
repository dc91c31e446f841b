// A batch that ranks share: statistics, gradients and loss are those of the whole batch, also with unequal and empty shares.
#include <rd4ad/nn/batch_share.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

#include <rd4ad/core/partition.hpp>
#include <rd4ad/nn/batch_norm.hpp>
#include <rd4ad/nn/cosine_loss.hpp>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/tensors.hpp>
#include <support/thread_ranks.hpp>
#include <support/values.hpp>

namespace {

using namespace rd4ad;

/// The results of one batch norm and one loss on a batch, or on a share of it.
struct shared_results {
    std::vector<double> statistics, running, dx, parameters, losses;
};

/// Computes the images first .. last - 1 of a batch of seeded values; a share without images computes the first one.
template <Backend B>
shared_results compute_share(const shape& whole, index_range own, const nn::batch_share& share) {
    typename B::queue q{1};
    const bool has_weight = share.has_weight;
    const std::size_t images = has_weight ? own.last - own.first : 1, each = whole.count() / whole.n;
    const shape size{images, whole.c, whole.h, whole.w};
    const auto part = [&](std::uint64_t seed, double offset) {
        auto values = test::seeded_values<double>(seed, whole.count());
        for (double& one : values) one += offset;
        const auto first = values.begin() + static_cast<std::ptrdiff_t>((has_weight ? own.first : 0) * each);
        return to_device<B>(q, size, std::vector(first, first + static_cast<std::ptrdiff_t>(images * each)));
    };
    const auto x = part(1, 30), teacher = part(2, 0);
    const auto weight = test::flat_tensor<B>(q, test::seeded_values<double>(3, whole.c));
    const auto bias = test::flat_tensor<B>(q, test::seeded_values<double>(4, whole.c));
    auto mean = test::flat_tensor<B>(q, std::vector<double>(whole.c, 0.5)),
         variance = test::flat_tensor<B>(q, std::vector<double>(whole.c, 2));
    const auto saved = nn::batch_norm_forward<B>(
        q, x, {.weight = weight.data(), .bias = bias.data(), .running_mean = mean.data(), .running_variance = variance.data()},
        0.1, 0, share);
    const auto distances = nn::cosine_distances<B>(q, teacher, x, share);
    auto gradient = make_tensor<B>(q, size), dx = make_tensor<B>(q, size);
    nn::cosine_gradient<B>(q, teacher, x, distances, false, gradient);
    auto parameters = make_tensor<B>(q, {1, whole.c, 2, 1});
    nn::batch_norm_backward<B>(q, x, saved, true, gradient.data(),
                               {.x = dx.data(), .weight = parameters.data(), .bias = parameters.data() + whole.c});
    shared_results made{to_host<B>(q, saved.values), to_host<B>(q, mean), to_host<B>(q, dx), {}, {}};
    const auto running = to_host<B>(q, variance);
    made.running.insert(made.running.end(), running.begin(), running.end());
    if (!share.whole()) nn::values_sum<B>{q, *share.ranks, parameters.data(), parameters.count()}.finish();
    made.parameters = to_host<B>(q, parameters);
    const auto rows = to_host<B>(q, distances);
    for (std::size_t i = 0; i < rows.size(); i += 3) made.losses.push_back(rows[i]);
    return made;
}

void check_share_values(const std::vector<double>& found, const std::vector<double>& expected) {
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == Approx(expected[i]).epsilon(1e-10).margin(1e-12));
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a batch that ranks share has the whole batch's statistics and gradients", "[nn]",
                        test::double_backends) {
    using B = TestType;
    const shape whole{3, 4, 2, 5};
    const auto expected = compute_share<B>(whole, {0, whole.n}, {});
    for (const std::size_t size : {std::size_t{2}, std::size_t{5}}) {  // shares of 2 and 1 images; of 1, 1, 1, 0 and 0
        INFO(size << " ranks");
        std::vector<shared_results> found(size);
        test::on_ranks(size, [&](communicator& ranks) {
            const auto own = partition(whole.n, size, ranks.rank());
            found[ranks.rank()] = compute_share<B>(whole, own, {&ranks, whole.n, own.first != own.last});
        });
        std::vector<double> dx, losses;
        for (std::size_t rank = 0; rank < size; ++rank) {
            const auto& one = found[rank];
            check_share_values(one.statistics, expected.statistics);
            check_share_values(one.running, expected.running);
            check_share_values(one.parameters, expected.parameters);
            CHECK(one.statistics == found[0].statistics);
            CHECK(one.parameters == found[0].parameters);
            if (rank < whole.n) {
                dx.insert(dx.end(), one.dx.begin(), one.dx.end());
                losses.insert(losses.end(), one.losses.begin(), one.losses.end());
                continue;
            }
            CHECK(std::all_of(one.dx.begin(), one.dx.end(), [](double value) { return value == 0; }));
            CHECK(one.losses == std::vector<double>{0});
        }
        check_share_values(dx, expected.dx);
        check_share_values(losses, expected.losses);
    }
}
