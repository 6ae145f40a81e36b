/* cli/memory.c: making the command's budgets, and the table of --memory. */
#include "cli/memory.h"

#include "base/number.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>

qn_status qni_memory_init(qni_memory *memory, const qn_allocator *source, qn_error *err)
{
    static const char *const names[QNI_HOLDER_COUNT] = {
        [QNI_HOLDER_COMMAND] = "command", [QNI_HOLDER_TABLE] = "table", [QNI_HOLDER_MODEL] = "model",
        [QNI_HOLDER_FIT] = "fit",         [QNI_HOLDER_PLOT] = "plot",   [QNI_HOLDER_STREAM] = "stream",
    };
    qn_budget_options options;
    qn_budget_options_init(&options, sizeof options);
    options.source = source;
    *memory = (qni_memory){.budgets = {NULL}};
    qn_status s = QN_OK;
    for (int i = 0; s == QN_OK && i < QNI_HOLDER_COUNT; i++)
        s = qn_budget_new(&memory->budgets[i], memory->budgets[QNI_HOLDER_COMMAND], names[i], &options, err);
    if (s != QN_OK)
        qni_memory_fini(memory);
    return s;
}

void qni_memory_fini(qni_memory *memory)
{
    for (int i = QNI_HOLDER_COUNT; i-- > 0;) {
        qn_budget_free(memory->budgets[i]);
        memory->budgets[i] = NULL;
    }
}

const qn_allocator *qni_memory_allocator(const qni_memory *memory, qni_holder holder)
{
    return qn_budget_allocator(memory->budgets[holder]);
}

static void row(qni_out *out, const char *name, int64_t live, int64_t peak)
{
    qni_out_printf(out, "  %-24s %14" PRId64 " %14" PRId64 "\n", name, live, peak);
}

static void holder_row(void *user, const qn_budget_stats *stats, int64_t depth)
{
    if (depth > 0 && stats->own_peak > 0)
        row(user, stats->name, stats->own, stats->own_peak);
}

void qni_memory_report(qni_out *out)
{
    struct rusage usage;
    qn_budget_stats together = {.size = sizeof together};
    qni_out_printf(out, "quern: %-19s %14s %14s\n", "memory in bytes", "live", "peak");
    qn_budget_each(qn_budget_process(), holder_row, out);
    qn_budget_get_stats(qn_budget_process(), &together);
    row(out, "together", together.live, together.peak);
    if (getrusage(RUSAGE_SELF, &usage) == 0) /* kilobytes */
        qni_out_printf(out, "  %-24s %14s %14" PRId64 "\n", "process (resident)", "", (int64_t)usage.ru_maxrss * 1024);
}

int64_t qni_memory_size(const char *text)
{
    static const char letters[] = "KkMmGgTt";
    const char *end = text + strlen(text);
    int64_t size = 0;
    const char *at = qni_integer_parse(&size, text, end);
    if (at == NULL || size < 0)
        return -1;
    if (at == end)
        return size;
    const char *letter = strchr(letters, *at);
    if (letter == NULL || at + 1 != end)
        return -1;
    int shift = 10 * (int)((letter - letters) / 2 + 1);
    return size <= INT64_MAX >> shift ? size << shift : -1;
}

const char *qni_memory_limit_refuse(const char *text)
{
    return qni_memory_size(text) < 0 ? "no size: bytes, or a whole number with K, M, G or T, such as 512M" : NULL;
}
