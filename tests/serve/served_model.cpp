// A served model's answers are its detector's, in batches; it counts scores, verdicts and drift.
#include <rd4ad/serve/served_model.hpp>

#include <algorithm>
#include <future>

#include <support/catch.hpp>
#include <support/files.hpp>

using namespace rd4ad;
using namespace std::chrono_literals;

namespace {

/// A detector whose raw score is the first value of an image or input, over 100.
struct first_value_detector {
    model_settings stored{};
    std::optional<rd4ad::calibration> by{};

    [[nodiscard]] const model_settings& settings() const { return stored; }
    [[nodiscard]] const architecture& arch() const { return architecture_named("resnet18"); }
    [[nodiscard]] const std::optional<rd4ad::calibration>& calibration() const { return by; }
    [[nodiscard]] std::vector<detection_result> score_preprocessed(std::span<const preprocessed_image> images) const {
        std::vector<detection_result> results;
        for (const auto& one : images) results.push_back(result_of(static_cast<float>(one.image.pixels.front())));
        return results;
    }
    [[nodiscard]] std::vector<detection_result> score_inputs(const std::vector<float>& inputs) const {
        std::vector<detection_result> results;
        for (std::size_t i = 0; i < inputs.size(); i += 3 * stored.width * stored.height) results.push_back(result_of(inputs[i]));
        return results;
    }
    [[nodiscard]] detection_result result_of(float value) const {
        detection_result made{.raw_score = value / 100, .map = {1, 1, 1, {value / 100}}};
        if (by) made.score = (*by)(static_cast<double>(made.raw_score));
        return made;
    }
};

std::unique_ptr<const first_value_detector> some_detector(bool calibrated,
                                                          const image::geometry& geometry = {.size = 32, .height = 32}) {
    first_value_detector made;
    made.stored.width = made.stored.height = 32;
    made.stored.preprocessing.geometry = geometry;
    if (calibrated) {
        made.by.emplace();
        made.by->typical = 0.2, made.by->threshold = 0.5;
        for (int i = 0; i < 30; ++i) made.by->good_scores.push_back(0.1f + 0.01f * static_cast<float>(i));
        made.stored.calibration = to_json(*made.by);
    }
    return std::make_unique<const first_value_detector>(std::move(made));
}

auto soon() { return std::chrono::steady_clock::now() + 20s; }

preprocessed_image grey_image(std::uint8_t value) {
    data::preprocessing by;
    by.geometry = {.size = 32, .height = 32};
    return preprocess(image::make_image<std::uint8_t>(40, 30, 3, value), by);
}

}  // namespace

TEST_CASE("a served model scores images and inputs as its detector does, and counts them", "[serve]") {
    serve::metric_set to{serve::model_metrics()};
    serve::served_model<first_value_detector> model{
        "cloth", some_detector(true), {.queue = {.max_batch = 4, .max_wait = 20ms}}, to};
    std::vector<std::future<serve::served_model<first_value_detector>::answer>> answers;
    for (int i = 0; i < 4; ++i)
        answers.push_back(std::async(std::launch::async,
                                     [&model, i] { return model.score(grey_image(static_cast<std::uint8_t>(20 * i)), soon()); }));
    for (int i = 0; i < 4; ++i) {
        const auto found = answers[static_cast<std::size_t>(i)].get();
        REQUIRE(found.status == serve::queue_status::done);
        CHECK(found.result->front().raw_score == Approx(0.2 * i));
    }
    std::vector<float> inputs(2 * 3 * 32 * 32, 1.0f);
    inputs[3 * 32 * 32] = 7;
    const auto found = model.infer(inputs, 2, soon());
    REQUIRE(found.result->size() == 2);
    CHECK((found.result->at(0).raw_score == 0.01f && found.result->at(1).raw_score == 0.07f));
    CHECK(to.value("rd4ad_raw_scores", {{"model", "cloth"}}) == 4);
    CHECK(to.value("rd4ad_verdicts_total", {{"model", "cloth"}, {"verdict", "anomalous"}}) == 1);
    CHECK(to.value("rd4ad_verdicts_total", {{"model", "cloth"}, {"verdict", "good"}}) == 3);
    CHECK(to.value("rd4ad_batch_size", {{"model", "cloth"}}) <= 5);
    model.update_metrics();
    CHECK(to.value("rd4ad_queue_waiting", {{"model", "cloth"}}) == 0);
}

TEST_CASE("a served model describes itself as an export does, and refuses infer where no graph is possible", "[serve]") {
    serve::metric_set to{serve::model_metrics()};
    const serve::served_model<first_value_detector> calibrated{"a", some_detector(true), {}, to},
        plain{"b", some_detector(false), {}, to};
    CHECK(calibrated.outputs() == std::vector<std::string>{"map", "raw_score", "score"});
    CHECK(plain.outputs() == std::vector<std::string>{"map", "raw_score"});
    CHECK(calibrated.description().at("format") == description_format);
    CHECK(calibrated.description().at("calibration").at("threshold") == 0.5);
    serve::served_model<first_value_detector> sizes{
        "c", some_detector(true, {.fit = image::fit::short_side, .size = 32}), {}, to};
    CHECK(sizes.description().is_null());
    CHECK_THAT(test::message_of([&] { static_cast<void>(sizes.infer({}, 1, soon())); }), Catch::Contains("several sizes"));
}

TEST_CASE("a served model tests its good parts for drift", "[serve]") {
    serve::metric_set to{serve::model_metrics()};
    serve::served_model<first_value_detector> model{
        "cloth", some_detector(true), {.queue = {.max_wait = 0us}, .drift_window = 10}, to};
    for (std::uint8_t i = 0; i < 10; ++i) CHECK(model.score(grey_image(static_cast<std::uint8_t>(40 + i % 5)), soon()).result);
    CHECK(to.value("rd4ad_drift", {{"model", "cloth"}}) == 1);
    CHECK(to.value("rd4ad_drift_p_value", {{"model", "cloth"}}) < 0.01);
}
