// What the functions of src/c_api.cpp share: handles, errors, structs of any version, options.
#pragma once
#include <rd4ad/rd4ad.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <filesystem>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <shared_mutex>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rd4ad/any/engine.hpp>
#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>
#include <rd4ad/core/version.hpp>

namespace boundary = rd4ad::boundary;

struct rd4ad_detector {
    std::unique_ptr<const boundary::detector> impl;
    std::vector<const char*> products{};
};
struct rd4ad_result {
    boundary::result value;
};
struct rd4ad_training {
    boundary::training value;
    std::vector<std::string> suspects{}, skipped{};  // paths
};
struct rd4ad_stop {
    std::stop_source source;
};

namespace rd4ad_c {

using rd4ad::text;

/// The greatest struct_size: a larger one is no size.
inline constexpr std::size_t max_struct_size = 4096;
/// The greatest numbers of threads, of inputs per batch, and of frames or files per call.
inline constexpr std::size_t max_threads = 4096, max_batch = 65536, max_count = std::size_t{1} << 28;

inline thread_local std::string last_error;

/// Keeps the message of a failure and returns its status.
inline rd4ad_status fail(rd4ad_status status, std::string_view message) noexcept {
    try {
        last_error = message;
    } catch (...) {
        last_error.clear();  // no memory for the message
    }
    return status;
}

inline rd4ad_status status_of(const boundary::problem& of) noexcept { return of.code + 1; }

[[noreturn]] inline void refuse(std::string message) {
    throw boundary::problem{static_cast<int>(rd4ad::error_code::option), std::move(message)};
}

/// Calls `call` and returns RD4AD_OK, or the status of what it throws.
template <class Call>
rd4ad_status guarded(const Call& call) noexcept {
    try {
        call();
        return RD4AD_OK;
    } catch (const boundary::problem& found) {
        return fail(status_of(found), found.message);
    } catch (const std::bad_alloc&) {
        return fail(RD4AD_ERROR_MEMORY, "the memory does not suffice; use smaller images or batches");
    } catch (const std::exception& found) {
        return fail(RD4AD_ERROR_OTHER, found.what());
    } catch (...) {
        return fail(RD4AD_ERROR_OTHER, "an exception that is no std::exception");
    }
}

template <class T>
T& required(T* pointer, const char* name) {
    if (pointer == nullptr) refuse(text(name, " is null"));
    return *pointer;
}

/// The size of a struct in the first version of the interface: a caller's struct has at least these members.
template <class T>
inline constexpr std::size_t first_size = sizeof(T);
template <>
inline constexpr std::size_t first_size<rd4ad_train_options> = offsetof(rd4ad_train_options, white_level);

/// The size that a caller's struct states. Throws option_error unless it has all members of the first version.
template <class T>
std::size_t stated_size(const T& of, const char* name) {
    std::uint32_t size = 0;
    std::memcpy(&size, &of, sizeof size);
    if (size < first_size<T> || size > max_struct_size)
        refuse(text(name, ": struct_size is ", std::size_t{size}, ", expected ", sizeof(T), "; set it to sizeof the struct"));
    return size;
}

/// Copies a caller's struct, which may be of an earlier version, or of a later one whose new members are 0. null: the defaults.
template <class T>
T read_struct(const T* from, const char* name) {
    T made{};
    if (from == nullptr) return made;
    const auto size = stated_size(*from, name);
    const auto known = std::min(size, sizeof(T));
    const auto* bytes = reinterpret_cast<const unsigned char*>(from);
    if (!std::all_of(bytes + known, bytes + size, [](unsigned char byte) { return byte == 0; }))
        refuse(text(name, ": a member that this version of the library does not know is not 0"));
    std::memcpy(&made, from, known);
    return made;
}

/// Fills the members that a caller's struct has; those of a later version become 0.
template <class T>
void write_struct(T* to, T value, const char* name) {
    const auto size = stated_size(required(to, name), name);
    const auto known = std::min(size, sizeof(T));
    value.struct_size = static_cast<std::uint32_t>(size);
    std::memcpy(to, &value, known);
    std::memset(reinterpret_cast<unsigned char*>(to) + known, 0, size - known);
}

inline std::string string_of(const char* from, const char* otherwise = "") { return from == nullptr ? otherwise : from; }

inline void check_at_most(std::size_t value, std::size_t limit, const char* name) {
    if (value > limit) refuse(text(name, " is ", value, ", the limit is ", limit));
}

/// 0 or 1. Throws option_error for another number.
inline bool flag_of(std::int32_t value, const char* name) {
    if (value != 0 && value != 1) refuse(text(name, " is ", static_cast<int>(value), ", expected 0 or 1"));
    return value == 1;
}

inline std::span<const std::byte> bytes_of(const void* bytes, std::size_t size, const char* name) {
    if (bytes == nullptr) refuse(text(name, " is null"));
    if (size == 0 || size > static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max()))
        refuse(text(name, " has ", size, " bytes"));
    return {static_cast<const std::byte*>(bytes), size};
}

inline std::unique_ptr<boundary::engine> engine_of(const rd4ad_compute_options* from) {
    const auto options = read_struct(from, "rd4ad_compute_options");
    check_at_most(options.threads, max_threads, "rd4ad_compute_options: threads");
    return boundary::make_engine({.backend = string_of(options.backend),
                                  .device = string_of(options.device),
                                  .instruction_set = string_of(options.instruction_set),
                                  .threads = options.threads,
                                  .verify = !flag_of(options.skip_verify, "rd4ad_compute_options: skip_verify")});
}

inline boundary::detector_options options_of(const rd4ad_detector_options* from) {
    const auto options = read_struct(from, "rd4ad_detector_options");
    check_at_most(options.batch, max_batch, "rd4ad_detector_options: batch");
    if (options.map_size != RD4AD_MAP_OF_IMAGE && options.map_size != RD4AD_MAP_OF_NETWORK)
        refuse(text("rd4ad_detector_options: map_size is ", static_cast<int>(options.map_size), ", expected 0 or 1"));
    return {.batch = options.batch == 0 ? 8 : options.batch,
            .sigma = options.sigma == 0  ? 4.0
                     : options.sigma < 0 ? 0.0
                                         : options.sigma,
            .map_size = options.map_size == RD4AD_MAP_OF_IMAGE ? 1 : 0,
            .region_threshold = options.region_threshold == 0 ? 0.5 : options.region_threshold,
            .min_area = options.min_area,
            .product = string_of(options.product)};
}

inline boundary::frame frame_of(const rd4ad_view* from, const char* name) {
    static_cast<void>(required(from, name));
    const auto view = read_struct(from, "rd4ad_view");
    return {.data = view.data,
            .width = view.width,
            .height = view.height,
            .stride = view.stride,
            .format = view.format,
            .white = view.white};
}

template <class Open>
rd4ad_status open(rd4ad_detector** out, const Open& open) noexcept {
    if (out != nullptr) *out = nullptr;
    return guarded([&] {
        auto made = std::make_unique<rd4ad_detector>(rd4ad_detector{open()});
        for (const auto& product : made->impl->description().products) made->products.push_back(product.c_str());
        required(out, "out") = made.release();
    });
}

/// Sets out[i] to results[i], or all to null if a handle can't be made.
inline void hand_over(std::vector<boundary::result> results, rd4ad_result** out) {
    std::vector<std::unique_ptr<rd4ad_result>> made;
    for (auto& one : results) made.push_back(std::make_unique<rd4ad_result>(rd4ad_result{std::move(one)}));
    for (std::size_t i = 0; i < made.size(); ++i) out[i] = made[i].release();
}

/// Hands the outcomes of consecutive files to the program.
inline void hand_over(std::size_t first, std::vector<boundary::outcome> results, rd4ad_result_callback use, void* user) {
    for (std::size_t i = 0; i < results.size(); ++i) {
        auto& one = results[i];
        if (one.problem)
            use(user, first + i, status_of(*one.problem), one.problem->message.c_str(), nullptr);
        else
            use(user, first + i, RD4AD_OK, "", new rd4ad_result{std::move(one.result)});
    }
}

inline boundary::train_options training_of(const rd4ad_train_options& from) {
    check_at_most(from.batch, max_batch, "rd4ad_train_options: batch");
    const auto given = [](std::size_t value, std::size_t otherwise) { return value == 0 ? otherwise : value; };
    boundary::train_options made{
        .arch = string_of(from.arch),
        .teacher = string_of(from.teacher),
        .teacher_bytes = {},
        .steps = from.steps,
        .epochs = from.epochs,
        .batch = given(from.batch, 8),
        .size = given(from.size, 256),
        .height = from.height,
        .crop = from.crop,
        .fit = string_of(from.fit, "squash"),
        .patches = {given(from.patches_per_row, 1), given(from.patches_per_column, 1), from.patch_size, from.patch_overlap},
        .white_level = from.white_level,
        .seed = from.seed == 0 ? 111 : from.seed,
        .calibration = string_of(from.calibration, "auto"),
        .validation = from.validation == 0 ? 0.1 : from.validation,
        .false_alarm_rate = from.false_alarm_rate,
        .folds = given(from.folds, 4),
        .skip_bad_images = flag_of(from.skip_bad_images, "rd4ad_train_options: skip_bad_images"),
        .without_suspects = flag_of(from.without_suspects, "rd4ad_train_options: without_suspects"),
        .resume = flag_of(from.resume, "rd4ad_train_options: resume"),
        .overwrite = flag_of(from.overwrite, "rd4ad_train_options: overwrite"),
        .save_every = given(from.save_every, 10),
        .cache_bytes = given(from.cache_bytes, std::size_t{4} << 30),
        .progress = {},
        .stop = from.stop == nullptr ? std::stop_token{} : from.stop->source.get_token()};
    if (from.teacher_bytes != nullptr || from.teacher_size != 0)
        made.teacher_bytes = bytes_of(from.teacher_bytes, from.teacher_size, "rd4ad_train_options: teacher_bytes");
    if (from.progress != nullptr)
        made.progress = [use = from.progress, user = from.user](const boundary::training_progress& at) {
            const rd4ad_training_progress plain{.struct_size = sizeof(rd4ad_training_progress),
                                                .reserved = 0,
                                                .epoch = at.epoch,
                                                .epochs = at.epochs,
                                                .step = at.step,
                                                .steps = at.steps,
                                                .fold = at.fold,
                                                .folds = at.folds,
                                                .loss = at.loss,
                                                .images_per_second = at.images_per_second,
                                                .seconds_left = at.seconds_left};
            use(user, &plain);
        };
    return made;
}

/// Calls run(checkpoint, options) and hands the record over.
template <class Run>
rd4ad_status train(const char* checkpoint, const rd4ad_train_options* options, rd4ad_training** out, const Run& run) noexcept {
    if (out != nullptr) *out = nullptr;
    return guarded([&] {
        const std::filesystem::path to{&required(checkpoint, "the checkpoint's path")};
        const auto plain = training_of(read_struct(options, "rd4ad_train_options"));
        auto made = std::make_unique<rd4ad_training>(rd4ad_training{run(to, plain)});
        for (const auto& one : made->value.suspects) made->suspects.push_back(one.first.string());
        for (const auto& one : made->value.skipped) made->skipped.push_back(one.first.string());
        if (out != nullptr) *out = made.release();
    });
}

/// The image that the program's callback gives.
inline std::optional<boundary::training_image> next_image(rd4ad_next_image_callback next, void* user) {
    rd4ad_view view{};
    view.struct_size = sizeof view;
    rd4ad_training_image given{};
    given.struct_size = sizeof given, given.view = &view;
    const auto found = next(user, &given);
    if (found == 0) return std::nullopt;
    if (found != 1)
        throw boundary::problem{static_cast<int>(rd4ad::error_code::stopped),
                                "train: stopped by the callback for images; no file has changed"};
    return boundary::training_image{frame_of(&view, "the image's view"), string_of(given.name), string_of(given.product)};
}

/// The program's receiver of events. Calls hold the lock shared, so that a replaced receiver is never called again.
struct log_hook {
    std::shared_mutex mutex;
    rd4ad_log_callback callback{nullptr};
    void* user{nullptr};
};

inline log_hook& program_hook() {
    static log_hook made;
    return made;
}

inline void receive_log(int level, std::string_view message,
                        std::span<const std::pair<std::string_view, std::string_view>> fields) {
    auto& hook = program_hook();
    const std::shared_lock lock{hook.mutex};
    if (hook.callback == nullptr) return;
    std::vector<std::pair<std::string, std::string>> values;
    for (const auto& [key, value] : fields) values.emplace_back(key, value);
    std::vector<rd4ad_log_field> plain;
    for (const auto& [key, value] : values) plain.push_back({key.c_str(), value.c_str()});
    hook.callback(hook.user, level, std::string{message}.c_str(), plain.data(), plain.size());
}

inline const rd4ad_detector& checked(const rd4ad_detector* detector) { return required(detector, "the detector"); }

}  // namespace rd4ad_c
