/* harness/values.c: see values.h. */
#include "harness/values.h"

#include "array/table_build.h"
#include "harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

qn_table *test_table(const char *csv, const char *types)
{
    qn_csv_options options = {.size = (int64_t)sizeof options, .types = types};
    qn_error err;
    qn_csv *reader;
    qn_table *table;
    assert_ok(qn_csv_open_bytes(&reader, csv, (int64_t)strlen(csv), "t.csv", &options, &err), &err);
    assert_ok(qn_csv_read(&table, reader, -1, &err), &err);
    qn_csv_close(reader);
    return table;
}

static const struct {
    const char *name;
    qn_type type;
} columns[] = {
    {"price", QN_TYPE_F64},    {"../f32", QN_TYPE_F32},   {"table.json", QN_TYPE_I64}, {"table/2", QN_TYPE_BOOL},
    {"who\\", QN_TYPE_STRING}, {"day.npy", QN_TYPE_DATE}, {"", QN_TYPE_TIMESTAMP},     {"g\xc3\xbc\n\"x", QN_TYPE_BOOL},
    {"/abs", QN_TYPE_F64},     {"plain", QN_TYPE_STRING},
};
enum {
    COLUMNS = sizeof columns / sizeof columns[0],
};

static qn_status fill(qn_table *t, int64_t c, int64_t row, uint64_t bits)
{
    static const char *const texts[] = {"a", "", "\xff not UTF-8", "bb", "a longer text than the others"};
    void *values = qni_table_build_values(t, c);
    int32_t day = (int32_t)bits;
    switch (columns[c].type) {
    case QN_TYPE_F32:
        memcpy((float *)values + row, &bits, sizeof(float));
        return QN_OK;
    case QN_TYPE_DATE:
        memcpy((int32_t *)values + row, &day, sizeof day);
        return QN_OK;
    case QN_TYPE_BOOL:
        qni_table_build_bool(t, c, row, (bits & 1) != 0);
        return QN_OK;
    case QN_TYPE_STRING: {
        const char *text = texts[bits % 5];
        return qni_table_build_string(t, c, row, text, (int64_t)strlen(text), NULL);
    }
    default:
        memcpy((int64_t *)values + row, &bits, sizeof bits);
        return QN_OK;
    }
}

static qn_status fill_all(qn_table *t, uint64_t *random, int64_t rows)
{
    for (int64_t c = 0; c < COLUMNS; c++)
        if (!qni_table_build_type(t, c, columns[c].type))
            return QN_NOMEM;
    if (!qni_table_build_reserve(t, rows))
        return QN_NOMEM;
    for (int64_t c = 0; c < COLUMNS; c++) {
        bool some_missing = c % 3 != 1;
        for (int64_t row = 0; row < rows; row++) {
            uint64_t bits = test_random(random);
            bool missing = some_missing && bits % 7 == 0;
            if (bits % 11 == 1)
                bits = UINT64_C(0x8000000000000000); /* -0, NaT */
            /* one that is missing is written first, so that its text stays in the dictionary */
            if (fill(t, c, row, bits) != QN_OK || (missing && !qni_table_build_missing(t, c, row)))
                return QN_NOMEM;
        }
    }
    qni_table_build_rows(t, rows);
    return QN_OK;
}

qn_table *test_table_of_all_types(uint64_t *random, int64_t rows, const qn_allocator *allocator)
{
    const char *names[COLUMNS];
    qn_table *t;
    for (int64_t c = 0; c < COLUMNS; c++)
        names[c] = columns[c].name;
    if (qni_table_build_new(&t, names, COLUMNS, "somewhere.csv", allocator, NULL) != QN_OK)
        return NULL;
    if (fill_all(t, random, rows) != QN_OK) {
        qn_table_free(t);
        return NULL;
    }
    qni_table_build_finish(t);
    return t;
}

static void assert_same_column(const qn_table *a, const qn_table *b, int64_t c)
{
    qn_type type = qn_table_column_type(a, c);
    int64_t rows = qn_table_row_count(a);
    assert_string_equal(qn_table_column_name(a, c), qn_table_column_name(b, c));
    assert_int_equal(type, qn_table_column_type(b, c));
    assert_int_equal(qn_table_missing_count(a, c), qn_table_missing_count(b, c));
    for (int64_t row = 0; row < rows; row++)
        assert_int_equal(qn_table_is_missing(a, c, row), qn_table_is_missing(b, c, row));
    const uint8_t *x = qn_table_values(a, c), *y = qn_table_values(b, c);
    if (type == QN_TYPE_BOOL) {
        for (int64_t row = 0; row < rows; row++)
            assert_int_equal(x[row / 8] >> row % 8 & 1, y[row / 8] >> row % 8 & 1);
    } else if (rows > 0) {
        bool small = type == QN_TYPE_F32 || type == QN_TYPE_STRING || type == QN_TYPE_DATE;
        assert_memory_equal(x, y, (size_t)rows * (small ? 4 : 8));
    }
    assert_int_equal(qn_table_string_count(a, c), qn_table_string_count(b, c));
    for (int64_t i = 0; i < qn_table_string_count(a, c); i++)
        assert_string_equal(qn_table_string(a, c, i), qn_table_string(b, c, i));
}

void assert_same_table(const qn_table *a, const qn_table *b)
{
    assert_int_equal(qn_table_row_count(a), qn_table_row_count(b));
    assert_int_equal(qn_table_column_count(a), qn_table_column_count(b));
    for (int64_t c = 0; c < qn_table_column_count(a); c++)
        assert_same_column(a, b, c);
}

static const char *at(const qn_array *a, const int64_t *index)
{
    const char *p = a->data;
    for (int32_t k = 0; k < a->ndim; k++)
        p += index[k] * a->strides[k];
    return p;
}

void assert_same_array(const qn_array *a, const qn_array *b)
{
    int64_t index[QN_ARRAY_MAX_DIMS] = {0};
    assert_int_equal(a->dtype, b->dtype);
    assert_int_equal(a->ndim, b->ndim);
    for (int32_t k = 0; k < a->ndim; k++)
        assert_int_equal(a->shape[k], b->shape[k]);
    int64_t count = qn_array_count(a);
    for (int64_t n = 0; n < count; n++) {
        assert_memory_equal(at(a, index), at(b, index), (size_t)qn_dtype_size(a->dtype));
        for (int32_t k = a->ndim - 1; k >= 0 && ++index[k] == a->shape[k]; k--)
            index[k] = 0;
    }
}
