/* The C interface from a training to regions, and every way to score one photograph. test_c FOLDER: an empty folder. */
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "check.h"

int failures = 0;

enum { width = 70, height = 50, stride = width * 3 + 11 };

/* A brightness gradient with noise. */
static void fill(unsigned char* rgb, unsigned seed) {
    unsigned state = seed * 2654435761u + 1;
    for (int y = 0; y < height; ++y)
        for (int i = 0; i < width * 3; ++i) {
            state = state * 1664525u + 1013904223u;
            rgb[y * width * 3 + i] = (unsigned char)((state >> 24) / 4 + (unsigned)(i * 40 / width + y * 60 / height));
        }
}

static void write_ppm(const char* path, const unsigned char* rgb) {
    FILE* file = fopen(path, "wb");
    if (file == NULL) exit(2);
    fprintf(file, "P6\n%d %d\n255\n", width, height);
    fwrite(rgb, 1, (size_t)width * height * 3, file);
    fclose(file);
}

static void count_step(void* user, const rd4ad_training_progress* at) {
    CHECK(at->struct_size == sizeof(rd4ad_training_progress) && at->loss >= 0);
    ++*(int*)user;
}

static void count_event(void* user, int32_t level, const char* text, const rd4ad_log_field* fields, size_t count) {
    CHECK(level >= 0 && level <= 2 && text[0] != 0);
    for (size_t i = 0; i < count; ++i) CHECK(fields[i].key[0] != 0);
    ++*(int*)user;
}

/* The images of the folder, as frames of one buffer that changes between them: bottom up, with gaps, B, G, R. */
typedef struct {
    unsigned next;
    unsigned char bgr[stride * height];
    char name[16];
} camera;

static int32_t next_frame(void* user, rd4ad_training_image* image) {
    camera* from = user;
    if (from->next == 10) return 0;
    unsigned char rgb[width * height * 3];
    fill(rgb, from->next);
    for (int y = 0; y < height; ++y)
        for (int i = 0; i < width * 3; ++i) from->bgr[(height - 1 - y) * stride + i] = rgb[y * width * 3 + i / 3 * 3 + 2 - i % 3];
    snprintf(from->name, sizeof from->name, "frame %u", from->next++);
    image->view->format = RD4AD_BGR8, image->view->data = from->bgr + (height - 1) * stride;
    image->view->width = width, image->view->height = height, image->view->stride = -stride;
    image->name = from->name;
    return 1;
}

/* Trains on the frames and compares a score with that of the model of the files. */
static void test_frames(const rd4ad_detector* by, const char* folder, const char* photograph, rd4ad_train_options options) {
    char checkpoint[1100];
    snprintf(checkpoint, sizeof checkpoint, "%s/frames.safetensors", folder);
    camera from = {.next = 0};
    const rd4ad_compute_options where = {.struct_size = sizeof where, .threads = 1};
    rd4ad_training* training = NULL;
    options.progress = NULL;
    CHECK(rd4ad_train_images(next_frame, &from, checkpoint, &where, &options, &training) == RD4AD_OK);
    rd4ad_training_facts facts = {.struct_size = sizeof facts};
    CHECK(rd4ad_training_describe(training, &facts) == RD4AD_OK && facts.training_images == 2 && facts.validation_images == 8);
    rd4ad_training_free(training);
    const rd4ad_detector_options settings = {.struct_size = sizeof settings, .region_threshold = 0.001};
    rd4ad_detector* other = NULL;
    CHECK(rd4ad_detector_open(checkpoint, &where, &settings, &other) == RD4AD_OK);
    rd4ad_result *one = NULL, *same = NULL;
    CHECK(rd4ad_detector_score_file(by, photograph, &one) == RD4AD_OK);
    CHECK(rd4ad_detector_score_file(other, photograph, &same) == RD4AD_OK);
    rd4ad_result_facts first = {.struct_size = sizeof first}, second = first;
    CHECK(rd4ad_result_describe(one, &first) == RD4AD_OK && rd4ad_result_describe(same, &second) == RD4AD_OK);
    CHECK(first.raw_score > 0 && first.raw_score == second.raw_score && first.score == second.score);
    rd4ad_result_free(one);
    rd4ad_result_free(same);
    rd4ad_detector_free(other);
}

typedef struct {
    float scores[4];
    rd4ad_status states[4];
    size_t done;
    rd4ad_stop* stop; /* requested after the first result */
} found_files;

static void keep(void* user, size_t index, rd4ad_status status, const char* message, rd4ad_result* result) {
    found_files* found = user;
    found->states[index] = status;
    CHECK((status == RD4AD_OK) == (result != NULL) && (status == RD4AD_OK) == (message[0] == 0));
    if (result != NULL) {
        rd4ad_result_facts facts = {.struct_size = sizeof facts};
        CHECK(rd4ad_result_describe(result, &facts) == RD4AD_OK);
        found->scores[index] = facts.raw_score;
        rd4ad_result_free(result);
    }
    if (found->stop != NULL) CHECK(rd4ad_stop_request(found->stop) == RD4AD_OK);
}

static void keep_done(void* user, size_t done, size_t count) {
    CHECK(done <= count);
    ((found_files*)user)->done = done;
}

static float raw_score_of(rd4ad_result* result) {
    rd4ad_result_facts facts = {.struct_size = sizeof facts};
    CHECK(rd4ad_result_describe(result, &facts) == RD4AD_OK);
    rd4ad_result_free(result);
    return facts.raw_score;
}

static void test_result(rd4ad_result* result) {
    rd4ad_result_facts facts = {.struct_size = sizeof facts};
    CHECK(rd4ad_result_describe(result, &facts) == RD4AD_OK);
    CHECK(facts.map_width == width && facts.map_height == height && facts.map != NULL);
    CHECK(facts.has_score == 1 && facts.is_anomalous == (facts.score >= 0.5));
    CHECK(facts.transform[0] == width && facts.transform[1] == height);
    float maximum = 0;
    for (size_t i = 0; i < facts.map_width * facts.map_height; ++i) maximum = facts.map[i] > maximum ? facts.map[i] : maximum;
    CHECK(maximum > 0 && maximum <= facts.raw_score * 1.0001f);
    CHECK(facts.region_count > 0);
    for (size_t i = 0; i < facts.region_count; ++i) {
        rd4ad_region region = {.struct_size = sizeof region};
        CHECK(rd4ad_result_region(result, i, &region) == RD4AD_OK);
        CHECK(region.x >= 0 && region.x + region.width <= width && region.area > 0 && region.outline_count >= 3);
        CHECK(fabs(region.relative[0] * width - region.x) < 1e-9 && region.outline[1] <= height);
    }
    rd4ad_region region = {.struct_size = sizeof region};
    FAILS(rd4ad_result_region(result, facts.region_count, &region), RD4AD_ERROR_OPTION, "region");
}

static void test_scores(const rd4ad_detector* by, const char* photograph, const char* absent) {
    unsigned char rgb[width * height * 3], bgr[height * stride], mask[width * height] = {0};
    fill(rgb, 99);
    for (int y = 0; y < height; ++y)
        for (int i = 0; i < width * 3; ++i) bgr[y * stride + i] = rgb[y * width * 3 + i / 3 * 3 + 2 - i % 3];
    for (int i = 0; i < width * 10; ++i) mask[i] = 1;
    const rd4ad_view plain = {.struct_size = sizeof plain, .format = RD4AD_RGB8, .data = rgb, .width = width, .height = height};
    const rd4ad_view padded = {.struct_size = sizeof padded,
                               .format = RD4AD_BGR8,
                               .data = bgr + (height - 1) * stride,
                               .width = width,
                               .height = height,
                               .stride = -stride};
    const rd4ad_view upright = {
        .struct_size = sizeof upright, .format = RD4AD_BGR8, .data = bgr, .width = width, .height = height, .stride = stride};
    const rd4ad_view roi = {.struct_size = sizeof roi, .format = RD4AD_GREY8, .data = mask, .width = width, .height = height};
    CHECK(rd4ad_detector_warm_up(by, width, height, 1, 1) == RD4AD_OK);

    rd4ad_result* result = NULL;
    CHECK(rd4ad_detector_score(by, &plain, NULL, &result) == RD4AD_OK);
    test_result(result);
    const float expected = raw_score_of(result);
    CHECK(rd4ad_detector_score(by, &upright, NULL, &result) == RD4AD_OK && raw_score_of(result) == expected);
    CHECK(rd4ad_detector_score_file(by, photograph, &result) == RD4AD_OK && raw_score_of(result) == expected);
    CHECK(rd4ad_detector_score(by, &padded, NULL, &result) == RD4AD_OK && raw_score_of(result) != expected);
    CHECK(rd4ad_detector_score(by, &plain, &roi, &result) == RD4AD_OK && raw_score_of(result) <= expected);

    const rd4ad_view* both[2] = {&upright, &padded};
    rd4ad_result* results[2] = {NULL, NULL};
    CHECK(rd4ad_detector_score_batch(by, both, 2, results) == RD4AD_OK);
    CHECK(fabsf(raw_score_of(results[0]) - expected) < 1e-4f && results[1] != NULL);
    rd4ad_result_free(results[1]);

    const char* files[3] = {photograph, absent, photograph};
    found_files found = {{0}, {0}, 0, NULL};
    rd4ad_run run = {.struct_size = sizeof run, .skip_failures = 1, .user = &found, .progress = keep_done};
    CHECK(rd4ad_detector_score_files(by, files, 3, keep, &run) == RD4AD_OK);
    CHECK(found.states[0] == RD4AD_OK && found.states[1] == RD4AD_ERROR_IO && found.states[2] == RD4AD_OK && found.done == 3);
    CHECK(fabsf(found.scores[0] - expected) < 1e-4f && found.scores[2] == found.scores[0]);
    run.skip_failures = 0;
    FAILS(rd4ad_detector_score_files(by, files, 3, keep, &run), RD4AD_ERROR_IO, "absent");

    rd4ad_stop* stop = NULL;
    CHECK(rd4ad_stop_new(&stop) == RD4AD_OK && rd4ad_stop_request(stop) == RD4AD_OK);
    run.stop = stop;
    FAILS(rd4ad_detector_score_files(by, files, 1, keep, &run), RD4AD_ERROR_STOPPED, "stopped");
    rd4ad_stop_free(stop);
}

static void test_model(const rd4ad_detector* by) {
    rd4ad_description model = {.struct_size = sizeof model};
    CHECK(rd4ad_detector_describe(by, &model) == RD4AD_OK);
    CHECK(strcmp(model.arch, "resnet18") == 0 && strcmp(model.backend, "xtensor") == 0);
    CHECK(model.width == 32 && model.height == 32 && model.threads == 1 && model.has_calibration == 1);
    rd4ad_calibration calibration = {.struct_size = sizeof calibration};
    CHECK(rd4ad_detector_calibration(by, &calibration) == RD4AD_OK);
    CHECK(calibration.good_count == 8 && calibration.threshold > calibration.typical && calibration.source == 0);
    CHECK(calibration.good_scores[0] <= calibration.good_scores[7]);
}

int main(int count, char** words) {
    if (count != 2) return 2;
    char images[1024], checkpoint[1024], photograph[1024], absent[1024], path[1100];
    snprintf(images, sizeof images, "%s/good", words[1]);
    snprintf(checkpoint, sizeof checkpoint, "%s/parts.safetensors", words[1]);
    snprintf(photograph, sizeof photograph, "%s/part.ppm", words[1]);
    snprintf(absent, sizeof absent, "%s/absent.ppm", words[1]);
    mkdir(words[1], 0777);
    mkdir(images, 0777);
    unsigned char rgb[width * height * 3];
    for (unsigned i = 0; i < 10; ++i) {
        fill(rgb, i);
        snprintf(path, sizeof path, "%s/%u.ppm", images, i);
        write_ppm(path, rgb);
    }
    fill(rgb, 99);
    write_ppm(photograph, rgb);

    setenv("RD4AD_DATA", "/absent", 1); /* the built-in teacher is in the library */
    CHECK(rd4ad_abi() == RD4AD_C_ABI && rd4ad_version()[0] != 0 && strncmp(rd4ad_backends(), "xtensor", 7) == 0);
    CHECK(strcmp(rd4ad_status_name(RD4AD_ERROR_IO), "io") == 0 && strcmp(rd4ad_status_name(-1), "unknown") == 0);
    CHECK(rd4ad_last_error()[0] == 0);
    int steps = 0, events = 0;
    const rd4ad_compute_options where = {.struct_size = sizeof where, .threads = 1};
    rd4ad_train_options options = {.struct_size = sizeof options,
                                   .steps = 2,
                                   .batch = 2,
                                   .size = 32,
                                   .calibration = "hold-out",
                                   .validation = 0.8,
                                   .overwrite = 1,
                                   .user = &steps,
                                   .progress = count_step};
    rd4ad_set_log(count_event, &events);
    rd4ad_training* training = NULL;
    CHECK(rd4ad_train(images, checkpoint, &where, &options, &training) == RD4AD_OK);
    rd4ad_set_log(NULL, NULL);
    rd4ad_training_facts facts = {.struct_size = sizeof facts};
    CHECK(rd4ad_training_describe(training, &facts) == RD4AD_OK);
    CHECK(facts.steps == 2 && facts.training_images == 2 && facts.validation_images == 8 && facts.stopped == 0);
    CHECK(facts.loss_count == 2 && facts.losses[0] > 0 && facts.skipped_count == 0);
    FAILS(rd4ad_training_skipped(training, 0, NULL, NULL), RD4AD_ERROR_OPTION, "left out 0");
    FAILS(rd4ad_training_suspect(training, facts.suspect_count, NULL, NULL), RD4AD_ERROR_OPTION, "suspect");
    rd4ad_training_free(training);
    CHECK(steps >= 3 && events >= 3);

    const rd4ad_detector_options settings = {.struct_size = sizeof settings, .region_threshold = 0.001};
    rd4ad_detector* by = NULL;
    CHECK(rd4ad_detector_open(checkpoint, &where, &settings, &by) == RD4AD_OK);
    if (by != NULL) {
        test_model(by);
        test_scores(by, photograph, absent);
        test_frames(by, words[1], photograph, options);
        test_arguments(by, images, checkpoint);
        rd4ad_detector_free(by);
    }
    printf("%d failures\n", failures);
    return failures == 0 ? 0 : 1;
}
