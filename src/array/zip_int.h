/* array/zip_int.h: members of a zip archive that lies in memory, in and out; libzip does the work.
 *
 *   zip_read.c    an archive, its members as inputs
 *   zip_write.c   members into an archive
 *
 * What libzip allocates comes from the system. One thread at a time for one archive. */
#ifndef QNI_ARRAY_ZIP_INT_H
#define QNI_ARRAY_ZIP_INT_H

#include <quern/base.h>

#include "array/input.h"

/* An archive that is open for reading. */
typedef struct qni_zip qni_zip;

/* Opens the archive in `bytes` (size), borrowed until it is closed; `name` (likewise) is its file's. The directory at
 * its end has been compared with what stands before each member. Errors: QN_DATA (none, a damaged or cut one; two
 * members of one name), QN_UNAVAILABLE, QN_NOMEM. */
QN_MUST_USE qn_status qni_zip_open(qni_zip **out, const void *bytes, int64_t size, const char *name,
                                   const qn_allocator *allocator, qn_error *err);
int64_t qni_zip_count(const qni_zip *zip);
void qni_zip_close(qni_zip *zip); /* NULL is fine */

/* What the directory says of a member. */
typedef struct qni_zip_entry {
    const char *name;    /* as it stands in the archive, a zero byte in it as a blank; valid until that is closed */
    int64_t size;        /* bytes, unpacked */
    int64_t packed_size; /* bytes in the archive */
} qni_zip_entry;

/* Errors: QN_DATA (a method of compression other than none and deflate; encryption; a size that cannot be); the message
 * is to be completed by the member's name. */
QN_MUST_USE qn_status qni_zip_look(qni_zip_entry *out, const qni_zip *zip, int64_t index, qn_error *err);

/* Opens a member as an input, which ends before the archive is closed. It gives as many bytes as `entry` says: more,
 * fewer or others than the checksum is of are QN_DATA where reading arrives at the end. Errors: QN_DATA, QN_NOMEM. */
QN_MUST_USE qn_status qni_zip_input(qni_input *out, const qni_zip *zip, int64_t index, const qni_zip_entry *entry,
                                    const qn_allocator *allocator, qn_error *err);

/* A member to be written: the parts stand one after the other in it. */
typedef struct qni_zip_part {
    const void *bytes;
    int64_t size;
} qni_zip_part;
typedef struct qni_zip_member {
    const char *name; /* UTF-8, no two alike */
    qni_zip_part parts[2];
} qni_zip_member;

/* An archive of `count` members in a new block of exactly *size bytes; level 0: stored, 1 to 9: deflated. On failure
 * *out is NULL. Errors: QN_UNAVAILABLE, QN_NOMEM, QN_INTERNAL. */
QN_MUST_USE qn_status qni_zip_write(void **out, int64_t *size, const qni_zip_member *members, int64_t count, int level,
                                    const qn_allocator *allocator, qn_error *err);

#endif
