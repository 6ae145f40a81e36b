/* array/strings.c: see strings_int.h. Open addressing, linear probing; a new table of twice the size when half is used.
 */
#include "array/strings_int.h"

#include "array/limits.h"
#include "base/alloc.h"
#include "base/hash.h"

#include <assert.h>
#include <string.h>

void qni_strings_init(qni_strings *s)
{
    *s = (qni_strings){.seed = (uint64_t)(uintptr_t)s};
}

void qni_strings_fini(qni_strings *s, const qn_allocator *allocator)
{
    qni_free(allocator, s->bytes, s->byte_capacity, 1);
    qni_free(allocator, s->starts, s->start_capacity, sizeof *s->starts);
    qni_free(allocator, s->slots, s->slot_count, sizeof *s->slots);
    *s = (qni_strings){0};
}

int64_t qni_strings_held(const qni_strings *s)
{
    return s->byte_capacity + s->start_capacity * (int64_t)sizeof *s->starts +
           s->slot_count * (int64_t)sizeof *s->slots;
}

/* The slot that holds the string, or the free one where it belongs. */
static qni_strings_slot *slot_of(const qni_strings *s, uint64_t hash, const char *text, int64_t size)
{
    uint64_t mask = (uint64_t)s->slot_count - 1;
    uint32_t check = (uint32_t)(hash >> 32);
    for (uint64_t i = hash & mask;; i = (i + 1) & mask) {
        qni_strings_slot *slot = &s->slots[i];
        if (slot->code < 0)
            return slot;
        if (slot->check == check && qni_strings_size(s, slot->code) == size &&
            memcmp(qni_strings_at(s, slot->code), text, (size_t)size) == 0)
            return slot;
    }
}

int32_t qni_strings_find(const qni_strings *s, const char *text, int64_t size)
{
    if (s->count == 0)
        return -1;
    return slot_of(s, qni_hash_bytes(text, size, s->seed), text, size)->code;
}

static bool more_slots(qni_strings *s, const qn_allocator *allocator)
{
    int64_t count = s->slot_count == 0 ? QNI_STRINGS_SLOTS : s->slot_count * 2;
    qni_strings_slot *old = s->slots;
    int64_t old_count = s->slot_count;
    qni_strings_slot *fresh = qni_alloc(allocator, count, sizeof *fresh);
    if (fresh == NULL)
        return false;
    memset(fresh, 0xFF, (size_t)count * sizeof *fresh); /* every code -1 */
    s->slots = fresh;
    s->slot_count = count;
    uint64_t mask = (uint64_t)count - 1;
    for (int32_t code = 0; code < s->count; code++) {
        uint64_t hash = qni_hash_bytes(qni_strings_at(s, code), qni_strings_size(s, code), s->seed);
        uint64_t i = hash & mask;
        while (fresh[i].code >= 0)
            i = (i + 1) & mask;
        fresh[i] = (qni_strings_slot){.check = (uint32_t)(hash >> 32), .code = code};
    }
    qni_free(allocator, old, old_count, sizeof *old);
    return true;
}

qn_status qni_strings_add(int32_t *code, qni_strings *s, const qn_allocator *allocator, const char *text, int64_t size)
{
    assert(size >= 0);
    if (s->count * 2 >= s->slot_count && !more_slots(s, allocator))
        return QN_NOMEM;
    uint64_t hash = qni_hash_bytes(text, size, s->seed);
    qni_strings_slot *slot = slot_of(s, hash, text, size);
    if (slot->code >= 0) {
        *code = slot->code;
        return QN_OK;
    }
    if (s->count == INT32_MAX)
        return QN_LIMIT;
    if (!qni_grow(allocator, (void **)&s->bytes, &s->byte_capacity, s->byte_count + size + 1, 1) ||
        !qni_grow(allocator, (void **)&s->starts, &s->start_capacity, s->count + 2, sizeof *s->starts))
        return QN_NOMEM;
    s->starts[s->count] = s->byte_count;
    memcpy(s->bytes + s->byte_count, text, (size_t)size);
    s->bytes[s->byte_count + size] = '\0';
    s->byte_count += size + 1;
    *code = (int32_t)s->count++;
    s->starts[s->count] = s->byte_count;
    *slot = (qni_strings_slot){.check = (uint32_t)(hash >> 32), .code = *code};
    return QN_OK;
}
