// The options of a training come back from its checkpoint's metadata.
#include <rd4ad/train/settings_json.hpp>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

using namespace rd4ad;

TEST_CASE("options come back from the settings that they gave", "[train]") {
    train_options options{.steps = 77, .batch = 5, .size = 96, .fit = image::fit::pad, .crop = 64, .learning_rate = 0.003};
    options.patches = {.per_row = 2, .per_column = 1, .overlap = 16};
    options.weight_decay = 0.01, options.hard_mining = false, options.seed = 9, options.folds = 3, options.fold_steps = 0.75;
    options.schedule = {.warm_up = 0.2, .final_rate = 0.1};
    options.guards = {.variance_guard = 0.0005, .reset_every = 500};
    options.ema = 0.99, options.stop_when_flat = 0.01, options.augment = {.flips = true, .brightness = true};
    auto json = train_detail::resume_settings(options, 40);
    json["total_steps"] = 77;
    const auto back = training_options_from(json, "part.safetensors");
    CHECK(train_detail::resume_settings(back, 40) == train_detail::resume_settings(options, 40));
    CHECK(back.steps == 77);
}

TEST_CASE("settings of an earlier version are those of the paper's recipe", "[train]") {
    auto json = data::to_json(preprocessing_of(train_options{}));
    json.update({{"batch", 16}, {"rate", 0.002}, {"beta1", 0.5}, {"beta2", 0.999}, {"seed", 3}, {"epochs", 8}});
    const auto back = training_options_from(json, "part.safetensors");
    CHECK((back.epochs == 8 && back.steps == 0 && back.learning_rate == 0.002 && !back.hard_mining));
    CHECK((back.schedule.warm_up == 0 && back.schedule.final_rate == 1));
    CHECK((back.ema == 0 && back.stop_when_flat == 0 && back.augment == augmentation{}));
    json["augment"] = "shear";
    CHECK_THAT(test::message_of([&] { static_cast<void>(training_options_from(json, "part.safetensors")); }),
               test::mentions("part.safetensors", "shear", "flips, turns, brightness"));
    json.erase("augment");
    json["seed"] = "three";
    CHECK_THAT(test::message_of([&] { static_cast<void>(training_options_from(json, "part.safetensors")); }),
               test::mentions("part.safetensors", "training settings", "train again"));
    CHECK_THAT(test::message_of([] { static_cast<void>(training_options_from(3, "part.safetensors")); }),
               test::mentions("part.safetensors", "no JSON object", "train again"));
}
