/* mem/metrics_budget.c: a tree of budgets as metrics. What it holds is copied out of the walk, under whose lock nothing
 * may be asked of any allocator, and published afterwards. */
#include "mem/budget_int.h"
#include "mem/metrics_int.h"
#include "mem/refuse.h"

#include "base/alloc.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

typedef struct row {
    char path[QNI_METRICS_VALUE_SIZE]; /* its tail where it is longer */
    qn_budget_stats stats;
} row;

typedef struct rows {
    int64_t capacity;
    int64_t count; /* budgets seen; rows beyond the capacity were not copied */
    char path[(QNI_BUDGET_DEPTH_MAX + 1) * QNI_BUDGET_NAME_SIZE];
    int64_t path_sizes[QNI_BUDGET_DEPTH_MAX + 2]; /* of the path down to a depth */
    row *rows;                                    /* (capacity) */
} rows;

/* Names are anybody's bytes, and cut to a length; a label is UTF-8. */
static void make_utf8(char *text, const char *end)
{
    while (text < end) {
        uint32_t bad = 1;
        int good = qni_utf8_decode(&bad, text, end);
        if (good == 0)
            memset(text, '?', bad);
        text += good == 0 ? (int)bad : good;
    }
}

static void copy_row(void *user, const qn_budget_stats *stats, int64_t depth)
{
    rows *r = user;
    int64_t begin = depth == 0 ? 0 : r->path_sizes[depth - 1];
    int64_t room = (int64_t)sizeof r->path - begin;
    int written = snprintf(r->path + begin, (size_t)room, "%s%s", depth == 0 ? "" : "/", stats->name);
    int64_t end = begin + (written < room ? written : room - 1);
    r->path_sizes[depth] = end;
    if (r->count < r->capacity) {
        row *to = &r->rows[r->count];
        int64_t most = (int64_t)sizeof to->path - 1;
        int64_t start = end > most ? end - most : 0;
        memcpy(to->path, r->path + start, (size_t)(end - start + 1));
        make_utf8(to->path, to->path + (end - start));
        to->stats = *stats;
    }
    r->count++;
}

static qn_status publish(const row *from, qn_collection *collection, qn_error *err)
{
    const qn_budget_stats *stats = &from->stats;
    const struct {
        const char *name, *help;
        int64_t value;
        bool is_counter, is_shown;
    } shown[] = {
        {"quern_budget_bytes", "Bytes held now, those of budgets below included.", stats->live, false, true},
        {"quern_budget_own_bytes", "Bytes held now, without those of budgets below.", stats->own, false, true},
        {"quern_budget_peak_bytes", "The most bytes that were ever held.", stats->peak, false, true},
        {"quern_budget_limit_bytes", "Bytes that may be held.", stats->limit, false, stats->limit > 0},
        {"quern_budget_requests_total", "Requests for memory.", stats->requests, true, true},
        {"quern_budget_refused_total", "Requests that were refused.", stats->refused, true, true},
    };
    qn_label label = {.name = "budget", .value = from->path};
    qn_metric_options options;
    qn_metric_options_init(&options, sizeof options);
    options.labels = &label;
    options.label_count = 1;
    qn_status status = QN_OK;
    for (size_t i = 0; i < sizeof shown / sizeof *shown && status == QN_OK; i++) {
        options.help = shown[i].help;
        if (shown[i].is_shown)
            status = shown[i].is_counter
                         ? qn_collection_counter(collection, shown[i].name, &options, shown[i].value, err)
                         : qn_collection_gauge(collection, shown[i].name, &options, (double)shown[i].value, err);
    }
    return status;
}

qn_status qn_metrics_collect_budgets(void *user, qn_collection *collection, qn_error *err)
{
    const qn_budget *budget = user == NULL ? qn_budget_process() : user;
    const qn_allocator *allocator = collection->catalog.allocator;
    rows r = {.capacity = 0};
    qn_budget_each(budget, copy_row, &r);
    while (r.count > r.capacity) {
        qni_free(allocator, r.rows, r.capacity, (int64_t)sizeof(row));
        r.capacity = 2 * r.count; /* others may be made meanwhile */
        r.count = 0;
        r.rows = qni_alloc(allocator, r.capacity, (int64_t)sizeof(row));
        if (r.rows == NULL)
            return qni_refused(err, allocator, r.capacity * (int64_t)sizeof(row), "a reading of budgets");
        qn_budget_each(budget, copy_row, &r);
    }
    qn_status status = QN_OK;
    for (int64_t i = 0; i < r.count && status == QN_OK; i++)
        status = publish(&r.rows[i], collection, err);
    qni_free(allocator, r.rows, r.capacity, (int64_t)sizeof(row));
    return status;
}
