/* Every allocation of a fit fails once: nothing leaks, and the caller hears of it. */
#include "harness/harness.h"

#include <quern/fit.h>

#include <string.h>

typedef struct inputs {
    const qn_model *model;
    const qn_table *table;
} inputs;

/* A missing start, a bound that is reached and a column to convert: every path that allocates. */
static qn_status fit_table(const qn_allocator *allocator, void *user)
{
    const inputs *in = user;
    const double begin[] = {2, __builtin_nan("")}, upper[] = {2.5, __builtin_inf()};
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.start = begin;
    options.upper = upper;
    options.allocator = allocator;
    qn_fit_result *result;
    qn_error err;
    qn_status status = qn_fit_table(&result, in->model, in->table, &options, &err);
    if (status == QN_OK) {
        assert_int_equal(result->warning_count, 1); /* at a bound */
        assert_int_equal(result->loop_allocations, 0);
    } else {
        assert_null(result);
    }
    qn_fit_result_free(result);
    return status;
}

static void a_fit_of_a_table_survives_every_failed_allocation(void **state)
{
    (void)state;
    const char text[] = "x,y\n1,3.1\n2,5.9\n3,9.2\n4,11.8\n";
    const char *const columns[] = {"x", "y"};
    qn_error err;
    qn_csv *csv;
    qn_table *table;
    qn_model *model;
    assert_ok(qn_csv_open_bytes(&csv, text, (int64_t)strlen(text), "data.csv", NULL, &err), &err);
    assert_ok(qn_csv_read(&table, csv, -1, &err), &err);
    qn_csv_close(csv);
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = 2;
    assert_ok(qn_model_new(&model, "y = a*x + b", -1, &options, &err), &err);
    inputs in = {.model = model, .table = table};
    assert_true(test_fault_sweep(fit_table, &in, 1000) > 10);
    qn_model_unref(model);
    qn_table_free(table);
}

/* Everything that a result can hold: a tie, weights, the rows, profiles, directions of an undetermined product, and
 * warnings of all that. */
static qn_status fit_all(const qn_allocator *allocator, void *user)
{
    const inputs *in = user;
    const char *const ties[] = {"d = 2*c"};
    const double nan = __builtin_nan(""), start[] = {1, 2, 1, nan};
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.start = start;
    options.ties = ties;
    options.tie_count = 1;
    options.sigma_column = "y";
    options.diagnostics = options.profile = true;
    options.allocator = allocator;
    qn_fit_result *result;
    qn_status status = qn_fit_table(&result, in->model, in->table, &options, NULL);
    if (status == QN_OK) {
        assert_int_equal(result->direction_count, 1);
        assert_true(result->profiled && result->diagnostics != NULL && result->warning_count > 0);
    }
    qn_fit_result_free(result);
    return status;
}

static void a_whole_result_survives_every_failed_allocation(void **state)
{
    (void)state;
    const char text[] = "x,y\n1,3.1\n2,5.9\n3,9.2\n4,11.8\n5,15.3\n6,17.9\n";
    const char *const columns[] = {"x", "y"};
    qn_error err;
    qn_csv *csv;
    inputs in;
    qn_table *table;
    qn_model *model;
    assert_ok(qn_csv_open_bytes(&csv, text, (int64_t)strlen(text), "data.csv", NULL, &err), &err);
    assert_ok(qn_csv_read(&table, csv, -1, &err), &err);
    qn_csv_close(csv);
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = 2;
    assert_ok(qn_model_new(&model, "y = a*b*x + c*d", -1, &options, &err), &err);
    in.model = model;
    in.table = table;
    assert_true(test_fault_sweep(fit_all, &in, 2000) > 40);
    qn_model_unref(model);
    qn_table_free(table);
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

static qn_status fit_function(const qn_allocator *allocator, void *user)
{
    (void)user;
    const qn_fit_problem problem = {.size = sizeof problem, .n = 3, .p = 1, .eval = eval};
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.allocator = allocator;
    qn_fit_result *result;
    qn_status status = qn_fit_solve(&result, &problem, &options, NULL);
    qn_fit_result_free(result);
    return status;
}

static void a_fit_of_a_function_survives_every_failed_allocation(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(fit_function, NULL, 1000) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fit_of_a_table_survives_every_failed_allocation),
        cmocka_unit_test(a_whole_result_survives_every_failed_allocation),
        cmocka_unit_test(a_fit_of_a_function_survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
