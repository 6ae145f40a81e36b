/* base/secret.h: passwords and keys, which settings only point to.
 *
 *     file:PATH                  a file that nobody else can read
 *     credential:NAME            a credential of systemd's: the file NAME in $CREDENTIALS_DIRECTORY
 *     command:PROGRAM WORD...    what a program writes to its standard output. Words are split at blanks, quotes and
 *                                backslashes as in a shell; no shell runs it and nothing is expanded
 *
 * A secret itself is refused where one of these is wanted, so it stands in no configuration, no list of processes and
 * no message: messages repeat neither the secret nor the words behind a program's name. What was read lies in memory
 * of its own, kept out of swap and core dumps where the system allows it, and is overwritten before it is given back.
 *
 * Any thread; a secret belongs to one at a time. */
#ifndef QNI_BASE_SECRET_H
#define QNI_BASE_SECRET_H

#include "base/limits.h"

#include <quern/base.h>

enum {
    QNI_SECRET_KEY_SIZE = 32,
    QNI_SECRET_SHOWN_SIZE = QNI_SECRET_REFERENCE_MAX + 5 /* " ..." and a zero */
};

typedef struct qni_secret {
    char *bytes;           /* (size) without the line end at its end; a zero stands behind them */
    int64_t size;          /* at least 1 */
    int64_t line_end;      /* bytes of that line end: 0, 1 (\n) or 2 (\r\n) */
    const char *reference; /* where it comes from; borrowed */
    void *block;           /* (block_size) that holds them; NULL: an empty record */
    int64_t block_size;
    const qn_allocator *allocator;
} qni_secret;

/* Whether `reference` has one of the forms above. Looks at the text alone. The message begins with `subject` ("option
 * \"--password\"") and says what to write. Errors: QN_INVALID. */
QN_MUST_USE qn_status qni_secret_check(const char *reference, const char *subject, qn_error *err);

/* A reference as it may be shown: of a command the program's name alone, "command:pass ..."; "" of what is none. */
void qni_secret_show(char out[QNI_SECRET_SHOWN_SIZE], const char *reference);

/* Fetches the secret. On failure *out is empty. The file is looked at and read by one descriptor: regular, at most 64
 * KiB, without permissions for group and others, owned by this user or root; of a credential, systemd answers for the
 * owner and the group. A command has 10 seconds, its standard error is ours, its standard input empty. Errors:
 * QN_INVALID (no reference), QN_PERMISSION (the file is not for us, or for others too), QN_CONFIG (not there, not
 * regular, empty, too large; the program failed), QN_TIMEOUT, QN_IO, QN_NOMEM. */
QN_MUST_USE qn_status qni_secret_read(qni_secret *out, const char *reference, const qn_allocator *allocator,
                                      qn_error *err);

/* The secret as a text, borrowed from it. Errors: QN_CONFIG (a zero byte in it). */
QN_MUST_USE qn_status qni_secret_text(const char **out, const qni_secret *secret, qn_error *err);

/* The secret as a key: 32 bytes as they are, 64 hexadecimal digits, or base64 of 32 bytes. Overwrite `key` after use
 * (sodium_memzero). Errors: QN_CONFIG, with how to make one. */
QN_MUST_USE qn_status qni_secret_key(uint8_t key[QNI_SECRET_KEY_SIZE], const qni_secret *secret, qn_error *err);

/* Overwrites it and gives it back. An empty record is fine. */
void qni_secret_fini(qni_secret *secret);

#endif
