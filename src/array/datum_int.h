/* array/datum_int.h: what a datum is made of, for the files that make them.
 *
 *   datum.c          making, sharing and looking
 *   datum_encode.c   to bytes and back
 *   datum_table.c    a table as the members of an npz, and back
 */
#ifndef QNI_ARRAY_DATUM_INT_H
#define QNI_ARRAY_DATUM_INT_H

#include <quern/datum.h>
#include <quern/npz.h>

#include "array/counted_int.h"
#include "array/datum_adopt.h"
#include "array/strings_int.h"
#include "base/json.h"

#include <stdatomic.h>

/* Always: from the moment it is handed out only the count of references changes. */
struct qn_datum {
    const qn_allocator *allocator;
    atomic_int_fast64_t reference_count; /* the release of the last unref pairs with the acquire before freeing */
    qn_datum_kind kind;
    int32_t before; /* bytes of the block before a text */
    int64_t held;   /* bytes in all, as they were asked for */
    union {
        struct {
            int64_t text_size; /* of BYTES and JSON */
            const char *text;  /* (text_size) and a zero: from `memory` on, which is not there then, or in that */
            qni_datum_memory memory;
        };
        struct {
            qni_counted *counted; /* the datum itself is a block of it */
            qn_array *arrays;     /* (count) contiguous */
            qni_strings names;    /* code = index */
            int64_t count;
        };
        qn_table *table;
    };
};

/* A datum of BYTES or JSON without its bytes, which are to be written to `text` (size, the zero behind them is there).
 * Nothing is checked. Errors: QN_NOMEM. */
QN_MUST_USE qn_status qni_datum_new_text(qn_datum **out, char **text, qn_datum_kind kind, int64_t size,
                                         const qn_allocator *allocator, qn_error *err);

/* The same around a text that is there. Errors: QN_NOMEM. */
QN_MUST_USE qn_status qni_datum_new_around(qn_datum **out, qn_datum_kind kind, const char *text, int64_t size,
                                           const qni_datum_memory *memory, const qn_allocator *allocator,
                                           qn_error *err);

/* A datum of arrays that are all zero: who makes it fills them in, with memory of `counted`, which stays the caller's
 * to end, adds a name after each, and finishes. Until then it may be unref'd as well. Errors: QN_NOMEM. */
QN_MUST_USE qn_status qni_datum_new_arrays(qn_datum **out, qn_datum_kind kind, int64_t count, qni_counted *counted,
                                           const qn_allocator *allocator, qn_error *err);
/* Errors: QN_INVALID (no name for a member of an npz; it is there already), QN_NOMEM. */
QN_MUST_USE qn_status qni_datum_add_name(qn_datum *d, const char *name, qn_error *err);
void qni_datum_finish_arrays(qn_datum *d);

enum {
    QNI_TABLE_NAME_SIZE = 40, /* of a member's name that holds a column's number: "table/4194303.missing" */
};

/* What a table is in an npz: members that point into the table and this. */
typedef struct qni_table_image {
    qn_npz_member *members; /* (count) */
    qn_array *arrays;       /* (count) all zero: bytes */
    char (*names)[QNI_TABLE_NAME_SIZE];
    int64_t count, capacity;
    qni_json_buffer json;
    const qn_allocator *allocator;
} qni_table_image;

/* On failure it is to be ended as well. Errors: QN_INVALID (a column's name that is not UTF-8), QN_NOMEM. */
QN_MUST_USE qn_status qni_table_image_init(qni_table_image *out, const qn_table *table, const qn_allocator *allocator,
                                           qn_error *err);
void qni_table_image_fini(qni_table_image *image);

/* The table that the members of an archive are. `name` is what complaints call it. Errors: QN_DATA, QN_LIMIT (more
 * columns than columns_max), QN_NOMEM. */
QN_MUST_USE qn_status qni_table_from_npz(qn_table **out, const qn_npz *npz, const char *name, int64_t columns_max,
                                         const qn_allocator *allocator, qn_error *err);

#endif
