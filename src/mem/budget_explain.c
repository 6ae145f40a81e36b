/* mem/budget_explain.c: what a budget says of itself: its numbers, its tree, and why there was no room. */
#include "mem/budget_int.h"

#include "base/error.h"
#include "base/options.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char default_name[] = "default";

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static qn_budget_stats stats_of(const qn_budget *budget)
{
    qn_budget_stats stats = {
        .size = (int64_t)sizeof stats,
        .name = budget->name,
        .limit = qni_budget_counter(&budget->limit),
        .live = qni_budget_live(budget),
        .peak = qni_budget_counter(&budget->peak),
        .own = qni_budget_counter(&budget->own),
        .own_peak = qni_budget_counter(&budget->own_peak),
        .requests = qni_budget_counter(&budget->requests),
        .refused = qni_budget_counter(&budget->refused),
        .own_huge = qni_budget_counter(&budget->mapped_huge),
    };
    if (budget->parent == NULL) {
        int64_t live, peak;
        qni_allocator_default_held(&live, &peak);
        stats.peak = larger(stats.peak, larger(stats.live, peak));
    }
    return stats;
}

static qn_budget_stats default_stats(void)
{
    qn_budget_stats stats = {.size = (int64_t)sizeof stats, .name = default_name};
    qni_allocator_default_held(&stats.live, &stats.peak);
    stats.own = stats.live;
    stats.own_peak = stats.peak;
    return stats;
}

void qn_budget_get_stats(const qn_budget *budget, qn_budget_stats *out)
{
    qn_budget_stats stats = stats_of(budget);
    qni_stats_copy(out, &stats, (int64_t)sizeof stats);
}

typedef struct walk {
    void (*fn)(void *user, const qn_budget_stats *stats, int64_t depth);
    void *user;
} walk;

/* Recursion is at most QNI_BUDGET_DEPTH_MAX deep. */
static void visit(const walk *w, const qn_budget *budget, int64_t depth)
{
    qn_budget_stats stats = stats_of(budget);
    w->fn(w->user, &stats, depth);
    if (budget->parent == NULL) {
        stats = default_stats();
        w->fn(w->user, &stats, depth + 1);
    }
    for (const qn_budget *child = budget->first; child != NULL; child = child->next)
        visit(w, child, depth + 1);
}

void qn_budget_each(const qn_budget *budget, void (*fn)(void *user, const qn_budget_stats *stats, int64_t depth),
                    void *user)
{
    walk w = {.fn = fn, .user = user};
    qni_budget_tree_take();
    visit(&w, budget, 0);
    qni_budget_tree_give();
}

/* ---- sentences ---- */

typedef struct text {
    char *out;
    size_t size, used;
} text;

QN_PRINTF(2, 3) static void put(text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(t->out + t->used, t->size - t->used, format, args);
    va_end(args);
    if (n > 0)
        t->used = (size_t)n < t->size - t->used ? t->used + (size_t)n : t->size - 1;
}

/* "640 bytes", "64 MiB", "12.3 GiB". */
static void put_bytes(text *t, int64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < INT64_C(10240)) {
        put(t, "%" PRId64 " byte%s", bytes, bytes == 1 ? "" : "s");
        return;
    }
    int unit = 0;
    int64_t one = 1024;
    for (; bytes / one >= 1024; unit++)
        one *= 1024;
    int64_t whole = bytes / one, tenths = bytes % one / (one / 16) * 10 / 16;
    if (tenths == 0)
        put(t, "%" PRId64 " %s", whole, units[unit]);
    else
        put(t, "%" PRId64 ".%" PRId64 " %s", whole, tenths, units[unit]);
}

/* Those who hold most by themselves, the largest first. */
typedef struct largest {
    qn_budget_stats top[QNI_BUDGET_NAMED_MAX]; /* (count) */
    int count;
    int64_t holders; /* how many hold anything */
    int64_t bytes;   /* and how much together */
} largest;

static void note(void *user, const qn_budget_stats *stats, int64_t depth)
{
    (void)depth;
    largest *l = user;
    if (stats->own <= 0)
        return;
    l->holders++;
    l->bytes += stats->own;
    int at = l->count;
    while (at > 0 && l->top[at - 1].own < stats->own)
        at--;
    if (at == QNI_BUDGET_NAMED_MAX)
        return;
    if (l->count < QNI_BUDGET_NAMED_MAX)
        l->count++;
    memmove(&l->top[at + 1], &l->top[at], sizeof l->top[0] * (size_t)(l->count - 1 - at));
    l->top[at] = *stats;
}

/* Under the tree's lock. */
static void write_sentence(char out[QNI_BUDGET_SENTENCE_SIZE], const qn_budget *full, int64_t bytes)
{
    text t = {.out = out, .size = QNI_BUDGET_SENTENCE_SIZE};
    largest l = {.count = 0};
    visit(&(walk){note, &l}, full, 0);
    int64_t limit = qni_budget_counter(&full->limit), left = larger(limit - qni_budget_live(full), 0);
    put_bytes(&t, bytes);
    if (limit == 0) {
        put(&t, " asked, more than can be counted");
        return;
    }
    put(&t, " asked, budget \"%s\" has ", full->name);
    put_bytes(&t, left);
    put(&t, " left of ");
    put_bytes(&t, limit);
    for (int i = 0; i < l.count; i++) {
        put(&t, "%s\"%s\"%s ", i == 0 ? ": " : ", ", l.top[i].name, i == 0 ? " holds" : "");
        put_bytes(&t, l.top[i].own);
        l.bytes -= l.top[i].own;
    }
    if (l.holders > l.count) {
        put(&t, ", %" PRId64 " others ", l.holders - l.count);
        put_bytes(&t, l.bytes);
    }
}

void qni_budget_sentence(char out[QNI_BUDGET_SENTENCE_SIZE], const qn_budget *full, int64_t bytes)
{
    qni_budget_tree_take();
    write_sentence(out, full, bytes);
    qni_budget_tree_give();
}

void qni_budget_refusal_keep(qn_budget *full, int64_t bytes)
{
    qni_budget_tree_take();
    write_sentence(full->refusal, full, bytes);
    for (qn_budget *above = full->parent; above != NULL; above = above->parent)
        memcpy(above->refusal, full->refusal, sizeof above->refusal);
    qni_budget_tree_give();
}

void qni_budget_refusal_copy(char out[QNI_BUDGET_SENTENCE_SIZE], const qn_budget *full)
{
    qni_budget_tree_take();
    memcpy(out, full->refusal, QNI_BUDGET_SENTENCE_SIZE);
    qni_budget_tree_give();
}

qn_status qn_budget_explain(qn_budget *budget, int64_t asked, qn_error *err)
{
    char why[QNI_BUDGET_SENTENCE_SIZE];
    const qn_budget *full = qni_budget_full(budget, asked);
    if (full == NULL)
        return QN_OK;
    qni_budget_sentence(why, full, asked);
    return qni_error(err, QN_BUDGET, "%s", why);
}

qn_status qn_budget_last_refusal(const qn_budget *budget, qn_error *err)
{
    char why[QNI_BUDGET_SENTENCE_SIZE];
    qni_budget_refusal_copy(why, budget);
    return why[0] == '\0' ? QN_OK : qni_error(err, QN_BUDGET, "%s", why);
}
