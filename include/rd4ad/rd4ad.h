/* rd4ad/rd4ad.h: the C interface of rd4ad, for C99 and every language that calls C. Link librd4ad.so (rd4ad::c). Twin: tests/c
 *
 * Errors.  A function that can fail returns a status. Then rd4ad_last_error() has the message, per thread. Out-pointers are
 *          null after a failure. No C++ exception leaves a function. A wrong argument (null, zero, an unknown number, a stride
 *          shorter than a row) is RD4AD_ERROR_OPTION or RD4AD_ERROR_SHAPE. What can't be checked: that memory is as large as the
 *          arguments state, and that a handle is not freed.
 * Structs. `struct_size` is sizeof the struct; set it before every call. Every other member may be 0: its default. Later versions
 *          add members at the end; a library reads and writes the members that the caller's struct has.
 * Memory.  The caller's memory is read during the call alone. A pointer in a struct that the library fills stays valid until
 *          its handle is freed. Every handle has its _free function, which accepts null.
 * Threads. Each function states its rule: [any] any thread at any time; [handle] any number of threads with one handle at once;
 *          [own] one thread, while no other one uses the handle.
 * Text.    UTF-8 with a final zero. Paths are bytes for the operating system. */
#ifndef RD4AD_RD4AD_H
#define RD4AD_RD4AD_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define RD4AD_C_API __attribute__((visibility("default")))
#else
#define RD4AD_C_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** The version of this interface: the SOVERSION of librd4ad.so. */
#define RD4AD_C_ABI 1

/** What a function returns. The errors are those of docs/errors.md. */
typedef int32_t rd4ad_status;
enum {
    RD4AD_OK = 0,
    RD4AD_ERROR_SHAPE = 1,   /**< sizes that do not match */
    RD4AD_ERROR_FORMAT = 2,  /**< a file's content breaks its format */
    RD4AD_ERROR_IO = 3,      /**< a file can't be opened, read or written */
    RD4AD_ERROR_NUMERIC = 4, /**< NaN, infinity */
    RD4AD_ERROR_OPTION = 5,  /**< an argument or a setting out of range */
    RD4AD_ERROR_DATA = 6,    /**< a data set that can't be used */
    RD4AD_ERROR_MEMORY = 7,  /**< out of memory */
    RD4AD_ERROR_DEVICE = 8,  /**< the device is missing or failed */
    RD4AD_ERROR_STOPPED = 9, /**< rd4ad_stop_request */
    RD4AD_ERROR_OTHER = 10   /**< another exception of C++ */
};

/** The format of a view; docs/frames.md. */
enum {
    RD4AD_GREY8 = 0,
    RD4AD_RGB8 = 1,
    RD4AD_BGR8 = 2,
    RD4AD_RGBA8 = 3,
    RD4AD_BGRA8 = 4,
    RD4AD_RGBX8 = 5,
    RD4AD_BGRX8 = 6,
    RD4AD_GREY16 = 7,
    RD4AD_RGB16 = 8,
    RD4AD_BGR16 = 9,
    RD4AD_RGGB8 = 10,
    RD4AD_BGGR8 = 11,
    RD4AD_GRBG8 = 12,
    RD4AD_GBRG8 = 13,
    RD4AD_RGGB16 = 14,
    RD4AD_BGGR16 = 15,
    RD4AD_GRBG16 = 16,
    RD4AD_GBRG16 = 17
};

/** The size of the maps. */
enum {
    RD4AD_MAP_OF_IMAGE = 0,  /**< the size of the image */
    RD4AD_MAP_OF_NETWORK = 1 /**< the size of the network's input */
};

typedef struct rd4ad_detector rd4ad_detector; /**< a model that scores */
typedef struct rd4ad_result rd4ad_result;     /**< the result of one image */
typedef struct rd4ad_training rd4ad_training; /**< the record of a training */
typedef struct rd4ad_stop rd4ad_stop;         /**< a stop button */

/** A frame where it lies. */
typedef struct rd4ad_view {
    uint32_t struct_size;
    int32_t format;   /**< RD4AD_GREY8, ... */
    const void* data; /**< the first pixel of the upper row */
    size_t width, height;
    ptrdiff_t stride; /**< bytes from a row to the next; 0: no gap; negative: stored bottom-up */
    uint32_t white;   /**< 16-bit formats: the value of white, 4095 for 12 bits; 0: 65535 */
    uint32_t reserved;
} rd4ad_view;

/** Where to compute. */
typedef struct rd4ad_compute_options {
    uint32_t struct_size;
    int32_t skip_verify;         /**< 1: a checkpoint is not compared with its checksums */
    const char* backend;         /**< "xtensor", "onednn", "onednn-bf16", "thrust"; null: the first that the library has */
    const char* device;          /**< number of the GPU; null: the first one */
    const char* instruction_set; /**< null: the best one of the processor */
    size_t threads;              /**< of each call; 0: as affinity and quota leave */
} rd4ad_compute_options;

/** Settings of a detector. */
typedef struct rd4ad_detector_options {
    uint32_t struct_size;
    int32_t map_size;        /**< RD4AD_MAP_OF_IMAGE, ... */
    size_t batch;            /**< inputs computed at once; 0: 8 */
    double sigma;            /**< of the Gaussian over the map, in pixels of the input; 0: 4; negative: none */
    double region_threshold; /**< least score of a region's pixels; 0: 0.5 */
    double min_area;         /**< least area of a region, in pixels of the image */
    const char* product;     /**< for a model with a calibration per product; null: none */
} rd4ad_detector_options;

/** The model of a detector. */
typedef struct rd4ad_description {
    uint32_t struct_size;
    int32_t has_calibration;
    const char *arch, *teacher, *backend;
    size_t width, height; /**< of the network's input */
    size_t threads;
    size_t product_count;
    const char* const* products;
} rd4ad_description;

/** The threshold and its evidence; docs/calibration.md. */
typedef struct rd4ad_calibration {
    uint32_t struct_size;
    int32_t rule;   /**< 0 order statistic, 1 location-scale law, 2 best F1 */
    int32_t source; /**< 0 hold-out, 1 out-of-fold, 2 given */
    int32_t has_f1;
    double typical, threshold; /**< raw scores: the median of the good images, and where an alarm begins */
    double asked_rate, expected_rate, rate_low, rate_high;
    double f1;
    size_t good_count;
    const float* good_scores; /**< raw scores of the good images, ascending */
    size_t set_aside;
} rd4ad_calibration;

/** A result's facts. */
typedef struct rd4ad_result_facts {
    uint32_t struct_size;
    float raw_score;      /**< maximum of the map, 0..3 */
    int32_t has_score;    /**< 0: the model has no calibration */
    int32_t is_anomalous; /**< 1: score >= 0.5, 0: below, -1: no score */
    double score;         /**< 0..1 */
    size_t map_width, map_height;
    const float* map;     /**< raw scores, row by row without a gap */
    size_t region_count;  /**< see rd4ad_result_region */
    size_t transform[12]; /**< the members of rd4ad::image::fit_transform, in their order */
} rd4ad_result_facts;

/** An area of the map over the threshold, in pixels of the image. */
typedef struct rd4ad_region {
    uint32_t struct_size;
    float raw_score;
    double score;
    double x, y, width, height; /**< the bounding box */
    double area;
    double relative[4];    /**< the box as shares of width and height: x, y, width, height */
    size_t outline_count;  /**< points of the polygon around the region */
    const double* outline; /**< x, y of each point */
} rd4ad_region;

/** Receives the result of a file, in order, on a thread of the library, one call at a time. result: null unless status is
 *  RD4AD_OK; it belongs to the receiver, which frees it. message: valid during the call. */
typedef void (*rd4ad_result_callback)(void* user, size_t index, rd4ad_status status, const char* message, rd4ad_result* result);

/** Receives the number of images that are done. */
typedef void (*rd4ad_progress_callback)(void* user, size_t done, size_t count);

/** How rd4ad_detector_score_files goes on. */
typedef struct rd4ad_run {
    uint32_t struct_size;
    int32_t skip_failures; /**< 1: a file that can't be read gets its status, and the run goes on */
    void* user;            /**< passed to the callbacks */
    rd4ad_progress_callback progress;
    const rd4ad_stop* stop;
} rd4ad_run;

/** The progress of a training. */
typedef struct rd4ad_training_progress {
    uint32_t struct_size;
    uint32_t reserved;
    size_t epoch, epochs; /**< from 1; 0 while the teacher's features are computed */
    size_t step, steps;   /**< within the epoch */
    size_t fold, folds;   /**< of cross-fitting, from 1; fold 0: the shipped student */
    double loss, images_per_second, seconds_left;
} rd4ad_training_progress;

/** Called after each step, on the thread of rd4ad_train. */
typedef void (*rd4ad_training_callback)(void* user, const rd4ad_training_progress* progress);

/** Settings of a training; docs/any-detector.md and rd4ad train --help. */
typedef struct rd4ad_train_options {
    uint32_t struct_size;
    int32_t skip_bad_images, without_suspects, resume, overwrite;
    uint32_t reserved;
    const char* arch;    /**< null: that of the teacher; resnet18 for the built-in one */
    const char* teacher; /**< file of weights; null: the built-in teacher; "none": untrained */
    const void* teacher_bytes;
    size_t teacher_size; /**< weights in memory, in place of a file */
    size_t steps, epochs, batch, size, height, crop;
    const char* fit; /**< "squash" (default), "pad", "short-side", "native" */
    size_t patches_per_row, patches_per_column, patch_size, patch_overlap;
    uint64_t seed;           /**< 0: 111 */
    const char* calibration; /**< "auto" (default), "cross", "hold-out", "none" */
    double validation, false_alarm_rate;
    size_t folds, save_every, cache_bytes;
    void* user;
    rd4ad_training_callback progress;
    const rd4ad_stop* stop;
    uint32_t white_level; /**< of 16-bit PNG and TIFF files, 4095 for 12 bits; 0: found among the files. Views state their own. */
    uint32_t reserved_end;
} rd4ad_train_options;

/** An image to train on. */
typedef struct rd4ad_training_image {
    uint32_t struct_size;
    uint32_t reserved;
    rd4ad_view* view;    /**< the library's, to be filled; the pixels stay until the callback's next call */
    const char* name;    /**< unique, in messages and records as a file's name is; null: "image 17", by its number from 1 on */
    const char* product; /**< that the image shows; null: all images show one product */
} rd4ad_training_image;

/** Gives the next image: fills image->view and the names, whose members are 0 but for struct_size, and returns 1. Returns 0 after
 *  the last image; another number ends rd4ad_train_images with RD4AD_ERROR_STOPPED. Called on the thread of rd4ad_train_images.
 */
typedef int32_t (*rd4ad_next_image_callback)(void* user, rd4ad_training_image* image);

/** The record of a training. */
typedef struct rd4ad_training_facts {
    uint32_t struct_size;
    int32_t stopped; /**< 1: rd4ad_stop_request ended it; resume continues it */
    size_t steps, training_images, validation_images, folds;
    double seconds;
    size_t loss_count;
    const double* losses; /**< mean loss per epoch */
    size_t suspect_count, skipped_count;
} rd4ad_training_facts;

/** A named value of an event. */
typedef struct rd4ad_log_field {
    const char *key, *value;
} rd4ad_log_field;

/** Receives an event; several threads may call it at once. level: 0 debug, 1 info, 2 warning. It must not call rd4ad_set_log. */
typedef void (*rd4ad_log_callback)(void* user, int32_t level, const char* text, const rd4ad_log_field* fields, size_t count);

/* --- The library --------------------------------------------------------------------------------------------------------- */

/** The version: "1.0.0". [any] */
RD4AD_C_API const char* rd4ad_version(void);
/** RD4AD_C_ABI of the library; a program compares it with its own. [any] */
RD4AD_C_API int32_t rd4ad_abi(void);
/** The message of the thread's last failure, valid until the thread's next failure; "" before the first one. [any] */
RD4AD_C_API const char* rd4ad_last_error(void);
/** "ok", "shape", "format", ...; "unknown" for another number. [any] */
RD4AD_C_API const char* rd4ad_status_name(rd4ad_status status);
/** The backends that the library has, separated by a space; the first one is the default. [any] */
RD4AD_C_API const char* rd4ad_backends(void);
/** Sends the library's events to `callback`; null silences them, as at the start. Nothing uses the old callback and its `user`
 *  after the call has returned. [any] */
RD4AD_C_API void rd4ad_set_log(rd4ad_log_callback callback, void* user);

/* --- A detector ----------------------------------------------------------------------------------------------------------- */

/** Loads a checkpoint file. where, options: null for the defaults. [any] */
RD4AD_C_API rd4ad_status rd4ad_detector_open(const char* checkpoint, const rd4ad_compute_options* where,
                                             const rd4ad_detector_options* options, rd4ad_detector** out);
/** Loads a checkpoint from memory. name: starts the messages; null: "the checkpoint". [any] */
RD4AD_C_API rd4ad_status rd4ad_detector_open_memory(const void* bytes, size_t size, const char* name,
                                                    const rd4ad_compute_options* where, const rd4ad_detector_options* options,
                                                    rd4ad_detector** out);
/** Frees a detector. Its results stay valid. [own] */
RD4AD_C_API void rd4ad_detector_free(rd4ad_detector* detector);
/** Fills the description. Its pointers are valid until the detector is freed. [handle] */
RD4AD_C_API rd4ad_status rd4ad_detector_describe(const rd4ad_detector* detector, rd4ad_description* out);
/** Fills the calibration. RD4AD_ERROR_OPTION if there is none (has_calibration is 0). [handle] */
RD4AD_C_API rd4ad_status rd4ad_detector_calibration(const rd4ad_detector* detector, rd4ad_calibration* out);
/** Does the work that the first frames of a size would wait for. frames: of one call; callers: threads that score at once.
 * [handle] */
RD4AD_C_API rd4ad_status rd4ad_detector_warm_up(const rd4ad_detector* detector, size_t width, size_t height, size_t frames,
                                                size_t callers);
/** Scores a frame. roi: null, or a view of the frame's size in RD4AD_GREY8 that is 0 outside the region of interest. [handle] */
RD4AD_C_API rd4ad_status rd4ad_detector_score(const rd4ad_detector* detector, const rd4ad_view* view, const rd4ad_view* roi,
                                              rd4ad_result** out);
/** Scores `count` frames of any sizes and formats; fills out[0] to out[count - 1]. [handle] */
RD4AD_C_API rd4ad_status rd4ad_detector_score_batch(const rd4ad_detector* detector, const rd4ad_view* const* views, size_t count,
                                                    rd4ad_result** out);
/** Scores an image file. [handle] */
RD4AD_C_API rd4ad_status rd4ad_detector_score_file(const rd4ad_detector* detector, const char* path, rd4ad_result** out);
/** Scores files in order; reading overlaps with computing. run: null for the defaults. [handle] */
RD4AD_C_API rd4ad_status rd4ad_detector_score_files(const rd4ad_detector* detector, const char* const* paths, size_t count,
                                                    rd4ad_result_callback use, const rd4ad_run* run);

/* --- A result ------------------------------------------------------------------------------------------------------------- */

/** Fills the facts of a result, the map among them. Its pointers are valid until the result is freed. [handle] */
RD4AD_C_API rd4ad_status rd4ad_result_describe(const rd4ad_result* result, rd4ad_result_facts* out);
/** Fills a region: 0 to region_count - 1. Its pointers are valid until the result is freed. [handle] */
RD4AD_C_API rd4ad_status rd4ad_result_region(const rd4ad_result* result, size_t index, rd4ad_region* out);
/** Frees a result. [own] */
RD4AD_C_API void rd4ad_result_free(rd4ad_result* result);

/* --- A stop button -------------------------------------------------------------------------------------------------------- */

/** Makes a stop button. [any] */
RD4AD_C_API rd4ad_status rd4ad_stop_new(rd4ad_stop** out);
/** Ends the runs that have this button within one batch: they return RD4AD_ERROR_STOPPED, or a training that has begun saves and
 *  returns. Not for signal handlers. [handle] */
RD4AD_C_API rd4ad_status rd4ad_stop_request(rd4ad_stop* stop);
/** Frees a button, after the runs that have it. [own] */
RD4AD_C_API void rd4ad_stop_free(rd4ad_stop* stop);

/* --- Training ------------------------------------------------------------------------------------------------------------- */

/** Trains on the good images of a folder or a data set, and saves the model to `checkpoint`. options, where: null for the
 *  defaults. out: null, or receives the record. [any] */
RD4AD_C_API rd4ad_status rd4ad_train(const char* data, const char* checkpoint, const rd4ad_compute_options* where,
                                     const rd4ad_train_options* options, rd4ad_training** out);
/** The same for images in memory that `next` gives one after another, before anything is computed. Equal pixels give the model
 * that files give. user: passed to `next`. [any] */
RD4AD_C_API rd4ad_status rd4ad_train_images(rd4ad_next_image_callback next, void* user, const char* checkpoint,
                                            const rd4ad_compute_options* where, const rd4ad_train_options* options,
                                            rd4ad_training** out);
/** Fills the facts of a training. Its pointers are valid until the record is freed. [handle] */
RD4AD_C_API rd4ad_status rd4ad_training_describe(const rd4ad_training* training, rd4ad_training_facts* out);
/** A good image that may show a defect: 0 to suspect_count - 1. path, raw_score: may be null. [handle] */
RD4AD_C_API rd4ad_status rd4ad_training_suspect(const rd4ad_training* training, size_t index, const char** path,
                                                float* raw_score);
/** An image that the training left out, and why: 0 to skipped_count - 1. path, reason: may be null. [handle] */
RD4AD_C_API rd4ad_status rd4ad_training_skipped(const rd4ad_training* training, size_t index, const char** path,
                                                const char** reason);
/** Frees a record. [own] */
RD4AD_C_API void rd4ad_training_free(rd4ad_training* training);

#ifdef __cplusplus
}
#endif

#endif
