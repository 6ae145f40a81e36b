/* scan/archive_prices.c: daily prices, all days of a ticker in one block, out and in; see archive_int.h. */
#include "base/alloc.h"
#include "base/error.h"
#include "mem/refuse.h"
#include "options/chain_text.h"
#include "scan/archive_int.h"
#include "scan/prices_int.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

enum {
    DAYS_OPEN,
    DAYS_HIGH,
    DAYS_LOW,
    DAYS_CLOSE,
    DAYS_VOLUME,
    DAYS_DAY,
    DAYS_SOURCE,
    DAYS_COLUMNS
};

#define COLUMN(field)                                                                             \
    {                                                                                             \
        (int32_t)sizeof(((qni_archive_day *)0)->field), (int32_t)offsetof(qni_archive_day, field) \
    }

static const qni_block_column day_columns[DAYS_COLUMNS] = {
    [DAYS_OPEN] = COLUMN(open),    [DAYS_HIGH] = COLUMN(high),     [DAYS_LOW] = COLUMN(low),
    [DAYS_CLOSE] = COLUMN(close),  [DAYS_VOLUME] = COLUMN(volume), [DAYS_DAY] = COLUMN(day),
    [DAYS_SOURCE] = COLUMN(source)};

const qni_block_layout qni_archive_days = {.kind = 'd',
                                           .version = 1,
                                           .row_size = (int32_t)sizeof(qni_archive_day),
                                           .columns = day_columns,
                                           .column_count = DAYS_COLUMNS};

static qn_status refuse_block(const char *ticker, const char *why, qn_error *err)
{
    return qni_error(err, QN_DATA,
                     "the store's prices of %.40s cannot be read: %s; import the files that they are from again",
                     ticker, why);
}

/* ---- in ---- */

/* A ticker's days: those that are there, those that come, both together. */
typedef struct merging {
    qni_intake *in;
    const qn_daily *daily;
    qni_archive_day *old, *merged; /* (old_count), (merged_count) */
    int64_t old_count, merged_count;
    int64_t changed; /* days that are new or differ */
    bool lost;       /* those that were there cannot be read */
} merging;

static qn_status take_rows(qni_archive_day **out, qn_arena *arena, int64_t count, qn_error *err)
{
    void *block;
    qn_status s = qn_arena_take(&block, arena, count * (int64_t)sizeof **out, err);
    *out = s == QN_OK ? block : NULL;
    return s;
}

static qn_status read_old(merging *m, qn_rows *rows, qn_error *err)
{
    bool more = false;
    qn_status s = qn_rows_next(&more, rows, err);
    if (s != QN_OK || !more)
        return s;
    qn_value block = qn_rows_value(rows, 0);
    const char *why = qni_block_check(&m->old_count, &qni_archive_days, block.bytes, block.size);
    m->lost = why != NULL;
    if (why != NULL)
        return m->in->repair ? QN_OK : refuse_block(m->daily->ticker, why, err);
    s = take_rows(&m->old, m->in->scratch, m->old_count, err);
    if (s == QN_OK)
        qni_block_read(m->old, &qni_archive_days, block.bytes, m->old_count);
    return s;
}

static qn_status find_old(merging *m, qn_error *err)
{
    const qn_value ticker = qn_value_text(m->daily->ticker, -1);
    qn_rows *rows;
    qn_status s = qn_db_query(&rows, m->in->db, "SELECT block FROM price WHERE ticker = $1", &ticker, 1, err);
    if (s != QN_OK)
        return s;
    s = read_old(m, rows, err);
    qn_rows_close(rows);
    return s;
}

static qni_archive_day day_at(const qn_daily *d, int64_t i, int64_t source)
{
    qni_archive_day day;
    memset(&day, 0, sizeof day);
    day.open = d->open[i];
    day.high = d->high[i];
    day.low = d->low[i];
    day.close = d->close[i];
    day.volume = d->volume[i];
    day.day = d->days[i];
    day.source = (int32_t)source;
    return day;
}

static bool same_prices(const qni_archive_day *a, const qni_archive_day *b)
{
    return memcmp(a, b, offsetof(qni_archive_day, day)) == 0;
}

/* Day by day; of two of the same day the one from the newer file, unless they are equal. */
static void merge(merging *m)
{
    int64_t i = 0, k = 0;
    while (i < m->old_count || k < m->daily->count) {
        const qni_archive_day *old = i < m->old_count ? &m->old[i] : NULL;
        qni_archive_day *next = &m->merged[m->merged_count++];
        if (old != NULL && (k == m->daily->count || old->day < m->daily->days[k])) {
            *next = *old;
            i++;
            continue;
        }
        *next = day_at(m->daily, k++, m->in->source_id);
        const bool both = old != NULL && old->day == next->day;
        if (both && (same_prices(old, next) || old->source > next->source))
            *next = *old;
        else
            m->changed++;
        i += both;
    }
}

/* How many days are from each file, anew. Of days that were lost none are left; the file that they are from is not
 * forgotten: it is no longer whole. */
static qn_status put_sources(const merging *m, qn_error *err)
{
    static const char sql[] = "INSERT INTO price_source (ticker, source_id, day_count) VALUES ($1, $2, $3) "
                              "ON CONFLICT (ticker, source_id) DO UPDATE SET day_count = day_count + $3";
    const qn_value ticker = qn_value_text(m->daily->ticker, -1);
    const qn_value old[] = {ticker, qn_value_i64(m->in->source_id)};
    qn_status s =
        m->lost ? qn_db_execute(NULL, m->in->db, "UPDATE price_source SET day_count = 0 WHERE ticker = $1", old, 1, err)
                : qn_db_execute(NULL, m->in->db,
                                "DELETE FROM price_source WHERE ticker = $1 AND (day_count > 0 OR source_id = $2)", old,
                                2, err);
    for (int64_t i = 0, end; s == QN_OK && i < m->merged_count; i = end) {
        for (end = i + 1; end < m->merged_count && m->merged[end].source == m->merged[i].source;)
            end++;
        const qn_value params[] = {ticker, qn_value_i64(m->merged[i].source), qn_value_i64(end - i)};
        s = qn_db_execute(NULL, m->in->db, sql, params, 3, err);
    }
    return s;
}

static qn_status put_days(const merging *m, qn_error *err)
{
    static const char sql[] =
        "INSERT INTO price (ticker, first_day, last_day, day_count, block) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (ticker) DO UPDATE SET first_day = $2, last_day = $3, day_count = $4, block = $5";
    const int64_t size = qni_block_size(&qni_archive_days, m->merged_count);
    void *block;
    qn_status s = qn_arena_take(&block, m->in->scratch, size, err);
    if (s != QN_OK)
        return s;
    qni_block_write(block, &qni_archive_days, m->merged, m->merged_count);
    const qn_value params[] = {qn_value_text(m->daily->ticker, -1), qn_value_i64(m->merged[0].day),
                               qn_value_i64(m->merged[m->merged_count - 1].day), qn_value_i64(m->merged_count),
                               qn_value_bytes(block, size)};
    s = qn_db_execute(NULL, m->in->db, sql, params, 5, err);
    return s == QN_OK ? put_sources(m, err) : s;
}

static qn_status put_ticker(qni_intake *in, const qn_daily *daily, qn_error *err)
{
    merging m = {.in = in, .daily = daily};
    qn_status s = find_old(&m, err);
    if (s == QN_OK && m.old_count + daily->count > QNI_ARCHIVE_ROWS_MOST)
        s = qni_error(err, QN_LIMIT, "%.40s: more than %" PRId64 " days", daily->ticker, QNI_ARCHIVE_ROWS_MOST);
    if (s == QN_OK)
        s = take_rows(&m.merged, in->scratch, m.old_count + daily->count, err);
    if (s != QN_OK)
        return s;
    merge(&m);
    in->result->new_rows += m.changed;
    return m.changed > 0 || in->repair ? put_days(&m, err) : QN_OK;
}

qn_status qni_archive_put_prices(qni_intake *in, const qn_prices *prices, qn_error *err)
{
    qn_status s = QN_OK;
    for (int64_t i = 0; i < prices->ticker_count && s == QN_OK; i++) {
        const qn_arena_mark mark = qn_arena_mark_now(in->scratch);
        s = put_ticker(in, &prices->tickers[i], err);
        qn_arena_rewind(in->scratch, mark);
    }
    return s;
}

/* ---- out ---- */

/* Blocks lie in the prices' own arena, in one piece, and columns are used where they lie. */
typedef struct loading {
    const char *const *tickers; /* (ticker_count); NULL: all */
    int64_t ticker_count;
    const qn_allocator *allocator;
    qn_prices *prices;
    qn_arena *arena; /* theirs */
    qn_daily *found; /* (capacity), count of them filled in */
    int64_t count, capacity;
    char *room; /* (room_size) for blocks */
    int64_t room_size;
} loading;

/* Where the columns of a block lie. */
static void take_columns(qn_daily *d, const char *block)
{
    const void *columns[DAYS_COLUMNS];
    for (int32_t i = 0; i < DAYS_COLUMNS; i++)
        columns[i] = block + qni_block_offset(&qni_archive_days, i, d->count);
    d->open = columns[DAYS_OPEN];
    d->high = columns[DAYS_HIGH];
    d->low = columns[DAYS_LOW];
    d->close = columns[DAYS_CLOSE];
    d->volume = columns[DAYS_VOLUME];
    d->days = columns[DAYS_DAY];
}

static qn_status take_block(loading *l, qn_rows *rows, qn_error *err)
{
    const qn_value block = qn_rows_value(rows, 1);
    qn_daily d = {0};
    int64_t padded;
    qn_status s = qni_archive_text(&d.ticker, qn_rows_value(rows, 0), l->arena, err);
    if (s != QN_OK)
        return s;
    const char *why = NULL;
    if (l->count == l->capacity || !qni_size_round_up(&padded, block.size, QNI_ALIGN) || padded > l->room_size)
        why = "there is more than was counted";
    else
        memcpy(l->room, block.bytes != NULL ? block.bytes : "", (size_t)block.size);
    if (why == NULL)
        why = qni_block_check(&d.count, &qni_archive_days, l->room, block.size);
    if (why != NULL)
        return refuse_block(d.ticker, why, err);
    take_columns(&d, l->room);
    l->room += padded;
    l->room_size -= padded;
    l->found[l->count++] = d;
    return QN_OK;
}

static qn_status count_block(loading *l, qn_rows *rows, qn_error *err)
{
    (void)err;
    l->capacity++;
    l->room_size += qn_rows_value(rows, 1).i64 + QNI_ALIGN;
    return QN_OK;
}

static qn_status each_row(loading *l, qn_db *db, const char *sql, const qn_value *ticker,
                          qn_status (*take)(loading *l, qn_rows *rows, qn_error *err), qn_error *err)
{
    qn_rows *rows;
    bool more = true;
    qn_status s = qn_db_query(&rows, db, sql, ticker, ticker != NULL, err);
    if (s != QN_OK)
        return s;
    while (s == QN_OK && (s = qn_rows_next(&more, rows, err)) == QN_OK && more)
        s = take(l, rows, err);
    qn_rows_close(rows);
    return s;
}

/* The rows of all tickers, or of those that are wanted: `all` and `one` ask for the same columns. */
static qn_status each_ticker(loading *l, qn_db *db, const char *all, const char *one,
                             qn_status (*take)(loading *l, qn_rows *rows, qn_error *err), qn_error *err)
{
    if (l->tickers == NULL)
        return each_row(l, db, all, NULL, take, err);
    qn_status s = QN_OK;
    for (int64_t i = 0; s == QN_OK && i < l->ticker_count; i++) {
        char plain[16];
        if (qn_ticker_plain(plain, l->tickers[i]) >= (int)sizeof plain)
            continue; /* there is none of that name */
        qn_value ticker = qn_value_text(plain, -1);
        s = each_row(l, db, one, &ticker, take, err);
    }
    return s;
}

static qn_status load(void *user, qn_db *db, qn_error *err)
{
    loading *l = user;
    void *room;
    qn_status s = each_ticker(l, db, "SELECT ticker, length(block) FROM price",
                              "SELECT ticker, length(block) FROM price WHERE ticker = $1", count_block, err);
    if (s == QN_OK)
        s = qni_prices_make(&l->prices, &l->found, &l->arena, l->capacity, l->allocator, err);
    if (s == QN_OK)
        s = qn_arena_take(&room, l->arena, l->room_size, err);
    if (s != QN_OK)
        return s;
    l->room = room;
    s = each_ticker(l, db, "SELECT ticker, block FROM price", "SELECT ticker, block FROM price WHERE ticker = $1",
                    take_block, err);
    return s == QN_OK ? qni_prices_settle(l->prices, l->count, err) : s;
}

qn_status qn_archive_load_prices(qn_prices **out, qn_archive *archive, const char *const *tickers, int64_t count,
                                 const qn_allocator *allocator, qn_error *err)
{
    loading l = {.tickers = tickers, .ticker_count = tickers != NULL ? count : 0, .allocator = allocator};
    *out = NULL;
    if (count < 0)
        return qni_error(err, QN_INVALID, "there cannot be %" PRId64 " tickers", count);
    qn_status s = qni_archive_look(archive, "loading prices", load, &l, err);
    if (s != QN_OK) {
        qn_prices_free(l.prices);
        return s;
    }
    *out = l.prices;
    return QN_OK;
}
