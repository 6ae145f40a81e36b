/* bench/dbasync.c: what do 10,000 small queries cost submitted, beside one at a time?
 *
 * A SELECT by key on a table of 10,000 rows, each answer a table of one row, on PostgreSQL over a Unix socket: run it
 * as scripts/postgres build/…/bench_dbasync. Sides:
 *  - submitted: by one thread to a pool, on 4 connections, which then takes the completions;
 *  - blocking: qn_db_query_table on one connection;
 *  - libpq: PQexecPrepared on one connection, with binary parameters and results, which are not even looked at.
 * The same, but for libpq, on SQLite, a file in the page cache. And what submitting itself costs its caller. */
#include "bench/common.h"

#include <quern/dbpool.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    COUNT = 10000,
    CONNECTIONS = 4
};

static const char by_key[] = "SELECT x FROM bench_async WHERE k = $1";

static void die(const char *what, const qn_error *err)
{
    (void)fprintf(stderr, "bench_dbasync: %s failed%s%s\n", what, err != NULL ? ": " : "",
                  err != NULL ? err->message : "");
    exit(1);
}

static void must(qn_status s, const char *what, const qn_error *err)
{
    if (s != QN_OK)
        die(what, err);
}

/* Not in order, and the same for all. */
static int64_t key_of(int64_t i)
{
    return (i * 7919) % COUNT;
}

typedef struct work {
    qn_dbpool *pool;
    qn_dbqueue *queue;
    qn_db *db;
    int64_t count;
    double sum;                         /* of what came: a check */
    double submit_seconds, all_seconds; /* of the caller's thread on its processor */
} work;

static void add(work *w, qn_table *table)
{
    if (table == NULL || qn_table_row_count(table) != 1)
        die("an answer of one row", NULL);
    w->sum += qn_table_f64(table, 0)[0];
    qn_table_free(table);
}

/* What this thread has cost, whatever else runs. */
static double thread_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void submitted(void *user)
{
    work *w = user;
    qn_error err;
    w->sum = 0;
    double begin = thread_seconds();
    for (int64_t i = 0; i < w->count; i++) {
        qn_value key = qn_value_i64(key_of(i));
        must(qn_dbpool_submit(w->pool, w->queue, by_key, &key, 1, NULL, &err), "submitting", &err);
    }
    w->submit_seconds = thread_seconds() - begin;
    qn_db_completion done = {.size = sizeof done};
    bool got;
    for (int64_t i = 0; i < w->count; i++) {
        must(qn_dbqueue_next(&got, &done, w->queue, -1, &err), "waiting", &err);
        must(done.status, "a query", &done.error);
        add(w, done.table);
    }
    w->all_seconds = thread_seconds() - begin;
}

static void blocking(void *user)
{
    work *w = user;
    qn_error err;
    w->sum = 0;
    for (int64_t i = 0; i < w->count; i++) {
        qn_value key = qn_value_i64(key_of(i));
        qn_table *table;
        must(qn_db_query_table(&table, w->db, by_key, &key, 1, &err), "a query", &err);
        add(w, table);
    }
}

static void fill(qn_db *db)
{
    qn_error err;
    static double keys[COUNT], xs[COUNT];
    const char *names[] = {"k", "x"};
    const double *columns[] = {keys, xs};
    qn_table *table;
    for (int i = 0; i < COUNT; i++) {
        keys[i] = i;
        xs[i] = i / 4.0;
    }
    must(qn_db_script(db,
                      "DROP TABLE IF EXISTS bench_async; DROP TABLE IF EXISTS bench_async_in; "
                      "CREATE TABLE bench_async_in (k DOUBLE PRECISION, x DOUBLE PRECISION); "
                      "CREATE TABLE bench_async (k BIGINT PRIMARY KEY, x DOUBLE PRECISION)",
                      &err),
         "making the table", &err);
    must(qn_table_from_f64(&table, names, columns, 2, COUNT, NULL, &err), "a table", &err);
    must(qn_db_insert(db, "bench_async_in", table, &err), "filling the table", &err);
    must(qn_db_script(db, "INSERT INTO bench_async SELECT CAST(k AS BIGINT), x FROM bench_async_in; ANALYZE", &err),
         "filling the table", &err);
    qn_table_free(table);
}

/* ---- libpq ---- */

typedef struct libpq {
    void *connection;
    void *(*connectdb)(const char *url);
    int (*status)(const void *connection);
    void *(*prepare)(void *connection, const char *name, const char *sql, int count, const unsigned *types);
    void *(*exec)(void *connection, const char *name, int count, const char *const *values, const int *lengths,
                  const int *formats, int binary);
    int (*result_status)(const void *result);
    void (*clear)(void *result);
    void (*finish)(void *connection);
    int64_t count;
} libpq;

static void *symbol(void *library, const char *name)
{
    void *at = dlsym(library, name);
    if (at == NULL)
        die(name, NULL);
    return at;
}

static bool open_libpq(libpq *pq, const char *url)
{
    void *library = dlopen("libpq.so.5", RTLD_NOW);
    if (library == NULL)
        return false;
    void *from[] = {symbol(library, "PQconnectdb"),    symbol(library, "PQstatus"),       symbol(library, "PQprepare"),
                    symbol(library, "PQexecPrepared"), symbol(library, "PQresultStatus"), symbol(library, "PQclear"),
                    symbol(library, "PQfinish")};
    memcpy(&pq->connectdb, &from[0], sizeof from[0]); /* ISO C knows no cast from an object to a function */
    memcpy(&pq->status, &from[1], sizeof from[0]);
    memcpy(&pq->prepare, &from[2], sizeof from[0]);
    memcpy(&pq->exec, &from[3], sizeof from[0]);
    memcpy(&pq->result_status, &from[4], sizeof from[0]);
    memcpy(&pq->clear, &from[5], sizeof from[0]);
    memcpy(&pq->finish, &from[6], sizeof from[0]);
    static const unsigned int8 = 20;
    pq->connection = pq->connectdb(url);
    if (pq->status(pq->connection) != 0)
        die("libpq's connection", NULL);
    pq->clear(pq->prepare(pq->connection, "q", by_key, 1, &int8));
    return true;
}

static void with_libpq(void *user)
{
    libpq *pq = user;
    static const int size = 8, binary = 1;
    for (int64_t i = 0; i < pq->count; i++) {
        uint64_t key = __builtin_bswap64((uint64_t)key_of(i));
        const char *value = (const char *)&key;
        void *result = pq->exec(pq->connection, "q", 1, &value, &size, &binary, 1);
        if (pq->result_status(result) != 2) /* PGRES_TUPLES_OK */
            die("a query of libpq's", NULL);
        pq->clear(result);
    }
}

/* ---- */

static void begin(work *w, const char *url, int64_t count)
{
    qn_dbpool_options options;
    qn_error err;
    qn_dbpool_options_init(&options, sizeof options);
    options.async_connections = CONNECTIONS;
    *w = (work){.count = count};
    must(qn_dbpool_new(&w->pool, url, &options, &err), "a pool", &err);
    must(qn_dbqueue_new(&w->queue, NULL, &err), "a queue", &err);
    must(qn_db_open(&w->db, url, NULL, &err), "connecting", &err);
    fill(w->db);
}

static void end(work *w)
{
    qn_error err;
    must(qn_db_script(w->db, "DROP TABLE bench_async; DROP TABLE bench_async_in", &err), "cleaning up", &err);
    qn_db_close(w->db);
    must(qn_dbpool_close(w->pool, -1, &err), "closing", &err);
    qn_dbqueue_free(w->queue);
}

static void check(const work *w, const char *side)
{
    double sum = 0;
    for (int64_t i = 0; i < w->count; i++)
        sum += (double)key_of(i) / 4.0;
    if (w->sum != sum)
        die(side, NULL);
}

static void compare(bench *b, work *w, const char *name)
{
    char title[64];
    (void)snprintf(title, sizeof title, "%s, submitted or not", name);
    (void)bench_compare(b, title, (bench_side){"quern, submitted", submitted, w},
                        (bench_side){"quern, blocking", blocking, w}, (double)w->count, "queries");
    submitted(w);
    check(w, "the sum of what came back, submitted,");
    printf("%-28s %.0f ns of the caller's thread a query; with its completion %.0f ns\n", "submitting",
           w->submit_seconds / (double)w->count * 1e9, w->all_seconds / (double)w->count * 1e9);
    blocking(w);
    check(w, "the sum of what came back, blocking,");
}

static void on_postgres(bench *b, const char *url, int64_t count)
{
    work w;
    libpq pq = {.count = count};
    begin(&w, url, count);
    compare(b, &w, "PostgreSQL");
    if (open_libpq(&pq, url)) {
        (void)bench_compare(b, "PostgreSQL, and libpq itself", (bench_side){"quern, submitted", submitted, &w},
                            (bench_side){"libpq, blocking", with_libpq, &pq}, (double)count, "queries");
        pq.finish(pq.connection);
    } else {
        bench_no_peer("libpq", "libpq5");
    }
    end(&w);
}

static void on_sqlite(bench *b, int64_t count)
{
    char folder[] = "/tmp/bench_dbasync.XXXXXX", url[80], path[64];
    work w;
    if (mkdtemp(folder) == NULL)
        die("a temporary folder", NULL);
    (void)snprintf(path, sizeof path, "%s/b.db", folder);
    (void)snprintf(url, sizeof url, "sqlite:%s", path);
    begin(&w, url, count);
    compare(b, &w, "SQLite");
    end(&w);
    (void)unlink(path);
    (void)rmdir(folder);
}

int main(int argc, char **argv)
{
    bench b;
    bench_begin(&b, "dbasync", argc, argv);
    int64_t count = b.quick ? 500 : COUNT;
    const char *url = getenv("QUERN_TEST_POSTGRES");
    if (url != NULL && qn_has("postgres"))
        on_postgres(&b, url, count);
    else
        bench_no_peer("PostgreSQL (start this by scripts/postgres)", "postgresql-15");
    if (qn_has("sqlite"))
        on_sqlite(&b, count);
    return bench_end(&b);
}
