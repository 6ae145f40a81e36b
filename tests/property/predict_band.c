/* What holds for the bands of every fit: at the data they add up to the number of free parameters, and neither the
 * formula's way of writing the same curve nor the scale of a parameter changes them. */
#include "harness/harness.h"

#include <quern/predict.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    ROWS = 40
};

typedef struct data {
    double x[ROWS], y[ROWS], s[ROWS];
    qn_table *table;
} data;

static void make_data(data *d, uint64_t *seed)
{
    static const char *const names[] = {"x", "y", "s"};
    const double *const columns[] = {d->x, d->y, d->s};
    qn_error err;
    double level = 1 + 9 * test_random_unit(seed), rate = 0.2 + test_random_unit(seed);
    for (int i = 0; i < ROWS; i++) {
        double noise = test_random_unit(seed) + test_random_unit(seed) + test_random_unit(seed) - 1.5;
        d->x[i] = 6 * test_random_unit(seed);
        d->s[i] = 0.1 + test_random_unit(seed);
        d->y[i] = level * exp(-rate * d->x[i]) + 1 + d->s[i] * 0.1 * noise;
    }
    assert_ok(qn_table_from_f64(&d->table, names, columns, 3, ROWS, NULL, &err), &err);
}

/* Fits and predicts the data itself; NULL: the fit did not converge. */
static qn_prediction *band(const data *d, const char *formula, bool weighted, bool absolute, double *scale)
{
    static const char *const names[] = {"x", "y", "s"};
    qn_model *model;
    qn_fit_result *result;
    qn_prediction *prediction = NULL;
    qn_error err;
    qn_model_options compile;
    qn_fit_options fit;
    qn_predict_options options;
    qn_model_options_init(&compile, sizeof compile);
    compile.columns = names;
    compile.column_count = 3;
    assert_ok(qn_model_new(&model, formula, -1, &compile, &err), &err);
    qn_fit_options_init(&fit, sizeof fit);
    fit.sigma_column = weighted ? "s" : NULL;
    fit.absolute_sigma = absolute;
    assert_ok(qn_fit_table(&result, model, d->table, &fit, &err), &err);
    *scale = absolute ? 1 : result->residual_sd;
    qn_predict_options_init(&options, sizeof options);
    options.band = true;
    if (result->status == QN_FIT_CONVERGED)
        assert_ok(qn_predict(&prediction, model, result, d->table, &options, &err), &err);
    qn_fit_result_free(result);
    qn_model_unref(model);
    return prediction;
}

/* The trace of the hat matrix is the number of parameters. The covariance's rounding counts with the square of the
 * condition, here below 1e3. */
static void variances_at_the_data_add_up_to_the_parameters(void **state)
{
    (void)state;
    uint64_t seed = test_seed(4711);
    static const struct {
        const char *formula;
        int parameters;
    } cases[] = {{"y = a*exp(-b*x) + c", 3}, {"y = a + b*x", 2}, {"y = a + b*x + c*x^2 + d*x^3", 4}, {"y = a", 1}};
    int64_t effort = test_effort(40, 4000), seen = 0;
    for (int64_t k = 0; k < effort; k++) {
        data d;
        make_data(&d, &seed);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            bool weighted = k % 3 > 0, absolute = k % 3 == 2;
            double scale, sum = 0;
            qn_prediction *p = band(&d, cases[i].formula, weighted, absolute, &scale);
            for (int row = 0; p != NULL && row < ROWS; row++) {
                double sigma = scale * (weighted ? d.s[row] : 1);
                sum += p->stderr_[row] * p->stderr_[row] / sigma / sigma;
                assert_true(p->pi_high[row] - p->pi_low[row] > p->ci_high[row] - p->ci_low[row]);
            }
            if (p != NULL)
                assert_close(sum, cases[i].parameters, 1e-9, 0);
            seen += p != NULL;
            qn_prediction_free(p);
        }
        qn_table_free(d.table);
    }
    assert_true(seen > 3 * effort);
}

static void the_same_curve_written_otherwise_has_the_same_band(void **state)
{
    (void)state;
    uint64_t seed = test_seed(1905);
    static const char *const same[][2] = {{"y = a + b*x", "y = u + 1000*v*(x - 20)"},
                                          {"y = a*exp(-b*x) + c", "y = exp(u - x/v) + 1e6*w"},
                                          {"y = a + b*x + c*x^2", "y = u*(x - 3)^2 + v*(x - 1) - w"}};
    int64_t effort = test_effort(40, 4000), seen = 0;
    for (int64_t k = 0; k < effort; k++) {
        data d;
        make_data(&d, &seed);
        for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
            double scale;
            qn_prediction *a = band(&d, same[i][0], true, false, &scale),
                          *b = band(&d, same[i][1], true, false, &scale);
            /* Where two optima are reached that differ (a line that an exponential flattens into), there is nothing to
             * compare. */
            bool both = a != NULL && b != NULL && fabs(a->fitted[0] - b->fitted[0]) < 1e-6 * fabs(a->fitted[0]);
            for (int row = 0; both && row < ROWS; row++) {
                assert_close(b->fitted[row], a->fitted[row], 1e-5, 0);
                assert_close(b->stderr_[row], a->stderr_[row], 1e-5, 0); /* a curve's solutions agree to some 1e-7 */
                assert_close(b->pi_high[row], a->pi_high[row], 1e-5, 0);
            }
            seen += both;
            qn_prediction_free(a);
            qn_prediction_free(b);
        }
        qn_table_free(d.table);
    }
    assert_true(seen > 2 * effort);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variances_at_the_data_add_up_to_the_parameters),
        cmocka_unit_test(the_same_curve_written_otherwise_has_the_same_band),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
