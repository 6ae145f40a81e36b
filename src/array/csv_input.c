/* array/csv_input.c: the window over the bytes of an input. */
#include "array/csv_int.h"

#include "array/limits.h"
#include "base/alloc.h"
#include "base/error.h"
#include "mem/refuse.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

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
    int64_t mib = csv->sizes.record >> 20;
    if (csv->open_quote != NULL)
        (void)qni_csv_fail(csv, QN_LIMIT, csv->open_quote, "the quote opened here is not closed within %" PRId64 " MiB",
                           mib);
    else
        (void)qni_csv_fail(csv, QN_LIMIT, csv->at, "this line is longer than %" PRId64 " MiB", mib);
    return csv->status;
}

qn_status qni_csv_more(qn_csv *csv)
{
    if (csv->stop == QNI_CSV_NOT_READ)
        return qni_input_fail(&csv->input, csv->name, csv->err);
    if (csv->stop == QNI_CSV_NUL) {
        (void)qni_csv_fail(
            csv, QN_DATA, csv->end,
            "a zero byte: this is not a text file (binary? UTF-16? then convert it: iconv -f UTF-16 -t UTF-8)");
        return csv->status;
    }
    assert(!csv->input_ended);
    int64_t unread = csv->end - csv->at;
    if (unread >= csv->sizes.record)
        return fail_too_long(csv);
    int64_t wanted = unread * 2 > csv->sizes.chunk
                         ? unread * 2
                         : csv->sizes.chunk; /* doubled: a long record is read again few times */
    if (wanted > csv->window_size) {
        if (!resize_window(csv, wanted))
            return qni_refused(csv->err, csv->allocator, wanted, "a line of %" PRId64 " bytes", wanted);
    } else {
        memmove(csv->window, csv->at, (size_t)unread);
        csv->at = csv->window;
        csv->end = csv->at + unread;
    }
    csv->open_quote = NULL; /* the record is read again */
    char *fresh = csv->end;
    while (csv->end - csv->at < wanted) {
        int64_t got = qni_input_read(&csv->input, csv->end, wanted - (csv->end - csv->at));
        csv->input_ended = got == 0;
        csv->stop = got < 0 ? QNI_CSV_NOT_READ : QNI_CSV_GOES_ON;
        if (got <= 0)
            break;
        csv->end += got;
    }
    char *nul = memchr(fresh, 0, (size_t)(csv->end - fresh));
    if (nul != NULL) {
        csv->stop = QNI_CSV_NUL;
        csv->input_ended = false;
        csv->end = nul;
    }
    memset(csv->end, 0, QNI_CSV_PADDING);
    return QN_OK;
}
