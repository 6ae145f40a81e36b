/* base/json_scan.h: a JSON text (RFC 8259), token by token: no tree, no memory, no recursion.
 *
 * Caveats first:
 *  - It takes what the grammar allows, and no more: a name may come twice in an object, a number may be larger than any
 *    type, "\u0000" and half a surrogate pair may be escaped. The reader of json.h refuses those.
 *  - Tokens point into the text.
 *
 * A scan belongs to one thread. */
#ifndef QNI_BASE_JSON_SCAN_H
#define QNI_BASE_JSON_SCAN_H

#include "base/limits.h"

#include <quern/base.h>

typedef enum qni_json_kind {
    QNI_JSON_END, /* of the text */
    QNI_JSON_OBJECT,
    QNI_JSON_OBJECT_END,
    QNI_JSON_ARRAY,
    QNI_JSON_ARRAY_END,
    QNI_JSON_KEY, /* its value comes next */
    QNI_JSON_STRING,
    QNI_JSON_NUMBER,
    QNI_JSON_TRUE,
    QNI_JSON_FALSE,
    QNI_JSON_NULL,
} qni_json_kind;

typedef struct qni_json_token {
    qni_json_kind kind;
    const char *text; /* (size) of a number; of a string or key what stands between the quotes */
    int64_t size;
    bool escaped; /* a string or key with a backslash in it */
} qni_json_token;

/* Its fields are the implementation's. */
typedef struct qni_json_scan {
    const char *begin, *at, *end;
    const char *file;
    int depth;
    uint8_t levels[QNI_JSON_DEPTH_MAX + 1]; /* what may come next in each; [0]: the top */
} qni_json_scan;

/* Begins to scan the one value in [text, text + size). `file` (may be NULL) is the name that an error carries beside
 * its line and column. All is borrowed. */
void qni_json_scan_init(qni_json_scan *s, const char *text, int64_t size, const char *file);

/* The next token. Errors: QN_DATA (not JSON; nested deeper than QNI_JSON_DEPTH_MAX); the scan is then over. */
QN_MUST_USE qn_status qni_json_next(qni_json_token *out, qni_json_scan *s, qn_error *err);

/* Whether another value follows the one that has ended, as in JSON lines: the scan goes on with it then. */
bool qni_json_another(qni_json_scan *s);

/* An error at the token that was given last, or just behind it. */
#define qni_json_scan_error(err, s, ...) qni_failed(qni_json_scan_fail((err), (s), __FILE__, __LINE__, __VA_ARGS__))
qn_status qni_json_scan_fail(qn_error *err, const qni_json_scan *s, const char *source_file, int source_line,
                             const char *format, ...) QN_PRINTF(5, 6);

/* Scans all of it. Errors: as qni_json_next. */
QN_MUST_USE qn_status qni_json_check(const char *text, int64_t size, const char *file, qn_error *err);

/* The characters of a string or key into out (token->size bytes at most, no zero behind them); returns how many bytes.
 * Half a surrogate pair becomes U+FFFD. */
int64_t qni_json_unescape(char *out, const qni_json_token *token);

/* Line and column (in bytes, 1-based) of the byte at `offset`. */
void qni_text_place(int64_t *line, int64_t *column, const char *text, int64_t offset);

#endif
