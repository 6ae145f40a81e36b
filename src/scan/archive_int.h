/* scan/archive_int.h: what the files of the archive share.
 *
 *    archive.c           opening, closing, which chains there are
 *    archive_schema.c    its tables, as migrations
 *    archive_block.c     rows as one block of bytes
 *    archive_kind.c      which kind of file something is
 *    archive_import.c    a file on its way in: known or not, all or nothing
 *    archive_chain.c     snapshots of chains, out and in; the others likewise
 *    archive_prices.c
 *    archive_calendar.c  reports and sectors
 *    archive_record.c    chains that are records
 *    archive_status.c    tables of what there is
 *    archive_whole.c     whether blocks are damaged
 *
 * Always: what is written is written within the one transaction of an import. */
#ifndef QNI_SCAN_ARCHIVE_INT_H
#define QNI_SCAN_ARCHIVE_INT_H

#include "scan/archive_block.h"
#include "scan/limits.h"

#include <quern/archive.h>
#include <quern/arena.h>
#include <quern/dbpool.h>
#include <quern/records.h>

struct qn_archive {
    const qn_allocator *allocator;
    qn_dbpool *pool;
};

/* What is being imported. */
typedef struct qni_intake {
    qn_db *db;         /* in the import's transaction */
    int64_t source_id; /* of the file */
    qn_arena *scratch; /* of the import */
    bool repair;       /* the file was kept before, and some of that is damaged: what is, is left out */
    qn_import *result; /* new_rows is counted up */
} qni_intake;

/* archive_schema.c: brings the tables up to date. Errors: those of qn_migrate. */
QN_MUST_USE qn_status qni_archive_schema(qn_db *db, const qn_allocator *allocator, qn_error *err);

/* archive_kind.c: which kind of file `size` bytes are, by their content; UNKNOWN: none that is known. */
qn_source qni_archive_kind(const char *bytes, int64_t size, const char *map);

/* archive_record.c: whether `size` bytes are an object with a schema of Quern's; whether such a record may be kept; and
 * a copy of its chain. Errors: QN_DATA (another kind of record, nothing in it, days that no calendar has), QN_NOMEM. */
bool qni_archive_is_record(const char *bytes, int64_t size);
QN_MUST_USE qn_status qni_archive_check_record(const qn_record *record, const char *file, qn_error *err);
QN_MUST_USE qn_status qni_archive_copy_chain(qn_chain **out, const qn_chain *chain, const qn_allocator *allocator,
                                             qn_error *err);

/* archive_whole.c: whether all blocks with something of that file are as they were written. Errors: those of
 * quern/db.h. */
QN_MUST_USE qn_status qni_archive_is_whole(bool *out, qn_db *db, int64_t source_id, qn_error *err);

/* Into the archive, and new_rows. Errors: those of quern/db.h, QN_NOMEM. */
QN_MUST_USE qn_status qni_archive_put_chain(qni_intake *in, const qn_chain *chain, qn_error *err);
QN_MUST_USE qn_status qni_archive_put_prices(qni_intake *in, const qn_prices *prices, qn_error *err);
QN_MUST_USE qn_status qni_archive_put_calendar(qni_intake *in, const qn_calendar *calendar, qn_error *err);
QN_MUST_USE qn_status qni_archive_put_sectors(qni_intake *in, const qn_sectors *sectors, qn_error *err);

/* archive.c: runs body(user, …) on a connection, in a transaction that only reads. */
QN_MUST_USE qn_status qni_archive_look(qn_archive *archive, const char *who,
                                       qn_status (*body)(void *user, qn_db *db, qn_error *err), void *user,
                                       qn_error *err);

/* What a statement with the values params (count) answers with one whole number; 0: with no row. */
QN_MUST_USE qn_status qni_archive_ask(int64_t *out, qn_db *db, const char *sql, const qn_value *params, int64_t count,
                                      qn_error *err);

/* A copy of a text of a row in an arena; "" where the value is NULL. */
QN_MUST_USE qn_status qni_archive_text(const char **out, qn_value value, qn_arena *arena, qn_error *err);

/* NaN becomes NULL, and back. */
qn_value qni_archive_number(double value);
double qni_archive_double(qn_value value);

/* The columns of a block of prices, which lies in memory as these rows. */
typedef struct qni_archive_day {
    double open, high, low, close, volume;
    int32_t day;
    int32_t source; /* the file that it is from */
} qni_archive_day;
extern const qni_block_layout qni_archive_days;
extern const qni_block_layout qni_archive_quotes; /* of an expiry, as qn_quote */

#endif
