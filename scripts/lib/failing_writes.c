/* Preloaded, it makes one call fail as on a full disk: the RD4AD_FAIL_AT-th of write, fallocate, fsync and rename. Calls on
   standard files don't count. At the end it writes the number of calls to the file RD4AD_FAIL_COUNT. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_long calls;

static int fails(void) {
    const char* at = getenv("RD4AD_FAIL_AT");
    const long call = atomic_fetch_add(&calls, 1) + 1;
    if (at == NULL || call != atol(at)) return 0;
    errno = ENOSPC;
    return 1;
}

ssize_t write(int file, const void* bytes, size_t count) {
    static ssize_t (*real)(int, const void*, size_t);
    if (real == NULL) real = (ssize_t(*)(int, const void*, size_t))dlsym(RTLD_NEXT, "write");
    return file > 2 && fails() ? -1 : real(file, bytes, count);
}

int fallocate(int file, int mode, off_t offset, off_t length) {
    static int (*real)(int, int, off_t, off_t);
    if (real == NULL) real = (int (*)(int, int, off_t, off_t))dlsym(RTLD_NEXT, "fallocate");
    return fails() ? -1 : real(file, mode, offset, length);
}

int fsync(int file) {
    static int (*real)(int);
    if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    return fails() ? -1 : real(file);
}

int rename(const char* from, const char* to) {
    static int (*real)(const char*, const char*);
    if (real == NULL) real = (int (*)(const char*, const char*))dlsym(RTLD_NEXT, "rename");
    return fails() ? -1 : real(from, to);
}

__attribute__((destructor)) static void tell(void) {
    const char* path = getenv("RD4AD_FAIL_COUNT");
    FILE* file = path != NULL ? fopen(path, "w") : NULL;
    if (file == NULL) return;
    fprintf(file, "%ld\n", atomic_load(&calls));
    fclose(file);
}
