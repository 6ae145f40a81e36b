/* cli/memory.c: the counting, and the table of --memory.
 *
 * Always: a gauge's live is the sum of what its blocks were last asked to be; peak is the largest value it ever had. */
#include "cli/memory.h"

#include <inttypes.h>
#include <stddef.h>
#include <sys/resource.h>

static void add(qni_gauge *gauge, int64_t change)
{
    int64_t now = atomic_fetch_add_explicit(&gauge->live, change, memory_order_relaxed) + change;
    int64_t peak = atomic_load_explicit(&gauge->peak, memory_order_relaxed);
    while (now > peak &&
           !atomic_compare_exchange_weak_explicit(&gauge->peak, &peak, now, memory_order_relaxed, memory_order_relaxed))
        ;
}

static void *resize(void *user, void *block, int64_t old_size, int64_t new_size)
{
    qni_account *account = user;
    const qn_allocator *source = account->memory->source;
    void *fresh = source->resize(source->user, block, old_size, new_size);
    if (fresh == NULL && new_size > 0)
        return NULL;
    add(&account->gauge, new_size - old_size);
    add(&account->memory->total, new_size - old_size);
    return fresh;
}

void qni_memory_init(qni_memory *memory, const qn_allocator *source)
{
    *memory = (qni_memory){.source = source != NULL ? source : qn_allocator_default()};
    for (int i = 0; i < QNI_HOLDER_COUNT; i++) {
        qni_account *account = &memory->accounts[i];
        account->allocator = (qn_allocator){.resize = resize, .user = account};
        account->memory = memory;
    }
}

const qn_allocator *qni_memory_allocator(const qni_memory *memory, qni_holder holder)
{
    return &memory->accounts[holder].allocator;
}

static void row(qni_out *out, const char *name, const qni_gauge *gauge)
{
    qni_out_printf(out, "  %-24s %14" PRId64 " %14" PRId64 "\n", name,
                   atomic_load_explicit(&gauge->live, memory_order_relaxed),
                   atomic_load_explicit(&gauge->peak, memory_order_relaxed));
}

void qni_memory_report(const qni_memory *memory, qni_out *out)
{
    static const char *const names[QNI_HOLDER_COUNT] = {
        [QNI_HOLDER_COMMAND] = "command", [QNI_HOLDER_TABLE] = "table", [QNI_HOLDER_MODEL] = "model",
        [QNI_HOLDER_FIT] = "fit",         [QNI_HOLDER_PLOT] = "plot",
    };
    struct rusage usage;
    qni_out_printf(out, "quern: %-19s %14s %14s\n", "memory in bytes", "live", "peak");
    for (int i = 0; i < QNI_HOLDER_COUNT; i++)
        if (atomic_load_explicit(&memory->accounts[i].gauge.peak, memory_order_relaxed) > 0)
            row(out, names[i], &memory->accounts[i].gauge);
    row(out, "together", &memory->total);
    if (getrusage(RUSAGE_SELF, &usage) == 0) /* kilobytes */
        qni_out_printf(out, "  %-24s %14s %14" PRId64 "\n", "process (resident)", "", (int64_t)usage.ru_maxrss * 1024);
}
