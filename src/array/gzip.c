/* array/gzip.c: what is inside a gzip file, as an input; zlib does the work. See input.h.
 *
 * Always: outside a member no byte of the next one has been given to zlib. What was inflated before a fault is handed
 * out first; from then on every read fails. */
#include "array/input.h"

#include "array/limits.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/library.h"

#include <inttypes.h>
#include <string.h>
#include <zlib.h>

/* The functions of zlib that are used. */
typedef struct zlib {
    __typeof__(inflate) *inflate;
    __typeof__(inflateEnd) *inflateEnd;
    __typeof__(inflateInit2_) *inflateInit2_;
    __typeof__(inflateReset) *inflateReset;
} zlib;

typedef enum fault {
    NONE,
    NOT_READ, /* the source failed */
    CUT_OFF,
    DAMAGED,
    NO_MEMORY,
} fault;

typedef struct gzip_input {
    const qn_allocator *allocator;
    qni_input source;
    zlib api;
    z_stream stream;
    int64_t taken; /* bytes of the source that are or were in `buffer` */
    bool inside;   /* a member */
    fault fault;
    Bytef buffer[QNI_GZIP_BUFFER];
} gzip_input;

enum {
    GZIP_ONLY = 16 + MAX_WBITS,
    PREFIX = QNI_ALIGN, /* before each of zlib's blocks: its size, which zlib does not tell when it frees */
};

static voidpf zlib_alloc(voidpf user, uInt count, uInt element_size)
{
    int64_t size = (int64_t)count * element_size + PREFIX; /* of two 32-bit numbers: it fits */
    char *block = qni_alloc(user, size, 1);
    if (block == NULL)
        return Z_NULL;
    memcpy(block, &size, sizeof size);
    return block + PREFIX;
}

static void zlib_free(voidpf user, voidpf address)
{
    char *block = (char *)address - PREFIX;
    int64_t size;
    memcpy(&size, block, sizeof size);
    qni_free(user, block, size, 1);
}

/* Sees to it that zlib has bytes of the source. What it says otherwise is a fault only where zlib cannot go on without:
 * it may still hold some. */
static fault refill(gzip_input *z)
{
    if (z->stream.avail_in > 0)
        return NONE;
    int64_t got = qni_input_read(&z->source, (char *)z->buffer, sizeof z->buffer);
    if (got < 0)
        return NOT_READ;
    z->taken += got;
    z->stream.next_in = z->buffer;
    z->stream.avail_in = (uInt)got;
    return got == 0 ? CUT_OFF : NONE;
}

/* Passes padding, and begins the next member where there is one in the buffer. */
static void enter_member(gzip_input *z)
{
    while (z->stream.avail_in > 0 && *z->stream.next_in == 0) {
        z->stream.next_in++;
        z->stream.avail_in--;
    }
    z->inside = z->stream.avail_in > 0 && z->api.inflateReset(&z->stream) == Z_OK;
}

/* Inflates a step; `missing` says why no more bytes can be had, if that is so. */
static void inflate_step(gzip_input *z, fault missing)
{
    switch (z->api.inflate(&z->stream, Z_NO_FLUSH)) {
    case Z_OK:
        break;
    case Z_BUF_ERROR: /* there is room, so bytes are needed */
        z->fault = missing;
        break;
    case Z_STREAM_END:
        z->inside = false;
        break;
    case Z_MEM_ERROR:
        z->fault = NO_MEMORY;
        break;
    default:
        z->fault = DAMAGED;
        break;
    }
}

static int64_t gzip_read(void *user, char *into, int64_t size)
{
    gzip_input *z = user;
    uInt room = size < QNI_GZIP_STEP ? (uInt)size : QNI_GZIP_STEP;
    z->stream.next_out = (Bytef *)into;
    z->stream.avail_out = room;
    while (z->stream.avail_out == room && z->fault == NONE) {
        fault missing = refill(z);
        if (z->inside)
            inflate_step(z, missing);
        else if (missing == CUT_OFF)
            return 0; /* after a member: the end */
        else if (missing != NONE)
            z->fault = missing;
        else
            enter_member(z);
    }
    int64_t count = room - z->stream.avail_out;
    return count == 0 && z->fault != NONE ? -1 : count;
}

static qn_status gzip_fail(void *user, const char *name, qn_error *err)
{
    const gzip_input *z = user;
    int64_t at = z->taken - z->stream.avail_in;
    switch (z->fault) {
    case NOT_READ:
        return qni_input_fail(&z->source, name, err);
    case NO_MEMORY:
        return qni_error(err, QN_NOMEM, "no memory to unpack \"%s\"", name);
    case CUT_OFF:
        return qni_error_at(err, QN_DATA, name, 0, 0,
                            "the gzip data end before they are complete, after %" PRId64
                            " bytes: the file is cut off, get it again",
                            at);
    default:
        return qni_error_at(err, QN_DATA, name, 0, 0,
                            "the gzip data are damaged before byte %" PRId64 " (%s): get the file again", at,
                            z->stream.msg != NULL ? z->stream.msg : "a preset dictionary");
    }
}

static void gzip_close(void *user)
{
    gzip_input *z = user;
    (void)z->api.inflateEnd(&z->stream);
    qni_input_close(&z->source);
    qni_delete(z->allocator, z);
}

static qn_status start(gzip_input *z, const char *name, qn_error *err)
{
    static const qni_function functions[] = {
        {"inflate", offsetof(zlib, inflate)},
        {"inflateEnd", offsetof(zlib, inflateEnd)},
        {"inflateInit2_", offsetof(zlib, inflateInit2_)},
        {"inflateReset", offsetof(zlib, inflateReset)},
    };
    qn_status s =
        qni_library_functions(&z->api, QNI_LIBRARY_ZLIB, functions, sizeof functions / sizeof functions[0], err);
    if (s != QN_OK)
        return s;
    union {
        const qn_allocator *in;
        void *out;
    } allocator = {.in = z->allocator}; /* only ever given back to us */
    z->stream = (z_stream){.zalloc = zlib_alloc, .zfree = zlib_free, .opaque = allocator.out};
    int code = z->api.inflateInit2_(&z->stream, GZIP_ONLY, ZLIB_VERSION, sizeof z->stream);
    if (code == Z_MEM_ERROR)
        return qni_error(err, QN_NOMEM, "no memory to unpack \"%s\"", name);
    if (code != Z_OK)
        return qni_error(err, QN_UNAVAILABLE,
                         "the zlib that is installed is another version than %s, with which this "
                         "Quern was built: install that or build Quern again",
                         ZLIB_VERSION);
    z->inside = true;
    return QN_OK;
}

qn_status qni_input_inflate(qni_input *input, const char *name, const qn_allocator *allocator, qn_error *err)
{
    if (!qni_input_begins_with(input, QNI_GZIP_MAGIC, sizeof QNI_GZIP_MAGIC - 1))
        return QN_OK;
    gzip_input *z = qni_alloc_zeroed(allocator, 1, sizeof *z);
    if (z == NULL)
        return qni_error(err, QN_NOMEM, "no memory to unpack \"%s\"", name);
    z->allocator = allocator;
    qn_status s = start(z, name, err);
    if (s != QN_OK) {
        qni_delete(allocator, z);
        return s;
    }
    z->source = *input;
    *input = (qni_input){.read = gzip_read, .fail = gzip_fail, .close = gzip_close, .user = z, .total_size = -1};
    return QN_OK;
}
