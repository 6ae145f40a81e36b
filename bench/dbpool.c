/* bench/dbpool.c: what does a pool of connections save, what does it cost, and is it fair?
 *
 *  - 800 queries: each reads a row of a table of five by its key; through a pool, and (the peer) on a connection opened
 *    for each. Also without any pool on one connection, which is the least that it can cost. SQLite in a file,
 *    PostgreSQL.
 *  - 100 tickers: 100 tasks of 8 such queries on 16 threads, through one pool of 5 + 10: connections and descriptors.
 *  - bytes: what an idle connection that has run one query holds, of ours and of its library in this process.
 *  - take + give: of an idle connection, by one thread.
 *  - 16 threads on 4 connections: the time from asking for a connection to having it, by the caller's own clock, and
 *    how often each thread had one.
 *
 * PostgreSQL is measured where QUERN_TEST_POSTGRES names a server: scripts/postgres build/…/bench_dbpool. */
#include "bench/common.h"

#include <dirent.h>
#include <inttypes.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <quern/dbpool.h>
#include <quern/threads.h>

enum {
    QUERIES = 800,
    TICKERS = 100,
    TICKER_QUERIES = 8,
    TICKER_THREADS = 16,
    IDLE = 50, /* connections whose bytes are counted */
    PAIRS = 1000,
    TAKERS = 16,
    SHARED = 4,
    RUNS_MAX = 9,    /* of 16 threads */
    OPENINGS_MAX = 5 /* samples of 800 queries: where each opens a connection, it takes seconds */
};

static void must(qn_status status, const qn_error *err)
{
    if (status == QN_OK)
        return;
    (void)fprintf(stderr, "bench_dbpool: %s\n", err->message);
    exit(1);
}

static void must_be(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "bench_dbpool: %s\n", what);
    exit(1);
}

/* A database to measure; NULL: not here. */
typedef struct place {
    const char *name;
    const char *url;
} place;

static bool fill(const place *p)
{
    qn_db *db;
    qn_error err;
    qn_status status = qn_db_open(&db, p->url, NULL, &err);
    if (status == QN_UNAVAILABLE) {
        printf("# SKIPPED: %s is not here: %s\n", p->name, err.message);
        return false;
    }
    must(status, &err);
    must(qn_db_script(db,
                      "DROP TABLE IF EXISTS quern_bench_prices;"
                      "CREATE TABLE quern_bench_prices (id INTEGER PRIMARY KEY, close DOUBLE PRECISION);"
                      "INSERT INTO quern_bench_prices VALUES (1, 1.5), (2, 2.5), (3, 3.5), (4, 4.5), (5, 5.5)",
                      &err),
         &err);
    qn_db_close(db);
    return true;
}

static qn_dbpool *new_pool(const char *url, qn_dbpool_options options)
{
    qn_dbpool *pool;
    qn_error err;
    options.size = sizeof options;
    must(qn_dbpool_new(&pool, url, &options, &err), &err);
    return pool;
}

static qn_db *take(qn_dbpool *pool)
{
    qn_db *db;
    qn_error err;
    must(qn_dbpool_take(&db, pool, "bench", &err), &err);
    return db;
}

static void end_pool(qn_dbpool *pool)
{
    qn_error err;
    must(qn_dbpool_close(pool, -1, &err), &err);
}

static void query(qn_db *db, int64_t i)
{
    qn_rows *rows;
    qn_error err;
    bool more;
    qn_value id = qn_value_i64(1 + i % 5);
    must(qn_db_query(&rows, db, "SELECT close FROM quern_bench_prices WHERE id = $1", &id, 1, &err), &err);
    must(qn_rows_next(&more, rows, &err), &err);
    must_be(more && qn_rows_value(rows, 0).f64 == (double)id.i64 + 0.5, "a wrong row");
    qn_rows_close(rows);
}

/* ---- 800 queries ---- */

typedef struct queries {
    const char *url;
    qn_dbpool *pool;
    qn_db *db;
    int64_t count;
} queries;

static void through_pool(void *user)
{
    const queries *q = user;
    for (int64_t i = 0; i < q->count; i++) {
        qn_db *db = take(q->pool);
        query(db, i);
        qn_dbpool_give(q->pool, db);
    }
}

static void opening_each(void *user)
{
    const queries *q = user;
    for (int64_t i = 0; i < q->count; i++) {
        qn_db *db;
        qn_error err;
        must(qn_db_open(&db, q->url, NULL, &err), &err);
        query(db, i);
        qn_db_close(db);
    }
}

static void on_one(void *user)
{
    const queries *q = user;
    for (int64_t i = 0; i < q->count; i++)
        query(q->db, i);
}

static void measure_queries(bench *b, const place *p)
{
    bench own = *b;
    if (own.samples > OPENINGS_MAX)
        own.samples = OPENINGS_MAX;
    queries q = {.url = p->url, .count = b->quick ? QUERIES / 20 : QUERIES};
    q.pool = new_pool(p->url, (qn_dbpool_options){.base_size = 0});
    q.db = take(q.pool);
    char name[64];
    (void)snprintf(name, sizeof name, "%" PRId64 " queries, %s", q.count, p->name);
    bench_measure(&own, name, (bench_side){"one connection", on_one, &q}, (double)q.count, "queries");
    qn_dbpool_give(q.pool, q.db);
    bench_figure ratio = bench_compare(&own, name, (bench_side){"pool", through_pool, &q},
                                       (bench_side){"opening each", opening_each, &q}, (double)q.count, "queries");
    printf("%-28s the pool is %.1f times as fast [%.1f … %.1f] (goal: 7)\n", name, 1 / ratio.median, 1 / ratio.max,
           1 / ratio.min);
    end_pool(q.pool);
}

/* ---- 100 tickers ---- */

static int64_t open_descriptors(void)
{
    int64_t count = -3; /* ".", ".." and the one that reads */
    DIR *folder = opendir("/proc/self/fd");
    must_be(folder != NULL, "no /proc/self/fd");
    while (readdir(folder) != NULL)
        count++;
    (void)closedir(folder);
    return count;
}

typedef struct tickers {
    qn_dbpool *pool;
    pthread_mutex_t counting; /* so that one reading does not count another's descriptor */
    int64_t descriptors;      /* the most that were seen */
} tickers;

static void run_ticker(void *user, int64_t index)
{
    tickers *t = user;
    for (int64_t i = 0; i < TICKER_QUERIES; i++) {
        qn_db *db = take(t->pool);
        query(db, index + i);
        if (i == 0) {
            (void)pthread_mutex_lock(&t->counting);
            int64_t now = open_descriptors();
            t->descriptors = now > t->descriptors ? now : t->descriptors;
            (void)pthread_mutex_unlock(&t->counting);
        }
        qn_dbpool_give(t->pool, db);
    }
}

static void measure_tickers(const place *p)
{
    tickers t = {.counting = PTHREAD_MUTEX_INITIALIZER};
    qn_threads *threads;
    qn_error err;
    must(qn_threads_new(&threads, TICKER_THREADS, NULL, &err), &err);
    int64_t before = open_descriptors();
    t.pool = new_pool(p->url, (qn_dbpool_options){.base_size = 5, .overflow = 10});
    double begin = bench_now();
    qn_threads_run(threads, TICKERS, run_ticker, &t);
    double seconds = bench_now() - begin;
    qn_dbpool_stats stats = {.size = sizeof stats};
    qn_dbpool_get_stats(t.pool, &stats);
    printf("%d tickers x %d, %-10s connections at most %" PRId64 " (goal: 15), descriptors at most %" PRId64
           " more than before (goal: 15), opened %" PRId64 ", waits %" PRId64 " of %" PRId64 ", %.1f ms\n",
           TICKERS, TICKER_QUERIES, p->name, stats.open_peak, t.descriptors - before, stats.opened, stats.waits,
           stats.takes, 1e3 * seconds);
    end_pool(t.pool);
    qn_threads_free(threads);
}

/* ---- bytes ---- */

static void *count_bytes(void *user, void *block, int64_t old_size, int64_t new_size)
{
    const qn_allocator *below = qn_allocator_default();
    void *moved = below->resize(below->user, block, old_size, new_size);
    if (new_size == 0 || moved != NULL)
        *(int64_t *)user += new_size - old_size;
    return moved;
}

static int64_t process_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return (int64_t)(info.uordblks + info.hblkhd);
}

static void measure_bytes(const place *p)
{
    int64_t ours = 0;
    qn_allocator counting = {count_bytes, &ours};
    qn_db *dbs[IDLE + 1];
    qn_dbpool *pool = new_pool(p->url, (qn_dbpool_options){.base_size = IDLE + 1, .allocator = &counting});
    dbs[IDLE] = take(pool); /* what is needed once, and no more */
    query(dbs[IDLE], 0);
    int64_t ours_before = ours, all_before = process_bytes();
    for (int i = 0; i < IDLE; i++) {
        dbs[i] = take(pool);
        query(dbs[i], 0);
    }
    for (int i = 0; i <= IDLE; i++)
        qn_dbpool_give(pool, dbs[i]);
    double own = (double)(ours - ours_before) / IDLE, all = (double)(process_bytes() - all_before) / IDLE;
    printf("bytes of an idle connection, %s: %.0f, of which ours %.0f\n", p->name, all, own);
    end_pool(pool);
}

/* ---- take + give ---- */

static void take_and_give(void *user)
{
    qn_dbpool *pool = user;
    for (int i = 0; i < PAIRS; i++) {
        qn_db *db = NULL;
        if (qn_dbpool_take(&db, pool, "bench", NULL) != QN_OK)
            exit(1);
        bench_keep(db);
        qn_dbpool_give(pool, db);
    }
}

static void measure_pairs(bench *b, const place *p)
{
    qn_dbpool *pool = new_pool(p->url, (qn_dbpool_options){.base_size = 5});
    qn_db *dbs[5];
    for (int i = 0; i < 5; i++)
        dbs[i] = take(pool);
    for (int i = 0; i < 5; i++)
        qn_dbpool_give(pool, dbs[i]);
    char name[64];
    (void)snprintf(name, sizeof name, "%d x take + give, %s", PAIRS, p->name);
    bench_figure figure = bench_measure(b, name, (bench_side){"pool", take_and_give, pool}, PAIRS, "pairs");
    printf("%-28s %.1f ns each [%.1f … %.1f] (goal: 150)\n", name, 1e9 * figure.median / PAIRS,
           1e9 * figure.min / PAIRS, 1e9 * figure.max / PAIRS);
    end_pool(pool);
}

/* ---- 16 threads on 4 connections ---- */

typedef struct taker {
    pthread_t thread;
    qn_dbpool *pool;
    _Atomic bool *stop;
    qn_histogram *waits_ns;
    int64_t takes;
} taker;

static void *take_often(void *user)
{
    taker *t = user;
    while (!atomic_load_explicit(t->stop, memory_order_relaxed)) {
        qn_timer begin = qn_timer_start();
        qn_db *db = take(t->pool);
        qn_histogram_record(t->waits_ns, qn_timer_start().begin_ns - begin.begin_ns, 1);
        query(db, t->takes++);
        qn_dbpool_give(t->pool, db);
    }
    return NULL;
}

typedef struct fairness {
    double median_s, p999_s;
    int64_t least, most; /* takes of a thread */
    double takes_per_s;
} fairness;

/* Runs the threads. They begin when all of them wait: else the first would have the pool to themselves for as long as
 * the system lets them run. */
static fairness run_takers(qn_dbpool *pool, double seconds)
{
    taker takers[TAKERS];
    qn_db *dbs[SHARED];
    for (int i = 0; i < SHARED; i++)
        dbs[i] = take(pool);
    _Atomic bool stop = false;
    qn_histogram *all;
    qn_error err;
    must(qn_histogram_new(&all, 0, NULL, &err), &err);
    for (int i = 0; i < TAKERS; i++) {
        takers[i] = (taker){.pool = pool, .stop = &stop};
        must(qn_histogram_new(&takers[i].waits_ns, 0, NULL, &err), &err);
    }
    for (int i = 0; i < TAKERS; i++)
        must_be(pthread_create(&takers[i].thread, NULL, take_often, &takers[i]) == 0, "no thread");
    for (qn_dbpool_stats stats = {.size = sizeof stats}; stats.waiting < TAKERS; qn_dbpool_get_stats(pool, &stats))
        (void)usleep(100);
    for (int i = 0; i < SHARED; i++)
        qn_dbpool_give(pool, dbs[i]);
    (void)usleep((useconds_t)(1e6 * seconds));
    atomic_store(&stop, true);
    fairness f = {.least = INT64_MAX};
    for (int i = 0; i < TAKERS; i++) {
        (void)pthread_join(takers[i].thread, NULL);
        must(qn_histogram_merge(all, takers[i].waits_ns, &err), &err);
        qn_histogram_free(takers[i].waits_ns);
        f.least = takers[i].takes < f.least ? takers[i].takes : f.least;
        f.most = takers[i].takes > f.most ? takers[i].takes : f.most;
        f.takes_per_s += (double)takers[i].takes / seconds;
    }
    f.median_s = 1e-9 * (double)qn_histogram_percentile(all, 50);
    f.p999_s = 1e-9 * (double)qn_histogram_percentile(all, 99.9);
    qn_histogram_free(all);
    return f;
}

static int by_ratio(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure_fairness(bench *b, const place *p)
{
    int runs = b->samples < RUNS_MAX ? b->samples : RUNS_MAX;
    double medians[RUNS_MAX], tails[RUNS_MAX], ratios[RUNS_MAX], worst = 1;
    qn_dbpool *pool = new_pool(p->url, (qn_dbpool_options){.base_size = SHARED, .overflow = -1});
    char name[64];
    (void)snprintf(name, sizeof name, "%d threads on %d, %s", TAKERS, SHARED, p->name);
    fairness f = {0};
    for (int i = 0; i < runs; i++) {
        f = run_takers(pool, b->quick ? 0.02 : 0.4);
        medians[i] = f.median_s;
        tails[i] = f.p999_s;
        ratios[i] = f.p999_s / f.median_s;
        double share = (double)f.least / (double)f.most;
        worst = share < worst ? share : worst;
    }
    qsort(ratios, (size_t)runs, sizeof *ratios, by_ratio);
    bench_report(b, name, "wait, median", medians, runs, 0, NULL);
    bench_report(b, name, "wait, p99.9", tails, runs, 0, NULL);
    printf("%-28s p99.9/median = %.1f [%.1f … %.1f] (goal: 20); takes of a thread: least/most %.3f in the worst run, "
           "%" PRId64 " and %" PRId64 " in the last; %.3g takes/s\n",
           name, ratios[runs / 2], ratios[0], ratios[runs - 1], worst, f.least, f.most, f.takes_per_s);
    end_pool(pool);
}

int main(int argc, char **argv)
{
    bench b;
    bench_begin(&b, "dbpool", argc, argv);
    char folder[] = "/tmp/quern-bench-XXXXXX", url[64], file[48];
    must_be(mkdtemp(folder) != NULL, "no folder for a file");
    (void)snprintf(file, sizeof file, "%s/prices.db", folder);
    (void)snprintf(url, sizeof url, "sqlite:%s", file);
    place places[] = {{"SQLite", url}, {"PostgreSQL", getenv("QUERN_TEST_POSTGRES")}};
    if (places[1].url == NULL)
        printf("# SKIPPED: PostgreSQL, for QUERN_TEST_POSTGRES names no server (start this by scripts/postgres)\n");
    for (int i = 0; i < 2; i++) {
        const place *p = &places[i];
        if (p->url == NULL || !fill(p))
            continue;
        measure_queries(&b, p);
        measure_tickers(p);
        measure_bytes(p);
        measure_pairs(&b, p);
        measure_fairness(&b, p);
    }
    (void)unlink(file);
    (void)rmdir(folder);
    return bench_end(&b);
}
