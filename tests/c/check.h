/* Checks of the tests in C: each prints its place and counts. */
#ifndef RD4AD_TESTS_C_CHECK_H
#define RD4AD_TESTS_C_CHECK_H

#include <rd4ad/rd4ad.h>
#include <stdio.h>
#include <string.h>

extern int failures;

#define CHECK(condition)                                                                            \
    do {                                                                                            \
        if (!(condition)) {                                                                         \
            ++failures;                                                                             \
            printf("%s:%d: FAILED: %s (%s)\n", __FILE__, __LINE__, #condition, rd4ad_last_error()); \
        }                                                                                           \
    } while (0)

/* The call fails with the status, and its message has the part. */
#define FAILS(call, status, part)                                                                                  \
    do {                                                                                                           \
        const rd4ad_status found_ = (call);                                                                        \
        if (found_ != (status) || strstr(rd4ad_last_error(), (part)) == NULL) {                                    \
            ++failures;                                                                                            \
            printf("%s:%d: FAILED: %s is %d, expected %d with '%s': %s\n", __FILE__, __LINE__, #call, (int)found_, \
                   (int)(status), (part), rd4ad_last_error());                                                     \
        }                                                                                                          \
    } while (0)

/* Every function with arguments that no caller should pass. folder: of images and of the checkpoint. */
void test_arguments(const rd4ad_detector* detector, const char* images, const char* checkpoint);

#endif
