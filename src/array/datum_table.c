/* array/datum_table.c: a table as the members of an npz, and back.
 *
 *   table.json          {"schema": "quern.table/1", "rows": 3, "columns": [{"name": "price", "type": "f64"}, …]}
 *   price.npy           the values of the column "price", (rows): f64, f32 and i64 as they are; bool as NumPy's; date
 *                       and timestamp as datetime64[D] and [us], NaT where missing; string as codes (int32)
 *   table/N.npy         the same where the name of column N (from 0) cannot be a member's: one that archives refuse,
 *                       ends with .npy, or begins as the names of these members do
 *   table/N.missing.npy what is missing in column N, (rows) bool; not there where nothing is
 *   table/N.texts.npy   the strings of column N, each with a zero behind it, in the order of their codes
 *
 * Member names follow from the columns: no two are the same, and none is claimed twice, so that a table takes no more
 * memory than a small multiple of its archive's content. */
#include "array/datum_int.h"

#include "array/csv_int.h"
#include "array/npz_int.h"
#include "array/table_int.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/json_scan.h"
#include "base/utf8.h"
#include "mem/refuse.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TABLE_JSON   "table.json"
#define TABLE_FOLDER "table/"
#define SCHEMA       "quern.table/1"

static const int64_t not_a_time = INT64_MIN; /* NumPy's NaT */

static void number_name(char out[QNI_TABLE_NAME_SIZE], int64_t column, const char *suffix)
{
    (void)snprintf(out, QNI_TABLE_NAME_SIZE, TABLE_FOLDER "%" PRId64 "%s", column, suffix);
}

/* The name of the member that holds a column's values: the column's, or one in `spare`. */
static const char *values_name(char spare[QNI_TABLE_NAME_SIZE], const qn_table *table, int64_t column)
{
    const char *name = qn_table_column_name(table, column);
    int64_t size = (int64_t)strlen(name);
    if (qni_npz_name_refuse(name, size) == NULL && qni_npz_array_name(name, size) < 0 &&
        strcmp(name, TABLE_JSON) != 0 && strncmp(name, TABLE_FOLDER, sizeof TABLE_FOLDER - 1) != 0)
        return name;
    number_name(spare, column, "");
    return spare;
}

/* ---- a table into members ---- */

/* An array for the next member; `name` stays the caller's. `type`: NumPy's. */
static qn_array *next_array(qni_table_image *i, const char *name, const char *type)
{
    qn_array *array = &i->arrays[i->count];
    i->members[i->count++] = (qn_npz_member){.name = name, .array = array, .type = type};
    return array;
}

/* The next member's name where it holds the column's number. */
static char *next_name(qni_table_image *i)
{
    return i->names[i->count];
}

static qn_status borrow(qn_array *out, qni_table_image *i, void *values, qn_dtype dtype, int64_t count, qn_error *err)
{
    return qn_array_wrap(out, values, dtype, 1, &count, NULL, NULL, NULL, i->allocator, err);
}

static qn_status add_bits(qni_table_image *i, const char *name, const uint8_t *bits, bool inverted, int64_t rows,
                          qn_error *err)
{
    qn_array *array = next_array(i, name, "b1");
    qn_status s = qn_array_init(array, QN_DTYPE_U8, 1, &rows, i->allocator, err);
    uint8_t *bytes = array->data;
    for (int64_t row = 0; s == QN_OK && row < rows; row++)
        bytes[row] = (uint8_t)((bits[row >> 3] >> (row & 7) & 1) ^ (int)inverted);
    return s;
}

/* Days and microseconds, NaT where missing. */
static qn_status add_times(qni_table_image *i, const char *name, const qn_table *t, int64_t c, qn_error *err)
{
    int64_t rows = t->row_count;
    const int32_t *days = t->columns[c].type == QN_TYPE_DATE ? t->columns[c].values : NULL;
    const int64_t *times = t->columns[c].values;
    qn_array *array = next_array(i, name, days != NULL ? "M8[D]" : "M8[us]");
    qn_status s = qn_array_init(array, QN_DTYPE_I64, 1, &rows, i->allocator, err);
    int64_t *values = array->data;
    assert(rows == 0 || times != NULL);
    for (int64_t row = 0; s == QN_OK && row < rows; row++)
        values[row] = qn_table_is_missing(t, c, row) ? not_a_time : days != NULL ? days[row] : times[row];
    return s;
}

static qn_status add_values(qni_table_image *i, const qn_table *t, int64_t c, qn_error *err)
{
    static const qn_dtype dtypes[] = {[QN_TYPE_F64] = QN_DTYPE_F64,
                                      [QN_TYPE_F32] = QN_DTYPE_F32,
                                      [QN_TYPE_I64] = QN_DTYPE_I64,
                                      [QN_TYPE_STRING] = QN_DTYPE_I32};
    const qni_column *column = &t->columns[c];
    const char *name = values_name(next_name(i), t, c);
    if (column->type == QN_TYPE_BOOL)
        return add_bits(i, name, column->values, false, t->row_count, err);
    if (column->type == QN_TYPE_DATE || column->type == QN_TYPE_TIMESTAMP)
        return add_times(i, name, t, c, err);
    return borrow(next_array(i, name, NULL), i, column->values, dtypes[column->type], t->row_count, err);
}

static qn_status add_column(qni_table_image *i, const qn_table *t, int64_t c, qn_error *err)
{
    const qni_column *column = &t->columns[c];
    qn_status s = add_values(i, t, c, err);
    if (s == QN_OK && column->missing_count > 0) {
        char *name = next_name(i);
        number_name(name, c, ".missing");
        s = add_bits(i, name, column->validity, true, t->row_count, err);
    }
    if (s == QN_OK && column->type == QN_TYPE_STRING) {
        char *name = next_name(i);
        number_name(name, c, ".texts");
        s = borrow(next_array(i, name, NULL), i, column->strings.bytes, QN_DTYPE_U8, column->strings.byte_count, err);
    }
    return s;
}

static qn_status add_json(qni_table_image *i, const qn_table *t, qn_error *err)
{
    qni_json_writer w;
    qni_json_writer_init(&w, qni_json_buffer_sink, &i->json, 0);
    qni_json_object_begin(&w);
    qni_json_key(&w, "schema");
    qni_json_string(&w, SCHEMA, -1);
    qni_json_key(&w, "rows");
    qni_json_int64(&w, t->row_count);
    qni_json_key(&w, "columns");
    qni_json_array_begin(&w);
    for (int64_t c = 0; c < t->column_count; c++) {
        const char *name = qn_table_column_name(t, c);
        if (!qni_utf8_valid(name, (int64_t)strlen(name)))
            return qni_error(err, QN_INVALID, "the name of column %" PRId64 " is not UTF-8", c + 1);
        qni_json_object_begin(&w);
        qni_json_key(&w, "name");
        qni_json_string(&w, name, -1);
        qni_json_key(&w, "type");
        qni_json_string(&w, qn_type_name(t->columns[c].type), -1);
        qni_json_object_end(&w);
    }
    qni_json_array_end(&w);
    qni_json_object_end(&w);
    qn_status s = qni_json_finish(&w, err);
    i->members[0] = (qn_npz_member){.name = TABLE_JSON, .bytes = i->json.text, .byte_count = i->json.size};
    return s == QN_NOMEM ? qni_refused(err, i->allocator, i->json.size, "the columns' names") : s;
}

qn_status qni_table_image_init(qni_table_image *out, const qn_table *table, const qn_allocator *allocator,
                               qn_error *err)
{
    *out = (qni_table_image){.allocator = allocator, .json.allocator = allocator};
    out->capacity = 1 + 3 * table->column_count; /* fits: a column takes more than three bytes */
    out->members = qni_alloc_zeroed(allocator, out->capacity, (int64_t)sizeof *out->members);
    out->arrays = qni_alloc_zeroed(allocator, out->capacity, (int64_t)sizeof *out->arrays);
    out->names = qni_alloc_zeroed(allocator, out->capacity, (int64_t)sizeof *out->names);
    if (out->members == NULL || out->arrays == NULL || out->names == NULL)
        return qni_refused(err, allocator, 0, "%" PRId64 " columns", table->column_count);
    out->count = 1;
    qn_status s = add_json(out, table, err);
    for (int64_t c = 0; s == QN_OK && c < table->column_count; c++)
        s = add_column(out, table, c, err);
    return s;
}

void qni_table_image_fini(qni_table_image *i)
{
    for (int64_t k = 0; i->arrays != NULL && k < i->count; k++)
        qn_array_fini(&i->arrays[k]);
    qni_json_buffer_free(&i->json);
    qni_free(i->allocator, i->members, i->capacity, (int64_t)sizeof *i->members);
    qni_free(i->allocator, i->arrays, i->capacity, (int64_t)sizeof *i->arrays);
    qni_free(i->allocator, i->names, i->capacity, (int64_t)sizeof *i->names);
    *i = (qni_table_image){0};
}

/* ---- what table.json says ---- */

typedef struct column_says {
    int64_t name; /* where it stands in `names` */
    qn_type type;
} column_says;

typedef struct table_says {
    int64_t rows; /* -1: nothing said yet */
    bool schema, listed;
    column_says *columns;
    int64_t column_count, column_capacity, columns_max;
    char *names; /* each with a zero behind it: no more bytes than the text */
    int64_t name_used, name_size;
    qni_json_scan scan;
    const qn_allocator *allocator;
    qn_error *err;
} table_says;

#define SAYS_WRONG(t, ...) qni_json_scan_error((t)->err, &(t)->scan, TABLE_JSON ": " __VA_ARGS__)

static qn_status next(qni_json_token *token, table_says *t)
{
    return qni_json_next(token, &t->scan, t->err);
}

static qn_status expect(qni_json_token *token, table_says *t, qni_json_kind kind, const char *what)
{
    qn_status s = next(token, t);
    return s != QN_OK || token->kind == kind ? s : SAYS_WRONG(t, "%s is expected here", what);
}

static bool is(const qni_json_token *token, const char *text)
{
    return !token->escaped && token->size == (int64_t)strlen(text) &&
           memcmp(token->text, text, (size_t)token->size) == 0;
}

static qn_status read_rows(table_says *t)
{
    qni_json_token token;
    qn_status s = expect(&token, t, QNI_JSON_NUMBER, "the number of rows");
    int64_t rows = 0;
    for (int64_t i = 0; s == QN_OK && i < token.size; i++) {
        char c = token.text[i];
        if (c < '0' || c > '9' || !qni_size_mul(&rows, rows, 10) || !qni_size_add(&rows, rows, c - '0'))
            return SAYS_WRONG(t, "there cannot be so many rows");
    }
    t->rows = rows;
    return s;
}

static qn_status read_schema(table_says *t)
{
    qni_json_token token;
    qn_status s = expect(&token, t, QNI_JSON_STRING, "the schema");
    if (s == QN_OK && !is(&token, SCHEMA))
        return SAYS_WRONG(t, "only tables of the schema \"" SCHEMA "\" are read");
    t->schema = true;
    return s;
}

static qn_status read_name(column_says *column, table_says *t)
{
    qni_json_token token;
    qn_status s = expect(&token, t, QNI_JSON_STRING, "a column's name");
    if (s != QN_OK)
        return s;
    column->name = t->name_used;
    char *name = t->names + t->name_used;
    int64_t size = qni_json_unescape(name, &token);
    if (memchr(name, '\0', (size_t)size) != NULL)
        return SAYS_WRONG(t, "a column's name has a zero in it");
    name[size] = '\0';
    t->name_used += size + 1; /* in the text two quotes stand around it */
    return QN_OK;
}

static qn_status read_type(column_says *column, table_says *t)
{
    char name[16] = "";
    qni_json_token token;
    qn_status s = expect(&token, t, QNI_JSON_STRING, "a column's type");
    if (s != QN_OK)
        return s;
    if (!token.escaped && token.size < (int64_t)sizeof name)
        memcpy(name, token.text, (size_t)token.size);
    column->type = qn_type_from_name(name);
    return column->type != QN_TYPE_AUTO ? QN_OK : SAYS_WRONG(t, "there is no such type of column");
}

/* An object of a name and a type. */
static qn_status read_column(table_says *t)
{
    column_says column = {.name = -1, .type = QN_TYPE_AUTO};
    for (;;) {
        qni_json_token token;
        qn_status s = next(&token, t);
        if (s != QN_OK)
            return s;
        if (token.kind == QNI_JSON_OBJECT_END)
            break;
        if (is(&token, "name") && column.name < 0)
            s = read_name(&column, t);
        else if (is(&token, "type") && column.type == QN_TYPE_AUTO)
            s = read_type(&column, t);
        else
            return SAYS_WRONG(t, "a column has a name and a type, once each");
        if (s != QN_OK)
            return s;
    }
    if (column.name < 0 || column.type == QN_TYPE_AUTO)
        return SAYS_WRONG(t, "a column has a name and a type");
    if (t->column_count == t->columns_max)
        return qni_error_at(t->err, QN_LIMIT, t->scan.file, 0, 0, "a table of more than %" PRId64 " columns",
                            t->columns_max);
    if (!qni_grow(t->allocator, (void **)&t->columns, &t->column_capacity, t->column_count + 1,
                  (int64_t)sizeof *t->columns))
        return qni_refused(t->err, t->allocator, 0, "%" PRId64 " columns", t->column_count + 1);
    t->columns[t->column_count++] = column;
    return QN_OK;
}

static qn_status read_columns(table_says *t)
{
    qni_json_token token;
    qn_status s = expect(&token, t, QNI_JSON_ARRAY, "the list of columns");
    t->listed = true;
    while (s == QN_OK) {
        s = next(&token, t);
        if (s != QN_OK || token.kind == QNI_JSON_ARRAY_END)
            return s;
        s = token.kind == QNI_JSON_OBJECT ? read_column(t) : SAYS_WRONG(t, "a column is expected here");
    }
    return s;
}

static qn_status read_says(table_says *t)
{
    qni_json_token token;
    qn_status s = expect(&token, t, QNI_JSON_OBJECT, "an object");
    while (s == QN_OK) {
        s = next(&token, t);
        if (s != QN_OK || token.kind == QNI_JSON_OBJECT_END)
            break;
        if (is(&token, "schema") && !t->schema)
            s = read_schema(t);
        else if (is(&token, "rows") && t->rows < 0)
            s = read_rows(t);
        else if (is(&token, "columns") && !t->listed)
            s = read_columns(t);
        else
            return SAYS_WRONG(t, "schema, rows and columns are expected, once each");
    }
    if (s == QN_OK && (!t->schema || t->rows < 0 || !t->listed))
        return SAYS_WRONG(t, "schema, rows and columns are expected");
    return s == QN_OK ? expect(&token, t, QNI_JSON_END, "the end") : s;
}

static void says_free(table_says *t)
{
    qni_free(t->allocator, t->columns, t->column_capacity, (int64_t)sizeof *t->columns);
    qni_free(t->allocator, t->names, t->name_size, 1);
}

/* ---- members into a table ---- */

typedef struct filler {
    const qn_npz *npz;
    qn_table *table;
    int64_t used; /* members */
    const char *name;
    qn_error *err;
} filler;

static qn_status wrong(const filler *f, const char *member, const char *what)
{
    return qni_error_at(f->err, QN_DATA, f->name, 0, 0, "member \"%s\": %s",
                        qni_csv_show(member, (int64_t)strlen(member)).text, what);
}

/* The elements of a member, not NULL even where there are none: `dtype`, one axis of `count` (-1: any number, which is
 * written to *found). */
static qn_status find(const void **out, int64_t *found, filler *f, const char *member, qn_dtype dtype, int64_t count)
{
    *out = NULL;
    *found = 0;
    int64_t index = qn_npz_find(f->npz, member);
    const qn_array *a = index >= 0 ? qn_npz_array(f->npz, index) : NULL;
    if (a == NULL)
        return wrong(f, member, "the table has no such array");
    if (a->dtype != dtype || a->ndim != 1 || (count >= 0 && a->shape[0] != count) || !qn_array_is_contiguous(a))
        return wrong(f, member, "an array of another type or length than its column");
    f->used++;
    *out = a->data != NULL ? a->data : "";
    *found = a->shape[0];
    return QN_OK;
}

static qn_status fill_bools(const filler *f, uint8_t *bits, const char *member, const uint8_t *from)
{
    for (int64_t row = 0; row < f->table->row_count; row++) {
        if (from[row] > 1)
            return wrong(f, member, "a bool is neither 0 nor 1");
        bits[row >> 3] |= (uint8_t)(from[row] << (row & 7));
    }
    return QN_OK;
}

static qn_status fill_dates(const filler *f, int32_t *days, const char *member, const int64_t *from,
                            const uint8_t *missing)
{
    for (int64_t row = 0; row < f->table->row_count; row++) {
        bool gone = missing != NULL && missing[row] != 0;
        if (!gone && (from[row] < INT32_MIN || from[row] > INT32_MAX))
            return wrong(f, member, "a date that no calendar has");
        days[row] = gone ? 0 : (int32_t)from[row];
    }
    return QN_OK;
}

/* The strings of a text column, each new. */
static qn_status fill_texts(filler *f, int64_t c)
{
    char member[QNI_TABLE_NAME_SIZE];
    const void *found;
    int64_t size;
    number_name(member, c, ".texts");
    qn_status s = find(&found, &size, f, member, QN_DTYPE_U8, -1);
    if (s != QN_OK)
        return s;
    const char *text = found, *end = text + size;
    if (size > 0 && end[-1] != '\0')
        return wrong(f, member, "its last text has no end");
    qni_strings *strings = &f->table->columns[c].strings;
    while (text < end) {
        int32_t code;
        int64_t length = (int64_t)strlen(text), known = strings->count;
        s = qni_strings_add(&code, strings, f->table->allocator, text, length);
        if (s == QN_NOMEM)
            return qni_refused(f->err, f->table->allocator, length, "the texts of a column");
        if (s != QN_OK || code != known)
            return wrong(f, member, "a text comes twice");
        text += length + 1;
    }
    return QN_OK;
}

static qn_status fill_codes(const filler *f, int64_t c, const char *member, const int32_t *from, const uint8_t *missing)
{
    const qni_column *column = &f->table->columns[c];
    int32_t *codes = column->values;
    for (int64_t row = 0; row < f->table->row_count; row++) {
        bool gone = missing != NULL && missing[row] != 0;
        if (!gone && (from[row] < 0 || from[row] >= column->strings.count))
            return wrong(f, member, "a code without a text");
        codes[row] = gone ? 0 : from[row];
    }
    return QN_OK;
}

static qn_status fill_values(filler *f, int64_t c, const uint8_t *missing)
{
    static const qn_dtype dtypes[] = {
        [QN_TYPE_F64] = QN_DTYPE_F64,       [QN_TYPE_F32] = QN_DTYPE_F32,    [QN_TYPE_I64] = QN_DTYPE_I64,
        [QN_TYPE_BOOL] = QN_DTYPE_U8,       [QN_TYPE_STRING] = QN_DTYPE_I32, [QN_TYPE_DATE] = QN_DTYPE_I64,
        [QN_TYPE_TIMESTAMP] = QN_DTYPE_I64,
    };
    char spare[QNI_TABLE_NAME_SIZE];
    const qni_column *column = &f->table->columns[c];
    const char *member = values_name(spare, f->table, c);
    int64_t rows = f->table->row_count, count;
    const void *from;
    qn_status s = find(&from, &count, f, member, dtypes[column->type], rows);
    if (s != QN_OK)
        return s;
    assert(from != NULL);
    switch (column->type) {
    case QN_TYPE_BOOL:
        return fill_bools(f, column->values, member, from);
    case QN_TYPE_DATE:
        return fill_dates(f, column->values, member, from, missing);
    case QN_TYPE_STRING:
        s = fill_texts(f, c);
        return s == QN_OK ? fill_codes(f, c, member, from, missing) : s;
    default:
        if (rows > 0)
            memcpy(column->values, from, (size_t)(rows * qn_dtype_size(dtypes[column->type])));
        return QN_OK;
    }
}

static qn_status fill_column(filler *f, int64_t c)
{
    char member[QNI_TABLE_NAME_SIZE];
    const void *found = NULL;
    int64_t rows = f->table->row_count, count;
    number_name(member, c, ".missing");
    qn_status s = qn_npz_find(f->npz, member) >= 0 ? find(&found, &count, f, member, QN_DTYPE_U8, rows) : QN_OK;
    if (s != QN_OK)
        return s;
    const uint8_t *missing = found;
    s = fill_values(f, c, missing);
    for (int64_t row = 0; s == QN_OK && missing != NULL && row < rows; row++) {
        if (missing[row] > 1)
            return wrong(f, member, "a bool is neither 0 nor 1");
        if (missing[row] == 1 && !qni_table_set_missing(f->table, &f->table->columns[c], row))
            return qni_refused(f->err, f->table->allocator, 0, "a table of %" PRId64 " rows", rows);
    }
    return s;
}

/* The empty table with its columns, and room for the rows where the archive has them. */
static qn_status make_table(qn_table **out, const table_says *t)
{
    int64_t count = t->column_count;
    const char **names = qni_alloc(t->allocator, count, (int64_t)sizeof *names);
    *out = NULL;
    if (names == NULL)
        return qni_refused(t->err, t->allocator, 0, "%" PRId64 " columns", count);
    for (int64_t c = 0; c < count; c++)
        names[c] = t->names + t->columns[c].name;
    qn_status s = qni_table_new(out, names, count, NULL, t->allocator, t->err);
    for (int64_t c = 0; s == QN_OK && c < count; c++)
        (*out)->columns[c].type = t->columns[c].type;
    qni_free(t->allocator, names, count, (int64_t)sizeof *names);
    return s == QN_INVALID ? qni_error_at(t->err, QN_DATA, t->scan.file, 0, 0, TABLE_JSON ": a column comes twice") : s;
}

static qn_status fill_table(qn_table *table, const table_says *t, const qn_npz *npz)
{
    filler f = {.npz = npz, .table = table, .used = 1, .name = t->scan.file, .err = t->err};
    char spare[QNI_TABLE_NAME_SIZE];
    for (int64_t c = 0; c < t->column_count; c++) { /* before there is room for what they claim */
        const char *member = values_name(spare, table, c);
        int64_t index = qn_npz_find(npz, member);
        const qn_array *a = index >= 0 ? qn_npz_array(npz, index) : NULL;
        if (a == NULL || a->ndim != 1 || a->shape[0] != t->rows)
            return wrong(&f, member, "the table has no such array of that length");
    }
    if (!qni_table_reserve(table, t->rows))
        return qni_refused(t->err, t->allocator, 0, "a table of %" PRId64 " rows", t->rows);
    table->row_count = t->rows;
    for (int64_t c = 0; c < t->column_count; c++) {
        qn_status s = fill_column(&f, c);
        if (s != QN_OK)
            return s;
    }
    if (f.used != qn_npz_count(npz))
        return qni_error_at(t->err, QN_DATA, t->scan.file, 0, 0, "a member belongs to no column of the table");
    qni_table_finish(table);
    return QN_OK;
}

qn_status qni_table_from_npz(qn_table **out, const qn_npz *npz, const char *name, int64_t columns_max,
                             const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    int64_t size = 0, index = qn_npz_find(npz, TABLE_JSON);
    const char *text = index >= 0 ? qn_npz_bytes(&size, npz, index) : NULL;
    if (text == NULL)
        return qni_error_at(err, QN_DATA, name, 0, 0, "an archive without \"" TABLE_JSON "\" is no table");
    table_says says = {.rows = -1, .columns_max = columns_max, .allocator = allocator, .err = err};
    says.name_size = size + 1;
    says.names = qni_alloc(allocator, says.name_size, 1);
    qni_json_scan_init(&says.scan, text, size, name);
    qn_table *table = NULL;
    qn_status s = says.names != NULL
                      ? read_says(&says)
                      : qni_refused(err, allocator, size, "the names of columns, %" PRId64 " bytes", size);
    if (s == QN_OK)
        s = make_table(&table, &says);
    if (s == QN_OK)
        s = fill_table(table, &says, npz);
    says_free(&says);
    if (s == QN_OK)
        *out = table;
    else
        qn_table_free(table);
    return s;
}
