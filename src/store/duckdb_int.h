/* store/duckdb_int.h: DuckDB's C interface as far as it is used, declared here because the library is opened at run
 * time, and what the files of its driver share.
 *
 *    duckdb.c           the driver: opening, control, scripts
 *    duckdb_instance.c  one database for all connections of this process to one file
 *    duckdb_error.c     its errors
 *    duckdb_run.c       statements: preparing, starting, stepping
 *    duckdb_bind.c      values into parameters
 *    duckdb_value.c     values out of vectors
 *    duckdb_text.c      what has no type of ours, as DuckDB writes it
 *    duckdb_read.c      vectors into tables
 *    duckdb_insert.c    tables into tables
 *
 * Types, signatures and numbers are those of DuckDB 1.1, which later versions only add to (but that const is said
 * where it holds); the functions that came later are optional. */
#ifndef QNI_STORE_DUCKDB_INT_H
#define QNI_STORE_DUCKDB_INT_H

#include "store/store_int.h"

/* ---- DuckDB's own ---- */

typedef uint64_t idx_t;
typedef int duckdb_state; /* 0: done */

typedef struct duckdb_database_s *duckdb_database;
typedef struct duckdb_connection_s *duckdb_connection;
typedef struct duckdb_config_s *duckdb_config;
typedef struct duckdb_extracted_statements_s *duckdb_extracted_statements;
typedef struct duckdb_prepared_statement_s *duckdb_prepared_statement;
typedef struct duckdb_pending_result_s *duckdb_pending_result;
typedef struct duckdb_data_chunk_s *duckdb_data_chunk;
typedef struct duckdb_vector_s *duckdb_vector;
typedef struct duckdb_logical_type_s *duckdb_logical_type;
typedef struct duckdb_value_s *duckdb_value;
typedef struct duckdb_appender_s *duckdb_appender;
typedef struct duckdb_error_data_s *duckdb_error_data;

typedef enum duckdb_type {
    DUCKDB_TYPE_INVALID = 0,
    DUCKDB_TYPE_BOOLEAN = 1,
    DUCKDB_TYPE_TINYINT = 2,
    DUCKDB_TYPE_SMALLINT = 3,
    DUCKDB_TYPE_INTEGER = 4,
    DUCKDB_TYPE_BIGINT = 5,
    DUCKDB_TYPE_UTINYINT = 6,
    DUCKDB_TYPE_USMALLINT = 7,
    DUCKDB_TYPE_UINTEGER = 8,
    DUCKDB_TYPE_UBIGINT = 9,
    DUCKDB_TYPE_FLOAT = 10,
    DUCKDB_TYPE_DOUBLE = 11,
    DUCKDB_TYPE_TIMESTAMP = 12,
    DUCKDB_TYPE_DATE = 13,
    DUCKDB_TYPE_TIME = 14,
    DUCKDB_TYPE_INTERVAL = 15,
    DUCKDB_TYPE_HUGEINT = 16,
    DUCKDB_TYPE_VARCHAR = 17,
    DUCKDB_TYPE_BLOB = 18,
    DUCKDB_TYPE_DECIMAL = 19,
    DUCKDB_TYPE_TIMESTAMP_S = 20,
    DUCKDB_TYPE_TIMESTAMP_MS = 21,
    DUCKDB_TYPE_TIMESTAMP_NS = 22,
    DUCKDB_TYPE_ENUM = 23,
    DUCKDB_TYPE_LIST = 24,
    DUCKDB_TYPE_STRUCT = 25,
    DUCKDB_TYPE_MAP = 26,
    DUCKDB_TYPE_UUID = 27,
    DUCKDB_TYPE_UNION = 28,
    DUCKDB_TYPE_BIT = 29,
    DUCKDB_TYPE_TIME_TZ = 30,
    DUCKDB_TYPE_TIMESTAMP_TZ = 31,
    DUCKDB_TYPE_UHUGEINT = 32,
    DUCKDB_TYPE_ARRAY = 33,
    DUCKDB_TYPE_ANY = 34,
    DUCKDB_TYPE_SQLNULL = 36,
    DUCKDB_TYPE_TIME_NS = 39,
} duckdb_type;

typedef enum duckdb_statement_type {
    DUCKDB_STATEMENT_TYPE_SELECT = 1,
    DUCKDB_STATEMENT_TYPE_INSERT = 2,
    DUCKDB_STATEMENT_TYPE_UPDATE = 3,
    DUCKDB_STATEMENT_TYPE_DELETE = 5,
    DUCKDB_STATEMENT_TYPE_CREATE = 7,
    DUCKDB_STATEMENT_TYPE_TRANSACTION = 10,
} duckdb_statement_type;

typedef enum duckdb_result_type {
    DUCKDB_RESULT_TYPE_CHANGED_ROWS = 1,
    DUCKDB_RESULT_TYPE_NOTHING = 2,
    DUCKDB_RESULT_TYPE_QUERY_RESULT = 3,
} duckdb_result_type;

typedef enum duckdb_pending_state {
    DUCKDB_PENDING_RESULT_READY = 0,
    DUCKDB_PENDING_RESULT_NOT_READY = 1,
    DUCKDB_PENDING_ERROR = 2,
    DUCKDB_PENDING_NO_TASKS_AVAILABLE = 3,
} duckdb_pending_state;

typedef struct duckdb_hugeint {
    uint64_t lower;
    int64_t upper;
} duckdb_hugeint;

typedef struct duckdb_uhugeint {
    uint64_t lower, upper;
} duckdb_uhugeint;

typedef struct duckdb_decimal {
    uint8_t width, scale;
    duckdb_hugeint value;
} duckdb_decimal;

typedef struct duckdb_interval {
    int32_t months, days;
    int64_t micros;
} duckdb_interval;

typedef struct duckdb_bit {
    const uint8_t *data;
    idx_t size;
} duckdb_bit;

/* Structs of one number, which are passed as structs: a day, microseconds, nanoseconds, … */
typedef struct duckdb_date {
    int32_t days;
} duckdb_date;
typedef struct duckdb_moment {
    int64_t count;
} duckdb_moment;
typedef struct duckdb_time_tz {
    uint64_t bits;
} duckdb_time_tz;

/* Text and bytes in a vector: up to 12 stand in it. */
typedef union duckdb_string_t {
    struct {
        uint32_t length;
        char bytes[12];
    } inside;
    struct {
        uint32_t length;
        char prefix[4];
        const char *bytes;
    } outside;
} duckdb_string_t;

typedef struct duckdb_list_entry {
    uint64_t offset, length;
} duckdb_list_entry;

/* Some functions take it by value. */
typedef struct duckdb_result {
    idx_t deprecated_counts[3];
    void *deprecated_columns;
    char *deprecated_error;
    void *internal_data;
} duckdb_result;

/* X(result, name without duckdb_, parameters) */
#define QNI_DUCK_FUNCTIONS(X)                                                                            \
    X(duckdb_state, open_ext, (const char *, duckdb_database *, duckdb_config, char **))                 \
    X(void, close, (duckdb_database *))                                                                  \
    X(duckdb_state, connect, (duckdb_database, duckdb_connection *))                                     \
    X(void, disconnect, (duckdb_connection *))                                                           \
    X(void, interrupt, (duckdb_connection))                                                              \
    X(duckdb_state, create_config, (duckdb_config *))                                                    \
    X(duckdb_state, set_config, (duckdb_config, const char *, const char *))                             \
    X(void, destroy_config, (duckdb_config *))                                                           \
    X(void, free, (void *))                                                                              \
    X(duckdb_state, query, (duckdb_connection, const char *, duckdb_result *))                           \
    X(idx_t, extract_statements, (duckdb_connection, const char *, duckdb_extracted_statements *))       \
    X(const char *, extract_statements_error, (duckdb_extracted_statements))                             \
    X(void, destroy_extracted, (duckdb_extracted_statements *))                                          \
    X(duckdb_state, prepare_extracted_statement,                                                         \
      (duckdb_connection, duckdb_extracted_statements, idx_t, duckdb_prepared_statement *))              \
    X(const char *, prepare_error, (duckdb_prepared_statement))                                          \
    X(void, destroy_prepare, (duckdb_prepared_statement *))                                              \
    X(idx_t, nparams, (duckdb_prepared_statement))                                                       \
    X(char *, parameter_name, (duckdb_prepared_statement, idx_t))                                        \
    X(duckdb_type, param_type, (duckdb_prepared_statement, idx_t))                                       \
    X(duckdb_statement_type, prepared_statement_type, (duckdb_prepared_statement))                       \
    X(duckdb_state, clear_bindings, (duckdb_prepared_statement))                                         \
    X(duckdb_state, bind_null, (duckdb_prepared_statement, idx_t))                                       \
    X(duckdb_state, bind_boolean, (duckdb_prepared_statement, idx_t, bool))                              \
    X(duckdb_state, bind_int64, (duckdb_prepared_statement, idx_t, int64_t))                             \
    X(duckdb_state, bind_double, (duckdb_prepared_statement, idx_t, double))                             \
    X(duckdb_state, bind_decimal, (duckdb_prepared_statement, idx_t, duckdb_decimal))                    \
    X(duckdb_state, bind_date, (duckdb_prepared_statement, idx_t, duckdb_date))                          \
    X(duckdb_state, bind_timestamp, (duckdb_prepared_statement, idx_t, duckdb_moment))                   \
    X(duckdb_state, bind_timestamp_tz, (duckdb_prepared_statement, idx_t, duckdb_moment))                \
    X(duckdb_state, bind_varchar_length, (duckdb_prepared_statement, idx_t, const char *, idx_t))        \
    X(duckdb_state, bind_blob, (duckdb_prepared_statement, idx_t, const void *, idx_t))                  \
    X(duckdb_state, pending_prepared, (duckdb_prepared_statement, duckdb_pending_result *))              \
    X(duckdb_state, pending_prepared_streaming, (duckdb_prepared_statement, duckdb_pending_result *))    \
    X(duckdb_pending_state, pending_execute_task, (duckdb_pending_result))                               \
    X(const char *, pending_error, (duckdb_pending_result))                                              \
    X(duckdb_state, execute_pending, (duckdb_pending_result, duckdb_result *))                           \
    X(void, destroy_pending, (duckdb_pending_result *))                                                  \
    X(const char *, result_error, (duckdb_result *))                                                     \
    X(duckdb_result_type, result_return_type, (duckdb_result))                                           \
    X(void, destroy_result, (duckdb_result *))                                                           \
    X(idx_t, column_count, (duckdb_result *))                                                            \
    X(const char *, column_name, (const duckdb_result *, idx_t))                                         \
    X(duckdb_logical_type, column_logical_type, (duckdb_result *, idx_t))                                \
    X(duckdb_data_chunk, fetch_chunk, (duckdb_result))                                                   \
    X(void, destroy_data_chunk, (duckdb_data_chunk *))                                                   \
    X(idx_t, data_chunk_get_size, (duckdb_data_chunk))                                                   \
    X(duckdb_vector, data_chunk_get_vector, (duckdb_data_chunk, idx_t))                                  \
    X(void *, vector_get_data, (duckdb_vector))                                                          \
    X(uint64_t *, vector_get_validity, (duckdb_vector))                                                  \
    X(duckdb_vector, list_vector_get_child, (duckdb_vector))                                             \
    X(duckdb_vector, array_vector_get_child, (duckdb_vector))                                            \
    X(duckdb_vector, struct_vector_get_child, (duckdb_vector, idx_t))                                    \
    X(void, destroy_logical_type, (duckdb_logical_type *))                                               \
    X(duckdb_type, get_type_id, (duckdb_logical_type))                                                   \
    X(uint8_t, decimal_width, (duckdb_logical_type))                                                     \
    X(uint8_t, decimal_scale, (duckdb_logical_type))                                                     \
    X(duckdb_type, decimal_internal_type, (duckdb_logical_type))                                         \
    X(duckdb_type, enum_internal_type, (duckdb_logical_type))                                            \
    X(char *, enum_dictionary_value, (duckdb_logical_type, idx_t))                                       \
    X(duckdb_logical_type, list_type_child_type, (duckdb_logical_type))                                  \
    X(duckdb_logical_type, array_type_child_type, (duckdb_logical_type))                                 \
    X(idx_t, array_type_array_size, (duckdb_logical_type))                                               \
    X(duckdb_logical_type, map_type_key_type, (duckdb_logical_type))                                     \
    X(duckdb_logical_type, map_type_value_type, (duckdb_logical_type))                                   \
    X(idx_t, struct_type_child_count, (duckdb_logical_type))                                             \
    X(duckdb_logical_type, struct_type_child_type, (duckdb_logical_type, idx_t))                         \
    X(idx_t, union_type_member_count, (duckdb_logical_type))                                             \
    X(duckdb_logical_type, union_type_member_type, (duckdb_logical_type, idx_t))                         \
    X(void, destroy_value, (duckdb_value *))                                                             \
    X(char *, get_varchar, (duckdb_value))                                                               \
    X(duckdb_value, create_bool, (bool))                                                                 \
    X(duckdb_value, create_int8, (int8_t))                                                               \
    X(duckdb_value, create_uint8, (uint8_t))                                                             \
    X(duckdb_value, create_int16, (int16_t))                                                             \
    X(duckdb_value, create_uint16, (uint16_t))                                                           \
    X(duckdb_value, create_int32, (int32_t))                                                             \
    X(duckdb_value, create_uint32, (uint32_t))                                                           \
    X(duckdb_value, create_int64, (int64_t))                                                             \
    X(duckdb_value, create_uint64, (uint64_t))                                                           \
    X(duckdb_value, create_hugeint, (duckdb_hugeint))                                                    \
    X(duckdb_value, create_uhugeint, (duckdb_uhugeint))                                                  \
    X(duckdb_value, create_float, (float))                                                               \
    X(duckdb_value, create_double, (double))                                                             \
    X(duckdb_value, create_date, (duckdb_date))                                                          \
    X(duckdb_value, create_time, (duckdb_moment))                                                        \
    X(duckdb_value, create_time_tz_value, (duckdb_time_tz))                                              \
    X(duckdb_value, create_timestamp, (duckdb_moment))                                                   \
    X(duckdb_value, create_interval, (duckdb_interval))                                                  \
    X(duckdb_value, create_varchar_length, (const char *, idx_t))                                        \
    X(duckdb_value, create_blob, (const uint8_t *, idx_t))                                               \
    X(duckdb_value, create_list_value, (duckdb_logical_type, duckdb_value *, idx_t))                     \
    X(duckdb_value, create_array_value, (duckdb_logical_type, duckdb_value *, idx_t))                    \
    X(duckdb_value, create_struct_value, (duckdb_logical_type, duckdb_value *))                          \
    X(idx_t, vector_size, (void))                                                                        \
    X(duckdb_logical_type, create_logical_type, (duckdb_type))                                           \
    X(duckdb_data_chunk, create_data_chunk, (duckdb_logical_type *, idx_t))                              \
    X(void, data_chunk_reset, (duckdb_data_chunk))                                                       \
    X(void, data_chunk_set_size, (duckdb_data_chunk, idx_t))                                             \
    X(void, vector_ensure_validity_writable, (duckdb_vector))                                            \
    X(void, vector_assign_string_element_len, (duckdb_vector, idx_t, const char *, idx_t))               \
    X(duckdb_state, appender_create, (duckdb_connection, const char *, const char *, duckdb_appender *)) \
    X(duckdb_logical_type, appender_column_type, (duckdb_appender, idx_t))                               \
    X(const char *, appender_error, (duckdb_appender))                                                   \
    X(duckdb_state, append_data_chunk, (duckdb_appender, duckdb_data_chunk))                             \
    X(duckdb_state, appender_close, (duckdb_appender))                                                   \
    X(duckdb_state, appender_destroy, (duckdb_appender *))

/* Since 1.2 to 1.4; NULL where the library has none. */
#define QNI_DUCK_LATER_FUNCTIONS(X)                                                                 \
    X(duckdb_value, create_null_value, (void))                                                      \
    X(duckdb_value, create_decimal, (duckdb_decimal))                                               \
    X(duckdb_value, create_uuid, (duckdb_uhugeint))                                                 \
    X(duckdb_value, create_bit, (duckdb_bit))                                                       \
    X(duckdb_value, create_time_ns, (duckdb_moment))                                                \
    X(duckdb_value, create_timestamp_s, (duckdb_moment))                                            \
    X(duckdb_value, create_timestamp_ms, (duckdb_moment))                                           \
    X(duckdb_value, create_timestamp_ns, (duckdb_moment))                                           \
    X(duckdb_value, create_timestamp_tz, (duckdb_moment))                                           \
    X(duckdb_value, create_enum_value, (duckdb_logical_type, uint64_t))                             \
    X(duckdb_value, create_map_value, (duckdb_logical_type, duckdb_value *, duckdb_value *, idx_t)) \
    X(duckdb_value, create_union_value, (duckdb_logical_type, idx_t, duckdb_value))                 \
    X(duckdb_state, appender_add_column, (duckdb_appender, const char *))                           \
    X(duckdb_error_data, appender_error_data, (duckdb_appender))                                    \
    X(int, error_data_error_type, (duckdb_error_data))                                              \
    X(void, destroy_error_data, (duckdb_error_data *))

typedef struct qni_duck_api {
#define QNI_DUCK_POINTER(result, name, parameters) result(*name) parameters;
    QNI_DUCK_FUNCTIONS(QNI_DUCK_POINTER)
    QNI_DUCK_LATER_FUNCTIONS(QNI_DUCK_POINTER)
#undef QNI_DUCK_POINTER
} qni_duck_api;

/* ---- ours ---- */

typedef struct qni_duck {
    qn_db base; /* first member */
    qni_duck_api api;
    duckdb_database database; /* shared with other connections of the process to the same file */
    duckdb_connection connection;
    bool in_transaction;

    /* duckdb_instance.c's: what tells the file from others, the settings with which it was opened, and the list of all
     * connections to files. */
    uint64_t file[2];
    char *settings;
    int64_t settings_size;
    struct qni_duck *next, *previous;
} qni_duck;

typedef struct qni_duck_column {
    duckdb_logical_type type;
    duckdb_type id;
    duckdb_type stored; /* the same but for decimals, which are whole numbers of several widths */
    qn_value_type value_type;
    uint8_t scale;        /* of decimals */
    void *data;           /* of the chunk */
    uint64_t *validity;   /* of the chunk; NULL: all there */
    duckdb_vector vector; /* of the chunk */
    char *text;           /* of the row: DuckDB's own, for types that we have none for */
    int64_t at;           /* where this column's bytes of a row stand in the statement's */
} qni_duck_column;

typedef struct qni_duck_statement {
    qni_statement base; /* first member */
    duckdb_prepared_statement prepared;
    duckdb_type *param_types; /* (param_count) as the text alone tells them */
    int64_t param_count;
    duckdb_statement_type kind;
    int64_t deadline_ns; /* 0: none */

    bool has_result; /* what follows is there while it runs */
    bool ended;      /* no chunk is left */
    duckdb_result result;
    qni_duck_column *columns; /* (column_room) */
    int64_t column_room, column_count;
    duckdb_data_chunk chunk;
    int64_t chunk_size, row; /* rows in the chunk, and how many of them were passed */
    int64_t changed;
    char *bytes; /* (byte_room) of a row: texts and digits, each with a zero behind */
    int64_t byte_room;
} qni_duck_statement;

static inline qni_duck *qni_duck_of(qn_db *db)
{
    return (qni_duck *)db;
}
static inline bool qni_duck_is_null(const uint64_t *validity, int64_t row)
{
    return validity != NULL && (validity[row / 64] >> (row % 64) & 1) == 0;
}
static inline int64_t qni_duck_size(const duckdb_string_t *string)
{
    return string->inside.length;
}
static inline const char *qni_duck_bytes(const duckdb_string_t *string)
{
    return string->inside.length <= sizeof string->inside.bytes ? string->inside.bytes : string->outside.bytes;
}

/* duckdb_error.c. An error of DuckDB's (`text` may be NULL) as ours; marks the connection broken where DuckDB has given
 * the database up. qni_duck_open_error: of opening a file. */
qn_status qni_duck_error(qni_duck *duck, const char *text, qn_error *err);
/* The same where the error's type is known beside its text; 0: it is not. */
qn_status qni_duck_error_of(qni_duck *duck, int type, const char *text, qn_error *err);
qn_status qni_duck_open_error(const qni_duck *duck, const char *text, qn_error *err);

/* duckdb_instance.c. Opens the database of a URL, or finds it open in this process, with duck->base and duck->api
 * filled in; and gives it back. */
qn_status qni_duck_open_database(qni_duck *duck, const qni_url *url, qn_error *err);
void qni_duck_close_database(qni_duck *duck);

/* duckdb_run.c. A prepared statement run to its result, with the connection's state kept. Streams where `stream`.
 * deadline_ns: 0, or when it has taken too long. */
qn_status qni_duck_run(duckdb_result *out, qni_duck *duck, duckdb_prepared_statement prepared, bool stream,
                       int64_t deadline_ns, qn_error *err);
qn_status qni_duck_prepare(qni_statement **out, qn_db *db, const char *sql, const qn_value *params, int64_t param_count,
                           qn_error *err);
void qni_duck_finalize(qni_statement *statement);
int64_t qni_duck_param_count(const qni_statement *statement);
qn_status qni_duck_start(qni_statement *statement, const qn_value *params, int64_t param_count, qn_error *err);
qn_status qni_duck_step(bool *more, qni_statement *statement, qn_error *err);
int64_t qni_duck_changed(const qni_statement *statement);
void qni_duck_reset(qni_statement *statement);
int64_t qni_duck_deadline(const qni_duck *duck);
/* Sees to it that rows of a chunk are ahead, fetching the next one where none are; at the end *more is false. */
qn_status qni_duck_ahead(bool *more, qni_duck_statement *st, qn_error *err);

/* duckdb_bind.c */
qn_status qni_duck_bind(qni_duck_statement *st, const qn_value *params, int64_t param_count, qn_error *err);

/* duckdb_value.c. Columns of a result that has just come; what a row needs before its values can be asked for; a value
 * of a row of the chunk. */
qn_status qni_duck_columns(qni_duck_statement *st, qn_error *err);
void qni_duck_columns_free(qni_duck_statement *st);
qn_status qni_duck_chunk_ready(qni_duck_statement *st, qn_error *err);
qn_status qni_duck_row_ready(qni_duck_statement *st, qn_error *err);
qn_value qni_duck_row_value(qni_duck_statement *st, int64_t column, int64_t row);
qn_value qni_duck_value(qni_statement *statement, int64_t column);
/* A timestamp of any of DuckDB's units in ours, cut down to it; beyond all years where it does not fit. */
int64_t qni_duck_microseconds(duckdb_type id, int64_t count);
int64_t qni_duck_column_count(const qni_statement *statement);
const char *qni_duck_column_name(const qni_statement *statement, int64_t column);
qn_value_type qni_duck_column_type(const qni_statement *statement, int64_t column);

/* duckdb_text.c. Whether values of a type can be written as text, and one as DuckDB writes it, to be freed with
 * api.free; NULL: no memory. */
bool qni_duck_has_text(const qni_duck_api *api, duckdb_logical_type type);
char *qni_duck_text(const qni_duck_api *api, duckdb_logical_type type, duckdb_vector vector, int64_t row,
                    const qn_allocator *allocator);

/* duckdb_read.c, duckdb_insert.c */
qn_status qni_duck_read(bool *more, qni_statement *statement, qn_table *table, int64_t max_rows, qn_error *err);
qn_status qni_duck_insert(qn_db *db, const char *into, const qn_table *table, qn_error *err);

#endif
