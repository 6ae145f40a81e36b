/* quern/npz.h: several named arrays in one file, as NumPy's savez writes them (.npz), in and out.
 *
 * Caveats first:
 *  - Such a file is a zip archive; a member NAME.npy is the array NAME, any other member is bytes under its own name.
 *    Nothing in it is ever run, and no member ever becomes a file.
 *  - All of an archive is read at once into memory of its own; neither the file nor the bytes that it was read from are
 *    needed afterwards. The archive as such lies in memory, beside what is read from it or written to it, while a call
 *    runs.
 *  - Arrays are those of quern/npy.h. Members are stored or deflated; other compression and encryption are refused.
 *  - A name has 1 to 1024 bytes of UTF-8 without control characters and backslashes, neither begins nor ends with a
 *    slash, and has no parts between slashes that are empty, "." or "..". No two members have the same name.
 *  - The work is done by libzip, opened on first use (qn_has("zip")). Its own memory, some hundred bytes a member and
 *    up to half a MiB while one is deflated, comes from the system and is counted by no budget.
 *  - Any thread.
 *
 * The formats: numpy.lib.format; PKWARE's APPNOTE 6.3, with zip64. */
#ifndef QUERN_NPZ_H
#define QUERN_NPZ_H

#include <quern/array.h>
#include <quern/npy.h>
#include <quern/table.h>

QN_BEGIN_DECLS

/* What was read. Immutable: any number of threads may look at one. What it gives is borrowed until it is freed; an
 * array's elements live on in the views that are made of it (qn_array_view). */
typedef struct qn_npz qn_npz;

/* What a member is. Only ever appended to. */
typedef enum qn_npz_kind {
    QN_NPZ_ARRAY = 1, /* NAME.npy: an array */
    QN_NPZ_BYTES = 2, /* any other: its bytes as they are */
} qn_npz_kind;

/* How much an archive may make of itself. Zero in a field means its default. */
typedef struct qn_npz_read_options {
    int64_t size;        /* sizeof(qn_npz_read_options) */
    int64_t max_members; /* 4096 */
    int64_t max_bytes;   /* of the archive, and of all its members together when unpacked. By default members may unpack
                          * to 1 GiB, or to four times the archive where that is more */
} qn_npz_read_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_npz_read_options_init(qn_npz_read_options *out, int64_t size);

/* Reads the archive in `path` ("-": standard input). Checked are every member's name, size and checksum, and that the
 * directory at the end agrees with what stands before each member. Memory is asked for as the bytes arrive: what an
 * archive promises costs nothing. On failure *out is NULL. Errors: QN_DATA (no zip archive; a damaged or cut one; a
 * name that may not be; another method of compression; encryption; a member NAME.npy that is no array of numbers),
 * QN_LIMIT (more members or bytes than the options allow, more axes than QN_ARRAY_MAX_DIMS), QN_UNAVAILABLE (no
 * libzip), QN_NO_INPUT, QN_PERMISSION, QN_IO, QN_INVALID (the options), QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_npz_read(qn_npz **out, const char *path, const qn_npz_read_options *options,
                                         const qn_allocator *allocator, qn_error *err);

/* The same from `size` bytes in memory, borrowed during the call; `name` is what complaints call them (NULL: nothing).
 * Errors as above. */
QN_API QN_MUST_USE qn_status qn_npz_read_bytes(qn_npz **out, const void *bytes, int64_t size, const char *name,
                                               const qn_npz_read_options *options, const qn_allocator *allocator,
                                               qn_error *err);

/* Members, in the order of the file; `index` counts from 0 and is below the count. */
QN_API int64_t qn_npz_count(const qn_npz *npz);
QN_API const char *qn_npz_name(const qn_npz *npz, int64_t index); /* of an array without .npy */
QN_API qn_npz_kind qn_npz_kind_of(const qn_npz *npz, int64_t index);
QN_API int64_t qn_npz_find(const qn_npz *npz, const char *name); /* -1: no such member */

/* The array of the member at `index`, borrowed; NULL where it is bytes. */
QN_API const qn_array *qn_npz_array(const qn_npz *npz, int64_t index);

/* The bytes of the member at `index`, borrowed, and how many they are in *size (never NULL, even for none); NULL and
 * 0 where the member is an array. */
QN_API const void *qn_npz_bytes(int64_t *size, const qn_npz *npz, int64_t index);

QN_API void qn_npz_free(qn_npz *npz); /* NULL is fine */

/* A member to be written; all is borrowed during the call. */
typedef struct qn_npz_member {
    const char *name;      /* of an array without .npy; of bytes anything that does not end so */
    const qn_array *array; /* NULL: it is bytes */
    const void *bytes;     /* (byte_count) */
    int64_t byte_count;    /* of bytes */
    const char *type; /* how NumPy is to see the elements: "b1" (of u8 that are 0 or 1), "M8[D]", "M8[us]" (of i64);
                         NULL: as what they are */
} qn_npz_member;

/* How members are written. Zero in a field means its default. */
typedef struct qn_npz_write_options {
    int64_t size;  /* sizeof(qn_npz_write_options) */
    int64_t level; /* 0: members are stored; 1 to 9: deflated, fastest to smallest */
} qn_npz_write_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_npz_write_options_init(qn_npz_write_options *out, int64_t size);

/* Writes `count` members to `path` ("-": standard output). numpy.load(path) opens it with allow_pickle=False. The same
 * members give the same bytes, at any time: members are dated 1980-01-01. Stored members lie in the file at multiples
 * of 64 bytes. The file appears whole or not at all. Errors: QN_INVALID (an array that has ended; bf16; a type that
 * does not fit, or an element does not; names that may not be, or twice the same; the options), QN_UNAVAILABLE (no
 * libzip), QN_CREATE, QN_PERMISSION, QN_IO, QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_npz_write(const qn_npz_member *members, int64_t count, const char *path,
                                          const qn_npz_write_options *options, const qn_allocator *allocator,
                                          qn_error *err);

/* The same `count` members into a new block of *size bytes, to be freed by qn_npy_bytes_free (quern/npy.h) with the
 * same allocator. On failure *out is NULL and *size 0. Errors: as above, but for those of files. */
QN_API QN_MUST_USE qn_status qn_npz_write_bytes(void **out, int64_t *size, const qn_npz_member *members, int64_t count,
                                                const qn_npz_write_options *options, const qn_allocator *allocator,
                                                qn_error *err);

/* Reads the archive `path` as a table of float64 columns: every member is an array of one axis, all of one length, and
 * becomes the column of its name. The elements are copied, an i64 beyond 2^53 is rounded, NaN stays a value. Errors:
 * those of qn_npz_read; QN_DATA (bytes, datetime64, other axes, other lengths: with the member's name). */
QN_API QN_MUST_USE qn_status qn_npz_read_table(qn_table **out, const char *path, const qn_allocator *allocator,
                                               qn_error *err);

/* The first four bytes of every archive with a member, and of one without. */
#define QN_NPZ_MAGIC       "PK\3\4"
#define QN_NPZ_MAGIC_EMPTY "PK\5\6"

QN_END_DECLS
#endif
