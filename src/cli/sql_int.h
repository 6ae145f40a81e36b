/* cli/sql_int.h: a statement as the command line asks for it, for `quern sql` and for --from; and the formats in which
 * `quern sql` shows what comes back.
 *
 * Always: rows are shown as they arrive, so that memory holds a few of them, however many there are; but for an array
 * (npy), which is whole or not at all. One thread. */
#ifndef QNI_CLI_SQL_INT_H
#define QNI_CLI_SQL_INT_H

#include "base/file.h"
#include "base/secret.h"
#include "base/time.h"
#include "cli/command.h"

#include <quern/db.h>

/* What --param takes, for help. */
#define QNI_SQL_PARAM_HELP                                                                                             \
    "What $1 stands for in the SQL, then $2, and so on, once for each. The database decides what VALUE is, but where " \
    "it begins with text:, int:, float:, bool:, date:, timestamp:, decimal:, bytes: (hexadecimal) or null:."

/* The option of the verbs that connect. */
#define QNI_SQL_OPTION_PASSWORD(heading)                                                                      \
    {                                                                                                         \
        .name = "password", .type = QNI_OPTION_SECRET, .argument = QNI_SECRET_ARGUMENT, .configurable = true, \
        .group = (heading), .help = "The password for a server, in place of any in the URL. " QNI_SECRET_HELP \
    }

/* What an argument or option that holds SQL may be, for help. */
#define QNI_SQL_TEXT_HELP "@FILE reads it from a file, - from standard input."

/* The values of --param, $1 first. */
typedef struct qni_sql_params {
    qn_value *values; /* (count) texts are argv's own or in `bytes` */
    int64_t count;
    char *bytes; /* (byte_size) */
    int64_t byte_size;
} qni_sql_params;

/* Reads all values of `option` (a list). On failure as well, *out is to be freed. Errors: QN_INVALID (naming which
 * one), QN_NOMEM. */
QN_MUST_USE qn_status qni_sql_params_read(qni_sql_params *out, const qni_args *args, const qni_option *option,
                                          const qn_allocator *allocator, qn_error *err);
/* The byte that two hexadecimal digits say; false: they are none. */
bool qni_sql_byte(char *out, const char *digits);
void qni_sql_params_free(qni_sql_params *params, const qn_allocator *allocator);

/* Fetches what --password (`option`) leads to; *password, borrowed from *out, is NULL where it is not given, or only
 * configured and the URL is not of a server. Errors: QN_INVALID (given, and the URL is not of a server), those of
 * base/secret.h; *out is empty then. */
QN_MUST_USE qn_status qni_sql_password(qni_secret *out, const char **password, const qni_args *args,
                                       const qni_option *option, const char *url, const qn_allocator *allocator,
                                       qn_error *err);

/* What is to be run. All is borrowed as long as the statement is. */
typedef struct qni_sql_options {
    const qni_args *args;
    const qni_option *param, *password;
    const char *url, *sql; /* as typed */
    bool read_only;
    int64_t timeout_ms; /* 0: any time */
    const qn_allocator *allocator;
} qni_sql_options;

typedef struct qni_sql {
    const char *text; /* (size) the SQL: argv's own or in `bytes` */
    int64_t size;
    const char *file; /* "query.sql" of @query.sql; NULL: the command line */
    qni_file_bytes bytes;
    qni_sql_params params;
    qn_db *db;
    qn_rows *rows;
    const qn_allocator *allocator;
} qni_sql;

/* Connects and starts the statement. On failure as well, *out is to be freed. Errors: QN_INVALID (the command line is
 * wrong), those of base/file.h and quern/db.h. */
QN_MUST_USE qn_status qni_sql_open(qni_sql *out, const qni_sql_options *options, qn_error *err);
/* Disconnects. All zero is fine. */
void qni_sql_free(qni_sql *sql);

/* Reports an error of qni_sql_open, with a caret below the SQL where its place is known; `verb` names where help is to
 * be found. Returns the exit code. */
int qni_sql_report(const qni_sql *sql, const qn_error *err, const char *verb);

/* Whether the SQL is to come from standard input. */
bool qni_sql_is_standard_input(const char *sql);

/* The file in which a URL's database is, in `out` (size bytes); false: it is in none, or that has a longer name. */
bool qni_sql_file(char *out, int64_t size, const char *url);

/* ---- showing ---- */

/* One run of `quern sql`, while a statement's rows are open. */
typedef struct sql_show {
    qni_out *out;
    qn_rows *rows;
    int64_t columns;
    int64_t row;      /* the rows shown */
    const char *null; /* what stands for NULL, as --null says; NULL: the format's own way */
    const qn_allocator *allocator;
} sql_show;

/* Each shows all rows, or how many the statement changed where it gives none. What was written before an error stays.
 * Errors: those of quern/db.h, QN_DATA (a value that the format cannot show), QN_NOMEM. */
QN_MUST_USE qn_status qni_sql_text(sql_show *show, qn_error *err);
QN_MUST_USE qn_status qni_sql_csv(sql_show *show, qn_error *err);
QN_MUST_USE qn_status qni_sql_json(sql_show *show, qn_error *err);
/* Errors: also QN_DATA (a column that is none of numbers), those of quern/npy.h. */
QN_MUST_USE qn_status qni_sql_npy(const sql_show *show, qn_error *err);

/* Goes to the next row, and passes over the rows that a statement without columns has not. */
QN_MUST_USE qn_status qni_sql_changed(int64_t *changed, const sql_show *show, qn_error *err);

/* A value in a few characters, all but NULL, TEXT, BYTES and DECIMAL: true, 42, 0.1, 2026-02-13,
 * 2026-02-13T14:30:00.5Z. Returns the length. Errors: QN_DATA (a date or time beyond the years 1 to 9999). */
QN_MUST_USE qn_status qni_sql_scalar(char out[QNI_TIME_TEXT_SIZE], int64_t *size, const sql_show *show, int64_t column,
                                     const qn_value *value, qn_error *err);

/* Two digits for each byte, in pieces. */
void qni_sql_hex(void (*put)(void *to, const char *bytes, int64_t size), void *to, const qn_value *value);

/* A cell of CSV that is text, in quotes where it would not be read as that text otherwise. null: what stands for a
 * missing one; NULL: nothing but what always does. */
void qni_sql_csv_cell(qni_out *out, const char *bytes, int64_t size, const char *null);

/* What is wrong with a --null; NULL: nothing. */
const char *qni_sql_null_refuse(const char *text);

#endif
