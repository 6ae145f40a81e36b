/* base/scratch.c: see scratch.h. Where the file system makes no files without a name, one is made and its name taken
 * away at once. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_TMPFILE */
#endif
#include "base/scratch.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static int open_named(const char *folder)
{
    char name[PATH_MAX];
    for (int tries = 0; tries < QNI_FILE_NAME_TRIES; tries++) {
        uint64_t random = qni_hash_word((uint64_t)qni_clock_monotonic_ns(), (uintptr_t)folder + (unsigned)tries);
        int size = snprintf(name, sizeof name, "%s/.quern-%016" PRIx64 ".tmp", folder, random);
        if (size < 0 || size >= (int)sizeof name) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0)
            (void)unlink(name);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

qn_status qni_scratch_open(qni_scratch *out, const char *folder, qn_error *err)
{
    *out = (qni_scratch){.fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
    if (out->fd < 0 && errno != EACCES && errno != ENOENT)
        out->fd = open_named(folder);
    if (out->fd >= 0)
        return QN_OK;
    int failed = errno;
    if (failed == ENOENT || failed == ENOTDIR)
        return qni_error(err, QN_CREATE, "there is no folder \"%.300s\" for a temporary file", folder);
    return qni_error_errno(err, QN_CREATE, failed, "cannot make a temporary file in \"%.300s\"", folder);
}

qn_status qni_scratch_write(qni_scratch *scratch, const void *bytes, int64_t size, qn_error *err)
{
    assert(scratch->fd >= 0 && size >= 0);
    for (int64_t done = 0; done < size;) {
        ssize_t written =
            pwrite(scratch->fd, (const char *)bytes + done, (size_t)(size - done), (off_t)(scratch->size + done));
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return qni_error_errno(err, QN_IO, written < 0 ? errno : EIO, "cannot write a temporary file");
        done += written;
    }
    scratch->size += size;
    return QN_OK;
}

qn_status qni_scratch_read(const qni_scratch *scratch, void *out, int64_t at, int64_t size, qn_error *err)
{
    assert(scratch->fd >= 0 && at >= 0 && size >= 0 && at + size <= scratch->size);
    for (int64_t done = 0; done < size;) {
        ssize_t got = pread(scratch->fd, (char *)out + done, (size_t)(size - done), (off_t)(at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return qni_error_errno(err, QN_IO, got < 0 ? errno : EIO, "cannot read a temporary file");
        done += got;
    }
    return QN_OK;
}

void qni_scratch_close(qni_scratch *scratch)
{
    if (scratch->fd >= 0)
        (void)close(scratch->fd);
    scratch->fd = -1;
}
