/* Fits that cannot be had, or not as they were asked for: what is said of them. */
#include "harness/harness.h"

#include <quern/fit.h>

#include <math.h>
#include <string.h>

static const char *const names[] = {"x", "y", "s"};

static qn_fit_options defaults(void)
{
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    return options;
}

/* s: the rows' sigma; NULL: none. */
static qn_fit_result *fit(const char *formula, const double *x, const double *y, const double *s, int64_t n,
                          qn_fit_options options)
{
    qn_error err;
    qn_table *table;
    qn_model *model;
    qn_fit_result *result;
    const double *const columns[] = {x, y, s};
    qn_model_options names_of;
    qn_model_options_init(&names_of, sizeof names_of);
    names_of.columns = names;
    names_of.column_count = 2;
    options.sigma_column = s != NULL ? "s" : NULL;
    assert_ok(qn_model_new(&model, formula, -1, &names_of, &err), &err);
    assert_ok(qn_table_from_f64(&table, names, columns, s != NULL ? 3 : 2, n, NULL, &err), &err);
    assert_ok(qn_fit_table(&result, model, table, &options, &err), &err);
    qn_model_unref(model);
    qn_table_free(table);
    return result;
}

static bool warns_of(const qn_fit_result *result, const char *words)
{
    for (int64_t i = 0; i < result->warning_count; i++)
        if (strstr(result->warnings[i], words) != NULL)
            return true;
    return false;
}

/* A smooth pseudo-random number in [-1, 1] for a row. */
static double wobble(int i)
{
    double whole, part = modf(fabs(sin(i * 12.9898) * 43758.5453), &whole);
    return 2 * part - 1;
}

/* The straight line alone leaves 397.893 (NumPy, of centred times). */
static void a_cubic_of_seconds_since_1970_is_no_worse_than_its_line(void **state)
{
    (void)state;
    double x[100], y[100];
    for (int i = 0; i < 100; i++) {
        x[i] = 1600000000 + 60 * i;
        y[i] = 0.6 * i + 3 * sin(60 * i / 500.0);
    }
    qn_fit_result *line = fit("y = a + b*x", x, y, NULL, 100, defaults());
    qn_fit_result *cubic = fit("y = a + b*x + c*x^2 + d*x^3", x, y, NULL, 100, defaults());
    assert_close(line->rss, 397.893, 1e-5, 0);
    assert_true(cubic->rss <= line->rss * 1.001);
    qn_fit_result_free(line);
    qn_fit_result_free(cubic);
}

static void terms_that_cancel_beyond_all_digits_are_no_minimum_and_the_cure_is_named(void **state)
{
    (void)state;
    const char *sextic = "y = a + b*x + c*x^2 + d*x^3 + e*x^4 + f*x^5 + g*x^6";
    double x[101], y[101];
    for (int i = 0; i < 101; i++) {
        x[i] = 1000 + i / 10.0;
        y[i] = 3 * sin(x[i] - 1000) + 0.5 * wobble(i);
    }
    qn_fit_result *result = fit(sextic, x, y, NULL, 101, defaults());
    assert_int_equal(result->status, QN_FIT_STALLED);
    assert_non_null(strstr(result->message, "measure x from its middle"));
    assert_true(result->r_squared > 0.5); /* of no use as it is, but far better than a constant */
    qn_fit_result_free(result);
    for (int i = 0; i < 101; i++)
        x[i] -= 1005;
    result = fit(sextic, x, y, NULL, 101, defaults());
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    qn_fit_result_free(result);
}

/* All but one row pull where that one row, known to 12 or 14 digits, lets the parameters go. The least sum of squares
 * is had from a start at the parameters that the data were made with. */
static void a_narrow_valley_is_not_taken_for_its_minimum(void **state)
{
    (void)state;
    const double start[] = {3, 0.3, 1}, tiny[] = {1e-12, 1e-14};
    double x[20], y[20], s[20];
    for (int t = 0; t < 2; t++) {
        for (int i = 0; i < 20; i++) {
            x[i] = i;
            y[i] = 3 * exp(-0.3 * i) + 1 + 0.02 * wobble(i);
            s[i] = i == 7 ? tiny[t] : 1;
        }
        qn_fit_options options = defaults();
        qn_fit_result *blind = fit("y = a*exp(-k*x) + c", x, y, s, 20, options);
        options.start = start;
        qn_fit_result *near = fit("y = a*exp(-k*x) + c", x, y, s, 20, options);
        if (blind->status == QN_FIT_CONVERGED)
            assert_true(blind->rss <= 1.1 * near->rss);
        qn_fit_result_free(blind);
        qn_fit_result_free(near);
    }
}

static void a_loss_scale_far_below_the_residuals_is_warned_of(void **state)
{
    (void)state;
    static const qn_fit_loss losses[] = {QN_FIT_LOSS_SOFT_L1, QN_FIT_LOSS_HUBER, QN_FIT_LOSS_CAUCHY,
                                         QN_FIT_LOSS_ARCTAN};
    double x[30], y[30];
    for (int i = 0; i < 30; i++) {
        x[i] = i;
        y[i] = 2 * i + 1 + wobble(i);
    }
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        qn_fit_options options = defaults();
        options.loss = losses[i];
        options.loss_scale = 1e-9;
        qn_fit_result *result = fit("y = a*x + b", x, y, NULL, 30, options);
        assert_true(warns_of(result, "hardly looks at the data"));
        qn_fit_result_free(result);
        options.loss_scale = 0.5;
        result = fit("y = a*x + b", x, y, NULL, 30, options);
        assert_false(warns_of(result, "hardly looks at the data"));
        qn_fit_result_free(result);
    }
}

static void a_fit_that_a_constant_beats_says_so(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3, 4, 5}, y[] = {9, 8, 9.5, 8, 9};
    qn_fit_result *result = fit("y = a*x", x, y, NULL, 5, defaults());
    assert_true(result->r_squared < 0);
    assert_true(warns_of(result, "the best constant describes the data better"));
    qn_fit_result_free(result);
    result = fit("y = a*x + b", x, y, NULL, 5, defaults());
    assert_false(warns_of(result, "the best constant describes the data better"));
    qn_fit_result_free(result);
}

/* 0 / 0: there is nothing to explain. The weighted mean of 50 times 0.1 is not 0.1 in doubles. */
static void constant_data_have_no_r_squared(void **state)
{
    (void)state;
    double x[50], y[50], s[50];
    for (int k = 1; k < 20; k++) {
        for (int i = 0; i < 50; i++) {
            x[i] = i;
            y[i] = k / 10.0;
            s[i] = 1 + wobble(i) / 2;
        }
        qn_fit_result *result = fit("y = a*x + b", x, y, s, 50, defaults());
        assert_true(isnan(result->r_squared));
        assert_true(isnan(result->adjusted_r_squared));
        qn_fit_result_free(result);
    }
}

static void one_rounding_in_perfect_data_is_no_outlier(void **state)
{
    (void)state;
    double x[50], y[50];
    for (int i = 0; i < 50; i++)
        x[i] = y[i] = i + 1;
    y[30] = nextafter(y[30], 100);
    qn_fit_options options = defaults();
    options.diagnostics = true;
    qn_fit_result *result = fit("y = a*x", x, y, NULL, 50, options);
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    assert_int_equal(result->warning_count, 0);
    qn_fit_result_free(result);
}

static void a_row_that_is_off_by_countless_deviations_is_named_in_few_digits(void **state)
{
    (void)state;
    double x[30], y[30], s[30];
    for (int i = 0; i < 30; i++) {
        x[i] = i;
        y[i] = 2 * i + 1 + wobble(i);
        s[i] = 1e-100;
    }
    qn_fit_options options = defaults();
    options.diagnostics = true;
    options.absolute_sigma = true;
    qn_fit_result *result = fit("y = a*x + b", x, y, s, 30, options);
    assert_true(warns_of(result, "far from the model"));
    assert_true(warns_of(result, "e+"));
    qn_fit_result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cubic_of_seconds_since_1970_is_no_worse_than_its_line),
        cmocka_unit_test(terms_that_cancel_beyond_all_digits_are_no_minimum_and_the_cure_is_named),
        cmocka_unit_test(a_narrow_valley_is_not_taken_for_its_minimum),
        cmocka_unit_test(a_loss_scale_far_below_the_residuals_is_warned_of),
        cmocka_unit_test(a_fit_that_a_constant_beats_says_so),
        cmocka_unit_test(constant_data_have_no_r_squared),
        cmocka_unit_test(one_rounding_in_perfect_data_is_no_outlier),
        cmocka_unit_test(a_row_that_is_off_by_countless_deviations_is_named_in_few_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
