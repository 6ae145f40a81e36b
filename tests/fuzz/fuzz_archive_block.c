/* Any bytes as a block of rows, as they stand and with a checksum that fits, so that what lies behind it is looked at
 * too. What is taken for a block is written again as the same bytes. */
#include "scan/archive_int.h"

#include "base/checksum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                              \
    do {                                                                                \
        if (!(condition)) {                                                             \
            (void)fprintf(stderr, "fuzz_archive_block:%d: %s\n", __LINE__, #condition); \
            abort();                                                                    \
        }                                                                               \
    } while (0)

/* Blanks between columns are not looked at: they need not be the same again. */
static bool same_columns(const qni_block_layout *layout, const char *a, const char *b, int64_t count)
{
    for (int32_t i = 0; i < layout->column_count; i++) {
        const int64_t at = qni_block_offset(layout, i, count);
        if (memcmp(a + at, b + at, (size_t)(layout->columns[i].width * count)) != 0)
            return false;
    }
    return true;
}

static void look(const qni_block_layout *layout, const char *block, int64_t size)
{
    int64_t count = -1;
    const char *why = qni_block_check(&count, layout, block, size);
    REQUIRE((why == NULL) == (count > 0) || count == 0);
    if (why != NULL)
        return;
    REQUIRE(qni_block_size(layout, count) == size);
    char *rows = calloc((size_t)count + 1, (size_t)layout->row_size), *again = malloc((size_t)size);
    REQUIRE(rows != NULL && again != NULL);
    qni_block_read(rows, layout, block, count);
    qni_block_write(again, layout, rows, count);
    REQUIRE(same_columns(layout, again, block, count));
    int64_t second;
    REQUIRE(qni_block_check(&second, layout, again, size) == NULL && second == count);
    free(again);
    free(rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    const qni_block_layout *layout = data[0] & 1 ? &qni_archive_days : &qni_archive_quotes;
    const int64_t left = (int64_t)size - 1;
    char *block = malloc((size_t)left + 1); /* as long as the bytes, so that a read beyond them is seen */
    REQUIRE(block != NULL);
    memcpy(block, data + 1, (size_t)left);
    look(layout, block, left);
    if (left >= QNI_BLOCK_HEAD) {
        const uint64_t checksum = qni_checksum(block + 8, left - 8);
        memcpy(block, &checksum, sizeof checksum);
        look(layout, block, left);
    }
    free(block);
    return 0;
}
