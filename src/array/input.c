/* array/input.c: files and memory as inputs; see input.h. */
#include "array/input.h"

#include <quern/npy.h>

#include "array/limits.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "mem/refuse.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct file_input {
    const qn_allocator *allocator;
    int fd;
    bool owned;
    int stop_file; /* readable once reading is to end; -1: reads are not waited for */
    int why;       /* errno of the read that failed */
} file_input;

/* Waits until there is something to read, or its end; false: reading is to end. */
static bool wait_to_read(const file_input *file)
{
    struct pollfd files[2] = {{.fd = file->stop_file, .events = POLLIN}, {.fd = file->fd, .events = POLLIN}};
    int count;
    do
        count = poll(files, 2, -1);
    while (count < 0 && errno == EINTR);
    return count < 0 || files[0].revents == 0; /* where the system cannot tell, the read does */
}

static int64_t file_read(void *user, char *into, int64_t size)
{
    file_input *file = user;
    ssize_t got;
    if (file->stop_file >= 0 && !wait_to_read(file)) {
        file->why = ECANCELED;
        return -1;
    }
    do
        got = read(file->fd, into, (size_t)size);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        file->why = errno;
    return got;
}

static qn_status file_fail(void *user, const char *name, qn_error *err)
{
    const file_input *file = user;
    if (file->why == ECANCELED)
        return qni_error(err, QN_INTERRUPTED, "reading \"%s\" was stopped", name);
    return qni_error_errno(err, QN_IO, file->why, "cannot read \"%s\"", name);
}

static void file_close(void *user)
{
    file_input *file = user;
    if (file->stop_file >= 0)
        (void)close(file->stop_file);
    if (file->owned)
        (void)close(file->fd); /* only read from: nothing can be lost */
    qni_delete(file->allocator, file);
}

/* The bytes from where the file is read to its end; -1: unknown. Some files of the system claim to be empty. */
static int64_t size_left(int fd, const struct stat *info)
{
    if (!S_ISREG(info->st_mode) || info->st_size == 0)
        return -1;
    off_t at = lseek(fd, 0, SEEK_CUR);
    return at < 0 ? -1 : at < info->st_size ? info->st_size - at : 0;
}

static qn_status open_file(qni_input *out, int *stop_file, const char *path, const qn_allocator *allocator,
                           qn_error *err)
{
    bool standard = strcmp(path, "-") == 0;
    file_input *file = qni_new(allocator, file_input);
    if (file == NULL)
        return qni_error(err, QN_NOMEM, "no memory to open \"%s\"", path);
    *file = (file_input){.allocator = allocator, .fd = STDIN_FILENO, .owned = !standard, .stop_file = -1};
    if (!standard && (file->fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
        int why = errno;
        qni_delete(allocator, file);
        return qni_error_errno(err, QN_IO, why, "cannot open \"%s\"", path);
    }
    struct stat info;
    bool known = fstat(file->fd, &info) == 0;
    if (known && S_ISDIR(info.st_mode)) {
        file_close(file);
        return qni_error(err, QN_NO_INPUT, "cannot read \"%s\": that is a folder", qni_file_name(path));
    }
    if (stop_file != NULL) {
        file->stop_file = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (file->stop_file < 0) {
            int why = errno;
            file_close(file);
            return qni_error_errno(err, QN_LIMIT, why, "cannot wait for \"%s\"", qni_file_name(path));
        }
        *stop_file = file->stop_file;
    }
    *out = (qni_input){.read = file_read,
                       .fail = file_fail,
                       .close = file_close,
                       .user = file,
                       .total_size = known ? size_left(file->fd, &info) : -1};
    return QN_OK;
}

qn_status qni_input_file(qni_input *out, const char *path, const qn_allocator *allocator, qn_error *err)
{
    return open_file(out, NULL, path, allocator, err);
}

qn_status qni_input_file_stoppable(qni_input *out, int *stop_file, const char *path, const qn_allocator *allocator,
                                   qn_error *err)
{
    *stop_file = -1;
    return open_file(out, stop_file, path, allocator, err);
}

void qni_input_stop(int stop_file)
{
    int errno_before = errno;
    const uint64_t one = 1;
    if (stop_file >= 0 && write(stop_file, &one, sizeof one) < 0)
        errno = errno_before; /* it only refuses where it is readable already */
}

typedef struct bytes_input {
    const qn_allocator *allocator;
    const char *next, *end;
} bytes_input;

static int64_t bytes_read(void *user, char *into, int64_t size)
{
    bytes_input *input = user;
    int64_t count = input->end - input->next;
    if (count > size)
        count = size;
    if (count > 0)
        memcpy(into, input->next, (size_t)count);
    input->next += count;
    return count;
}

static void bytes_close(void *user)
{
    bytes_input *input = user;
    qni_delete(input->allocator, input);
}

qn_status qni_input_bytes(qni_input *out, const char *bytes, int64_t size, const qn_allocator *allocator, qn_error *err)
{
    bytes_input *input = qni_new(allocator, bytes_input);
    if (input == NULL)
        return qni_error(err, QN_NOMEM, "no memory to read %" PRId64 " bytes", size);
    *input = (bytes_input){.allocator = allocator, .next = bytes, .end = size > 0 ? bytes + size : bytes};
    *out = (qni_input){.read = bytes_read, .close = bytes_close, .user = input, .total_size = size};
    return QN_OK;
}

bool qni_input_begins_with(qni_input *input, const char *bytes, int32_t size)
{
    assert(size <= QNI_INPUT_HEAD && input->head_at == 0);
    while (input->head_count < size) {
        if (memcmp(input->head, bytes, (size_t)input->head_count) != 0)
            return false; /* a source that waits is asked for no more than needed */
        int64_t got = input->read(input->user, input->head + input->head_count, size - input->head_count);
        if (got <= 0)
            return false;
        input->head_count += (int32_t)got;
    }
    return memcmp(input->head, bytes, (size_t)size) == 0;
}

/* What is no text, by a mark in its first bytes. None can begin a CSV file that we would read. */
static const struct foreign {
    const char *mark;
    int64_t size, at;
    const char *what;
} foreign[] = {
    {"\xFF\xFE", 2, 0, "the file is UTF-16: convert it (iconv -f UTF-16 -t UTF-8)"},
    {"\xFE\xFF", 2, 0, "the file is UTF-16: convert it (iconv -f UTF-16 -t UTF-8)"},
    {QNI_GZIP_MAGIC, 3, 0, "the file is compressed by gzip more than once: unpack it (gunzip)"},
    {"1AY&SY", 6, 4, "the file is compressed by bzip2: unpack it (bunzip2), or compress it by gzip"},
    {"\xFD\x37zXZ", 5, 0, "the file is compressed by xz: unpack it (unxz), or compress it by gzip"},
    {"\x28\xB5\x2F\xFD", 4, 0, "the file is compressed by zstd: unpack it (unzstd), or compress it by gzip"},
    {"PK\x03\x04", 4, 0, "the file is a zip archive or a spreadsheet: unpack it, or save the sheet as CSV"},
    {"\xD0\xCF\x11\xE0", 4, 0, "the file is a spreadsheet: save the sheet as CSV"},
    {QN_NPY_MAGIC, 6, 0, "the file is an array of NumPy's (.npy), not CSV"},
    {"\x89HDF", 4, 0, "the file is HDF5: export the data as CSV"},
};

const char *qni_input_foreign(const char *bytes, int64_t size)
{
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        const struct foreign *f = &foreign[i];
        if (size >= f->at + f->size && memcmp(bytes + f->at, f->mark, (size_t)f->size) == 0)
            return f->what;
    }
    return NULL;
}

int64_t qni_input_read(qni_input *input, char *into, int64_t size)
{
    int64_t count = input->head_count - input->head_at;
    if (count == 0)
        return input->read(input->user, into, size);
    if (count > size)
        count = size;
    memcpy(into, input->head + input->head_at, (size_t)count);
    input->head_at += (int32_t)count;
    return count;
}

int64_t qni_input_read_full(qni_input *input, char *into, int64_t size)
{
    int64_t count = 0;
    while (count < size) {
        int64_t got = qni_input_read(input, into + count, size - count);
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        count += got;
    }
    return count;
}

qn_status qni_input_read_block(char **block, int64_t *capacity, int64_t *count, qni_input *input, int64_t size,
                               const char *name, const qn_allocator *allocator, qn_error *err)
{
    *count = 0;
    for (int64_t room = input->total_size < 0 ? QNI_INPUT_FIRST_BYTES : size;;) {
        room = room < size ? room : size;
        if (!qni_grow(allocator, (void **)block, capacity, room > 0 ? room : 1, 1))
            return qni_refused(err, allocator, room, "%" PRId64 " bytes of data", room);
        int64_t got = qni_input_read_full(input, *block + *count, room - *count);
        if (got < 0)
            return qni_input_fail(input, name, err);
        *count += got;
        if (*count < room || room == size)
            return QN_OK;
        room = room > size / 2 ? size : room * 2;
    }
}

qn_status qni_input_fail(const qni_input *input, const char *name, qn_error *err)
{
    if (input->fail != NULL)
        return input->fail(input->user, name, err);
    return qni_error(err, QN_IO, "cannot read \"%s\"", name);
}

void qni_input_close(qni_input *input)
{
    if (input->close != NULL)
        input->close(input->user);
    *input = (qni_input){0};
}
