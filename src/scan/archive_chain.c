/* scan/archive_chain.c: snapshots of chains, an expiry a block, out and in; see archive_int.h. */
#include "base/error.h"
#include "base/number.h"
#include "base/time.h"
#include "options/chain_make.h"
#include "scan/archive_int.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define COLUMN(field)                                                               \
    {                                                                               \
        (int32_t)sizeof(((qn_quote *)0)->field), (int32_t)offsetof(qn_quote, field) \
    }

static const qni_block_column quote_columns[] = {
    COLUMN(strike),  COLUMN(bid),    COLUMN(ask),           COLUMN(last),
    COLUMN(last_us), COLUMN(volume), COLUMN(open_interest), COLUMN(provider_implied),
    COLUMN(line),    COLUMN(type),   COLUMN(quote_class)};

const qni_block_layout qni_archive_quotes = {.kind = 'q',
                                             .version = 1,
                                             .row_size = (int32_t)sizeof(qn_quote),
                                             .columns = quote_columns,
                                             .column_count = sizeof quote_columns / sizeof quote_columns[0]};

enum {
    CLASSES_SIZE = QN_QUOTE_CLASS_COUNT * 21 + 1 /* bytes of as many numbers and blanks */
};

/* ---- in ---- */

/* A snapshot on its way in. */
typedef struct snapshot {
    qni_intake *in;
    const qn_chain *chain;
    qn_value block; /* of the expiry that is at hand */
    int64_t id;     /* of the one of that ticker and time that is there; 0: none */
    int64_t known;  /* expiries that it has */
} snapshot;

static int64_t expiry_end(const qn_chain *chain, int64_t from)
{
    const qn_quote *first = &chain->quotes[from];
    int64_t end = from + 1;
    while (end < chain->count && chain->quotes[end].expiry == first->expiry &&
           chain->quotes[end].settlement == first->settlement)
        end++;
    return end;
}

static qn_status make_block(snapshot *k, int64_t from, int64_t end, qn_error *err)
{
    const int64_t size = qni_block_size(&qni_archive_quotes, end - from);
    void *block;
    qn_status s = qn_arena_take(&block, k->in->scratch, size, err);
    if (s != QN_OK)
        return s;
    qni_block_write(block, &qni_archive_quotes, &k->chain->quotes[from], end - from);
    k->block = qn_value_bytes(block, size);
    return QN_OK;
}

static qn_status find_known(snapshot *k, qn_error *err)
{
    qn_db *db = k->in->db;
    const qn_value key[] = {qn_value_text(k->chain->ticker, -1), qn_value_i64(k->chain->as_of_us)};
    qn_status s = qni_archive_ask(&k->id, db, "SELECT id FROM chain WHERE ticker = $1 AND as_of_us = $2", key, 2, err);
    const qn_value id = qn_value_i64(k->id);
    return s == QN_OK
               ? qni_archive_ask(&k->known, db, "SELECT count(*) FROM chain_expiry WHERE chain_id = $1", &id, 1, err)
               : s;
}

/* How many quotes are in expiries that differ from those that are there; *same: nothing differs, nor is there more. */
static qn_status compare(int64_t *new_quotes, bool *same, snapshot *k, qn_error *err)
{
    static const char sql[] = "SELECT count(*) FROM chain_expiry "
                              "WHERE chain_id = $1 AND expiry = $2 AND settlement = $3 AND block = $4";
    const qn_chain *chain = k->chain;
    qn_status s = QN_OK;
    int64_t count = 0;
    *new_quotes = 0;
    for (int64_t from = 0, end; s == QN_OK && from < chain->count; from = end, count++) {
        end = expiry_end(chain, from);
        const qn_arena_mark mark = qn_arena_mark_now(k->in->scratch);
        int64_t equal = 0;
        s = make_block(k, from, end, err);
        const qn_value params[] = {qn_value_i64(k->id), qn_value_i64(chain->quotes[from].expiry),
                                   qn_value_i64(chain->quotes[from].settlement), k->block};
        if (s == QN_OK)
            s = qni_archive_ask(&equal, k->in->db, sql, params, 4, err);
        *new_quotes += equal == 0 ? end - from : 0;
        qn_arena_rewind(k->in->scratch, mark);
    }
    *same = *new_quotes == 0 && count == k->known && k->id != 0;
    return s;
}

static void classes_text(char out[CLASSES_SIZE], const qn_chain *chain)
{
    int at = 0;
    for (int i = 0; i < QN_QUOTE_CLASS_COUNT; i++)
        at += snprintf(out + at, (size_t)(CLASSES_SIZE - at), "%s%" PRId64, i > 0 ? " " : "", chain->classes[i]);
}

/* All warnings, one a line. */
static qn_status warnings_text(qn_value *out, const qn_chain *chain, qn_arena *arena, qn_error *err)
{
    int64_t size = 0;
    for (int64_t i = 0; i < chain->warning_count; i++)
        size += (int64_t)strlen(chain->warnings[i]) + 1;
    void *block;
    qn_status s = qn_arena_take(&block, arena, size + 1, err);
    if (s != QN_OK)
        return s;
    char *at = block;
    for (int64_t i = 0; i < chain->warning_count; i++) {
        for (const char *c = chain->warnings[i]; *c != '\0'; c++)
            *at++ = *c == '\n' ? ' ' : *c;
        *at++ = '\n';
    }
    *out = qn_value_text(block, size);
    return QN_OK;
}

/* The snapshot's own row; one that is there keeps its id. */
static qn_status put_head(snapshot *k, const qn_value *warnings, bool *changed, qn_error *err)
{
    static const char sql[] =
        "INSERT INTO chain (ticker, as_of_us, as_of_inferred, spot, format, source, quote_count, classes, warnings, "
        "source_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (ticker, as_of_us) DO UPDATE SET "
        "as_of_inferred = $3, spot = $4, format = $5, source = $6, quote_count = $7, classes = $8, warnings = $9, "
        "source_id = $10 WHERE $11 OR (as_of_inferred, spot, format, classes) IS NOT ($3, $4, $5, $8)";
    const qn_chain *chain = k->chain;
    char classes[CLASSES_SIZE];
    classes_text(classes, chain);
    const qn_value params[] = {qn_value_text(chain->ticker, -1),
                               qn_value_i64(chain->as_of_us),
                               qn_value_i64(chain->as_of_inferred),
                               qni_archive_number(chain->spot),
                               qn_value_text(chain->format, -1),
                               qn_value_text(chain->source, -1),
                               qn_value_i64(chain->count),
                               qn_value_text(classes, -1),
                               *warnings,
                               qn_value_i64(k->in->source_id),
                               qn_value_i64(*changed)};
    const qn_value key[] = {params[0], params[1]};
    int64_t rows = 0;
    qn_status s = qn_db_execute(&rows, k->in->db, sql, params, sizeof params / sizeof params[0], err);
    *changed = rows > 0;
    if (s == QN_OK && k->id == 0)
        s = qni_archive_ask(&k->id, k->in->db, "SELECT id FROM chain WHERE ticker = $1 AND as_of_us = $2", key, 2, err);
    return s;
}

static qn_status put_expiries(snapshot *k, qn_error *err)
{
    static const char sql[] = "INSERT INTO chain_expiry (chain_id, expiry, settlement, quote_count, block) "
                              "VALUES ($1, $2, $3, $4, $5)";
    const qn_chain *chain = k->chain;
    const qn_value id = qn_value_i64(k->id);
    qn_status s = qn_db_execute(NULL, k->in->db, "DELETE FROM chain_expiry WHERE chain_id = $1", &id, 1, err);
    for (int64_t from = 0, end; s == QN_OK && from < chain->count; from = end) {
        end = expiry_end(chain, from);
        const qn_arena_mark mark = qn_arena_mark_now(k->in->scratch);
        s = make_block(k, from, end, err);
        const qn_value params[] = {id, qn_value_i64(chain->quotes[from].expiry),
                                   qn_value_i64(chain->quotes[from].settlement), qn_value_i64(end - from), k->block};
        if (s == QN_OK)
            s = qn_db_execute(NULL, k->in->db, sql, params, 5, err);
        qn_arena_rewind(k->in->scratch, mark);
    }
    return s;
}

/* Whether the snapshot is from a newer file than the one that is repaired. */
static qn_status is_newer(bool *out, const snapshot *k, qn_error *err)
{
    const qn_value id = qn_value_i64(k->id);
    int64_t source_id = 0;
    qn_status s = qni_archive_ask(&source_id, k->in->db, "SELECT source_id FROM chain WHERE id = $1", &id, 1, err);
    *out = source_id > k->in->source_id;
    return s;
}

qn_status qni_archive_put_chain(qni_intake *in, const qn_chain *chain, qn_error *err)
{
    snapshot k = {.in = in, .chain = chain};
    int64_t new_quotes = 0;
    bool same = false;
    qn_value warnings = qn_value_text("", 0);
    bool newer = false;
    qn_status s = find_known(&k, err);
    if (s == QN_OK)
        s = is_newer(&newer, &k, err);
    if (s != QN_OK || newer)
        return s;
    s = compare(&new_quotes, &same, &k, err);
    if (s == QN_OK)
        s = warnings_text(&warnings, chain, in->scratch, err);
    bool changed = !same;
    if (s == QN_OK)
        s = put_head(&k, &warnings, &changed, err);
    if (s == QN_OK && !same)
        s = put_expiries(&k, err);
    in->result->new_rows += new_quotes;
    return s;
}

/* ---- out ---- */

/* A snapshot on its way out. */
typedef struct loading {
    const qn_allocator *allocator;
    int64_t id, before, after;
    int32_t around;
    qn_value range[3]; /* the snapshot, the first and the last expiry */
    qn_chain *chain;
    qn_quote *quotes; /* (chain->count) */
    int64_t filled;
} loading;

static qn_status load_warnings(qn_chain *chain, qn_value text, qn_arena *arena, qn_error *err)
{
    int64_t count = 0;
    void *block, *copy;
    for (int64_t i = 0; i < text.size; i++)
        count += text.bytes[i] == '\n';
    if (count == 0)
        return QN_OK;
    qn_status s = qn_arena_take(&block, arena, count * (int64_t)sizeof(const char *), err);
    if (s == QN_OK)
        s = qn_arena_take(&copy, arena, text.size, err);
    if (s != QN_OK)
        return s;
    memcpy(copy, text.bytes, (size_t)text.size);
    const char **warnings = block;
    char *at = copy;
    for (int64_t i = 0; i < count; i++) {
        warnings[i] = at;
        at = memchr(at, '\n', (size_t)((char *)copy + text.size - at));
        *at++ = '\0';
    }
    chain->warnings = warnings;
    chain->warning_count = count;
    return QN_OK;
}

/* Counts with a blank between two; what is no number ends them. */
static void read_classes(int64_t out[QN_QUOTE_CLASS_COUNT], qn_value text)
{
    const char *at = text.bytes, *end = at + text.size;
    for (int i = 0; at != NULL && i < QN_QUOTE_CLASS_COUNT; i++) {
        at = qni_integer_parse(&out[i], at, end);
        at = at != NULL && at < end ? at + 1 : NULL;
    }
}

/* The chain without quotes, and which expiries there will be. */
static qn_status take_head(loading *l, qn_rows *rows, qn_error *err)
{
    qn_arena *arena;
    l->range[0] = qn_value_i64(l->id);
    l->range[1] = qn_rows_value(rows, 7);
    l->range[2] = qn_rows_value(rows, 8);
    qn_status s = qni_chain_make(&l->chain, &l->quotes, &arena, qn_rows_value(rows, 9).i64, l->allocator, err);
    if (s != QN_OK)
        return s;
    qn_chain *chain = l->chain;
    chain->as_of_us = qn_rows_value(rows, 1).i64;
    chain->as_of_inferred = qn_rows_value(rows, 2).i64 != 0;
    chain->spot = qni_archive_double(qn_rows_value(rows, 3));
    s = qni_archive_text(&chain->ticker, qn_rows_value(rows, 0), arena, err);
    if (s == QN_OK)
        s = qni_archive_text(&chain->format, qn_rows_value(rows, 4), arena, err);
    if (s == QN_OK)
        s = qni_archive_text(&chain->source, qn_rows_value(rows, 10), arena, err);
    if (s == QN_OK)
        s = load_warnings(chain, qn_rows_value(rows, 6), arena, err);
    read_classes(chain->classes, qn_rows_value(rows, 5));
    return s;
}

static qn_status load_head(loading *l, qn_db *db, qn_error *err)
{
#define FIRST                                                                                          \
    "coalesce((SELECT min(expiry) FROM (SELECT DISTINCT expiry FROM chain_expiry WHERE chain_id = $1 " \
    "AND expiry < $2 ORDER BY expiry DESC LIMIT $3)), $2)"
#define LAST                                                                                           \
    "coalesce((SELECT max(expiry) FROM (SELECT DISTINCT expiry FROM chain_expiry WHERE chain_id = $1 " \
    "AND expiry >= $2 ORDER BY expiry LIMIT $4)), $2 - 1)"
    static const char sql[] =
        "SELECT c.ticker, c.as_of_us, c.as_of_inferred, c.spot, c.format, c.classes, c.warnings, r.first, r.last, "
        "(SELECT coalesce(sum(e.quote_count), 0) FROM chain_expiry e WHERE e.chain_id = $1 AND e.expiry BETWEEN "
        "r.first AND "
        "r.last), c.source FROM chain c, (SELECT " FIRST " AS first, " LAST " AS last) r WHERE c.id = $1";
#undef FIRST
#undef LAST
    const bool all = l->around == 0;
    const qn_value params[] = {qn_value_i64(l->id), qn_value_i64(l->around), qn_value_i64(all ? -1 : l->before),
                               qn_value_i64(all ? -1 : l->after)};
    qn_rows *rows;
    bool more = false;
    qn_status s = qn_db_query(&rows, db, sql, params, 4, err);
    if (s != QN_OK)
        return s;
    s = qn_rows_next(&more, rows, err);
    if (s == QN_OK && !more)
        s = qni_error(err, QN_DATA, "the store has no snapshot %" PRId64, l->id);
    if (s == QN_OK)
        s = take_head(l, rows, err);
    qn_rows_close(rows);
    return s;
}

static qn_status refuse_block(const loading *l, int32_t expiry, const char *why, qn_error *err)
{
    char day[QNI_TIME_TEXT_SIZE];
    (void)qni_date_text(day, expiry);
    return qni_error(
        err, QN_DATA,
        "the store's quotes of %.40s that expire on %s cannot be read: %s; import the file that they are from again",
        l->chain->ticker, day, why);
}

/* What every reader of a chain counts on. */
static bool are_quotes(const qn_quote *quotes, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const qn_quote *q = &quotes[i];
        if ((q->type != QN_CALL && q->type != QN_PUT) || q->quote_class >= QN_QUOTE_CLASS_COUNT || !(q->strike > 0) ||
            isinf(q->strike))
            return false;
    }
    return true;
}

static qn_status take_block(loading *l, qn_rows *rows, qn_error *err)
{
    const int32_t expiry = (int32_t)qn_rows_value(rows, 0).i64;
    const int64_t settlement = qn_rows_value(rows, 1).i64;
    const qn_value block = qn_rows_value(rows, 2);
    qn_quote *quotes = l->quotes + l->filled;
    int64_t count = 0;
    const char *why = qni_block_check(&count, &qni_archive_quotes, block.bytes, block.size);
    if (why == NULL && count > l->chain->count - l->filled)
        why = "there are more than were counted";
    if (why == NULL && settlement != QN_SETTLEMENT_PM && settlement != QN_SETTLEMENT_AM)
        why = "they settle neither am nor pm";
    if (why != NULL)
        return refuse_block(l, expiry, why, err);
    memset(quotes, 0, (size_t)count * sizeof *quotes);
    qni_block_read(quotes, &qni_archive_quotes, block.bytes, count);
    for (int64_t i = 0; i < count; i++) {
        quotes[i].expiry = expiry;
        quotes[i].settlement = (uint8_t)settlement;
    }
    l->filled += count;
    return are_quotes(quotes, count) ? QN_OK : refuse_block(l, expiry, "one of them is none", err);
}

static qn_status load_blocks(loading *l, qn_db *db, qn_error *err)
{
    static const char sql[] = "SELECT expiry, settlement, block FROM chain_expiry WHERE chain_id = $1 AND "
                              "expiry BETWEEN $2 AND $3 ORDER BY expiry, settlement";
    qn_rows *rows;
    bool more = true;
    qn_status s = qn_db_query(&rows, db, sql, l->range, 3, err);
    if (s != QN_OK)
        return s;
    while (s == QN_OK && (s = qn_rows_next(&more, rows, err)) == QN_OK && more)
        s = take_block(l, rows, err);
    qn_rows_close(rows);
    l->chain->count = l->filled;
    return s;
}

static qn_status load(void *user, qn_db *db, qn_error *err)
{
    qn_status s = load_head(user, db, err);
    return s == QN_OK ? load_blocks(user, db, err) : s;
}

qn_status qn_archive_load_chain(qn_chain **out, qn_archive *archive, int64_t id, int32_t around, int64_t before,
                                int64_t after, const qn_allocator *allocator, qn_error *err)
{
    loading l = {.allocator = allocator, .id = id, .around = around, .before = before, .after = after};
    *out = NULL;
    if (before < 0 || after < 0)
        return qni_error(err, QN_INVALID, "there cannot be %" PRId64 " expiries before a day and %" PRId64 " after it",
                         before, after);
    qn_status s = qni_archive_look(archive, "loading a chain", load, &l, err);
    if (s != QN_OK) {
        qn_chain_free(l.chain);
        return s;
    }
    *out = l.chain;
    return QN_OK;
}
