// Images of any size are scored: one by one, together, from files, and from two threads.
#include <rd4ad/score/detector.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <rd4ad/image/crop.hpp>
#include <rd4ad/image/write.hpp>
#include <rd4ad/score/calibration_json.hpp>
#include <rd4ad/score/threshold_rules.hpp>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/small_model.hpp>
#include <support/tensors.hpp>
#include <support/training_images.hpp>

using namespace rd4ad;

namespace {

using B = test::first_backend;
using test::small_model;

const detector<B>& small_detector() {
    static const detector<B> made{small_model()};
    return made;
}

std::vector<image::image_u8> some_images() {
    return {test::image(50, 40, 1), test::image(64, 32, 2), test::image(33, 100, 3), test::image(90, 20, 4),
            test::image(16, 16, 5)};
}

void check_same(const detection_result& found, const detection_result& expected, double tolerance) {
    CHECK(static_cast<double>(found.raw_score) == Approx(static_cast<double>(expected.raw_score)).margin(tolerance));
    CHECK((found.map.width == expected.map.width && found.map.height == expected.map.height));
    CHECK(test::relative_error(found.map.pixels, expected.map.pixels) <= tolerance);
}

}  // namespace

TEST_CASE("maps have the network's or the image's size, and the raw score is the maximum at the network's", "[score]") {
    const auto images = some_images();
    const auto& large = small_detector();
    const detector<B> small{small_model(), {.size = map_size::network}};
    const auto as_large = large.score(images), as_small = small.score(images);
    REQUIRE(as_large.size() == images.size());
    for (std::size_t i = 0; i < images.size(); ++i) {
        INFO("image " << i);
        const auto& map = as_small[i].map;
        CHECK((map.width == 64 && map.height == 32 && map.channels == 1));
        CHECK(as_small[i].raw_score == *std::max_element(map.pixels.begin(), map.pixels.end()));
        CHECK((as_small[i].raw_score > 0 && as_small[i].raw_score <= 3));
        CHECK(*std::min_element(map.pixels.begin(), map.pixels.end()) >= 0);
        CHECK((as_large[i].map.width == images[i].width && as_large[i].map.height == images[i].height));
        CHECK(as_large[i].raw_score == as_small[i].raw_score);
        CHECK(as_large[i].map == image::resize_map(map, images[i].width, images[i].height));
    }
    CHECK(large.settings().width == 64);
    CHECK(large.arch().name == "resnet18");
}

TEST_CASE("images score together as they do one by one", "[score]") {
    const auto images = some_images();
    const auto& all = small_detector();
    const detector<B> pairs{small_model(), {.batch = 2}};
    const auto together = all.score(images), in_pairs = pairs.score(images);
    REQUIRE((together.size() == 5 && in_pairs.size() == 5));
    for (std::size_t i = 0; i < 5; ++i) {
        INFO("image " << i);
        check_same(all.score(images[i]), together[i], 1e-5);
        check_same(in_pairs[i], together[i], 1e-5);
    }
    CHECK(all.score(std::vector<image::image_u8>{}).empty());
}

TEST_CASE("files are scored in order, as their images score together", "[score]") {
    const test::scratch_folder folder;
    std::vector<std::filesystem::path> files;
    std::vector<image::image_u8> images = some_images();
    for (std::size_t i = 0; i < images.size(); ++i) {
        files.push_back(folder / (std::to_string(i) + ".png"));
        image::write_png(files.back(), images[i]);
    }
    const detector<B> pairs{small_model(), {.batch = 2}};
    const auto together = pairs.score(images);
    std::vector<std::size_t> sizes;
    std::size_t next = 0;
    pairs.score_files(files, [&](std::size_t first, std::span<const outcome<detection_result>> results, double ms) {
        CHECK(first == next);
        CHECK(ms > 0);
        for (std::size_t i = 0; i < results.size(); ++i) check_same(*results[i], together[first + i], 0);
        sizes.push_back(results.size());
        next += results.size();
    });
    CHECK(sizes == std::vector<std::size_t>{2, 2, 1});
    pairs.score_files({}, [](std::size_t, std::span<const outcome<detection_result>>, double) { FAIL("called without files"); });

    // Files are read by extra threads, or by the network's threads if these occupy every core.
    for (const std::size_t threads : {std::size_t{1}, available_processors()}) {
        auto m = small_model();
        m.queue.threads = threads;
        const detector<B> by{std::move(m), {.batch = 2}};
        std::size_t seen = 0;
        by.score_files(files, [&](std::size_t first, std::span<const outcome<detection_result>> results, double) {
            for (std::size_t i = 0; i < results.size(); ++i) check_same(*results[i], together[first + i], 0);
            seen += results.size();
        });
        CHECK(seen == files.size());
    }

    // The results of the files before an unreadable one are still delivered.
    const auto missing = folder / "missing.png";
    files[3] = missing;
    std::size_t used = 0;
    CHECK_THROWS_WITH(pairs.score_files(files, [&](std::size_t, std::span<const outcome<detection_result>> results,
                                                   double) { used += results.size(); }),
                      Catch::Matchers::StartsWith(missing.string()));
    CHECK(used == 2);
}

TEST_CASE("files that can't be read have a failure, and the others the results that they have without them", "[score]") {
    const test::scratch_folder folder;
    std::vector<std::filesystem::path> good, files;
    for (std::uint64_t i = 0; i < 7; ++i) {
        good.push_back(folder / (std::to_string(i) + ".png"));
        image::write_png(good.back(), test::image(40 + 9 * i, 90 - 7 * i, i));
    }
    const auto damaged = folder / "damaged.png", cut = folder / "cut.png", gone = folder / "gone.png";
    test::write_text(damaged, "no image");
    test::write_text(cut, test::text_of_file(good[0]).substr(0, 300));
    files = {gone, good[0], good[1], damaged, good[2], cut, gone, damaged, good[3], good[4], good[5], good[6], cut};
    const auto is_bad = [&](std::size_t i) { return std::find(good.begin(), good.end(), files[i]) == good.end(); };

    auto in_patches = small_model();
    in_patches.settings.preprocessing = {.geometry = {.fit = image::fit::native, .size = 32}};
    in_patches.settings.preprocessing.patches.size = 32;
    in_patches.settings.height = in_patches.settings.width = 32;
    auto on_all_threads = small_model();
    on_all_threads.queue.threads = available_processors();
    std::vector<detector<B>> detectors;
    detectors.emplace_back(small_model(), detector_options{.batch = 3});
    detectors.emplace_back(std::move(in_patches), detector_options{.batch = 5});
    detectors.emplace_back(std::move(on_all_threads), detector_options{.batch = 3});
    for (const auto& by : detectors) {
        std::vector<detection_result> expected;
        by.score_files(good, [&](std::size_t, std::span<const outcome<detection_result>> results, double) {
            for (const auto& one : results) expected.push_back(*one);
        });
        std::size_t next = 0, value = 0;
        by.score_files(
            files,
            [&](std::size_t first, std::span<const outcome<detection_result>> results, double ms) {
                CHECK(first == next);
                for (const auto& one : results) {
                    INFO(files[next]);
                    REQUIRE(one.has_value() != is_bad(next));
                    if (one) {
                        CHECK(ms > 0);
                        CHECK(one->raw_score == expected.at(value).raw_score);
                        CHECK(one->map == expected.at(value++).map);
                    } else {
                        CHECK_THAT(one.error().message, Catch::Matchers::StartsWith(files[next].string()));
                    }
                    ++next;
                }
            },
            {}, on_failure::skip);
        CHECK((next == files.size() && value == good.size()));

        std::size_t done = 0;
        const auto raw_scores =
            by.raw_scores(files, {}, on_failure::skip, {.progress = [&](const run_progress& at) { done = at.done; }});
        REQUIRE((raw_scores.size() == files.size() && done == files.size()));
        const auto without = by.raw_scores(good);
        for (std::size_t i = 0, of = 0; i < files.size(); ++i) {
            INFO(files[i]);
            REQUIRE(raw_scores[i].has_value() != is_bad(i));
            if (raw_scores[i]) CHECK(*raw_scores[i] == *without.at(of++));
        }
        CHECK_THAT(test::message_of([&] { static_cast<void>(by.raw_scores(files)); }), test::mentions(gone, "no such file"));
        std::size_t failed = 0;
        by.score_files(
            std::vector{damaged, gone},
            [&](std::size_t, std::span<const outcome<detection_result>> results, double ms) {
                for (const auto& one : results) failed += one.has_value() ? 0u : 1u;
                CHECK(ms == 0);
            },
            {}, on_failure::skip);
        CHECK(failed == 2);
    }
}

TEST_CASE("several threads may score with one detector at once", "[score]") {
    const auto images = some_images();
    const auto& shared = small_detector();
    const auto alone = shared.score(images);
    std::vector<detection_result> first, second;
    std::thread other{[&] {
        for (int i = 0; i < 3; ++i) second = shared.score(images);
    }};
    for (int i = 0; i < 3; ++i) first = shared.score(images);
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
    const auto image = test::image(50, 40, 1);
    check_same(loaded.score(image), small_detector().score(image), 0);
}

TEST_CASE("a calibrated detector gives scores, verdicts and regions", "[score]") {
    const auto images = some_images();
    const auto uncalibrated = small_detector().score(images);
    std::vector<float> raw_scores;
    for (const auto& one : uncalibrated) raw_scores.push_back(one.raw_score);
    std::sort(raw_scores.begin(), raw_scores.end());
    auto m = small_model();
    // Between the third and the fourth: two are alarms.
    const calibration by{.typical = static_cast<double>(raw_scores[0]), .threshold = static_cast<double>(raw_scores[3])};
    m.settings.calibration = to_json(by);
    const detector<B> calibrated{std::move(m)};
    CHECK(calibrated.calibration() == by);
    const auto found = calibrated.score(images);
    int alarms = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
        INFO("image " << i);
        CHECK(found[i].raw_score == uncalibrated[i].raw_score);
        CHECK(found[i].map == uncalibrated[i].map);
        CHECK(found[i].score == by(static_cast<double>(found[i].raw_score)));
        CHECK(*found[i].is_anomalous() == !found[i].regions.empty());
        alarms += *found[i].is_anomalous();
        float highest = 0;
        for (const auto& one : found[i].regions) {
            highest = std::max(highest, one.raw_score);
            CHECK(*one.score == by(static_cast<double>(one.raw_score)));
            CHECK(one.box.x + one.box.width <= static_cast<double>(images[i].width));
        }
        if (*found[i].is_anomalous()) CHECK(highest == found[i].raw_score);
    }
    CHECK(alarms == 2);
    auto broken = small_model();
    broken.settings.calibration = 3;
    CHECK_THAT(test::message_of([&] { detector<B>{std::move(broken)}; }),
               test::mentions("detector: the calibration can't be read", "rd4ad calibrate"));
}

TEST_CASE("a fault of a checkpoint that scoring finds is told by the checkpoint's name", "[score]") {
    const test::scratch_folder folder;
    const auto path = folder / "part.safetensors";
    auto broken = small_model();
    broken.settings.calibration = 3;
    save_checkpoint(path, broken);
    CHECK_THAT(test::message_of([&] { detector<B>{path}; }),
               Catch::StartsWith(path.string() + ": the calibration can't be read"));
    const auto bytes = io::read_file(path);
    CHECK_THAT(test::message_of([&] { (void)detector<B>(bytes, "a resource"); }),
               Catch::StartsWith("a resource: the calibration can't be read"));
    auto whole = small_model();
    save_checkpoint(path, whole);
    CHECK_THAT(test::message_of([&] { (void)detector<B>(path, {.product = "bolt"}); }),
               test::mentions(path, "'bolt'", "no threshold per product"));
}

TEST_CASE("without a calibration a result has a raw score and nothing in the score's place", "[score]") {
    const auto& by = small_detector();
    CHECK(!by.calibration());
    for (const auto& one : by.score(some_images())) {
        CHECK(one.raw_score > 0);
        CHECK((!one.score && !one.is_anomalous() && one.regions.empty()));
    }
    const auto by_inputs = by.score_inputs(std::vector<float>(64 * 32 * 3, 0.5f));
    REQUIRE(by_inputs.size() == 1);
    CHECK((by_inputs[0].raw_score > 0 && !by_inputs[0].score));
}

TEST_CASE("maps of padded, cropped and proportional inputs are restored to the image", "[score]") {
    const auto wide = test::image(100, 40, 7), tall = test::image(40, 120, 8), square = test::image(64, 64, 9);
    for (const auto how : {image::fit::pad, image::fit::short_side})
        for (const std::size_t crop : {0u, 32u}) {
            auto m = small_model();
            m.settings.preprocessing.geometry = {.fit = how, .size = 64, .crop = crop};
            m.settings.height = m.settings.width = crop ? crop : 64;
            m.settings.calibration = to_json(calibration{.typical = 0, .threshold = 1e-3});
            auto same = small_model();
            same.settings = m.settings;
            const detector<B> by{std::move(m)}, of_network_size{std::move(same), {.size = map_size::network}};
            const std::vector<image::image_u8> images{wide, tall, square};
            const auto found = by.score(images), network = of_network_size.score(images);
            for (std::size_t i = 0; i < 3; ++i) {
                CAPTURE(image::to_string(how), crop, i);
                const auto& transform = found[i].transform;
                CHECK((found[i].map.width == images[i].width && found[i].map.height == images[i].height));
                CHECK((network[i].map.width == transform.width && network[i].map.height == transform.height));
                CHECK(found[i].map == image::restore_map(transform, network[i].map));
                const auto inside = image::crop(network[i].map, image::pixels_inside(transform));
                CHECK(found[i].raw_score == *std::max_element(inside.pixels.begin(), inside.pixels.end()));
                REQUIRE(!found[i].regions.empty());
                for (const auto& one : found[i].regions)
                    CHECK((one.relative.x >= 0 && one.relative.x + one.relative.width <= 1 + 1e-12));
            }
            if (how == image::fit::short_side && crop == 0)  // 100 x 40 becomes 160 x 64, 40 x 120 becomes 64 x 192
                CHECK((found[0].transform.width == 160 && found[1].transform.height == 192));
        }
}

TEST_CASE("one patch that is the whole image gives the whole image's map", "[score]") {
    auto m = small_model();
    m.settings.preprocessing = {.geometry = {.size = 64}};
    m.settings.height = m.settings.width = 64;
    auto one = small_model();
    one.settings = m.settings;
    one.settings.preprocessing.patches.size = 64;
    const detector<B> whole{std::move(m), {.size = map_size::network}}, patch{std::move(one), {.size = map_size::network}};
    const auto images = some_images();
    const auto expected = whole.score(images), found = patch.score(images);
    for (std::size_t i = 0; i < found.size(); ++i) check_same(found[i], expected[i], 1e-5);
}

TEST_CASE("a map joined from several patches has no step at the patches' borders", "[score]") {
    auto m = small_model();
    m.settings.preprocessing = {.geometry = {.fit = image::fit::native, .size = 64}};
    m.settings.preprocessing.patches.size = 64;
    m.settings.preprocessing.patches.overlap = 32;
    m.settings.height = m.settings.width = 64;
    const detector<B> by{std::move(m), {.sigma = 0}};  // unsmoothed: a seam would be a step
    const auto map = by.score(test::image(160, 64, 11)).map;
    REQUIRE((map.width == 160 && map.height == 64));
    // Patches begin in columns 0, 32, 64, 96 and end in columns 64, 96, 128, 160.
    float at_borders = 0, elsewhere = 0;
    for (std::size_t y = 0; y < map.height; ++y)
        for (std::size_t x = 1; x < map.width; ++x) {
            auto& largest = x % 32 == 0 ? at_borders : elsewhere;
            largest = std::max(largest, std::fabs(*map.at(x, y) - *map.at(x - 1, y)));
        }
    CAPTURE(at_borders, elsewhere);
    CHECK((at_borders > 0 && at_borders <= elsewhere));
}

TEST_CASE("patches of several images are computed in any batches", "[score]") {
    const auto in_batches = [](std::size_t batch) {
        auto m = small_model();
        m.settings.preprocessing = {.geometry = {.fit = image::fit::native, .size = 32}};
        m.settings.preprocessing.patches.size = 32;
        m.settings.preprocessing.patches.overlap = 8;
        m.settings.height = m.settings.width = 32;
        return detector<B>{std::move(m), {.batch = batch}};
    };
    const auto images = some_images();  // 50 x 40 has 2 x 2 patches, 33 x 100 has 2 x 4
    const auto alone = in_batches(1).score(images), together = in_batches(7).score(images);
    for (std::size_t i = 0; i < images.size(); ++i) {
        INFO("image " << i);
        CHECK((alone[i].map.width == images[i].width && alone[i].map.height == images[i].height));
        check_same(together[i], alone[i], 1e-5);
        CHECK(alone[i].raw_score > 0);
    }
}

namespace {

/// Small models whose student has one norm's bias of this value.
model<B> model_with_bias(B::value_type value) {
    auto m = small_model();
    auto student = trainable_of(m);
    for (const auto& p : m.trainable.layers.table.values)
        if (p.kind == nn::parameter_kind::norm_bias && p.name.starts_with("decoder.")) student.values[p.offset] = value;
    set_trainable(m, student);
    return m;
}

}  // namespace

TEST_CASE("no member of a detector gives a score that is not finite", "[score]") {
    using T = B::value_type;
    CHECK_THAT(test::message_of([] { detector<B>{model_with_bias(std::numeric_limits<T>::quiet_NaN())}; }),
               test::mentions("detector", "decoder.", "NaN at value 0"));
    const detector<B> by{model_with_bias(std::numeric_limits<T>::max())};  // finite, but its features overflow
    const test::scratch_folder folder;
    const auto path = folder / "part.png";
    image::write_png(path, test::image(64, 32, 1));
    const std::vector<std::filesystem::path> files{path};
    const auto images = some_images();
    const auto refusal = [&](const auto& work) {
        try {
            work();
        } catch (const numeric_error& problem) {
            return std::string{problem.what()};
        }
        return std::string{"no numeric_error"};
    };
    const auto expected = [](const auto& name) { return test::mentions(name, "no score", "its anomaly map is", "overflow"); };
    CHECK_THAT(refusal([&] { by.score_files(files, [](auto&&...) { FAIL("a result"); }); }), expected(path));
    CHECK_THAT(refusal([&] { static_cast<void>(by.raw_scores(files)); }), expected(path));
    CHECK_THAT(refusal([&] { static_cast<void>(by.score(images)); }), expected("image 0"));
    CHECK_THAT(refusal([&] { static_cast<void>(by.score(images[0])); }), expected("image 0"));
    CHECK_THAT(refusal([&] { static_cast<void>(by.score_inputs(std::vector<float>(64 * 32 * 3, 1.0F))); }), expected("input 0"));
}

TEST_CASE("a score that is not finite has no verdict, and a threshold that is not finite no regions", "[score]") {
    const double nan = std::nan("");
    CHECK(detection_result{.score = 0.5}.is_anomalous() == true);
    CHECK(detection_result{.score = 0.4}.is_anomalous() == false);
    CHECK_THAT(test::message_of([&] { static_cast<void>(detection_result{.score = nan}.is_anomalous()); }),
               test::mentions("no verdict", "score is NaN"));
    const auto found = small_detector().score_preprocessed(
        std::vector<preprocessed_image>{preprocess(test::image(64, 32, 1), small_detector().settings().preprocessing)});
    const image::image_f32 map = image::make_image<float>(64, 32, 1, 9);
    CHECK(find_regions(map, found.front().transform, 3).size() == 1);
    for (const double threshold : {nan, std::numeric_limits<double>::infinity()})
        CHECK_THAT(test::message_of([&] { static_cast<void>(find_regions(map, found.front().transform, threshold)); }),
                   test::mentions("label_map", "threshold is"));
}

TEST_CASE("options, sizes and images that a detector can't use are refused", "[score]") {
    CHECK_THAT(test::message_of([] {
                   detector<B>{model<B>{architecture_named("resnet18"), {.threads = 1}}, {.batch = 0}};
               }),
               test::mentions("detector", "batch of 0", "at least 1"));
    const double nan = std::nan("");
    const auto with = [](const detector_options& options) {
        return test::message_of([&] { detector<B>{small_model(), options}; });
    };
    CHECK_THAT(with({.sigma = nan}), test::mentions("detector", "sigma of nan", "finite"));
    CHECK_THAT(with({.regions = {.threshold = nan}}), test::mentions("detector", "threshold of regions of nan", "below 1"));
    CHECK_THAT(with({.regions = {.min_area = nan}}), test::mentions("detector", "area of regions of nan", "finite"));
    auto uncertain = small_model();
    uncertain.settings.calibration = to_json(calibrate({0.1f, 0.2f, 0.3f}, 0.1));
    uncertain.settings.calibration["threshold"] = nan;
    CHECK_THAT(test::message_of([&] { detector<B>{std::move(uncertain)}; }),
               test::mentions("detector", "calibration's threshold is NaN", "rd4ad calibrate"));
    model<B> odd{architecture_named("resnet18"), {.threads = 1}};
    odd.settings.height = 32;
    odd.settings.width = 40;
    CHECK_THAT(test::message_of([&] { detector<B>{std::move(odd)}; }), test::mentions("40 x 32", "multiples of 32"));
    const auto& by = small_detector();
    CHECK_THAT(test::message_of([&] { static_cast<void>(by.score(test::noise(64, 32, 1))); }),
               test::mentions("3 channels", "64x32x1"));
    CHECK_THAT(test::message_of([&] { static_cast<void>(by.score(image::image_u8{})); }), test::mentions("0 x 0"));
}
