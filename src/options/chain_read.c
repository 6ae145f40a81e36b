/* options/chain_read.c: from a file's bytes to a chain; see chain.h and chain_int.h. */
#include "options/chain_int.h"

#include "array/whole.h"
#include "base/error.h"
#include "base/file.h"
#include "base/headings.h"
#include "base/options.h"
#include "options/chain_make.h"
#include "options/chain_text.h"
#include "options/limits.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* A complaint of the CSV reader, whose first line is the header, tells the file's own line. */
static qn_status move_line(qn_status s, const qni_chain_head *head, qn_error *err)
{
    if (s != QN_OK && err != NULL && err->line > 0)
        err->line += head->lines_before;
    return s;
}

/* A reading: into one chain, or into as many as there are. */
typedef struct reading {
    const char *name;
    const qn_chain_options *options;
    qn_arena *scratch;
    qni_chain_take *take; /* NULL: one, which is `chain` */
    void *user;
    qni_chain *chain;
    qn_error *err;
} reading;

static qn_status read_one(reading *r, const qni_chain_rows *rows)
{
    const int64_t most = qn_table_row_count(rows->table) * (rows->file->two_sided ? 2 : 1);
    return qni_chain_read_rows(&r->chain, rows, most, r->options, r->err);
}

/* Whether the caller wants it. */
static bool is_wanted(const qni_chain_part *part, const qn_chain_options *options)
{
    char ticker[16] = "";
    int32_t day = part->day;
    int64_t seconds;
    if (options->as_of_us != 0 && part->as_of_us != 0)
        qn_market_local(&day, &seconds, options->as_of_us);
    if (options->ticker != NULL && part->ticker[0] != '\0') {
        (void)qn_ticker_plain(ticker, options->ticker);
        (void)qn_ticker_plain(ticker, qni_root_ticker(ticker));
    }
    return day == part->day && (ticker[0] == '\0' || strcmp(ticker, part->ticker) == 0);
}

static qn_status read_part(reading *r, const qni_chain_rows *rows, const qni_chain_part *part)
{
    qni_chain *c;
    qn_chain_options o = *r->options;
    o.ticker = part->ticker[0] != '\0' ? part->ticker : o.ticker;
    o.as_of_us = o.as_of_us != 0 ? o.as_of_us : part->as_of_us;
    qn_status s = qni_chain_read_rows(&c, rows, part->count, &o, r->err);
    if (s != QN_OK)
        return s;
    c->chain.as_of_inferred = r->options->as_of_us == 0 && part->inferred;
    return r->take(r->user, &c->chain, r->err);
}

/* A file of one chain is read as by who wants no more than one. */
static qn_status read_parts(reading *r, qni_chain_rows *rows)
{
    void *block;
    int64_t found = 0, count = 0;
    qn_status s = qn_arena_take(&block, r->scratch, QNI_CHAIN_PARTS_MOST * (int64_t)sizeof(qni_chain_part), r->err);
    if (s == QN_OK)
        s = qni_chain_find_parts(block, QNI_CHAIN_PARTS_MOST, &found, rows, r->options, r->err);
    if (s != QN_OK)
        return s;
    qni_chain_part *parts = block;
    for (int64_t i = 0; i < found; i++)
        if (is_wanted(&parts[i], r->options))
            parts[count++] = parts[i];
    if (count < 2)
        return read_one(r, rows);
    rows->part = true;
    for (int64_t i = 0; i < count && s == QN_OK; i++)
        s = read_part(r, rows, &parts[i]);
    return s;
}

static qn_status read_table(reading *r, qn_csv *csv, const qni_chain_head *head)
{
    qni_chain_layout layout;
    qn_table *table = NULL;
    qn_error *err = r->err;
    const char *const *names = qn_csv_column_names(csv);
    qn_status s = qni_chain_find_layout(&layout, names, qn_csv_column_count(csv), r->options->map, r->name, err);
    if (s == QN_OK)
        s = qni_chain_select(csv, &layout, err);
    if (s == QN_OK)
        s = move_line(qn_csv_read(&table, csv, -1, err), head, err);
    if (s == QN_OK && table == NULL)
        s = qni_error_at(err, QN_DATA, r->name, head->lines_before + 1, 0, "there is a header and no row below it");
    if (s == QN_OK) {
        qni_chain_rows rows = {.table = table, .file = &layout, .names = names, .head = head, .name = r->name};
        s = r->take != NULL ? read_parts(r, &rows) : read_one(r, &rows);
    }
    qn_table_free(table);
    return s;
}

/* Of several underlyings one after the other, each in a reading of its own. */
static qn_status read_json(reading *r, const char *bytes, int64_t size)
{
    char turn[16] = "", first[16] = "";
    const bool each = r->take != NULL && r->options->ticker == NULL;
    for (int64_t i = 0; i < QNI_CHAIN_PARTS_MOST; i++) {
        qni_chain *c;
        qn_status s = qni_chain_read_tradier(&c, bytes, size, r->name, r->options, each ? turn : NULL, r->err);
        if (s != QN_OK)
            return s;
        if (i == 0)
            (void)qn_ticker_plain(first, c->chain.ticker);
        if (!each || strcmp(turn, first) == 0) {
            r->chain = c;
            return QN_OK;
        }
        s = r->take(r->user, &c->chain, r->err);
        if (s != QN_OK)
            return s;
    }
    return qni_error_at(r->err, QN_LIMIT, r->name, 0, 0, "there are options on more than %d underlyings",
                        QNI_CHAIN_PARTS_MOST);
}

static qn_status read_whole(reading *r, const qni_whole *whole)
{
    qni_chain_head head;
    qn_csv *csv;
    qn_csv_options o;
    const int64_t mark = qni_headings_mark_size(whole->bytes, whole->size);
    if (qni_headings_is_json(whole->bytes + mark, whole->size - mark))
        return read_json(r, whole->bytes + mark, whole->size - mark);
    qn_status s = qni_chain_find_head(&head, whole->bytes, whole->size, r->name, r->options->map, r->scratch, r->err);
    if (s != QN_OK)
        return s;
    qn_csv_options_init(&o, (int64_t)sizeof o);
    o.delimiter = head.delimiter;
    o.allocator = r->options->allocator;
    s = move_line(qn_csv_open_bytes(&csv, head.bytes, head.size, r->name, &o, r->err), &head, r->err);
    if (s != QN_OK)
        return s;
    s = read_table(r, csv, &head);
    qn_csv_close(csv);
    return s;
}

static qn_status check_options(qn_chain_options *out, const qn_chain_options *given, qn_error *err)
{
    qn_status s = qni_options_copy(out, (int64_t)sizeof *out, given, "qn_chain_options", err);
    if (s == QN_OK && !(out->spot >= 0 && !isinf(out->spot)))
        s = qni_error(err, QN_INVALID, "spot is %g: a price above 0, or 0 where it is not known", out->spot);
    return s;
}

/* The bytes are taken. Of several chains those before an error were handed over. */
static qn_status read_chain(reading *r, qni_whole *whole)
{
    const qn_allocator *allocator = r->options->allocator;
    qn_status s = qn_arena_new(&r->scratch, allocator, 0, r->err);
    if (s == QN_OK)
        s = read_whole(r, whole);
    qn_arena_free(r->scratch);
    qni_whole_free(whole, allocator);
    if (s == QN_OK && r->take != NULL && r->chain != NULL)
        s = r->take(r->user, &r->chain->chain, r->err);
    return s;
}

static qn_status take_bytes(qni_whole *out, qn_chain_options *o, const char *bytes, int64_t size, const char *name,
                            const qn_chain_options *options, qn_error *err)
{
    qn_status s = check_options(o, options, err);
    if (s == QN_OK && (size < 0 || (size > 0 && bytes == NULL)))
        s = qni_error(err, QN_INVALID, "there cannot be %" PRId64 " bytes of a chain%s", size,
                      size > 0 ? " where none are given" : "");
    return s == QN_OK ? qni_whole_bytes(out, bytes, size, name, QNI_CHAIN_BYTES_MOST, o->allocator, err) : s;
}

qn_status qn_chain_read(qn_chain **out, const char *path, const qn_chain_options *options, qn_error *err)
{
    *out = NULL;
    qn_chain_options o;
    qni_whole whole;
    reading r = {.name = qni_file_name(path), .options = &o, .err = err};
    qn_status s = check_options(&o, options, err);
    if (s == QN_OK)
        s = qni_whole_file(&whole, path, QNI_CHAIN_BYTES_MOST, o.allocator, err);
    if (s == QN_OK)
        s = read_chain(&r, &whole);
    *out = s == QN_OK ? &r.chain->chain : NULL;
    return s;
}

qn_status qn_chain_read_bytes(qn_chain **out, const char *bytes, int64_t size, const char *name,
                              const qn_chain_options *options, qn_error *err)
{
    *out = NULL;
    qn_chain_options o;
    qni_whole whole;
    reading r = {.name = name, .options = &o, .err = err};
    qn_status s = take_bytes(&whole, &o, bytes, size, name, options, err);
    if (s == QN_OK)
        s = read_chain(&r, &whole);
    *out = s == QN_OK ? &r.chain->chain : NULL;
    return s;
}

qn_status qni_chain_read_each(qni_chain_take *take, void *user, const char *bytes, int64_t size, const char *name,
                              const qn_chain_options *options, qn_error *err)
{
    qn_chain_options o;
    qni_whole whole;
    reading r = {.name = name, .options = &o, .take = take, .user = user, .err = err};
    qn_status s = take_bytes(&whole, &o, bytes, size, name, options, err);
    return s == QN_OK ? read_chain(&r, &whole) : s;
}
