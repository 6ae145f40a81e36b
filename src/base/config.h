/* base/config.h: reading configuration files: the part of TOML 1.0 that settings need.
 *
 *     # a comment
 *     log-level = "info"              above all tables
 *     [fit]
 *     format = 'json'                 basic and literal strings, on one line
 *     max-evals = 10_000              whole numbers, floats (1.5, 2e-3, inf), true and false
 *     names = ["a", "b"]              arrays of these, over several lines if need be
 *
 * Every file that is read here means the same to any reader of TOML. What TOML has besides (dotted and quoted keys,
 * arrays of tables, inline tables, text over several lines, dates, hexadecimal numbers) is refused with a sentence. So
 * are a key or a table that comes twice, text that is not UTF-8, control characters, and a zero in a string.
 *
 * Which keys there are is not known here. Any thread. */
#ifndef QNI_BASE_CONFIG_H
#define QNI_BASE_CONFIG_H

#include <quern/base.h>

typedef enum qni_config_type {
    QNI_CONFIG_STRING,
    QNI_CONFIG_INTEGER, /* fits an int64_t */
    QNI_CONFIG_FLOAT,
    QNI_CONFIG_BOOLEAN
} qni_config_type;

typedef struct qni_config_value {
    qni_config_type type;
    const char *text;     /* a string's characters; else as base/number.h reads it ("10000"), or "true", "false" */
    int64_t line, column; /* where it begins, 1-based, the column in bytes */
} qni_config_value;

typedef struct qni_config_entry {
    const char *key;
    int64_t line, column;
    int64_t table; /* index among the tables */
    bool array;
    int64_t value; /* index of the first of its values */
    int64_t value_count;
} qni_config_entry;

typedef struct qni_config_table {
    const char *name; /* "" of the first, which is always there: what stands above all tables */
    int64_t line, column;
} qni_config_table;

/* What a file says, in its order. A table stands among the tables even where it is empty. */
typedef struct qni_config {
    qni_config_table *tables;
    int64_t table_count, table_capacity;
    qni_config_entry *entries;
    int64_t entry_count, entry_capacity;
    qni_config_value *values;
    int64_t value_count, value_capacity;
    char *texts; /* all names and texts, each with its zero */
    int64_t text_size, text_capacity;
    const qn_allocator *allocator;
} qni_config;

/* Reads [text, text + size). `file` (may be NULL) is the name that an error carries beside its line and column. On
 * failure *out is empty. Errors: QN_CONFIG (also where a limit of base/limits.h is exceeded), QN_NOMEM. */
QN_MUST_USE qn_status qni_config_read(qni_config *out, const char *text, int64_t size, const char *file,
                                      const qn_allocator *allocator, qn_error *err);

/* Gives all back. An empty one is fine. */
void qni_config_free(qni_config *config);

/* "a string", "a whole number", "a floating-point number", "true or false": what a person calls a value of the type. */
const char *qni_config_type_name(qni_config_type type);

#endif
