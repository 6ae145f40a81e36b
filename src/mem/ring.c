/* mem/ring.c: what the rings share: see ring_int.h. */
#include "mem/ring_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "mem/refuse.h"

#include <inttypes.h>

void qn_ring_options_init(qn_ring_options *out, int64_t size)
{
    qni_options_init(out, size);
}

qn_status qni_ring_options_check(qn_ring_options *options, const qn_ring_options *given, const char *name, bool drops,
                                 qn_error *err)
{
    qn_status status = qni_options_copy(options, (int64_t)sizeof *options, given, "qn_ring_options", err);
    if (status != QN_OK)
        return status;
    if ((int)options->wait < QN_RING_PARK || options->wait > QN_RING_SPIN)
        return qni_error(err, QN_INVALID, "%s cannot wait in way %d", name, (int)options->wait);
    if ((int)options->overload < QN_RING_BLOCK || options->overload > QN_RING_DROP_OLDEST)
        return qni_error(err, QN_INVALID, "%s has no overload policy %d", name, (int)options->overload);
    if (options->overload == QN_RING_DROP_OLDEST && !drops)
        return qni_error(err, QN_INVALID, "%s cannot drop the oldest items: it blocks or rejects", name);
    return QN_OK;
}

qn_status qni_ring_items_init(qni_ring_items *items, int64_t capacity, int64_t item_size, const qn_allocator *allocator,
                              const char *name, qn_error *err)
{
    if (capacity < 1 || item_size < 1)
        return qni_error(err, QN_INVALID, "%s cannot hold %" PRId64 " items of %" PRId64 " bytes", name, capacity,
                         item_size);
    int64_t size;
    if (!qni_size_mul(&size, capacity, item_size))
        return qni_error(err, QN_NOMEM, "no memory for %s of %" PRId64 " items of %" PRId64 " bytes", name, capacity,
                         item_size);
    *items = (qni_ring_items){.capacity = capacity, .item_size = item_size, .allocator = allocator};
    items->bytes = qni_alloc_zeroed(allocator, size, 1);
    if (items->bytes == NULL)
        return qni_refused(err, allocator, size, "%s of %" PRId64 " items of %" PRId64 " bytes", name, capacity,
                           item_size);
    return QN_OK;
}

void qni_ring_items_fini(qni_ring_items *items)
{
    qni_free(items->allocator, items->bytes, items->capacity * items->item_size, 1);
    items->bytes = NULL;
}
