// Photographs of any size in, scores and maps out; one by one, together, and from two threads.
#include <rd4ad/score/detector.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <rd4ad/image/write.hpp>

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
    m.settings.view.geometry = {.size = 64, .height = 32};
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

TEST_CASE("photographs on disk come in their order, as they score together", "[score]") {
    const test::scratch_folder folder;
    std::vector<std::filesystem::path> files;
    std::vector<image::picture> photographs = some_photographs();
    for (std::size_t i = 0; i < photographs.size(); ++i) {
        files.push_back(folder / (std::to_string(i) + ".png"));
        image::write_png(files.back(), photographs[i]);
    }
    const detector<B> pairs{small_model(), {.batch = 2}};
    const auto together = pairs.score(photographs);
    std::vector<std::size_t> sizes;
    std::size_t next = 0;
    pairs.score_files(files, [&](std::size_t first, std::span<const finding> found, double ms) {
        CHECK(first == next);
        CHECK(ms > 0);
        for (std::size_t i = 0; i < found.size(); ++i) check_same(found[i], together[first + i], 0);
        sizes.push_back(found.size());
        next += found.size();
    });
    CHECK(sizes == std::vector<std::size_t>{2, 2, 1});
    pairs.score_files({}, [](std::size_t, std::span<const finding>, double) { FAIL("nothing to score"); });

    // Read by threads beside those of the network, or by its own where they are all there are.
    for (const std::size_t threads : {std::size_t{1}, std::size_t{std::thread::hardware_concurrency()}}) {
        auto m = small_model();
        m.queue.threads = threads;
        const detector<B> by{std::move(m), {.batch = 2}};
        std::size_t seen = 0;
        by.score_files(files, [&](std::size_t first, std::span<const finding> found, double) {
            for (std::size_t i = 0; i < found.size(); ++i) check_same(found[i], together[first + i], 0);
            seen += found.size();
        });
        CHECK(seen == files.size());
    }

    // Those before a file that can't be read are still used.
    const auto missing = folder / "missing.png";
    files[3] = missing;
    std::size_t used = 0;
    CHECK_THROWS_WITH(
        pairs.score_files(files, [&](std::size_t, std::span<const finding> found, double) { used += found.size(); }),
        Catch::Matchers::StartsWith(missing.string()));
    CHECK(used == 2);
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

TEST_CASE("maps of padded, cropped and kept aspects come back to the photograph", "[score]") {
    const auto wide = test::photograph(100, 40, 7), tall = test::photograph(40, 120, 8), square = test::photograph(64, 64, 9);
    for (const auto how : {image::fit::pad, image::fit::short_side})
        for (const std::size_t crop : {0u, 32u}) {
            auto m = small_model();
            m.settings.view.geometry = {.fit = how, .size = 64, .crop = crop};
            m.settings.height = m.settings.width = crop ? crop : 64;
            m.settings.calibration = to_json(calibration{.typical = 0, .threshold = 1e-3});
            auto same = small_model();
            same.settings = m.settings;
            const detector<B> by{std::move(m)}, fitted{std::move(same), {.size = map_size::network}};
            const std::vector<image::picture> photographs{wide, tall, square};
            const auto found = by.score(photographs), network = fitted.score(photographs);
            for (std::size_t i = 0; i < 3; ++i) {
                CAPTURE(image::to_string(how), crop, i);
                const auto& place = found[i].place;
                CHECK((found[i].map.width == photographs[i].width && found[i].map.height == photographs[i].height));
                CHECK((network[i].map.width == place.width && network[i].map.height == place.height));
                CHECK(found[i].map == image::restore_map(place, network[i].map));
                const auto seen = data::extract(network[i].map, image::pixels_inside(place));
                CHECK(found[i].score == *std::max_element(seen.pixels.begin(), seen.pixels.end()));
                REQUIRE(!found[i].regions.empty());
                for (const auto& one : found[i].regions)
                    CHECK((one.relative.x >= 0 && one.relative.x + one.relative.width <= 1 + 1e-12));
            }
            if (how == image::fit::short_side && crop == 0)  // 100 x 40 comes to 160 x 64, 40 x 120 to 64 x 192
                CHECK((found[0].place.width == 160 && found[1].place.height == 192));
        }
}

TEST_CASE("patches are joined without seams: what a patch's border does not reach is the whole's own map", "[score]") {
    // A network's map of a patch depends on what lies around, so equal values are not to be had; that of one patch which is the
    // whole photograph is, up to rounding, the whole's.
    auto m = small_model();
    m.settings.view = {.geometry = {.size = 64}};
    m.settings.height = m.settings.width = 64;
    auto one = small_model();
    one.settings = m.settings;
    one.settings.view.patches.size = 64;
    const detector<B> whole{std::move(m), {.size = map_size::network}}, patch{std::move(one), {.size = map_size::network}};
    const auto photographs = some_photographs();
    const auto wanted = whole.score(photographs), found = patch.score(photographs);
    for (std::size_t i = 0; i < found.size(); ++i) check_same(found[i], wanted[i], 1e-5);
}

TEST_CASE("patches of several photographs are computed in any batches", "[score]") {
    const auto in_batches = [](std::size_t batch) {
        auto m = small_model();
        m.settings.view = {.geometry = {.fit = image::fit::native, .size = 32}};
        m.settings.view.patches.size = 32;
        m.settings.view.patches.overlap = 8;
        m.settings.height = m.settings.width = 32;
        return detector<B>{std::move(m), {.batch = batch}};
    };
    const auto photographs = some_photographs();  // 50 x 40 has 2 x 2 patches, 33 x 100 has 2 x 4
    const auto alone = in_batches(1).score(photographs), together = in_batches(7).score(photographs);
    for (std::size_t i = 0; i < photographs.size(); ++i) {
        INFO("photograph " << i);
        CHECK((alone[i].map.width == photographs[i].width && alone[i].map.height == photographs[i].height));
        check_same(together[i], alone[i], 1e-5);
        CHECK(alone[i].score > 0);
    }
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
          "place: the photograph is 0 x 0 pixels; both must be at least 1");
}
