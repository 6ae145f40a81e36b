/* A workspace whose n-th allocation fails says so or does without, stays usable and gives everything back. */
#include "harness/harness.h"

#include <quern/fit.h>
#include <quern/workspace.h>

/* What is only bookkeeping (a magazine, a tally) may be missing without a word: unlike test_fault_sweep this accepts
 * that the call succeeds after a failure. Returns how many failures were told. */
static int64_t sweep(qn_status (*call)(const qn_allocator *allocator), int64_t limit)
{
    int64_t told = 0;
    for (int64_t n = 1; n <= limit; n++) {
        test_allocator t;
        test_allocator_init(&t);
        t.fail_at = n;
        qn_status status = call(&t.allocator);
        assert_int_equal(t.live_bytes, 0);
        assert_int_equal(t.live_blocks, 0);
        assert_true(status == QN_OK || status == QN_NOMEM);
        told += status == QN_NOMEM;
        if (t.allocations < n) {
            assert_int_equal(status, QN_OK);
            return told;
        }
    }
    fail_msg("the call still fails");
    return told;
}

static const int64_t shapes[][2] = {{3, 5}, {40, 50}, {200, 300}};

static qn_status take_all(qn_workspace *w)
{
    void *blocks[3] = {NULL};
    qn_status status = QN_OK;
    for (int i = 0; i < 3 && status == QN_OK; i++) {
        status = qn_workspace_take(&blocks[i], w, QN_DTYPE_F64, 2, shapes[i], NULL);
        assert_true((blocks[i] != NULL) == (status == QN_OK));
    }
    for (int i = 0; i < 3; i++)
        qn_workspace_give(w, blocks[i], QN_DTYPE_F64, 2, shapes[i]);
    return status;
}

static qn_status use_a_workspace(const qn_allocator *allocator)
{
    qn_workspace *w;
    qn_status status = qn_workspace_new(&w, NULL, allocator, NULL);
    if (status != QN_OK) {
        assert_null(w);
        return status;
    }
    if ((status = qn_workspace_plan(NULL, w, QN_DTYPE_F64, 2, shapes[1], 3, NULL)) == QN_OK)
        status = qn_workspace_reserve(w, NULL);
    if (status == QN_OK)
        status = take_all(w);
    qn_array array = {0};
    if (status == QN_OK)
        status = qn_workspace_take_array(&array, w, QN_DTYPE_F32, 2, shapes[2], NULL);
    qn_array_fini(&array);
    if (status == QN_NOMEM) /* only one allocation fails: the next time all is well */
        assert_int_equal(take_all(w), QN_OK);
    qn_workspace_stats stats = {.size = sizeof stats};
    qn_workspace_get_stats(w, &stats);
    assert_int_equal(stats.live, 0);
    assert_int_equal(stats.asked_bytes, 0);
    qn_workspace_free(w);
    return status;
}

static void a_workspace_survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(sweep(use_a_workspace, 1000) > 10);
}

static bool eval(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    for (int i = 0; i < 3; i++)
        r[i] = x[0] - i;
    for (int i = 0; jacobian != NULL && i < 3; i++)
        jacobian[i] = 1;
    return true;
}

static qn_status fit_twice(const qn_allocator *allocator)
{
    qn_workspace *w;
    qn_status status = qn_workspace_new(&w, NULL, allocator, NULL);
    const qn_fit_problem problem = {.size = sizeof problem, .n = 3, .p = 1, .eval = eval};
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.workspace = w;
    for (int i = 0; i < 2 && status == QN_OK; i++) {
        qn_fit_result *result;
        status = qn_fit_solve(&result, &problem, &options, NULL);
        assert_true((result != NULL) == (status == QN_OK));
        qn_fit_result_free(result);
    }
    qn_workspace_free(w);
    return status;
}

static void a_fit_with_a_workspace_survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(sweep(fit_twice, 1000) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_workspace_survives_every_failed_allocation),
        cmocka_unit_test(a_fit_with_a_workspace_survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
