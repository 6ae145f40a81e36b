/* stream/sink.c: what sinks share, and the one that goes nowhere. */
#include "stream/sink_int.h"

#include "base/error.h"
#include "base/options.h"
#include "stream/limits.h"

#include <string.h>

void qn_sink_options_init(qn_sink_options *out, int64_t size)
{
    qni_options_init(out, size);
}

qn_status qni_sink_options(qn_sink_options *out, const qn_sink_options *given, qn_error *err)
{
    qn_status status = qni_options_copy(out, (int64_t)sizeof *out, given, "qn_sink_options", err);
    if (status == QN_OK && out->column_count < 0)
        return qni_error(err, QN_INVALID, "a sink cannot have %lld columns", (long long)out->column_count);
    return status;
}

void qni_sink_reads(qn_stream_sink *out, const qn_sink_options *options)
{
    out->reads = options->columns;
    out->read_count = options->columns != NULL ? options->column_count : -1;
}

qn_status qni_sink_check_names(const char *const *columns, int64_t count, const char *const *fields,
                               int64_t field_count, const char *what, qn_error *err)
{
    if (count > QNI_STREAM_COLUMNS_MAX)
        return qni_error(err, QN_LIMIT, "%lld columns are more than the %d of a stream", (long long)count,
                         QNI_STREAM_COLUMNS_MAX);
    for (int64_t i = 0; i < count; i++) {
        for (int64_t k = 0; k < field_count; k++)
            if (strcmp(columns[i], fields[k]) == 0)
                return qni_error(err, QN_NAME,
                                 "the column \"%s\" has the name of a field of the %s file: call it "
                                 "something else",
                                 columns[i], what);
        for (int64_t k = 0; k < i; k++)
            if (strcmp(columns[i], columns[k]) == 0)
                return qni_error(err, QN_NAME, "the column \"%s\" is wanted twice in the %s file", columns[i], what);
    }
    return QN_OK;
}

static qn_status count_records(void *self, const qn_stream_span *span, qn_error *err)
{
    (void)err;
    *(int64_t *)self += span->count;
    return QN_OK;
}

void qn_null_sink(qn_stream_sink *out, int64_t *records)
{
    *records = 0;
    *out = (qn_stream_sink){.self = records, .name = "null", .read_count = -1, .write = count_records};
}
