/* store/front_int.h: what the files of the front share: db.c, rows.c, scope.c; and what a pool needs of a connection.
 */
#ifndef QNI_STORE_FRONT_INT_H
#define QNI_STORE_FRONT_INT_H

#include "store/store_int.h"

struct qn_rows {
    qn_db *db;
    qni_statement *statement; /* NULL: over, by its end, an error or a rollback */
    const qn_allocator *allocator;
    const char **names; /* (column_count) in name_bytes: they outlive the statement */
    char *name_bytes;
    int64_t name_size;
    qn_value_type *value_types; /* (column_count) */
    qn_type *types;             /* (column_count) of tables; QN_TYPE_AUTO: no value has said it yet */
    int64_t column_count;
    int64_t row_count; /* passed */
    int64_t changed;
    bool fixed;  /* no type is left to the values: the driver can read many rows at once */
    bool read;   /* a table was made */
    bool failed; /* only to be closed */
};

/* Whether a call may begin now. Errors: QN_CLOSED, QN_BUSY, QN_DATA (the scope has failed). */
qn_status qni_db_ready(qn_db *db, qn_error *err);

/* Notes an error of the database in the scope in which it happened. */
void qni_db_condemn(qn_db *db, const qn_error *why);

/* Whether values can be bound. Errors: QN_INVALID. */
qn_status qni_db_check_params(const qn_value *params, int64_t param_count, qn_error *err);

/* The text's statement if it is kept prepared for such parameters, else NULL; and that or, where it is not, a new one,
 * for which the one that was used longest ago may go. */
qni_statement *qni_db_kept(qn_db *db, const char *sql, const qn_value *params, int64_t param_count);
qn_status qni_db_prepare(qni_statement **out, qn_db *db, const char *sql, const qn_value *params, int64_t param_count,
                         qn_error *err);

/* Whether a statement has that many parameters. Errors: QN_INVALID. */
qn_status qni_db_check_count(const qni_statement *statement, int64_t param_count, qn_error *err);

/* The text prepared and started. Errors are noted in the scope. */
qn_status qni_db_start(qni_statement **out, qn_db *db, const char *sql, const qn_value *params, int64_t param_count,
                       qn_error *err);
/* The other end of it. */
void qni_db_finish(qni_statement *statement);

/* Ends what runs under the rows; they stay, to be closed. */
void qni_rows_detach(qn_rows *rows);

/* Ends every scope, and a transaction that SQL text began; rows are detached. */
void qni_db_rollback_all(qn_db *db);

#endif
