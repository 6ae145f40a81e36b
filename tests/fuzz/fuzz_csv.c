/* Any bytes as a CSV file. The first two bytes choose how it is read; the rest is read at once, and again in small
 * chunks and batches: both must give the same cells, lines and complaint. The memory held stays in proportion to the
 * input. */
#include <quern/table.h>

#include "array/csv_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    BATCHES = 4096
};

/* Bytes handed out a few at a time. */
typedef struct trickle {
    const char *next, *end;
    int64_t piece;
} trickle;

static int64_t trickle_read(void *user, char *into, int64_t size)
{
    trickle *t = user;
    int64_t count = t->end - t->next;
    if (count > t->piece)
        count = t->piece;
    if (count > size)
        count = size;
    memcpy(into, t->next, (size_t)count);
    t->next += count;
    return count;
}

#define REQUIRE(condition)                                                    \
    do {                                                                      \
        if (!(condition)) {                                                   \
            (void)fprintf(stderr, "fuzz_csv:%d: %s\n", __LINE__, #condition); \
            abort();                                                          \
        }                                                                     \
    } while (0)

static void require_same_cell(const qn_table *a, int64_t row_a, const qn_table *b, int64_t row_b, int64_t column)
{
    REQUIRE(qn_table_is_missing(a, column, row_a) == qn_table_is_missing(b, column, row_b));
    const char *values_a = qn_table_values(a, column), *values_b = qn_table_values(b, column);
    int width = 8;
    switch (qn_table_column_type(a, column)) {
    case QN_TYPE_STRING: {
        if (qn_table_is_missing(a, column, row_a))
            return;
        int32_t code_a = ((const int32_t *)(const void *)values_a)[row_a];
        int32_t code_b = ((const int32_t *)(const void *)values_b)[row_b];
        REQUIRE(strcmp(qn_table_string(a, column, code_a), qn_table_string(b, column, code_b)) == 0);
        return;
    }
    case QN_TYPE_BOOL:
        REQUIRE((values_a[row_a / 8] >> row_a % 8 & 1) == (values_b[row_b / 8] >> row_b % 8 & 1));
        return;
    case QN_TYPE_DATE:
    case QN_TYPE_F32:
        width = 4;
        break;
    default:
        break;
    }
    REQUIRE(memcmp(values_a + row_a * width, values_b + row_b * width, (size_t)width) == 0);
}

static void require_same_rows(const qn_table *whole, int64_t first, const qn_table *batch)
{
    REQUIRE(qn_table_column_count(whole) == qn_table_column_count(batch));
    REQUIRE(first + qn_table_row_count(batch) <= qn_table_row_count(whole));
    for (int64_t c = 0; c < qn_table_column_count(batch); c++) {
        REQUIRE(qn_table_column_type(whole, c) == qn_table_column_type(batch, c));
        REQUIRE(strcmp(qn_table_column_name(whole, c), qn_table_column_name(batch, c)) == 0);
        for (int64_t r = 0; r < qn_table_row_count(batch); r++)
            require_same_cell(whole, first + r, batch, r, c);
    }
    for (int64_t r = 0; r < qn_table_row_count(batch); r++)
        REQUIRE(qn_table_row_line(whole, first + r) == qn_table_row_line(batch, r));
}

static void require_same_error(qn_status a, const qn_error *err_a, qn_status b, const qn_error *err_b)
{
    REQUIRE(a == b);
    REQUIRE(a == QN_OK || (err_a->line == err_b->line && err_a->column == err_b->column));
    REQUIRE(a == QN_OK || strcmp(err_a->message, err_b->message) == 0);
}

/* Selects a column, or all with a type, where the input says so: then nothing is looked at ahead of reading. */
static qn_status select_some(qn_csv *csv, uint8_t how, qn_error *err)
{
    qn_status s = QN_OK;
    if ((how & 0xC0) == 0x40) {
        for (int64_t i = 0; i < qn_csv_column_count(csv) && s == QN_OK; i++)
            s = qn_csv_select(csv, qn_csv_column_names(csv)[i], (qn_type)(1 + (how + i) % 7), err);
        return s;
    }
    if ((how & 0x80) == 0)
        return QN_OK;
    return qn_csv_select(csv, qn_csv_column_names(csv)[how % qn_csv_column_count(csv)], (qn_type)(how >> 4 & 7), err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    static const char delimiters[] = {0, ',', ';', '\t', ' ', '|', 0, 0};
    uint8_t how = data[0];
    uint8_t selection = data[1];
    qn_csv_options options;
    qn_csv_options_init(&options, sizeof options);
    options.no_header = (how & 1) != 0;
    options.delimiter = delimiters[how >> 1 & 7];
    const char *bytes = (const char *)data + 2;
    int64_t count = (int64_t)size - 2;

    qn_error err = qn_error_none(), err_small = qn_error_none();
    qn_csv *csv = NULL, *small = NULL;
    qn_table *whole = NULL;
    qn_status s = qn_csv_open_bytes(&csv, bytes, count, "f", &options, &err);
    trickle t = {bytes, bytes + count, 1 + (how >> 6)};
    qni_input input = {.read = trickle_read, .user = &t, .total_size = -1};
    qni_csv_sizes sizes = {.chunk = 1 + (how >> 4)};
    qn_status s_small = qni_csv_open_input(&small, input, &sizes, "f", &options, &err_small);
    require_same_error(s, &err, s_small, &err_small);
    if (s == QN_OK) {
        s = select_some(csv, selection, &err);
        s_small = select_some(small, selection, &err_small);
        require_same_error(s, &err, s_small, &err_small);
    }
    if (s == QN_OK) {
        s = qn_csv_read(&whole, csv, -1, &err);
        int64_t rows = 0;
        for (int i = 0; i < BATCHES; i++) {
            qn_table *batch = NULL;
            s_small = qn_csv_read(&batch, small, 1 + i % 7, &err_small);
            if (batch == NULL)
                break;
            if (s == QN_OK)
                require_same_rows(whole, rows, batch);
            rows += qn_table_row_count(batch);
            qn_table_free(batch);
            if (i == BATCHES - 1)
                rows = -1; /* enough */
        }
        if (rows >= 0) {
            require_same_error(s, &err, s_small, &err_small);
            REQUIRE(s != QN_OK || rows == (whole != NULL ? qn_table_row_count(whole) : 0));
        }
    }
    qn_table_free(whole);
    qn_csv_close(csv);
    qn_csv_close(small);
    return 0;
}
