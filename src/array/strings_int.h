/* array/strings_int.h: distinct strings, numbered in order of first appearance: the dictionary of a text column, the
 * names of columns.
 *
 * Always: strings are zero-terminated in one block, string i at bytes + starts[i]; slots hold codes by hash, at most
 * half full. A pointer to a string is valid until the next one is added. One thread while strings are added, any number
 * afterwards. */
#ifndef QNI_ARRAY_STRINGS_INT_H
#define QNI_ARRAY_STRINGS_INT_H

#include <quern/base.h>

typedef struct qni_strings_slot {
    uint32_t check; /* upper half of the hash */
    int32_t code;   /* -1: free */
} qni_strings_slot;

typedef struct qni_strings {
    char *bytes;
    int64_t byte_count, byte_capacity;
    int64_t *starts; /* (count + 1): the last one is byte_count */
    int64_t count, start_capacity;
    qni_strings_slot *slots;
    int64_t slot_count; /* 0 or a power of two */
    uint64_t seed;
} qni_strings;

/* Nothing in it; holds no memory. The seed comes from its address, so that a file cannot be written to collide. */
void qni_strings_init(qni_strings *s);
void qni_strings_fini(qni_strings *s, const qn_allocator *allocator);

/* The code of a string, -1 where it is not in it. */
int32_t qni_strings_find(const qni_strings *s, const char *text, int64_t size);

/* The code of a string, which is added where it is new. Errors: QN_NOMEM, QN_LIMIT (more than 2^31 - 1 strings). */
qn_status qni_strings_add(int32_t *code, qni_strings *s, const qn_allocator *allocator, const char *text, int64_t size);

/* The bytes that it holds, itself not included, as they were asked of the allocator. */
int64_t qni_strings_held(const qni_strings *s);

static inline const char *qni_strings_at(const qni_strings *s, int64_t code)
{
    return s->bytes + s->starts[code];
}
static inline int64_t qni_strings_size(const qni_strings *s, int64_t code)
{
    return s->starts[code + 1] - s->starts[code] - 1;
}

#endif
