/* cli/data_input.h: a file of data of any kind that verbs read: CSV (compressed or not), an array of NumPy's, a file of
 * NIST's reference datasets; and the options of the command line that say how. One thread.
 *
 * The kind is found by content. Names of columns are known once the file is open; of CSV, which is read later, only
 * those that are asked for are read. */
#ifndef QNI_CLI_DATA_INPUT_H
#define QNI_CLI_DATA_INPUT_H

#include "cli/options.h"

#include <quern/nist.h>
#include <quern/npy.h>
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

/* What the argument DATA may be, for help. */
#define QNI_DATA_ARGUMENT_HELP                                                                                 \
    "a CSV file (compressed by gzip or not); an array of NumPy's (.npy), whose columns are c1, c2 and so on; " \
    "a file of NIST's reference datasets; or - for CSV from standard input."
#define QNI_DATA_ARGUMENT_FILES "csv|tsv|gz|npy|dat"

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
    QNI_DATA_NPY
} qni_data_kind;

/* How it is to be read. All is borrowed as long as the data is. */
typedef struct qni_data_options {
    const qni_args *args;
    const qni_option *no_header, *delimiter, *types; /* rows of the verb's table */
    bool nist;                                       /* the file is NIST's, whatever it looks like */
    const qn_allocator *allocator;
} qni_data_options;

typedef struct qni_data {
    const char *path; /* borrowed */
    qni_data_kind kind;
    qni_data_options options;
    const char *const *names; /* (column_count) of the columns; of CSV only until it has been read */
    int64_t column_count;
    qn_csv *csv;           /* open until the table is read */
    qn_nist *nist;         /* NULL: the data is none of NIST's files */
    const qn_table *table; /* NULL until it is read; own's or nist's */
    qn_table *own;
    const char **own_names; /* (column_count) of a table; NULL */
} qni_data;

/* Opens `path` ("-": standard input). On failure *out needs no free. Errors: QN_INVALID (options of CSV for another
 * kind: the command line is wrong), those of quern/table.h, npy.h and nist.h. */
QN_MUST_USE qn_status qni_data_open(qni_data *out, const char *path, const qni_data_options *options, qn_error *err);

/* Adds a column to those of a CSV file that are read: as --types says, else as numbers. Of another kind all are there
 * already. Errors: QN_NAME (with the nearest name), QN_DATA (several columns have that name), QN_NOMEM. */
QN_MUST_USE qn_status qni_data_select(qni_data *data, const char *name, qn_error *err);

/* Reads all rows of the columns that were selected; data->table is there then. Errors: QN_DATA (also where there is no
 * row), QN_IO, QN_LIMIT, QN_NOMEM. */
QN_MUST_USE qn_status qni_data_read(qni_data *data, qn_error *err);

/* Warns of columns in --types that the table does not have, because nothing asks for them: their type says nothing. */
void qni_data_warn_of_types(const qni_data *data, const qn_table *table);

void qni_data_free(qni_data *data); /* all zero is fine */

#endif
