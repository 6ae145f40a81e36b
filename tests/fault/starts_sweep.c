/* Every allocation of a search for a start fails once: nothing leaks, and the caller hears of it. */
#include "harness/harness.h"

#include <quern/fit.h>

#include <math.h>

enum {
    ROWS = 3000
};

typedef struct inputs {
    const qn_table *table;
    const qn_model *model;
} inputs;

static qn_status fit_without_start(const qn_allocator *allocator, void *user)
{
    const inputs *in = user;
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.allocator = allocator;
    options.starts = 2;
    qn_fit_result *result;
    qn_error err;
    qn_status status = qn_fit_table(&result, in->model, in->table, &options, &err);
    if (status == QN_OK)
        assert_int_equal(result->loop_allocations, 0);
    else
        assert_null(result);
    qn_fit_result_free(result);
    return status;
}

/* Enough rows for a sample; shapes with and without quantities, and none. */
static void a_search_survives_every_failed_allocation(void **state)
{
    (void)state;
    static double x[ROWS], y[ROWS];
    const char *const names[] = {"x", "y"};
    const double *const columns[] = {x, y};
    const char *const formulas[] = {"y = a + b*x", "y = c + a*exp(-b*x)", "y = a*atan(b*x)"};
    for (int i = 0; i < ROWS; i++) {
        x[i] = i;
        y[i] = 1 + 2 * exp(-i / 500.0);
    }
    qn_error err;
    qn_table *table;
    assert_ok(qn_table_from_f64(&table, names, columns, 2, ROWS, NULL, &err), &err);
    for (size_t i = 0; i < sizeof formulas / sizeof *formulas; i++) {
        qn_model *model;
        qn_model_options options;
        qn_model_options_init(&options, sizeof options);
        options.columns = names;
        options.column_count = 2;
        assert_ok(qn_model_new(&model, formulas[i], -1, &options, &err), &err);
        inputs in = {.table = table, .model = model};
        assert_true(test_fault_sweep(fit_without_start, &in, 1000) > 20);
        qn_model_unref(model);
    }
    qn_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_search_survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
