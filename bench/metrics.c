/* bench/metrics.c: what does it cost to count and to record, in one thread and in two at once?
 *
 * A figure is the time of one record as a thread sees it, its share of the loop included: with two threads, the mean of
 * both, which run side by side and begin together. "the floor": the loop alone, and a word of the thread's own that is
 * counted up in memory. "one": every record into the same metric, so that each waits for the one before it; "eight":
 * into eight in turn, as a program does that counts several things. Values to be recorded are spread over five orders
 * of magnitude, prepared beforehand. Peers: one atomic that all threads share (a histogram of such for recording), and
 * a map by name under a mutex. */
#include "bench/common.h"

#include "base/hash.h"
#include "mem/metrics.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    THREADS = 2,
    METRICS = 8,
    VALUES = 1024, /* a power of two; 8 KB, which leaves room in the first-level cache */
    MAP_SIZE = 64, /* a power of two */
};

typedef struct shared_cell {
    _Alignas(64) _Atomic int64_t value;
} shared_cell;

typedef struct map_entry {
    const char *name;
    int64_t count;
    qn_histogram *histogram;
} map_entry;

/* Everything that is recorded into. */
static struct {
    qn_metrics *metrics;
    qn_counter counters[METRICS];
    qn_recorder recorder;
    int64_t values[VALUES];
    shared_cell cells[METRICS];
    qni_cells *shared_cells;
    pthread_mutex_t mutex;
    map_entry map[MAP_SIZE]; /* guarded by the mutex */
    pthread_barrier_t start;
} world;

static const char *const names[METRICS] = {"requests", "errors", "bytes_in", "bytes_out",
                                           "hits",     "misses", "waits",    "latency"};

static map_entry *map_find(const char *name)
{
    uint64_t place = qni_hash_bytes(name, (int64_t)strlen(name), 1) % MAP_SIZE;
    while (world.map[place].name != NULL && strcmp(world.map[place].name, name) != 0)
        place = (place + 1) % MAP_SIZE;
    world.map[place].name = name;
    return &world.map[place];
}

/* The compiler may keep nothing in registers across this. */
static inline void forget(void)
{
    __asm__ volatile("" : : : "memory");
}

/* ---- what a thread does `count` times ---- */

static void nothing_one(int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        forget();
}

static void word_one(int64_t count)
{
    int64_t word = 0;
    bench_keep(&word); /* so that it lives in memory */
    for (int64_t i = 0; i < count; i++) {
        word++;
        forget();
    }
}

static void inline_one(int64_t count)
{
    qn_metrics *metrics = world.metrics;
    for (int64_t i = 0; i < count; i++) {
        qni_counter_add(metrics, world.counters[0], 1);
        forget();
    }
}

static void call_one(int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        qn_counter_add(world.metrics, world.counters[0], 1);
}

static void atomic_one(int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        atomic_fetch_add_explicit(&world.cells[0].value, 1, memory_order_relaxed);
}

static void map_one(int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        pthread_mutex_lock(&world.mutex);
        map_find(names[0])->count++;
        pthread_mutex_unlock(&world.mutex);
    }
}

static void inline_eight(int64_t count)
{
    qn_metrics *metrics = world.metrics;
    for (int64_t i = 0; i < count; i += METRICS)
        for (int j = 0; j < METRICS; j++) {
            qni_counter_add(metrics, world.counters[j], 1);
            forget();
        }
}

static void call_eight(int64_t count)
{
    for (int64_t i = 0; i < count; i += METRICS)
        for (int j = 0; j < METRICS; j++)
            qn_counter_add(world.metrics, world.counters[j], 1);
}

static void atomic_eight(int64_t count)
{
    for (int64_t i = 0; i < count; i += METRICS)
        for (int j = 0; j < METRICS; j++)
            atomic_fetch_add_explicit(&world.cells[j].value, 1, memory_order_relaxed);
}

static void map_eight(int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        pthread_mutex_lock(&world.mutex);
        map_find(names[i % METRICS])->count++;
        pthread_mutex_unlock(&world.mutex);
    }
}

static void record_inline(int64_t count)
{
    qn_metrics *metrics = world.metrics;
    for (int64_t i = 0; i < count; i++) {
        qni_recorder_record(metrics, world.recorder, world.values[i % VALUES]);
        forget();
    }
}

static void record_call(int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        qn_recorder_record(world.metrics, world.recorder, world.values[i % VALUES]);
}

static void record_atomic(int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t value = world.values[i % VALUES];
        atomic_fetch_add_explicit(&world.shared_cells->sum, value, memory_order_relaxed);
        atomic_fetch_add_explicit(&world.shared_cells->counts[qni_cells_bucket(value)], 1, memory_order_relaxed);
    }
}

static void record_map(int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        pthread_mutex_lock(&world.mutex);
        qn_histogram_record(map_find(names[7])->histogram, world.values[i % VALUES], 1);
        pthread_mutex_unlock(&world.mutex);
    }
}

static void timer_call(int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        (void)qn_timer_stop(qn_timer_start(), world.metrics, world.recorder);
}

/* ---- measuring ---- */

typedef struct side {
    const char *name;
    void (*records)(int64_t count);
    int64_t count; /* records in a sample */
    double *samples;
} side;

typedef struct worker {
    pthread_t thread;
    const side *of;
    double seconds; /* of one record */
} worker;

static void *work(void *user)
{
    worker *w = user;
    w->of->records(1000); /* its own places are there, its caches warm */
    pthread_barrier_wait(&world.start);
    double begin = bench_now();
    w->of->records(w->of->count);
    w->seconds = (bench_now() - begin) / (double)w->of->count;
    return NULL;
}

static double sample(const side *s, int threads)
{
    worker workers[THREADS];
    double sum = 0;
    if (pthread_barrier_init(&world.start, NULL, (unsigned)threads) != 0)
        abort();
    for (int i = 0; i < threads; i++) {
        workers[i].of = s;
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            abort();
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        sum += workers[i].seconds;
    }
    pthread_barrier_destroy(&world.start);
    return sum / threads;
}

/* A sample of each side in turn, so that a change of the machine's speed meets all. */
static void compare(bench *b, const char *case_name, side *sides, int side_count)
{
    for (int threads = 1; threads <= THREADS; threads++) {
        char name[64];
        (void)snprintf(name, sizeof name, "%s, %d thread%s", case_name, threads, threads == 1 ? "" : "s");
        for (int i = 0; i < side_count; i++) {
            sides[i].samples = malloc((size_t)b->samples * sizeof(double));
            if (sides[i].samples == NULL)
                abort();
            sides[i].count = 2000;
            double seconds = sample(&sides[i], threads) * 2000;
            sides[i].count = (int64_t)(2000 * b->sample_seconds / (seconds + 1e-9)) + 2000;
        }
        for (int n = 0; n < b->samples; n++)
            for (int i = 0; i < side_count; i++)
                sides[i].samples[n] = sample(&sides[i], threads);
        for (int i = 0; i < side_count; i++) {
            (void)bench_report(b, name, sides[i].name, sides[i].samples, b->samples, 0, NULL);
            free(sides[i].samples);
        }
    }
}

static void prepare(void)
{
    qn_error err;
    if (qn_metrics_new(&world.metrics, 0, NULL, &err) != QN_OK || world.metrics == NULL)
        abort();
    for (int i = 0; i < METRICS; i++)
        if (qn_counter_register(&world.counters[i], world.metrics, names[i], NULL, &err) != QN_OK)
            abort();
    if (qn_recorder_register(&world.recorder, world.metrics, "latency_nanoseconds", NULL, &err) != QN_OK ||
        qn_histogram_new(&map_find(names[7])->histogram, 0, NULL, &err) != QN_OK)
        abort();
    world.shared_cells = qni_cells_new(NULL, INT64_MAX);
    if (world.shared_cells == NULL || pthread_mutex_init(&world.mutex, NULL) != 0)
        abort();
    uint64_t random = 1;
    for (int i = 0; i < VALUES; i++) {
        random = qni_hash_word(random, 42);
        world.values[i] = (int64_t)((random >> 40) >> (random % 17));
    }
}

int main(int argc, char **argv)
{
    bench b;
    bench_begin(&b, "What does it cost to count and to record?", argc, argv);
    b.sample_seconds = b.quick ? 1e-3 : 1e-2; /* long enough for two threads to run side by side */
    prepare();
    side word[] = {{.name = "a plain word", .records = word_one}, {.name = "empty loop", .records = nothing_one}};
    side one[] = {{.name = "quern", .records = inline_one},
                  {.name = "quern, a call", .records = call_one},
                  {.name = "shared atomic", .records = atomic_one},
                  {.name = "mutex, map", .records = map_one}};
    side eight[] = {{.name = "quern", .records = inline_eight},
                    {.name = "quern, a call", .records = call_eight},
                    {.name = "shared atomics", .records = atomic_eight},
                    {.name = "mutex, map", .records = map_eight}};
    side record[] = {{.name = "quern", .records = record_inline},
                     {.name = "quern, a call", .records = record_call},
                     {.name = "shared atomics", .records = record_atomic},
                     {.name = "mutex, map", .records = record_map}};
    side timer[] = {{.name = "quern, a call", .records = timer_call}};
    compare(&b, "the floor", word, 2);
    compare(&b, "count, one", one, 4);
    compare(&b, "count, eight", eight, 4);
    compare(&b, "record", record, 4);
    compare(&b, "time", timer, 1);
    qn_metrics_free(world.metrics);
    qni_cells_free(NULL, world.shared_cells);
    qn_histogram_free(map_find(names[7])->histogram);
    return bench_end(&b);
}
