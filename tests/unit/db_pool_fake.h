/* Connections that nobody is at the other end of, and a clock whose hands the test holds: for tests of pools of
 * connections. A fake counts what happens to it and knows who holds it. */
#ifndef QUERN_TEST_DB_POOL_FAKE_H
#define QUERN_TEST_DB_POOL_FAKE_H

#include "harness/harness.h"

#include "store/pool_int.h"

#include <string.h>

typedef struct fake_source {
    /* Relaxed all of them: the test joins its threads before it reads them, or controls the only one. */
    _Atomic int64_t opened, closed, live, peak, pings, rollbacks, commits;
    _Atomic int64_t failing_opens; /* so many of the next ones fail; < 0: all */
    _Atomic bool pings_fail, rollbacks_fail;
    void (*on_open)(void *user); /* NULL: nothing */
    void *user;
} fake_source;

typedef struct fake_db {
    qn_db base;
    fake_source *source;
    int64_t number; /* 0: the first that was opened */
    bool in_transaction;
    _Atomic int32_t holder; /* 0: nobody; for tests with threads */
    int32_t mark;           /* not atomic: the thread sanitizer sees two that hold it at once */
} fake_db;

static inline fake_db *fake_of(qn_db *db)
{
    return (fake_db *)db; /* its first member */
}

static inline void fake_add(_Atomic int64_t *counter, int64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static inline int64_t fake_get(const _Atomic int64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static inline void fake_close(qn_db *db)
{
    fake_db *fake = fake_of(db);
    assert_int_equal(atomic_load(&fake->holder), 0);
    fake_add(&fake->source->closed, 1);
    fake_add(&fake->source->live, -1);
    qni_delete(db->allocator, fake);
}

static inline bool fake_in_transaction(const qn_db *db)
{
    return ((const fake_db *)db)->in_transaction;
}

static inline qn_status fake_control(qn_db *db, const char *sql, qn_error *err)
{
    fake_db *fake = fake_of(db);
    if (strcmp(sql, "ROLLBACK") == 0 && atomic_load(&fake->source->rollbacks_fail))
        return qni_error(err, QN_IO, "the fake cannot roll back");
    fake->in_transaction = strcmp(sql, "BEGIN") == 0;
    fake_add(&fake->source->rollbacks, strcmp(sql, "ROLLBACK") == 0);
    fake_add(&fake->source->commits, strcmp(sql, "COMMIT") == 0);
    return QN_OK;
}

static inline qn_status fake_ping(qn_db *db, qn_error *err)
{
    fake_db *fake = fake_of(db);
    fake_add(&fake->source->pings, 1);
    if (!atomic_load(&fake->source->pings_fail))
        return QN_OK;
    db->broken = true;
    return qni_error(err, QN_CLOSED, "the fake is dead");
}

/* Statements without parameters, of one column and rows without end. */
static inline qn_status fake_prepare(qni_statement **out, qn_db *db, const char *sql, const qn_value *params,
                                     int64_t param_count, qn_error *err)
{
    (void)sql, (void)params, (void)param_count;
    *out = qni_new(db->allocator, qni_statement);
    return *out != NULL ? QN_OK : qni_refused(err, db->allocator, (int64_t)sizeof **out, "a fake statement");
}

static inline void fake_finalize(qni_statement *statement)
{
    qni_delete(statement->db->allocator, statement);
}

static inline int64_t fake_none(const qni_statement *statement)
{
    (void)statement;
    return 0;
}

static inline int64_t fake_one(const qni_statement *statement)
{
    (void)statement;
    return 1;
}

static inline const char *fake_name(const qni_statement *statement, int64_t column)
{
    (void)statement, (void)column;
    return "x";
}

static inline qn_value_type fake_type(const qni_statement *statement, int64_t column)
{
    (void)statement, (void)column;
    return QN_VALUE_I64;
}

static inline qn_status fake_start(qni_statement *statement, const qn_value *params, int64_t param_count, qn_error *err)
{
    (void)statement, (void)params, (void)param_count, (void)err;
    return QN_OK;
}

static inline qn_status fake_step(bool *more, qni_statement *statement, qn_error *err)
{
    (void)statement, (void)err;
    *more = true;
    return QN_OK;
}

static inline void fake_reset(qni_statement *statement)
{
    (void)statement;
}

static const qni_driver fake_driver = {
    .name = "fake",
    .begin = {"BEGIN", "BEGIN"},
    .commit = "COMMIT",
    .rollback = "ROLLBACK",
    .close = fake_close,
    .prepare = fake_prepare,
    .finalize = fake_finalize,
    .param_count = fake_none,
    .start = fake_start,
    .column_count = fake_one,
    .column_name = fake_name,
    .column_type = fake_type,
    .step = fake_step,
    .reset = fake_reset,
    .control = fake_control,
    .in_transaction = fake_in_transaction,
    .ping = fake_ping,
};

static inline bool fake_open_fails(fake_source *source)
{
    int64_t left = fake_get(&source->failing_opens);
    while (left > 0 && !atomic_compare_exchange_weak(&source->failing_opens, &left, left - 1))
        ;
    return left != 0;
}

static inline qn_status fake_open(void *user, qn_db **out, const char *url, const qn_db_options *options, qn_error *err)
{
    fake_source *source = user;
    (void)url;
    *out = NULL;
    if (source->on_open != NULL)
        source->on_open(source->user);
    if (fake_open_fails(source))
        return qni_error(err, QN_UNAVAILABLE, "the fake server does not answer");
    fake_db *fake = qni_new(options->allocator, fake_db);
    char *shown = qni_copy_string(options->allocator, "fake:", -1);
    if (fake == NULL || shown == NULL) {
        qni_delete(options->allocator, fake);
        if (shown != NULL)
            qni_free(options->allocator, shown, sizeof "fake:", 1);
        return qni_refused(err, options->allocator, (int64_t)sizeof *fake, "a fake connection");
    }
    fake->base = (qn_db){.driver = &fake_driver, .allocator = options->allocator, .shown = shown};
    fake->base.options.statement_count = 4;
    fake->source = source;
    fake->number = atomic_fetch_add(&source->opened, 1);
    int64_t live = atomic_fetch_add(&source->live, 1) + 1, peak = fake_get(&source->peak);
    while (peak < live && !atomic_compare_exchange_weak(&source->peak, &peak, live))
        ;
    *out = &fake->base;
    return QN_OK;
}

/* A clock that goes on by `step_ns` each time it is read, and may do something then. */
typedef struct fake_clock {
    _Atomic int64_t now_ns;
    int64_t step_ns;
    void (*on_read)(void *user);
    void *user;
} fake_clock;

static inline int64_t fake_now(void *user)
{
    fake_clock *clock = user;
    if (clock->on_read != NULL)
        clock->on_read(clock->user);
    return atomic_fetch_add(&clock->now_ns, clock->step_ns);
}

#define FAKE_SECOND INT64_C(1000000000)

static inline void fake_pass(fake_clock *clock, int64_t seconds)
{
    fake_add(&clock->now_ns, seconds * FAKE_SECOND);
}

/* A pool of fakes: on `clock`, or NULL: the machine's. */
static inline qn_dbpool *fake_pool(fake_source *source, fake_clock *clock, qn_dbpool_options options)
{
    qn_dbpool *pool;
    qn_error err;
    qni_clock hands = clock != NULL ? (qni_clock){fake_now, clock} : qni_clock_real();
    options.size = sizeof options;
    assert_ok(qni_dbpool_new_with(&pool, "sqlite:fake", &options, hands, (qni_dbpool_opener){fake_open, source}, &err),
              &err);
    return pool;
}

static inline qn_db *fake_take(qn_dbpool *pool, const char *who)
{
    qn_db *db;
    qn_error err;
    assert_ok(qn_dbpool_take(&db, pool, who, &err), &err);
    return db;
}

static inline qn_dbpool_stats fake_stats(qn_dbpool *pool)
{
    qn_dbpool_stats stats = {.size = sizeof stats};
    qn_dbpool_get_stats(pool, &stats);
    assert_int_equal(stats.open, stats.idle + stats.out);
    return stats;
}

#endif
