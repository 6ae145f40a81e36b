/* scan/archive_whole.c: whether what a file gave is still whole; see archive_int.h. */
#include "scan/archive_int.h"

#include <stddef.h>

/* Each row: a block, and how many of its rows there should be at least. */
static qn_status look(bool *whole, qn_db *db, int64_t source_id, const char *sql, const qni_block_layout *layout,
                      qn_error *err)
{
    const qn_value id = qn_value_i64(source_id);
    qn_rows *rows;
    bool more = true;
    qn_status s = qn_db_query(&rows, db, sql, &id, 1, err);
    if (s != QN_OK)
        return s;
    while (*whole && (s = qn_rows_next(&more, rows, err)) == QN_OK && more) {
        const qn_value block = qn_rows_value(rows, 0);
        int64_t count = 0;
        *whole = qni_block_check(&count, layout, block.bytes, block.size) == NULL && qn_rows_value(rows, 1).i64 > 0 &&
                 count >= qn_rows_value(rows, 1).i64;
    }
    qn_rows_close(rows);
    return s;
}

qn_status qni_archive_is_whole(bool *out, qn_db *db, int64_t source_id, qn_error *err)
{
    *out = true;
    qn_status s = look(out, db, source_id,
                       "SELECT e.block, e.quote_count FROM chain c JOIN chain_expiry e ON e.chain_id = c.id "
                       "WHERE c.source_id = $1",
                       &qni_archive_quotes, err);
    if (s == QN_OK)
        s = look(out, db, source_id,
                 "SELECT p.block, s.day_count FROM price_source s LEFT JOIN price p ON p.ticker = s.ticker "
                 "WHERE s.source_id = $1",
                 &qni_archive_days, err);
    return s;
}
