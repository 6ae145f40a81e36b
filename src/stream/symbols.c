/* stream/symbols.c: names of symbols in one block, found by open addressing.
 *
 * Always: names[i] is the name of symbol i, zero-terminated; slots hold symbols or -1, at most half of them taken. */
#include <quern/tick.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/nearest.h"
#include "base/utf8.h"
#include "mem/refuse.h"
#include "stream/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

typedef char symbol_name[QN_SYMBOL_NAME_MAX + 1];

struct qn_symbols {
    const qn_allocator *allocator;
    symbol_name *names; /* (capacity), count of them there */
    int64_t count, capacity;
    int32_t *slots; /* (slot_count, a power of two) */
    int64_t slot_count;
    bool closed;
};

qn_status qn_symbols_new(qn_symbols **out, int64_t capacity, const qn_allocator *allocator, qn_error *err)
{
    assert(out != NULL);
    *out = NULL;
    if (capacity < 1 || capacity > QNI_SYMBOLS_MAX)
        return qni_error(err, QN_INVALID, "a table of symbols has a capacity of 1 to %d, not %" PRId64, QNI_SYMBOLS_MAX,
                         capacity);
    qn_symbols *s = qni_new(allocator, qn_symbols);
    if (s == NULL)
        return qni_refused(err, allocator, (int64_t)sizeof *s, "a table of symbols");
    s->allocator = allocator;
    s->capacity = capacity;
    for (s->slot_count = 2; s->slot_count < 2 * capacity;)
        s->slot_count *= 2;
    s->names = qni_alloc_zeroed(allocator, capacity, sizeof *s->names);
    s->slots = qni_alloc(allocator, s->slot_count, sizeof *s->slots);
    if (s->names == NULL || s->slots == NULL) {
        qn_symbols_free(s);
        return qni_refused(err, allocator, capacity * (int64_t)sizeof *s->names, "a table of %" PRId64 " symbols",
                           capacity);
    }
    memset(s->slots, 0xff, (size_t)s->slot_count * sizeof *s->slots);
    *out = s;
    return QN_OK;
}

/* Where a name is, or belongs. */
static int32_t *slot_of(const qn_symbols *s, const char *name, int64_t size)
{
    int64_t at = (int64_t)qni_hash_bytes(name, size, 0) & (s->slot_count - 1);
    while (s->slots[at] >= 0) {
        const char *known = s->names[s->slots[at]];
        if (memcmp(known, name, (size_t)size) == 0 && known[size] == '\0' && known[size - 1] != '\0')
            break;
        at = (at + 1) & (s->slot_count - 1);
    }
    return &s->slots[at];
}

int32_t qn_symbols_find(const qn_symbols *symbols, const char *name, int64_t size)
{
    if (size < 0)
        size = (int64_t)strlen(name);
    return size == 0 || size > QN_SYMBOL_NAME_MAX ? -1 : *slot_of(symbols, name, size);
}

static qn_status check_name(const char *name, int64_t size, qn_error *err)
{
    if (size == 0)
        return qni_error(err, QN_DATA, "a symbol is empty");
    if (!qni_utf8_valid(name, size))
        return qni_error(err, QN_DATA, "a symbol is not UTF-8");
    for (int64_t i = 0; i < size; i++)
        if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
            return qni_error(err, QN_DATA, "a symbol has a control character in it");
    if (size > QN_SYMBOL_NAME_MAX) {
        int shown = QN_SYMBOL_NAME_MAX;
        while ((name[shown] & 0xC0) == 0x80) /* not within a letter */
            shown--;
        return qni_error(err, QN_DATA, "the symbol \"%.*s…\" has more than %d bytes", shown, name, QN_SYMBOL_NAME_MAX);
    }
    return QN_OK;
}

/* The nearest known name stands in the message. */
static qn_status refuse(const qn_symbols *s, const char *name, qn_error *err)
{
    const char *near[QNI_SYMBOLS_NEAR_MAX];
    int64_t count = s->count < QNI_SYMBOLS_NEAR_MAX ? s->count : QNI_SYMBOLS_NEAR_MAX;
    for (int64_t i = 0; i < count; i++)
        near[i] = s->names[i];
    int64_t best = qni_nearest(name, near, count);
    if (best < 0)
        return qni_error(err, QN_NAME, "unknown symbol \"%s\"", name);
    return qni_error(err, QN_NAME, "unknown symbol \"%s\": did you mean \"%s\"?", name, near[best]);
}

qn_status qn_symbols_add(int32_t *out, qn_symbols *symbols, const char *name, int64_t size, qn_error *err)
{
    *out = -1;
    if (size < 0)
        size = (int64_t)strlen(name);
    qn_status status = check_name(name, size, err);
    if (status != QN_OK)
        return status;
    int32_t *slot = slot_of(symbols, name, size);
    if (*slot >= 0) {
        *out = *slot;
        return QN_OK;
    }
    symbol_name copy = "";
    memcpy(copy, name, (size_t)size);
    if (symbols->closed)
        return refuse(symbols, copy, err);
    if (symbols->count == symbols->capacity)
        return qni_error(err, QN_LIMIT, "there are more than %" PRId64 " symbols: \"%s\" has no place",
                         symbols->capacity, copy);
    memcpy(symbols->names[symbols->count], copy, sizeof copy);
    *out = *slot = (int32_t)symbols->count++;
    return QN_OK;
}

void qn_symbols_close(qn_symbols *symbols)
{
    symbols->closed = true;
}

int64_t qn_symbols_count(const qn_symbols *symbols)
{
    return symbols->count;
}

int64_t qn_symbols_capacity(const qn_symbols *symbols)
{
    return symbols->capacity;
}

const char *qn_symbols_name(const qn_symbols *symbols, int32_t symbol)
{
    return symbol >= 0 && symbol < symbols->count ? symbols->names[symbol] : "?";
}

void qn_symbols_free(qn_symbols *symbols)
{
    if (symbols == NULL)
        return;
    qni_free(symbols->allocator, symbols->names, symbols->capacity, sizeof *symbols->names);
    qni_free(symbols->allocator, symbols->slots, symbols->slot_count, sizeof *symbols->slots);
    qni_delete(symbols->allocator, symbols);
}
