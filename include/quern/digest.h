/* quern/digest.h: the name of a content: 256 bits (BLAKE2b, RFC 7693) that are the same on every machine, in every
 * process and version, and that two different contents never share.
 *
 * Caveats first:
 *  - The form that is digested is canonical: a type's name, the shape, the elements in row-major order as little-endian
 *    bytes. So views of equal elements have one digest, whatever their strides; an array of another type or shape has
 *    another. Elements are taken by their bits: 0 and -0 differ, and so do NaNs of different bits.
 *  - A digest tells whether contents are equal. It authenticates nothing: who can change the content can change it too.
 *
 * Any thread; what is digested is only read. */
#ifndef QUERN_DIGEST_H
#define QUERN_DIGEST_H

#include <quern/array.h>
#include <quern/base.h>
#include <quern/table.h>

QN_BEGIN_DECLS

#define QN_DIGEST_SIZE      32 /* bytes of a digest */
#define QN_DIGEST_TEXT_SIZE 65 /* bytes of a digest as text, with its zero */

/* A digest. */
typedef struct qn_digest {
    uint8_t bytes[QN_DIGEST_SIZE]; /* all of it */
} qn_digest;

/* Of `size` bytes; NULL is fine where size is 0. */
QN_API qn_digest qn_digest_bytes(const void *bytes, int64_t size);

/* Of an array: its type, its shape, its elements. Errors: QN_INVALID (an array that has ended). */
QN_API QN_MUST_USE qn_status qn_digest_array(qn_digest *out, const qn_array *array, qn_error *err);

/* Of a table: names, types, values and what is missing, column by column. Where its rows came from does not count, nor
 * in which order a text column's dictionary lists its strings. */
QN_API qn_digest qn_digest_table(const qn_table *table);

/* Whether two digests are the same. */
QN_API bool qn_digest_equal(const qn_digest *a, const qn_digest *b);

/* 64 lower-case hexadecimal digits and a zero. */
QN_API void qn_digest_text(char out[QN_DIGEST_TEXT_SIZE], const qn_digest *digest);

QN_END_DECLS
#endif
