/* Any bytes as a .npy file: what is read is an array whose elements lie in memory of its own, no larger than the input
 * unless that is gzip's, and a table where it has one or two axes. */
#include <quern/npy.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                    \
    do {                                                                      \
        if (!(condition)) {                                                   \
            (void)fprintf(stderr, "fuzz_npy:%d: %s\n", __LINE__, #condition); \
            abort();                                                          \
        }                                                                     \
    } while (0)

enum {
    ELEMENTS = 4096,
    COLUMNS = 1000
};

static void look_at(const qn_array *a)
{
    int64_t index[QN_ARRAY_MAX_DIMS] = {0};
    int64_t count = qn_array_count(a);
    double value;
    for (int64_t n = 0; n < count && n < ELEMENTS; n++) {
        REQUIRE(qn_array_get(&value, a, index, NULL) == QN_OK);
        for (int32_t k = a->ndim - 1; k >= 0 && ++index[k] == a->shape[k]; k--)
            index[k] = 0;
    }
    for (int32_t k = 0; k < a->ndim; k++)
        index[k] = a->shape[k] - 1;
    if (count > 0)
        REQUIRE(qn_array_get(&value, a, index, NULL) == QN_OK);
    if ((a->ndim == 1 || (a->ndim == 2 && a->shape[1] < COLUMNS)) && count > 0) {
        qn_table *table;
        REQUIRE(qn_table_from_array(&table, a, "f", NULL, NULL) == QN_OK);
        REQUIRE(qn_table_row_count(table) * qn_table_column_count(table) == count);
        qn_table_free(table);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    qn_array a;
    qn_error err = qn_error_none();
    qn_status s = qn_npy_read_bytes(&a, data, (int64_t)size, "f", NULL, &err);
    if (s == QN_OK) {
        if (data[0] == 0x93)
            REQUIRE(qn_array_count(&a) * qn_dtype_size(a.dtype) < (int64_t)size);
        look_at(&a);
    } else {
        REQUIRE(a.data == NULL && a.owner == NULL && err.message[0] != '\0');
        REQUIRE(s == QN_DATA || s == QN_LIMIT || s == QN_NOMEM || s == QN_UNAVAILABLE);
    }
    qn_array_fini(&a);
    return 0;
}
