// Photographs of any size in, scores and maps out; one by one, together, and from two threads.
#include <rd4ad/score/detector.hpp>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/gradient_check.hpp>
#include <support/photographs.hpp>

using namespace rd4ad;

namespace {

using B = std::tuple_element_t<0, test::backends>;

model<B> small_model() {
    auto m = make_model_without_teacher<B>("resnet18", {.threads = 1});
    m.settings.height = 32, m.settings.width = 64;
    return m;
}

const detector<B>& small_detector() {
    static const detector<B> made{small_model()};
    return made;
}

std::vector<image::picture> some_photographs() {
    return {test::photograph(50, 40, 1), test::photograph(64, 32, 2), test::photograph(33, 100, 3), test::photograph(90, 20, 4),
            test::photograph(16, 16, 5)};
}

void check_same(const finding& found, const finding& wanted, double tolerance) {
    CHECK(static_cast<double>(found.score) == Approx(static_cast<double>(wanted.score)).margin(tolerance));
    CHECK((found.map.width == wanted.map.width && found.map.height == wanted.map.height));
    CHECK(test::apart(found.map.pixels, wanted.map.pixels) <= tolerance);
}

}  // namespace

TEST_CASE("maps have the network's or the photograph's size, the score is the maximum at the network's", "[score]") {
    const auto photographs = some_photographs();
    const auto& large = small_detector();
    const detector<B> small{small_model(), {.size = map_size::network}};
    const auto as_large = large.score(photographs), as_small = small.score(photographs);
    REQUIRE(as_large.size() == photographs.size());
    for (std::size_t i = 0; i < photographs.size(); ++i) {
        INFO("photograph " << i);
        const auto& map = as_small[i].map;
        CHECK((map.width == 64 && map.height == 32 && map.channels == 1));
        CHECK(as_small[i].score == *std::max_element(map.pixels.begin(), map.pixels.end()));
        CHECK((as_small[i].score > 0 && as_small[i].score <= 3));
        CHECK(*std::min_element(map.pixels.begin(), map.pixels.end()) >= 0);
        CHECK((as_large[i].map.width == photographs[i].width && as_large[i].map.height == photographs[i].height));
        CHECK(as_large[i].score == as_small[i].score);
        CHECK(as_large[i].map == image::resize_map(map, photographs[i].width, photographs[i].height));
    }
    CHECK(large.settings().width == 64);
    CHECK(large.arch().name == "resnet18");
}

TEST_CASE("photographs score together as they do one by one", "[score]") {
    const auto photographs = some_photographs();
    const auto& all = small_detector();
    const detector<B> pairs{small_model(), {.batch = 2}};
    const auto together = all.score(photographs), in_pairs = pairs.score(photographs);
    REQUIRE((together.size() == 5 && in_pairs.size() == 5));
    for (std::size_t i = 0; i < 5; ++i) {
        INFO("photograph " << i);
        check_same(all.score(photographs[i]), together[i], 1e-5);
        check_same(in_pairs[i], together[i], 1e-5);
    }
    CHECK(all.score(std::vector<image::picture>{}).empty());
}

TEST_CASE("threads may score with one detector at once", "[score]") {
    const auto photographs = some_photographs();
    const auto& shared = small_detector();
    const auto alone = shared.score(photographs);
    std::vector<finding> first, second;
    std::thread other{[&] {
        for (int i = 0; i < 3; ++i) second = shared.score(photographs);
    }};
    for (int i = 0; i < 3; ++i) first = shared.score(photographs);
    other.join();
    for (std::size_t i = 0; i < alone.size(); ++i) {
        check_same(first[i], alone[i], 0);
        check_same(second[i], alone[i], 0);
    }
}

TEST_CASE("a checkpoint's detector is its model's", "[score]") {
    const test::scratch_folder folder;
    auto m = small_model();
    save_checkpoint<B>(folder / "part.safetensors", m);
    const detector<B> loaded{folder / "part.safetensors", {}, {.threads = 1}};
    const auto photograph = test::photograph(50, 40, 1);
    check_same(loaded.score(photograph), small_detector().score(photograph), 0);
}

TEST_CASE("a calibrated detector gives scores on the scale, verdicts and regions", "[score]") {
    const auto photographs = some_photographs();
    const auto raw = small_detector().score(photographs);
    CHECK((!small_detector().scale() && !raw[0].calibrated && !raw[0].anomalous() && raw[0].regions.empty()));
    std::vector<float> scores;
    for (const auto& one : raw) scores.push_back(one.score);
    std::sort(scores.begin(), scores.end());
    auto m = small_model();
    // Between the third and the fourth: two are alarms.
    const calibration by{.typical = static_cast<double>(scores[0]), .threshold = static_cast<double>(scores[3])};
    m.settings.calibration = to_json(by);
    const detector<B> calibrated{std::move(m)};
    CHECK(calibrated.scale() == by);
    const auto found = calibrated.score(photographs);
    int alarms = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
        INFO("photograph " << i);
        CHECK(found[i].score == raw[i].score);
        CHECK(found[i].map == raw[i].map);
        CHECK(found[i].calibrated == by(static_cast<double>(found[i].score)));
        CHECK(*found[i].anomalous() == !found[i].regions.empty());
        alarms += *found[i].anomalous();
        float peak = 0;
        for (const auto& one : found[i].regions) {
            peak = std::max(peak, one.peak);
            CHECK(*one.score == by(static_cast<double>(one.peak)));
            CHECK(one.box.x + one.box.width <= static_cast<double>(photographs[i].width));
        }
        if (*found[i].anomalous()) CHECK(peak == found[i].score);
    }
    CHECK(alarms == 2);
    auto broken = small_model();
    broken.settings.calibration = 3;
    CHECK(test::message_of([&] { detector<B>{std::move(broken)}; }) ==
          "detector: its calibration can't be read: expected what rd4ad writes; calibrate again by rd4ad calibrate");
}

TEST_CASE("what a detector can't do is refused", "[score]") {
    CHECK(test::message_of([] {
              detector<B>{model<B>{architecture_named("resnet18"), {.threads = 1}}, {.batch = 0}};
          }) == "detector: batch 0, expected at least 1");
    model<B> odd{architecture_named("resnet18"), {.threads = 1}};
    odd.settings.height = 32;
    odd.settings.width = 40;
    CHECK(test::message_of([&] { detector<B>{std::move(odd)}; }) ==
          "image size 40 x 32: width and height must be multiples of 32, from 32 on");
    const auto& by = small_detector();
    CHECK(test::message_of([&] { static_cast<void>(by.score(test::noise(64, 32, 1))); }) ==
          "normalise: expected 3 channels, the image is 64x32x1 (width x height x channels)");
    CHECK(test::message_of([&] { static_cast<void>(by.score(image::picture{})); }) ==
          "resize: the image has no pixels (0x0x0 as width x height x channels)");
}
