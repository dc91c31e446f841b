// Maps joined from patches, by networks whose maps are known.
#include <rd4ad/score/scorer.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/small_model.hpp>
#include <support/training_images.hpp>

using namespace rd4ad;

namespace {

using B = test::first_backend;

/// Images at their own size, in patches of 32 x 32 pixels that overlap by at least 8.
model_settings in_patches() {
    model_settings settings{.height = 32, .width = 32};
    settings.preprocessing.geometry = {.fit = image::fit::native, .size = 32};
    settings.preprocessing.patches.size = 32;
    settings.preprocessing.patches.overlap = 8;
    return settings;
}

/// The map of one image by network(inputs, height, width), without smoothing.
template <class Network>
image::image_f32 map_by(const image::image_u8& image, const model_settings& settings, std::size_t batch, const Network& network) {
    const std::vector<preprocessed_image> images{preprocess(image, settings.preprocessing)};
    return std::move(compute_maps(images, settings, batch, 1, 0.0, network).front());
}

/// A network whose map is the first channel of its input.
std::vector<image::image_f32> first_channel(const std::vector<float>& inputs, std::size_t height, std::size_t width) {
    std::vector<image::image_f32> maps(inputs.size() / (height * width * 3), image::make_image<float>(width, height, 1));
    for (std::size_t i = 0; i < maps.size(); ++i)
        for (std::size_t p = 0; p < height * width; ++p) maps[i].pixels[p] = inputs[(i * height * width + p) * 3];
    return maps;
}

/// A network whose maps are constant: 0 for the first input, 1 for the second, and so on over all calls.
struct counting_network {
    std::size_t& calls;
    std::vector<image::image_f32> operator()(const std::vector<float>& inputs, std::size_t height, std::size_t width) const {
        std::vector<image::image_f32> maps;
        for (std::size_t i = 0; i < inputs.size() / (height * width * 3); ++i)
            maps.push_back(image::make_image<float>(width, height, 1, static_cast<float>(calls++)));
        return maps;
    }
};

/// The largest differences of horizontal and of vertical neighbours.
struct steps {
    float across{0}, down{0};
};
steps largest_steps(const image::image_f32& map) {
    steps found;
    for (std::size_t y = 0; y < map.height; ++y)
        for (std::size_t x = 0; x < map.width; ++x) {
            if (x > 0) found.across = std::max(found.across, std::fabs(*map.at(x, y) - *map.at(x - 1, y)));
            if (y > 0) found.down = std::max(found.down, std::fabs(*map.at(x, y) - *map.at(x, y - 1)));
        }
    return found;
}

}  // namespace

TEST_CASE("overlapping patches of a constant map join to the same constant map", "[score]") {
    const auto image = test::image(90, 70, 1);  // 4 x 3 patches
    for (const std::size_t batch : {1u, 5u, 100u}) {
        const auto map = map_by(image, in_patches(), batch, [](const auto& inputs, std::size_t height, std::size_t width) {
            return std::vector(inputs.size() / (height * width * 3), image::make_image<float>(width, height, 1, 1.5f));
        });
        REQUIRE((map.width == 90 && map.height == 70));
        const auto [lowest, highest] = std::minmax_element(map.pixels.begin(), map.pixels.end());
        CHECK((*lowest >= 1.5f * (1 - 1e-6f) && *highest <= 1.5f * (1 + 1e-6f)));
    }
}

TEST_CASE("overlapping patches of a local map join to the whole image's map", "[score]") {
    const auto image = test::image(90, 70, 2);
    const auto settings = in_patches();
    const auto joined = map_by(image, settings, 5, first_channel);
    std::vector<float> whole(image.pixels.size());
    image::normalise(image, whole, settings.normalisation);
    REQUIRE(joined.pixels.size() * 3 == whole.size());
    double largest = 0;
    for (std::size_t p = 0; p < joined.pixels.size(); ++p)
        largest = std::max(largest, std::fabs(static_cast<double>(joined.pixels[p]) - static_cast<double>(whole[3 * p])));
    CHECK(largest < 1e-5);
}

TEST_CASE("patches with different maps join without a step at their borders", "[score]") {
    // 50 x 40 pixels have 2 x 2 patches, which overlap by 14 columns and 24 rows. Their maps are 0, 1, 2 and 3. A patch's share
    // grows by at most 1/15 per column and 1/10 per row; without blending a step would be 1 across and 2 down.
    std::size_t calls = 0;
    const auto map = map_by(test::image(50, 40, 3), in_patches(), 3, counting_network{calls});
    CHECK(calls == 4);
    CHECK((*map.at(0, 0) == 0 && *map.at(49, 0) == 1 && *map.at(0, 39) == 2 && *map.at(49, 39) == 3));
    const auto found = largest_steps(map);
    CHECK((found.across > 0 && found.across <= 1.0f / 14));
    CHECK((found.down > 0 && found.down <= 2.0f / 9));
}

TEST_CASE("maps of whole images are the network's, and the raw score is the maximum over the image", "[score]") {
    model_settings settings{.height = 32, .width = 32};
    settings.preprocessing.geometry = {.fit = image::fit::pad, .size = 32};
    std::vector<preprocessed_image> images;
    for (std::size_t i = 0; i < 3; ++i) images.push_back(preprocess(test::image(40, 20 + i, i), settings.preprocessing));
    std::size_t calls = 0;
    auto maps = compute_maps(images, settings, 2, 1, 4.0, counting_network{calls});
    REQUIRE(maps.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) CHECK(maps[i] == image::make_image<float>(32, 32, 1, static_cast<float>(i)));
    *maps[0].at(16, 0) = 2;  // a border pixel, outside the image
    CHECK(raw_score_of(maps[0], images[0].plan.transform) == 0);
    *maps[0].at(16, 16) = 1;
    CHECK(raw_score_of(maps[0], images[0].plan.transform) == 1);
}

TEST_CASE("a map that is not finite gives no score: the error names the image, the pixel and the reason", "[score]") {
    model_settings whole{.height = 32, .width = 64};
    whole.preprocessing.geometry = {.size = 64, .height = 32};
    const auto refusal = [](const model_settings& settings, std::size_t input, float bad, const std::string& name) {
        std::vector<preprocessed_image> images{preprocess(test::image(64, 32, 1), settings.preprocessing),
                                               preprocess(test::image(64, 32, 2), settings.preprocessing)};
        images[1].name = name;
        std::size_t calls = 0;
        const auto network = [&](const std::vector<float>& inputs, std::size_t height, std::size_t width) {
            auto maps = first_channel(inputs, height, width);
            if (calls++ == input) *maps.front().at(2, 1) = bad;
            return maps;
        };
        return test::message_of([&] {
            static_cast<void>(
                compute_maps(images, settings, 1, 1, 0.5, network, [] { return std::string{"the server is ill"}; }));
        });
    };
    const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
    CHECK(refusal(whole, 9, nan, "b.png") == "nothing thrown");
    CHECK_THAT(refusal(whole, 1, nan, "b.png"), test::mentions("b.png: no score", "NaN at x 2, y 1", "the server is ill"));
    CHECK_THAT(refusal(whole, 1, -infinity, "b.png"), test::mentions("b.png: no score", "-infinite at x 2, y 1"));
    CHECK_THAT(refusal(whole, 0, infinity, "b.png"), test::mentions("image 0: no score", "infinite at x 2, y 1"));
    // 64 x 32 pixels have 3 patches of 32 x 32: the second image's last one is the sixth input.
    CHECK(refusal(in_patches(), 6, nan, "b.png") == "nothing thrown");
    CHECK_THAT(refusal(in_patches(), 5, nan, "b.png"), test::mentions("b.png: no score", "NaN", "the server is ill"));
}

TEST_CASE("a model that is not finite, or whose features overflow, gives no score but the reason", "[score]") {
    using T = B::value_type;
    const auto refusal = [](T value) {
        auto m = test::small_model();
        auto student = trainable_of(m);
        for (const auto& p : m.trainable.layers.table.values)
            if (p.kind == nn::parameter_kind::norm_bias && p.name.starts_with("decoder.")) student.values[p.offset] = value;
        set_trainable(m, student);
        const scorer<B> by{m, 2, 0.0};
        std::vector<preprocessed_image> images{preprocess(test::image(64, 32, 1), m.settings.preprocessing)};
        images[0].name = "a.png";
        return test::message_of([&] { static_cast<void>(by.maps(m.queue, images)); });
    };
    CHECK(refusal(T{1}) == "nothing thrown");
    CHECK_THAT(refusal(std::numeric_limits<T>::infinity()), test::mentions("a.png: no score", "decoder.", "infinite at value 0"));
    CHECK_THAT(refusal(std::numeric_limits<T>::max()), test::mentions("a.png: no score", "weights are finite", "overflow"));
}
