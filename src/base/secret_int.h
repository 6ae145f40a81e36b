/* base/secret_int.h: between secret.c, which knows the references, and secret_command.c, which runs programs. */
#ifndef QNI_BASE_SECRET_INT_H
#define QNI_BASE_SECRET_INT_H

#include "base/secret.h"

/* A program and its arguments. */
typedef struct qni_secret_words {
    int64_t count;
    char *words[QNI_SECRET_WORDS_MAX + 1]; /* (count) in `text`, NULL behind the last */
    char text[QNI_SECRET_REFERENCE_MAX + 1];
} qni_secret_words;

/* Splits `text` (at most QNI_SECRET_REFERENCE_MAX bytes) at blanks, with quotes and backslashes as in a shell. NULL, or
 * what is wrong with it. */
const char *qni_secret_split(qni_secret_words *out, const char *text);

/* How many bytes the first word of `text` takes there, with the blanks before it. */
int64_t qni_secret_first_word(const char *text);

/* Runs a program and reads what it writes: less than `capacity` bytes into `out`. One that has not ended after
 * `timeout_ms` is killed. Errors: QN_CONFIG (it cannot be run, it fails, it writes nothing or more than that),
 * QN_TIMEOUT, QN_IO. */
QN_MUST_USE qn_status qni_secret_run(char *out, int64_t *size, int64_t capacity, const qni_secret_words *program,
                                     int64_t timeout_ms, qn_error *err);

#endif
