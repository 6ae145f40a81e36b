/* scan/archive_block.h: rows kept as one block of bytes: their columns side by side, under a checksum.
 *
 *   0  checksum of all that follows        8 bytes
 *   8  "QB", kind, version                 4
 *  12  bytes of a row, without padding     4
 *  16  rows                                8
 *  24  the columns, in order; each begins at a multiple of 8, what fills up to it is 0
 *
 * Words are little-endian, as the machine is. Nothing allocates; any thread. */
#ifndef QNI_SCAN_ARCHIVE_BLOCK_H
#define QNI_SCAN_ARCHIVE_BLOCK_H

#include <quern/base.h>

#define QNI_BLOCK_HEAD 24 /* bytes before the columns */

/* A column: how wide its elements are (1, 4 or 8 bytes), and where one lies in a row in memory. */
typedef struct qni_block_column {
    int32_t width, offset;
} qni_block_column;

/* What a kind of block holds. */
typedef struct qni_block_layout {
    char kind;
    int8_t version;
    int32_t row_size; /* bytes of a row in memory */
    const qni_block_column *columns;
    int32_t column_count;
} qni_block_layout;

/* Bytes of a block of so many rows; and where its column i begins. `count` is at most QNI_ARCHIVE_ROWS_MOST. */
int64_t qni_block_size(const qni_block_layout *layout, int64_t count);
int64_t qni_block_offset(const qni_block_layout *layout, int32_t i, int64_t count);

/* Writes rows (count) as a block of qni_block_size bytes. */
void qni_block_write(void *out, const qni_block_layout *layout, const void *rows, int64_t count);

/* What is wrong with `size` bytes as a block of that layout, "its checksum does not fit"; NULL: nothing, and *count.
 * Static. */
const char *qni_block_check(int64_t *count, const qni_block_layout *layout, const void *bytes, int64_t size);

/* Reads a block that was checked; fields of rows (count) that no column has stay as they are. */
void qni_block_read(void *rows, const qni_block_layout *layout, const void *bytes, int64_t count);

#endif
