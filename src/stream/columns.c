/* stream/columns.c: the columns of a stream: their names, and their values beside the ring. One thread, before it runs;
 * qni_decode in the thread of the first group. */
#include "stream/run_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/nearest.h"
#include "lang/hoist.h"
#include "mem/refuse.h"
#include "stream/limits.h"

#include <math.h>
#include <string.h>

const char *const qni_field_names[QNI_FIELD_COUNT] = {
    [QNI_FIELD_TIME] = "time",   [QNI_FIELD_SEQUENCE] = "sequence", [QNI_FIELD_SYMBOL] = "symbol",
    [QNI_FIELD_PRICE] = "price", [QNI_FIELD_SIZE] = "size",         [QNI_FIELD_BID] = "bid",
    [QNI_FIELD_ASK] = "ask",     [QNI_FIELD_MID] = "mid",           [QNI_FIELD_SIDE] = "side",
    [QNI_FIELD_ORDER] = "order",
};

static qn_status more(qni_columns *c, const qn_allocator *allocator, qn_error *err)
{
    if (!qni_grow(allocator, (void **)&c->names, &c->capacity, c->count + 1, sizeof *c->names) ||
        !qni_grow(allocator, (void **)&c->values, &c->values_capacity, c->count + 1, sizeof *c->values))
        return qni_refused(err, allocator, (c->count + 1) * (int64_t)sizeof *c->names, "the columns of a stream");
    return QN_OK;
}

qn_status qni_columns_init(qni_columns *columns, const qn_allocator *allocator, qn_error *err)
{
    *columns = (qni_columns){.count = 0};
    for (int field = 0; field < QNI_FIELD_COUNT; field++) {
        qn_status status = more(columns, allocator, err);
        if (status != QN_OK)
            return status;
        columns->names[field] = qni_copy_string(allocator, qni_field_names[field], -1);
        if (columns->names[field] == NULL)
            return qni_refused(err, allocator, 0, "the columns of a stream");
        columns->values[field] = NULL;
        columns->count++;
    }
    return QN_OK;
}

void qni_columns_fini(qni_columns *columns, int64_t ring_capacity, const qn_allocator *allocator)
{
    for (int64_t i = 0; i < columns->count; i++) {
        qni_free(allocator, columns->values[i], ring_capacity, sizeof(double));
        qni_free(allocator, columns->names[i], (int64_t)strlen(columns->names[i]) + 1, 1);
    }
    qni_free(allocator, columns->names, columns->capacity, sizeof *columns->names);
    qni_free(allocator, columns->values, columns->values_capacity, sizeof *columns->values);
    *columns = (qni_columns){.count = 0};
}

int64_t qni_columns_find(const qni_columns *columns, const char *name)
{
    for (int64_t i = 0; i < columns->count; i++)
        if (strcmp(columns->names[i], name) == 0)
            return i;
    return -1;
}

bool qni_columns_is_shown(const qni_columns *columns, int64_t index)
{
    return index >= QNI_FIELD_COUNT && !qni_hoist_is_hidden(columns->names[index]);
}

/* Values where there are none yet. NaN until they are written: what nobody writes is not a number. */
static qn_status make_values(double **values, const qn_stream *stream, const char *name, qn_error *err)
{
    const int64_t capacity = stream->how.capacity;
    if (*values != NULL)
        return QN_OK;
    *values = qni_alloc(stream->allocator, capacity, sizeof **values);
    if (*values == NULL)
        return qni_refused(err, stream->allocator, capacity * (int64_t)sizeof **values,
                           "the column \"%.64s\" of %lld records", name, (long long)capacity);
    for (int64_t i = 0; i < capacity; i++)
        (*values)[i] = NAN;
    return QN_OK;
}

qn_status qni_columns_read(int32_t *out, qn_stream *stream, const char *name, const char *who, qn_error *err)
{
    qni_columns *columns = &stream->columns;
    int64_t at = qni_columns_find(columns, name);
    if (at < 0) {
        const char *known[QNI_STREAM_COLUMNS_MAX];
        int64_t count = 0;
        for (int64_t i = 0; i < columns->count; i++)
            if (!qni_hoist_is_hidden(columns->names[i]))
                known[count++] = columns->names[i];
        int64_t near = qni_nearest(name, known, count);
        return near < 0 ? qni_error(err, QN_NAME, "%.64s: there is no column \"%.64s\"", who, name)
                        : qni_error(err, QN_NAME, "%.64s: there is no column \"%.64s\": did you mean \"%.64s\"?", who,
                                    name, known[near]);
    }
    *out = (int32_t)at;
    return make_values(&columns->values[at], stream, name, err);
}

qn_status qni_columns_add(int32_t *out, qn_stream *stream, const char *name, qn_error *err)
{
    qni_columns *columns = &stream->columns;
    if (qni_columns_find(columns, name) >= 0)
        return qni_error(err, QN_INVALID, "there is a column \"%.64s\" already", name);
    if (columns->count == QNI_STREAM_COLUMNS_MAX)
        return qni_error(err, QN_LIMIT, "a stream has at most %d columns", QNI_STREAM_COLUMNS_MAX);
    qn_status status = more(columns, stream->allocator, err);
    if (status != QN_OK)
        return status;
    double *values = NULL;
    status = make_values(&values, stream, name, err);
    char *copy = status == QN_OK ? qni_copy_string(stream->allocator, name, -1) : NULL;
    if (copy == NULL) {
        qni_free(stream->allocator, values, stream->how.capacity, sizeof *values);
        return status != QN_OK ? status : qni_refused(err, stream->allocator, 0, "the name of a column");
    }
    *out = (int32_t)columns->count;
    columns->names[columns->count] = copy;
    columns->values[columns->count] = values;
    columns->count++;
    return QN_OK;
}

/* ---- decoding ---- */

/* Whole numbers first, and then the division of a whole column: that is vector code. */
static void divide(double *column, int64_t count, double divisor)
{
    for (int64_t i = 0; i < count; i++)
        column[i] /= divisor;
}

/* A loop over records for a field that is read. */
#define DECODE(field, divisor, expression)                                    \
    do {                                                                      \
        double *const to = values[field] == NULL ? NULL : values[field] + at; \
        for (int64_t i = 0; to != NULL && i < count; i++) {                   \
            const qn_tick *const tick = &records[i];                          \
            to[i] = (expression);                                             \
        }                                                                     \
        if (to != NULL && (divisor) != 1)                                     \
            divide(to, count, (divisor));                                     \
    } while (0)

void qni_decode(qn_stream *stream, const qn_stream_span *span)
{
    double *const *const values = stream->columns.values;
    const qn_tick *const records = span->records;
    const int64_t at = span->sequence & (stream->how.capacity - 1), count = span->count;
    const int both = QN_TICK_HAS_BID | QN_TICK_HAS_ASK;
    DECODE(QNI_FIELD_TIME, 1e9, (double)tick->time_ns);
    DECODE(QNI_FIELD_SEQUENCE, 1, (double)tick->sequence);
    DECODE(QNI_FIELD_SYMBOL, 1, (double)tick->symbol);
    DECODE(QNI_FIELD_PRICE, QN_TICK_SCALE, (double)tick->price);
    DECODE(QNI_FIELD_SIZE, QN_TICK_SCALE, (double)tick->size);
    DECODE(QNI_FIELD_BID, QN_TICK_SCALE, (tick->flags & QN_TICK_HAS_BID) != 0 ? (double)tick->bid : NAN);
    DECODE(QNI_FIELD_ASK, QN_TICK_SCALE, (tick->flags & QN_TICK_HAS_ASK) != 0 ? (double)tick->ask : NAN);
    DECODE(QNI_FIELD_MID, 2.0 * QN_TICK_SCALE,
           (tick->flags & both) == both ? (double)tick->bid + (double)tick->ask : NAN);
    DECODE(QNI_FIELD_SIDE, 1, (double)tick->side);
    DECODE(QNI_FIELD_ORDER, 1, tick->kind == QN_TICK_ORDER ? 1.0 : 0.0);
}
