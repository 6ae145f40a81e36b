/* array/input.h: where bytes come from: a file, standard input, memory, or what gzip made of one of these.
 *
 * An input is a small struct, moved by assignment; whoever takes one closes it. One thread at a time. */
#ifndef QNI_ARRAY_INPUT_H
#define QNI_ARRAY_INPUT_H

#include <quern/base.h>

enum {
    QNI_INPUT_HEAD = 8 /* bytes that can be looked at in advance */
};

typedef struct qni_input {
    int64_t (*read)(void *user, char *into, int64_t size);          /* how many bytes (> 0), 0: the end, -1: failed */
    qn_status (*fail)(void *user, const char *name, qn_error *err); /* says why; NULL: nothing is known */
    void (*close)(void *user);                                      /* may be NULL */
    void *user;
    int64_t total_size; /* bytes in all, -1: unknown */

    char head[QNI_INPUT_HEAD]; /* looked at, not yet read */
    int32_t head_count, head_at;
} qni_input;

/* Opens `path` ("-": standard input). Errors: QN_NO_INPUT, QN_PERMISSION, QN_IO, QN_NOMEM. */
qn_status qni_input_file(qni_input *out, const char *path, const qn_allocator *allocator, qn_error *err);

/* The same, but that somebody else can end it: after qni_input_stop(*stop_file) each read fails with QN_INTERRUPTED,
 * one that waits too. *stop_file is the input's. Errors: those, and QN_LIMIT (no further descriptor). */
qn_status qni_input_file_stoppable(qni_input *out, int *stop_file, const char *path, const qn_allocator *allocator,
                                   qn_error *err);

/* Any thread, and a signal handler, until the input is closed. */
void qni_input_stop(int stop_file);

/* Bytes in memory, borrowed until it is closed. Errors: QN_NOMEM. */
qn_status qni_input_bytes(qni_input *out, const char *bytes, int64_t size, const qn_allocator *allocator,
                          qn_error *err);

/* Whether the input begins with `bytes` (size, at most QNI_INPUT_HEAD), which stay to be read. An input that fails does
 * not; the next read says so. */
bool qni_input_begins_with(qni_input *input, const char *bytes, int32_t size);

/* What a person is told of bytes that begin like a file of another kind (an archive, a spreadsheet, UTF-16), so that
 * they are no text that we would read; NULL: they do not. */
const char *qni_input_foreign(const char *bytes, int64_t size);

/* As input->read. */
int64_t qni_input_read(qni_input *input, char *into, int64_t size);

/* Reads until `size` bytes are there or the input ends. How many, -1: failed. */
int64_t qni_input_read_full(qni_input *input, char *into, int64_t size);

/* Reads until `size` bytes are in *block (*capacity bytes, grown), *count of them: fewer where the input ends before.
 * Where its size is not known, memory is asked for as the bytes arrive. The block is the caller's to free in any case.
 * Errors: those of the input, QN_NOMEM. */
QN_MUST_USE qn_status qni_input_read_block(char **block, int64_t *capacity, int64_t *count, qni_input *input,
                                           int64_t size, const char *name, const qn_allocator *allocator,
                                           qn_error *err);

/* The error of a read that failed. */
qn_status qni_input_fail(const qni_input *input, const char *name, qn_error *err);

/* Ends the input, which is empty afterwards; ending it again does nothing. */
void qni_input_close(qni_input *input);

/* Where the input is gzip's (RFC 1952), puts in its place one of what is inside: inflated as it is read, members one
 * after the other, checksums and sizes verified at the end of each. Zero bytes after the last one are padding. Damage
 * and a missing end are QN_DATA, where reading arrives at them. Holds some 100 KiB. Errors: QN_UNAVAILABLE (no zlib),
 * QN_NOMEM; the input is then as it was. */
qn_status qni_input_inflate(qni_input *input, const char *name, const qn_allocator *allocator, qn_error *err);

#endif
