/* Every allocation of a fit fails once, with every kind of option and with most of them together: nothing leaks, and
 * the caller hears of it. */
#include "harness/harness.h"

#include <quern/fit.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char csv_text[] = "x,y,s,n,use\n0,5.1,0.1,1,1\n0.5,3.97,0.2,2,1\n1,3.24,0.1,1,1\n1.5,2.31,0.2,2,1\n"
                               "2,,0.1,3,1\n2.5,1.61,0.1,1,1\n3,1.24,0.2,2,1\n3.5,1.12,0.1,1,0\n4,0.97,0.1,1,1\n"
                               "5,0.71,0.2,2,1\n6,0.64,0.1,3,1\n8,0.49,0.2,1,1\n";

enum {
    ROWS = 12
};

static const double start_[] = {4, 1, NAN}, fixed[] = {NAN, NAN, 0.3}, lower[] = {0, 0.65, -5}, upper[] = {9, 3, 5},
                    tight[] = {NAN, NAN, NAN}, sigma[ROWS] = {1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2};
static const char *const ties[] = {"c = a/10 + b"};

typedef struct inputs {
    const qn_model *model;
    const qn_table *table;
    double covariance[ROWS * ROWS];
    void (*set)(struct inputs *in, qn_fit_options *o);

} inputs;

static void base(inputs *in, qn_fit_options *o)
{
    (void)in;
    o->start = start_;
    o->where = "use && n < 10";
    o->nan = QN_FIT_NAN_OMIT;
}

static void with_ties(inputs *in, qn_fit_options *o)
{
    base(in, o);
    o->ties = ties;
    o->tie_count = 1;
    o->sigma_column = "n"; /* of whole numbers */
    o->diagnostics = true;
    o->loss = QN_FIT_LOSS_SOFT_L1;
}

static void with_covariance(inputs *in, qn_fit_options *o)
{
    base(in, o);
    o->fixed = fixed;
    o->covariance = in->covariance;
    o->absolute_sigma = true;
    o->method = QN_FIT_LM;
    o->diagnostics = true;
}

static void with_bounds(inputs *in, qn_fit_options *o)
{
    base(in, o);
    o->lower = lower;
    o->upper = upper;
    o->sigma = sigma;
    o->method = QN_FIT_DOGBOX;
    o->diagnostics = true;
}

static void with_profile(inputs *in, qn_fit_options *o)
{
    base(in, o);
    o->profile = true;
    o->ties = ties;
    o->tie_count = 1;
    o->sigma_column = "s";
}

static void with_starts(inputs *in, qn_fit_options *o)
{
    base(in, o);
    o->start = tight;
    o->starts = 3;
}

static void without_start(inputs *in, qn_fit_options *o)
{
    base(in, o);
    o->start = NULL;
}

static void too_few_evaluations(inputs *in, qn_fit_options *o)
{
    base(in, o);
    o->max_evals = 2;
    o->profile = true;
    o->diagnostics = true;
}

static qn_status fit_table(const qn_allocator *allocator, void *user)
{
    inputs *in = user;
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    in->set(in, &options);
    options.allocator = allocator;
    qn_fit_result *result = (qn_fit_result *)in;
    qn_error err;
    qn_status status = qn_fit_table(&result, in->model, in->table, &options, &err);
    if (status == QN_OK) {
        assert_int_equal(result->loop_allocations, 0);
        assert_int_equal(result->n, 10);
    } else {
        assert_null(result);
        assert_contains(err.message, "memory for ");
    }
    qn_fit_result_free(result);
    return status;
}

static void fits_of_tables_survive_every_failed_allocation_with_every_option(void **state)
{
    (void)state;
    static void (*const sets[])(inputs *, qn_fit_options *) = {
        base, with_ties, with_covariance, with_bounds, with_profile, with_starts, without_start, too_few_evaluations};
    const char *const columns[] = {"x", "y", "s", "n", "use"};
    qn_error err;
    qn_csv *csv;
    qn_table *table;
    qn_model *model;
    assert_ok(qn_csv_open_bytes(&csv, csv_text, (int64_t)strlen(csv_text), "data.csv", NULL, &err), &err);
    assert_ok(qn_csv_read(&table, csv, -1, &err), &err);
    qn_csv_close(csv);
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = 5;
    assert_ok(qn_model_new(&model, "y = a*exp(-b*x) + c", -1, &options, &err), &err);
    for (size_t k = 0; k < sizeof sets / sizeof *sets; k++) {
        inputs in = {.model = model, .table = table, .set = sets[k]};
        for (int i = 0; i < ROWS * ROWS; i++)
            in.covariance[i] = pow(0.5, abs(i / ROWS - i % ROWS));
        assert_true(test_fault_sweep(fit_table, &in, 5000) > 15);
    }
    qn_model_unref(model);
    qn_table_free(table);
}

/* What is refused leaves nothing behind either, whichever allocation fails before it comes to that. */
typedef struct refusal {
    inputs in;
    qn_status expected;
    qn_status got;
} refusal;

static qn_status refused(const qn_allocator *allocator, void *user)
{
    refusal *r = user;
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    r->in.set(&r->in, &options);
    options.allocator = allocator;
    qn_fit_result *result = NULL;
    r->got = qn_fit_table(&result, r->in.model, r->in.table, &options, NULL);
    assert_null(result);
    return r->got == r->expected ? QN_OK : r->got; /* what the sweep waits for */
}

static void circle(inputs *in, qn_fit_options *o)
{
    static const char *const circular[] = {"a = b", "b = c", "c = a"};
    base(in, o);
    o->ties = circular;
    o->tie_count = 3;
}

static void unknown_source(inputs *in, qn_fit_options *o)
{
    static const char *const unknown[] = {"a = b", "c = d"};
    base(in, o);
    o->ties = unknown;
    o->tie_count = 2;
}

static void unknown_condition(inputs *in, qn_fit_options *o)
{
    base(in, o);
    o->where = "use && m < 10";
}

static void singular(inputs *in, qn_fit_options *o)
{
    base(in, o);
    memset(in->covariance, 0, sizeof in->covariance);
    o->covariance = in->covariance;
}

static void refusals_leave_nothing_behind(void **state)
{
    (void)state;
    static const struct {
        void (*set)(inputs *, qn_fit_options *);
        qn_status expected;
    } cases[] = {{circle, QN_INVALID}, {unknown_source, QN_NAME}, {unknown_condition, QN_NAME}, {singular, QN_DATA}};
    const char *const columns[] = {"x", "y", "s", "n", "use"};
    qn_error err;
    qn_csv *csv;
    qn_table *table;
    qn_model *model;
    assert_ok(qn_csv_open_bytes(&csv, csv_text, (int64_t)strlen(csv_text), "data.csv", NULL, &err), &err);
    assert_ok(qn_csv_read(&table, csv, -1, &err), &err);
    qn_csv_close(csv);
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = 5;
    assert_ok(qn_model_new(&model, "y = a*exp(-b*x) + c", -1, &options, &err), &err);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        refusal r = {.in = {.model = model, .table = table, .set = cases[k].set}, .expected = cases[k].expected};
        assert_true(test_fault_sweep(refused, &r, 1000) > 3);
    }
    qn_model_unref(model);
    qn_table_free(table);
}

static bool eval(void *user, const double *x, double *r, double *jacobian)
{
    (void)user;
    for (int i = 0; i < 6; i++)
        r[i] = x[0] + x[1] * i - i * i;
    for (int i = 0; jacobian != NULL && i < 6; i++) {
        jacobian[i] = 1;
        jacobian[6 + i] = i;
    }
    return true;
}

static qn_status fit_function(const qn_allocator *allocator, void *user)
{
    const int *kind = user;
    static const double covariance[36] = {1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0,
                                          0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 6};
    static const char *const tie[] = {"p2 = p1 + 1"};
    qn_fit_problem problem = {.size = sizeof problem, .n = 6, .p = 2, .eval = eval};
    problem.derivatives = (qn_fit_derivatives)(*kind % 3);
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.allocator = allocator;
    options.covariance = *kind >= 3 ? covariance : NULL;
    options.ties = tie;
    options.tie_count = *kind >= 3;
    options.profile = *kind >= 3;
    options.diagnostics = true;
    qn_fit_result *result;
    qn_status status = qn_fit_solve(&result, &problem, &options, NULL);
    qn_fit_result_free(result);
    return status;
}

static void fits_of_functions_survive_every_failed_allocation_with_every_option(void **state)
{
    (void)state;
    for (int kind = 0; kind < 6; kind++)
        assert_true(test_fault_sweep(fit_function, &kind, 2000) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits_of_tables_survive_every_failed_allocation_with_every_option),
        cmocka_unit_test(refusals_leave_nothing_behind),
        cmocka_unit_test(fits_of_functions_survive_every_failed_allocation_with_every_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
