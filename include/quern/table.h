/* quern/table.h: named columns in memory, and reading them from CSV.
 *
 * Caveats first:
 *  - A table is immutable once made and may be read by any number of threads. Pointers into it are valid until it is
 *    freed.
 *  - Columns are laid out as in the Arrow columnar format: values in one buffer, a validity bitmap (bit i of byte i/8,
 *    least significant first; NULL when nothing is missing), buffers aligned to 64 bytes. A missing value's slot holds
 *    0 (NaN for float64).
 *  - Text columns are dictionary coded: int32 codes into a list of distinct strings.
 */
#ifndef QUERN_TABLE_H
#define QUERN_TABLE_H

#include <quern/array.h>
#include <quern/base.h>

QN_BEGIN_DECLS

/* What a column holds, and as what its values lie in memory. Only ever appended to. */
typedef enum qn_type {
    QN_TYPE_AUTO = 0,      /* only in requests: inferred */
    QN_TYPE_F64 = 1,       /* double */
    QN_TYPE_F32 = 2,       /* float */
    QN_TYPE_I64 = 3,       /* int64_t */
    QN_TYPE_BOOL = 4,      /* one bit each, as the validity bitmap */
    QN_TYPE_STRING = 5,    /* int32_t codes, see qn_table_string */
    QN_TYPE_DATE = 6,      /* int32_t days since 1970-01-01 */
    QN_TYPE_TIMESTAMP = 7, /* int64_t microseconds since 1970-01-01T00:00:00Z */
} qn_type;

/* "f64", "f32", "i64", "bool", "string", "date", "timestamp"; static. And back: QN_TYPE_AUTO for an unknown name. */
QN_API const char *qn_type_name(qn_type type);
QN_API qn_type qn_type_from_name(const char *name);

typedef struct qn_table qn_table;

/* In all functions below `column` and `row` count from 0 and must be below the counts. */

/* How large it is, what its columns are. A column is found by its exact `name`; names are borrowed. */
QN_API int64_t qn_table_row_count(const qn_table *table);
QN_API int64_t qn_table_column_count(const qn_table *table);
QN_API const char *qn_table_column_name(const qn_table *table, int64_t column);
QN_API int64_t qn_table_column_find(const qn_table *table, const char *name); /* -1: no such column */
QN_API qn_type qn_table_column_type(const qn_table *table, int64_t column);

/* The values buffer of a column, typed as its qn_type says; borrowed. */
QN_API const void *qn_table_values(const qn_table *table, int64_t column);
/* The values of a float64 column, or NULL where the column has another type. */
QN_API const double *qn_table_f64(const qn_table *table, int64_t column);
/* The validity bitmap, NULL when nothing is missing; and how many are. */
QN_API const uint8_t *qn_table_validity(const qn_table *table, int64_t column);
QN_API int64_t qn_table_missing_count(const qn_table *table, int64_t column);
QN_API bool qn_table_is_missing(const qn_table *table, int64_t column, int64_t row);
/* Writes the numbers of a whole column as doubles, out (row_count): f64 and f32 as they are, i64 rounded beyond 2^53,
 * bool as 0 and 1; NaN where a value is missing. False: the column holds none of these, and nothing is written. */
QN_API bool qn_table_read_f64(const qn_table *table, int64_t column, double *out);
/* The distinct strings of a text column, in order of first appearance, zero-terminated; `code` is a value of the
 * column. Borrowed. */
QN_API int64_t qn_table_string_count(const qn_table *table, int64_t column);
QN_API const char *qn_table_string(const qn_table *table, int64_t column, int64_t code);

/* Where a row stood in its file: the name ("" where there was none) and the 1-based line (0: unknown). */
QN_API const char *qn_table_source(const qn_table *table);
QN_API int64_t qn_table_row_line(const qn_table *table, int64_t row);

QN_API void qn_table_free(qn_table *table); /* NULL is fine */

/* Makes a table of float64 columns from a program's own arrays, which are copied; NaN stays a value.
 * names (column_count), columns (column_count) of (row_count) each. Errors: QN_INVALID, QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_table_from_f64(qn_table **out, const char *const *names, const double *const *columns,
                                               int64_t column_count, int64_t row_count, const qn_allocator *allocator,
                                               qn_error *err);

/* Makes a table of float64 columns c1, c2, … from an array of any type: one axis is one column, two axes are rows and
 * columns. The elements are copied, an i64 beyond 2^53 is rounded, NaN stays a value. `source` (copied; NULL: none) is
 * what complaints about rows call it. Errors: QN_INVALID (another number of axes), QN_LIMIT (more than 4194304
 * columns), QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_table_from_array(qn_table **out, const qn_array *array, const char *source,
                                                 const qn_allocator *allocator, qn_error *err);

/* Reading CSV: RFC 4180 with what is found in practice. UTF-8 with or without BOM; LF, CRLF or CR; delimiter , ; tab or
 * runs of spaces, detected; quoted fields with doubled quotes and line breaks inside; blank lines and lines starting
 * with # skipped; missing: empty, NA, N/A, NaN, nan, null, NULL, None. Every complaint names file, line and column
 * (bytes from 1).
 *
 *  - What gzip compressed is recognised by its content and inflated as it is read. Damage and a missing end are errors
 *    where reading arrives at them: rows before may have been handed out, the end never is.
 *  - Blanks around a cell count for nothing. A quoted cell of a text column is text as it stands, even "" and "NA"; in
 *    other columns quotes change nothing. A blank line is no row, in a file of one column neither: there NA stands for
 *    a missing value.
 *  - Every row has as many cells as the header, read or not. An empty name becomes c<N>. Equal names are an error only
 *    when read.
 *  - Types that are not given are inferred from the rows that begin within the first MiB, at most 10000: bool (true,
 *    false), i64, f64, date (YYYY-MM-DD), timestamp (ISO 8601; UTC unless it says otherwise), else string; f64 where
 *    all is missing. A later cell that does not fit is an error that says which type to give. A column given as bool
 *    takes 0 and 1 as well, one given as timestamp dates.
 *  - inf is a value; a number too large for its type is an error. Decimal commas and thousands separators are errors.
 *  - Limits: a record of 256 MiB, 4194304 columns.
 * A reader belongs to one thread at a time. It reads ahead of the rows that are asked for. */
typedef struct qn_csv qn_csv;

/* How a file is to be read. Zero or NULL in a field means its default. */
typedef struct qn_csv_options {
    int64_t size;      /* sizeof(qn_csv_options) */
    bool no_header;    /* the first line is data; columns are named c1, c2, … */
    char delimiter;    /* 0: detected; ' ' means runs of spaces and tabs */
    const char *types; /* "x=f64,when=date": types that are not to be inferred; NULL: none. Borrowed during the call */
    const qn_allocator *allocator; /* NULL: the default. Borrowed, must outlive reader and tables */
} qn_csv_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_csv_options_init(qn_csv_options *out, int64_t size);

/* Opens `path` ("-": standard input), reads the header. Holds a buffer of 256 KiB, of 2 MiB where types are
 * inferred, or of up to twice the longest record. Errors: QN_NO_INPUT, QN_PERMISSION, QN_IO, QN_DATA (empty file, a
 * header that cannot be, another kind of file), QN_LIMIT, QN_UNAVAILABLE (gzip without zlib), QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_csv_open(qn_csv **out, const char *path, const qn_csv_options *options, qn_error *err);
/* The same over `size` bytes in memory (borrowed until closed); `name` is what complaints call them (copied). Errors as
 * above. */
QN_API QN_MUST_USE qn_status qn_csv_open_bytes(qn_csv **out, const char *bytes, int64_t size, const char *name,
                                               const qn_csv_options *options, qn_error *err);
QN_API int64_t qn_csv_column_count(const qn_csv *csv);
QN_API const char *const *qn_csv_column_names(const qn_csv *csv); /* (column_count), borrowed until closed */

/* Reads only the named columns, in the order of the calls, as `type`: a cell that does not fit the type is an error
 * with its place. QN_TYPE_AUTO: as options.types says, else inferred. Without a call all columns are read. The same
 * call again changes nothing. Before the first read only. Errors: QN_NAME (with the nearest name), QN_DATA (several
 * columns have that name), QN_INVALID, QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_csv_select(qn_csv *csv, const char *name, qn_type type, qn_error *err);

/* Reads up to `max_rows` further rows (-1: all that are left) into a new table; *out is NULL when none is left. Types
 * are inferred before the first read and stay. Errors: QN_DATA, QN_IO, QN_LIMIT, QN_NOMEM; after one the reader can
 * only be closed. */
QN_API QN_MUST_USE qn_status qn_csv_read(qn_table **out, qn_csv *csv, int64_t max_rows, qn_error *err);
QN_API void qn_csv_close(qn_csv *csv); /* NULL is fine */

QN_END_DECLS
#endif
