/* cli/journal_export.c: `quern journal DIR export`: records as CSV, which quern replay reads again, as JSON lines, or
 * as a table.
 *
 * Always: what is written of a number is all of it: prices and sizes to their 1e-8, times to their nanosecond. */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/journal_int.h"
#include "cli/place.h"
#include "cli/sheet.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    COLUMNS = 10
};

static const char *const columns[COLUMNS] = {"sequence", "time", "symbol", "price", "size",
                                             "bid",      "ask",  "side",   "kind",  "order"};

typedef struct export
{
    const qni_journal_job *job;
    const qn_symbols *symbols;
    qni_file_writer *file; /* NULL: standard output */
    qni_sheet sheet;
    qni_json_writer json;
    qn_status failed; /* of the file, with error */
    qn_error error;
}
export;

/* ---- places ---- */

/* The number of a record by the text; `last`: of the last one that is not later than the time. -2: there is none. */
static qn_status find_place(int64_t *out, qn_journal_reader *reader, const char *text, bool last, qn_error *err)
{
    int64_t time_ns;
    *out = -1;
    if (text == NULL || !qni_place_read(out, &time_ns, text) || *out >= 0)
        return QN_OK;
    if (last && time_ns == INT64_MAX)
        return QN_OK;
    qn_status s = qn_journal_find_time(out, reader, time_ns + last, err);
    if (s == QN_OK && last)
        *out = *out > 0 ? *out - 1 : -2;
    return s;
}

/* ---- a record ---- */

static void put(export *e, const char *bytes, int64_t size)
{
    if (e->file == NULL)
        qni_out_bytes(e->job->run->out, bytes, size);
    else if (e->failed == QN_OK)
        e->failed = qni_file_write(e->file, bytes, size, &e->error);
}

/* A whole number of 1e-8 as decimals without trailing zeros. Returns the length. */
static int fixed_text(char out[QNI_JOURNAL_NUMBER_SIZE], int64_t value)
{
    uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
    int length = snprintf(out, QNI_JOURNAL_NUMBER_SIZE, "%s%" PRIu64 ".%08" PRIu64, value < 0 ? "-" : "",
                          size / QN_TICK_SCALE, size % QN_TICK_SCALE);
    while (out[length - 1] == '0')
        length--;
    if (out[length - 1] == '.')
        length--;
    out[length] = '\0';
    return length;
}

static const char *side_text(const qn_tick *t)
{
    return t->side > 0 ? "buy" : t->side < 0 ? "sell" : "";
}

static const char *kind_text(const qn_tick *t)
{
    return t->kind == QN_TICK_ORDER ? "order" : "trade";
}

/* A record's cells but its symbol as text; "" is missing. */
static void cells_of(char out[COLUMNS][QNI_JOURNAL_TIME_SIZE], const qn_tick *t)
{
    (void)snprintf(out[0], QNI_JOURNAL_TIME_SIZE, "%" PRId64, t->sequence);
    qni_journal_time_text(out[1], t->time_ns);
    out[2][0] = out[5][0] = out[6][0] = out[9][0] = '\0';
    (void)fixed_text(out[3], t->price);
    (void)fixed_text(out[4], t->size);
    if ((t->flags & QN_TICK_HAS_BID) != 0)
        (void)fixed_text(out[5], t->bid);
    if ((t->flags & QN_TICK_HAS_ASK) != 0)
        (void)fixed_text(out[6], t->ask);
    (void)snprintf(out[7], QNI_JOURNAL_TIME_SIZE, "%s", side_text(t));
    (void)snprintf(out[8], QNI_JOURNAL_TIME_SIZE, "%s", kind_text(t));
    if (t->order != 0)
        (void)snprintf(out[9], QNI_JOURNAL_TIME_SIZE, "%" PRIu32, t->order);
}

static bool needs_quotes(const char *name)
{
    size_t size = strlen(name);
    return strpbrk(name, ",\"") != NULL || (size > 0 && (name[0] == ' ' || name[size - 1] == ' '));
}

static void record_csv(export *e, const qn_tick *t)
{
    char cells[COLUMNS][QNI_JOURNAL_TIME_SIZE], quoted[2 * QN_SYMBOL_NAME_MAX + 3];
    const char *name = qn_symbols_name(e->symbols, t->symbol);
    cells_of(cells, t);
    if (needs_quotes(name)) {
        int64_t size = 0;
        quoted[size++] = '"';
        for (const char *c = name; *c != '\0'; c++) {
            if (*c == '"')
                quoted[size++] = '"';
            quoted[size++] = *c;
        }
        quoted[size++] = '"';
        quoted[size] = '\0';
        name = quoted;
    }
    for (int i = 0; i < COLUMNS; i++) {
        const char *text = i == 2 ? name : cells[i];
        put(e, text, (int64_t)strlen(text));
        put(e, i + 1 < COLUMNS ? "," : "\n", 1);
    }
}

static qn_status json_sink(void *user, const char *text, int64_t size, qn_error *err)
{
    export *e = user;
    put(e, text, size);
    if (e->failed != QN_OK && err != NULL)
        *err = e->error;
    return e->failed;
}

static void record_json(export *e, const qn_tick *t)
{
    char cells[COLUMNS][QNI_JOURNAL_TIME_SIZE];
    cells_of(cells, t);
    qni_json_object_begin(&e->json);
    qni_json_key_int64(&e->json, columns[0], t->sequence);
    for (int i = 1; i < COLUMNS; i++) {
        qni_json_key(&e->json, columns[i]);
        if (i == 2)
            qni_json_string(&e->json, qn_symbols_name(e->symbols, t->symbol), -1);
        else if (cells[i][0] == '\0')
            qni_json_null(&e->json);
        else if ((i >= 3 && i <= 6) || i == 9)
            qni_json_digits(&e->json, cells[i], (int64_t)strlen(cells[i]));
        else
            qni_json_string(&e->json, cells[i], -1);
    }
    qni_json_object_end(&e->json);
}

static void record_text(export *e, const qn_tick *t)
{
    char cells[COLUMNS][QNI_JOURNAL_TIME_SIZE];
    cells_of(cells, t);
    for (int i = 0; i < COLUMNS; i++) {
        bool number = i == 0 || (i >= 3 && i <= 6) || i == 9;
        const char *text = i == 2 ? qn_symbols_name(e->symbols, t->symbol) : cells[i];
        if (i == 2)
            qni_sheet_foreign(&e->sheet, text, (int64_t)strlen(text));
        else
            qni_sheet_bytes(&e->sheet, text, (int64_t)strlen(text));
        qni_sheet_cell(&e->sheet, text[0] == '\0' ? QNI_CELL_MISSING : number ? QNI_CELL_NUMBER : QNI_CELL_TEXT);
    }
}

/* ---- all of them ---- */

static void begin(export *e)
{
    const qni_journal_job *job = e->job;
    if (job->format == QNI_JOURNAL_JSON)
        qni_json_writer_init(&e->json, json_sink, e, 0);
    if (job->format == QNI_JOURNAL_TEXT)
        qni_sheet_init(&e->sheet, job->run->out, COLUMNS, job->run->allocator);
    for (int i = 0; i < COLUMNS && job->format != QNI_JOURNAL_JSON; i++) {
        if (job->format == QNI_JOURNAL_TEXT) {
            qni_sheet_text(&e->sheet, columns[i]);
        } else {
            put(e, columns[i], (int64_t)strlen(columns[i]));
            put(e, i + 1 < COLUMNS ? "," : "\n", 1);
        }
    }
}

static qn_status write_records(export *e, qn_journal_reader *reader, qn_error *err)
{
    static void (*const write[])(export *, const qn_tick *) = {record_text, record_json, record_csv};
    const qn_tick *span;
    int64_t count;
    qn_status s;
    do {
        s = qn_journal_read(&span, &count, reader, QNI_JOURNAL_EXPORTED, err);
        e->symbols = qn_journal_reader_symbols(reader);
        for (int64_t i = 0; i < count; i++)
            write[e->job->format](e, &span[i]);
        if (e->failed != QN_OK) {
            if (err != NULL)
                *err = e->error;
            return e->failed;
        }
        if (s == QN_OK && qni_stop_requested(e->job->run->stop))
            s = qni_error(err, QN_INTERRUPTED, "interrupted");
    } while (s == QN_OK && count > 0 && e->job->run->out->failed == 0);
    return s;
}

static qn_status finish(export *e, qn_status s, qn_error *err)
{
    qn_error *first = s == QN_OK ? err : NULL; /* what went wrong before is what is told */
    qn_status ended = QN_OK;
    if (e->job->format == QNI_JOURNAL_JSON)
        ended = qni_json_finish(&e->json, first);
    if (e->job->format == QNI_JOURNAL_TEXT)
        ended = qni_sheet_finish(&e->sheet, first);
    if (e->file == NULL && ended == QN_IO)
        ended = QN_OK; /* the command reports what could not be written, once */
    s = s == QN_OK ? ended : s;
    if (e->file != NULL && s == QN_OK)
        s = qni_file_commit(e->file, err);
    else
        qni_file_abandon(e->file);
    qni_sheet_free(&e->sheet);
    return s;
}

static qn_status export_range(const qni_journal_job *job, qn_journal_reader *reader, int64_t from, int64_t to,
                              qn_error *err)
{
    export e = {.job = job, .symbols = qn_journal_reader_symbols(reader)};
    qn_status s = QN_OK;
    bool any = to != -2 && (to < 0 || to >= from);
    if (any)
        s = qn_journal_reader_seek(reader, from, to, err);
    if (s == QN_OK && job->output != NULL)
        s = qni_file_open(&e.file, job->output, job->run->allocator, err);
    if (s != QN_OK)
        return s;
    begin(&e);
    atomic_store_explicit(job->run->patient, true, memory_order_relaxed);
    if (any)
        s = write_records(&e, reader, err);
    return finish(&e, s, err);
}

qn_status qni_journal_export(const qni_journal_job *job, const char *from, const char *to, qn_error *err)
{
    int64_t first, last;
    qn_journal_reader *reader;
    if (job->output != NULL && job->format == QNI_JOURNAL_TEXT)
        return qni_error(err, QN_INVALID, "--output writes csv or json: text is for the terminal");
    qn_status s = qn_journal_reader_open(&reader, job->folder, job->run->allocator, err);
    if (s == QN_OK)
        s = find_place(&first, reader, from, false, err);
    if (s == QN_OK)
        s = find_place(&last, reader, to, true, err);
    if (s == QN_OK)
        s = export_range(job, reader, first, last, err);
    qn_journal_reader_close(reader);
    return s;
}
