/* scan/archive_status.c: tables of what the archive has, and from where; see archive.h. */
#include "array/table_build.h"
#include "base/clock.h"
#include "base/error.h"
#include "mem/refuse.h"
#include "scan/archive_int.h"

#include <string.h>

/* A column of a table, in the order of what a query gives. */
typedef struct column {
    const char *name;
    qn_type type;
} column;

typedef struct making {
    const char *sql;
    const column *columns;
    int64_t count;
    const qn_allocator *allocator;
    qn_table *table;
} making;

static qn_status begin(making *m, qn_error *err)
{
    const char *names[QNI_ARCHIVE_COLUMNS];
    bool typed = true;
    for (int64_t c = 0; c < m->count; c++)
        names[c] = m->columns[c].name;
    qn_status s = qni_table_build_new(&m->table, names, m->count, "the store", m->allocator, err);
    for (int64_t c = 0; s == QN_OK && c < m->count; c++)
        typed = typed && qni_table_build_type(m->table, c, m->columns[c].type);
    return s == QN_OK && !typed ? qni_refused(err, m->allocator, 0, "a table of the store") : s;
}

static qn_status put_value(const making *m, int64_t c, int64_t row, qn_value value, qn_error *err)
{
    if (value.type == QN_VALUE_NULL)
        return qni_table_build_missing(m->table, c, row) ? QN_OK
                                                         : qni_refused(err, m->allocator, 0, "a table of the store");
    if (m->columns[c].type == QN_TYPE_STRING)
        return qni_table_build_string(m->table, c, row, value.bytes != NULL ? value.bytes : "", value.size, err);
    if (m->columns[c].type == QN_TYPE_DATE) {
        int32_t *days = qni_table_build_values(m->table, c);
        days[row] = (int32_t)value.i64;
    } else {
        int64_t *wholes = qni_table_build_values(m->table, c);
        wholes[row] = value.i64;
    }
    return QN_OK;
}

static qn_status put_row(const making *m, qn_rows *rows, qn_error *err)
{
    const int64_t row = qn_table_row_count(m->table);
    if (!qni_table_build_reserve(m->table, 1))
        return qni_refused(err, m->allocator, 0, "a table of the store");
    qn_status s = QN_OK;
    for (int64_t c = 0; c < m->count && s == QN_OK; c++)
        s = put_value(m, c, row, qn_rows_value(rows, c), err);
    if (s == QN_OK)
        qni_table_build_rows(m->table, 1);
    return s;
}

static qn_status make(void *user, qn_db *db, qn_error *err)
{
    making *m = user;
    const qn_value now = qn_value_i64(qni_clock_wall_ns() / 1000);
    qn_rows *rows;
    bool more = true;
    qn_status s = begin(m, err);
    if (s == QN_OK)
        s = qn_db_query(&rows, db, m->sql, &now, strstr(m->sql, "$1") != NULL, err);
    if (s != QN_OK)
        return s;
    while (s == QN_OK && (s = qn_rows_next(&more, rows, err)) == QN_OK && more)
        s = put_row(m, rows, err);
    qn_rows_close(rows);
    return s;
}

static qn_status make_table(qn_table **out, qn_archive *archive, making *m, qn_error *err)
{
    *out = NULL;
    m->allocator = archive->allocator;
    qn_status s = qni_archive_look(archive, "looking at the store", make, m, err);
    if (s != QN_OK) {
        qn_table_free(m->table);
        return s;
    }
    qni_table_build_finish(m->table);
    *out = m->table;
    return QN_OK;
}

qn_status qn_archive_sources(qn_table **out, qn_archive *archive, qn_error *err)
{
    static const column columns[] = {
        {"file", QN_TYPE_STRING},        {"kind", QN_TYPE_STRING}, {"ticker", QN_TYPE_STRING},
        {"tickers", QN_TYPE_I64},        {"rows", QN_TYPE_I64},    {"in_use", QN_TYPE_I64},
        {"imported", QN_TYPE_TIMESTAMP}, {"size", QN_TYPE_I64},    {"digest", QN_TYPE_STRING}};
    making m = {
        .sql = "SELECT path, kind, CASE WHEN ticker_count = 1 THEN ticker END, ticker_count, row_count, "
               "coalesce(c.n, 0) + coalesce(p.n, 0) + coalesce(r.n, 0) + coalesce(x.n, 0), imported_at_us, size, "
               "lower(hex(digest)) FROM source s "
               "LEFT JOIN (SELECT source_id, sum(quote_count) AS n FROM chain GROUP BY source_id) c "
               "ON c.source_id = s.id "
               "LEFT JOIN (SELECT source_id, sum(day_count) AS n FROM price_source GROUP BY source_id) p "
               "ON p.source_id = s.id "
               "LEFT JOIN (SELECT source_id, count(*) AS n FROM report GROUP BY source_id) r ON r.source_id = s.id "
               "LEFT JOIN (SELECT source_id, count(*) AS n FROM sector GROUP BY source_id) x ON x.source_id = s.id "
               "ORDER BY s.id",
        .columns = columns,
        .count = sizeof columns / sizeof columns[0],
    };
    return make_table(out, archive, &m, err);
}

/* A report is coming where its day is that of the newest chain or later; without a chain, today or later. Days are New
 * York's in winter. */
qn_status qn_archive_status(qn_table **out, qn_archive *archive, qn_error *err)
{
    static const column columns[] = {
        {"ticker", QN_TYPE_STRING}, {"chains", QN_TYPE_I64},       {"as_of", QN_TYPE_TIMESTAMP},
        {"quotes", QN_TYPE_I64},    {"prices_from", QN_TYPE_DATE}, {"prices_to", QN_TYPE_DATE},
        {"days", QN_TYPE_I64},      {"reports", QN_TYPE_I64},      {"next_report", QN_TYPE_DATE},
        {"sector", QN_TYPE_STRING}, {"sources", QN_TYPE_I64}};
    making m = {
        .sql = "WITH known AS (SELECT ticker FROM chain UNION SELECT ticker FROM price UNION SELECT ticker FROM report "
               "UNION SELECT ticker FROM sector), "
               "newest AS (SELECT ticker, count(*) AS chains, max(as_of_us) AS as_of_us, quote_count FROM chain "
               "GROUP BY ticker), "
               "used AS (SELECT ticker, source_id FROM chain UNION SELECT ticker, source_id FROM price_source UNION "
               "SELECT ticker, source_id FROM report UNION SELECT ticker, source_id FROM sector), "
               "dated AS (SELECT k.ticker, (coalesce(n.as_of_us, $1) - 18000000000) / 86400000000 AS day FROM known k "
               "LEFT JOIN newest n ON n.ticker = k.ticker) "
               "SELECT d.ticker, coalesce(n.chains, 0), n.as_of_us, n.quote_count, p.first_day, p.last_day, "
               "coalesce(p.day_count, 0), "
               "(SELECT count(*) FROM report r WHERE r.ticker = d.ticker AND r.day < d.day), "
               "(SELECT min(day) FROM report r WHERE r.ticker = d.ticker AND r.day >= d.day), s.sector, "
               "(SELECT count(*) FROM used u WHERE u.ticker = d.ticker) "
               "FROM dated d LEFT JOIN newest n ON n.ticker = d.ticker LEFT JOIN price p ON p.ticker = d.ticker "
               "LEFT JOIN sector s ON s.ticker = d.ticker ORDER BY d.ticker",
        .columns = columns,
        .count = sizeof columns / sizeof columns[0],
    };
    return make_table(out, archive, &m, err);
}
