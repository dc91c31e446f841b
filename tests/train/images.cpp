// Photographs to the network's input: one, several, batch by batch.
#include <rd4ad/train/images.hpp>

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/photographs.hpp>

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
    settings.view.geometry = {.size = 64, .height = 32};
    return settings;
}

}  // namespace

TEST_CASE("the network sees a photograph resized and normalised", "[train]") {
    const auto settings = small_settings();
    const auto photograph = test::photograph(50, 40, 1);
    std::vector<float> found(32 * 64 * 3), wanted(32 * 64 * 3);
    network_input(photograph, settings, found);
    image::normalise(image::resize(photograph, 64, 32), wanted);
    CHECK(found == wanted);
}

TEST_CASE("files become inputs in their order, by any number of threads", "[train]") {
    const test::scratch_folder folder;
    const auto files = files_of(test::training_set(folder.path(), 5));
    const auto settings = small_settings();
    const std::size_t each = 32 * 64 * 3;
    const auto one = network_inputs(files, settings, 1);
    REQUIRE(one.size() == 5 * each);
    CHECK(network_inputs(files, settings, 2) == one);
    std::vector<float> third(each);
    network_input(image::read(files[3]), settings, third);
    CHECK(std::vector<float>(one.begin() + 3 * each, one.begin() + 4 * each) == third);
}

TEST_CASE("batches come in order, the last one with what is left", "[train]") {
    const test::scratch_folder folder;
    const auto files = files_of(test::training_set(folder.path(), 5));
    const auto settings = small_settings();
    const auto all = network_inputs(files, settings, 1);
    image_source source{files, settings.view, settings.normalisation, 1};
    CHECK((source.size() == 5 && source.width() == 64 && source.height() == 32));
    std::vector<float> joined;
    std::vector<std::pair<std::size_t, std::size_t>> parts;
    for_each_batch(source, 2, [&](std::size_t first, const std::vector<float>& inputs) {
        parts.emplace_back(first, inputs.size() / (32 * 64 * 3));
        joined.insert(joined.end(), inputs.begin(), inputs.end());
    });
    CHECK(parts == std::vector<std::pair<std::size_t, std::size_t>>{{0, 2}, {2, 2}, {4, 1}});
    CHECK(joined == all);
    image_source none{{}, settings.view, settings.normalisation, 1};
    for_each_batch(none, 2, [](std::size_t, const std::vector<float>&) { FAIL("there is no batch"); });
}

TEST_CASE("patches come photograph by photograph, whatever the batch", "[train]") {
    const test::scratch_folder folder;
    const auto files = files_of(test::training_set(folder.path(), 5));  // 40 x 36 to 44 x 44
    data::view by{.geometry = {.fit = image::fit::native, .size = 32}};
    by.patches.size = 32;
    const image::normalisation normalisation;
    const std::size_t each = 32 * 32 * 3;
    std::vector<float> wanted;
    for (const auto& file : files) {
        const auto fitted = fit_photograph(image::read(file), by);
        CHECK(fitted.how.grid.count() == 4);
        for (std::size_t p = 0; p < 4; ++p) {
            wanted.resize(wanted.size() + each);
            patch_input(fitted, p, normalisation, std::span{wanted}.last(each));
            const auto alone = data::extract(fitted.picture, fitted.how.grid.at(p));
            std::vector<float> one(each);
            image::normalise(alone, one);
            CHECK(std::equal(one.begin(), one.end(), wanted.end() - each));
        }
    }
    for (const std::size_t batch : {1u, 3u, 8u, 20u, 50u}) {
        image_source source{files, by, normalisation, 2};
        REQUIRE(source.size() == 20);
        std::vector<float> joined;
        for_each_batch(source, batch, [&](std::size_t, const std::vector<float>& inputs) {
            joined.insert(joined.end(), inputs.begin(), inputs.end());
        });
        CHECK(joined == wanted);
    }
    by.patches.size = 0;
    by.patches.per_row = 2;
    by.geometry.fit = image::fit::squash;
    CHECK(photographs_at_once(by, 8, files[0]) == 8);  // 32 x 32 has no room for two patches
    by.geometry.size = 64;
    CHECK(photographs_at_once(by, 8, files[0]) == 4);
    CHECK(photographs_at_once(by, 1, files[0]) == 1);
}

TEST_CASE("photographs that come to different sizes can't be trained on together", "[train]") {
    const test::scratch_folder folder;
    const auto square = folder / "a.png", wide = folder / "b.png";
    image::write_png(square, test::photograph(40, 40, 1));
    image::write_png(wide, test::photograph(80, 40, 1));
    const image::geometry aspect{.fit = image::fit::short_side, .size = 64};
    CHECK(test::message_of([&] {
              image_source({square, wide}, {.geometry = aspect}, {}, 1);
          }) ==
          wide.string() + ": its 80 x 40 pixels come to 128 x 64 at the network, those of " + square.string() +
              " (40 x 40) to 64 x 64; to be trained on together they must come to one size: use fit squash or pad, a centre "
              "crop, or a patch size");
    auto settings = small_settings();
    settings.view.geometry = aspect;
    std::vector<float> out(32 * 64 * 3);
    CHECK(test::message_of([&] { network_input(image::read(wide), settings, out); }) ==
          "network_input: the photograph of 80x40x3 comes to 128x64x3, the network takes 64x32x3 (width x height x channels)");
    settings.view.patches.size = 32;
    CHECK(test::message_of([&] { network_input(image::read(wide), settings, out); }) ==
          "network_input: the network sees patches; cut the photograph by fit_photograph and patch_input");
}

TEST_CASE("a file that can't be read ends the batches with its message", "[train]") {
    const test::scratch_folder folder;
    auto files = files_of(test::training_set(folder.path(), 3));
    files[2] = folder / "missing.png";
    std::size_t used = 0;
    image_source source{files, small_settings().view, {}, 1};
    const auto message =
        test::message_of([&] { for_each_batch(source, 1, [&](std::size_t, const std::vector<float>&) { ++used; }); });
    CHECK(used == 2);
    CHECK(message.starts_with(files[2].string() + ": "));
}

TEMPLATE_LIST_TEST_CASE("inputs go to a device in the backend's type", "[train]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    typename B::queue q{1};
    const auto settings = small_settings();
    std::vector<float> inputs(2 * 32 * 64 * 3);
    for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = static_cast<float>(i % 97) / 7.0f;
    const auto there = upload_images<B>(q, inputs, settings.height, settings.width);
    CHECK(there.shape == shape{2, 3, 32, 64});
    CHECK(to_host<B>(q, there) == std::vector<T>(inputs.begin(), inputs.end()));
}
