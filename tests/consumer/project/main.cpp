// Trains for one epoch on a few small generated images, and scores one.
#include <cstdio>
#include <filesystem>
#include <utility>
#include <vector>

#include CONSUMER_HEADER  // rd4ad/rd4ad.hpp or rd4ad/compiled.hpp: nothing else differs

using cpu = rd4ad::backend::xtensor<float>;

int main() {
    const auto folder = std::filesystem::current_path() / "good";
    std::filesystem::create_directory(folder);
    rd4ad::random noise{.state = 1};
    auto image = rd4ad::image::make_image<std::uint8_t>(64, 64, 3);
    for (int i = 0; i < 4; ++i) {
        for (auto& value : image.pixels) value = static_cast<std::uint8_t>(100 + noise.below(50));
        rd4ad::image::write_png(folder / (std::to_string(i) + ".png"), image);
    }

    auto model = rd4ad::make_model_without_teacher<cpu>("resnet18");
    rd4ad::train_options options{.epochs = 1, .batch = 4, .size = 32};
    options.calibrate_by = rd4ad::calibration_images::none;  // no further students: the program is not optimised
    const auto log = rd4ad::train(model, rd4ad::data::open(folder), options);
    const rd4ad::detector<cpu> detector{std::move(model)};
    detector.warm_up(std::vector<rd4ad::image::size>{{64, 64}});
    const auto result = detector.score(image);
    const auto frame = detector.score(rd4ad::image::view_of(image));
    std::printf("rd4ad %s: loss %.3f, raw score %.3f\n", rd4ad::version, log.losses.front(),
                static_cast<double>(result.raw_score));
    return result.map.width == 64 && frame.map == result.map && result.raw_score > 0.0f && result.raw_score < 3.0f ? 0 : 1;
}
