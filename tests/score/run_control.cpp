// A caller follows a run over many images, stops it between two batches, and hears of images without a result.
#include <rd4ad/core/run_control.hpp>

#include <cstddef>
#include <filesystem>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <rd4ad/core/log.hpp>
#include <rd4ad/score/detector.hpp>
#include <rd4ad/score/evaluate.hpp>

#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/small_model.hpp>
#include <support/training_images.hpp>

namespace {

using namespace rd4ad;
using sizes_type = std::vector<std::size_t>;

const detector<test::first_backend>& pairs_detector() {
    static const detector<test::first_backend> made{test::small_model(), {.batch = 2, .size = map_size::network}};
    return made;
}

/// Seven images as files and as a test set; the file of the fourth is damaged on request.
data::dataset seven_images(const test::scratch_folder& folder, bool damaged = false) {
    auto set = test::training_set(folder.path(), 7);
    if (damaged) test::write_text(set.train[3].image, "no image");
    set.test = set.train;
    for (std::size_t i = 4; i < 7; ++i) set.test[i].is_anomalous = true;
    return set;
}

std::vector<std::filesystem::path> files_of(const data::dataset& set) {
    std::vector<std::filesystem::path> files;
    for (const auto& one : set.test) files.push_back(one.image);
    return files;
}

/// Runs run(control) to its end, then with a stop after the first progress, then with a stop before the first batch. Returns the
/// images that were reported as done in the first two runs, and appends the messages of the stops.
template <class Run>
std::pair<sizes_type, sizes_type> controlled(const Run& run, std::vector<std::string>& messages) {
    std::pair<sizes_type, sizes_type> seen;
    run(run_control{.progress = [&](const run_progress& at) {
        CHECK(at.count == 7);
        seen.first.push_back(at.done);
    }});
    std::stop_source source;
    const run_control stopping{.stop = source.get_token(), .progress = [&](const run_progress& at) {
                                   seen.second.push_back(at.done);
                                   source.request_stop();
                               }};
    for (int i = 0; i < 2; ++i) messages.push_back(test::message_of([&] { run(stopping); }));
    return seen;
}

}  // namespace

TEST_CASE("runs over files report their progress, and a stop ends them within two batches", "[score]") {
    const test::scratch_folder folder;
    const auto set = seven_images(folder);
    const auto files = files_of(set);
    const auto& by = pairs_detector();
    std::vector<std::string> messages;
    const sizes_type all{2, 4, 6, 7};

    const auto raw =
        controlled([&](const run_control& control) { (void)by.raw_scores(files, {}, on_failure::stop, control); }, messages);
    CHECK(raw.first == all);
    CHECK(raw.second == sizes_type{2});
    CHECK_THAT(messages.at(0), test::mentions("raw_scores: stopped by the caller after 2 of 7 images"));
    CHECK_THAT(messages.at(1), test::mentions("raw_scores: stopped by the caller after 0 of 7 images"));

    // The results are handed over on another thread, so that a stop may come a batch later.
    std::size_t handed_over = 0;
    const auto use = [&](std::size_t first, std::span<const outcome<detection_result>> results, double) {
        handed_over = first + results.size();
    };
    const auto scored =
        controlled([&](const run_control& control) { by.score_files(files, use, {}, on_failure::stop, control); }, messages);
    CHECK(scored.first == all);
    CHECK((!scored.second.empty() && scored.second.size() <= 2));
    CHECK(handed_over == scored.second.back());
    CHECK_THAT(messages.at(2), test::mentions("score_files: stopped by the caller after ", " of 7 images"));
    CHECK_THAT(messages.at(3), test::mentions("score_files: stopped by the caller after 0 of 7 images"));

    const auto evaluated =
        controlled([&](const run_control& control) { (void)evaluate(by, set, 2, {}, {}, on_failure::stop, control); }, messages);
    CHECK(evaluated.first == all);
    CHECK((!evaluated.second.empty() && evaluated.second.size() <= 2));
    CHECK_THAT(messages.at(4), test::mentions("evaluate: stopped by the caller after ", " of 7 images"));
    CHECK_THAT(messages.at(5), test::mentions("evaluate: stopped by the caller after 0 of 7 images"));
}

TEST_CASE("images without a result are logged by every run that goes on", "[score]") {
    const test::scratch_folder folder;
    const auto set = seven_images(folder, true);
    const auto files = files_of(set);
    const auto& by = pairs_detector();
    std::vector<std::string> reasons;
    set_log([&](const log_event& event) {
        if (event.level != log_level::warning) return;
        CHECK(event.text == "an image has no result");
        REQUIRE(event.fields.size() == 1);
        reasons.push_back(event.fields[0].value);
    });
    (void)by.raw_scores(files, {}, on_failure::skip);
    by.score_files(
        files, [](std::size_t, std::span<const outcome<detection_result>>, double) {}, {}, on_failure::skip);
    (void)evaluate(by, set, 2, {}, {}, on_failure::skip);
    set_log({});
    REQUIRE(reasons.size() == 3);
    for (const auto& one : reasons) CHECK_THAT(one, test::mentions(files[3], "is not an image"));
}
