/* Everything of the memory floor at once, for as long as one likes: threads come and go, take and give objects,
 * workspaces and blocks, hand objects to one another through a ring, record metrics, fill and rewind arenas. After each
 * generation of threads nothing may be missing; and once the first quarter of the time is over, the process may not
 * become larger.
 *
 *     soak [--seconds N] [--threads N]        (3 seconds, 4 threads)
 *
 * Prints a line now and then. Exit status: 1 where something was lost or the process grew. Under a sanitizer, which
 * keeps memory back, or an emulator, only the former is looked at. */
#include "harness/harness.h"

#include <quern/arena.h>
#include <quern/blocks.h>
#include <quern/budget.h>
#include <quern/metrics.h>
#include <quern/pool.h>
#include <quern/ring_mpmc.h>
#include <quern/workspace.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    THREADS_MAX = 64,
    OBJECTS = 300, /* that a thread holds at most */
    BUFFERS = 24,  /* workspaces likewise */
    BLOCKS = 48,   /* blocks likewise */
    LINES = 20,    /* of progress in a run */
    OBJECT_SIZE = 200,
    BLOCK_SIZE = 4096
};

#define GENERATION_SECONDS 0.1
#define ALLOWED_GROWTH     1.02
#define ALLOWED_BYTES      (INT64_C(4) << 20) /* a heap of the C library for a thread more, and holes in those */

typedef struct soak {
    qn_budget *budget;
    qn_pool *pool;
    qn_workspace *workspace;
    qn_blocks *blocks;
    qn_mpmc *ring; /* of void *: objects of the pool */
    qn_metrics *metrics;
    qn_counter rounds;
    qn_recorder sizes;
    double end; /* of this generation */
    int64_t generation;
} soak;

typedef struct worker {
    soak *all;
    uint64_t random;
    int64_t owner; /* of blocks */
    int64_t rounds;
    qn_error err;
    qn_status status;
    void *objects[OBJECTS];
    int64_t object_count;
    struct {
        void *block;
        int64_t shape[2];
    } buffers[BUFFERS];
    qn_block blocks[BLOCKS];
    int64_t block_count;
    qn_arena *arena;
} worker;

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Bytes of the process that are in memory. */
static int64_t resident(void)
{
    long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*d %lld", &pages) != 1)
        pages = 0;
    if (file != NULL)
        (void)fclose(file);
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static bool resident_tells(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return false;
#endif
#endif
    return getenv("QUERN_TEST_EMULATED") == NULL && resident() > 0;
}

/* Takes or gives an object; every fourth goes through the ring to whoever gives it. */
static qn_status use_pool(worker *w)
{
    qn_status status = QN_OK;
    bool take = w->object_count == 0 || (w->object_count < OBJECTS && test_random_below(&w->random, 2) == 0);
    if (take) {
        status = qn_pool_take(&w->objects[w->object_count], w->all->pool, &w->err);
        if (status == QN_OK)
            memset(w->objects[w->object_count++], (int)w->owner, OBJECT_SIZE);
        return status;
    }
    void *object = w->objects[--w->object_count];
    int64_t moved = 0;
    if (test_random_below(&w->random, 4) == 0)
        (void)!qn_mpmc_push(&moved, w->all->ring, &object, 1, 0);
    if (moved == 1)
        (void)!qn_mpmc_pop(&moved, w->all->ring, &object, 1, 0);
    else
        moved = 1;
    if (moved == 1)
        qn_pool_give(w->all->pool, object);
    return QN_OK;
}

/* Replaces one of the workspaces by one of another shape. */
static qn_status use_workspace(worker *w)
{
    int64_t i = test_random_below(&w->random, BUFFERS);
    int64_t *shape = w->buffers[i].shape;
    qn_workspace_give(w->all->workspace, w->buffers[i].block, QN_DTYPE_F64, 2, shape);
    w->buffers[i].block = NULL;
    shape[0] = 1 + test_random_below(&w->random, 32);
    shape[1] = 1 + test_random_below(&w->random, 256);
    qn_status status = qn_workspace_take(&w->buffers[i].block, w->all->workspace, QN_DTYPE_F64, 2, shape, &w->err);
    if (status == QN_OK)
        memset(w->buffers[i].block, 1, (size_t)(shape[0] * shape[1]) * sizeof(double));
    qn_recorder_record(w->all->metrics, w->all->sizes, shape[0] * shape[1]);
    return status;
}

/* Takes a list of blocks, or gives one, or all. */
static qn_status use_blocks(worker *w)
{
    int64_t n = 1 + test_random_below(&w->random, 8);
    if (test_random_below(&w->random, 64) == 0) {
        if (qn_blocks_give_all(w->all->blocks, w->owner) != w->block_count)
            return QN_INTERNAL;
        w->block_count = 0;
    } else if (w->block_count + n <= BLOCKS && test_random_below(&w->random, 2) == 0) {
        qn_status status = qn_blocks_take(w->blocks + w->block_count, w->all->blocks, w->owner, n, &w->err);
        if (status != QN_OK)
            return status;
        for (int64_t i = 0; i < n; i++)
            memset(qn_blocks_data(w->all->blocks, w->blocks[w->block_count + i]), (int)w->owner, BLOCK_SIZE);
        w->block_count += n;
    } else if (n <= w->block_count) {
        w->block_count -= n;
        return qn_blocks_give(w->all->blocks, w->owner, w->blocks + w->block_count, n, &w->err);
    }
    return QN_OK;
}

static qn_status use_arena(worker *w)
{
    qn_arena_mark mark = qn_arena_mark_now(w->arena);
    qn_status status = QN_OK;
    for (int i = 0; i < 4 && status == QN_OK; i++) {
        void *piece;
        int64_t size = test_random_below(&w->random, 20000);
        status = qn_arena_take(&piece, w->arena, size, &w->err);
        if (status == QN_OK)
            memset(piece, 2, (size_t)size);
    }
    qn_arena_rewind(w->arena, mark);
    return status;
}

static void give_all_back(worker *w)
{
    while (w->object_count > 0)
        qn_pool_give(w->all->pool, w->objects[--w->object_count]);
    for (int i = 0; i < BUFFERS; i++)
        qn_workspace_give(w->all->workspace, w->buffers[i].block, QN_DTYPE_F64, 2, w->buffers[i].shape);
    (void)qn_blocks_give_all(w->all->blocks, w->owner);
    qn_arena_free(w->arena);
}

static void *work(void *user)
{
    worker *w = user;
    w->status = qn_arena_new(&w->arena, qn_budget_allocator(w->all->budget), 0, &w->err);
    while (w->status == QN_OK && now() < w->all->end)
        for (int i = 0; i < 100 && w->status == QN_OK; i++) {
            int64_t what = test_random_below(&w->random, 16);
            w->status = what < 10   ? use_pool(w)
                        : what < 12 ? use_workspace(w)
                        : what < 15 ? use_blocks(w)
                                    : use_arena(w);
            qn_counter_add(w->all->metrics, w->all->rounds, 1);
            w->rounds++;
        }
    give_all_back(w);
    return NULL;
}

static bool differs(const char *what, int64_t got, int64_t expected)
{
    fprintf(stderr, "soak: %s: %lld instead of %lld\n", what, (long long)got, (long long)expected);
    return false;
}

/* Between generations everything has been given back. */
static bool nothing_is_missing(soak *s, int64_t rounds)
{
    void *object;
    int64_t popped = 1;
    while (qn_mpmc_pop(&popped, s->ring, &object, 1, 0) == QN_OK)
        qn_pool_give(s->pool, object);
    qn_ring_stats ring = {.size = sizeof ring};
    qn_mpmc_get_stats(s->ring, &ring);
    qn_pool_stats pool = {.size = sizeof pool};
    qn_pool_get_stats(s->pool, &pool);
    qn_workspace_stats workspace = {.size = sizeof workspace};
    qn_workspace_get_stats(s->workspace, &workspace);
    qn_blocks_count blocks = qn_blocks_counts(s->blocks);
    if (ring.produced != ring.consumed + ring.dropped)
        return differs("items that came out of the ring", ring.consumed + ring.dropped, ring.produced);
    if (pool.live != 0 || pool.objects != pool.idle)
        return differs("objects in use", pool.live, 0);
    if (workspace.live != 0)
        return differs("workspaces in use", workspace.live, 0);
    if (blocks.used != 0 || blocks.free != blocks.total)
        return differs("blocks in use", blocks.used, 0);
    if (qn_counter_value(s->metrics, s->rounds) != rounds)
        return differs("rounds counted", qn_counter_value(s->metrics, s->rounds), rounds);
    return true;
}

/* One generation of threads. Adds what they did to *rounds. */
static bool generation(soak *s, worker *workers, int64_t threads, int64_t *rounds)
{
    pthread_t handles[THREADS_MAX];
    s->end = now() + GENERATION_SECONDS;
    s->generation++;
    for (int64_t i = 0; i < threads; i++) {
        workers[i] = (worker){.all = s, .random = (uint64_t)(s->generation * THREADS_MAX + i), .owner = i + 1};
        if (pthread_create(&handles[i], NULL, work, &workers[i]) != 0)
            return differs("threads that started", i, threads);
    }
    for (int64_t i = 0; i < threads; i++) {
        (void)pthread_join(handles[i], NULL);
        *rounds += workers[i].rounds;
    }
    for (int64_t i = 0; i < threads; i++)
        if (workers[i].status != QN_OK) {
            fprintf(stderr, "soak: %s: %s\n", qn_status_text(workers[i].status), workers[i].err.message);
            return false;
        }
    return nothing_is_missing(s, *rounds);
}

static qn_status open_all(soak *s, int64_t threads, qn_error *err)
{
    qn_budget_options budget;
    qn_budget_options_init(&budget, sizeof budget);
    budget.limit = INT64_C(256) << 20;
    qn_status status = qn_budget_new(&s->budget, NULL, "soak", &budget, err);
    const qn_allocator *allocator = status == QN_OK ? qn_budget_allocator(s->budget) : NULL;
    qn_pool_options pool;
    qn_pool_options_init(&pool, sizeof pool);
    pool.object_size = OBJECT_SIZE;
    qn_workspace_options workspace;
    qn_workspace_options_init(&workspace, sizeof workspace);
    workspace.idle_limit = INT64_C(2) << 20;
    if (status == QN_OK)
        status = qn_pool_new(&s->pool, &pool, allocator, err);
    if (status == QN_OK)
        status = qn_workspace_new(&s->workspace, &workspace, allocator, err);
    if (status == QN_OK)
        status = qn_blocks_new(&s->blocks, threads * BLOCKS, BLOCK_SIZE, NULL, allocator, err);
    if (status == QN_OK)
        status = qn_mpmc_new(&s->ring, 100, sizeof(void *), NULL, allocator, err);
    if (status == QN_OK)
        status = qn_metrics_new(&s->metrics, 0, allocator, err);
    if (status == QN_OK)
        status = qn_counter_register(&s->rounds, s->metrics, "soak_rounds_total", NULL, err);
    if (status == QN_OK)
        status = qn_recorder_register(&s->sizes, s->metrics, "soak_elements", NULL, err);
    return status;
}

static bool close_all(soak *s)
{
    qn_pool_free(s->pool);
    qn_workspace_free(s->workspace);
    qn_blocks_free(s->blocks);
    qn_mpmc_free(s->ring);
    qn_metrics_free(s->metrics);
    qn_budget_stats stats = {.size = sizeof stats};
    if (s->budget != NULL)
        qn_budget_get_stats(s->budget, &stats);
    bool empty = stats.live == 0 || differs("bytes of the budget that are held at the end", stats.live, 0);
    qn_budget_free(s->budget);
    return empty;
}

/* Generation after generation; false: something was lost, or the process grew. */
static bool run(soak *s, double seconds, int64_t threads)
{
    static worker workers[THREADS_MAX];
    double begin = now(), line = 0;
    int64_t rounds = 0, warm = 0, later = 0;
    while (now() - begin < seconds || s->generation < 4) {
        if (!generation(s, workers, threads, &rounds))
            return false;
        double part = (now() - begin) / seconds;
        int64_t bytes = resident();
        if (part < 0.25 || s->generation == 1)
            warm = bytes > warm ? bytes : warm;
        else
            later = bytes > later ? bytes : later;
        if (part >= line) {
            printf("%5.1f %%  %lld generations of %lld threads, %lld rounds, %.1f MiB resident\n", 100 * part,
                   (long long)s->generation, (long long)threads, (long long)rounds, (double)bytes / (1 << 20));
            (void)fflush(stdout);
            line += 1.0 / LINES;
        }
    }
    if (!resident_tells()) {
        printf("SKIPPED: how much is resident says nothing here\n");
        return true;
    }
    printf("resident at most: %.1f MiB in the first quarter, %.1f MiB after it\n", (double)warm / (1 << 20),
           (double)later / (1 << 20));
    return (double)later <= ALLOWED_GROWTH * (double)warm + ALLOWED_BYTES || differs("bytes resident", later, warm);
}

int main(int argc, char **argv)
{
    double seconds = 3;
    long threads = 4;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seconds") == 0)
            seconds = strtod(argv[i + 1], NULL);
        else if (strcmp(argv[i], "--threads") == 0)
            threads = strtol(argv[i + 1], NULL, 10);
        else
            seconds = -1;
    }
    if (argc % 2 == 0 || !(seconds > 0) || threads < 1 || threads > THREADS_MAX) {
        fprintf(stderr, "usage: soak [--seconds N] [--threads 1...%d]\n", THREADS_MAX);
        return 2;
    }
    soak s = {.generation = 0};
    qn_error err = qn_error_none();
    bool good = open_all(&s, threads, &err) == QN_OK;
    if (!good)
        fprintf(stderr, "soak: %s\n", err.message);
    good = good && run(&s, seconds, threads);
    good = close_all(&s) && good;
    printf("%s\n", good ? "flat" : "FAILED");
    return good ? 0 : 1;
}
