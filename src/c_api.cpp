// The C interface rd4ad/rd4ad.h on the engine of rd4ad/any/engine.hpp. No exception leaves a function.
#include <rd4ad/rd4ad.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "c_support.hpp"

using namespace rd4ad_c;

extern "C" {

const char* rd4ad_version(void) { return rd4ad::version; }

int32_t rd4ad_abi(void) { return RD4AD_C_ABI; }

const char* rd4ad_last_error(void) { return last_error.c_str(); }

const char* rd4ad_status_name(rd4ad_status status) {
    constexpr std::array names{"ok",   "shape",  "format", "io",      "numeric", "option",
                               "data", "memory", "device", "stopped", "other"};
    return status >= 0 && static_cast<std::size_t>(status) < names.size() ? names[static_cast<std::size_t>(status)] : "unknown";
}

const char* rd4ad_backends(void) {
    static const std::string names = [] {
        std::string made;
        for (const auto& one : boundary::make_engine({})->backends()) made += (made.empty() ? "" : " ") + one;
        return made;
    }();
    return names.c_str();
}

void rd4ad_set_log(rd4ad_log_callback callback, void* user) {
    static_cast<void>(guarded([&] {
        boundary::add_log_receiver(&receive_log);
        auto& hook = program_hook();
        const std::unique_lock lock{hook.mutex};
        hook.callback = callback, hook.user = user;
    }));
}

rd4ad_status rd4ad_detector_open(const char* checkpoint, const rd4ad_compute_options* where,
                                 const rd4ad_detector_options* options, rd4ad_detector** out) {
    return open(out, [&] {
        const std::filesystem::path path{&required(checkpoint, "the checkpoint's path")};
        static_cast<void>(required(out, "out"));
        return engine_of(where)->open(path, options_of(options));
    });
}

rd4ad_status rd4ad_detector_open_memory(const void* bytes, size_t size, const char* name, const rd4ad_compute_options* where,
                                        const rd4ad_detector_options* options, rd4ad_detector** out) {
    return open(out, [&] {
        const auto content = bytes_of(bytes, size, "the checkpoint");
        static_cast<void>(required(out, "out"));
        return engine_of(where)->open(content, string_of(name, "the checkpoint"), options_of(options));
    });
}

void rd4ad_detector_free(rd4ad_detector* detector) { delete detector; }

rd4ad_status rd4ad_detector_describe(const rd4ad_detector* detector, rd4ad_description* out) {
    return guarded([&] {
        const auto& of = checked(detector).impl->description();
        write_struct(out,
                     {.struct_size = 0,
                      .has_calibration = of.calibration ? 1 : 0,
                      .arch = of.arch.c_str(),
                      .teacher = of.teacher.c_str(),
                      .backend = of.backend.c_str(),
                      .width = of.width,
                      .height = of.height,
                      .threads = of.threads,
                      .product_count = detector->products.size(),
                      .products = detector->products.data()},
                     "rd4ad_description");
    });
}

rd4ad_status rd4ad_detector_calibration(const rd4ad_detector* detector, rd4ad_calibration* out) {
    return guarded([&] {
        const auto& of = checked(detector).impl->description().calibration;
        if (!of) refuse("the detector has no calibration; train with at least 8 good images, or name a product");
        write_struct(out,
                     {.struct_size = 0,
                      .rule = of->rule,
                      .source = of->source,
                      .has_f1 = of->f1 ? 1 : 0,
                      .typical = of->typical,
                      .threshold = of->threshold,
                      .asked_rate = of->asked_rate,
                      .expected_rate = of->expected_rate,
                      .rate_low = of->rate_low,
                      .rate_high = of->rate_high,
                      .f1 = of->f1.value_or(0.0),
                      .good_count = of->good_scores.size(),
                      .good_scores = of->good_scores.data(),
                      .set_aside = of->set_aside},
                     "rd4ad_calibration");
    });
}

rd4ad_status rd4ad_detector_warm_up(const rd4ad_detector* detector, size_t width, size_t height, size_t frames, size_t callers) {
    return guarded([&] {
        const auto& by = checked(detector);
        check_at_most(frames, max_batch, "rd4ad_detector_warm_up: frames");
        check_at_most(callers, max_threads, "rd4ad_detector_warm_up: callers");
        const std::array<std::size_t, 2> size{width, height};
        by.impl->warm_up(std::span{&size, 1}, frames, callers);
    });
}

rd4ad_status rd4ad_detector_score(const rd4ad_detector* detector, const rd4ad_view* view, const rd4ad_view* roi,
                                  rd4ad_result** out) {
    if (out != nullptr) *out = nullptr;
    return guarded([&] {
        const auto& by = checked(detector);
        const auto frame = frame_of(view, "the view");
        static_cast<void>(required(out, "out"));
        std::vector<boundary::result> results;
        if (roi == nullptr)
            results = by.impl->score(std::span{&frame, 1});
        else
            results.push_back(by.impl->score_inside(frame, frame_of(roi, "the region of interest")));
        hand_over(std::move(results), out);
    });
}

rd4ad_status rd4ad_detector_score_batch(const rd4ad_detector* detector, const rd4ad_view* const* views, size_t count,
                                        rd4ad_result** out) {
    if (out != nullptr && count <= max_count) std::fill_n(out, count, nullptr);
    return guarded([&] {
        const auto& by = checked(detector);
        check_at_most(count, max_count, "rd4ad_detector_score_batch: count");
        if (count == 0) return;
        static_cast<void>(required(views, "the views"));
        static_cast<void>(required(out, "out"));
        std::vector<boundary::frame> frames;
        for (std::size_t i = 0; i < count; ++i) frames.push_back(frame_of(views[i], "a view"));
        hand_over(by.impl->score(frames), out);
    });
}

rd4ad_status rd4ad_detector_score_file(const rd4ad_detector* detector, const char* path, rd4ad_result** out) {
    if (out != nullptr) *out = nullptr;
    return guarded([&] {
        const auto& by = checked(detector);
        const std::filesystem::path file{&required(path, "the path")};
        static_cast<void>(required(out, "out"));
        *out = new rd4ad_result{by.impl->score_file(file)};
    });
}

rd4ad_status rd4ad_detector_score_files(const rd4ad_detector* detector, const char* const* paths, size_t count,
                                        rd4ad_result_callback use, const rd4ad_run* run) {
    return guarded([&] {
        const auto& by = checked(detector);
        const auto options = read_struct(run, "rd4ad_run");
        const bool skips = flag_of(options.skip_failures, "rd4ad_run: skip_failures");
        check_at_most(count, max_count, "rd4ad_detector_score_files: count");
        if (use == nullptr) refuse("the callback for results is null");
        if (count == 0) return;
        static_cast<void>(required(paths, "the paths"));
        std::vector<std::filesystem::path> files;
        for (std::size_t i = 0; i < count; ++i) files.emplace_back(&required(paths[i], "a path"));
        boundary::control control{};
        if (options.stop != nullptr) control.stop = options.stop->source.get_token();
        if (options.progress != nullptr)
            control.progress = [&](std::size_t done, std::size_t all) { options.progress(options.user, done, all); };
        const auto hand = [&](std::size_t first, std::vector<boundary::outcome> results, double) {
            hand_over(first, std::move(results), use, options.user);
        };
        by.impl->score_files(files, hand, skips, control);
    });
}

rd4ad_status rd4ad_result_describe(const rd4ad_result* result, rd4ad_result_facts* out) {
    return guarded([&] {
        const auto& of = required(result, "the result").value;
        rd4ad_result_facts made{.struct_size = 0,
                                .raw_score = of.raw_score,
                                .has_score = of.score ? 1 : 0,
                                .is_anomalous = !of.score          ? -1
                                                : *of.score >= 0.5 ? 1
                                                                   : 0,
                                .score = of.score.value_or(0.0),
                                .map_width = of.map_width,
                                .map_height = of.map_height,
                                .map = of.map.data(),
                                .region_count = of.regions.size(),
                                .transform = {}};
        std::copy(of.transform.begin(), of.transform.end(), std::begin(made.transform));
        write_struct(out, made, "rd4ad_result_facts");
    });
}

rd4ad_status rd4ad_result_region(const rd4ad_result* result, size_t index, rd4ad_region* out) {
    return guarded([&] {
        const auto& regions = required(result, "the result").value.regions;
        if (index >= regions.size()) refuse(text("region ", index, ": the result has ", regions.size(), " regions"));
        const auto& of = regions[index];
        rd4ad_region made{.struct_size = 0,
                          .raw_score = of.raw_score,
                          .score = of.score.value_or(0.0),
                          .x = of.box[0],
                          .y = of.box[1],
                          .width = of.box[2],
                          .height = of.box[3],
                          .area = of.area,
                          .relative = {},
                          .outline_count = of.outline.size(),
                          .outline = of.outline.empty() ? nullptr : of.outline.front().data()};
        std::copy(of.relative.begin(), of.relative.end(), std::begin(made.relative));
        write_struct(out, made, "rd4ad_region");
    });
}

void rd4ad_result_free(rd4ad_result* result) { delete result; }

rd4ad_status rd4ad_stop_new(rd4ad_stop** out) {
    return guarded([&] { required(out, "out") = new rd4ad_stop{}; });
}

rd4ad_status rd4ad_stop_request(rd4ad_stop* stop) {
    return guarded([&] { static_cast<void>(required(stop, "the stop button").source.request_stop()); });
}

void rd4ad_stop_free(rd4ad_stop* stop) { delete stop; }

rd4ad_status rd4ad_train(const char* data, const char* checkpoint, const rd4ad_compute_options* where,
                         const rd4ad_train_options* options, rd4ad_training** out) {
    return train(checkpoint, options, out, [&](const std::filesystem::path& to, const boundary::train_options& by) {
        const std::filesystem::path from{&required(data, "the data's path")};
        return engine_of(where)->train(from, to, by);
    });
}

rd4ad_status rd4ad_train_images(rd4ad_next_image_callback next, void* user, const char* checkpoint,
                                const rd4ad_compute_options* where, const rd4ad_train_options* options, rd4ad_training** out) {
    return train(checkpoint, options, out, [&](const std::filesystem::path& to, const boundary::train_options& by) {
        if (next == nullptr) refuse("the callback for images is null");
        return engine_of(where)->train([&] { return next_image(next, user); }, to, by);
    });
}

rd4ad_status rd4ad_training_describe(const rd4ad_training* training, rd4ad_training_facts* out) {
    return guarded([&] {
        const auto& of = required(training, "the training").value;
        write_struct(out,
                     {.struct_size = 0,
                      .stopped = of.stopped ? 1 : 0,
                      .steps = of.steps,
                      .training_images = of.training_images,
                      .validation_images = of.validation_images,
                      .folds = of.folds,
                      .seconds = of.seconds,
                      .loss_count = of.losses.size(),
                      .losses = of.losses.data(),
                      .suspect_count = of.suspects.size(),
                      .skipped_count = of.skipped.size()},
                     "rd4ad_training_facts");
    });
}

rd4ad_status rd4ad_training_suspect(const rd4ad_training* training, size_t index, const char** path, float* raw_score) {
    return guarded([&] {
        const auto& of = required(training, "the training");
        if (index >= of.suspects.size()) refuse(text("suspect ", index, ": the training has ", of.suspects.size()));
        if (path != nullptr) *path = of.suspects[index].c_str();
        if (raw_score != nullptr) *raw_score = of.value.suspects[index].second;
    });
}

rd4ad_status rd4ad_training_skipped(const rd4ad_training* training, size_t index, const char** path, const char** reason) {
    return guarded([&] {
        const auto& of = required(training, "the training");
        if (index >= of.skipped.size()) refuse(text("image ", index, ": the training left out ", of.skipped.size()));
        if (path != nullptr) *path = of.skipped[index].c_str();
        if (reason != nullptr) *reason = of.value.skipped[index].second.message.c_str();
    });
}

void rd4ad_training_free(rd4ad_training* training) { delete training; }

}  // extern "C"
