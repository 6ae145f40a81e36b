/* base/folder.c: the calls of the system under what processes share in a folder. */
#include "base/folder.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; headers may be older than the system */
#endif

/* The part of a path that a message has room for: its end says most. */
static const char *shown(const char *path)
{
    enum {
        ROOM = 300
    };
    size_t size = strlen(path);
    return size <= ROOM ? path : path + (size - ROOM);
}

/* What cannot be made for want of the folder around it was not created. */
static qn_status output_error(qn_error *err, int errno_, const char *what, const char *path)
{
    if (errno_ == ENOENT || errno_ == ENOTDIR || errno_ == EEXIST || errno_ == EISDIR)
        return qni_error(err, QN_CREATE, "cannot %s \"%s\": %s", what, shown(path),
                         errno_ == ENOENT   ? "there is no such folder"
                         : errno_ == EISDIR ? "that is a folder"
                                            : "a file is in the way");
    return qni_error_errno(err, QN_IO, errno_, "cannot %s \"%s\"", what, shown(path));
}

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

qn_status qni_folder_make(const char *path, qn_error *err)
{
    char part[PATH_MAX];
    size_t size = strlen(path);
    if (is_folder(path))
        return QN_OK;
    if (size >= sizeof part)
        return output_error(err, ENAMETOOLONG, "make the folder", path);
    memcpy(part, path, size + 1);
    for (size_t i = 1; i <= size; i++) {
        if (i < size && part[i] != '/')
            continue;
        part[i] = '\0';
        int failed = mkdir(part, 0700) != 0 ? errno : 0;
        if (failed != 0 && !is_folder(part))
            return output_error(err, failed, "make the folder", path);
        part[i] = '/';
    }
    return QN_OK;
}

bool qni_folder_writable(const char *path)
{
    return faccessat(AT_FDCWD, path, W_OK | (is_folder(path) ? X_OK : 0), AT_EACCESS) == 0;
}

/* ---- the lock ---- */

qn_status qni_folder_lock(int *out, const char *path, bool make, bool exclusive, int64_t timeout_ms, qn_error *err)
{
    *out = -1;
    int fd = open(path, make ? O_RDWR | O_CREAT | O_CLOEXEC : O_RDONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return make ? output_error(err, errno, "open", path)
                    : qni_error_errno(err, QN_NO_INPUT, errno, "cannot open \"%s\"", shown(path));
    int64_t until;
    if (!qni_size_mul(&until, timeout_ms, 1000000) || !qni_size_add(&until, until, qni_clock_monotonic_ns()))
        until = INT64_MAX;
    _Atomic uint32_t never = 0;
    while (flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
        int failed = errno;
        if (failed == EINTR)
            continue;
        if (failed == EWOULDBLOCK && qni_clock_monotonic_ns() < until) {
            (void)qni_park(&never, 0, QNI_FOLDER_PAUSE_NS);
            continue;
        }
        (void)close(fd);
        return failed == EWOULDBLOCK ? qni_error(err, QN_BUSY, "another process keeps \"%s\" locked", shown(path))
                                     : qni_error_errno(err, QN_IO, failed, "cannot lock \"%s\"", shown(path));
    }
    *out = fd;
    return QN_OK;
}

void qni_folder_unlock(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

bool qni_folder_is(int fd, const char *path)
{
    struct stat opened, named;
    return fstat(fd, &opened) == 0 && stat(path, &named) == 0 && opened.st_dev == named.st_dev &&
           opened.st_ino == named.st_ino;
}

int64_t qni_folder_note(int fd, void *out, int64_t size)
{
    return pread(fd, out, (size_t)size, 0);
}

static int write_all(int fd, const char *bytes, int64_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, (size_t)size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? errno : EIO;
        bytes += written;
        size -= written;
    }
    return 0;
}

qn_status qni_folder_set_note(int fd, const char *path, const void *bytes, int64_t size, qn_error *err)
{
    int failed = ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0 ? errno : write_all(fd, bytes, size);
    return failed == 0 ? QN_OK : output_error(err, failed, "write", path);
}

/* ---- words in memory ---- */

/* Room for them on the disk is taken now: where it were missing later, looking at them would end the process. */
static int make_room(int fd, int64_t size)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return errno;
    if (info.st_size >= size)
        return 0;
    int failed = posix_fallocate(fd, 0, size);
    return failed == EOPNOTSUPP || failed == EINVAL ? (ftruncate(fd, size) == 0 ? 0 : errno) : failed;
}

qn_status qni_folder_map(void **out, const char *path, int64_t size, bool write, qn_error *err)
{
    struct stat info = {0};
    *out = NULL;
    int fd = open(path, (write ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC, 0600);
    if (fd < 0)
        return write ? output_error(err, errno, "open", path)
                     : qni_error_errno(err, QN_NO_INPUT, errno, "cannot open \"%s\"", shown(path));
    int failed = write ? make_room(fd, size) : 0;
    if (failed == 0 && fstat(fd, &info) != 0)
        failed = errno;
    void *words = MAP_FAILED;
    if (failed == 0 && info.st_size >= size) {
        words = mmap(NULL, (size_t)size, write ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
        failed = words == MAP_FAILED ? errno : 0;
    }
    (void)close(fd);
    if (failed != 0)
        return qni_error_errno(err, QN_IO, failed, "cannot map \"%s\"", shown(path));
    if (words == MAP_FAILED)
        return qni_error(err, QN_NO_INPUT, "\"%s\" was cut off", shown(path));
    *out = words;
    return QN_OK;
}

void qni_folder_unmap(void *words, int64_t size)
{
    if (words != NULL)
        (void)munmap(words, (size_t)size);
}

qn_status qni_folder_map_opened(void **out, int64_t *size, int fd, const char *path, qn_error *err)
{
    struct stat info;
    *out = NULL;
    *size = 0;
    if (fstat(fd, &info) != 0)
        return qni_error_errno(err, QN_IO, errno, "cannot look at \"%s\"", shown(path));
    if (!S_ISREG(info.st_mode) || info.st_size == 0)
        return QN_OK;
    void *words = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (words == MAP_FAILED)
        return qni_error_errno(err, QN_IO, errno, "cannot map \"%s\"", shown(path));
    *out = words;
    *size = info.st_size;
    return QN_OK;
}

void qni_folder_ready(void *words, int64_t size)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)words & (page - 1);
    (void)madvise((char *)words - at, (size_t)size + at, MADV_POPULATE_WRITE);
}

qn_status qni_folder_sync(const char *path, qn_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return qni_error_errno(err, QN_IO, errno, "cannot open \"%s\"", shown(path));
    int failed = fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP ? errno : 0;
    (void)close(fd);
    return failed == 0 ? QN_OK : qni_error_errno(err, QN_IO, failed, "cannot flush \"%s\"", shown(path));
}

/* ---- files ---- */

qn_status qni_folder_write(const char *path, const void *bytes, int64_t size, qn_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return output_error(err, errno, "create", path);
    int failed = write_all(fd, bytes, size);
    if (close(fd) != 0 && failed == 0 && errno != EINTR)
        failed = errno;
    if (failed == 0)
        return QN_OK;
    (void)unlink(path);
    return output_error(err, failed, "write", path);
}

/* Up to `size` bytes; fewer where the file ends before. */
static int read_all(int64_t *got, int fd, char *bytes, int64_t size)
{
    *got = 0;
    while (*got < size) {
        ssize_t n = read(fd, bytes + *got, (size_t)(size - *got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? errno : 0;
        *got += n;
    }
    return 0;
}

static qn_status read_file(void **out, int64_t *size, int fd, const char *path, int64_t limit,
                           const qn_allocator *allocator, qn_error *err)
{
    struct stat info;
    *size = 0;
    if (fstat(fd, &info) != 0)
        return qni_error_errno(err, QN_IO, errno, "cannot read \"%s\"", shown(path));
    if (!S_ISREG(info.st_mode))
        return QN_OK;
    if (info.st_size > limit)
        return qni_error(err, QN_LIMIT, "\"%s\" is larger than %" PRId64 " bytes", shown(path), limit);
    *size = info.st_size;
    if (*size == 0)
        return QN_OK;
    char *bytes = qni_alloc(allocator, *size + 1, 1);
    if (bytes == NULL)
        return qni_error(err, QN_NOMEM, "no memory for the %" PRId64 " bytes of \"%s\"", *size, shown(path));
    int64_t got;
    int failed = read_all(&got, fd, bytes, *size);
    if (failed != 0 || got < *size) {
        qni_free(allocator, bytes, *size + 1, 1);
        *size = 0;
        return failed == 0 ? QN_OK : qni_error_errno(err, QN_IO, failed, "cannot read \"%s\"", shown(path));
    }
    bytes[got] = 0;
    *out = bytes;
    return QN_OK;
}

qn_status qni_folder_read(void **out, int64_t *size, const char *path, int64_t limit, const qn_allocator *allocator,
                          qn_error *err)
{
    *out = NULL;
    *size = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
        return QN_OK;
    if (fd < 0)
        return qni_error_errno(err, QN_IO, errno, "cannot open \"%s\"", shown(path));
    qn_status s = read_file(out, size, fd, path, limit, allocator, err);
    (void)close(fd);
    return s;
}

bool qni_folder_move(const char *from, const char *to)
{
    return rename(from, to) == 0;
}

bool qni_folder_drop(const char *path)
{
    return remove(path) == 0;
}

bool qni_folder_has(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

int64_t qni_folder_size(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 && S_ISREG(info.st_mode) ? (int64_t)info.st_size : -1;
}

uint64_t qni_folder_identity(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 ? qni_hash_word((uint64_t)info.st_dev, (uint64_t)info.st_ino) | 1 : 0;
}

uint64_t qni_folder_state(const char *path)
{
    struct stat info;
    if (lstat(path, &info) != 0)
        return 0;
    uint64_t state = qni_hash_word((uint64_t)info.st_dev, (uint64_t)info.st_ino);
    state = qni_hash_word((uint64_t)info.st_size, state);
    state = qni_hash_word((uint64_t)info.st_mtim.tv_sec, state);
    return qni_hash_word((uint64_t)info.st_mtim.tv_nsec, state) | 1;
}

int64_t qni_folder_peek(const char *path, void *out, int64_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
    int64_t got = fd < 0 ? -1 : qni_folder_note(fd, out, size);
    if (fd >= 0)
        (void)close(fd);
    return got;
}
