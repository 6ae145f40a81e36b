/* Any bytes as an entry's record: as they are, which seldom have a checksum that fits; and with one that does, as
 * somebody would make it who means harm. What is taken says nothing that lies outside the bytes. */
#include "base/checksum.h"
#include "store/cache_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                             \
    do {                                                                               \
        if (!(condition)) {                                                            \
            (void)fprintf(stderr, "fuzz_cache_record:%d: %s\n", __LINE__, #condition); \
            abort();                                                                   \
        }                                                                              \
    } while (0)

static void look(const uint8_t *record, int64_t size)
{
    static const uint8_t key[QN_SEAL_KEY_SIZE] = {7};
    qni_record_view v;
    qn_error err = qn_error_none();
    qn_datum *d;
    qn_status s = qni_record_look(&v, record, size, &err);
    if (s != QN_OK) {
        REQUIRE((s == QN_DATA || s == QN_LIMIT) && err.message[0] != '\0');
        return;
    }
    const char *from = (const char *)record, *to = from + size;
    REQUIRE(v.depends == from + 112 && v.depend_count >= 0 && v.depend_count <= QN_CACHE_DEPENDS_MAX);
    REQUIRE((const char *)v.key == from + 112 + 8 * v.depend_count && ((const char *)v.key)[v.key_size] == '\0');
    REQUIRE((const char *)v.payload + v.payload_size == to && (const char *)v.payload > (const char *)v.key);
    qni_record_keys keys = {.seal = v.sealed ? key : NULL, .values_version = v.values_version};
    s = qni_record_datum(&d, &v, &keys, NULL, &err);
    REQUIRE(s == QN_OK || s == QN_DATA || s == QN_LIMIT || s == QN_UNAVAILABLE);
    REQUIRE(s != QN_OK || (d == NULL) == v.absent);
    qn_datum_unref(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    look(data, (int64_t)size);
    if (size < 112)
        return 0;
    uint8_t *copy = malloc(size);
    REQUIRE(copy != NULL);
    memcpy(copy, data, size);
    int64_t whole = (int64_t)size;
    memcpy(copy + 24, &whole, sizeof whole); /* so that a cut record is looked into */
    uint64_t checksum = qni_checksum(copy + 16, whole - 16);
    memcpy(copy + 8, &checksum, sizeof checksum);
    look(copy, (int64_t)size);
    free(copy);
    return 0;
}
