/* Every allocation of a fit that is looked for in a cache, made and kept fails once: either the caller hears of it, or
 * the fit is there and right, though perhaps not kept; nothing leaks. */
#include "harness/harness.h"

#include <quern/cache.h>
#include <quern/fit.h>
#include <quern/log.h>

#include <math.h>

enum {
    ROWS = 8,
    ROUNDS_MOST = 2000
};

static const double x[ROWS] = {0, 1, 2, 3, 4, 5, 6, 7}, y[ROWS] = {5.1, 3.2, 2.3, 1.4, 1.2, 0.7, 0.6, 0.5};

typedef struct inputs {
    qn_model *model;
    qn_table *table;
} inputs;

static qn_status fit(bool *cached, const inputs *in, qn_cache *cache, const qn_allocator *allocator)
{
    static const double start[] = {4, 1};
    qn_error err;
    qn_fit_result *result;
    qn_fit_options o;
    qn_fit_options_init(&o, sizeof o);
    o.start = start;
    o.diagnostics = true;
    o.allocator = allocator;
    o.cache = cache;
    qn_status s = qn_fit_table(&result, in->model, in->table, &o, &err);
    if (s == QN_OK) {
        *cached = result->cached;
        assert_int_equal(result->status, QN_FIT_CONVERGED);
        assert_true(fabs(result->diagnostics->fitted[0] + result->diagnostics->residual[0] - y[0]) < 1e-12);
    }
    qn_fit_result_free(result);
    return s;
}

static qn_status open_cache(qn_cache **out, const qn_allocator *allocator)
{
    qn_error err;
    qn_cache_options o;
    qn_cache_options_init(&o, sizeof o);
    o.memory_bytes = 1 << 20;
    o.shards = 1;
    o.allocator = allocator;
    return qn_cache_open(out, &o, &err);
}

/* Makes and keeps, then finds: with one allocator for all, of which the n-th call fails. False: there are fewer. */
static bool fails_at(const inputs *in, int64_t n)
{
    test_allocator t;
    qn_error err;
    qn_cache *cache;
    bool cached = false;
    test_allocator_init(&t);
    t.fail_at = n;
    qn_status s = open_cache(&cache, &t.allocator);
    for (int round = 0; s == QN_OK && round < 2; round++)
        s = fit(&cached, in, cache, &t.allocator);
    assert_true(s == QN_OK || s == QN_NOMEM);
    assert_true(s != QN_OK || cached || t.allocations >= n); /* not found again: only where something had failed */
    assert_ok(qn_cache_close(cache, -1, &err), &err);
    assert_int_equal(t.live_bytes, 0);
    return t.allocations >= n;
}

static void every_allocation_of_a_kept_fit_may_fail(void **state)
{
    static const char *const names[] = {"x", "y"};
    const double *const columns[] = {x, y};
    qn_error err;
    inputs in;
    qn_model_options options;
    (void)state;
    qn_log_set((qn_log_level)(QN_LOG_WARN - 1), NULL); /* that a fit is not kept is no news here */
    qn_model_options_init(&options, sizeof options);
    options.columns = names;
    options.column_count = 2;
    assert_ok(qn_model_new(&in.model, "y = a*exp(-b*x)", -1, &options, &err), &err);
    assert_ok(qn_table_from_f64(&in.table, names, columns, 2, ROWS, NULL, &err), &err);
    int64_t n = 1;
    while (n < ROUNDS_MOST && fails_at(&in, n))
        n++;
    assert_true(n > 50 && n < ROUNDS_MOST);
    qn_table_free(in.table);
    qn_model_unref(in.model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_of_a_kept_fit_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
