/* quern/datum.h: a value that never changes: bytes, a JSON text, an array, a tuple of arrays, or a table. It is shared
 * by counting, and goes to bytes and back.
 *
 * Caveats first:
 *  - A datum may be read, ref'd and unref'd by any number of threads. Pointers into it are valid as long as somebody
 *    holds it.
 *  - Nothing that is decoded is ever run, and what a text claims costs no memory before it is there: arrays are NumPy's
 *    .npy format inside a .npz (Python objects refused), all else is JSON or plain bytes.
 *  - Arrays need libzip to be encoded or decoded (qn_has("zip")).
 */
#ifndef QUERN_DATUM_H
#define QUERN_DATUM_H

#include <quern/array.h>
#include <quern/base.h>
#include <quern/digest.h>
#include <quern/table.h>

QN_BEGIN_DECLS

/* Only ever appended to; the numbers are stored. */
typedef enum qn_datum_kind {
    QN_DATUM_BYTES = 1,
    QN_DATUM_JSON = 2,
    QN_DATUM_ARRAY = 3,  /* one array */
    QN_DATUM_ARRAYS = 4, /* a tuple of arrays, each with a name */
    QN_DATUM_TABLE = 5,
} qn_datum_kind;

/* "bytes", "json", "array", "arrays", "table"; static; "?" for an unknown one. */
QN_API const char *qn_datum_kind_name(qn_datum_kind kind);

typedef struct qn_datum qn_datum;

/* Making: all is copied but a table. The maker holds one reference. */

/* Bytes (size); NULL is fine where size is 0. Errors: QN_INVALID (negative size), QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_datum_bytes(qn_datum **out, const void *bytes, int64_t size,
                                            const qn_allocator *allocator, qn_error *err);
/* A JSON text (RFC 8259; any value; size -1: up to the zero), kept as it is written. Errors: QN_DATA (no JSON text:
 * line and column; one that is nested deeper than 128), QN_LIMIT (256 MiB), QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_datum_json(qn_datum **out, const char *text, int64_t size,
                                           const qn_allocator *allocator, qn_error *err);
/* One array: its elements in row-major order. Errors: QN_INVALID (one that has ended), QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_datum_array(qn_datum **out, const qn_array *array, const qn_allocator *allocator,
                                            qn_error *err);
/* arrays (count) with names (count), or NULL: arr_0, arr_1, … as numpy.savez calls them. Errors: as above; QN_INVALID
 * also for an empty name, one that comes twice, or one that no member of an npz may have (quern/npz.h). */
QN_API QN_MUST_USE qn_status qn_datum_arrays(qn_datum **out, const qn_array *arrays, const char *const *names,
                                             int64_t count, const qn_allocator *allocator, qn_error *err);
/* A table, which belongs to the datum on success. Errors: QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_datum_table(qn_datum **out, qn_table *table, const qn_allocator *allocator,
                                            qn_error *err);

/* One more holder of the datum, which is returned: the caller's until it unrefs it. */
QN_API qn_datum *qn_datum_ref(qn_datum *datum);
QN_API void qn_datum_unref(qn_datum *datum); /* NULL is fine */

/* What it is, and the bytes that it holds in all, as they were asked of the allocator. A table's are counted as well.
 * */
QN_API qn_datum_kind qn_datum_kind_of(const qn_datum *datum);
QN_API int64_t qn_datum_size(const qn_datum *datum);

/* The content, borrowed. Of BYTES and JSON: their bytes, a zero behind the last one; else NULL, and *size (may be NULL)
 * is 0. */
QN_API const char *qn_datum_text(const qn_datum *datum, int64_t *size);
/* Of ARRAY and ARRAYS, by `index` from 0, or by `name`; else 0 and NULL. Borrowed; the elements may not be written. */
QN_API int64_t qn_datum_array_count(const qn_datum *datum);
QN_API const qn_array *qn_datum_array_at(const qn_datum *datum, int64_t index);
QN_API const char *qn_datum_array_name(const qn_datum *datum, int64_t index);
QN_API int64_t qn_datum_array_find(const qn_datum *datum, const char *name); /* -1: none */
/* Of a TABLE; else NULL. */
QN_API const qn_table *qn_datum_table_of(const qn_datum *datum);

/* The digest of the kind and the content (quern/digest.h); of a JSON text that of its bytes. */
QN_API qn_digest qn_datum_digest(const qn_datum *datum);

/* ---- bytes ---- */

/* How a datum is encoded, and what decoding accepts. Zero or NULL in a field means its default. */
typedef struct qn_datum_options {
    int64_t size;        /* sizeof(qn_datum_options) */
    int compress;        /* 0: stored as it is; 1 … 9: deflated, arrays and tables alone (npz) */
    int64_t bytes_max;   /* decoding: bytes of memory for what comes out, at most; 0: 1 GiB */
    int64_t members_max; /* decoding: arrays or columns at most; 0: 4096 */
} qn_datum_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_datum_options_init(qn_datum_options *out, int64_t size);

/* The datum as bytes in new memory (*out of *size bytes, to be given back by qn_datum_encoded_free): BYTES and JSON as
 * they are, arrays and tables as an npz that NumPy opens. A table's columns are its members, dates and times as NumPy's
 * own, texts as codes; what is missing and the texts stand beside them, names and types in a member "table.json"
 * (docs/data.md). Its source and its rows' lines are not kept. The kind is not in the bytes. Errors: QN_INVALID (bf16,
 * for which NumPy has no type; a column's name that is not UTF-8), QN_UNAVAILABLE (libzip), QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_datum_encode(void **out, int64_t *size, const qn_datum *datum,
                                             const qn_datum_options *options, const qn_allocator *allocator,
                                             qn_error *err);
QN_API void qn_datum_encoded_free(void *bytes, int64_t size, const qn_allocator *allocator);

/* And back, from bytes (size) of a datum of that kind. `name` is what complaints call the bytes (NULL: nothing).
 * Errors: QN_DATA (not of that kind; damaged; objects; err->file is the name), QN_LIMIT (more than the options
 * allow), QN_UNAVAILABLE, QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_datum_decode(qn_datum **out, qn_datum_kind kind, const void *bytes, int64_t size,
                                             const char *name, const qn_datum_options *options,
                                             const qn_allocator *allocator, qn_error *err);

QN_END_DECLS
#endif
