/* array/npz_int.h: the parts of reading and writing .npz files.
 *
 *   npz.c         what was read, for who looks at it; as a table; which names may be
 *   npz_read.c    an archive into arrays and bytes
 *   npz_write.c   arrays and bytes into an archive
 *   npz_none.c    both, in a build without libzip's header
 *   zip_int.h     the archive itself
 */
#ifndef QNI_ARRAY_NPZ_INT_H
#define QNI_ARRAY_NPZ_INT_H

#include <quern/npz.h>

#include "array/strings_int.h"

typedef struct qni_npz_item {
    qn_npz_kind kind;
    qn_array array; /* all zero: bytes */
    bool is_time;   /* the elements are datetime64 */
    char *bytes;    /* NULL: an array */
    int64_t size, capacity;
} qni_npz_item;

struct qn_npz {
    const qn_allocator *allocator;
    qni_strings names;   /* code = index */
    qni_npz_item *items; /* (names.count are filled in) */
    int64_t capacity;
};

/* What is wrong with the name of a member, in the words "the name …"; NULL: nothing. */
const char *qni_npz_name_refuse(const char *name, int64_t size);

/* The bytes of a member's name that are its array's; -1: the member is bytes. */
int64_t qni_npz_array_name(const char *name, int64_t size);

#endif
