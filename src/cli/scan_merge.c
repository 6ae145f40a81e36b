/* cli/scan_merge.c: prices and reports of several files as if they were of one. Of what several files tell, the last
 * one counts; a timing that one of them tells counts before one that is not told. */
#include "cli/scan_int.h"

#include <stdlib.h>
#include <string.h>

/* ---- prices ---- */

/* A ticker in one of the files. */
typedef struct part {
    const qn_daily *daily;
    int64_t file;
} part;

static int by_ticker_and_file(const void *a, const void *b)
{
    const part *x = a, *y = b;
    int order = strcmp(x->daily->ticker, y->daily->ticker);
    return order != 0 ? order : (x->file > y->file) - (x->file < y->file);
}

/* Columns of so many days, to be filled. */
typedef struct columns {
    int64_t count;
    int32_t *days;
    double *price[5]; /* open, high, low, close, volume */
} columns;

static void put_row(columns *to, const qn_daily *from, int64_t row)
{
    const double *const price[] = {from->open, from->high, from->low, from->close, from->volume};
    to->days[to->count] = from->days[row];
    for (int i = 0; i < 5; i++)
        to->price[i][to->count] = price[i][row];
    to->count++;
}

/* The days of both, in the arena; of one that both have the later's row. */
static qn_status join_days(qn_daily *both, const qn_daily *later, qn_arena *arena, qn_error *err)
{
    const qn_daily earlier = *both;
    int64_t most = earlier.count + later->count;
    void *memory;
    columns to = {0};
    qn_status s = qn_arena_take(&memory, arena, most * (int64_t)(5 * sizeof(double) + sizeof(int32_t)), err);
    if (s != QN_OK)
        return s;
    for (int i = 0; i < 5; i++)
        to.price[i] = (double *)memory + i * most;
    to.days = (void *)((double *)memory + 5 * most);
    for (int64_t i = 0, k = 0; i < earlier.count || k < later->count;) {
        bool from_later = i == earlier.count || (k < later->count && later->days[k] <= earlier.days[i]);
        if (from_later && i < earlier.count && later->days[k] == earlier.days[i])
            i++;
        if (from_later)
            put_row(&to, later, k++);
        else
            put_row(&to, &earlier, i++);
    }
    both->count = to.count;
    both->days = to.days;
    both->open = to.price[0];
    both->high = to.price[1];
    both->low = to.price[2];
    both->close = to.price[3];
    both->volume = to.price[4];
    return QN_OK;
}

/* What each ticker has in all files; *count tickers, fewer than parts where several files have one. */
static qn_status join_parts(qn_daily *tickers, int64_t *count, const part *parts, int64_t part_count, qn_arena *arena,
                            qn_error *err)
{
    qn_status s = QN_OK;
    *count = 0;
    for (int64_t i = 0; i < part_count && s == QN_OK; i++)
        if (i > 0 && strcmp(parts[i].daily->ticker, parts[i - 1].daily->ticker) == 0)
            s = join_days(&tickers[*count - 1], parts[i].daily, arena, err);
        else
            tickers[(*count)++] = *parts[i].daily;
    return s;
}

qn_status qni_scan_merge_prices(scan_job *job, qn_error *err)
{
    int64_t n = 0, count = 0;
    void *list, *joined;
    qn_prices *merged = NULL;
    for (int64_t i = 0; i < job->price_count; i++)
        n += job->prices[i]->ticker_count;
    if (job->price_count < 2)
        return QN_OK;
    qn_status s = qn_arena_take(&list, job->arena, n * (int64_t)sizeof(part), err);
    if (s == QN_OK)
        s = qn_arena_take(&joined, job->arena, n * (int64_t)sizeof(qn_daily), err);
    if (s != QN_OK)
        return s;
    part *parts = list;
    for (int64_t i = 0, at = 0; i < job->price_count; i++)
        for (int64_t k = 0; k < job->prices[i]->ticker_count; k++)
            parts[at++] = (part){&job->prices[i]->tickers[k], i};
    qsort(parts, (size_t)n, sizeof *parts, by_ticker_and_file);
    s = join_parts(joined, &count, parts, n, job->arena, err);
    if (s != QN_OK || count == n) /* no ticker is in two files: they do as they are */
        return s;
    s = qn_prices_from_daily(&merged, joined, count, job->allocator, err);
    if (s != QN_OK)
        return s;
    while (job->price_count > 0)
        qn_prices_free(job->prices[--job->price_count]);
    job->prices[job->price_count++] = merged;
    return QN_OK;
}

/* ---- reports ---- */

qn_status qni_scan_merge_calendars(scan_job *job, qn_error *err)
{
    int64_t n = 0, at = 0;
    void *list;
    qn_calendar *merged = NULL;
    for (int64_t i = 0; i < job->calendar_count; i++)
        n += job->calendars[i]->count;
    if (job->calendar_count < 2)
        return QN_OK;
    qn_status s = qn_arena_take(&list, job->arena, (n + 1) * (int64_t)sizeof(qn_earnings), err);
    if (s != QN_OK)
        return s;
    qn_earnings *reports = list;
    for (int told = 0; told < 2; told++) /* of one day the last counts: those with a timing come last */
        for (int64_t i = 0; i < job->calendar_count; i++)
            for (int64_t k = 0; k < job->calendars[i]->count; k++)
                if ((job->calendars[i]->reports[k].timing != QN_TIMING_UNKNOWN) == (told == 1))
                    reports[at++] = job->calendars[i]->reports[k];
    s = qn_calendar_from_reports(&merged, reports, at, job->allocator, err);
    if (s != QN_OK)
        return s;
    while (job->calendar_count > 0)
        qn_calendar_free(job->calendars[--job->calendar_count]);
    job->calendars[job->calendar_count++] = merged;
    return QN_OK;
}
