/* base/json_read.c: text into a jansson tree, with our limits and our places.
 *
 * jansson parses; this file refuses what nests too deeply before jansson's recursion meets it, and turns jansson's
 * error into one with the line and the column (in bytes) where the offending token begins. When the process is out of
 * memory jansson may call a good string or number a bad token: the status is then QN_SYNTAX rather than QN_NOMEM. */
#include "base/json.h"

#include "base/error.h"
#include "base/json_scan.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

typedef struct place {
    int64_t line, column; /* 1-based */
} place;

static place place_of(const char *text, int64_t offset)
{
    place at;
    qni_text_place(&at.line, &at.column, text, offset);
    return at;
}

/* The offset of the bracket that nests too deeply, or -1. Brackets in strings do not count; what is no JSON is left to
 * jansson. */
static int64_t find_too_deep(const char *text, int64_t size)
{
    int64_t depth = 0;
    bool in_string = false;
    for (int64_t i = 0; i < size; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > QNI_JSON_DEPTH_MAX)
                return i;
        } else if (c == ']' || c == '}') {
            depth--;
        }
    }
    return -1;
}

/* Where the token begins that jansson complains about: it names the token at the end of its sentence and has just read
 * it. */
static int64_t token_start(const json_error_t *error, const char *text, int64_t size)
{
    int64_t after = error->position < 0 ? 0 : error->position < size ? error->position : size;
    const char *quote = strstr(error->text, "near '");
    if (quote == NULL)
        return after;
    const char *token = quote + 6;
    int64_t token_size = (int64_t)strlen(token) - 1; /* without the closing quote */
    if (token_size <= 0 || token_size > after || memcmp(text + after - token_size, token, (size_t)token_size) != 0)
        return after;
    return after - token_size;
}

static qn_status report(const json_error_t *error, const char *text, int64_t size, const char *file, qn_error *err)
{
    enum json_error_code code = json_error_code(error);
    if (error->text[0] == 0 || code == json_error_out_of_memory)
        return qni_error(err, QN_NOMEM, "no memory for a JSON text of %" PRId64 " bytes", size);
    place at = place_of(text, token_start(error, text, size));
    if (code == json_error_invalid_utf8)
        return qni_error_at(err, QN_SYNTAX, file, at.line, at.column, "not valid JSON: the text is not UTF-8 (%s)",
                            error->text);
    qn_status status = code == json_error_numeric_overflow ? QN_DATA : QN_SYNTAX;
    return qni_error_at(err, status, file, at.line, at.column, "not valid JSON: %s", error->text);
}

qn_status qni_json_read(json_t **out, const char *text, int64_t size, const char *file, qn_error *err)
{
    assert(out != NULL && size >= 0 && (text != NULL || size == 0));
    *out = NULL;
    if (size > QNI_JSON_SIZE_MAX)
        return qni_error_at(err, QN_LIMIT, file, 0, 0,
                            "a JSON text of %" PRId64 " bytes is too large (at most %" PRId64 ")", size,
                            QNI_JSON_SIZE_MAX);
    if (size == 0)
        return qni_error_at(err, QN_SYNTAX, file, 1, 1, "not valid JSON: it is empty");
    int64_t deep = find_too_deep(text, size);
    if (deep >= 0) {
        place at = place_of(text, deep);
        return qni_error_at(err, QN_LIMIT, file, at.line, at.column, "JSON may nest at most %d levels deep",
                            QNI_JSON_DEPTH_MAX);
    }
    const char *zero = memchr(text, '\0', (size_t)size); /* where jansson would stop, and take what it has */
    if (zero != NULL) {
        place at = place_of(text, zero - text);
        return qni_error_at(err, QN_SYNTAX, file, at.line, at.column, "not valid JSON: it holds a zero byte");
    }
    json_error_t error;
    memset(&error, 0, sizeof error);
    *out = json_loadb(text, (size_t)size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    return *out != NULL ? QN_OK : report(&error, text, size, file, err);
}
