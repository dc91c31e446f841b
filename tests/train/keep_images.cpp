// Training on images in memory: the bits of a training on files with the same pixels, names in every message and record, a
// resume.
#include <rd4ad/train/keep_images.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <rd4ad/io/safetensors.hpp>
#include <rd4ad/train/train_model.hpp>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/stop_after.hpp>
#include <support/training_images.hpp>

using namespace rd4ad;

namespace {

using kept_backend = std::tuple_element_t<0, test::backends>;

/// A frame as cameras deliver it: B, G, R, with gaps between the rows.
struct bgr_frame {
    explicit bgr_frame(const image::image_u8& rgb) : width{rgb.width}, height{rgb.height}, bytes(height * stride(), 0xEE) {
        for (std::size_t y = 0; y < height; ++y)
            for (std::size_t x = 0; x < width; ++x)
                for (std::size_t c = 0; c < 3; ++c) bytes[y * stride() + 3 * x + c] = rgb.at(x, y)[2 - c];
    }
    [[nodiscard]] std::size_t stride() const { return 3 * width + 13; }
    [[nodiscard]] image::image_view view() const {
        return {.data = bytes.data(),
                .width = width,
                .height = height,
                .stride = static_cast<std::ptrdiff_t>(stride()),
                .format = image::pixel_format::bgr8};
    }
    std::size_t width, height;
    std::vector<std::uint8_t> bytes;
};

/// `count` images as files and as frames; the last image does not belong to the others.
struct images_twice {
    images_twice(const std::filesystem::path& folder, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            const auto one = i + 1 == count ? test::noise(48, 48, 3, 99) : test::image(40 + i, 36 + 2 * i, i);
            set.train.push_back({.image = folder / (std::to_string(i) + ".png")});
            image::write_png(set.train.back().image, one);
            frames.emplace_back(one);
        }
    }

    [[nodiscard]] std::vector<training_image> views() const {
        std::vector<training_image> made;
        for (const auto& one : frames) made.push_back({.view = one.view()});
        return made;
    }
    /// A generator that overwrites each frame before it returns the next one.
    [[nodiscard]] image_generator generator() const {
        auto buffer = std::make_shared<std::vector<std::uint8_t>>();
        return [this, buffer, next = std::size_t{0}]() mutable -> std::optional<training_image> {
            std::fill(buffer->begin(), buffer->end(), std::uint8_t{0});
            if (next == frames.size()) return std::nullopt;
            auto view = frames[next].view();
            *buffer = frames[next++].bytes;
            view.data = buffer->data();
            return training_image{.view = view};
        };
    }

    data::dataset set;
    std::vector<bgr_frame> frames{};
};

train_options cross_fitting(const std::filesystem::path& checkpoint, std::size_t steps = 3) {
    train_options options{.steps = steps, .batch = 4, .size = 64, .learning_rate = 0.001, .seed = 5};
    options.calibrate_by = calibration_images::cross;
    options.folds = 3;
    options.checkpoint = checkpoint;
    return options;
}

template <class Images>
training_log trained_on(const Images& images, const train_options& options) {
    auto m = make_model_without_teacher<kept_backend>("resnet18", {.seed = 5, .threads = 1});
    return train(m, images, options);
}

/// Whether two checkpoints have equal tensors, map units and calibrations.
bool equal_models(const std::filesystem::path& a, const std::filesystem::path& b) {
    const auto one = io::read_safetensors(a), other = io::read_safetensors(b);
    for (const auto& [name, tensor] : one.tensors()) {
        const auto* found = other.find(name);
        if (found == nullptr || !std::ranges::equal(found->bytes, tensor.bytes)) return false;
    }
    for (const char* key : {"calibration", "settings", "map"})
        if (one.metadata.at(key) != other.metadata.at(key)) return false;
    return one.tensors().size() == other.tensors().size();
}

}  // namespace

TEST_CASE("views and a generator train the model that files of the same pixels train", "[train]") {
    const test::scratch_folder folder;
    const images_twice images{folder.path(), 17};
    const auto run = [&](const auto& from, const char* name) { return trained_on(from, cross_fitting(folder / name, 16)); };
    const auto by_files = run(images.set, "files.safetensors");
    const auto views = images.views();
    const auto by_views = run(std::span<const training_image>{views}, "views.safetensors");
    const auto by_generator = run(images.generator(), "generator.safetensors");
    CHECK((by_views.losses == by_files.losses && by_generator.losses == by_files.losses));
    CHECK(equal_models(folder / "files.safetensors", folder / "views.safetensors"));
    CHECK(equal_models(folder / "files.safetensors", folder / "generator.safetensors"));
    CHECK((test::text_of_file(folder / "views.safetensors") == test::text_of_file(folder / "generator.safetensors")));
    // The suspects have the same scores and regions, a name in place of a path, and the size of the frame.
    REQUIRE(!by_files.suspects.empty());
    REQUIRE(by_views.suspects.size() == by_files.suspects.size());
    for (std::size_t i = 0; i < by_files.suspects.size(); ++i) {
        const auto &file = by_files.suspects[i], &view = by_views.suspects[i];
        const auto number = std::stoul(file.image.stem().string()) + 1;
        CHECK((view.image == text("image ", number) && view.name == text("image ", number)));
        CHECK((view.raw_score == file.raw_score && view.width == file.width && view.height == file.height));
        CHECK(!view.thumbnail.image.empty());
    }
}

TEST_CASE("a training on images in memory resumes with the same pixels, and names the image that differs", "[train]") {
    const test::scratch_folder folder;
    images_twice images{folder.path(), 7};
    auto options = cross_fitting(folder / "whole.safetensors");
    options.calibrate_by = calibration_images::none;
    trained_on(images.generator(), options);
    options.checkpoint = folder / "halves.safetensors";
    test::stop_after(options, 2);
    CHECK(trained_on(images.generator(), options).stopped);
    test::stop_never(options);
    options.resume = true;
    images.frames[2].bytes[17] ^= 1u;
    CHECK_THAT(test::message_of([&] { static_cast<void>(trained_on(images.generator(), options)); }),
               test::mentions("halves.resume.safetensors", "image 3", "another content"));
    images.frames[2].bytes[17] ^= 1u;
    CHECK(!trained_on(images.generator(), options).stopped);
    CHECK((test::text_of_file(options.checkpoint) == test::text_of_file(folder / "whole.safetensors")));
}

TEST_CASE("an image in memory that can't be used is reported by its name, or left out", "[train]") {
    const test::scratch_folder folder;
    const images_twice images{folder.path(), 5};
    auto views = images.views();
    views[0].name = "left camera", views[3].name = "right camera";
    views[3].view.data = nullptr, views[4].view.stride = 5;
    auto options = cross_fitting({});
    options.calibrate_by = calibration_images::none;
    const std::span<const training_image> all{views};
    CHECK_THAT(test::message_of([&] { static_cast<void>(trained_on(all, options)); }),
               test::mentions("2 of 5 images", "right camera", "data is null", "image 5", "stride is 5"));
    options.bad_images = on_failure::skip;
    const auto log = trained_on(all, options);
    REQUIRE((log.training_images == 3 && log.skipped.size() == 2));
    CHECK((log.skipped[0].image == "right camera" && log.skipped[1].image == "image 5"));
    views[1].name = "left camera";
    CHECK_THAT(test::message_of([&] { static_cast<void>(trained_on(all, options)); }),
               test::mentions("the images 1 and 2", "left camera"));
    CHECK_THAT(test::message_of([&] { static_cast<void>(trained_on(std::span<const training_image>{}, options)); }),
               test::mentions("no training images"));
    CHECK_THAT(test::message_of([&] { static_cast<void>(keep_images(images.generator(), {.size = 40})); }),
               test::mentions("multiples of 32"));
    // Kept images belong to their preprocessing.
    const auto kept = keep_images(images.generator(), options);
    options.size = 96;
    CHECK_THAT(test::message_of([&] { static_cast<void>(trained_on(kept, options)); }), test::mentions("image 1", "size 96"));
    std::stop_source stop;
    stop.request_stop();
    options.stop = stop.get_token();
    CHECK_THAT(test::message_of([&] { static_cast<void>(keep_images(images.generator(), options)); }),
               test::mentions("stopped", "1 image"));
}
