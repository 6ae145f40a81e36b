/* array/csv_input.c: where the bytes of a CSV reader come from, and the window over them. */
#include "array/csv_int.h"

#include "array/limits.h"
#include "base/alloc.h"
#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct file_input {
    const qn_allocator *allocator;
    int fd;
    bool owned;
} file_input;

static int64_t file_read(void *user, char *into, int64_t size)
{
    const file_input *file = user;
    ssize_t got;
    do
        got = read(file->fd, into, (size_t)size);
    while (got < 0 && errno == EINTR);
    return got;
}

static void file_close(void *user)
{
    file_input *file = user;
    if (file->owned)
        (void)close(file->fd); /* only read from: nothing can be lost */
    qni_delete(file->allocator, file);
}

qn_status qni_csv_input_file(qni_csv_input *out, const char *path, const qn_allocator *allocator, qn_error *err)
{
    bool standard = strcmp(path, "-") == 0;
    file_input *file = qni_new(allocator, file_input);
    if (file == NULL)
        return qni_error(err, QN_NOMEM, "no memory to open \"%s\"", path);
    *file = (file_input){.allocator = allocator, .fd = STDIN_FILENO, .owned = !standard};
    if (!standard && (file->fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
        int why = errno;
        qni_delete(allocator, file);
        return qni_error_errno(err, QN_IO, why, "cannot open \"%s\"", path);
    }
    struct stat info;
    int64_t total = -1;
    if (fstat(file->fd, &info) == 0 && S_ISREG(info.st_mode))
        total = info.st_size;
    *out = (qni_csv_input){.read = file_read, .close = file_close, .user = file, .total_size = total};
    return QN_OK;
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
    memcpy(into, input->next, (size_t)count);
    input->next += count;
    return count;
}

static void bytes_close(void *user)
{
    bytes_input *input = user;
    qni_delete(input->allocator, input);
}

qn_status qni_csv_input_bytes(qni_csv_input *out, const char *bytes, int64_t size, const qn_allocator *allocator,
                              qn_error *err)
{
    bytes_input *input = qni_new(allocator, bytes_input);
    if (input == NULL)
        return qni_error(err, QN_NOMEM, "no memory to read %" PRId64 " bytes", size);
    *input = (bytes_input){.allocator = allocator, .next = bytes, .end = bytes + size};
    *out = (qni_csv_input){.read = bytes_read, .close = bytes_close, .user = input, .total_size = size};
    return QN_OK;
}

/* A window of `size` bytes that holds the unread ones at its beginning. */
static bool resize_window(qn_csv *csv, int64_t size)
{
    int64_t unread = csv->end - csv->at;
    char *fresh = qni_alloc(csv->allocator, size + QNI_CSV_PADDING, 1);
    if (fresh == NULL)
        return false;
    if (unread > 0)
        memcpy(fresh, csv->at, (size_t)unread);
    qni_free(csv->allocator, csv->window, csv->window_size + QNI_CSV_PADDING, 1);
    csv->window = csv->at = fresh;
    csv->end = fresh + unread;
    csv->window_size = size;
    return true;
}

/* The place where the record does not end. */
static qn_status fail_too_long(qn_csv *csv)
{
    int64_t mib = csv->input.record_limit >> 20;
    if (csv->open_quote != NULL)
        (void)qni_csv_fail(csv, QN_LIMIT, csv->open_quote, "the quote opened here is not closed within %" PRId64 " MiB",
                           mib);
    else
        (void)qni_csv_fail(csv, QN_LIMIT, csv->at, "this line is longer than %" PRId64 " MiB", mib);
    return csv->status;
}

qn_status qni_csv_more(qn_csv *csv)
{
    if (csv->nul_met) {
        (void)qni_csv_fail(
            csv, QN_DATA, csv->end,
            "a zero byte: this is not a text file (binary? UTF-16? then convert it: iconv -f UTF-16 -t UTF-8)");
        return csv->status;
    }
    assert(!csv->input_ended);
    int64_t unread = csv->end - csv->at;
    if (unread >= csv->input.record_limit)
        return fail_too_long(csv);
    int64_t wanted = unread * 2 > csv->input.chunk_size
                         ? unread * 2
                         : csv->input.chunk_size; /* doubled: a long record is read again few times */
    if (wanted > csv->window_size) {
        if (!resize_window(csv, wanted))
            return qni_error(csv->err, QN_NOMEM, "no memory for a line of %" PRId64 " bytes", wanted);
    } else {
        memmove(csv->window, csv->at, (size_t)unread);
        csv->at = csv->window;
        csv->end = csv->at + unread;
    }
    csv->open_quote = NULL; /* the record is read again */
    char *fresh = csv->end;
    while (csv->end - csv->at < wanted) {
        int64_t got = csv->input.read(csv->input.user, csv->end, wanted - (csv->end - csv->at));
        if (got < 0)
            return qni_error_errno(csv->err, QN_IO, errno, "cannot read \"%s\"", csv->name);
        csv->input_ended = got == 0;
        if (got == 0)
            break;
        csv->end += got;
    }
    char *nul = memchr(fresh, 0, (size_t)(csv->end - fresh));
    if (nul != NULL) {
        csv->nul_met = true;
        csv->input_ended = false;
        csv->end = nul;
    }
    memset(csv->end, 0, QNI_CSV_PADDING);
    return QN_OK;
}
