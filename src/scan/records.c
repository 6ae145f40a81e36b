/* scan/records.c: records as text and back; see records.h and records_int.h. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/number.h"
#include "mem/refuse.h"
#include "scan/records_int.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- out ---- */

/* The text in a block of its size and the zero. */
static qn_status write_text(char **out, int64_t *size, qn_record_kind kind, const void *record,
                            const qn_allocator *allocator, qn_error *err)
{
    qni_json_buffer buffer = {.allocator = allocator};
    *out = NULL;
    *size = 0;
    qn_status s = qni_record_write(&buffer, kind, record, err);
    if (s == QN_OK) {
        *out = qni_copy_string(allocator, buffer.text, buffer.size);
        if (*out == NULL)
            s = qni_refused(err, allocator, buffer.size + 1, "a record");
        else
            *size = buffer.size;
    }
    qni_json_buffer_free(&buffer);
    if (s == QN_DATA) /* the caller's text, not a file's */
        s = qni_error(err, QN_INVALID, "a text in it is not UTF-8, as JSON must be");
    return s;
}

qn_status qn_chain_to_json(char **out, int64_t *size, const qn_chain *chain, const qn_allocator *allocator,
                           qn_error *err)
{
    return write_text(out, size, QN_RECORD_CHAIN, chain, allocator, err);
}

qn_status qn_prices_to_json(char **out, int64_t *size, const qn_prices *prices, const qn_allocator *allocator,
                            qn_error *err)
{
    return write_text(out, size, QN_RECORD_PRICES, prices, allocator, err);
}

qn_status qn_calendar_to_json(char **out, int64_t *size, const qn_calendar *calendar, const qn_allocator *allocator,
                              qn_error *err)
{
    return write_text(out, size, QN_RECORD_CALENDAR, calendar, allocator, err);
}

qn_status qn_trade_to_json(char **out, int64_t *size, const qn_trade *trade, const qn_allocator *allocator,
                           qn_error *err)
{
    return write_text(out, size, QN_RECORD_TRADE, trade, allocator, err);
}

qn_status qn_history_to_json(char **out, int64_t *size, const qn_history *history, const qn_allocator *allocator,
                             qn_error *err)
{
    return write_text(out, size, QN_RECORD_HISTORY, history, allocator, err);
}

void qn_record_text_free(char *text, int64_t size, const qn_allocator *allocator)
{
    if (text != NULL)
        qni_free(allocator, text, size + 1, 1);
}

/* ---- which record it is ---- */

/* What a schema is called, "quern.chain", and its number, 1. */
static bool split_schema(const char *schema, size_t *name_size, int64_t *number)
{
    const char *slash = strrchr(schema, '/'), *end = schema + strlen(schema);
    *number = 0;
    *name_size = slash != NULL ? (size_t)(slash - schema) : 0;
    return slash != NULL && qni_integer_parse(number, slash + 1, end) == end && *number > 0;
}

static qn_status find_kind(qn_record_kind *out, const json_t *root, const char *file, qn_error *err)
{
    const char *schema = json_string_value(json_object_get(root, "schema"));
    size_t size = 0, known_size = 0;
    int64_t number = 0, known_number = 0;
    if (schema == NULL)
        return qni_error_at(err, QN_DATA, file, 0, 0, "it is no record: no \"schema\" says what it is");
    const bool named = split_schema(schema, &size, &number);
    for (int kind = QN_RECORD_CHAIN; named && kind <= QN_RECORD_HISTORY; kind++) {
        const char *known = qni_record_schema((qn_record_kind)kind);
        (void)split_schema(known, &known_size, &known_number);
        if (size != known_size || memcmp(schema, known, size) != 0)
            continue;
        if (number > known_number)
            return qni_error_at(err, QN_DATA, file, 0, 0, "a newer version of Quern wrote it: its schema is \"%.60s\"",
                                schema);
        *out = (qn_record_kind)kind;
        return QN_OK;
    }
    return qni_error_at(err, QN_DATA, file, 0, 0, "its schema, \"%.60s\", is not known here", schema);
}

/* ---- what must hold ---- */

static int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static bool in_order(const qn_quote *a, const qn_quote *b)
{
    int order = compare(a->expiry, b->expiry);
    if (order == 0)
        order = compare(a->settlement, b->settlement);
    if (order == 0)
        order = (a->strike > b->strike) - (a->strike < b->strike);
    if (order == 0)
        order = compare(b->type, a->type);
    return order < 0 || (order == 0 && a->line <= b->line);
}

static qn_status check_chain(const qn_chain *chain, const char *file, qn_error *err)
{
    for (int64_t i = 0; i < chain->count; i++) {
        const qn_quote *q = &chain->quotes[i];
        if (!(q->strike > 0) || isinf(q->strike))
            return qni_error_at(err, QN_DATA, file, 0, 0,
                                "\"quotes.strike[%" PRId64 "]\" is %g: a strike is a number above 0", i, q->strike);
        if (i > 0 && !in_order(q - 1, q))
            return qni_error_at(err, QN_DATA, file, 0, 0,
                                "\"quotes\" are not in the order of a chain: the one at %" PRId64
                                " belongs before the one above it",
                                i);
    }
    return QN_OK;
}

static qn_status check_daily(const qn_daily *d, int64_t index, const char *file, qn_error *err)
{
    for (int64_t i = 0; i < d->count; i++) {
        if (i > 0 && d->days[i] <= d->days[i - 1])
            return qni_error_at(err, QN_DATA, file, 0, 0, "\"tickers[%" PRId64 "].days\" do not ascend at %" PRId64,
                                index, i);
        if (!(d->close[i] > 0) || isinf(d->close[i]))
            return qni_error_at(err, QN_DATA, file, 0, 0,
                                "\"tickers[%" PRId64 "].close[%" PRId64 "]\" is %g: a close is a number above 0", index,
                                i, d->close[i]);
    }
    return QN_OK;
}

static qn_status check_prices(qn_prices *prices, const char *file, qn_error *err)
{
    qn_status s = QN_OK;
    for (int64_t i = 0; i < prices->ticker_count && s == QN_OK; i++) {
        const qn_daily *d = &prices->tickers[i];
        prices->row_count += d->count;
        if (i > 0 && strcmp(d[-1].ticker, d->ticker) >= 0)
            return qni_error_at(err, QN_DATA, file, 0, 0, "\"tickers\" are not in order at %" PRId64, i);
        s = check_daily(d, i, file, err);
    }
    return s;
}

static qn_status check_calendar(const qn_calendar *calendar, const char *file, qn_error *err)
{
    for (int64_t i = 1; i < calendar->count; i++) {
        const qn_earnings *a = &calendar->reports[i - 1], *b = &calendar->reports[i];
        int order = strcmp(a->ticker, b->ticker);
        if (order > 0 || (order == 0 && a->day >= b->day))
            return qni_error_at(err, QN_DATA, file, 0, 0, "\"reports\" are not in order at %" PRId64, i);
    }
    return QN_OK;
}

/* ---- in ---- */

typedef struct held_record {
    qn_record record; /* first: what callers hold is a pointer to it */
    qn_arena *arena;  /* in which it lies */
} held_record;

/* What kind of struct was read; its size where it has one, and what must hold. */
static qn_status finish(qn_record *record, void *read, const char *file, qn_error *err)
{
    switch (record->kind) {
    case QN_RECORD_CHAIN:
        record->chain = read;
        ((qn_chain *)read)->size = (int64_t)sizeof(qn_chain);
        return check_chain(read, file, err);
    case QN_RECORD_PRICES:
        record->prices = read;
        ((qn_prices *)read)->size = (int64_t)sizeof(qn_prices);
        return check_prices(read, file, err);
    case QN_RECORD_CALENDAR:
        record->calendar = read;
        ((qn_calendar *)read)->size = (int64_t)sizeof(qn_calendar);
        return check_calendar(read, file, err);
    case QN_RECORD_TRADE:
        record->trade = read;
        return QN_OK;
    case QN_RECORD_HISTORY:
        record->history = read;
        return QN_OK;
    }
    return QN_OK;
}

static qn_status fill(held_record **out, qn_record_kind kind, const json_t *root, const char *file, qn_arena *arena,
                      qn_error *err)
{
    const qni_shape *shape = qni_record_shape(kind);
    void *block, *read;
    qn_status s = qn_arena_take(&block, arena, (int64_t)sizeof(held_record), err);
    if (s == QN_OK)
        s = qn_arena_take(&read, arena, shape->size, err);
    if (s == QN_OK)
        s = qni_record_fill(read, shape, root, file, arena, err);
    if (s != QN_OK)
        return s;
    *out = block;
    **out = (held_record){.record.kind = kind, .arena = arena};
    return finish(&(*out)->record, read, file, err);
}

static qn_status read_tree(qn_record **out, const json_t *root, const char *file, const qn_allocator *allocator,
                           qn_error *err)
{
    qn_record_kind kind = QN_RECORD_CHAIN;
    held_record *held = NULL;
    qn_arena *arena;
    qn_status s = find_kind(&kind, root, file, err);
    if (s == QN_OK)
        s = qn_arena_new(&arena, allocator, 0, err);
    if (s != QN_OK)
        return s;
    s = fill(&held, kind, root, file, arena, err);
    if (s != QN_OK) {
        qn_arena_free(arena);
        return s;
    }
    *out = &held->record;
    return QN_OK;
}

qn_status qn_record_read(qn_record **out, const char *text, int64_t size, const char *name,
                         const qn_allocator *allocator, qn_error *err)
{
    json_t *root;
    *out = NULL;
    if (size < 0 || (size > 0 && text == NULL))
        return qni_error(err, QN_INVALID, "there cannot be %" PRId64 " bytes of a record", size);
    qn_status s = qni_json_read(&root, text, size, name, err);
    if (s != QN_OK)
        return s;
    s = read_tree(out, root, name, allocator, err);
    json_decref(root);
    return s;
}

void qn_record_free(qn_record *record)
{
    if (record != NULL)
        qn_arena_free(((held_record *)record)->arena);
}
