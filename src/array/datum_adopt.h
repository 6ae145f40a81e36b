/* array/datum_adopt.h: values of bytes or JSON in memory that is there already: their text, or all of them. */
#ifndef QNI_ARRAY_DATUM_ADOPT_H
#define QNI_ARRAY_DATUM_ADOPT_H

#include <quern/datum.h>

/* Memory that somebody gives away. */
typedef struct qni_datum_memory {
    void (*release)(const void *owner, void *block, int64_t size); /* called once, by the datum's last holder */
    const void *owner;
    void *block;
    int64_t size; /* bytes, which count as the datum's */
} qni_datum_memory;

/* As qn_datum_decode of BYTES or JSON: `text` (size) lies in the memory, has a zero behind it, and never changes. On
 * success the memory is the datum's, on failure it is still the caller's. Errors: as there. */
QN_MUST_USE qn_status qni_datum_adopt(qn_datum **out, qn_datum_kind kind, const char *text, int64_t size,
                                      const qni_datum_memory *memory, const qn_datum_options *options,
                                      const qn_allocator *allocator, qn_error *err);

/* Texts that are a part of a larger block: what they take of it (any multiple of 8 will do as their place), and one
 * copied to `at`, behind `before` bytes of a block (size) of the allocator, all of which counts as the datum's and is
 * freed by its last holder. */
int64_t qni_datum_room(int64_t text_size);
qn_datum *qni_datum_place(void *at, const qn_datum *text, int64_t before, int64_t size, const qn_allocator *allocator);
/* Whether the caller is the only holder: then nobody else can become one. */
bool qni_datum_is_alone(const qn_datum *datum);

#endif
