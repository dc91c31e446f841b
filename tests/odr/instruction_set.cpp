// Images, metrics and a network, computed with the instruction set that this file is compiled for.
#include "instruction_set.hpp"

#include <cstdint>
#include <utility>

#include <rd4ad/backend/xtensor.hpp>
#include <rd4ad/core/config.hpp>
#include <rd4ad/image.hpp>
#include <rd4ad/metrics.hpp>
#include <rd4ad/model.hpp>

#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)

namespace {

using cpu = rd4ad::backend::xtensor<float>;

rd4ad::image::image_u8 noisy_image(std::size_t width, std::size_t height) {
    rd4ad::random noise{.state = 1};
    auto image = rd4ad::image::make_image<std::uint8_t>(width, height, 3);
    for (auto& value : image.pixels) value = static_cast<std::uint8_t>(noise.below(256));
    return image;
}

}  // namespace

computed RD4AD_TEST_FUNCTION() {
    computed values;
    values.instruction_set = TEXT(RD4AD_ABI);

    const auto png = rd4ad::image::encode_png(noisy_image(301, 203));
    const auto resized = rd4ad::image::resize(rd4ad::image::decode(std::as_bytes(std::span{png}), "noise"), 64, 96);
    values.pixels.assign(resized.pixels.begin(), resized.pixels.end());

    rd4ad::random noise{.state = 2};
    std::vector<float> scores;
    std::vector<std::uint8_t> labels;
    for (int i = 0; i < 1000; ++i) {
        labels.push_back(noise.below(3) == 0);
        scores.push_back(static_cast<float>(noise.uniform()) + 0.3f * labels.back());
    }
    values.metrics = {rd4ad::metrics::auroc(scores, labels), rd4ad::metrics::average_precision(scores, labels)};

    auto model = rd4ad::make_model_without_teacher<cpu>("resnet18", {.seed = 1, .threads = 2});
    std::vector<float> input(32 * 64 * 3);
    for (auto& value : input) value = static_cast<float>(noise.uniform());
    const rd4ad::scoring_network<cpu> network{model, {1, 3, 32, 64}, rd4ad::map_sigma};
    const auto images = rd4ad::to_device<cpu>(model.queue, {1, 3, 32, 64}, input);
    const auto map = rd4ad::to_host<cpu>(model.queue, network.map(model.queue, images));
    values.map.assign(map.begin(), map.end());
    return values;
}
