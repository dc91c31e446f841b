// The whole model's gradient against central differences, at some parameters of each kind.
#include <rd4ad/train/step.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/seeded_features.hpp>
#include <support/stored_gradients.hpp>
#include <support/values.hpp>

TEMPLATE_LIST_TEST_CASE("the model's gradients equal central differences", "[model][gradient]", rd4ad::test::double_backends) {
    using namespace rd4ad;
    using B = TestType;
    auto m = make_model_without_teacher<B>("resnet18", {.threads = 1});
    auto& q = m.queue;
    const auto teacher = test::seeded_features<B>(q, 4);
    test::stored_gradients<B> gradients{nn::make_flat<B>(q, m.trainable.layers.table.value_count)};
    const double loss = value_of<B>(q, loss_and_gradient<B>(m, teacher, gradients));
    const auto slopes = to_host<B>(q, gradients.values), values = to_host<B>(q, m.trainable.weights.values);

    const auto forward_loss = [&] {
        const nn::training_mode mode{.preference = m.algorithm};
        const auto bottleneck = forward<B>(q, m.trainable.layers.bottleneck, m.trainable.weights, teacher, mode);
        const auto student = forward<B>(q, m.trainable.layers.student, m.trainable.weights, bottleneck.output(), mode);
        pending_loss<B> parts;
        for (std::size_t i = 0; i < 3; ++i) parts[i] = nn::cosine_distances<B>(q, teacher[i], student[2 - i].back().output);
        return value_of<B>(q, parts);
    };
    CHECK(forward_loss() == loss);

    const auto loss_with = [&](std::size_t at, double value) {
        B::upload(q, std::vector<double>{value}, m.trainable.weights.values.data() + at);
        const double found = forward_loss();
        B::upload(q, std::vector<double>{values[at]}, m.trainable.weights.values.data() + at);
        return found;
    };
    rd4ad::random source{5};
    std::size_t checked = 0;
    for (const std::string name :
         {"bn.conv1.weight", "bn.bn1.weight", "bn.bn1.bias", "bn.conv2.weight", "bn.conv3.weight", "bn.bn_layer.0.conv1.weight",
          "bn.bn_layer.0.downsample.0.weight", "bn.bn_layer.0.downsample.1.bias", "bn.bn_layer.1.conv2.weight",
          "bn.bn_layer.1.bn2.weight", "decoder.layer1.0.conv1.weight", "decoder.layer1.0.upsample.0.weight",
          "decoder.layer2.0.bn1.weight", "decoder.layer2.1.conv1.weight", "decoder.layer3.0.conv1.weight",
          "decoder.layer3.0.upsample.1.weight", "decoder.layer3.1.conv2.weight", "decoder.layer3.1.bn2.bias"})
        for (const auto& p : m.trainable.layers.table.values) {
            if (p.name != name) continue;
            const auto first = slopes.begin() + static_cast<std::ptrdiff_t>(p.offset);
            const std::vector<double> part(first, first + static_cast<std::ptrdiff_t>(p.count));
            const double scale = test::largest_magnitude(part);
            const auto steepest =
                std::max_element(part.begin(), part.end(), [](double a, double b) { return std::fabs(a) < std::fabs(b); });
            for (const std::size_t i : {static_cast<std::size_t>(steepest - part.begin()), source.below(p.count)}) {
                const std::size_t at = p.offset + i;
                // a step may cross a kink of one of the many ReLUs: then the test tries a smaller step
                double slope = 0;
                for (const double step : {1e-5, 1e-6, 1e-7}) {
                    slope = (loss_with(at, values[at] + step) - loss_with(at, values[at] - step)) / (2 * step);
                    if (std::fabs(slope - part[i]) < 1e-4 * scale) break;
                }
                INFO(name << " " << i << ": " << part[i] << ", by differences " << slope << "; the largest is " << scale);
                CHECK(scale > 0);
                CHECK(std::fabs(slope - part[i]) < 1e-4 * scale);
                ++checked;
            }
        }
    CHECK(checked == 36);
}
