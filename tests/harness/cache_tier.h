/* harness/cache_tier.h: a disk tier of a cache as tests use it: keys that are texts, values that say whose they are. */
#ifndef QUERN_TEST_CACHE_TIER_H
#define QUERN_TEST_CACHE_TIER_H

#include "store/cache_int.h"

#include <stdlib.h>
#include <string.h>

static inline qni_cache_key tier_key(const char *text)
{
    qni_cache_key key = {.bytes = text, .size = (int64_t)strlen(text)};
    key.name = qni_cache_name(key.bytes, key.size);
    return key;
}

/* Bytes that follow from the key and a number, so that any other are noticed. */
static inline void tier_fill(char *out, int64_t size, const char *text, uint64_t number)
{
    uint64_t seed = qni_cache_name(text, (int64_t)strlen(text)) + (size < 8 ? 0 : number) * 0x9E3779B97F4A7C15u;
    for (int64_t i = 0; i < size; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        out[i] = (char)seed;
    }
    if (size >= 8)
        memcpy(out, &number, sizeof number);
}

typedef struct tier_put {
    const char *key;
    int64_t size;
    uint64_t number;
    const char *const *depends; /* (depend_count) */
    int64_t depend_count;
    qni_deadline deadline;
    bool own_file, absent;
} tier_put;

static inline qn_status tier_put_one(qni_disk_tier *tier, const tier_put *p, const qn_allocator *allocator,
                                     qn_error *err)
{
    static const qni_record_keys keys;
    uint64_t depends[QN_CACHE_DEPENDS_MAX];
    qn_datum *datum = NULL;
    qni_record record;
    qni_cache_key key = tier_key(p->key);
    for (int64_t i = 0; i < p->depend_count; i++)
        depends[i] = tier_key(p->depends[i]).name;
    qn_status s = QN_OK;
    if (!p->absent) {
        char *bytes = malloc((size_t)p->size + 1);
        if (bytes == NULL)
            abort();
        tier_fill(bytes, p->size, p->key, p->number);
        s = qn_datum_bytes(&datum, bytes, p->size, allocator, err);
        free(bytes);
    }
    const qni_cache_value value = {.datum = datum,
                                   .deadline = p->deadline,
                                   .stored_ns = 1700000000,
                                   .depends = depends,
                                   .depend_count = p->depend_count,
                                   .own_file = p->own_file};
    if (s == QN_OK)
        s = qni_record_encode(&record, &key, &value, &keys, allocator, err);
    qn_datum_unref(datum);
    if (s != QN_OK)
        return s;
    const qni_disk_write write = {.key = &key, .record = &record, .value = &value};
    s = qni_disk_put(tier, &write, 1, err);
    qni_record_free(&record, allocator);
    return s;
}

typedef struct tier_got {
    bool there, absent, whole; /* whole: the bytes are those that the key and the number give */
    int64_t size;
    uint64_t number;
    qni_deadline deadline;
} tier_got;

static inline qn_status tier_get_one(tier_got *out, qni_disk_tier *tier, const char *text,
                                     const qn_allocator *allocator, qn_error *err)
{
    qni_cache_key key = tier_key(text);
    qni_record record;
    qni_record_view view;
    *out = (tier_got){0};
    qn_status s = qni_disk_get(&record, &view, tier, &key, err);
    if (s != QN_OK || record.bytes == NULL)
        return s;
    *out = (tier_got){.there = true, .absent = view.absent, .size = view.payload_size, .deadline = view.deadline};
    char *bytes = malloc((size_t)view.payload_size + 1);
    if (bytes == NULL)
        abort();
    if (view.payload_size >= 8)
        memcpy(&out->number, view.payload, sizeof out->number);
    tier_fill(bytes, view.payload_size, text, out->number);
    out->whole = memcmp(bytes, view.payload, (size_t)view.payload_size) == 0;
    free(bytes);
    qni_record_free(&record, allocator);
    return QN_OK;
}

#endif
