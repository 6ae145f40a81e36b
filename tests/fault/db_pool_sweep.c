/* Every allocation of making and using a pool of connections fails in turn: whoever asked has the error, nothing is
 * lost, the pool works on. */
#include "unit/db_pool_fake.h"

#include <quern/log.h>

static qn_status make(qn_dbpool **out, const qn_allocator *allocator, qn_metrics *metrics, const char *url,
                      fake_source *source, fake_clock *clock)
{
    qn_db_options db = {.size = sizeof db, .application = "a sweep", .password = "s3cret"};
    qn_dbpool_options options = {.size = sizeof options,
                                 .base_size = 1,
                                 .overflow = 1,
                                 .checkout_timeout_ms = -1,
                                 .db = &db,
                                 .metrics = metrics,
                                 .allocator = allocator};
    qn_status status = qni_dbpool_new_with(out, url, &options, (qni_clock){fake_now, clock},
                                           (qni_dbpool_opener){fake_open, source}, NULL);
    assert_true((*out != NULL) == (status == QN_OK));
    return status;
}

/* One connection breaks, one is too many, one idle for too long. */
static qn_status use(qn_dbpool *pool, fake_clock *clock)
{
    qn_db *a, *b;
    qn_status status = qn_dbpool_take(&a, pool, "a", NULL);
    if (status != QN_OK)
        return status;
    status = qn_dbpool_take(&b, pool, "b", NULL);
    if (status == QN_OK)
        status = qn_db_begin(b, QN_DB_WRITE, NULL);
    a->broken = true;
    qn_dbpool_give(pool, a);
    qn_dbpool_give(pool, b);
    fake_pass(clock, 1000);
    if (status == QN_OK && (status = qn_dbpool_take(&a, pool, "c", NULL)) == QN_OK)
        qn_dbpool_give(pool, a);
    return status;
}

static qn_status make_use_close(const qn_allocator *allocator, void *user)
{
    const char *url = user;
    fake_source source = {0};
    fake_clock clock = {0};
    qn_metrics *metrics = NULL;
    qn_dbpool *pool = NULL;
    qn_status status = qn_metrics_new(&metrics, 0, allocator, NULL);
    if (status == QN_OK)
        status = make(&pool, allocator, metrics, url, &source, &clock);
    if (status == QN_OK) {
        status = use(pool, &clock);
        /* Only one allocation fails: now everything succeeds. */
        if (status != QN_OK)
            assert_int_equal(use(pool, &clock), QN_OK);
        assert_int_equal(fake_stats(pool).out, 0);
        assert_int_equal(qn_dbpool_close(pool, 0, NULL), QN_OK);
    }
    assert_int_equal(source.live, 0);
    qn_metrics_free(metrics);
    return status;
}

static int log_nothing(void **state)
{
    (void)state;
    qn_log_set(QN_LOG_OFF, NULL);
    return 0;
}

static void every_failing_allocation_is_reported(void **state)
{
    (void)state;
    char file[] = "sqlite:fake", memory[] = "memory:";
    assert_true(test_fault_sweep(make_use_close, file, 200) > 10);
    assert_true(test_fault_sweep(make_use_close, memory, 200) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(every_failing_allocation_is_reported, log_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
