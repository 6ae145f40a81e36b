/* scan/archive_calendar.c: reports and sectors, a row each, out and in; see archive_int.h. */
#include "base/alloc.h"
#include "base/error.h"
#include "mem/refuse.h"
#include "options/chain_text.h"
#include "scan/archive_int.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- in ---- */

/* What is told wins over what is not, else what is newer; a row that would stay as it is, is not touched. */
qn_status qni_archive_put_calendar(qni_intake *in, const qn_calendar *calendar, qn_error *err)
{
    static const char sql[] =
        "INSERT INTO report (ticker, day, timing, fiscal_end, eps, estimate, line, source_id) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (ticker, day) DO UPDATE SET "
        "timing = CASE WHEN $3 = 0 THEN timing ELSE $3 END, fiscal_end = coalesce($4, fiscal_end), "
        "eps = coalesce($5, eps), estimate = coalesce($6, estimate), line = $7, source_id = $8 "
        "WHERE ($3 <> 0 AND $3 <> timing) OR coalesce($4 IS NOT fiscal_end AND $4 IS NOT NULL, 0) "
        "OR ($5 IS NOT NULL AND $5 IS NOT eps) OR ($6 IS NOT NULL AND $6 IS NOT estimate)";
    qn_status s = QN_OK;
    for (int64_t i = 0; i < calendar->count && s == QN_OK; i++) {
        const qn_earnings *e = &calendar->reports[i];
        const qn_value params[] = {
            qn_value_text(e->ticker, -1), qn_value_i64(e->day),
            qn_value_i64(e->timing),      e->fiscal_end != INT32_MIN ? qn_value_i64(e->fiscal_end) : qn_value_null(),
            qni_archive_number(e->eps),   qni_archive_number(e->estimate),
            qn_value_i64(e->line),        qn_value_i64(in->source_id)};
        int64_t changed = 0;
        s = qn_db_execute(&changed, in->db, sql, params, sizeof params / sizeof params[0], err);
        in->result->new_rows += changed;
    }
    return s;
}

qn_status qni_archive_put_sectors(qni_intake *in, const qn_sectors *sectors, qn_error *err)
{
    static const char sql[] = "INSERT INTO sector (ticker, sector, source_id) VALUES ($1, $2, $3) ON CONFLICT (ticker) "
                              "DO UPDATE SET sector = $2, source_id = $3 WHERE sector <> $2";
    qn_status s = QN_OK;
    for (int64_t i = 0; i < qn_sectors_count(sectors) && s == QN_OK; i++) {
        const char *ticker, *sector;
        qn_sectors_at(&ticker, &sector, sectors, i);
        const qn_value params[] = {qn_value_text(ticker, -1), qn_value_text(sector, -1), qn_value_i64(in->source_id)};
        int64_t changed = 0;
        s = qn_db_execute(&changed, in->db, sql, params, 3, err);
        in->result->new_rows += changed;
    }
    return s;
}

/* ---- out ---- */

typedef struct loading {
    const char *const *tickers; /* (ticker_count); NULL: all */
    int64_t ticker_count;
    const qn_allocator *allocator;
    qn_arena *arena;      /* of texts */
    qn_earnings *reports; /* (capacity), count of them found */
    int64_t count, capacity;
    const char *ticker; /* the one of the last row */
} loading;

static qn_status take_ticker(loading *l, qn_value value, qn_error *err)
{
    if (l->ticker != NULL && value.bytes != NULL && strcmp(l->ticker, value.bytes) == 0)
        return QN_OK;
    return qni_archive_text(&l->ticker, value, l->arena, err);
}

static qn_status take_report(loading *l, qn_rows *rows, qn_error *err)
{
    void *reports = l->reports;
    bool grown = l->count < l->capacity ||
                 qni_grow(l->allocator, &reports, &l->capacity, l->count + 1, (int64_t)sizeof *l->reports);
    l->reports = reports;
    if (!grown)
        return qni_refused(err, l->allocator, (l->count + 1) * (int64_t)sizeof *l->reports, "a calendar");
    qn_status s = take_ticker(l, qn_rows_value(rows, 0), err);
    if (s != QN_OK)
        return s;
    qn_value fiscal_end = qn_rows_value(rows, 3);
    l->reports[l->count++] =
        (qn_earnings){.ticker = l->ticker,
                      .day = (int32_t)qn_rows_value(rows, 1).i64,
                      .timing = (uint8_t)qn_rows_value(rows, 2).i64,
                      .fiscal_end = fiscal_end.type == QN_VALUE_NULL ? INT32_MIN : (int32_t)fiscal_end.i64,
                      .eps = qni_archive_double(qn_rows_value(rows, 4)),
                      .estimate = qni_archive_double(qn_rows_value(rows, 5)),
                      .line = qn_rows_value(rows, 6).i64};
    return QN_OK;
}

static qn_status load_reports(loading *l, qn_db *db, const char *sql, const qn_value *ticker, qn_error *err)
{
    qn_rows *rows;
    bool more = true;
    qn_status s = qn_db_query(&rows, db, sql, ticker, ticker != NULL, err);
    if (s != QN_OK)
        return s;
    while (s == QN_OK && (s = qn_rows_next(&more, rows, err)) == QN_OK && more)
        s = take_report(l, rows, err);
    qn_rows_close(rows);
    return s;
}

static qn_status load(void *user, qn_db *db, qn_error *err)
{
#define REPORTS "SELECT ticker, day, timing, fiscal_end, eps, estimate, line FROM report "
    loading *l = user;
    qn_status s = QN_OK;
    if (l->tickers == NULL)
        return load_reports(l, db, REPORTS "ORDER BY ticker, day", NULL, err);
    for (int64_t i = 0; s == QN_OK && i < l->ticker_count; i++) {
        char plain[16];
        if (qn_ticker_plain(plain, l->tickers[i]) >= (int)sizeof plain)
            continue; /* there is none of that name */
        qn_value ticker = qn_value_text(plain, -1);
        s = load_reports(l, db, REPORTS "WHERE ticker = $1 ORDER BY day", &ticker, err);
    }
    return s;
#undef REPORTS
}

qn_status qn_archive_load_calendar(qn_calendar **out, qn_archive *archive, const char *const *tickers, int64_t count,
                                   const qn_allocator *allocator, qn_error *err)
{
    loading l = {.tickers = tickers, .ticker_count = tickers != NULL ? count : 0, .allocator = allocator};
    *out = NULL;
    if (count < 0)
        return qni_error(err, QN_INVALID, "there cannot be %" PRId64 " tickers", count);
    qn_status s = qn_arena_new(&l.arena, allocator, 0, err);
    if (s != QN_OK)
        return s;
    s = qni_archive_look(archive, "loading reports", load, &l, err);
    if (s == QN_OK)
        s = qn_calendar_from_reports(out, l.reports, l.count, allocator, err);
    if (l.reports != NULL)
        qni_free(allocator, l.reports, l.capacity, (int64_t)sizeof *l.reports);
    qn_arena_free(l.arena);
    return s;
}

/* ---- sectors ---- */

typedef struct sorting {
    qn_arena *arena;
    const char **tickers, **sectors; /* (capacity), count of them found */
    int64_t count, capacity;
} sorting;

static qn_status count_sectors(sorting *l, qn_db *db, qn_error *err)
{
    void *block;
    qn_status s = qni_archive_ask(&l->capacity, db, "SELECT count(*) FROM sector", NULL, 0, err);
    if (s == QN_OK)
        s = qn_arena_take(&block, l->arena, 2 * l->capacity * (int64_t)sizeof *l->tickers, err);
    if (s != QN_OK)
        return s;
    l->tickers = block;
    l->sectors = l->tickers + l->capacity;
    return QN_OK;
}

static qn_status load_sectors(void *user, qn_db *db, qn_error *err)
{
    sorting *l = user;
    qn_rows *rows;
    bool more = true;
    qn_status s = count_sectors(l, db, err);
    if (s == QN_OK)
        s = qn_db_query(&rows, db, "SELECT ticker, sector FROM sector ORDER BY ticker", NULL, 0, err);
    if (s != QN_OK)
        return s;
    while (s == QN_OK && l->count < l->capacity && (s = qn_rows_next(&more, rows, err)) == QN_OK && more) {
        s = qni_archive_text(&l->tickers[l->count], qn_rows_value(rows, 0), l->arena, err);
        if (s == QN_OK)
            s = qni_archive_text(&l->sectors[l->count], qn_rows_value(rows, 1), l->arena, err);
        l->count++;
    }
    qn_rows_close(rows);
    return s;
}

qn_status qn_archive_load_sectors(qn_sectors **out, qn_archive *archive, const qn_allocator *allocator, qn_error *err)
{
    sorting l = {0};
    *out = NULL;
    qn_status s = qn_arena_new(&l.arena, allocator, 0, err);
    if (s != QN_OK)
        return s;
    s = qni_archive_look(archive, "loading sectors", load_sectors, &l, err);
    if (s == QN_OK)
        s = qn_sectors_from_names(out, l.tickers, l.sectors, l.count, allocator, err);
    qn_arena_free(l.arena);
    return s;
}
