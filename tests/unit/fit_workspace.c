/* Fits that take their memory from a workspace: the same bits as without, and memory that is asked for once. */
#include "harness/harness.h"

#include <quern/budget.h>
#include <quern/fit.h>

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stddef.h>
#include <string.h>

enum {
    ROWS = 100
};

typedef struct decay {
    double x[ROWS], y[ROWS];
} decay;

static decay make_decay(double rate)
{
    decay d;
    uint64_t random = 7;
    for (int i = 0; i < ROWS; i++) {
        d.x[i] = 0.1 * i;
        d.y[i] = 2.5 * exp(-rate * d.x[i]) + 0.4 + 0.05 * (test_random_unit(&random) - 0.5);
    }
    return d;
}

static bool residuals(void *user, const double *p, double *r, double *jacobian)
{
    const decay *d = user;
    for (int i = 0; i < ROWS; i++) {
        double e = exp(-p[1] * d->x[i]);
        r[i] = p[0] * e + p[2] - d->y[i];
        if (jacobian != NULL) {
            jacobian[i] = e;
            jacobian[ROWS + i] = -p[0] * d->x[i] * e;
            jacobian[2 * ROWS + i] = 1;
        }
    }
    return true;
}

static const double start[] = {1, 0.2, 0};

static qn_fit_options options_with(const qn_allocator *allocator, qn_workspace *workspace)
{
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.start = start;
    options.allocator = allocator;
    options.workspace = workspace;
    return options;
}

static qn_fit_result *fit_function(decay *d, const qn_allocator *allocator, qn_workspace *workspace)
{
    const qn_fit_problem problem = {.size = sizeof problem, .n = ROWS, .p = 3, .eval = residuals, .user = d};
    qn_fit_options options = options_with(allocator, workspace);
    qn_fit_result *result;
    qn_error err;
    assert_ok(qn_fit_solve(&result, &problem, &options, &err), &err);
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    assert_int_equal(result->loop_allocations, 0);
    return result;
}

typedef struct formula {
    decay data;
    qn_table *table;
    qn_model *model;
} formula;

/* x is a column of whole numbers, which a fit converts. */
static void make_formula(formula *f)
{
    static char text[ROWS * 64];
    f->data = make_decay(0.7);
    size_t used = (size_t)snprintf(text, sizeof text, "step,y\n");
    for (int i = 0; i < ROWS; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%d,%.17g\n", i, f->data.y[i]);
    const char *const columns[] = {"step", "y"};
    qn_error err;
    qn_csv *csv;
    assert_ok(qn_csv_open_bytes(&csv, text, (int64_t)used, "data.csv", NULL, &err), &err);
    assert_ok(qn_csv_read(&f->table, csv, -1, &err), &err);
    qn_csv_close(csv);
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = 2;
    assert_ok(qn_model_new(&f->model, "y = a*exp(-k*step/10) + c", -1, &options, &err), &err);
}

static qn_fit_result *fit_formula(const formula *f, const qn_allocator *allocator, qn_workspace *workspace)
{
    qn_fit_options options = options_with(allocator, workspace);
    qn_fit_result *result;
    qn_error err;
    assert_ok(qn_fit_table(&result, f->model, f->table, &options, &err), &err);
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    assert_int_equal(result->loop_allocations, 0);
    return result;
}

static void assert_same(const qn_fit_result *a, const qn_fit_result *b)
{
    assert_int_equal(a->p, b->p);
    assert_int_equal(a->evaluations, b->evaluations);
    assert_memory_equal(&a->rss, &b->rss, sizeof a->rss);
    assert_memory_equal(a->covariance, b->covariance, (size_t)(a->p * a->p) * sizeof *a->covariance);
    for (int64_t j = 0; j < a->p; j++)
        assert_memory_equal(&a->parameters[j].value, &b->parameters[j].value, sizeof(double));
}

static void a_thousand_fits_ask_for_memory_as_often_as_one(void **state)
{
    (void)state;
    test_allocator memory, results;
    test_allocator_init(&memory);
    test_allocator_init(&results);
    formula f;
    make_formula(&f);
    qn_workspace *w;
    qn_error err;
    assert_ok(qn_workspace_new(&w, NULL, &memory.allocator, &err), &err);
    qn_fit_result *plain = fit_function(&f.data, NULL, NULL), *plain_formula = fit_formula(&f, NULL, NULL);
    int64_t after_one = 0;
    for (int i = 0; i < 1000; i++) {
        qn_fit_result *a = fit_function(&f.data, &results.allocator, w);
        qn_fit_result *b = fit_formula(&f, &results.allocator, w);
        if (i == 0)
            after_one = memory.allocations;
        assert_same(a, plain);
        assert_same(b, plain_formula);
        qn_fit_result_free(a);
        qn_fit_result_free(b);
    }
    assert_true(after_one > 0);
    assert_int_equal(memory.allocations, after_one);
    assert_int_equal(results.live_bytes, 0);
    qn_workspace_stats stats = {.size = sizeof stats};
    qn_workspace_get_stats(w, &stats);
    assert_true(stats.takes > 2 * 1000 * 3);
    assert_int_equal(stats.live, 0);
    assert_int_equal(stats.asked_bytes, 0);
    qn_workspace_free(w);
    assert_int_equal(memory.live_bytes, 0);
    qn_fit_result_free(plain);
    qn_fit_result_free(plain_formula);
    qn_model_unref(f.model);
    qn_table_free(f.table);
}

static void a_result_outlives_the_workspace(void **state)
{
    (void)state;
    decay d = make_decay(0.7);
    qn_workspace *w;
    qn_error err;
    assert_ok(qn_workspace_new(&w, NULL, NULL, &err), &err);
    qn_fit_result *result = fit_function(&d, NULL, w);
    qn_workspace_free(w);
    assert_close(result->parameters[1].value, 0.7, 0.05, 0);
    assert_true(isfinite(result->covariance[8]) && strlen(result->message) > 0);
    qn_fit_result_free(result);
}

static void without_a_workspace_all_comes_from_the_allocator(void **state)
{
    (void)state;
    decay d = make_decay(0.7);
    test_allocator own;
    test_allocator_init(&own);
    qn_workspace *w = qn_workspace_default();
    qn_workspace_stats before = {.size = sizeof before}, after = before;
    qn_workspace_get_stats(w, &before);
    qn_fit_result *result = fit_function(&d, &own.allocator, NULL);
    qn_workspace_get_stats(w, &after);
    assert_true(own.peak_bytes >
                (ROWS + 3 * ROWS + 4 * 256) * (int64_t)sizeof(double)); /* residuals, Jacobian, panel */
    assert_int_equal(after.takes, before.takes);
    qn_fit_result_free(result);
    assert_int_equal(own.live_bytes, 0);
    qn_workspace_set_default(NULL);
}

static void options_of_a_time_without_workspaces_still_serve(void **state)
{
    (void)state;
    decay d = make_decay(0.7);
    const qn_fit_problem problem = {.size = sizeof problem, .n = ROWS, .p = 3, .eval = residuals, .user = &d};
    qn_fit_options options = options_with(NULL, (qn_workspace *)&d); /* whatever stands behind the end of theirs */
    options.size = offsetof(qn_fit_options, workspace);
    qn_fit_result *result;
    qn_error err;
    assert_ok(qn_fit_solve(&result, &problem, &options, &err), &err);
    qn_fit_result_free(result);
}

static void a_budget_without_room_is_named(void **state)
{
    (void)state;
    decay d = make_decay(0.7);
    const qn_fit_problem problem = {.size = sizeof problem, .n = ROWS, .p = 3, .eval = residuals, .user = &d};
    qn_error err;
    qn_budget *budget;
    qn_workspace *w;
    qn_budget_options limits;
    qn_budget_options_init(&limits, sizeof limits);
    limits.limit = 20000;
    assert_ok(qn_budget_new(&budget, NULL, "fits", &limits, &err), &err);
    assert_ok(qn_workspace_new(&w, NULL, qn_budget_allocator(budget), &err), &err);
    qn_fit_options options = options_with(NULL, w);
    qn_fit_result *result = (qn_fit_result *)&d;
    assert_int_equal(qn_fit_solve(&result, &problem, &options, &err), QN_BUDGET);
    assert_null(result);
    assert_contains(err.message, "no memory for ");
    assert_contains(err.message, "fits");
    qn_workspace_free(w);
    qn_budget_free(budget);
}

static void a_budget_without_room_for_a_table_is_named(void **state)
{
    (void)state;
    formula f;
    make_formula(&f);
    qn_error err;
    qn_budget *budget;
    qn_budget_options limits;
    qn_budget_options_init(&limits, sizeof limits);
    limits.limit = 100;
    assert_ok(qn_budget_new(&budget, NULL, "fits", &limits, &err), &err);
    qn_fit_options options = options_with(qn_budget_allocator(budget), NULL);
    qn_fit_result *result;
    assert_int_equal(qn_fit_table(&result, f.model, f.table, &options, &err), QN_BUDGET);
    assert_null(result);
    assert_contains(err.message, "rows of data");
    assert_contains(err.message, "fits");
    qn_budget_free(budget);
    qn_model_unref(f.model);
    qn_table_free(f.table);
}

typedef struct fitter {
    qn_workspace *workspace;
    decay data;
    qn_fit_result *expected;
} fitter;

static void *fits_often(void *user)
{
    fitter *f = user;
    for (int i = 0; i < 200; i++) {
        qn_fit_result *result = fit_function(&f->data, NULL, f->workspace);
        assert_same(result, f->expected);
        qn_fit_result_free(result);
    }
    return NULL;
}

static void fits_in_many_threads_share_a_workspace(void **state)
{
    (void)state;
    enum {
        THREADS = 6
    };
    pthread_t threads[THREADS];
    fitter fitters[THREADS];
    qn_workspace *w;
    qn_error err;
    assert_ok(qn_workspace_new(&w, NULL, NULL, &err), &err);
    for (int i = 0; i < THREADS; i++) {
        fitters[i] = (fitter){.workspace = w, .data = make_decay(0.5 + 0.1 * i)};
        fitters[i].expected = fit_function(&fitters[i].data, NULL, NULL);
        assert_int_equal(pthread_create(&threads[i], NULL, fits_often, &fitters[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        qn_fit_result_free(fitters[i].expected);
    }
    qn_workspace_stats stats = {.size = sizeof stats};
    qn_workspace_get_stats(w, &stats);
    assert_int_equal(stats.live, 0);
    assert_int_equal(stats.asked_bytes, 0);
    assert_true(stats.hits > stats.takes - 100);
    qn_workspace_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_fits_ask_for_memory_as_often_as_one),
        cmocka_unit_test(a_result_outlives_the_workspace),
        cmocka_unit_test(without_a_workspace_all_comes_from_the_allocator),
        cmocka_unit_test(options_of_a_time_without_workspaces_still_serve),
        cmocka_unit_test(a_budget_without_room_is_named),
        cmocka_unit_test(a_budget_without_room_for_a_table_is_named),
        cmocka_unit_test(fits_in_many_threads_share_a_workspace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
