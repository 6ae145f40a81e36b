/* lang/symbols.c: the names of a formula, each kept once: a hash table with open addressing over an array in order of
 * appearance. */
#include "lang/syntax_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include "lang/limits.h"

#include <string.h>

const char *qni_symbol_name(const qni_tree *tree, int32_t symbol)
{
    return tree->names + tree->symbols[symbol].text;
}

/* The slot of that name or the free one where it belongs. There is always a free one. */
static int64_t slot_of(const qni_tree *tree, const char *name, int64_t size, uint64_t hash)
{
    int64_t mask = tree->slot_count - 1, slot = (int64_t)(hash & (uint64_t)mask);
    for (;; slot = (slot + 1) & mask) {
        int32_t at = tree->slots[slot];
        if (at < 0)
            return slot;
        const qni_symbol *s = &tree->symbols[at];
        if (s->hash == hash && s->size == size && memcmp(tree->names + s->text, name, (size_t)size) == 0)
            return slot;
    }
}

int32_t qni_symbol_find(const qni_tree *tree, const char *name, int64_t size)
{
    if (tree->slot_count == 0)
        return -1;
    return tree->slots[slot_of(tree, name, size, qni_hash_bytes(name, size, 0))];
}

/* At most half of the slots are ever taken. */
static bool grow_slots(qni_tree *tree)
{
    if (tree->symbol_count * 2 < tree->slot_count)
        return true;
    int64_t count = tree->slot_count == 0 ? QNI_SYMBOL_SLOTS : tree->slot_count * 2;
    int32_t *fresh = qni_alloc(tree->allocator, count, sizeof *fresh);
    if (fresh == NULL)
        return false;
    qni_free(tree->allocator, tree->slots, tree->slot_count, sizeof *tree->slots);
    tree->slots = fresh;
    tree->slot_count = count;
    for (int64_t i = 0; i < count; i++)
        fresh[i] = -1;
    for (int64_t i = 0; i < tree->symbol_count; i++) {
        const qni_symbol *s = &tree->symbols[i];
        fresh[slot_of(tree, tree->names + s->text, s->size, s->hash)] = (int32_t)i;
    }
    return true;
}

int32_t qni_symbol_add(qni_tree *tree, const char *name, int64_t size, int32_t offset, qn_status *status, qn_error *err)
{
    uint64_t hash = qni_hash_bytes(name, size, 0);
    if (!grow_slots(tree))
        goto nomem;
    int64_t slot = slot_of(tree, name, size, hash);
    if (tree->slots[slot] >= 0)
        return tree->slots[slot];
    if (tree->symbol_count == QNI_FORMULA_NAMES_MAX) {
        *status = qni_error_at(err, QN_LIMIT, NULL, 0, offset + 1, "the formula has more than %d different names",
                               QNI_FORMULA_NAMES_MAX);
        return -1;
    }
    if (!qni_grow(tree->allocator, (void **)&tree->names, &tree->names_capacity, tree->names_size + size + 1, 1) ||
        !qni_grow(tree->allocator, (void **)&tree->symbols, &tree->symbol_capacity, tree->symbol_count + 1,
                  sizeof *tree->symbols))
        goto nomem;
    memcpy(tree->names + tree->names_size, name, (size_t)size);
    tree->names[tree->names_size + size] = '\0';
    tree->symbols[tree->symbol_count] = (qni_symbol){
        .text = tree->names_size, .size = (int32_t)size, .offset = offset, .hash = hash, .definition = -1, .index = -1};
    tree->names_size += size + 1;
    tree->slots[slot] = (int32_t)tree->symbol_count;
    return (int32_t)tree->symbol_count++;
nomem:
    *status = qni_error_at(err, QN_NOMEM, NULL, 0, offset + 1, "out of memory for the names of a formula");
    return -1;
}
