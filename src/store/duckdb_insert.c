/* store/duckdb_insert.c: a table into a table of DuckDB's, in chunks through its appender, which gives columns that are
 * not named their defaults; a DuckDB before 1.2, which cannot name them, by one statement a row. */
#include "store/duckdb_int.h"

#include "base/number.h"

#include <inttypes.h>
#include <string.h>

typedef struct insertion {
    qni_duck *duck;
    const qn_table *table;
    const char *into;
    int64_t column_count;
    duckdb_appender appender;
    duckdb_logical_type *types; /* (column_count) of the chunk */
    duckdb_data_chunk chunk;
} insertion;

/* The type of what failed; 0: this DuckDB does not tell. */
static int appender_error_type(const insertion *in)
{
    const qni_duck_api *api = &in->duck->api;
    if (in->appender == NULL || api->appender_error_data == NULL || api->error_data_error_type == NULL ||
        api->destroy_error_data == NULL)
        return 0;
    duckdb_error_data data = api->appender_error_data(in->appender);
    int type = data != NULL ? api->error_data_error_type(data) : 0;
    if (data != NULL)
        api->destroy_error_data(&data);
    return type;
}

static qn_status appender_failed(insertion *in, qn_error *err)
{
    static const char misfit[] = "type mismatch in AppendDataChunk"; /* which ends with the column's number */
    const char *text = in->appender != NULL ? in->duck->api.appender_error(in->appender) : NULL;
    const char *last = text != NULL ? strrchr(text, ' ') : NULL;
    qn_status s = qni_duck_error_of(in->duck, appender_error_type(in), text, err);
    int64_t column;
    if (err != NULL && last != NULL && strstr(text, misfit) != NULL &&
        qni_integer_parse(&column, last + 1, last + strlen(last)) != NULL && column >= 0 && column < in->column_count) {
        int native = err->native;
        (void)qni_error(err, s, "a value of column \"%.80s\" does not fit the table \"%.80s\": %.300s",
                        qn_table_column_name(in->table, column), in->into, text);
        err->native = native;
    }
    return s;
}

/* ---- the appender ---- */

static qn_status open_appender(insertion *in, qn_error *err)
{
    const qni_duck_api *api = &in->duck->api;
    const qn_allocator *allocator = in->duck->base.allocator;
    const char *dot = strchr(in->into, '.');
    char *schema = NULL;
    if (dot != NULL) {
        schema = qni_copy_string(allocator, in->into, dot - in->into);
        if (schema == NULL)
            return qni_refused(err, allocator, dot - in->into + 1, "the name of a table");
    }
    const char *name = dot != NULL ? dot + 1 : in->into;
    qn_status s = QN_OK;
    if (api->appender_create(in->duck->connection, schema, name, &in->appender) != 0)
        s = appender_failed(in, err);
    if (schema != NULL)
        qni_free(allocator, schema, dot - in->into + 1, 1);
    for (int64_t c = 0; s == QN_OK && c < in->column_count; c++) {
        if (api->appender_add_column(in->appender, qn_table_column_name(in->table, c)) != 0) {
            (void)appender_failed(in, err);
            s = qni_error(err, QN_NAME, "the table \"%.80s\" has no column \"%.80s\"", in->into,
                          qn_table_column_name(in->table, c));
        }
    }
    return s;
}

/* What a column lies in; DuckDB casts it to what the table has. Instants stay instants. */
static duckdb_type chunk_type(const insertion *in, int64_t column)
{
    switch (qn_table_column_type(in->table, column)) {
    case QN_TYPE_F32:
        return DUCKDB_TYPE_FLOAT;
    case QN_TYPE_I64:
        return DUCKDB_TYPE_BIGINT;
    case QN_TYPE_BOOL:
        return DUCKDB_TYPE_BOOLEAN;
    case QN_TYPE_STRING:
        return DUCKDB_TYPE_VARCHAR;
    case QN_TYPE_DATE:
        return DUCKDB_TYPE_DATE;
    case QN_TYPE_TIMESTAMP: {
        const qni_duck_api *api = &in->duck->api;
        duckdb_logical_type type = api->appender_column_type(in->appender, (idx_t)column);
        bool zone = type != NULL && api->get_type_id(type) == DUCKDB_TYPE_TIMESTAMP_TZ;
        if (type != NULL)
            api->destroy_logical_type(&type);
        return zone ? DUCKDB_TYPE_TIMESTAMP_TZ : DUCKDB_TYPE_TIMESTAMP;
    }
    default:
        return DUCKDB_TYPE_DOUBLE;
    }
}

static qn_status open_chunk(insertion *in, qn_error *err)
{
    const qni_duck_api *api = &in->duck->api;
    in->types = qni_alloc_zeroed(in->duck->base.allocator, in->column_count, sizeof(duckdb_logical_type));
    if (in->types == NULL)
        return qni_refused(err, in->duck->base.allocator, 0, "%" PRId64 " columns to insert", in->column_count);
    for (int64_t c = 0; c < in->column_count; c++)
        in->types[c] = api->create_logical_type(chunk_type(in, c));
    in->chunk = api->create_data_chunk(in->types, (idx_t)in->column_count);
    return in->chunk != NULL ? QN_OK : qni_error(err, QN_NOMEM, "DuckDB has no memory for rows to insert");
}

static void fill_vector(const insertion *in, int64_t column, int64_t from, int64_t count)
{
    const qni_duck_api *api = &in->duck->api;
    duckdb_vector vector = api->data_chunk_get_vector(in->chunk, (idx_t)column);
    const uint8_t *values = qn_table_values(in->table, column);
    uint8_t *data = api->vector_get_data(vector);
    uint64_t *validity = NULL;
    int64_t width = 8;
    if (qn_table_missing_count(in->table, column) > 0) {
        api->vector_ensure_validity_writable(vector);
        validity = api->vector_get_validity(vector);
    }
    for (int64_t i = 0; validity != NULL && i < count; i++)
        if (qn_table_is_missing(in->table, column, from + i))
            validity[i / 64] &= ~(UINT64_C(1) << (i % 64));
    switch (qn_table_column_type(in->table, column)) {
    case QN_TYPE_BOOL:
        for (int64_t i = 0; i < count; i++)
            data[i] = values[(from + i) / 8] >> ((from + i) % 8) & 1;
        return;
    case QN_TYPE_STRING:
        for (int64_t i = 0; i < count; i++) {
            if (qn_table_is_missing(in->table, column, from + i))
                continue;
            int32_t code;
            memcpy(&code, values + (from + i) * 4, sizeof code);
            const char *text = qn_table_string(in->table, column, code);
            api->vector_assign_string_element_len(vector, (idx_t)i, text, strlen(text));
        }
        return;
    case QN_TYPE_F32:
    case QN_TYPE_DATE:
        width = 4;
        break;
    default:
        break;
    }
    memcpy(data, values + from * width, (size_t)(count * width));
}

static qn_status append_rows(insertion *in, qn_error *err)
{
    const qni_duck_api *api = &in->duck->api;
    int64_t rows = qn_table_row_count(in->table), room = (int64_t)api->vector_size();
    for (int64_t from = 0; from < rows; from += room) {
        int64_t count = rows - from < room ? rows - from : room;
        api->data_chunk_reset(in->chunk);
        for (int64_t c = 0; c < in->column_count; c++)
            fill_vector(in, c, from, count);
        api->data_chunk_set_size(in->chunk, (idx_t)count);
        if (api->append_data_chunk(in->appender, in->chunk) != 0)
            return appender_failed(in, err);
    }
    return api->appender_close(in->appender) != 0 ? appender_failed(in, err) : QN_OK;
}

static qn_status append(insertion *in, qn_error *err)
{
    const qni_duck_api *api = &in->duck->api;
    qn_status s = open_appender(in, err);
    if (s == QN_OK)
        s = open_chunk(in, err);
    if (s == QN_OK)
        s = append_rows(in, err);
    if (in->chunk != NULL)
        api->destroy_data_chunk(&in->chunk);
    for (int64_t c = 0; in->types != NULL && c < in->column_count; c++)
        if (in->types[c] != NULL)
            api->destroy_logical_type(&in->types[c]);
    qni_free(in->duck->base.allocator, in->types, in->column_count, sizeof(duckdb_logical_type));
    if (in->appender != NULL)
        (void)api->appender_destroy(&in->appender);
    return s;
}

/* ---- row by row ---- */

static int64_t add_name(char *at, const char *name)
{
    int64_t size = 0;
    at[size++] = '"';
    for (; *name != '\0'; name++) {
        if (*name == '"')
            at[size++] = '"';
        at[size++] = *name;
    }
    at[size++] = '"';
    return size;
}

/* INSERT INTO "t" ("a", "b") VALUES (?, ?); free with *size. */
static char *insert_text(const insertion *in, const char *quoted, int64_t *size)
{
    *size = (int64_t)strlen(quoted) + 64;
    for (int64_t c = 0; c < in->column_count; c++)
        *size += 2 * (int64_t)strlen(qn_table_column_name(in->table, c)) + 6;
    char *text = qni_alloc(in->duck->base.allocator, *size, 1), *at = text;
    if (text == NULL)
        return NULL;
    memcpy(at, "INSERT INTO ", 12);
    at += 12;
    memcpy(at, quoted, strlen(quoted));
    at += strlen(quoted);
    for (int64_t c = 0; c < in->column_count; c++) {
        *at++ = c == 0 ? '(' : ',';
        at += add_name(at, qn_table_column_name(in->table, c));
    }
    memcpy(at, ") VALUES ", 9);
    at += 9;
    for (int64_t c = 0; c < in->column_count; c++) {
        *at++ = c == 0 ? '(' : ',';
        *at++ = '?';
    }
    memcpy(at, ")", 2);
    return text;
}

static qn_status insert_rows(const insertion *in, const char *sql, qn_error *err)
{
    qn_db *db = &in->duck->base;
    qni_statement *st;
    qn_value *values = qni_alloc(db->allocator, in->column_count, sizeof *values);
    if (values == NULL)
        return qni_refused(err, db->allocator, 0, "%" PRId64 " columns to insert", in->column_count);
    qn_status s = qni_duck_prepare(&st, db, sql, NULL, 0, err);
    for (int64_t row = 0; s == QN_OK && row < qn_table_row_count(in->table); row++) {
        for (int64_t c = 0; c < in->column_count; c++)
            values[c] = qni_db_table_value(in->table, c, row);
        s = qni_duck_start(st, values, in->column_count, err);
        qni_duck_reset(st);
    }
    if (st != NULL)
        qni_duck_finalize(st);
    qni_free(db->allocator, values, in->column_count, sizeof *values);
    return s;
}

static qn_status insert_by_rows(const insertion *in, const char *quoted, qn_error *err)
{
    int64_t size;
    char *sql = insert_text(in, quoted, &size);
    if (sql == NULL)
        return qni_refused(err, in->duck->base.allocator, size, "the names of %" PRId64 " columns", in->column_count);
    qn_status s = insert_rows(in, sql, err);
    qni_free(in->duck->base.allocator, sql, size, 1);
    return s;
}

qn_status qni_duck_insert(qn_db *db, const char *into, const qn_table *table, qn_error *err)
{
    insertion in = {.duck = qni_duck_of(db), .table = table, .into = into};
    in.column_count = qn_table_column_count(table);
    char *quoted;
    qn_status s = qni_db_quote_name(&quoted, into, db->allocator, err); /* says what cannot be a name */
    if (s != QN_OK)
        return s;
    s = in.duck->api.appender_add_column != NULL ? append(&in, err) : insert_by_rows(&in, quoted, err);
    qni_free(db->allocator, quoted, (int64_t)strlen(quoted) + 1, 1);
    return s;
}
