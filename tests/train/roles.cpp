// The images that train a model, and those that calibrate it.
#include <rd4ad/train/roles.hpp>

#include <cstddef>
#include <string>
#include <vector>

#include <support/catch.hpp>

using namespace rd4ad;

namespace {

data::dataset named_images(std::size_t train, std::size_t validation) {
    data::dataset set;
    for (std::size_t i = 0; i < train; ++i) set.train.push_back({.image = "t" + std::to_string(i)});
    for (std::size_t i = 0; i < validation; ++i) set.validation.push_back({.image = "v" + std::to_string(i)});
    return set;
}

calibration_images chosen(std::size_t train, std::size_t validation, double share = 0.1) {
    train_options options;
    options.validation = share;
    return roles_of(options, named_images(train, validation)).calibrate_by;
}

}  // namespace

TEST_CASE("automatic calibration holds out where that gives 60 images, else crosses", "[train]") {
    CHECK(chosen(7, 0) == calibration_images::none);
    CHECK(chosen(8, 0) == calibration_images::cross);
    CHECK(chosen(599, 0) == calibration_images::cross);
    CHECK(chosen(600, 0) == calibration_images::hold_out);
    CHECK(chosen(200, 0, 0.3) == calibration_images::hold_out);
    CHECK(chosen(40, 1) == calibration_images::cross);
    CHECK(chosen(40, 2) == calibration_images::hold_out);
}

TEST_CASE("each image has one role", "[train]") {
    train_options options;
    options.calibrate_by = calibration_images::hold_out;
    options.validation = 0.25;
    const auto split = roles_of(options, named_images(8, 0));
    CHECK((split.training.size() == 6 && split.validation.size() == 2 && split.files.size() == 8));
    const auto given = roles_of(options, named_images(8, 3));
    CHECK(given.training == std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7});
    CHECK(given.validation == std::vector<std::size_t>{8, 9, 10});
    CHECK(given.files[8] == "v0");
    options.calibrate_by = calibration_images::cross;
    const auto crossed = roles_of(options, named_images(8, 3));
    CHECK((crossed.training.size() == 8 && crossed.validation.empty() && crossed.files.size() == 8));
}
