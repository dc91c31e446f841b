#include <rd4ad/any_detector.hpp>
//
#include <rd4ad/rd4ad.h>
#include <rd4ad/any_training.hpp>
#include <rd4ad/compiled.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/image_files.hpp>
#include <support/mentions.hpp>
#include <support/png_files.hpp>

namespace {

using namespace rd4ad;
namespace fs = std::filesystem;
using cpu = backend::xtensor<float>;
using test::mentions;
using test::message_of;

/// Images of a brightness gradient with noise.
image::image_u8 part(std::size_t width, std::size_t height, std::uint64_t seed) {
    auto made = test::noise(width, height, 3, seed);
    for (std::size_t y = 0; y < height; ++y)
        for (std::size_t i = 0; i < width * 3; ++i)
            made.row(y)[i] = static_cast<std::uint8_t>(made.row(y)[i] / 4 + i * 40 / width + y * 60 / height);
    return made;
}

/// A folder of good images and a model that is trained on them, once for all tests.
struct trained_model {
    trained_model() {
        fs::create_directory(images());
        for (std::size_t i = 0; i < 10; ++i) image::write_png(images() / (std::to_string(i) + ".png"), part(40 + i, 36, i));
        log = train_checkpoint(images(), checkpoint(), options(), where());
    }
    [[nodiscard]] fs::path images() const { return folder / "good"; }
    [[nodiscard]] fs::path checkpoint() const { return folder / "parts.safetensors"; }
    [[nodiscard]] static any_options where() { return {.threads = 1}; }
    [[nodiscard]] static any_train_options options() {
        any_train_options made{.teacher = "none", .steps = 2, .batch = 2, .size = 32};
        made.calibration = "hold-out", made.validation = 0.8;
        return made;
    }
    test::scratch_folder folder;
    any_training log;
};

const trained_model& trained() {
    static const trained_model made;
    return made;
}

void check_equal(const detection_result& found, const detection_result& expected) {
    CHECK(found.raw_score == expected.raw_score);
    CHECK(found.score == expected.score);
    CHECK(found.map == expected.map);
    CHECK(found.transform == expected.transform);
    REQUIRE(found.regions.size() == expected.regions.size());
    for (std::size_t i = 0; i < found.regions.size(); ++i) {
        const auto &a = found.regions[i], &b = expected.regions[i];
        CHECK((a.box == b.box && a.relative == b.relative && a.area == b.area));
        CHECK((a.raw_score == b.raw_score && a.score == b.score && a.outline == b.outline));
    }
}

TEST_CASE("a detector without templates has the templates' results, bit for bit", "[any]") {
    const detector_options options{.regions = {.threshold = 0.001}};
    const any_detector found{trained().checkpoint(), trained().where(), options};
    const detector<cpu> expected{trained().checkpoint(), options, {.threads = 1}};
    const auto rgb = part(70, 50, 99);
    check_equal(found.score(rgb), expected.score(rgb));
    REQUIRE_FALSE(expected.score(rgb).regions.empty());
    CHECK(found.calibration() == expected.calibration());
    CHECK(found.model().arch == "resnet18");
    CHECK((found.model().width == 32 && found.model().height == 32 && found.model().threads == 1));

    auto mask = image::make_image<std::uint8_t>(70, 50, 1);
    std::fill_n(mask.row(10), 70 * 20, std::uint8_t{1});
    check_equal(found.score(rgb, mask), expected.score(rgb, mask));

    const std::vector images{rgb, part(33, 44, 5), part(64, 32, 6)};
    const auto batch = found.score(images), expected_batch = expected.score(images);
    REQUIRE(batch.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) check_equal(batch[i], expected_batch[i]);
}

TEST_CASE("one photograph scores alike from a file, an image, a frame and memory", "[any]") {
    const test::scratch_folder folder;
    const auto rgb = part(70, 50, 99);
    image::write_png(folder / "part.png", rgb);
    constexpr std::size_t stride = 70 * 3 + 13;
    std::vector<std::uint8_t> bgr(50 * stride);
    for (std::size_t y = 0; y < 50; ++y)
        for (std::size_t i = 0; i < 70 * 3; ++i) bgr[y * stride + i] = rgb.row(y)[i / 3 * 3 + 2 - i % 3];
    const image::image_view frame{
        .data = bgr.data(), .width = 70, .height = 50, .stride = stride, .format = image::pixel_format::bgr8};
    const any_detector by{trained().checkpoint(), trained().where()};
    const auto expected = by.score(rgb);
    check_equal(by.score(folder / "part.png"), expected);
    check_equal(by.score(frame), expected);

    const auto bytes = test::text_of_file(trained().checkpoint());
    const any_detector in_memory{std::as_bytes(std::span{bytes}), "parts, revision 7", trained().where()};
    in_memory.warm_up(std::vector<image::size>{{70, 50}});
    check_equal(in_memory.score(frame), expected);
    CHECK_THAT(message_of([&] {
                   (void)any_detector{std::as_bytes(std::span{bytes}).first(100), "parts, revision 7", trained().where()};
               }),
               mentions("parts, revision 7"));
}

/// The raw score of a file and of a frame by the C interface, whose library has another copy of the code.
std::vector<float> raw_scores_in_c(const fs::path& checkpoint, const fs::path& file, const image::image_view& frame) {
    rd4ad_compute_options where{};
    where.struct_size = sizeof where, where.threads = 1;
    rd4ad_view view{};
    view.struct_size = sizeof view;
    view.format = static_cast<std::int32_t>(frame.format);
    view.data = frame.data, view.width = frame.width, view.height = frame.height, view.stride = frame.stride;
    std::vector<float> found;
    rd4ad_detector* by = nullptr;
    REQUIRE(rd4ad_detector_open(checkpoint.c_str(), &where, nullptr, &by) == RD4AD_OK);
    rd4ad_result* results[2]{};
    CHECK(rd4ad_detector_score_file(by, file.c_str(), &results[0]) == RD4AD_OK);
    CHECK(rd4ad_detector_score(by, &view, nullptr, &results[1]) == RD4AD_OK);
    for (auto* one : results) {
        rd4ad_result_facts facts{};
        facts.struct_size = sizeof facts;
        CHECK(rd4ad_result_describe(one, &facts) == RD4AD_OK);
        found.push_back(facts.raw_score);
        rd4ad_result_free(one);
    }
    rd4ad_detector_free(by);
    return found;
}

TEST_CASE("one photograph scores alike in C++, in C and in Python", "[any]") {
    const fs::path folder{RD4AD_TEST_FORMS};  // tests/python scores its files
    fs::create_directories(folder);
    const auto rgb = part(70, 50, 99);
    image::write_png(folder / "part.png", rgb);
    fs::copy_file(trained().checkpoint(), folder / "parts.safetensors", fs::copy_options::overwrite_existing);
    const any_detector by{folder / "parts.safetensors", trained().where()};
    const float expected = by.score(rgb).raw_score;
    CHECK(raw_scores_in_c(folder / "parts.safetensors", folder / "part.png", image::view_of(rgb)) ==
          std::vector{expected, expected});
    char text[64];
    std::snprintf(text, sizeof text, "%a", static_cast<double>(expected));
    test::write_text(folder / "raw_score.txt", text);
}

TEST_CASE("training without templates is the templates' training", "[any]") {
    CHECK((trained().log.steps == 2 && trained().log.training_images == 2 && trained().log.validation_images == 8));
    CHECK_FALSE(trained().log.stopped);
    CHECK(trained().log.losses.size() == 2);
    auto model = make_model_without_teacher<cpu>("resnet18", {.threads = 1});
    train_options options{.steps = 2, .batch = 2, .size = 32};
    options.calibrate_by = calibration_images::hold_out, options.validation = 0.8;
    const auto log = train(model, data::open(trained().images()), options);
    CHECK(trained().log.losses == log.losses);
    const detector<cpu> expected{std::move(model)};
    const any_detector found{trained().checkpoint(), trained().where()};
    CHECK(found.calibration() == expected.calibration());
}

TEST_CASE("frames and a generator train the model of their files, by templates and without", "[any]") {
    const test::scratch_folder folder;
    std::vector<image::image_u8> pixels;  // of the files, in the order of data::open
    for (const auto& one : data::open(trained().images()).train) pixels.push_back(image::read(one.image));
    std::vector<training_image> images;
    for (const auto& one : pixels) images.push_back({.view = image::view_of(one)});
    const auto generator = [&pixels, at = std::size_t{0}]() mutable -> std::optional<training_image> {
        if (at == pixels.size()) return std::nullopt;
        return training_image{.view = image::view_of(pixels[at++]), .name = text("frame ", at)};
    };
    const auto score = [&](const fs::path& checkpoint) {
        return any_detector{checkpoint, trained().where()}.score(trained().images() / "0.png");
    };
    const auto expected = score(trained().checkpoint());
    const auto by_views = train_checkpoint(images, folder / "a.safetensors", trained_model::options(), trained().where());
    const auto by_generator =
        train_checkpoint(image_generator{generator}, folder / "b.safetensors", trained_model::options(), trained().where());
    CHECK((by_views.losses == trained().log.losses && by_generator.losses == trained().log.losses));
    check_equal(score(folder / "a.safetensors"), expected);
    check_equal(score(folder / "b.safetensors"), expected);

    train_options options{.steps = 2, .batch = 2, .size = 32};
    options.calibrate_by = calibration_images::hold_out, options.validation = 0.8;
    auto first = make_model_without_teacher<cpu>("resnet18", {.threads = 1}), second = std::move(first);
    first = make_model_without_teacher<cpu>("resnet18", {.threads = 1});
    CHECK(train(first, images, options).losses == trained().log.losses);
    CHECK(train(second, image_generator{generator}, options).losses == trained().log.losses);
}

TEST_CASE("the level of white of 16-bit files is found, or given", "[any]") {
    const test::scratch_folder folder;
    fs::create_directory(folder / "good");
    for (std::size_t i = 0; i < 4; ++i) {
        std::vector<unsigned> values;
        for (unsigned k = 0; k < 40 * 36; ++k) values.push_back(k * static_cast<unsigned>(i + 1) % 4000 + 90);
        test::write_raw_png(folder / "good" / (std::to_string(i) + ".png"), 40, 36, test::png_colour::grey, values, {}, 16);
    }
    auto options = trained_model::options();
    options.calibration = "none";
    const auto level = [&](std::uint32_t given) {
        options.white_level = given, options.overwrite = true;
        train_checkpoint(folder / "good", folder / "deep.safetensors", options, trained().where());
        return load_checkpoint<cpu>(folder / "deep.safetensors").settings().preprocessing.white_level;
    };
    CHECK(level(0) == 4095);
    CHECK(level(16383) == 16383);
    CHECK(level(65535) == 0);
}

TEST_CASE("a backend, a device or an instruction set that the library lacks is refused by name", "[any]") {
    const auto message = [](const any_options& options) {
        return message_of([&] { (void)any_detector{trained().checkpoint(), options}; });
    };
    CHECK(any_backends().front() == "xtensor");
    CHECK_THAT(message({.backend = "tensorrt"}), mentions("tensorrt", "unknown", "xtensor"));
    for (const std::string name : {"onednn", "onednn-bf16", "thrust"}) {
        const auto built = any_backends();
        if (std::find(built.begin(), built.end(), name) == built.end())
            CHECK_THAT(message({.backend = name}), mentions(name, "built without it", "xtensor"));
        else if (name == "onednn-bf16")
            CHECK_THAT(message_of([&] { train_checkpoint(trained().images(), "never", trained().options(), {.backend = name}); }),
                       mentions(name, "does not train", "xtensor"));
        else
            CHECK(any_detector(trained().checkpoint(), {.backend = name}).score(part(40, 40, 3)).raw_score ==
                  Approx(any_detector(trained().checkpoint()).score(part(40, 40, 3)).raw_score).epsilon(0.01));
    }
    CHECK_THAT(message({.device = "1"}), mentions("device \"1\"", "RD4AD_THRUST=CUDA"));
    CHECK_THAT(message({.instruction_set = "mmx"}), mentions("instruction set \"mmx\""));
}

TEST_CASE("errors, stops, progress and log pass the boundary", "[any]") {
    const test::scratch_folder folder;
    const any_detector by{trained().checkpoint(), trained().where()};
    CHECK_THROWS_AS(by.score(folder / "absent.png"), io_error);
    CHECK_THROWS_AS(by.score(image::image_view{}), option_error);
    CHECK_THROWS_AS(any_detector(trained().checkpoint(), {}, {.batch = 0}), option_error);
    CHECK_THROWS_AS(by.score(image::image_u8{4, 4, 2, std::vector<std::uint8_t>(32)}), shape_error);
    CHECK_THROWS_AS(by.warm_up(std::vector<image::size>{{0, 1}}), shape_error);
    CHECK_THROWS_AS(train_checkpoint(folder.path(), folder / "m", trained().options()), data_error);
    auto wrong = trained().options();
    wrong.calibration = "none of these";
    CHECK_THAT(message_of([&] { train_checkpoint(trained().images(), folder / "m", wrong); }),
               mentions("none of these", "hold-out"));

    test::write_text(folder / "broken.png", "not an image");
    const std::vector files{trained().images() / "0.png", folder / "broken.png", trained().images() / "1.png"};
    std::vector<bool> found;
    std::size_t last = 0;
    std::vector<std::string> events;
    set_log([&](const log_event& event) { events.push_back(std::string{event.text} + ": " + event.fields.front().key); });
    by.score_files(files,
                   [&](std::size_t, std::span<const outcome<detection_result>> results, double) {
                       for (const auto& one : results) found.push_back(one.has_value());
                   },
                   on_failure::skip, {.progress = [&](const run_progress& at) { last = at.done; }});
    set_log({});
    CHECK(found == std::vector{true, false, true});
    CHECK(last == 3);
    CHECK(events == std::vector<std::string>{"an image has no result: reason"});

    std::stop_source stop;
    stop.request_stop();
    CHECK_THROWS_AS(by.score_files(files, {}, on_failure::skip, {.stop = stop.get_token()}), stopped_error);
    CHECK_THROWS_AS(by.score_files(
                        files, [](std::size_t, auto, double) { throw std::string{"the caller's own"}; }, on_failure::skip),
                    std::string);
    auto options = trained().options();
    options.stop = stop.get_token();
    CHECK_THROWS_AS(train_checkpoint(trained().images(), folder / "m", options), stopped_error);
    std::size_t steps = 0;
    options.stop = {};
    options.progress = [&](const training_progress&) {
        ++steps;
        throw std::string{"the caller's own"};
    };
    CHECK_THROWS_AS(train_checkpoint(trained().images(), folder / "m", options), std::string);
    CHECK(steps == 1);
}

}  // namespace
