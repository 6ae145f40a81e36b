/* base/file.c: a writer over a file descriptor with a buffer; whether it renames at the end is decided when it is
 * opened.
 *
 * Always: `temporary` is the name of a file of ours that exists until commit or abandon; NULL where we write directly.
 * The first failure stays in `failed`. One thread a writer. */
#include "base/file.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    TEMPORARY_NAME_SIZE = 32
};

struct qni_file_writer {
    const qn_allocator *allocator;
    int fd;
    char *path;      /* as it was given, for messages */
    char *target;    /* the file to replace; NULL where we write directly */
    char *temporary; /* as above */
    int64_t used;    /* bytes in the buffer */
    qn_error failed; /* code QN_OK: nothing failed yet */
    char buffer[QNI_FILE_BUFFER_SIZE];
};

/* The part of a path that a message has room for: its end says most. */
static const char *shown(const char *path)
{
    enum {
        ROOM = 300
    };
    size_t size = strlen(path);
    return size <= ROOM ? path : path + (size - ROOM);
}

/* An error about an output; that a folder does not exist is a failure to create, not a missing input. */
static qn_status output_error(qn_error *err, qn_status otherwise, int errno_, const char *what, const char *path)
{
    qn_status code = qni_error_errno(err, otherwise, errno_, "cannot %s \"%s\"", what, shown(path));
    if (code != QN_NO_INPUT)
        return code;
    if (err != NULL)
        err->code = QN_CREATE;
    return QN_CREATE;
}

static char *copy(const qn_allocator *allocator, const char *text)
{
    return qni_copy_string(allocator, text, -1);
}

static void free_text(const qn_allocator *allocator, char *text)
{
    if (text != NULL)
        qni_free(allocator, text, (int64_t)strlen(text) + 1, 1);
}

static void writer_free(qni_file_writer *writer)
{
    free_text(writer->allocator, writer->path);
    free_text(writer->allocator, writer->target);
    free_text(writer->allocator, writer->temporary);
    qni_delete(writer->allocator, writer);
}

static uint64_t mixed(uint64_t z)
{
    z = (z ^ (z >> 32)) * 0xD6E8FEB86659FD93u;
    return z ^ (z >> 32);
}

/* Makes writer->temporary in the folder of writer->target. A name that is taken is no harm: the next one is tried. */
static qn_status open_temporary(qni_file_writer *writer, mode_t mode, qn_error *err)
{
    const char *slash = strrchr(writer->target, '/');
    int64_t folder_size = slash == NULL ? 0 : slash - writer->target + 1;
    int64_t size;
    if (!qni_size_add(&size, folder_size, TEMPORARY_NAME_SIZE))
        return qni_error(err, QN_NOMEM, "no memory for a file name");
    char *name = qni_alloc(writer->allocator, size, 1);
    if (name == NULL)
        return qni_error(err, QN_NOMEM, "no memory for a file name");
    memcpy(name, writer->target, (size_t)folder_size);
    uint64_t random = mixed((uint64_t)qni_clock_monotonic_ns() ^ (uint64_t)getpid() << 32 ^ (uintptr_t)writer);
    for (int tries = 0; tries < QNI_FILE_NAME_TRIES && writer->fd < 0; tries++) {
        random = mixed(random + (uint64_t)tries + 1);
        snprintf(name + folder_size, TEMPORARY_NAME_SIZE, ".quern-%016" PRIx64 ".tmp", random);
        writer->fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (writer->fd < 0 && errno != EEXIST)
            break;
    }
    int errno_ = errno;
    if (writer->fd >= 0)
        writer->temporary = copy(writer->allocator, name);
    if (writer->fd >= 0 && writer->temporary == NULL)
        (void)unlink(name);
    qni_free(writer->allocator, name, size, 1);
    if (writer->fd < 0)
        return output_error(err, QN_CREATE, errno_, "create", writer->path);
    if (writer->temporary == NULL)
        return qni_error(err, QN_NOMEM, "no memory for a file name");
    return QN_OK;
}

/* A regular file, there or not yet: written beside it. */
static qn_status open_beside(qni_file_writer *writer, const struct stat *existing, qn_error *err)
{
    struct stat link;
    if (existing == NULL && lstat(writer->path, &link) == 0 && S_ISLNK(link.st_mode))
        return qni_error(err, QN_CREATE, "cannot write \"%s\": it is a link to a file that is not there",
                         shown(writer->path));
    char resolved[PATH_MAX];
    bool is_there = existing != NULL && realpath(writer->path, resolved) != NULL;
    writer->target = copy(writer->allocator, is_there ? resolved : writer->path);
    if (writer->target == NULL)
        return qni_error(err, QN_NOMEM, "no memory for a file name");
    if (existing != NULL && faccessat(AT_FDCWD, writer->path, W_OK, AT_EACCESS) != 0)
        return output_error(err, QN_CREATE, errno, "write", writer->path);
    qn_status status = open_temporary(writer, 0666, err);
    if (status != QN_OK || existing == NULL)
        return status;
    /* The owner can be kept by the superuser alone; for all others it is the same already or cannot be helped. */
    if (fchown(writer->fd, existing->st_uid, existing->st_gid) != 0)
        errno = 0;
    if (fchmod(writer->fd, existing->st_mode & 0777) != 0)
        return output_error(err, QN_CREATE, errno, "set the permissions of", writer->path);
    return QN_OK;
}

static bool is_standard_output(const struct stat *info)
{
    struct stat out;
    return fstat(STDOUT_FILENO, &out) == 0 && out.st_dev == info->st_dev && out.st_ino == info->st_ino;
}

static qn_status open_descriptor(qni_file_writer *writer, qn_error *err)
{
    const char *path = writer->path;
    size_t size = strlen(path);
    struct stat info;
    if (strcmp(path, "-") == 0) {
        writer->fd = STDOUT_FILENO;
        return QN_OK;
    }
    if (size == 0 || path[size - 1] == '/')
        return qni_error(err, QN_CREATE, "cannot write \"%s\": that is not the name of a file", shown(path));
    if (stat(path, &info) != 0)
        return errno == ENOENT ? open_beside(writer, NULL, err) : output_error(err, QN_CREATE, errno, "create", path);
    if (S_ISDIR(info.st_mode))
        return qni_error(err, QN_CREATE, "cannot write \"%s\": that is a folder", shown(path));
    if (is_standard_output(&info)) { /* such as /dev/stdout */
        writer->fd = STDOUT_FILENO;
        return QN_OK;
    }
    if (S_ISREG(info.st_mode))
        return open_beside(writer, &info, err);
    writer->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    return writer->fd < 0 ? output_error(err, QN_CREATE, errno, "open", path) : QN_OK;
}

qn_status qni_file_open(qni_file_writer **out, const char *path, const qn_allocator *allocator, qn_error *err)
{
    assert(out && path);
    *out = NULL;
    qni_file_writer *writer = qni_new(allocator, qni_file_writer);
    if (writer == NULL)
        return qni_error(err, QN_NOMEM, "no memory for writing \"%s\"", shown(path));
    writer->allocator = allocator;
    writer->fd = -1;
    writer->path = copy(allocator, path);
    qn_status status =
        writer->path == NULL ? qni_error(err, QN_NOMEM, "no memory for a file name") : open_descriptor(writer, err);
    if (status != QN_OK) {
        qni_file_abandon(writer);
        return status;
    }
    *out = writer;
    return QN_OK;
}

/* Remembers the first failure and tells the caller. */
static qn_status fail(qni_file_writer *writer, int errno_, qn_error *err)
{
    if (writer->failed.code == QN_OK)
        (void)output_error(&writer->failed, QN_IO, errno_, "write",
                           writer->fd == STDOUT_FILENO ? "standard output" : writer->path);
    if (err != NULL)
        *err = writer->failed;
    return writer->failed.code;
}

static qn_status write_out(qni_file_writer *writer, const char *bytes, int64_t size, qn_error *err)
{
    while (size > 0) {
        ssize_t written = write(writer->fd, bytes, (size_t)size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return fail(writer, written < 0 ? errno : EIO, err);
        bytes += written;
        size -= written;
    }
    return QN_OK;
}

static qn_status flush(qni_file_writer *writer, qn_error *err)
{
    qn_status status = write_out(writer, writer->buffer, writer->used, err);
    writer->used = 0;
    return status;
}

qn_status qni_file_write(qni_file_writer *writer, const void *bytes, int64_t size, qn_error *err)
{
    assert(writer && size >= 0);
    if (writer->failed.code != QN_OK)
        return fail(writer, 0, err);
    if (size > QNI_FILE_BUFFER_SIZE - writer->used) {
        qn_status status = flush(writer, err);
        if (status != QN_OK)
            return status;
    }
    if (size > QNI_FILE_BUFFER_SIZE)
        return write_out(writer, bytes, size, err);
    if (size > 0)
        memcpy(writer->buffer + writer->used, bytes, (size_t)size);
    writer->used += size;
    return QN_OK;
}

bool qni_file_is_direct(const qni_file_writer *writer)
{
    assert(writer);
    return writer->temporary == NULL;
}

qn_status qni_file_flush(qni_file_writer *writer, qn_error *err)
{
    assert(writer);
    return writer->failed.code != QN_OK ? fail(writer, 0, err) : flush(writer, err);
}

/* Flushes a file of ours to the disk. What the file system cannot do is not a failure of the writing. */
static int sync_file(int fd)
{
    if (fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP || errno == ENOSYS)
        return 0;
    return errno;
}

/* Closes the descriptor if it is ours. Late write errors (quotas, network disks) come out here. */
static int close_descriptor(qni_file_writer *writer)
{
    int fd = writer->fd;
    writer->fd = -1;
    if (fd < 0 || fd == STDOUT_FILENO)
        return 0;
    return close(fd) == 0 || errno == EINTR ? 0 : errno;
}

qn_status qni_file_commit(qni_file_writer *writer, qn_error *err)
{
    assert(writer);
    qn_status status = writer->failed.code != QN_OK ? fail(writer, 0, err) : flush(writer, err);
    if (status == QN_OK && writer->temporary != NULL) {
        int errno_ = sync_file(writer->fd);
        if (errno_ != 0)
            status = fail(writer, errno_, err);
    }
    if (status == QN_OK) {
        int errno_ = close_descriptor(writer);
        if (errno_ != 0)
            status = fail(writer, errno_, err);
    }
    if (status == QN_OK && writer->temporary != NULL) {
        if (rename(writer->temporary, writer->target) == 0) {
            free_text(writer->allocator, writer->temporary);
            writer->temporary = NULL;
        } else {
            status = fail(writer, errno, err);
        }
    }
    qni_file_abandon(writer); /* after success there is nothing left to take back */
    return status;
}

void qni_file_abandon(qni_file_writer *writer)
{
    if (writer == NULL)
        return;
    (void)close_descriptor(writer);
    if (writer->temporary != NULL)
        (void)unlink(writer->temporary);
    writer_free(writer);
}

qn_status qni_file_write_all(const char *path, const void *bytes, int64_t size, const qn_allocator *allocator,
                             qn_error *err)
{
    qni_file_writer *writer;
    qn_status status = qni_file_open(&writer, path, allocator, err);
    if (status != QN_OK)
        return status;
    status = qni_file_write(writer, bytes, size, err);
    if (status == QN_OK)
        return qni_file_commit(writer, err);
    qni_file_abandon(writer);
    return status;
}

static qn_status too_large(const char *name, int64_t limit, qn_error *err)
{
    return qni_error(err, QN_LIMIT, "\"%s\" is larger than %" PRId64 " bytes", shown(name), limit);
}

/* How many bytes to expect, and whether that can be at all. */
static qn_status look_at_input(int64_t *expected, int fd, const char *name, int64_t limit, qn_error *err)
{
    *expected = QNI_FILE_FIRST_READ;
    struct stat info;
    if (fstat(fd, &info) != 0)
        return qni_error_errno(err, QN_IO, errno, "cannot read \"%s\"", shown(name));
    if (S_ISDIR(info.st_mode))
        return qni_error(err, QN_NO_INPUT, "cannot read \"%s\": that is a folder", shown(name));
    if (!S_ISREG(info.st_mode) || info.st_size == 0) /* some files of the system claim to be empty */
        return QN_OK;
    *expected = info.st_size;
    return info.st_size > limit ? too_large(name, limit, err) : QN_OK;
}

/* Reads to the end; capacity always keeps room for one byte more and the zero. */
static qn_status read_descriptor(qni_file_bytes *out, int fd, int64_t expected, const char *name, int64_t limit,
                                 const qn_allocator *allocator, qn_error *err)
{
    for (;;) {
        int64_t needed = out->capacity == 0 ? expected + 2 : out->size + 2;
        if (!qni_grow(allocator, (void **)&out->bytes, &out->capacity, needed, 1))
            return qni_error(err, QN_NOMEM, "no memory for the %" PRId64 " bytes of \"%s\"", needed, shown(name));
        ssize_t got = read(fd, out->bytes + out->size, (size_t)(out->capacity - out->size - 1));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return qni_error_errno(err, QN_IO, errno, "cannot read \"%s\"", shown(name));
        if (got == 0)
            break;
        out->size += got;
        if (out->size > limit)
            return too_large(name, limit, err);
    }
    out->bytes[out->size] = '\0';
    return QN_OK;
}

const char *qni_file_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

qn_status qni_file_read_all(qni_file_bytes *out, const char *path, int64_t limit, const qn_allocator *allocator,
                            qn_error *err)
{
    assert(out && path && limit >= 0);
    *out = (qni_file_bytes){0};
    bool is_stdin = strcmp(path, "-") == 0;
    const char *name = qni_file_name(path);
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return qni_error_errno(err, QN_NO_INPUT, errno, "cannot open \"%s\"", shown(name));
    int64_t expected;
    qn_status status = look_at_input(&expected, fd, name, limit, err);
    if (status == QN_OK)
        status = read_descriptor(out, fd, expected, name, limit, allocator, err);
    if (!is_stdin)
        (void)close(fd);
    if (status != QN_OK)
        qni_file_bytes_free(out, allocator);
    return status;
}

void qni_file_bytes_free(qni_file_bytes *bytes, const qn_allocator *allocator)
{
    qni_free(allocator, bytes->bytes, bytes->capacity, 1);
    *bytes = (qni_file_bytes){0};
}

qn_status qni_file_each(const char *folder, qn_status (*name)(void *user, const char *name, qn_error *err), void *user,
                        qn_error *err)
{
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return errno == ENOTDIR
                   ? qni_error(err, QN_NO_INPUT, "cannot read the folder \"%s\": that is a file", shown(folder))
                   : qni_error_errno(err, QN_NO_INPUT, errno, "cannot read the folder \"%s\"", shown(folder));
    qn_status status = QN_OK;
    while (status == QN_OK) {
        errno = 0; /* only so can the end be told from a failure */
        const struct dirent *entry = readdir(dir);
        if (entry == NULL)
            break;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = name(user, entry->d_name, err);
    }
    if (status == QN_OK && errno != 0)
        status = qni_error_errno(err, QN_IO, errno, "cannot read the folder \"%s\"", shown(folder));
    (void)closedir(dir);
    return status;
}

bool qni_file_is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool qni_file_identity(uint64_t out[2], const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return false;
    out[0] = (uint64_t)info.st_dev;
    out[1] = (uint64_t)info.st_ino;
    return true;
}

bool qni_file_is_one(const char *a, const char *b)
{
    struct stat one, other;
    if (stat(a, &one) != 0)
        return strcmp(a, b) == 0 && strcmp(a, "-") != 0;
    return S_ISREG(one.st_mode) && stat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}
