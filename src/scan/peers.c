/* scan/peers.c: what a ticker's next reaction is expected to be: its own mean, shrunk toward that of its peers. Tickers
 * are split over threads.
 *
 * With n reactions' worth of its own (1 over the sum of the squared weights by recency) and peers that count for k of
 * them, expected = (n own + k peers) / (n + k): the mean of a normal prior whose variance is 1 / k of that of one
 * reaction (Morris, "Parametric empirical Bayes inference", JASA 78, 1983). Peers are sorted by sector and
 * name before anything is added up, so that results do not depend on the order of tickers. */
#include "scan/scan_int.h"

#include "scan/limits.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* A ticker's peers: number `self` of a group. */
typedef struct group {
    const char *name;
    const double *means; /* (count) */
    int64_t count, self;
} group;

/* All tickers; each thread has scratch of its own. */
typedef struct work {
    const qni_subject **order; /* (count) */
    int64_t count;
    double *means; /* (count) in that order */
    group *groups; /* (count) likewise */
    int64_t parts; /* numbers of scratch, (moves) of each kind and (samples) */
    int64_t moves, samples;
    double *scratch; /* (parts, 2 moves + samples) */
    double table[QNI_BOOTSTRAP_TABLE];
} work;

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

static int compare_sectors(const char *a, const char *b)
{
    while (*a != 0 && lower(*a) == lower(*b))
        a++, b++;
    return lower(*a) - lower(*b);
}

static int by_sector_and_name(const void *a, const void *b)
{
    const qn_scan_ticker *x = (*(const qni_subject *const *)a)->result, *y = (*(const qni_subject *const *)b)->result;
    int sectors = compare_sectors(x->sector, y->sector);
    return sectors != 0 ? sectors : strcmp(x->ticker, y->ticker);
}

/* The newest moves that count, as the bootstrap takes them.
 *
 * With weights w and S_k the sum of their k-th powers, sum w^2 (x - mean)^2 is on average S_2 - 2 S_3 + S_2^2 times the
 * variance of one move where the mean's is S_2 times it, and a sample scatters by 1 / (1 + S_2) of that sum; such a sum
 * has about S_2^2 / S_4 - 1 degrees of freedom (Satterthwaite, Biometrics 2, 1946). Of n equal weights both are what is
 * known of n moves: (n + 1) / (n - 1), and n - 1. */
static void own_moves(qni_estimate *out, double *parts, double *weights, const qn_history *h)
{
    double squares = 0, cubes = 0, fourths = 0;
    int64_t n = 0;
    for (int64_t i = 0; i < h->count; i++) {
        if (h->moves[i].status != QN_MOVE_OK)
            continue;
        double weight = h->moves[i].weight, square = weight * weight;
        parts[n] = weight * fabs(h->moves[i].close);
        weights[n++] = weight;
        squares += square;
        cubes += square * weight;
        fourths += square * square;
    }
    for (; n % QNI_BOOTSTRAP_LANES != 0; n++)
        parts[n] = weights[n] = 0;
    out->part = parts;
    out->weight = weights;
    out->padded = n;
    out->count = 1 / squares;
    out->narrow = sqrt((1 + squares) / (1 - 2 * cubes / squares + squares));
    out->freedom = squares * squares / fourths - 1;
}

/* Scratch: (2 moves + samples) of one thread. */
static void estimate(const work *w, const qni_subject *subject, const group *g, double *scratch)
{
    qn_history *h = &subject->result->history;
    qni_estimate e = {.group = g->means, .group_count = g->count, .self = g->self};
    own_moves(&e, scratch, scratch + w->moves, h);
    h->peers = g->count - 1;
    h->peer_group = g->name;
    h->peer_mean = NAN;
    h->expected = h->recent_mean;
    if (h->peers > 0) {
        double sum = 0;
        for (int64_t i = 0; i < g->count; i++)
            sum += i == g->self ? 0 : e.group[i];
        h->peer_mean = sum / (double)h->peers;
        e.prior = subject->settings->peer_weight;
        h->expected = (e.count * h->recent_mean + e.prior * h->peer_mean) / (e.count + e.prior);
    }
    qni_bootstrap(h, &e, subject, w->table, scratch + 2 * w->moves);
}

static void sort(work *w)
{
    qsort(w->order, (size_t)w->count, sizeof(const qni_subject *), by_sector_and_name);
    for (int64_t i = 0; i < w->count; i++)
        w->means[i] = w->order[i]->result->history.recent_mean;
}

/* A sector, from `first` to before `end`: together where there are enough, else with all others, else each alone. */
static void group_sector(work *w, int64_t first, int64_t end)
{
    const char *sector = w->order[first]->result->sector;
    bool own = *sector != 0 && end - first > QNI_PEERS_LEAST;
    for (int64_t i = first; i < end; i++)
        if (own)
            w->groups[i] = (group){w->order[i]->result->sector, w->means + first, end - first, i - first};
        else if (w->count > QNI_PEERS_LEAST)
            w->groups[i] = (group){"all tickers", w->means, w->count, i};
        else
            w->groups[i] = (group){"", w->means + i, 1, 0};
}

static void group_all(work *w)
{
    for (int64_t first = 0, end; first < w->count; first = end) {
        const char *sector = w->order[first]->result->sector;
        for (end = first + 1; end < w->count && compare_sectors(sector, w->order[end]->result->sector) == 0;)
            end++;
        group_sector(w, first, end);
    }
}

/* Every ticker whose number is `part` modulo the number of parts. */
static void estimate_part(void *user, int64_t part)
{
    const work *w = user;
    double *scratch = w->scratch + part * (2 * w->moves + w->samples);
    for (int64_t i = part; i < w->count; i += w->parts)
        estimate(w, w->order[i], &w->groups[i], scratch);
}

static qn_status take_work(work *w, qn_arena *arena, int64_t tickers, const qn_scan_settings *settings, qn_error *err)
{
    void *order, *groups, *numbers;
    w->moves = (int64_t)settings->events_most + QNI_BOOTSTRAP_LANES;
    w->samples = (int64_t)settings->resamples;
    int64_t scratch = w->parts * (2 * w->moves + w->samples);
    qn_status s = qn_arena_take(&order, arena, tickers * (int64_t)sizeof(qni_subject *), err);
    if (s == QN_OK)
        s = qn_arena_take(&groups, arena, tickers * (int64_t)sizeof(group), err);
    if (s == QN_OK)
        s = qn_arena_take(&numbers, arena, (tickers + scratch) * (int64_t)sizeof(double), err);
    if (s != QN_OK)
        return s;
    w->order = order;
    w->groups = groups;
    w->means = numbers;
    w->scratch = w->means + tickers;
    qni_bootstrap_table(w->table);
    return QN_OK;
}

qn_status qni_history_peers(qni_subject *subjects, int64_t count, qn_threads *threads, qn_error *err)
{
    if (count == 0)
        return QN_OK;
    work w = {.parts = threads != NULL ? qn_threads_count(threads) : 1};
    qn_arena *arena = subjects[0].arena;
    qn_arena_mark mark = qn_arena_mark_now(arena);
    qn_status s = take_work(&w, arena, count, subjects[0].settings, err);
    if (s == QN_OK) {
        for (int64_t i = 0; i < count; i++)
            if (subjects[i].reject == NULL || subjects[i].has_history)
                w.order[w.count++] = &subjects[i];
        sort(&w);
        group_all(&w);
        if (threads != NULL)
            qn_threads_run(threads, w.parts, estimate_part, &w);
        else
            estimate_part(&w, 0);
    }
    qn_arena_rewind(arena, mark);
    return s;
}
