/* cli/data_input.h: data of any kind that verbs read: a file of CSV (compressed or not), an array or an archive of
 * NumPy's, a file of NIST's reference datasets, the rows that a database gives; and the options of the command line
 * that say how. One thread.
 *
 * The kind of a file is found by content. Names of columns are known once the file is open; of CSV, which is read
 * later, only those that are asked for are read. */
#ifndef QNI_CLI_DATA_INPUT_H
#define QNI_CLI_DATA_INPUT_H

#include "cli/options.h"
#include "cli/sql_int.h"

#include <quern/nist.h>
#include <quern/npz.h>
#include <quern/table.h>

/* What a verb that reads data says of it in its option table: the same in all of them. */
#define QNI_DATA_OPTION_NO_HEADER                                                                \
    {                                                                                            \
        .name = "no-header", .type = QNI_OPTION_FLAG, .configurable = true, .group = "The data", \
        .help = "The first line is data; the columns are called c1, c2, and so on."              \
    }
#define QNI_DATA_OPTION_DELIMITER                                                                          \
    {                                                                                                      \
        .name = "delimiter", .letter = 'd', .type = QNI_OPTION_STRING, .argument = "CHARACTER",            \
        .absent = "found from the first lines", .refuse = qni_data_delimiter_refuse, .configurable = true, \
        .group = "The data", .help = "What stands between cells: one of , ; | : tab space."                \
    }
#define QNI_DATA_OPTION_TYPES                                                       \
    {                                                                               \
        .name = "types", .type = QNI_OPTION_STRING, .argument = "NAME=TYPE,...",    \
        .absent = "f64 for the columns that are used", .group = "The data",         \
        .help = "Types of columns: f64, f32, i64, bool, string, date or timestamp." \
    }
#define QNI_DATA_OPTION_FROM                                                                      \
    {                                                                                             \
        .name = "from", .type = QNI_OPTION_STRING, .argument = "URL", .group = "The data",        \
        .help = "A database whose rows are the data, in place of DATA: sqlite:FILE, duckdb:FILE " \
                "or postgres://USER@HOST/DATABASE. It is only read."                              \
    }
#define QNI_DATA_OPTION_QUERY                                                               \
    {                                                                                       \
        .name = "query", .type = QNI_OPTION_STRING, .argument = "SQL", .group = "The data", \
        .help = "The statement that gives the rows, with --from. " QNI_SQL_TEXT_HELP        \
    }
#define QNI_DATA_OPTION_PASSWORD QNI_SQL_OPTION_PASSWORD("The data")
#define QNI_DATA_OPTION_PARAM                                                                                          \
    {                                                                                                                  \
        .name = "param", .type = QNI_OPTION_LIST, .argument = "VALUE", .group = "The data", .help = QNI_SQL_PARAM_HELP \
    }

/* What makes a form of a verb of these options; see qni_form. */
#define QNI_DATA_FORM_OPTIONS "from|query"

/* What the argument DATA may be, for help. */
#define QNI_DATA_ARGUMENT_HELP                                                                                 \
    "a CSV file (compressed by gzip or not); an array of NumPy's (.npy), whose columns are c1, c2 and so on; " \
    "an archive of NumPy's (.npz), whose arrays are columns under their own names; "                           \
    "a file of NIST's reference datasets; or - for CSV from standard input."
#define QNI_DATA_ARGUMENT_FILES "csv|tsv|gz|npy|npz|dat"

/* What is wrong with a --delimiter; NULL: nothing. */
const char *qni_data_delimiter_refuse(const char *text);

/* Whether both paths lead to one regular file, by whatever links, or would make one where none is yet. What is no
 * regular file, such as /dev/null, is not replaced by writing and may be named twice. */
bool qni_data_same_file(const char *a, const char *b);

/* Whether a file is regular, or not there yet: writing to it waits for nobody. */
bool qni_data_is_regular(const char *path);

typedef enum qni_data_kind {
    QNI_DATA_CSV,
    QNI_DATA_NIST,
    QNI_DATA_NPY,
    QNI_DATA_NPZ,
    QNI_DATA_DB
} qni_data_kind;

/* How it is to be read. All is borrowed as long as the data is. */
typedef struct qni_data_options {
    const qni_args *args;
    const qni_option *no_header, *delimiter, *types;   /* rows of the verb's table */
    const qni_option *from, *query, *param, *password; /* likewise */
    bool nist;                                         /* the file is NIST's, whatever it looks like */
    const qn_allocator *allocator;
} qni_data_options;

typedef struct qni_data {
    const char *path; /* borrowed: a file, or the URL of a database without its password */
    qni_data_kind kind;
    qni_data_options options;
    const char *const *names; /* (column_count) of the columns; of CSV and rows only until they have been read */
    int64_t column_count;
    qn_csv *csv;           /* open until the table is read */
    qni_sql sql;           /* likewise, where it has rows */
    qn_nist *nist;         /* NULL: the data is none of NIST's files */
    const qn_table *table; /* NULL until it is read; own's or nist's */
    qn_table *own;
    const char **own_names; /* (own_count) of a table or of rows; NULL */
    int64_t own_count;
    int64_t passed; /* rows that qni_data_next has given */
} qni_data;

/* Opens `path` ("-": standard input); NULL: the rows of --from and --query. On failure as well, *out is to be freed.
 * Errors: QN_INVALID (options of CSV for another kind: the command line is wrong), those of quern/table.h, npy.h,
 * nist.h and db.h. */
QN_MUST_USE qn_status qni_data_open(qni_data *out, const char *path, const qni_data_options *options, qn_error *err);

/* Reports an error of qni_data_open: with a caret below the SQL where its place is known. Returns the exit code. */
int qni_data_report(const qni_data *data, const qn_error *err);

/* Adds a column to those of a CSV file that are read: as --types says, else as numbers. Of another kind all are there
 * already. Errors: QN_NAME (with the nearest name), QN_DATA (several columns have that name), QN_NOMEM. */
QN_MUST_USE qn_status qni_data_select(qni_data *data, const char *name, qn_error *err);
/* The same as `type` where --types does not say; QN_TYPE_AUTO: inferred. */
QN_MUST_USE qn_status qni_data_select_as(qni_data *data, const char *name, qn_type type, qn_error *err);

/* Reads all rows of the columns that were selected; data->table is there then. Errors: QN_DATA (also where there is no
 * row), QN_IO, QN_LIMIT, QN_NOMEM; those of quern/db.h. */
QN_MUST_USE qn_status qni_data_read(qni_data *data, qn_error *err);

/* Whether the rows come some at a time, by qni_data_next, and there is no table yet. */
bool qni_data_is_stream(const qni_data *data);

/* Up to `max_rows` further rows of a stream; *out is NULL when none is left, and the caller's to free. Errors: as
 * above. */
QN_MUST_USE qn_status qni_data_next(qn_table **out, qni_data *data, int64_t max_rows, qn_error *err);

/* An error that a table of qni_data_next gave begins with "row N": N then counts from the first row of all. */
void qni_data_renumber(const qni_data *data, const qn_table *table, qn_error *err);

/* Warns of columns in --types that the table does not have, because nothing asks for them: their type says nothing. */
void qni_data_warn_of_types(const qni_data *data, const qn_table *table);

void qni_data_free(qni_data *data); /* all zero is fine */

#endif
