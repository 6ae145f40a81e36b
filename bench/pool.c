/* bench/pool.c: what do objects of one size cost from the pool, and what from general allocators?
 *
 * Peers: malloc of the C library, mimalloc and jemalloc, each opened with dlopen for itself, so that all run in one
 * process and nothing of the program's own goes through them. Every side runs the same loop, compiled for it. Cases:
 *  - pair: an object of 64 bytes, or of 8 KiB, is taken, written to and given back;
 *  - two threads, no memory: a loop, in one thread and in two: what the processors can do at best;
 *  - pairs in two threads: millions of them in one thread, and in two at once, each with its own objects;
 *  - burst: 1,000 objects are taken and then given back in random order; the time is that of an object;
 *  - handover: one thread takes and writes, another reads and gives back; between them a ring of pointers that moves 32
 *    at a time, the same for all;
 *  - walk: 1,000 and 10,000 buffers of 8 KiB that went through a million random takes and gives are summed; the time is
 *    that of a buffer. Then only the first word of each is read. "quern, huge" is a pool whose slabs, 2 MiB each, come
 *    from a budget that asks for huge pages.
 *
 * `bench_pool --walk pool|malloc` only walks, for cachegrind: see bench/pool_misses. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "bench/common.h"

#include <quern/budget.h>
#include <quern/pool.h>

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    HUGE_PAGE = 2 << 20, /* bytes */
    RING = 1024,         /* pointers */
    GROUP = 32           /* moved at once */
};

typedef enum kind {
    POOL,
    MALLOC,
    MIMALLOC,
    JEMALLOC,
    HUGE, /* the pool with memory in huge pages; walks only */
    KINDS
} kind;

static const char *const names[KINDS] = {"quern", "malloc", "mimalloc", "jemalloc", "quern, huge"};
static const char *const packages[KINDS] = {"", "", "libmimalloc2.0", "libjemalloc2", ""};

/* malloc and free of a peer; NULL: it is not here. */
static void *(*peer_malloc[KINDS])(size_t size);
static void (*peer_free[KINDS])(void *block);

static void die(const char *what)
{
    (void)fprintf(stderr, "bench_pool: %s failed\n", what);
    exit(1);
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static void open_peer(kind k, const char *library, const char *malloc_name, const char *free_name)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        bench_no_peer(names[k], packages[k]);
        return;
    }
    void *m = dlsym(handle, malloc_name), *f = dlsym(handle, free_name);
    memcpy(&peer_malloc[k], &m, sizeof m); /* ISO C knows no cast from an object to a function */
    memcpy(&peer_free[k], &f, sizeof f);
}

/* jemalloc wants more thread-local memory than a program keeps free for libraries opened late, unless it is told to
 * before it starts. */
static void make_room_for_peers(char **argv)
{
    static const char tunable[] = "glibc.rtld.optional_static_tls=65536";
    const char *now = getenv("GLIBC_TUNABLES");
    if (now != NULL && strstr(now, tunable) != NULL)
        return;
    if (setenv("GLIBC_TUNABLES", tunable, 1) == 0)
        (void)execv("/proc/self/exe", argv);
}

/* One thing to measure. */
typedef struct work {
    qn_pool *pool;
    kind kind;
    int64_t size;  /* bytes of an object */
    int64_t count; /* pairs or objects a call */
    void **objects;
    uint32_t *order;
} work;

#define INLINE __attribute__((always_inline)) static inline

INLINE void *take(const work *w, kind k)
{
    void *object;
    if (k == POOL)
        return qn_pool_take(&object, w->pool, NULL) == QN_OK ? object : NULL;
    return peer_malloc[k]((size_t)w->size);
}

INLINE void give(const work *w, kind k, void *object)
{
    if (k == POOL)
        qn_pool_give(w->pool, object);
    else
        peer_free[k](object);
}

INLINE void pairs(const work *w, kind k)
{
    for (int64_t i = 0; i < w->count; i++) {
        int64_t *object = take(w, k);
        *object = i;
        bench_keep(object);
        give(w, k, object);
    }
}

INLINE void bursts(const work *w, kind k)
{
    for (int64_t i = 0; i < w->count; i++)
        *(int64_t *)(w->objects[i] = take(w, k)) = i;
    for (int64_t i = 0; i < w->count; i++)
        give(w, k, w->objects[w->order[i]]);
}

/* Replaces random ones of `count` live objects. */
INLINE void churn(const work *w, kind k, int64_t times)
{
    uint64_t random = 3;
    for (int64_t i = 0; i < w->count; i++)
        w->objects[i] = memset(take(w, k), 1, (size_t)w->size);
    for (int64_t i = 0; i < times; i++) {
        /* In groups, so that what is taken is not just what was given. */
        uint64_t at[16];
        for (int j = 0; j < 16; j++) {
            at[j] = next_random(&random) % (uint64_t)w->count;
            if (w->objects[at[j]] != NULL)
                give(w, k, w->objects[at[j]]);
            w->objects[at[j]] = NULL;
        }
        for (int j = 0; j < 16; j++)
            if (w->objects[at[j]] == NULL)
                *(int64_t *)(w->objects[at[j]] = take(w, k)) = i;
    }
}

#define FOR_EACH_KIND(name, call) \
    static void name(void *user)  \
    {                             \
        const work *w = user;     \
        switch (w->kind) {        \
        case POOL:                \
        case HUGE:                \
            call(w, POOL);        \
            break;                \
        case MALLOC:              \
            call(w, MALLOC);      \
            break;                \
        case MIMALLOC:            \
            call(w, MIMALLOC);    \
            break;                \
        default:                  \
            call(w, JEMALLOC);    \
        }                         \
    }

FOR_EACH_KIND(run_pairs, pairs)
FOR_EACH_KIND(run_bursts, bursts)
#define CHURN(w, k) churn(w, k, 1000000 / 16)
FOR_EACH_KIND(run_churn, CHURN)
#define GIVE_ALL(w, k)                       \
    for (int64_t i = 0; i < (w)->count; i++) \
    give(w, k, (w)->objects[i])
FOR_EACH_KIND(run_give_all, GIVE_ALL)

static qn_pool *new_pool_on(int64_t size, int64_t grow, const qn_allocator *allocator)
{
    qn_pool_options options;
    qn_pool_options_init(&options, sizeof options);
    options.name = "bench";
    options.object_size = size;
    options.grow = grow;
    options.checks = QN_POOL_CHECKS_OFF;
    qn_pool *pool;
    if (qn_pool_new(&pool, &options, allocator, NULL) != QN_OK)
        die("making a pool");
    return pool;
}

static qn_pool *new_pool(int64_t size)
{
    return new_pool_on(size, 0, NULL);
}

/* ---- two threads ---- */

/* Waits a moment, the longer it has waited in all: on a machine with much else to do the other thread needs the
 * processor. */
static void relax(int *waited)
{
    if (++*waited > 2000)
        (void)sched_yield();
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

typedef struct job {
    void (*run)(void *user);
    void *user;
} job;

static void *job_main(void *user)
{
    const job *j = user;
    j->run(j->user);
    return NULL;
}

/* Runs both at once, the first in a thread of its own. */
static void run_together(job other, job own)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, job_main, &other) != 0)
        die("starting a thread");
    own.run(own.user);
    (void)pthread_join(thread, NULL);
}

typedef struct twins {
    work works[2];
} twins;

static void run_twins(void *user)
{
    twins *t = user;
    run_together((job){run_pairs, &t->works[0]}, (job){run_pairs, &t->works[1]});
}

/* ---- handing over ---- */

typedef struct ring {
    void *slots[RING];
    _Alignas(64) _Atomic uint64_t written; /* released by the producer, acquired by the consumer */
    _Alignas(64) _Atomic uint64_t read;    /* the other way round */
    const work *work;
} ring;

INLINE void produce(ring *r, kind k)
{
    const work *w = r->work;
    for (uint64_t i = 0; i < (uint64_t)w->count; i += GROUP) {
        uint64_t at = atomic_load_explicit(&r->written, memory_order_relaxed);
        int waited = 0;
        while (at + GROUP - atomic_load_explicit(&r->read, memory_order_acquire) > RING)
            relax(&waited);
        for (uint64_t j = 0; j < GROUP; j++) {
            int64_t *object = take(w, k);
            *object = (int64_t)j;
            r->slots[(at + j) % RING] = object;
        }
        atomic_store_explicit(&r->written, at + GROUP, memory_order_release);
    }
}

INLINE void consume(ring *r, kind k)
{
    const work *w = r->work;
    int64_t sum = 0;
    for (uint64_t i = 0; i < (uint64_t)w->count; i += GROUP) {
        uint64_t at = atomic_load_explicit(&r->read, memory_order_relaxed);
        int waited = 0;
        while (atomic_load_explicit(&r->written, memory_order_acquire) == at)
            relax(&waited);
        for (uint64_t j = 0; j < GROUP; j++) {
            int64_t *object = r->slots[(at + j) % RING];
            sum += *object;
            give(w, k, object);
        }
        atomic_store_explicit(&r->read, at + GROUP, memory_order_release);
    }
    bench_keep(&sum);
}

#define FOR_EACH_SIDE(name, call) \
    static void name(void *user)  \
    {                             \
        ring *r = user;           \
        switch (r->work->kind) {  \
        case POOL:                \
        case HUGE:                \
            call(r, POOL);        \
            break;                \
        case MALLOC:              \
            call(r, MALLOC);      \
            break;                \
        case MIMALLOC:            \
            call(r, MIMALLOC);    \
            break;                \
        default:                  \
            call(r, JEMALLOC);    \
        }                         \
    }

FOR_EACH_SIDE(run_produce, produce)
FOR_EACH_SIDE(run_consume, consume)

static void run_handover(void *user)
{
    run_together((job){run_consume, user}, (job){run_produce, user});
}

/* ---- measuring ---- */

/* How many calls fill a sample. The trials also warm caches and branch predictors. */
static int64_t calls_in_sample(const bench *b, void (*call)(void *user), void *user)
{
    for (int64_t calls = 1;; calls *= 2) {
        double start = bench_now();
        for (int64_t i = 0; i < calls; i++)
            call(user);
        if (bench_now() - start > 0.5 * b->sample_seconds)
            return calls;
    }
}

/* The ratio of two sides: of the medians, with the least and the greatest of the paired samples. */
static void print_ratio(const bench *b, const char *case_name, int ours, int peer, double *seconds[KINDS],
                        const bench_figure figures[KINDS])
{
    double least = seconds[ours][0] / seconds[peer][0], most = least;
    for (int i = 1; i < b->samples; i++) {
        double ratio = seconds[ours][i] / seconds[peer][i];
        least = ratio < least ? ratio : least;
        most = ratio > most ? ratio : most;
    }
    printf("%-28s %s/%s = %.3f  [%.3f … %.3f]\n", case_name, names[ours], names[peer],
           figures[ours].median / figures[peer].median, least, most);
}

/* Prints what was measured; seconds[k] NULL: nothing of side k. */
static void report(bench *b, const char *case_name, double *seconds[KINDS], bench_figure figures[KINDS])
{
    double *sorted = malloc((size_t)b->samples * sizeof *sorted); /* bench_report's; the pairs are still needed */
    if (sorted == NULL)
        die("malloc");
    for (int k = 0; k < KINDS; k++)
        if (seconds[k] != NULL) {
            memcpy(sorted, seconds[k], (size_t)b->samples * sizeof *sorted);
            figures[k] = bench_report(b, case_name, names[k], sorted, b->samples, 1, "objects");
        }
    free(sorted);
    for (int k = MALLOC; k <= JEMALLOC; k++)
        if (seconds[k] != NULL)
            print_ratio(b, case_name, POOL, k, seconds, figures);
    if (seconds[HUGE] != NULL)
        print_ratio(b, case_name, HUGE, MALLOC, seconds, figures);
}

/* Runs `call` on works of all kinds (users NULL: not on this one), sample by sample in turn, and prints the time of one
 * of `units` a call. */
static void measure(bench *b, const char *case_name, void (*call)(void *user), void *users[KINDS], int64_t units,
                    bench_figure figures[KINDS])
{
    double *seconds[KINDS] = {NULL};
    int64_t calls[KINDS] = {0};
    for (int k = 0; k < KINDS; k++)
        if (users[k] != NULL) {
            seconds[k] = malloc((size_t)b->samples * sizeof(double));
            if (seconds[k] == NULL)
                die("malloc");
            calls[k] = calls_in_sample(b, call, users[k]);
        }
    for (int i = 0; i < b->samples; i++)
        for (int j = 0; j < KINDS; j++) {
            int k = (i + j) % KINDS; /* the first one is another each time */
            if (users[k] != NULL) {
                double start = bench_now();
                for (int64_t n = 0; n < calls[k]; n++)
                    call(users[k]);
                seconds[k][i] = (bench_now() - start) / (double)calls[k] / (double)units;
            }
        }
    report(b, case_name, seconds, figures);
    for (int k = 0; k < KINDS; k++)
        free(seconds[k]);
}

static bool here(int k)
{
    return k == POOL || peer_malloc[k] != NULL;
}

static void *users_of(work works[KINDS], void *users[KINDS], work prototype)
{
    for (int k = 0; k < KINDS; k++) {
        works[k] = prototype;
        works[k].kind = (kind)k;
        users[k] = here(k) ? &works[k] : NULL;
    }
    return works[POOL].pool = new_pool(prototype.size);
}

static void print_waits(qn_pool *pool)
{
    qn_pool_stats stats = {.size = sizeof stats};
    qn_pool_get_stats(pool, &stats);
    printf(
        "#   pool: taken %lld, hits %.4f %%, exchanges %lld, grown %lld, steals %lld, waited for the depot %lld times, "
        "slept %lld\n",
        (long long)stats.taken, stats.taken > 0 ? 100.0 * (double)stats.hits / (double)stats.taken : 0,
        (long long)stats.exchanges, (long long)stats.grown, (long long)stats.steals, (long long)stats.contended,
        (long long)stats.slept);
}

static void measure_pairs(bench *b, int64_t size, const char *name)
{
    work works[KINDS];
    void *users[KINDS];
    bench_figure figures[KINDS];
    qn_pool *pool = users_of(works, users, (work){.size = size, .count = 1000});
    measure(b, name, run_pairs, users, 1000, figures);
    print_waits(pool);
    qn_pool_free(pool);
}

static void print_scaling(const char *name, const char *side, bench_figure two_to_one)
{
    printf("%-28s %s: throughput of two threads / of one = %.2f [%.2f … %.2f]\n", name, side, 2 / two_to_one.median,
           2 / two_to_one.max, 2 / two_to_one.min);
}

/* A loop that touches no memory. */
static void run_loop(void *user)
{
    uint64_t x = 1;
    for (int64_t i = *(const int64_t *)user; i > 0; i--) {
        x = x * 5 + 1;
        __asm__ volatile("" : "+r"(x)); /* each round takes its time */
    }
}

static void run_two_loops(void *user)
{
    run_together((job){run_loop, user}, (job){run_loop, user});
}

/* What two threads can be to one here: where the processors are two halves of one, less than two. */
static void measure_processors(bench *b)
{
    static const char name[] = "two threads, no memory";
    int64_t rounds = b->quick ? 200000 : 8000000;
    print_scaling(name, "a loop",
                  bench_compare(b, name, (bench_side){"a loop, two", run_two_loops, &rounds},
                                (bench_side){"a loop", run_loop, &rounds}, 0, NULL));
}

/* Each side in one thread and in two, by turns. */
static void measure_two_threads(bench *b, int64_t size, const char *name)
{
    work works[KINDS];
    void *users[KINDS];
    /* Beside so many, starting a thread is nothing. */
    qn_pool *pool = users_of(works, users, (work){.size = size, .count = b->quick ? 50000 : 2000000});
    for (int k = 0; k < KINDS; k++) {
        if (users[k] == NULL)
            continue;
        twins two = {.works = {works[k], works[k]}};
        char side[32];
        (void)snprintf(side, sizeof side, "%s, two", names[k]);
        bench_figure ratio = bench_compare(b, name, (bench_side){side, run_twins, &two},
                                           (bench_side){names[k], run_pairs, &works[k]}, 0, NULL);
        print_scaling(name, names[k], ratio);
    }
    print_waits(pool);
    qn_pool_free(pool);
}

static void shuffle(uint32_t *order, uint32_t count)
{
    uint64_t random = 5;
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    for (uint32_t i = count - 1; i > 0; i--) {
        uint32_t j = (uint32_t)(next_random(&random) % (i + 1)), other = order[j];
        order[j] = order[i];
        order[i] = other;
    }
}

static void measure_bursts(bench *b)
{
    static void *objects[1000];
    static uint32_t order[1000];
    shuffle(order, 1000);
    work works[KINDS];
    void *users[KINDS];
    bench_figure figures[KINDS];
    qn_pool *pool = users_of(works, users, (work){.size = 64, .count = 1000, .objects = objects, .order = order});
    measure(b, "burst of 1000, 64 B", run_bursts, users, 1000, figures);
    print_waits(pool);
    qn_pool_free(pool);
}

static void measure_handover(bench *b)
{
    enum {
        COUNT = GROUP * 8192 /* beside which starting a thread is nothing */
    };
    static ring rings[KINDS];
    work works[KINDS];
    void *users[KINDS];
    bench_figure figures[KINDS];
    qn_pool *pool = users_of(works, users, (work){.size = 64, .count = COUNT});
    for (int k = 0; k < KINDS; k++) {
        rings[k].work = &works[k];
        if (users[k] != NULL)
            users[k] = &rings[k];
    }
    measure(b, "handover, 64 B", run_handover, users, COUNT, figures);
    print_waits(pool);
    qn_pool_free(pool);
}

/* Sums every buffer. Apart, so that cachegrind names it. */
__attribute__((noinline)) static void walk_buffers(void *user)
{
    const work *w = user;
    int64_t sum = 0;
    for (int64_t i = 0; i < w->count; i++) {
        const int64_t *buffer = w->objects[i];
        for (int64_t j = 0; j < w->size / 8; j++)
            sum += buffer[j];
    }
    bench_keep(&sum);
}

/* Reads their beginnings alone, as a search through headers does. */
__attribute__((noinline)) static void walk_beginnings(void *user)
{
    const work *w = user;
    int64_t sum = 0;
    for (int64_t i = 0; i < w->count; i++)
        sum += *(const int64_t *)w->objects[i];
    bench_keep(&sum);
}

static void measure_walk(bench *b, int64_t count, const char *name, const char *name_beginnings)
{
    work works[KINDS];
    void *users[KINDS];
    bench_figure figures[KINDS];
    qn_pool *pool = users_of(works, users, (work){.size = 8192, .count = count});
    qn_budget *budget;
    qn_budget_options options;
    qn_budget_options_init(&options, sizeof options);
    options.huge_from = HUGE_PAGE;
    if (qn_budget_new(&budget, NULL, "huge", &options, NULL) != QN_OK)
        die("making a budget");
    works[HUGE].pool = new_pool_on(8192, HUGE_PAGE / 8192, qn_budget_allocator(budget));
    users[HUGE] = &works[HUGE];
    for (int k = 0; k < KINDS; k++) {
        works[k].objects = calloc((size_t)count, sizeof(void *));
        if (works[k].objects == NULL)
            die("calloc");
        if (users[k] != NULL)
            run_churn(users[k]);
    }
    measure(b, name, walk_buffers, users, count, figures);
    measure(b, name_beginnings, walk_beginnings, users, count, figures);
    print_waits(pool);
    for (int k = 0; k < KINDS; k++) {
        if (users[k] != NULL)
            run_give_all(users[k]);
        free(works[k].objects);
    }
    qn_pool_free(pool);
    qn_pool_free(works[HUGE].pool);
    qn_budget_free(budget);
}

/* For cachegrind: one side, ten walks. */
static int walk_only(const char *side)
{
    work w = {.size = 8192, .count = 10000, .kind = strcmp(side, "malloc") == 0 ? MALLOC : POOL};
    w.pool = new_pool(w.size);
    w.objects = calloc((size_t)w.count, sizeof(void *));
    if (w.objects == NULL)
        die("calloc");
    run_churn(&w);
    for (int i = 0; i < 10; i++) {
        walk_buffers(&w);
        walk_beginnings(&w);
    }
    run_give_all(&w);
    free(w.objects);
    qn_pool_free(w.pool);
    return 0;
}

int main(int argc, char **argv)
{
    peer_malloc[MALLOC] = malloc;
    peer_free[MALLOC] = free;
    if (argc == 3 && strcmp(argv[1], "--walk") == 0)
        return walk_only(argv[2]);
    make_room_for_peers(argv);
    bench b;
    bench_begin(&b, "What does an object of one size cost from a pool?", argc, argv);
    open_peer(MIMALLOC, "libmimalloc.so.2", "mi_malloc", "mi_free");
    open_peer(JEMALLOC, "libjemalloc.so.2", "malloc", "free");
    /* First, while every side's heap is as it comes. */
    measure_walk(&b, 1000, "walk of 1000, 8 KiB", "their beginnings");
    if (!b.quick)
        measure_walk(&b, 10000, "walk of 10000, 8 KiB", "their beginnings, 10000");
    measure_pairs(&b, 64, "pair, 64 B");
    measure_pairs(&b, 8192, "pair, 8 KiB");
    measure_processors(&b);
    measure_two_threads(&b, 64, "pairs in two threads, 64 B");
    measure_two_threads(&b, 8192, "pairs in two threads, 8 KiB");
    measure_bursts(&b);
    measure_handover(&b);
    return bench_end(&b);
}
