/* base/json_write.c: a writer that knows at each level what may come next.
 *
 * Always: once status is not QN_OK nothing more is written; depth <= QNI_JSON_DEPTH_MAX. */
#include "base/json.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/number.h"
#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What a level expects. */
enum {
    TOP,
    ARRAY_FIRST, /* a value or the end; no comma before it */
    ARRAY_NEXT,
    OBJECT_FIRST, /* a key or the end */
    OBJECT_NEXT,
    OBJECT_VALUE, /* the value of the key just written */
};

void qni_json_writer_init(qni_json_writer *w, qni_json_sink sink, void *user, int indent)
{
    assert(w != NULL && sink != NULL && indent >= 0);
    w->sink = sink;
    w->user = user;
    w->indent = indent;
    w->exact = false;
    w->depth = 0;
    w->levels[0] = TOP;
    w->pending_size = 0;
    w->status = QN_OK;
    w->error = qn_error_none();
}

static void give(qni_json_writer *w, const char *text, int64_t size)
{
    if (w->status == QN_OK && size > 0)
        w->status = w->sink(w->user, text, size, &w->error);
}

void qni_json_key_string(qni_json_writer *w, const char *name, const char *text)
{
    qni_json_key(w, name);
    qni_json_string(w, text, -1);
}

void qni_json_key_int64(qni_json_writer *w, const char *name, int64_t value)
{
    qni_json_key(w, name);
    qni_json_int64(w, value);
}

void qni_json_key_double(qni_json_writer *w, const char *name, double value)
{
    qni_json_key(w, name);
    qni_json_double(w, value);
}

void qni_json_key_bool(qni_json_writer *w, const char *name, bool value)
{
    qni_json_key(w, name);
    qni_json_bool(w, value);
}

void qni_json_flush(qni_json_writer *w)
{
    give(w, w->pending, w->pending_size);
    w->pending_size = 0;
}

static void put(qni_json_writer *w, const char *text, int64_t size)
{
    if (size > QNI_JSON_PENDING_SIZE - w->pending_size) {
        qni_json_flush(w);
        if (size > QNI_JSON_PENDING_SIZE) {
            give(w, text, size);
            return;
        }
    }
    memcpy(w->pending + w->pending_size, text, (size_t)size);
    w->pending_size += (int)size;
}

static void put_byte(qni_json_writer *w, char c)
{
    put(w, &c, 1);
}

static void misuse(qni_json_writer *w, const char *what)
{
    if (w->status == QN_OK)
        w->status = qni_error(&w->error, QN_INVALID, "%s", what);
}

static void new_line(qni_json_writer *w)
{
    if (w->indent == 0)
        return;
    put_byte(w, '\n');
    for (int i = 0; i < w->depth * w->indent; i++)
        put_byte(w, ' ');
}

/* Before a value: the comma and the line that it needs. False: no value may stand here, or writing has failed. */
static bool value_begin(qni_json_writer *w)
{
    if (w->status != QN_OK)
        return false;
    uint8_t *level = &w->levels[w->depth];
    switch (*level) {
    case OBJECT_FIRST:
    case OBJECT_NEXT:
        misuse(w, "a JSON value was written where a key must stand");
        return false;
    case ARRAY_NEXT:
        put_byte(w, ',');
        new_line(w);
        break;
    case ARRAY_FIRST:
        new_line(w);
        *level = ARRAY_NEXT;
        break;
    case OBJECT_VALUE:
        *level = OBJECT_NEXT;
        break;
    default:
        break;
    }
    return true;
}

static void value_end(qni_json_writer *w)
{
    if (w->depth == 0)
        put_byte(w, '\n');
}

static void put_value(qni_json_writer *w, const char *text, int64_t size)
{
    if (!value_begin(w))
        return;
    put(w, text, size);
    value_end(w);
}

static void open_level(qni_json_writer *w, char bracket, uint8_t level)
{
    if (!value_begin(w))
        return;
    if (w->depth == QNI_JSON_DEPTH_MAX) {
        w->status = qni_error(&w->error, QN_LIMIT, "JSON may nest at most %d levels deep", QNI_JSON_DEPTH_MAX);
        return;
    }
    put_byte(w, bracket);
    w->levels[++w->depth] = level;
}

static void close_level(qni_json_writer *w, char bracket, uint8_t first, uint8_t next)
{
    uint8_t level = w->levels[w->depth];
    if (level != first && level != next) {
        misuse(w, "a JSON object or array was ended that is not open, or lacks its last value");
        return;
    }
    w->depth--;
    if (level == next)
        new_line(w);
    put_byte(w, bracket);
    value_end(w);
}

void qni_json_object_begin(qni_json_writer *w)
{
    open_level(w, '{', OBJECT_FIRST);
}

void qni_json_object_end(qni_json_writer *w)
{
    close_level(w, '}', OBJECT_FIRST, OBJECT_NEXT);
}

void qni_json_array_begin(qni_json_writer *w)
{
    open_level(w, '[', ARRAY_FIRST);
}

void qni_json_array_end(qni_json_writer *w)
{
    close_level(w, ']', ARRAY_FIRST, ARRAY_NEXT);
}

static void put_escape(qni_json_writer *w, unsigned char c)
{
    static const char names[] = "btn\0fr"; /* of 8 … 13 */
    static const char digits[] = "0123456789abcdef";
    if (c == '"' || c == '\\') {
        put(w, (char[]){'\\', (char)c}, 2);
    } else if (c >= 8 && c <= 13 && c != 11) {
        put(w, (char[]){'\\', names[c - 8]}, 2);
    } else {
        put(w, (char[]){'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]}, 6);
    }
}

static void put_string(qni_json_writer *w, const char *text, int64_t size)
{
    const unsigned char *p = (const unsigned char *)text;
    int64_t start = 0; /* of the bytes that stand as they are */
    put_byte(w, '"');
    for (int64_t i = 0; i < size;) {
        if (p[i] < 0x7F && p[i] >= 0x20 && p[i] != '"' && p[i] != '\\') {
            i++;
            continue;
        }
        uint32_t code = p[i];
        int good = p[i] < 0x80 ? 1 : qni_utf8_decode(&code, text + i, text + size);
        if (good > 1 && code > 0x9F) {
            i += good;
            continue;
        }
        put(w, text + start, i - start);
        if (good > 0)
            put_escape(w, (unsigned char)code);
        else if (w->exact && w->status == QN_OK)
            w->status = qni_error(&w->error, QN_DATA, "a text in it is not UTF-8, as JSON must be");
        else
            put(w, "\xEF\xBF\xBD", 3);
        i += good > 0 ? good : (int)code;
        start = i;
    }
    put(w, text + start, size - start);
    put_byte(w, '"');
}

void qni_json_key(qni_json_writer *w, const char *name)
{
    assert(name != NULL);
    if (w->status != QN_OK)
        return;
    uint8_t *level = &w->levels[w->depth];
    if (*level != OBJECT_FIRST && *level != OBJECT_NEXT) {
        misuse(w, "a JSON key was written outside an object, or after a key without a value");
        return;
    }
    if (*level == OBJECT_NEXT)
        put_byte(w, ',');
    new_line(w);
    put_string(w, name, (int64_t)strlen(name));
    put(w, ": ", w->indent > 0 ? 2 : 1);
    *level = OBJECT_VALUE;
}

void qni_json_string(qni_json_writer *w, const char *text, int64_t size)
{
    if (text == NULL) {
        qni_json_null(w);
        return;
    }
    if (!value_begin(w))
        return;
    put_string(w, text, size < 0 ? (int64_t)strlen(text) : size);
    value_end(w);
}

void qni_json_int64(qni_json_writer *w, int64_t value)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%" PRId64, value);
    put_value(w, text, size);
}

void qni_json_double(qni_json_writer *w, double value)
{
    char text[QNI_NUMBER_SIZE];
    if (!isfinite(value)) {
        if (w->exact)
            qni_json_string(w, isnan(value) ? "nan" : value > 0 ? "inf" : "-inf", -1);
        else
            qni_json_null(w);
        return;
    }
    int size = qni_number_format(text, value);
    if (w->exact && value == 0 && signbit(value))
        put_value(w, "-0.0", 4); /* -0 alone is an integer to many readers, which has no sign */
    else
        put_value(w, text, size);
}

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* RFC 8259, section 6: -? (0 | [1-9] digits*) (. digits)? ([eE] [+-]? digits)? */
static bool is_number(const char *at, const char *end)
{
    at += at < end && *at == '-';
    const char *next = skip_digits(at, end);
    if (next == at || (*at == '0' && next - at > 1))
        return false;
    if (next < end && *next == '.') {
        at = next + 1;
        next = skip_digits(at, end);
        if (next == at)
            return false;
    }
    if (next < end && (*next == 'e' || *next == 'E')) {
        at = next + 1;
        at += at < end && (*at == '+' || *at == '-');
        next = skip_digits(at, end);
        if (next == at)
            return false;
    }
    return next == end;
}

void qni_json_digits(qni_json_writer *w, const char *text, int64_t size)
{
    if (is_number(text, text + size))
        put_value(w, text, size);
    else
        qni_json_string(w, text, size);
}

void qni_json_bool(qni_json_writer *w, bool value)
{
    put_value(w, value ? "true" : "false", value ? 4 : 5);
}

void qni_json_null(qni_json_writer *w)
{
    put_value(w, "null", 4);
}

qn_status qni_json_finish(qni_json_writer *w, qn_error *err)
{
    if (w->depth > 0)
        misuse(w, "a JSON text was ended with an object or array still open");
    qni_json_flush(w);
    if (err != NULL && w->status != QN_OK)
        *err = w->error;
    return w->status;
}

qn_status qni_json_buffer_sink(void *buffer, const char *text, int64_t size, qn_error *err)
{
    qni_json_buffer *b = buffer;
    int64_t needed = 0;
    void *block = b->text;
    if (!qni_size_add(&needed, b->size, size) || !qni_size_add(&needed, needed, 1) ||
        !qni_grow(b->allocator, &block, &b->capacity, needed, 1))
        return qni_error(err, QN_NOMEM, "no memory for a JSON text of more than %" PRId64 " bytes", b->size);
    b->text = block;
    memcpy(b->text + b->size, text, (size_t)size);
    b->size += size;
    b->text[b->size] = 0;
    return QN_OK;
}

void qni_json_buffer_free(qni_json_buffer *buffer)
{
    qni_free(buffer->allocator, buffer->text, buffer->capacity, 1);
    buffer->text = NULL;
    buffer->size = buffer->capacity = 0;
}

qn_status qni_json_file_sink(void *file, const char *text, int64_t size, qn_error *err)
{
    if (fwrite(text, 1, (size_t)size, file) == (size_t)size)
        return QN_OK;
    return qni_error_errno(err, QN_IO, errno, "cannot write JSON");
}
