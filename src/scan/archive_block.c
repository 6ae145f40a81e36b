/* scan/archive_block.c: see archive_block.h. */
#include "scan/archive_block.h"

#include "base/checksum.h"
#include "scan/limits.h"

#include <assert.h>
#include <string.h>

enum {
    CHECKSUM = 0,
    MARK = 8,
    WIDTH = 12,
    COUNT = 16,
};

static int64_t padded(int64_t size)
{
    return (size + 7) & ~INT64_C(7);
}

static void mark_of(char out[4], const qni_block_layout *layout)
{
    out[0] = 'Q';
    out[1] = 'B';
    out[2] = layout->kind;
    out[3] = (char)layout->version;
}

static int32_t width_of(const qni_block_layout *layout)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < layout->column_count; i++)
        sum += layout->columns[i].width;
    return sum;
}

int64_t qni_block_offset(const qni_block_layout *layout, int32_t i, int64_t count)
{
    int64_t at = QNI_BLOCK_HEAD;
    for (int32_t c = 0; c < i; c++)
        at += padded(layout->columns[c].width * count);
    return at;
}

int64_t qni_block_size(const qni_block_layout *layout, int64_t count)
{
    assert(count >= 0 && count <= QNI_ARCHIVE_ROWS_MOST);
    return qni_block_offset(layout, layout->column_count, count);
}

/* Elements of `width` bytes from one place in every `from_step` bytes to another in every `to_step`. */
static inline void move(char *to, int64_t to_step, const char *from, int64_t from_step, size_t width, int64_t count)
{
    for (int64_t i = 0; i < count; i++, to += to_step, from += from_step)
        memcpy(to, from, width);
}

/* Widths that the compiler knows become single moves. */
static void move_column(char *to, int64_t to_step, const char *from, int64_t from_step, int32_t width, int64_t count)
{
    if (width == 8)
        move(to, to_step, from, from_step, 8, count);
    else if (width == 4)
        move(to, to_step, from, from_step, 4, count);
    else
        move(to, to_step, from, from_step, 1, count);
}

void qni_block_write(void *out, const qni_block_layout *layout, const void *rows, int64_t count)
{
    char *block = out;
    const int64_t size = qni_block_size(layout, count);
    const int32_t width = width_of(layout);
    memset(block, 0, (size_t)size);
    mark_of(block + MARK, layout);
    memcpy(block + WIDTH, &width, sizeof width);
    memcpy(block + COUNT, &count, sizeof count);
    for (int32_t i = 0; i < layout->column_count; i++) {
        const qni_block_column *c = &layout->columns[i];
        move_column(block + qni_block_offset(layout, i, count), c->width, (const char *)rows + c->offset,
                    layout->row_size, c->width, count);
    }
    uint64_t checksum = qni_checksum(block + MARK, size - MARK);
    memcpy(block + CHECKSUM, &checksum, sizeof checksum);
}

const char *qni_block_check(int64_t *count, const qni_block_layout *layout, const void *bytes, int64_t size)
{
    const char *block = bytes;
    char mark[4];
    int32_t width;
    uint64_t checksum;
    *count = 0;
    mark_of(mark, layout);
    if (size < QNI_BLOCK_HEAD || memcmp(block + MARK, mark, 3) != 0)
        return "it is no such block";
    if (block[MARK + 3] != mark[3])
        return "another version of Quern wrote it";
    memcpy(&checksum, block + CHECKSUM, sizeof checksum);
    if (checksum != qni_checksum(block + MARK, size - MARK))
        return "its checksum does not fit";
    memcpy(&width, block + WIDTH, sizeof width);
    memcpy(count, block + COUNT, sizeof *count);
    if (width == width_of(layout) && *count >= 0 && *count <= QNI_ARCHIVE_ROWS_MOST &&
        qni_block_size(layout, *count) == size)
        return NULL;
    *count = 0;
    return "its length does not fit";
}

void qni_block_read(void *rows, const qni_block_layout *layout, const void *bytes, int64_t count)
{
    for (int32_t i = 0; i < layout->column_count; i++) {
        const qni_block_column *c = &layout->columns[i];
        move_column((char *)rows + c->offset, layout->row_size,
                    (const char *)bytes + qni_block_offset(layout, i, count), c->width, c->width, count);
    }
}
