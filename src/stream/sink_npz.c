/* stream/sink_npz.c: records and columns as arrays in an .npz file; see quern/sinks.h.
 *
 * How many records there will be is known when the last has come, and an array's header says it. So records are
 * gathered by column in a block of QNI_SINK_ROWS of them, which goes to a scratch file whenever it is full; at the end
 * each column is read from all blocks, one after another. The checksum of a column, which stands before it in the
 * archive, is kept as its blocks go out.
 *
 * Always: column c lies in the block from columns[c].at on; `rows` of the block are filled in; `blocks` of them are in
 * the scratch file. One thread at a time. */
#include "stream/sink_int.h"

#include "array/npz_stream.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/scratch.h"
#include "base/utf8.h"
#include "mem/refuse.h"
#include "stream/limits.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <string.h>

/* What a record has, in the order of the file. */
enum {
    SEQUENCE,
    TIME,
    SYMBOL,
    PRICE,
    SIZE,
    BID,
    ASK,
    SIDE,
    KIND,
    ORDER,
    FIELDS
};
static const struct field {
    const char *name, *type;
    int64_t size; /* bytes */
} fields[FIELDS] = {
    [SEQUENCE] = {"sequence", "<i8", 8}, [TIME] = {"time_ns", "<i8", 8}, [SYMBOL] = {"symbol", "<i4", 4},
    [PRICE] = {"price", "<f8", 8},       [SIZE] = {"size", "<f8", 8},    [BID] = {"bid", "<f8", 8},
    [ASK] = {"ask", "<f8", 8},           [SIDE] = {"side", "|i1", 1},    [KIND] = {"kind", "|u1", 1},
    [ORDER] = {"order", "<i8", 8},
};
static const char symbols_name[] = "symbols";

typedef struct column {
    char *name; /* of a column; NULL: a field's */
    const char *type;
    int64_t size; /* bytes an element */
    int64_t at;   /* in the block */
    uint32_t crc; /* of what is in the scratch file */
} column;

typedef struct npz_sink {
    const qn_allocator *allocator;
    const qn_symbols *symbols;
    char *path;
    qni_npz_stream *archive; /* NULL: until the stream begins; ended */
    qni_scratch scratch;
    column *columns; /* (count) fields first */
    int64_t count, rows, blocks;
    char *block; /* (block_size) */
    int64_t block_size;
    char *part;      /* (PART_SIZE) a column of a block, on its way */
    qn_error failed; /* code QN_OK: nothing failed yet */
} npz_sink;

enum {
    PART_SIZE = QNI_SINK_ROWS * 8,
    CODE_SIZE = 4, /* bytes of a character of NumPy's text */
};

static qn_status keep(npz_sink *s, qn_status status, const qn_error *why, qn_error *err)
{
    s->failed = *why;
    s->failed.code = status;
    if (err != NULL)
        *err = s->failed;
    return status;
}

/* ---- while records come ---- */

static double number(int64_t value)
{
    return (double)value / QN_TICK_SCALE;
}

/* Records from..to of the span into the block. */
static void put_fields(npz_sink *s, const qn_tick *records, int64_t count)
{
    void *to[FIELDS];
    for (int i = 0; i < FIELDS; i++)
        to[i] = s->block + s->columns[i].at + s->rows * s->columns[i].size;
    for (int64_t i = 0; i < count; i++) {
        const qn_tick *r = &records[i];
        ((int64_t *)to[SEQUENCE])[i] = r->sequence;
        ((int64_t *)to[TIME])[i] = r->time_ns;
        ((int32_t *)to[SYMBOL])[i] = r->symbol;
        ((double *)to[PRICE])[i] = number(r->price);
        ((double *)to[SIZE])[i] = number(r->size);
        ((double *)to[BID])[i] = r->flags & QN_TICK_HAS_BID ? number(r->bid) : (double)NAN;
        ((double *)to[ASK])[i] = r->flags & QN_TICK_HAS_ASK ? number(r->ask) : (double)NAN;
        ((int8_t *)to[SIDE])[i] = r->side;
        ((uint8_t *)to[KIND])[i] = r->kind;
        ((int64_t *)to[ORDER])[i] = r->order;
    }
}

static qn_status write_block(npz_sink *s, qn_error *err)
{
    const qni_crc32_table *table = qni_npz_stream_table(s->archive);
    for (int64_t c = 0; c < s->count; c++) {
        column *k = &s->columns[c];
        k->crc = qni_crc32(table, k->crc, s->block + k->at, QNI_SINK_ROWS * k->size);
    }
    s->rows = 0;
    s->blocks++;
    return qni_scratch_write(&s->scratch, s->block, s->block_size, err);
}

static qn_status npz_write(void *self, const qn_stream_span *span, qn_error *err)
{
    npz_sink *s = self;
    if (s->failed.code != QN_OK)
        return keep(s, s->failed.code, &s->failed, err);
    for (int64_t i = 0; i < span->count;) {
        int64_t room = QNI_SINK_ROWS - s->rows, count = span->count - i < room ? span->count - i : room;
        put_fields(s, span->records + i, count);
        for (int64_t c = FIELDS; c < s->count; c++)
            memcpy(s->block + s->columns[c].at + s->rows * 8, span->columns[c - FIELDS] + i, (size_t)count * 8);
        s->rows += count;
        i += count;
        qn_error why = qn_error_none();
        qn_status status = s->rows == QNI_SINK_ROWS ? write_block(s, &why) : QN_OK;
        if (status != QN_OK) {
            qn_error said = why;
            (void)qni_error(&why, status, "\"%.300s\": %s", s->path, said.message);
            why.native = said.native;
            return keep(s, status, &why, err);
        }
    }
    return QN_OK;
}

/* ---- at the end ---- */

static qn_status write_column(npz_sink *s, const column *k, const char *name, qn_error *err)
{
    const char *rest = s->block + k->at;
    int64_t rest_size = s->rows * k->size, part_size = QNI_SINK_ROWS * k->size;
    qni_npz_stream_array array = {.name = name, .type = k->type, .row_size = k->size};
    array.rows = s->blocks * QNI_SINK_ROWS + s->rows;
    array.crc = qni_crc32(qni_npz_stream_table(s->archive), k->crc, rest, rest_size);
    qn_status status = qni_npz_stream_begin(s->archive, &array, err);
    for (int64_t b = 0; status == QN_OK && b < s->blocks; b++) {
        status = qni_scratch_read(&s->scratch, s->part, b * s->block_size + k->at, part_size, err);
        if (status == QN_OK)
            status = qni_npz_stream_write(s->archive, s->part, part_size, err);
    }
    return status == QN_OK ? qni_npz_stream_write(s->archive, rest, rest_size, err) : status;
}

/* The characters of a name in NumPy's four bytes each, `width` of them, zeros behind. Returns how many there are. */
static int64_t put_codes(char *to, const char *name, int64_t width)
{
    const char *end = name + strlen(name);
    int64_t count = 0;
    memset(to, 0, (size_t)(width * CODE_SIZE));
    for (uint32_t code; name < end; count++) {
        int size = qni_utf8_decode(&code, name, end);
        assert(size > 0); /* qn_symbols_add saw to it */
        name += size > 0 ? size : 1;
        memcpy(to + count * CODE_SIZE, &code, CODE_SIZE);
    }
    return count;
}

/* The names: looked at for their width, then for their checksum, then written. */
static qn_status write_symbols(npz_sink *s, qn_error *err)
{
    char row[QN_SYMBOL_NAME_MAX * CODE_SIZE], type[8] = "<U";
    int64_t count = qn_symbols_count(s->symbols), width = 1;
    for (int32_t i = 0; i < count; i++) {
        int64_t size = put_codes(row, qn_symbols_name(s->symbols, i), QN_SYMBOL_NAME_MAX);
        width = size > width ? size : width;
    }
    char *digit = type + 2;
    if (width >= 10)
        *digit++ = (char)('0' + width / 10);
    *digit = (char)('0' + width % 10);
    qni_npz_stream_array array = {.name = symbols_name, .type = type, .rows = count, .row_size = width * CODE_SIZE};
    for (int32_t i = 0; i < count; i++) {
        (void)put_codes(row, qn_symbols_name(s->symbols, i), width);
        array.crc = qni_crc32(qni_npz_stream_table(s->archive), array.crc, row, array.row_size);
    }
    qn_status status = qni_npz_stream_begin(s->archive, &array, err);
    for (int32_t i = 0; status == QN_OK && i < count; i++) {
        (void)put_codes(row, qn_symbols_name(s->symbols, i), width);
        status = qni_npz_stream_write(s->archive, row, array.row_size, err);
    }
    return status;
}

static qn_status npz_close(void *self, qn_error *err)
{
    npz_sink *s = self;
    if (s->archive == NULL) /* given up before it began */
        return QN_OK;
    qn_status status = s->failed.code;
    qn_error why = s->failed;
    for (int64_t c = 0; status == QN_OK && c < s->count; c++)
        status = write_column(s, &s->columns[c], c < FIELDS ? fields[c].name : s->columns[c].name, &why);
    if (status == QN_OK)
        status = write_symbols(s, &why);
    if (status == QN_OK)
        status = qni_npz_stream_close(s->archive, &why);
    else
        qni_npz_stream_abandon(s->archive);
    s->archive = NULL;
    qni_scratch_close(&s->scratch);
    if (status == QN_OK || why.native == EPIPE) /* nobody reads: no failure of ours */
        return QN_OK;
    return keep(s, status, &why, err);
}

/* ---- before the first record ---- */

static qn_status check_names(const char *const *columns, int64_t count, qn_error *err)
{
    const char *names[FIELDS + 1];
    for (int i = 0; i < FIELDS; i++)
        names[i] = fields[i].name;
    names[FIELDS] = symbols_name;
    for (int64_t i = 0; i < count; i++) {
        const char *refused = qni_npz_stream_refuse(columns[i]);
        if (refused != NULL)
            return qni_error(err, QN_NAME, "the column \"%.100s\" cannot be in an .npz file: the name %s", columns[i],
                             refused);
    }
    return qni_sink_check_names(columns, count, names, FIELDS + 1, ".npz", err);
}

static qn_status make_columns(npz_sink *s, const char *const *columns, int64_t count, qn_error *err)
{
    s->columns = qni_alloc_zeroed(s->allocator, FIELDS + count, (int64_t)sizeof *s->columns);
    if (s->columns == NULL)
        return qni_refused(err, s->allocator, 0, "%lld columns of an .npz file", (long long)count);
    s->count = FIELDS + count;
    int64_t size = 0;
    for (int64_t c = 0; c < s->count; c++) {
        column *k = &s->columns[c];
        *k = (column){.type = "<f8", .size = 8, .at = size};
        if (c < FIELDS) {
            k->type = fields[c].type;
            k->size = fields[c].size;
        } else {
            k->name = qni_copy_string(s->allocator, columns[c - FIELDS], -1);
            if (k->name == NULL)
                return qni_refused(err, s->allocator, 0, "the names of %lld columns", (long long)count);
        }
        size += QNI_SINK_ROWS * k->size;
    }
    s->block = qni_alloc(s->allocator, size, 1);
    s->part = qni_alloc(s->allocator, PART_SIZE, 1);
    s->block_size = size;
    if (s->block == NULL || s->part == NULL)
        return qni_refused(err, s->allocator, size, "%d records of an .npz file", QNI_SINK_ROWS);
    return QN_OK;
}

static qn_status npz_open(void *self, const char *const *columns, int64_t count, qn_error *err)
{
    npz_sink *s = self;
    qn_status status = check_names(columns, count, err);
    if (status == QN_OK)
        status = make_columns(s, columns, count, err);
    if (status == QN_OK)
        return QN_OK;
    qni_npz_stream_abandon(s->archive);
    s->archive = NULL;
    return status;
}

static void npz_free(void *self)
{
    npz_sink *s = self;
    if (s == NULL)
        return;
    qni_npz_stream_abandon(s->archive);
    qni_scratch_close(&s->scratch);
    for (int64_t c = 0; c < s->count; c++)
        if (s->columns[c].name != NULL)
            qni_free(s->allocator, s->columns[c].name, (int64_t)strlen(s->columns[c].name) + 1, 1);
    qni_free(s->allocator, s->columns, s->count, (int64_t)sizeof *s->columns);
    qni_free(s->allocator, s->block, s->block_size, 1);
    qni_free(s->allocator, s->part, PART_SIZE, 1);
    if (s->path != NULL)
        qni_free(s->allocator, s->path, (int64_t)strlen(s->path) + 1, 1);
    qni_delete(s->allocator, s);
}

/* Where the scratch file is made. */
static qn_status open_scratch(npz_sink *s, const char *folder, qn_error *err)
{
    char beside[PATH_MAX] = ".";
    const char *slash = strrchr(s->path, '/');
    if (folder == NULL && qni_npz_stream_is_direct(s->archive))
        folder = "/tmp";
    if (folder == NULL && slash != NULL) {
        size_t size = slash == s->path ? 1 : (size_t)(slash - s->path);
        if (size >= sizeof beside)
            return qni_error(err, QN_CREATE, "cannot write \"%.300s\": the path is too long", s->path);
        memcpy(beside, s->path, size);
        beside[size] = '\0';
    }
    return qni_scratch_open(&s->scratch, folder != NULL ? folder : beside, err);
}

static qn_status make(npz_sink *s, const char *path, const char *scratch, qn_error *err)
{
    s->path = qni_copy_string(s->allocator, path, -1);
    if (s->path == NULL)
        return qni_refused(err, s->allocator, 0, "a path");
    qn_status status = qni_npz_stream_open(&s->archive, path, FIELDS + QNI_STREAM_COLUMNS_MAX + 1, s->allocator, err);
    return status == QN_OK ? open_scratch(s, scratch, err) : status;
}

qn_status qn_npz_sink(qn_stream_sink *out, const char *path, const qn_symbols *symbols, const qn_sink_options *options,
                      qn_error *err)
{
    *out = (qn_stream_sink){.name = "npz"};
    qn_sink_options o;
    qn_status status = qni_sink_options(&o, options, err);
    if (status != QN_OK)
        return status;
    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
        return qni_error(err, QN_INVALID, "an .npz file of a stream is written by little-endian machines alone");
    npz_sink *s = qni_new(o.allocator, npz_sink);
    if (s == NULL)
        return qni_refused(err, o.allocator, (int64_t)sizeof *s, "an .npz sink");
    s->allocator = o.allocator;
    s->symbols = symbols;
    s->scratch.fd = -1;
    status = make(s, path, o.scratch, err);
    if (status != QN_OK) {
        npz_free(s);
        return status;
    }
    out->self = s;
    qni_sink_reads(out, &o);
    out->open = npz_open;
    out->write = npz_write;
    out->close = npz_close;
    out->free = npz_free;
    return QN_OK;
}
