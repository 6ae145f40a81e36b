/* base/json_scan.c: see json_scan.h. Each level knows what may come next in it, so that depth costs a byte. */
#include "base/json_scan.h"

#include "base/error.h"
#include "base/utf8.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What a level expects. */
enum {
    TOP, /* the value */
    TOP_END,
    ARRAY_FIRST, /* a value or the end */
    ARRAY_NEXT,  /* a comma and a value, or the end */
    OBJECT_FIRST,
    OBJECT_NEXT,
    OBJECT_VALUE, /* the value of the key just given */
};

void qni_text_place(int64_t *line, int64_t *column, const char *text, int64_t offset)
{
    const char *start = text, *end = text + offset;
    *line = 1;
    for (const char *p; start < end && (p = memchr(start, '\n', (size_t)(end - start))) != NULL; start = p + 1)
        ++*line;
    *column = end - start + 1;
}

qn_status qni_json_scan_fail(qn_error *err, const qni_json_scan *s, const char *source_file, int source_line,
                             const char *format, ...)
{
    char sentence[200];
    int64_t line, column;
    if (err == NULL)
        return QN_DATA;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    qni_text_place(&line, &column, s->begin, s->at - s->begin);
    return qni_error_set(err, QN_DATA, s->file, line, column, source_file, source_line, "%s", sentence);
}

static qn_status refuse(const qni_json_scan *s, const char *why, qn_error *err)
{
    return qni_json_scan_error(err, s, "not valid JSON: %s", why);
}

void qni_json_scan_init(qni_json_scan *s, const char *text, int64_t size, const char *file)
{
    assert(size >= 0 && (text != NULL || size == 0));
    s->begin = s->at = text != NULL ? text : "";
    s->end = s->begin + size;
    s->file = file;
    s->depth = 0;
    s->levels[0] = TOP;
}

/* The next byte that is no blank, 0 at the end and for a zero byte, which may stand nowhere. */
static char peek(qni_json_scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
        s->at++;
    return s->at < s->end ? *s->at : '\0';
}

static int hex_value(char c)
{
    if ('0' <= c && c <= '9')
        return c - '0';
    c |= 0x20;
    return 'a' <= c && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Bytes after the backslash at `at` that belong to it, 0 where it is no escape. */
static int escape_size(const char *at, const char *end)
{
    if (end - at < 2 || at[1] == '\0' || strchr("\"\\/bfnrtu", at[1]) == NULL)
        return 0;
    if (at[1] != 'u')
        return 1;
    for (int i = 2; i < 6; i++)
        if (at + i >= end || hex_value(at[i]) < 0)
            return 0;
    return 5;
}

/* Goes over bytes that mean nothing in a string, eight at a time: ASCII but for controls, quotes and backslashes. A
 * byte's highest bit is set where it is below 32, or equal to the quote or the backslash: of those the first is sure,
 * and the next ones may be wrong by its borrow. */
static const char *skip_plain(const char *at, const char *end)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
    for (; end - at >= 8; at += 8) {
        uint64_t w;
        memcpy(&w, at, sizeof w);
        uint64_t quote = w ^ ones * '"', slash = w ^ ones * '\\';
        uint64_t found = ((w - ones * 0x20) | (quote - ones) | (slash - ones) | w) & high;
        if (found != 0)
            return at + __builtin_ctzll(found) / 8;
    }
    return at;
}

/* The string that begins with the quote at s->at, and past its end. */
static qn_status take_string(qni_json_token *out, qni_json_scan *s, qn_error *err)
{
    const char *start = ++s->at;
    bool escaped = false;
    for (;;) {
        s->at = skip_plain(s->at, s->end);
        if (s->at == s->end)
            return refuse(s, "a string does not end", err);
        unsigned char c = (unsigned char)*s->at;
        if (c == '"')
            break;
        if (c < 0x20)
            return refuse(s, "a control character stands in a string (\\n, \\t and \\u00XX say it)", err);
        if (c < 0x80 && c != '\\') {
            s->at++;
            continue;
        }
        uint32_t code;
        int more = c == '\\' ? escape_size(s->at, s->end) : qni_utf8_decode(&code, s->at, s->end);
        if (more == 0)
            return refuse(s, c == '\\' ? "what follows the backslash is no escape" : "the text is not UTF-8", err);
        escaped = escaped || c == '\\';
        s->at += c == '\\' ? more + 1 : more;
    }
    *out = (qni_json_token){.kind = QNI_JSON_STRING, .text = start, .size = s->at - start, .escaped = escaped};
    s->at++;
    return QN_OK;
}

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* RFC 8259, section 6: -? (0 | [1-9] digits*) (. digits)? ([eE] [+-]? digits)? */
static qn_status take_number(qni_json_token *out, qni_json_scan *s, qn_error *err)
{
    const char *start = s->at, *at = start + (*start == '-'), *end = s->end;
    const char *next = skip_digits(at, end);
    bool good = next > at && (*at != '0' || next - at == 1);
    if (good && next < end && *next == '.') {
        at = next + 1;
        next = skip_digits(at, end);
        good = next > at;
    }
    if (good && next < end && (*next == 'e' || *next == 'E')) {
        at = next + 1;
        at += at < end && (*at == '+' || *at == '-');
        next = skip_digits(at, end);
        good = next > at;
    }
    if (!good)
        return refuse(s, "this is no number", err);
    *out = (qni_json_token){.kind = QNI_JSON_NUMBER, .text = start, .size = next - start};
    s->at = next;
    return QN_OK;
}

static qn_status take_word(qni_json_token *out, qni_json_scan *s, const char *word, qni_json_kind kind, qn_error *err)
{
    int64_t size = (int64_t)strlen(word);
    if (s->end - s->at < size || memcmp(s->at, word, (size_t)size) != 0)
        return refuse(s, "a value is expected here", err);
    *out = (qni_json_token){.kind = kind, .text = s->at, .size = size};
    s->at += size;
    return QN_OK;
}

static qn_status open_level(qni_json_token *out, qni_json_scan *s, uint8_t level, qni_json_kind kind, qn_error *err)
{
    if (s->depth == QNI_JSON_DEPTH_MAX)
        return qni_json_scan_error(err, s, "JSON may nest at most %d levels deep", QNI_JSON_DEPTH_MAX);
    s->levels[++s->depth] = level;
    *out = (qni_json_token){.kind = kind, .text = s->at++, .size = 1};
    return QN_OK;
}

static qn_status take_value(qni_json_token *out, qni_json_scan *s, qn_error *err)
{
    uint8_t *level = &s->levels[s->depth];
    char c = peek(s);
    *level = *level == TOP ? TOP_END : *level == OBJECT_VALUE ? OBJECT_NEXT : ARRAY_NEXT;
    switch (c) {
    case '{':
        return open_level(out, s, OBJECT_FIRST, QNI_JSON_OBJECT, err);
    case '[':
        return open_level(out, s, ARRAY_FIRST, QNI_JSON_ARRAY, err);
    case '"':
        return take_string(out, s, err);
    case 't':
        return take_word(out, s, "true", QNI_JSON_TRUE, err);
    case 'f':
        return take_word(out, s, "false", QNI_JSON_FALSE, err);
    case 'n':
        return take_word(out, s, "null", QNI_JSON_NULL, err);
    default:
        if (c == '-' || ('0' <= c && c <= '9'))
            return take_number(out, s, err);
        return refuse(s, s->at == s->end ? "it ends where a value is expected" : "a value is expected here", err);
    }
}

static qn_status take_key(qni_json_token *out, qni_json_scan *s, qn_error *err)
{
    if (peek(s) != '"')
        return refuse(s, "a name in quotes is expected here", err);
    qn_status status = take_string(out, s, err);
    if (status != QN_OK)
        return status;
    if (peek(s) != ':')
        return refuse(s, "a colon is expected here", err);
    s->at++;
    s->levels[s->depth] = OBJECT_VALUE;
    out->kind = QNI_JSON_KEY;
    return QN_OK;
}

/* An end where `bracket` stands; else, after a comma where one must be, what the level goes on with. */
static qn_status take_next(qni_json_token *out, qni_json_scan *s, uint8_t level, qn_error *err)
{
    bool array = level == ARRAY_FIRST || level == ARRAY_NEXT, first = level == ARRAY_FIRST || level == OBJECT_FIRST;
    char c = peek(s);
    if (c == (array ? ']' : '}')) {
        *out = (qni_json_token){.kind = array ? QNI_JSON_ARRAY_END : QNI_JSON_OBJECT_END, .text = s->at++, .size = 1};
        s->depth--;
        return QN_OK;
    }
    if (!first && c != ',')
        return refuse(s, array ? "a comma or ] is expected here" : "a comma or } is expected here", err);
    s->at += !first;
    return array ? take_value(out, s, err) : take_key(out, s, err);
}

qn_status qni_json_next(qni_json_token *out, qni_json_scan *s, qn_error *err)
{
    uint8_t level = s->levels[s->depth];
    *out = (qni_json_token){.kind = QNI_JSON_END};
    if (level == TOP || level == OBJECT_VALUE)
        return take_value(out, s, err);
    if (level != TOP_END)
        return take_next(out, s, level, err);
    (void)peek(s);
    return s->at == s->end ? QN_OK : refuse(s, "something stands behind the value", err);
}

bool qni_json_another(qni_json_scan *s)
{
    if (s->levels[0] != TOP_END || s->depth > 0 || (peek(s) == '\0' && s->at == s->end))
        return false;
    s->levels[0] = TOP;
    return true;
}

qn_status qni_json_check(const char *text, int64_t size, const char *file, qn_error *err)
{
    qni_json_scan scan;
    qni_json_token token;
    qni_json_scan_init(&scan, text, size, file);
    for (;;) {
        qn_status s = qni_json_next(&token, &scan, err);
        if (s != QN_OK || token.kind == QNI_JSON_END)
            return s;
    }
}

/* The four digits of \uXXXX whose backslash is at `at`; 0: none stand there. */
static uint32_t escaped_code(const char *at, const char *end)
{
    uint32_t code = 0;
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return 0;
    for (int i = 2; i < 6; i++)
        code = code << 4 | ((uint32_t)hex_value(at[i]) & 15);
    return code;
}

static char *put_utf8(char *out, uint32_t code)
{
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xC0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *out++ = (char)(0xE0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    } else {
        *out++ = (char)(0xF0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 0x3F));
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    }
    return out;
}

int64_t qni_json_unescape(char *out, const qni_json_token *token)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char *at = token->text, *end = at + token->size;
    char *to = out;
    while (at < end) {
        if (*at != '\\') {
            *to++ = *at++;
            continue;
        }
        if (at[1] != 'u') {
            *to++ = values[strchr(names, at[1]) - names];
            at += 2;
            continue;
        }
        uint32_t code = escaped_code(at, end), low = 0;
        at += 6;
        if (0xD800 <= code && code < 0xDC00)
            low = escaped_code(at, end);
        bool pair = 0xDC00 <= low && low < 0xE000;
        at += pair ? 6 : 0;
        if (pair)
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        to = put_utf8(to, 0xD800 <= code && code < 0xE000 ? 0xFFFD : code);
    }
    return to - out;
}
