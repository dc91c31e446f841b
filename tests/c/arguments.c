/* Every function of rd4ad.h with arguments that no caller should pass: each call returns an error code, and none ends the
 * process. The address sanitizer and valgrind find reads outside the arguments. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "check.h"

static void ignore(void* user, size_t index, rd4ad_status status, const char* message, rd4ad_result* result) {
    (void)user, (void)index, (void)status, (void)message;
    rd4ad_result_free(result);
}

/* Callbacks for images: none, one without pixels, one that names another size of its view, one that stops. */
static int32_t no_image(void* user, rd4ad_training_image* image) { return user == NULL && image->view != NULL ? 0 : 2; }

static int32_t empty_image(void* user, rd4ad_training_image* image) {
    CHECK(image->struct_size == sizeof *image && image->view->struct_size == sizeof(rd4ad_view) && image->name == NULL);
    return ++*(int*)user < 4;
}

static int32_t image_of_no_size(void* user, rd4ad_training_image* image) {
    image->view->struct_size = 3;
    return ++*(int*)user < 4;
}

static int32_t stop_at_once(void* user, rd4ad_training_image* image) {
    (void)image;
    ++*(int*)user;
    return -1;
}

static void test_null(const rd4ad_detector* by, const char* images, const char* checkpoint) {
    const rd4ad_status option = RD4AD_ERROR_OPTION;
    rd4ad_detector* detector = (rd4ad_detector*)&option;
    FAILS(rd4ad_detector_open(NULL, NULL, NULL, &detector), option, "path is null");
    CHECK(detector == NULL);
    FAILS(rd4ad_detector_open(checkpoint, NULL, NULL, NULL), option, "out is null");
    FAILS(rd4ad_detector_open_memory(NULL, 8, NULL, NULL, NULL, &detector), option, "is null");
    FAILS(rd4ad_detector_open_memory("x", 1, NULL, NULL, NULL, NULL), option, "out is null");
    rd4ad_description description = {.struct_size = sizeof description};
    FAILS(rd4ad_detector_describe(NULL, &description), option, "detector is null");
    FAILS(rd4ad_detector_describe(by, NULL), option, "null");
    rd4ad_calibration calibration = {.struct_size = sizeof calibration};
    FAILS(rd4ad_detector_calibration(NULL, &calibration), option, "detector is null");
    FAILS(rd4ad_detector_calibration(by, NULL), option, "null");
    FAILS(rd4ad_detector_warm_up(NULL, 8, 8, 1, 1), option, "detector is null");
    const unsigned char pixel[3] = {1, 2, 3};
    const rd4ad_view view = {.struct_size = sizeof view, .format = RD4AD_RGB8, .data = pixel, .width = 1, .height = 1};
    const rd4ad_view* views[2] = {&view, NULL};
    rd4ad_result* results[2] = {NULL, NULL};
    FAILS(rd4ad_detector_score(NULL, &view, NULL, results), option, "detector is null");
    FAILS(rd4ad_detector_score(by, NULL, NULL, results), option, "view is null");
    FAILS(rd4ad_detector_score(by, &view, NULL, NULL), option, "out is null");
    FAILS(rd4ad_detector_score_batch(NULL, views, 1, results), option, "detector is null");
    FAILS(rd4ad_detector_score_batch(by, NULL, 1, results), option, "views is null");
    FAILS(rd4ad_detector_score_batch(by, views, 2, results), option, "view is null");
    FAILS(rd4ad_detector_score_batch(by, views, 1, NULL), option, "out is null");
    CHECK(rd4ad_detector_score_batch(by, NULL, 0, NULL) == RD4AD_OK);
    const char* paths[1] = {NULL};
    FAILS(rd4ad_detector_score_file(NULL, images, results), option, "detector is null");
    FAILS(rd4ad_detector_score_file(by, NULL, results), option, "path is null");
    FAILS(rd4ad_detector_score_file(by, images, NULL), option, "out is null");
    FAILS(rd4ad_detector_score_files(NULL, paths, 1, ignore, NULL), option, "detector is null");
    FAILS(rd4ad_detector_score_files(by, NULL, 1, ignore, NULL), option, "paths is null");
    FAILS(rd4ad_detector_score_files(by, paths, 1, ignore, NULL), option, "path is null");
    FAILS(rd4ad_detector_score_files(by, paths, 1, NULL, NULL), option, "callback");
    CHECK(rd4ad_detector_score_files(by, NULL, 0, ignore, NULL) == RD4AD_OK);
    rd4ad_result_facts facts = {.struct_size = sizeof facts};
    FAILS(rd4ad_result_describe(NULL, &facts), option, "result is null");
    rd4ad_region region = {.struct_size = sizeof region};
    FAILS(rd4ad_result_region(NULL, 0, &region), option, "result is null");
    CHECK(rd4ad_detector_score(by, &view, NULL, results) == RD4AD_OK);
    FAILS(rd4ad_result_describe(results[0], NULL), option, "null");
    FAILS(rd4ad_result_region(results[0], SIZE_MAX, &region), option, "region");
    rd4ad_result_free(results[0]);
    FAILS(rd4ad_stop_new(NULL), option, "out is null");
    FAILS(rd4ad_stop_request(NULL), option, "stop button is null");
    FAILS(rd4ad_train(NULL, checkpoint, NULL, NULL, NULL), option, "path is null");
    FAILS(rd4ad_train(images, NULL, NULL, NULL, NULL), option, "path is null");
    FAILS(rd4ad_train_images(NULL, NULL, checkpoint, NULL, NULL, NULL), option, "callback for images is null");
    FAILS(rd4ad_train_images(no_image, NULL, NULL, NULL, NULL, NULL), option, "path is null");
    FAILS(rd4ad_train_images(no_image, NULL, checkpoint, NULL, NULL, NULL), RD4AD_ERROR_DATA, "no training images");
    rd4ad_training_facts training = {.struct_size = sizeof training};
    FAILS(rd4ad_training_describe(NULL, &training), option, "training is null");
    FAILS(rd4ad_training_suspect(NULL, 0, NULL, NULL), option, "training is null");
    FAILS(rd4ad_training_skipped(NULL, 0, NULL, NULL), option, "training is null");
    rd4ad_detector_free(NULL);
    rd4ad_result_free(NULL);
    rd4ad_stop_free(NULL);
    rd4ad_training_free(NULL);
}

static void test_views(const rd4ad_detector* by) {
    enum { size = 16 * 16 * 8 };
    unsigned char* pixels = calloc(size, 1);
    const struct {
        rd4ad_view view;
        rd4ad_status status;
    } wrong[] = {
        {{0}, RD4AD_ERROR_OPTION},
        {{.struct_size = 8}, RD4AD_ERROR_OPTION},
        {{.struct_size = UINT32_MAX}, RD4AD_ERROR_OPTION},
        {{.format = -1}, RD4AD_ERROR_OPTION},
        {{.format = 18}, RD4AD_ERROR_OPTION},
        {{.format = INT32_MIN}, RD4AD_ERROR_OPTION},
        {{.width = SIZE_MAX}, RD4AD_ERROR_SHAPE},
        {{.height = SIZE_MAX}, RD4AD_ERROR_SHAPE},
        {{.width = SIZE_MAX / 2 + 2, .height = 2}, RD4AD_ERROR_SHAPE},
        {{.width = (size_t)1 << 32, .height = (size_t)1 << 32}, RD4AD_ERROR_SHAPE},
        {{.stride = 1}, RD4AD_ERROR_SHAPE},
        {{.stride = -47}, RD4AD_ERROR_SHAPE},
        {{.stride = PTRDIFF_MAX}, RD4AD_ERROR_SHAPE},
        {{.stride = PTRDIFF_MIN}, RD4AD_ERROR_SHAPE},
        {{.white = 4095}, RD4AD_ERROR_OPTION},
        {{.format = RD4AD_GREY16, .white = UINT32_MAX}, RD4AD_ERROR_OPTION},
        {{.format = RD4AD_RGGB8, .width = 1}, RD4AD_ERROR_SHAPE},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; ++i) {
        rd4ad_view view = wrong[i].view;
        if (i >= 3) view.struct_size = sizeof view;
        if (view.format == 0) view.format = RD4AD_RGB8;
        if (view.width == 0) view.width = 16;
        if (view.height == 0) view.height = 16;
        view.data = pixels;
        rd4ad_result* result = (rd4ad_result*)pixels;
        const rd4ad_status found = rd4ad_detector_score(by, &view, NULL, &result);
        if (found != wrong[i].status || result != NULL) ++failures, printf("FAILED: view %zu has status %d\n", i, (int)found);
        const rd4ad_view* one = &view;
        CHECK(rd4ad_detector_score_batch(by, &one, 1, &result) == wrong[i].status && result == NULL);
    }
    rd4ad_view view = {.struct_size = sizeof view, .format = RD4AD_RGB8, .data = NULL, .width = 16, .height = 16}, roi = view;
    rd4ad_result* result = NULL;
    FAILS(rd4ad_detector_score(by, &view, NULL, &result), RD4AD_ERROR_OPTION, "null");
    view.data = pixels, view.width = 0;
    FAILS(rd4ad_detector_score(by, &view, NULL, &result), RD4AD_ERROR_SHAPE, "0x16");
    view.width = 16, roi.data = pixels;
    FAILS(rd4ad_detector_score(by, &view, &roi, &result), RD4AD_ERROR_OPTION, "grey8");
    roi.format = RD4AD_GREY8;
    FAILS(rd4ad_detector_score(by, &view, &roi, &result), RD4AD_ERROR_DATA, "");
    roi.struct_size = 1;
    FAILS(rd4ad_detector_score(by, &view, &roi, &result), RD4AD_ERROR_OPTION, "struct_size");
    FAILS(rd4ad_detector_score_batch(by, NULL, SIZE_MAX, NULL), RD4AD_ERROR_OPTION, "count");
    FAILS(rd4ad_detector_warm_up(by, 0, 8, 1, 1), RD4AD_ERROR_SHAPE, "");
    FAILS(rd4ad_detector_warm_up(by, SIZE_MAX, SIZE_MAX, 1, 1), RD4AD_ERROR_SHAPE, "");
    FAILS(rd4ad_detector_warm_up(by, 8, 8, 0, 1), RD4AD_ERROR_OPTION, "");
    FAILS(rd4ad_detector_warm_up(by, 8, 8, SIZE_MAX, 1), RD4AD_ERROR_OPTION, "frames");
    FAILS(rd4ad_detector_warm_up(by, 8, 8, 1, SIZE_MAX), RD4AD_ERROR_OPTION, "callers");
    free(pixels);
}

static void test_options(const rd4ad_detector* by, const char* images, const char* checkpoint) {
    const rd4ad_status option = RD4AD_ERROR_OPTION;
    rd4ad_detector* detector = NULL;
    const rd4ad_compute_options where[] = {{.threads = SIZE_MAX},     {.skip_verify = -1}, {.backend = "cuda"},
                                           {.backend = "\xff"},       {.device = "first"}, {.device = "-1"},
                                           {.instruction_set = "mmx"}};
    for (size_t i = 0; i < sizeof where / sizeof where[0]; ++i) {
        rd4ad_compute_options one = where[i];
        FAILS(rd4ad_detector_open(checkpoint, &one, NULL, &detector), option, "struct_size is 0");
        one.struct_size = sizeof one;
        FAILS(rd4ad_detector_open(checkpoint, &one, NULL, &detector), option, "");
        FAILS(rd4ad_train(images, checkpoint, &one, NULL, NULL), option, "");
    }
    const rd4ad_detector_options settings[] = {
        {.map_size = 2},         {.map_size = -1},  {.batch = SIZE_MAX},         {.sigma = NAN},
        {.region_threshold = 1}, {.min_area = NAN}, {.product = "none of these"}};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; ++i) {
        rd4ad_detector_options one = settings[i];
        one.struct_size = sizeof one;
        if (rd4ad_detector_open(checkpoint, NULL, &one, &detector) != option || detector != NULL)
            ++failures, printf("FAILED: detector options %zu: %s\n", i, rd4ad_last_error());
    }
    FAILS(rd4ad_detector_open_memory("x", 0, NULL, NULL, NULL, &detector), option, "0 bytes");
    FAILS(rd4ad_detector_open_memory("x", SIZE_MAX, NULL, NULL, NULL, &detector), option, "bytes");
    FAILS(rd4ad_detector_open_memory("x", 1, "parts", NULL, NULL, &detector), RD4AD_ERROR_FORMAT, "parts");
    FAILS(rd4ad_detector_open("", NULL, NULL, &detector), RD4AD_ERROR_IO, "");
    const rd4ad_train_options trainings[] = {{.skip_bad_images = 2},
                                             {.without_suspects = -1},
                                             {.resume = 7},
                                             {.overwrite = INT32_MIN},
                                             {.arch = "vgg"},
                                             {.teacher_size = 8},
                                             {.teacher_bytes = "x"},
                                             {.batch = SIZE_MAX},
                                             {.size = SIZE_MAX},
                                             {.size = 33},
                                             {.fit = "stretch"},
                                             {.patch_size = 32, .patch_overlap = SIZE_MAX},
                                             {.calibration = "always"},
                                             {.validation = NAN},
                                             {.false_alarm_rate = NAN},
                                             {.white_level = 65536},
                                             {.folds = 1}};
    for (size_t i = 0; i < sizeof trainings / sizeof trainings[0]; ++i) {
        rd4ad_train_options one = trainings[i];
        one.struct_size = sizeof one;
        if (one.teacher == NULL) one.teacher = "none";
        if (one.size == 0) one.size = 32;
        rd4ad_training* training = NULL;
        const rd4ad_status found = rd4ad_train(images, checkpoint, NULL, &one, &training);
        if ((found != option && found != RD4AD_ERROR_SHAPE && found != RD4AD_ERROR_DATA) || training != NULL)
            ++failures, printf("FAILED: train options %zu have status %d: %s\n", i, (int)found, rd4ad_last_error());
    }
    const char* paths[1] = {images};
    rd4ad_run run = {.struct_size = sizeof run, .skip_failures = 3};
    FAILS(rd4ad_detector_score_files(by, paths, 1, ignore, &run), option, "skip_failures");
    run.struct_size = 3;
    FAILS(rd4ad_detector_score_files(by, paths, 1, ignore, &run), option, "struct_size");
    FAILS(rd4ad_detector_score_files(by, paths, SIZE_MAX, ignore, NULL), option, "count");
}

/* A struct of a later version: it is read if its new members are 0, and filled with 0. */
static void test_images(const char* checkpoint) {
    const rd4ad_train_options options = {.struct_size = sizeof options, .teacher = "none", .size = 32};
    rd4ad_training* training = NULL;
    int calls = 0;
    FAILS(rd4ad_train_images(empty_image, &calls, checkpoint, NULL, &options, &training), RD4AD_ERROR_DATA, "image 1");
    CHECK(calls == 4);
    calls = 0;
    FAILS(rd4ad_train_images(image_of_no_size, &calls, checkpoint, NULL, &options, &training), RD4AD_ERROR_OPTION, "struct_size");
    calls = 0;
    FAILS(rd4ad_train_images(stop_at_once, &calls, checkpoint, NULL, &options, &training), RD4AD_ERROR_STOPPED, "callback");
    CHECK(calls == 1 && training == NULL);
}

static void test_versions(const rd4ad_detector* by, const char* images, const char* checkpoint) {
    struct {
        rd4ad_compute_options options;
        uint64_t later;
    } where = {{.struct_size = sizeof where, .threads = 1}, 0};
    rd4ad_detector* detector = NULL;
    CHECK(rd4ad_detector_open(checkpoint, &where.options, NULL, &detector) == RD4AD_OK);
    rd4ad_detector_free(detector);
    where.later = 1;
    FAILS(rd4ad_detector_open(checkpoint, &where.options, NULL, &detector), RD4AD_ERROR_OPTION, "does not know");
    struct {
        rd4ad_description description;
        uint64_t later;
    } found = {{.struct_size = sizeof found}, 7};
    CHECK(rd4ad_detector_describe(by, &found.description) == RD4AD_OK);
    CHECK(found.later == 0 && found.description.struct_size == sizeof found && found.description.width == 32);
    /* A program of the first version, whose training options end before white_level: what follows them is not read. */
    rd4ad_train_options first = {.teacher = "none", .size = 33, .white_level = UINT32_MAX};
    first.struct_size = offsetof(rd4ad_train_options, white_level);
    FAILS(rd4ad_train(images, checkpoint, NULL, &first, NULL), RD4AD_ERROR_OPTION, "33");
    first.struct_size = sizeof first;
    FAILS(rd4ad_train(images, checkpoint, NULL, &first, NULL), RD4AD_ERROR_OPTION, "white level");
    first.struct_size = offsetof(rd4ad_train_options, stop);
    FAILS(rd4ad_train(images, checkpoint, NULL, &first, NULL), RD4AD_ERROR_OPTION, "struct_size");
    rd4ad_calibration calibration = {.struct_size = 0};
    FAILS(rd4ad_detector_calibration(by, &calibration), RD4AD_ERROR_OPTION, "struct_size");
}

void test_arguments(const rd4ad_detector* detector, const char* images, const char* checkpoint) {
    test_null(detector, images, checkpoint);
    test_views(detector);
    test_options(detector, images, checkpoint);
    test_images(checkpoint);
    test_versions(detector, images, checkpoint);
}
