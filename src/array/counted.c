/* array/counted.c: see counted_int.h. */
#include "array/counted_int.h"

#include "base/alloc.h"

static void add(atomic_int_fast64_t *to, int64_t change)
{
    atomic_fetch_add_explicit(to, change, memory_order_relaxed);
}

void qni_counted_end(qni_counted *c)
{
    const qn_allocator *source = c->source;
    if (atomic_fetch_sub_explicit(&c->user_count, 1, memory_order_acq_rel) == 1)
        qni_free(source, c, 1, (int64_t)sizeof *c);
}

static void *counted_resize(void *user, void *block, int64_t old_size, int64_t new_size)
{
    qni_counted *c = user;
    const qn_allocator *source = c->source != NULL ? c->source : qn_allocator_default();
    void *fresh = source->resize(source->user, block, old_size, new_size);
    if (fresh == NULL && new_size > 0)
        return NULL;
    add(&c->bytes, new_size - old_size);
    if (block == NULL && fresh != NULL)
        add(&c->user_count, 1); /* who asks holds it */
    else if (block != NULL && fresh == NULL)
        qni_counted_end(c);
    return fresh;
}

qni_counted *qni_counted_new(const qn_allocator *source)
{
    qni_counted *c = qni_new(source, qni_counted);
    if (c == NULL)
        return NULL;
    c->allocator = (qn_allocator){.resize = counted_resize, .user = c};
    c->source = source;
    atomic_init(&c->bytes, (int64_t)sizeof *c);
    atomic_init(&c->user_count, 1);
    return c;
}

int64_t qni_counted_bytes(const qni_counted *c)
{
    return atomic_load_explicit(&c->bytes, memory_order_relaxed);
}
