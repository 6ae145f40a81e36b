/* bench/workspace.c: what does a workspace cost and save beside malloc?
 *
 * held: vectors, matrices and batches of random shapes, up to nine tenths of their number and back to one tenth, a line
 *   of every page written after each take, in a process of each side's own: what is resident at the upper and the lower
 *   end, and for the workspace how many takes were served by what was held, and what the classes waste. The matrices
 *   have up to 362 x 362 numbers so that all take 1.2 GB.
 * pair: one shape taken and given back at once, untouched, and a matrix of which a line of every page is written.
 * fit: 100 points and three parameters, with and without a workspace. "1000 fits": so many in a row; a workspace that
 *   begins empty must have had 99 % of what they asked for.
 * swing: the time of what "held" does; both sides follow the same random numbers.
 *
 * malloc aligns to 16 bytes, the workspace to 64. Two threads: the sum of both. */
#include "bench/common.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <quern/fit.h>
#include <quern/workspace.h>

enum {
    FAMILIES = 3,
    PAIRS = 100000,
    ROWS = 100,
    FITS = 1000
};

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "bench_workspace: %s\n", what);
    exit(1);
}

static qn_workspace *fresh_workspace(void)
{
    qn_workspace *w;
    must(qn_workspace_new(&w, NULL, NULL, NULL) == QN_OK, "no workspace");
    return w;
}

/* ---- both sides ---- */

typedef struct side {
    qn_workspace *workspace; /* NULL: malloc */
} side;

static inline void *take(const side *s, int32_t ndim, const int64_t *shape)
{
    void *block;
    if (s->workspace != NULL) {
        must(qn_workspace_take(&block, s->workspace, QN_DTYPE_F64, ndim, shape, NULL) == QN_OK, "no memory");
        return block;
    }
    int64_t bytes = sizeof(double);
    for (int32_t k = 0; k < ndim; k++)
        bytes *= shape[k];
    block = malloc((size_t)bytes);
    must(block != NULL, "no memory");
    return block;
}

static inline void give(const side *s, void *block, int32_t ndim, const int64_t *shape)
{
    if (s->workspace != NULL)
        qn_workspace_give(s->workspace, block, QN_DTYPE_F64, ndim, shape);
    else
        free(block);
}

static void touch(void *block, int64_t bytes)
{
    volatile char *at = block;
    for (int64_t i = 0; i < bytes; i += 4096)
        at[i] = 1;
}

/* ---- pairs ---- */

typedef struct pairs {
    side side;
    int64_t shape[2];
    int64_t count; /* in a call */
    bool touched;
} pairs;

static void run_pairs(void *user)
{
    const pairs *p = user;
    for (int64_t i = 0; i < p->count; i++) {
        void *block = take(&p->side, 2, p->shape);
        if (p->touched)
            touch(block, p->shape[0] * p->shape[1] * (int64_t)sizeof(double));
        bench_keep(block);
        give(&p->side, block, 2, p->shape);
    }
}

static void *run_pairs_in_thread(void *user)
{
    run_pairs(user);
    return NULL;
}

static void run_pairs_twice(void *user)
{
    pthread_t thread;
    must(pthread_create(&thread, NULL, run_pairs_in_thread, user) == 0, "no thread");
    run_pairs(user);
    must(pthread_join(thread, NULL) == 0, "no end of a thread");
}

static void compare_pairs(bench *b, const char *name, int64_t rows, int64_t columns, bool touched, int threads)
{
    pairs ours = {.side = {fresh_workspace()}, .shape = {rows, columns}, .touched = touched};
    ours.count = touched ? 100 : b->quick ? PAIRS / 100 : PAIRS;
    pairs peer = ours;
    peer.side.workspace = NULL;
    void (*call)(void *user) = threads == 1 ? run_pairs : run_pairs_twice;
    bench_compare(b, name, (bench_side){.name = "workspace", .call = call, .user = &ours},
                  (bench_side){.name = "malloc", .call = call, .user = &peer}, (double)(ours.count * threads), "pairs");
    qn_workspace_free(ours.side.workspace);
}

/* ---- a live set that swings ---- */

typedef struct family {
    int64_t count;
    int32_t ndim;
    int64_t low[2], high[2];
} family;

static const family families[FAMILIES] = {
    {1000, 2, {330, 330}, {362, 362}},
    {10000, 1, {900}, {1024}},
    {100, 2, {32, 900}, {32, 1024}},
};

typedef struct block {
    void *memory;
    int64_t shape[2];
} block;

typedef struct swinger {
    side side;
    uint64_t random;
    int64_t share;           /* counts are divided by it */
    block *blocks[FAMILIES]; /* (count) the first live[f] are in use */
    int64_t live[FAMILIES];
    int64_t takes;
} swinger;

static int64_t random_below(swinger *s, int64_t bound)
{
    s->random = s->random * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((s->random >> 33) % (uint64_t)bound);
}

static void take_one(swinger *s, int f)
{
    block *b = &s->blocks[f][s->live[f]++];
    int64_t bytes = sizeof(double);
    for (int32_t k = 0; k < families[f].ndim; k++) {
        b->shape[k] = families[f].low[k] + random_below(s, families[f].high[k] - families[f].low[k] + 1);
        bytes *= b->shape[k];
    }
    b->memory = take(&s->side, families[f].ndim, b->shape);
    touch(b->memory, bytes);
    s->takes++;
}

static void give_one(swinger *s, int f)
{
    block *b = &s->blocks[f][random_below(s, s->live[f])];
    give(&s->side, b->memory, families[f].ndim, b->shape);
    *b = s->blocks[f][--s->live[f]];
}

/* Takes (or gives) a hundredth of each family in turn, one in four the other way, until `tenths` are live. */
static void swing_to(swinger *s, int64_t tenths)
{
    for (bool moving = true; moving;) {
        moving = false;
        for (int f = 0; f < FAMILIES; f++) {
            int64_t count = families[f].count / s->share, target = count * tenths / 10;
            for (int64_t i = 0; i < count && i < families[f].count / 100 && s->live[f] != target; i++) {
                bool up = (s->live[f] < target) != (random_below(s, 4) == 0);
                moving = true;
                if (up && s->live[f] < count)
                    take_one(s, f);
                else if (!up && s->live[f] > 0)
                    give_one(s, f);
            }
        }
    }
}

static void swing(void *user)
{
    swing_to(user, 9);
    swing_to(user, 1);
}

static void swinger_init(swinger *s, qn_workspace *workspace, int64_t share)
{
    *s = (swinger){.side = {workspace}, .random = 1, .share = share};
    for (int f = 0; f < FAMILIES; f++) {
        s->blocks[f] = malloc((size_t)(families[f].count / share + 1) * sizeof(block));
        must(s->blocks[f] != NULL, "no memory");
    }
}

static void swinger_fini(swinger *s)
{
    for (int f = 0; f < FAMILIES; f++) {
        while (s->live[f] > 0)
            give_one(s, f);
        free(s->blocks[f]);
    }
    qn_workspace_free(s->side.workspace);
}

static void compare_swings(bench *b, int64_t share)
{
    swinger ours, peer;
    swinger_init(&ours, fresh_workspace(), share);
    swinger_init(&peer, NULL, share);
    for (int i = 0; i < 3; i++) {
        swing(&ours);
        swing(&peer);
    }
    int64_t takes = ours.takes;
    swing(&ours);
    swing(&peer);
    bench_compare(b, "swing", (bench_side){.name = "workspace", .call = swing, .user = &ours},
                  (bench_side){.name = "malloc", .call = swing, .user = &peer}, (double)(ours.takes - takes), "takes");
    swinger_fini(&ours);
    swinger_fini(&peer);
}

/* ---- what is held ---- */

static double resident_mb(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    must(file != NULL && fscanf(file, "%*s %ld", &pages) == 1, "no /proc/self/statm");
    fclose(file);
    return (double)(pages * sysconf(_SC_PAGESIZE)) / 1e6;
}

static void report_held(const char *name, swinger *s)
{
    double before = resident_mb();
    for (int i = 0; i < 5; i++)
        swing(s);
    qn_workspace_stats warm = {.size = sizeof warm}, high = warm, end = warm;
    if (s->side.workspace != NULL)
        qn_workspace_get_stats(s->side.workspace, &warm);
    swing_to(s, 9);
    double top = resident_mb() - before;
    if (s->side.workspace != NULL)
        qn_workspace_get_stats(s->side.workspace, &high);
    swing_to(s, 1);
    double bottom = resident_mb() - before;
    printf("%-28s %-14s resident %.1f MB at nine tenths, %.1f MB at one tenth\n", "held", name, top, bottom);
    if (s->side.workspace == NULL)
        return;
    for (int i = 0; i < 5; i++)
        swing(s);
    qn_workspace_get_stats(s->side.workspace, &end);
    int64_t takes = end.takes - warm.takes, hits = end.hits - warm.hits;
    printf("%-28s %-14s %.4f %% of %" PRId64 " takes after five swings were hits; classes waste %.1f %%; after a trim "
           "to 0 ",
           "held", name, 100.0 * (double)hits / (double)takes, takes,
           100 * (1 - (double)high.asked_bytes / (double)high.live_bytes));
    (void)qn_workspace_trim(s->side.workspace, 0);
    printf("%.1f MB\n", resident_mb() - before);
}

/* In a process of its own, so that what one side leaves behind is not counted for the other. */
static void measure_held(const char *name, bool ours, int64_t share)
{
    fflush(stdout);
    pid_t child = fork();
    must(child >= 0, "no process");
    if (child == 0) {
        swinger s;
        swinger_init(&s, ours ? fresh_workspace() : NULL, share);
        report_held(name, &s);
        fflush(stdout);
        _exit(0);
    }
    int status;
    must(waitpid(child, &status, 0) == child && status == 0, "a process failed");
}

/* ---- small fits ---- */

typedef struct work {
    double x[ROWS], y[ROWS];
    qn_model *model;
    qn_table *table;
} work;

typedef struct fitter {
    const work *work;
    qn_workspace *workspace;
} fitter;

static void make_data(work *w)
{
    uint64_t state = 1;
    for (int i = 0; i < ROWS; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        w->x[i] = 10.0 * i / ROWS;
        w->y[i] = 2.5 * exp(-0.7 * w->x[i]) + 0.4 + 0.1 * ((double)(state >> 11) * 0x1p-53 - 0.5);
    }
    const char *const names[] = {"x", "y"};
    const double *const columns[] = {w->x, w->y};
    must(qn_table_from_f64(&w->table, names, columns, 2, ROWS, NULL, NULL) == QN_OK, "no table");
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = names;
    options.column_count = 2;
    must(qn_model_new(&w->model, "y = a*exp(-k*x) + c", -1, &options, NULL) == QN_OK, "no model");
}

static bool evaluate(void *user, const double *p, double *r, double *jacobian)
{
    const work *w = user;
    for (int i = 0; i < ROWS; i++) {
        double e = exp(-p[1] * w->x[i]);
        r[i] = p[0] * e + p[2] - w->y[i];
        if (jacobian != NULL) {
            jacobian[i] = e;
            jacobian[ROWS + i] = -p[0] * w->x[i] * e;
            jacobian[2 * ROWS + i] = 1;
        }
    }
    return true;
}

static void fit(const fitter *f, bool formula)
{
    static const double start[] = {1, 0.2, 0};
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.start = start;
    options.workspace = f->workspace;
    const qn_fit_problem problem = {
        .size = sizeof problem, .n = ROWS, .p = 3, .eval = evaluate, .user = (void *)(uintptr_t)f->work};
    qn_fit_result *result;
    qn_status status = formula ? qn_fit_table(&result, f->work->model, f->work->table, &options, NULL)
                               : qn_fit_solve(&result, &problem, &options, NULL);
    must(status == QN_OK && result->status == QN_FIT_CONVERGED, "a fit did not converge");
    qn_fit_result_free(result);
}

static void fit_function(void *user)
{
    fit(user, false);
}

static void fit_formula(void *user)
{
    fit(user, true);
}

/* A thousand fits from a workspace that begins empty: how often it had what was asked for. */
static void thousand_fits(void *user)
{
    for (int i = 0; i < FITS; i++)
        fit(user, true);
}

static void compare_thousand(bench *b, const work *w)
{
    fitter with = {w, fresh_workspace()}, without = {w, NULL};
    thousand_fits(&with);
    qn_workspace_stats stats = {.size = sizeof stats};
    qn_workspace_get_stats(with.workspace, &stats);
    printf("%-28s %-14s %.2f %% of %" PRId64 " takes were hits, from the first fit on\n", "1000 fits", "workspace",
           100.0 * (double)stats.hits / (double)stats.takes, stats.takes);
    must((double)stats.hits >= 0.99 * (double)stats.takes, "less than 99 % of the takes were hits");
    bench_compare(b, "1000 fits", (bench_side){.name = "workspace", .call = thousand_fits, .user = &with},
                  (bench_side){.name = "malloc", .call = thousand_fits, .user = &without}, FITS, "fits");
    qn_workspace_free(with.workspace);
}

static void compare_fits(bench *b)
{
    static work w;
    make_data(&w);
    fitter with = {&w, fresh_workspace()}, without = {&w, NULL};
    bench_compare(b, "fit function", (bench_side){.name = "workspace", .call = fit_function, .user = &with},
                  (bench_side){.name = "malloc", .call = fit_function, .user = &without}, 1, "fits");
    bench_compare(b, "fit formula", (bench_side){.name = "workspace", .call = fit_formula, .user = &with},
                  (bench_side){.name = "malloc", .call = fit_formula, .user = &without}, 1, "fits");
    compare_thousand(b, &w);
    qn_workspace_free(with.workspace);
    qn_model_unref(w.model);
    qn_table_free(w.table);
}

int main(int argc, char **argv)
{
    bench b;
    bench_begin(&b, "workspace", argc, argv);
    int64_t share = b.quick ? 20 : 1;
    measure_held("workspace", true, share);
    measure_held("malloc", false, share);
    compare_pairs(&b, "pair 128", 1, 128, false, 1);
    compare_pairs(&b, "pair 1024", 1, 1024, false, 1);
    compare_pairs(&b, "pair 1024, two threads", 1, 1024, false, 2);
    compare_pairs(&b, "pair 300 x 300, touched", 300, 300, true, 1);
    compare_pairs(&b, "pair 300 x 300, touched, two", 300, 300, true, 2);
    compare_fits(&b);
    compare_swings(&b, share);
    return bench_end(&b);
}
