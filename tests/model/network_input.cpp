// From images to the network's input: one image, several, batches, patches.
#include <rd4ad/model/network_input.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/training_images.hpp>

using namespace rd4ad;

namespace {

std::vector<std::filesystem::path> files_of(const data::dataset& set) {
    std::vector<std::filesystem::path> files;
    for (const auto& item : set.train) files.push_back(item.image);
    return files;
}

model_settings small_settings() {
    model_settings settings;
    settings.height = 32, settings.width = 64;
    settings.preprocessing.geometry = image::geometry{.size = 64, .height = 32};
    return settings;
}

/// The inputs of whole images, file by file.
std::vector<float> inputs_of(const std::vector<std::filesystem::path>& files, const model_settings& settings) {
    const std::size_t each = settings.height * settings.width * 3;
    std::vector<float> inputs(files.size() * each);
    for (std::size_t i = 0; i < files.size(); ++i)
        network_input(image::read(files[i]), settings, std::span{inputs}.subspan(i * each, each));
    return inputs;
}

}  // namespace

TEST_CASE("the network's input is the image, resized and normalised", "[model]") {
    const auto settings = small_settings();
    const auto source = test::image(50, 40, 1);
    std::vector<float> found(32 * 64 * 3), expected(32 * 64 * 3);
    network_input(source, settings, found);
    image::normalise(image::resize(source, 64, 32), expected);
    CHECK(found == expected);
}

TEST_CASE("a 16-bit file keeps its bits up to the resize", "[model]") {
    const test::scratch_folder folder;
    auto deep = image::make_image<std::uint16_t>(64, 64, 1);
    for (std::size_t i = 0; i < deep.pixels.size(); ++i)
        deep.pixels[i] = static_cast<std::uint16_t>(i * 2654435761u >> 20 & 0xFFF);
    image::write_png(folder / "deep.png", deep);
    const data::preprocessing by{.geometry = {.size = 32}, .white_level = 4095};
    const auto found = preprocess_file(folder / "deep.png", by).image.pixels;
    CHECK(found ==
          preprocess(
              {.data = deep.pixels.data(), .width = 64, .height = 64, .format = image::pixel_format::grey16, .white = 4095}, by)
              .image.pixels);
    CHECK(found != preprocess(image::read(folder / "deep.png", 4095), by).image.pixels);  // rounded before the resize
}

TEST_CASE("files become inputs in their order, on any number of threads", "[model]") {
    const test::scratch_folder folder;
    const auto files = files_of(test::training_set(folder.path(), 5));
    const auto settings = small_settings();
    const std::size_t each = 32 * 64 * 3;
    const auto read_on = [&](std::size_t threads) {
        return image_source{files, settings.preprocessing, settings.normalisation, threads}.read(0, files.size());
    };
    const auto one = read_on(1);
    REQUIRE(one.size() == 5 * each);
    CHECK(read_on(2) == one);
    std::vector<float> fourth(each);
    network_input(image::read(files[3]), settings, fourth);
    CHECK(std::vector<float>(one.begin() + 3 * each, one.begin() + 4 * each) == fourth);
}

TEST_CASE("batches come in order, and the last one has the remaining inputs", "[model]") {
    const test::scratch_folder folder;
    const auto files = files_of(test::training_set(folder.path(), 5));
    const auto settings = small_settings();
    image_source source{files, settings.preprocessing, settings.normalisation, 1};
    CHECK((source.size() == 5 && source.width() == 64 && source.height() == 32));
    std::vector<float> joined;
    std::vector<std::pair<std::size_t, std::size_t>> batches;
    for_each_batch(source, 2, [&](std::size_t first, const std::vector<float>& inputs) {
        batches.emplace_back(first, inputs.size() / (32 * 64 * 3));
        joined.insert(joined.end(), inputs.begin(), inputs.end());
    });
    CHECK(batches == std::vector<std::pair<std::size_t, std::size_t>>{{0, 2}, {2, 2}, {4, 1}});
    CHECK(joined == inputs_of(files, settings));
    image_source none{{}, settings.preprocessing, settings.normalisation, 1};
    for_each_batch(none, 2, [](std::size_t, const std::vector<float>&) { FAIL("a source without files has no batch"); });
}

TEST_CASE("patches come image by image, for any batch", "[model]") {
    const test::scratch_folder folder;
    const auto files = files_of(test::training_set(folder.path(), 5));  // 40 x 36 to 44 x 44
    data::preprocessing by{.geometry = {.fit = image::fit::native, .size = 32}};
    by.patches.size = 32;
    const image::normalisation normalisation;
    const std::size_t each = 32 * 32 * 3;
    std::vector<float> expected;
    for (const auto& file : files) {
        const auto preprocessed = preprocess(image::read(file), by);
        CHECK(preprocessed.plan.grid.count() == 4);
        for (std::size_t p = 0; p < 4; ++p) {
            expected.resize(expected.size() + each);
            patch_input(preprocessed, p, normalisation, std::span{expected}.last(each));
            std::vector<float> alone(each);
            image::normalise(image::crop(preprocessed.image, preprocessed.plan.grid.at(p)), alone);
            CHECK(std::equal(alone.begin(), alone.end(), expected.end() - each));
        }
    }
    for (const std::size_t batch : {1u, 3u, 8u, 20u, 50u}) {
        image_source source{files, by, normalisation, 2};
        REQUIRE(source.size() == 20);
        std::vector<float> joined;
        for_each_batch(source, batch, [&](std::size_t, const std::vector<float>& inputs) {
            joined.insert(joined.end(), inputs.begin(), inputs.end());
        });
        CHECK(joined == expected);
    }
    by.patches.size = 0;
    by.patches.per_row = 2;
    by.geometry.fit = image::fit::squash;
    CHECK(images_per_read(by, 8, files) == 8);  // an image of 32 x 32 has one patch
    by.geometry.size = 64;
    CHECK(images_per_read(by, 8, files) == 4);
    CHECK(images_per_read(by, 1, files) == 1);
}

TEST_CASE("files whose inputs have different sizes are refused with both files", "[model]") {
    const test::scratch_folder folder;
    const auto square = folder / "a.png", wide = folder / "b.png";
    image::write_png(square, test::image(40, 40, 1));
    image::write_png(wide, test::image(80, 40, 1));
    const image::geometry aspect{.fit = image::fit::short_side, .size = 64};
    CHECK_THAT(test::message_of([&] {
                   image_source({square, wide}, {.geometry = aspect}, {}, 1);
               }),
               test::mentions(wide, "80 x 40", "128 x 64", square, "40 x 40", "64 x 64",
                              "use fit squash or pad, a centre crop, or a patch size"));
    auto settings = small_settings();
    settings.preprocessing.geometry = aspect;
    std::vector<float> out(32 * 64 * 3);
    const auto message = [&] { return test::message_of([&] { network_input(image::read(wide), settings, out); }); };
    CHECK_THAT(message(), test::mentions("network_input", "64x32x3", "128x64x3", "80x40x3"));
    settings.preprocessing.patches.size = 32;
    CHECK_THAT(message(), test::mentions("network_input", "patches", "preprocess and patch_input"));
}

TEST_CASE("an unreadable file ends the batches with its message", "[model]") {
    const test::scratch_folder folder;
    auto files = files_of(test::training_set(folder.path(), 3));
    files[2] = folder / "missing.png";
    std::size_t used = 0;
    image_source source{files, small_settings().preprocessing, {}, 1};
    const auto message =
        test::message_of([&] { for_each_batch(source, 1, [&](std::size_t, const std::vector<float>&) { ++used; }); });
    CHECK(used == 2);
    CHECK_THAT(message, test::mentions(files[2]));
}

TEMPLATE_LIST_TEST_CASE("inputs are uploaded in the backend's type", "[model]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{1};
    const auto settings = small_settings();
    std::vector<float> inputs(2 * 32 * 64 * 3);
    for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = static_cast<float>(i % 97) / 7.0f;
    const auto uploaded = upload_images<B>(q, inputs, settings.height, settings.width);
    CHECK(uploaded.shape == shape{2, 3, 32, 64});
    CHECK(to_host<B>(q, uploaded) == std::vector<T>(inputs.begin(), inputs.end()));
}

TEMPLATE_LIST_TEST_CASE("files are preprocessed in chunks, on extra threads or on the compute threads", "[model]",
                        test::backends) {
    using B = TestType;
    const test::scratch_folder folder;
    const auto files = files_of(test::training_set(folder.path(), 5));
    const auto by = small_settings().preprocessing;
    const auto expected = preprocess_files(files, by, 1);
    for (const std::size_t threads : {std::size_t{1}, available_processors()}) {
        typename B::queue q{threads};
        std::vector<preprocessed_image> found;
        with_preprocessed_files<B>(q, files, by, 2, {}, on_failure::stop, [&](prefetch when, const auto& load) {
            if constexpr (backend::WorksOnHost<B>)
                CHECK((when == prefetch::off) == (threads >= available_processors()));
            else
                CHECK(when == prefetch::on);
            for_each_chunk(when, files.size(), 2, load, [&](std::size_t first, preprocessed_outcomes images) {
                CHECK(first == found.size());
                for (auto& image : images) found.push_back(*std::move(image));
            });
        });
        REQUIRE(found.size() == expected.size());
        for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i].image.pixels == expected[i]->image.pixels);
    }
}

TEMPLATE_LIST_TEST_CASE("a file that can't be used ends the reading, or leaves a failure in its place", "[model]",
                        test::backends) {
    using B = TestType;
    const test::scratch_folder folder;
    auto files = files_of(test::training_set(folder.path(), 5));
    const auto by = small_settings().preprocessing;
    const auto expected = preprocess_files(files, by, 1);
    test::write_text(files[1], "no image");
    files[4] = folder / "gone.png";
    CHECK_THAT(test::message_of([&] { static_cast<void>(preprocess_files(files, by, 2)); }),
               test::mentions(files[1], "not an image"));
    for (const std::size_t threads : {std::size_t{1}, available_processors()}) {
        typename B::queue q{threads};
        preprocessed_outcomes found;
        with_preprocessed_files<B>(q, files, by, 2, {}, on_failure::skip, [&](prefetch when, const auto& load) {
            for_each_chunk(when, files.size(), 2, load, [&](std::size_t, preprocessed_outcomes images) {
                for (auto& image : images) found.push_back(std::move(image));
            });
        });
        REQUIRE(found.size() == 5);
        for (const std::size_t i : {0u, 2u, 3u}) CHECK(found[i]->image.pixels == expected[i]->image.pixels);
        REQUIRE((!found[1] && !found[4]));
        CHECK(found[1].error().code == error_code::format);
        CHECK_THAT(found[1].error().message, test::mentions(files[1], "not an image"));
        CHECK(found[4].error().code == error_code::io);
        CHECK_THAT(found[4].error().message, test::mentions(files[4], "no such file"));
    }
    const auto unusable = find_unusable_files(files, by, 2);
    REQUIRE(unusable.size() == 5);
    for (std::size_t i = 0; i < 5; ++i) CHECK(unusable[i].has_value() == (i == 1 || i == 4));
    CHECK_THAT(unusable[1]->message, test::mentions(files[1], "not an image"));
    CHECK_THAT(test::message_of([&] { static_cast<void>(find_unusable_files(files, {.geometry = {.size = 40}}, 1)); }),
               test::mentions("multiples of 32"));
}

TEST_CASE("the first image that can be used decides how many are read at once", "[model]") {
    const test::scratch_folder folder;
    data::preprocessing by{.geometry = {.fit = image::fit::native, .size = 32}};
    by.patches.size = 32;
    std::vector<std::filesystem::path> files{folder / "bad.png", folder / "wide.png", folder / "small.png"};
    test::write_text(files[0], "no image");
    image::write_png(files[1], test::image(128, 32, 1));
    image::write_png(files[2], test::image(32, 32, 1));
    CHECK(images_per_read(by, 8, files, on_failure::skip) == 2);  // 4 patches in 128 x 32 pixels
    CHECK(images_per_read(by, 8, std::span{files}.subspan(1)) == 2);
    CHECK(images_per_read(by, 8, std::span{files}.subspan(2)) == 8);
    CHECK(images_per_read(by, 8, std::span{files}.first(1), on_failure::skip) == 8);
    CHECK_THAT(test::message_of([&] { static_cast<void>(images_per_read(by, 8, files)); }), test::mentions(files[0]));
    CHECK(images_per_read({}, 8, files) == 8);
}
