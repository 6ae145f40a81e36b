/* array/table.c: see quern/table.h and table_int.h. */
#include "array/table_int.h"

#include "array/limits.h"
#include "base/alloc.h"
#include "base/error.h"
#include "mem/refuse.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct type_info {
    const char *name;
    int64_t bits; /* of a value */
} type_info;

static const type_info types[] = {
    [QN_TYPE_AUTO] = {"auto", 0},  [QN_TYPE_F64] = {"f64", 64},
    [QN_TYPE_F32] = {"f32", 32},   [QN_TYPE_I64] = {"i64", 64},
    [QN_TYPE_BOOL] = {"bool", 1},  [QN_TYPE_STRING] = {"string", 32},
    [QN_TYPE_DATE] = {"date", 32}, [QN_TYPE_TIMESTAMP] = {"timestamp", 64},
};
enum {
    TYPE_COUNT = sizeof types / sizeof types[0]
};

const char *qn_type_name(qn_type type)
{
    return (unsigned)type < TYPE_COUNT ? types[type].name : "?";
}

qn_type qn_type_from_name(const char *name)
{
    for (int i = QN_TYPE_AUTO + 1; i < TYPE_COUNT; i++) {
        if (strcmp(types[i].name, name) == 0)
            return (qn_type)i;
    }
    return QN_TYPE_AUTO;
}

int64_t qn_table_row_count(const qn_table *table)
{
    return table->row_count;
}

int64_t qn_table_column_count(const qn_table *table)
{
    return table->column_count;
}

static const qni_column *column_at(const qn_table *table, int64_t column)
{
    assert(0 <= column && column < table->column_count);
    return &table->columns[column];
}

const char *qn_table_column_name(const qn_table *table, int64_t column)
{
    assert(0 <= column && column < table->column_count);
    return qni_strings_at(&table->names, column);
}

int64_t qn_table_column_find(const qn_table *table, const char *name)
{
    return qni_strings_find(&table->names, name, (int64_t)strlen(name));
}

qn_type qn_table_column_type(const qn_table *table, int64_t column)
{
    return column_at(table, column)->type;
}

const void *qn_table_values(const qn_table *table, int64_t column)
{
    return column_at(table, column)->values;
}

const double *qn_table_f64(const qn_table *table, int64_t column)
{
    const qni_column *c = column_at(table, column);
    return c->type == QN_TYPE_F64 ? c->values : NULL;
}

const uint8_t *qn_table_validity(const qn_table *table, int64_t column)
{
    return column_at(table, column)->validity;
}

int64_t qn_table_missing_count(const qn_table *table, int64_t column)
{
    return column_at(table, column)->missing_count;
}

bool qn_table_is_missing(const qn_table *table, int64_t column, int64_t row)
{
    const qni_column *c = column_at(table, column);
    assert(0 <= row && row < table->row_count);
    return c->validity != NULL && (c->validity[row >> 3] >> (row & 7) & 1) == 0;
}

bool qn_table_read_f64(const qn_table *table, int64_t column, double *out)
{
    const void *values = qn_table_values(table, column);
    const double *f64 = values;
    const float *f32 = values;
    const int64_t *i64 = values;
    const uint8_t *bits = values;
    qn_type type = qn_table_column_type(table, column);
    int64_t n = table->row_count;
    if (type != QN_TYPE_F64 && type != QN_TYPE_F32 && type != QN_TYPE_I64 && type != QN_TYPE_BOOL)
        return false;
    for (int64_t i = 0; i < n; i++)
        out[i] = type == QN_TYPE_F64   ? f64[i]
                 : type == QN_TYPE_F32 ? (double)f32[i]
                 : type == QN_TYPE_I64 ? (double)i64[i]
                                       : bits[i / 8] >> (i % 8) & 1;
    for (int64_t i = 0; qn_table_missing_count(table, column) > 0 && i < n; i++)
        if (qn_table_is_missing(table, column, i))
            out[i] = (double)NAN;
    return true;
}

int64_t qn_table_string_count(const qn_table *table, int64_t column)
{
    return column_at(table, column)->strings.count;
}

const char *qn_table_string(const qn_table *table, int64_t column, int64_t code)
{
    const qni_column *c = column_at(table, column);
    assert(0 <= code && code < c->strings.count);
    return qni_strings_at(&c->strings, code);
}

const char *qn_table_source(const qn_table *table)
{
    return table->source != NULL ? table->source : "";
}

int64_t qn_table_row_line(const qn_table *table, int64_t row)
{
    int64_t low = 0, high = table->line_count; /* lines[low].row <= row < lines[high].row */
    if (high == 0 || row < 0 || row >= table->row_count)
        return 0;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (table->lines[middle].row <= row)
            low = middle;
        else
            high = middle;
    }
    return table->lines[low].line + (row - table->lines[low].row);
}

int64_t qni_table_held(const qn_table *table)
{
    int64_t columns = table->column_count > 0 ? table->column_count : 1; /* a block has one element at least */
    int64_t held = (int64_t)sizeof *table + columns * (int64_t)sizeof *table->columns + qni_strings_held(&table->names);
    for (int64_t i = 0; i < table->column_count; i++) {
        const qni_column *c = &table->columns[i];
        held += c->value_size + c->validity_size + qni_strings_held(&c->strings);
    }
    if (table->source != NULL)
        held += (int64_t)strlen(table->source) + 1;
    return held + table->line_capacity * (int64_t)sizeof *table->lines;
}

void qni_table_ref(qn_table *table)
{
    atomic_fetch_add_explicit(&table->reference_count, 1, memory_order_relaxed); /* who calls holds a reference */
}

void qn_table_free(qn_table *table)
{
    /* Release: what this thread read is read before another frees it. Acquire: the freeing thread sees all that. */
    if (table == NULL || atomic_fetch_sub_explicit(&table->reference_count, 1, memory_order_acq_rel) > 1)
        return;
    const qn_allocator *allocator = table->allocator;
    for (int64_t i = 0; i < table->column_count && table->columns != NULL; i++) {
        qni_column *c = &table->columns[i];
        qni_free(allocator, c->values, c->value_size, 1);
        qni_free(allocator, c->validity, c->validity_size, 1);
        qni_strings_fini(&c->strings, allocator);
    }
    qni_free(allocator, table->columns, table->column_count, sizeof *table->columns);
    qni_strings_fini(&table->names, allocator);
    if (table->source != NULL)
        qni_free(allocator, table->source, (int64_t)strlen(table->source) + 1, 1);
    qni_free(allocator, table->lines, table->line_capacity, sizeof *table->lines);
    qni_delete(allocator, table);
}

static qn_status fill_new_table(qn_table *table, const char *const *names, const char *source, qn_error *err)
{
    const qn_allocator *allocator = table->allocator;
    table->columns = qni_alloc_zeroed(allocator, table->column_count, sizeof *table->columns);
    if (table->columns == NULL)
        return qni_refused(err, allocator, table->column_count * (int64_t)sizeof *table->columns,
                           "a table of %" PRId64 " columns", table->column_count);
    if (source != NULL && (table->source = qni_copy_string(allocator, source, -1)) == NULL)
        return qni_refused(err, allocator, 0, "a table");
    for (int64_t i = 0; i < table->column_count; i++) {
        int32_t code;
        qni_strings_init(&table->columns[i].strings);
        qn_status s = qni_strings_add(&code, &table->names, allocator, names[i], (int64_t)strlen(names[i]));
        if (s != QN_OK)
            return qni_error(err, s, "the names of %" PRId64 " columns do not fit", table->column_count);
        if (code != i)
            return qni_error(err, QN_INVALID, "two columns are called \"%.80s\"", names[i]);
    }
    return QN_OK;
}

qn_status qni_table_new(qn_table **out, const char *const *names, int64_t column_count, const char *source,
                        const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    if (column_count < 0)
        return qni_error(err, QN_INVALID, "a table cannot have %" PRId64 " columns", column_count);
    qn_table *table = qni_new(allocator, qn_table);
    if (table == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *table, "a table");
    table->allocator = allocator;
    table->column_count = column_count;
    atomic_init(&table->reference_count, 1);
    qni_strings_init(&table->names);
    qn_status s = fill_new_table(table, names, source, err);
    if (s != QN_OK) {
        qn_table_free(table);
        return s;
    }
    *out = table;
    return QN_OK;
}

/* The bytes of `rows` values of `bits` bits, rounded up to whole cache lines, at least one. False: does not fit. */
static bool buffer_size(int64_t *out, int64_t rows, int64_t bits)
{
    int64_t size;
    bool fits = bits == 1 ? qni_size_add(&size, rows, 7) : qni_size_mul(&size, rows, bits / 8);
    if (bits == 1 && fits)
        size /= 8;
    return fits && qni_size_round_up(out, size > 0 ? size : 1, QNI_ALIGN);
}

/* Makes a buffer at least `size` bytes; new ones are `fill`. */
static bool grow_buffer(const qn_allocator *allocator, void **buffer, int64_t *held, int64_t size, int fill)
{
    if (size <= *held)
        return true;
    void *fresh = qni_alloc(allocator, size, 1);
    if (fresh == NULL)
        return false;
    if (*buffer != NULL)
        memcpy(fresh, *buffer, (size_t)*held);
    if (fill >= 0)
        memset((char *)fresh + *held, fill, (size_t)(size - *held));
    qni_free(allocator, *buffer, *held, 1);
    *buffer = fresh;
    *held = size;
    return true;
}

bool qni_table_reserve(qn_table *table, int64_t capacity)
{
    for (int64_t i = 0; i < table->column_count; i++) {
        qni_column *c = &table->columns[i];
        assert(c->type != QN_TYPE_AUTO);
        int64_t size, bitmap_size;
        if (!buffer_size(&size, capacity, types[c->type].bits) || !buffer_size(&bitmap_size, capacity, 1))
            return false;
        if (!grow_buffer(table->allocator, &c->values, &c->value_size, size, c->type == QN_TYPE_BOOL ? 0 : -1))
            return false;
        if (c->validity != NULL) {
            void *validity = c->validity;
            if (!grow_buffer(table->allocator, &validity, &c->validity_size, bitmap_size, 0xFF))
                return false;
            c->validity = validity;
        }
    }
    table->capacity = capacity;
    return true;
}

bool qni_table_set_missing(qn_table *table, qni_column *c, int64_t row)
{
    assert(row < table->capacity);
    if (c->validity == NULL) {
        int64_t size;
        void *validity = NULL;
        if (!buffer_size(&size, table->capacity, 1) ||
            !grow_buffer(table->allocator, &validity, &c->validity_size, size, 0xFF))
            return false;
        assert(validity != NULL);
        c->validity = validity;
    }
    c->validity[row >> 3] &= (uint8_t) ~(1u << (row & 7));
    if (c->type == QN_TYPE_F64) {
        ((double *)c->values)[row] = (double)NAN;
    } else if (c->type == QN_TYPE_BOOL) {
        ((uint8_t *)c->values)[row >> 3] &= (uint8_t) ~(1u << (row & 7));
    } else {
        int64_t size = types[c->type].bits / 8;
        memset((char *)c->values + row * size, 0, (size_t)size);
    }
    return true;
}

bool qni_table_note_line(qn_table *table, int64_t line)
{
    if (table->line_count > 0) {
        const qni_row_lines *last = &table->lines[table->line_count - 1];
        if (line - last->line == table->row_count - last->row)
            return true;
    }
    if (!qni_grow(table->allocator, (void **)&table->lines, &table->line_capacity, table->line_count + 1,
                  sizeof *table->lines))
        return false;
    table->lines[table->line_count++] = (qni_row_lines){.row = table->row_count, .line = line};
    return true;
}

static void clear_tail(uint8_t *bits, int64_t size, int64_t row_count)
{
    int64_t whole = row_count >> 3;
    if ((row_count & 7) != 0) {
        bits[whole] &= (uint8_t)((1u << (row_count & 7)) - 1);
        whole++;
    }
    memset(bits + whole, 0, (size_t)(size - whole));
}

static int64_t count_ones(const uint8_t *bits, int64_t size)
{
    int64_t count = 0;
    for (int64_t i = 0; i < size; i += 8) { /* buffers are whole cache lines */
        uint64_t word;
        memcpy(&word, bits + i, sizeof word);
        count += __builtin_popcountll(word);
    }
    return count;
}

void qni_table_finish(qn_table *table)
{
    for (int64_t i = 0; i < table->column_count; i++) {
        qni_column *c = &table->columns[i];
        if (c->validity != NULL) {
            clear_tail(c->validity, c->validity_size, table->row_count);
            c->missing_count = table->row_count - count_ones(c->validity, c->validity_size);
        }
    }
}

qn_status qn_table_from_f64(qn_table **out, const char *const *names, const double *const *columns,
                            int64_t column_count, int64_t row_count, const qn_allocator *allocator, qn_error *err)
{
    *out = NULL;
    if (row_count < 0)
        return qni_error(err, QN_INVALID, "a table cannot have %" PRId64 " rows", row_count);
    qn_table *table;
    qn_status s = qni_table_new(&table, names, column_count, NULL, allocator, err);
    if (s != QN_OK)
        return s;
    for (int64_t i = 0; i < column_count; i++)
        table->columns[i].type = QN_TYPE_F64;
    if (!qni_table_reserve(table, row_count)) {
        qn_table_free(table);
        return qni_refused(err, allocator, 0, "%" PRId64 " columns of %" PRId64 " rows", column_count, row_count);
    }
    for (int64_t i = 0; i < column_count; i++)
        memcpy(table->columns[i].values, columns[i], (size_t)row_count * sizeof(double));
    table->row_count = row_count;
    qni_table_finish(table);
    *out = table;
    return QN_OK;
}
