/* Submitted queries with every allocation failing in turn: what was submitted still has one completion, good or
 * QN_NOMEM, and nothing is left behind. Threads allocate at the same time, so which call a failure meets varies; what
 * must hold does not. */
#include "harness/harness.h"

#include "base/lock.h"

#include <quern/dbpool.h>

#include <stdio.h>
#include <stdlib.h>

/* The counting allocator, for several threads. */
typedef struct shared {
    qn_allocator allocator;
    test_allocator counts;
    qni_lock lock;
} shared;

static void *resize_locked(void *user, void *block, int64_t old_size, int64_t new_size)
{
    shared *s = user;
    qni_lock_take(&s->lock, NULL);
    const qn_allocator *a = &s->counts.allocator;
    void *fresh = a->resize(a->user, block, old_size, new_size);
    qni_lock_give(&s->lock);
    return fresh;
}

typedef struct round_result {
    bool failed; /* anything, for want of memory */
    int64_t completions, submitted;
} round_result;

static void note(round_result *r, qn_status s)
{
    assert_true(s == QN_OK || s == QN_NOMEM);
    r->failed |= s == QN_NOMEM;
}

static void submit_and_take(round_result *r, qn_dbpool *pool, qn_dbqueue *queue)
{
    static const char *const texts[] = {"SELECT CAST($1 AS BIGINT) AS x, 'text' AS t",
                                        "CREATE TABLE IF NOT EXISTS sweep_async (x BIGINT)",
                                        "SELECT 1.5 AS f WHERE CAST($1 AS BIGINT) > 5"};
    enum {
        COUNT = 3
    };
    int seen[COUNT] = {0};
    for (int i = 0; i < COUNT; i++) {
        qn_value value = qn_value_i64(i);
        qn_error err = qn_error_none();
        qn_status s = qn_dbpool_submit(pool, queue, texts[i], &value, i != 1, &seen[i], &err);
        note(r, s);
        r->submitted += s == QN_OK;
        seen[i] = s == QN_OK ? 0 : 1;
    }
    while (qn_dbqueue_pending(queue) > 0) {
        qn_db_completion done = {.size = sizeof done};
        bool got;
        assert_int_equal(qn_dbqueue_next(&got, &done, queue, -1, NULL), QN_OK);
        assert_true(got);
        if (done.status != QN_OK && done.status != QN_NOMEM)
            fail_msg("%s: %s", qn_status_name(done.status), done.error.message);
        note(r, done.status);
        assert_true(done.status == QN_OK || done.table == NULL);
        r->completions++;
        ++*(int *)done.tag;
        qn_table_free(done.table);
    }
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(seen[i], 1);
    assert_int_equal(r->completions, r->submitted);
}

static round_result one_round(const qn_allocator *allocator, const char *url)
{
    round_result r = {.failed = false};
    qn_dbpool_options options;
    qn_dbqueue_options queue_options;
    qn_dbpool *pool;
    qn_dbqueue *queue;
    qn_dbpool_options_init(&options, sizeof options);
    qn_dbqueue_options_init(&queue_options, sizeof queue_options);
    options.allocator = allocator;
    options.async_connections = 1;
    queue_options.allocator = allocator;
    note(&r, qn_dbpool_new(&pool, url, &options, NULL));
    note(&r, qn_dbqueue_new(&queue, &queue_options, NULL));
    assert_true(r.failed || (pool != NULL && queue != NULL));
    if (pool != NULL && queue != NULL)
        submit_and_take(&r, pool, queue);
    qn_dbqueue_free(queue);
    assert_int_equal(qn_dbpool_close(pool, -1, NULL), QN_OK);
    return r;
}

static void sweep(const char *url)
{
    for (int64_t n = 1;; n++) {
        shared s = {.allocator = {.resize = resize_locked, .user = &s}};
        test_allocator_init(&s.counts);
        s.counts.fail_at = n;
        round_result r = one_round(&s.allocator, url);
        assert_int_equal(s.counts.live_bytes, 0);
        assert_true(n < 1000);
        if (!r.failed && s.counts.allocations < n) {
            assert_true(n > 20);
            return;
        }
    }
}

static void every_submission_comes_back_on_a_database_in_memory(void **state)
{
    (void)state;
    if (!qn_has("sqlite"))
        skip();
    sweep("memory:");
}

static void every_submission_comes_back_on_postgresql(void **state)
{
    (void)state;
    const char *url = getenv("QUERN_TEST_POSTGRES");
    if (url == NULL || !qn_has("postgres")) {
        printf("SKIPPED: submitted queries on PostgreSQL\n");
        skip();
    }
    sweep(url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_submission_comes_back_on_a_database_in_memory),
        cmocka_unit_test(every_submission_comes_back_on_postgresql),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
