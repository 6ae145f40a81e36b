/* mem/locals.c: growing and walking over the tables.
 *
 * Always: a table that was published is never written but to fill a slot of the newest one, under the lock; its slots
 * hold at least what those of the older tables held. */
#include "mem/locals.h"

#include "base/alloc.h"
#include "mem/limits.h"

#include <assert.h>

#include <string.h>

static int64_t table_size(int64_t capacity)
{
    return (int64_t)sizeof(qni_locals_table) + capacity * (int64_t)sizeof(_Atomic(void *));
}

/* What an object starts with: nobody's number is below 0. Never written. */
static const qni_locals_table no_table = {.capacity = 0};

/* The same without const, as all other tables are. */
static qni_locals_table *empty_table(void)
{
    const void *constant = &no_table;
    void *table;
    memcpy(&table, &constant, sizeof(void *));
    return table;
}

void qni_locals_init(qni_locals *locals, const qn_allocator *allocator)
{
    atomic_init(&locals->table, empty_table());
    locals->lock = (qni_lock){0};
    locals->allocator = allocator;
}

void qni_locals_fini(qni_locals *locals)
{
    /* Relaxed: nobody else is here at the end. */
    qni_locals_table *table = atomic_load_explicit(&locals->table, memory_order_relaxed);
    while (table != &no_table) {
        qni_locals_table *older = table->older;
        qni_free(locals->allocator, table, table_size(table->capacity), 1);
        table = older;
    }
    atomic_store_explicit(&locals->table, empty_table(), memory_order_relaxed);
}

/* A table with room for `number` and nothing in it, or NULL: no memory. */
static qni_locals_table *table_new(const qni_locals *locals, int64_t number)
{
    int64_t capacity = QNI_LOCALS_FIRST;
    while (capacity <= number)
        capacity *= 2;
    qni_locals_table *table = qni_alloc_zeroed(locals->allocator, table_size(capacity), 1);
    if (table != NULL)
        table->capacity = capacity;
    return table;
}

/* Makes `fresh` the table. Under the lock. */
static void publish(qni_locals *locals, qni_locals_table *fresh, qni_locals_table *table)
{
    fresh->older = table;
    for (int64_t i = 0; i < table->capacity; i++)
        /* Relaxed: under the lock, and published as a whole. */
        atomic_init(&fresh->things[i], atomic_load_explicit(&table->things[i], memory_order_relaxed));
    /* Release: pairs with the acquire in qni_locals_get. */
    atomic_store_explicit(&locals->table, fresh, memory_order_release);
}

/* Puts the thing into the table if that has room, else first makes `fresh` (NULL: none) the table. False: no room. */
static bool put(qni_locals *locals, void *thing, int64_t number, qni_locals_table **fresh)
{
    qni_lock_take(&locals->lock, NULL);
    /* Relaxed: the lock orders those who change it. */
    qni_locals_table *table = atomic_load_explicit(&locals->table, memory_order_relaxed);
    if (number >= table->capacity && *fresh != NULL) {
        publish(locals, *fresh, table);
        table = *fresh;
        *fresh = NULL;
    }
    bool fits = number < table->capacity;
    assert(!fits || atomic_load_explicit(&table->things[number], memory_order_relaxed) == NULL);
    if (fits)
        /* Release: qni_locals_each, in another thread, sees the thing complete; the lock would do as well. */
        atomic_store_explicit(&table->things[number], thing, memory_order_release);
    qni_lock_give(&locals->lock);
    return fits;
}

bool qni_locals_put(qni_locals *locals, void *thing)
{
    int64_t number = qni_thread_number();
    if (number < 0)
        return false;
    qni_locals_table *fresh = NULL;
    if (put(locals, thing, number, &fresh))
        return true;
    /* Without the lock: an allocator that is short of memory may ask the object to give some back, which walks over all
     * things. */
    fresh = table_new(locals, number);
    if (fresh == NULL)
        return false;
    bool done = put(locals, thing, number, &fresh);
    if (fresh != NULL) /* another thread was first */
        qni_free(locals->allocator, fresh, table_size(fresh->capacity), 1);
    return done;
}

int64_t qni_locals_size(qni_locals *locals)
{
    int64_t size = 0;
    qni_lock_take(&locals->lock, NULL);
    /* Relaxed: under the lock. */
    const qni_locals_table *table = atomic_load_explicit(&locals->table, memory_order_relaxed);
    for (; table != &no_table; table = table->older)
        size += table_size(table->capacity);
    qni_lock_give(&locals->lock);
    return size;
}

void qni_locals_each(qni_locals *locals, bool (*fn)(void *user, void *thing), void *user)
{
    qni_lock_take(&locals->lock, NULL);
    /* Relaxed: under the lock. */
    qni_locals_table *table = atomic_load_explicit(&locals->table, memory_order_relaxed);
    for (int64_t i = 0; i < table->capacity; i++) {
        /* Acquire: pairs with the release in qni_locals_put. */
        void *thing = atomic_load_explicit(&table->things[i], memory_order_acquire);
        if (thing != NULL && !fn(user, thing))
            break;
    }
    qni_lock_give(&locals->lock);
}
