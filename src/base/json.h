/* base/json.h: writing JSON as a stream, and reading it into a tree (RFC 8259).
 *
 * Caveats first:
 *  - A writer remembers its first failure and then does nothing: only qni_json_finish says whether all was written.
 *  - Every value at the top is followed by a line end, so that several make JSON lines.
 *  - jansson's types stay behind this header. Its trees come from the process's malloc, not from an allocator.
 *
 * A writer or a tree belongs to one thread at a time. */
#ifndef QNI_BASE_JSON_H
#define QNI_BASE_JSON_H

#include "base/limits.h"

#include <quern/base.h>

#include <jansson.h>

/* ---- writing ---- */

/* Takes `size` bytes of text. A failure ends the writing. */
typedef qn_status (*qni_json_sink)(void *user, const char *text, int64_t size, qn_error *err);

/* Its fields are the implementation's. */
typedef struct qni_json_writer {
    qni_json_sink sink;
    void *user;
    int indent; /* spaces a level; 0: all in one line */
    bool exact; /* what is read back is what was written: numbers that are not finite are the texts "inf", "-inf" and
                   "nan" instead of null, -0 is "-0.0", and a text that is not UTF-8 is an error; false at first */
    int depth;  /* open objects and arrays */
    uint8_t levels[QNI_JSON_DEPTH_MAX + 1]; /* what each of them expects; [0]: the top */
    int pending_size;
    char pending[QNI_JSON_PENDING_SIZE]; /* text not yet given to the sink */
    qn_status status;                    /* of the first failure */
    qn_error error;
} qni_json_writer;

/* Begins to write to `sink` (with `user`, borrowed). indent 0 is compact, more is one value a line. Holds nothing that
 * must be freed. */
void qni_json_writer_init(qni_json_writer *w, qni_json_sink sink, void *user, int indent);

void qni_json_object_begin(qni_json_writer *w);
void qni_json_object_end(qni_json_writer *w);
void qni_json_array_begin(qni_json_writer *w);
void qni_json_array_end(qni_json_writer *w);
void qni_json_key(qni_json_writer *w, const char *name);

/* size -1: up to the terminating zero; text NULL: null. Bytes that are not UTF-8 are written as U+FFFD; what would
 * control a terminal (C0, delete, C1) is escaped. */
void qni_json_string(qni_json_writer *w, const char *text, int64_t size);
void qni_json_int64(qni_json_writer *w, int64_t value);
void qni_json_double(qni_json_writer *w, double value); /* shortest; where not finite null, or as w->exact says */
/* A number whose digits stand in `text` (size bytes), every one of them; a string where JSON has no such number ("+1",
 * ".5", "NaN"). */
void qni_json_digits(qni_json_writer *w, const char *text, int64_t size);
void qni_json_bool(qni_json_writer *w, bool value);
void qni_json_null(qni_json_writer *w);
void qni_json_tree(qni_json_writer *w, json_t *tree); /* in its own order, unchanged; NULL: null */

/* A key and its value in one call. */
void qni_json_key_string(qni_json_writer *w, const char *name, const char *text); /* up to its zero; NULL: null */
void qni_json_key_int64(qni_json_writer *w, const char *name, int64_t value);
void qni_json_key_double(qni_json_writer *w, const char *name, double value);
void qni_json_key_bool(qni_json_writer *w, const char *name, bool value);

/* Gives what is pending to the sink: at the end of a record that somebody waits for. */
void qni_json_flush(qni_json_writer *w);

/* Flushes and returns the first failure: the sink's, QN_LIMIT (nested too deeply), QN_INVALID (the calls make no JSON
 * text: a value without a key, something left open). */
QN_MUST_USE qn_status qni_json_finish(qni_json_writer *w, qn_error *err);

/* A sink that grows a block of memory. Begin with {.allocator = …}; `text` is zero-terminated once anything was
 * written. */
typedef struct qni_json_buffer {
    const qn_allocator *allocator; /* NULL: the default */
    char *text;
    int64_t size;
    int64_t capacity;
} qni_json_buffer;

qn_status qni_json_buffer_sink(void *buffer, const char *text, int64_t size, qn_error *err);
void qni_json_buffer_free(qni_json_buffer *buffer);

/* A sink that writes to a FILE *. Errors: by errno. */
qn_status qni_json_file_sink(void *file, const char *text, int64_t size, qn_error *err);

/* ---- reading ---- */

/* Reads the one JSON value in [text, text + size). The tree is the caller's; json_decref frees it. `file` (may be NULL)
 * is the name that an error carries beside its line and column. Errors: QN_SYNTAX (not JSON; a key twice in an object;
 * not UTF-8; a zero byte in a string), QN_DATA (a number that does not fit), QN_LIMIT (size, depth), QN_NOMEM. */
QN_MUST_USE qn_status qni_json_read(json_t **out, const char *text, int64_t size, const char *file, qn_error *err);

#endif
