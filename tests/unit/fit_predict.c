/* Predictions from fits: R's and closed-form answers, what is said where there is none, and every complaint about data.
 */
#include "harness/harness.h"

#include <quern/predict.h>

#include <math.h>
#include <string.h>

static qn_model *compile(const char *formula, const qn_table *table)
{
    qn_error err;
    qn_model *model;
    const char *columns[16];
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = qn_table_column_count(table);
    for (int64_t c = 0; c < options.column_count; c++)
        columns[c] = qn_table_column_name(table, c);
    assert_ok(qn_model_new(&model, formula, -1, &options, &err), &err);
    return model;
}

static qn_table *read_csv(const char *text)
{
    qn_error err;
    qn_csv *csv;
    qn_table *table;
    assert_ok(qn_csv_open_bytes(&csv, text, (int64_t)strlen(text), "new.csv", NULL, &err), &err);
    assert_ok(qn_csv_read(&table, csv, -1, &err), &err);
    qn_csv_close(csv);
    return table;
}

/* A fit and its model. */
typedef struct fitted {
    qn_model *model;
    qn_fit_result *result;
} fitted;

static fitted fit(const char *formula, const char *csv, const qn_fit_options *options)
{
    fitted f;
    qn_error err;
    qn_table *table = read_csv(csv);
    f.model = compile(formula, table);
    assert_ok(qn_fit_table(&f.result, f.model, table, options, &err), &err);
    qn_table_free(table);
    return f;
}

static void forget(fitted f)
{
    qn_fit_result_free(f.result);
    qn_model_unref(f.model);
}

static qn_fit_options fit_options(void)
{
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    return options;
}

static qn_predict_options with_band(void)
{
    qn_predict_options options;
    qn_predict_options_init(&options, sizeof options);
    options.band = true;
    return options;
}

static qn_prediction *predict(fitted f, const char *csv, const qn_predict_options *options)
{
    qn_error err;
    qn_prediction *prediction;
    qn_table *table = read_csv(csv);
    assert_ok(qn_predict(&prediction, f.model, f.result, table, options, &err), &err);
    qn_table_free(table);
    return prediction;
}

static void refused(fitted f, const char *csv, const qn_predict_options *options, qn_status status,
                    const char *sentence)
{
    qn_error err;
    qn_prediction *prediction;
    qn_table *table = read_csv(csv);
    assert_int_equal(qn_predict(&prediction, f.model, f.result, table, options, &err), status);
    assert_null(prediction);
    assert_contains(err.message, sentence);
    qn_table_free(table);
}

/* Stopping distances of cars (Ezekiel 1930, Methods of Correlation Analysis; R's data set "cars"). */
static const char cars[] =
    "speed,dist\n4,2\n4,10\n7,4\n7,22\n8,16\n9,10\n10,18\n10,26\n10,34\n11,17\n11,28\n12,14\n12,20\n12,24\n12,28\n"
    "13,26\n13,34\n13,34\n13,46\n14,26\n14,36\n14,60\n14,80\n15,20\n15,26\n15,54\n16,32\n16,40\n17,32\n17,40\n17,50\n"
    "18,42\n18,56\n18,76\n18,84\n19,36\n19,46\n19,68\n20,32\n20,48\n20,52\n20,56\n20,64\n22,66\n23,54\n24,70\n24,92\n"
    "24,93\n24,120\n25,85\n";

/* R: predict(lm(dist ~ speed, cars), data.frame(speed = c(12, 19, 24)), interval = "confidence" and "prediction"), to
 * the digits that it prints. */
static void a_line_has_the_bands_of_r(void **state)
{
    (void)state;
    const double expected[3][5] = {{29.60981, 24.39514, 34.82448, -1.749529, 60.96915},
                                   {57.13667, 51.82913, 62.44421, 25.761756, 88.51159},
                                   {76.79872, 68.38765, 85.20978, 44.752478, 108.84495}};
    fitted f = fit("dist = a + b*speed", cars, NULL);
    qn_predict_options options = with_band();
    qn_prediction *p = predict(f, "speed\n12\n19\n24\n", &options);
    assert_int_equal(p->n, 3);
    assert_null(p->observed);
    assert_null(p->no_band);
    assert_null(p->no_interval);
    assert_close(p->confidence, 0.95, 0, 0);
    for (int i = 0; i < 3; i++) {
        assert_close(p->fitted[i], expected[i][0], 0, 5e-6);
        assert_close(p->ci_low[i], expected[i][1], 0, 5e-6);
        assert_close(p->ci_high[i], expected[i][2], 0, 5e-6);
        assert_close(p->pi_low[i], expected[i][3], 0, 5e-6);
        assert_close(p->pi_high[i], expected[i][4], 0, 5e-6);
    }
    qn_prediction_free(p);
    forget(f);
}

static const char misra1a[] = "x,y\n77.6,10.07\n114.9,14.73\n141.1,17.94\n190.8,23.93\n239.9,29.61\n289.0,35.18\n332.8,"
                              "40.02\n378.4,44.82\n434.8,50.76\n477.3,55.05\n536.8,61.01\n593.1,66.40\n689.1,75.47\n"
                              "760.0,81.78\n";

/* NIST's Misra1a. numpy, R the QR factor of J = [1 - exp(-b x), a x exp(-b x)] at scipy.optimize.least_squares's
 * solution: se = s norm(solve(R.T, g)), f -+ t.ppf(0.95, 12) se, f -+ t hypot(se, s). Its own digits end at about the
 * eighth, as its parameters do. */
static void a_curve_has_the_delta_methods_bands(void **state)
{
    (void)state;
    const double expected[3][6] = {{1.3109460576529177, 0.002543034273112547, 1.30641363931436, 1.3154784759914755,
                                    1.1293122467401002, 1.4925798685657352},
                                   {57.462543932236485, 0.03348321984971956, 57.402867206175266, 57.522220658297705,
                                    57.27141149102332, 57.65367637344965},
                                   {159.43008420792668, 0.6545121371249317, 158.26355537090757, 160.5966130449458,
                                    158.2495081510596, 160.61066026479378}};
    fitted f = fit("y = a*(1 - exp(-b*x))", misra1a, NULL);
    qn_predict_options options = with_band();
    options.confidence = 0.9;
    qn_prediction *p = predict(f, "x\n10\n500\n2000\n", &options);
    for (int i = 0; i < 3; i++) {
        assert_close(p->fitted[i], expected[i][0], 1e-8, 0);
        assert_close(p->stderr_[i], expected[i][1], 1e-7, 0);
        assert_close(p->ci_low[i], expected[i][2], 1e-8, 0);
        assert_close(p->ci_high[i], expected[i][3], 1e-8, 0);
        assert_close(p->pi_low[i], expected[i][4], 1e-8, 0);
        assert_close(p->pi_high[i], expected[i][5], 1e-8, 0);
    }
    qn_prediction_free(p);
    forget(f);
}

static void widths_grow_with_the_distance_from_the_data(void **state)
{
    (void)state;
    fitted f = fit("y = a*(1 - exp(-b*x))", misra1a, NULL);
    qn_predict_options options = with_band();
    qn_prediction *p = predict(f, "x\n400\n1000\n2000\n4000\n", &options);
    for (int i = 1; i < 4; i++) {
        assert_true(p->ci_high[i] - p->ci_low[i] > 1.5 * (p->ci_high[i - 1] - p->ci_low[i - 1]));
        assert_true(p->pi_high[i] - p->pi_low[i] > p->pi_high[i - 1] - p->pi_low[i - 1]);
        assert_true(p->pi_high[i] - p->pi_low[i] > p->ci_high[i] - p->ci_low[i]);
    }
    qn_prediction_free(p);
    forget(f);
}

static const char weighted[] = "x,y,s\n0,1,1\n1,1,2\n2,5,1\n3,7,2\n4,8,1\n5,12,2\n";

/* The line of SciPy's test suite with sigma, by the closed form in numpy: C = inv(X' W X), f -+ q se and q hypot(se,
 * scale sigma): q = stats.t.ppf(0.975, 4), scale the root of chi^2 / 4; or q = stats.norm.ppf(0.975) and 1. */
static void a_new_observations_own_sigma_makes_its_interval(void **state)
{
    (void)state;
    const double relative[2][4] = {{3.699685534591193, 0.37625050257332776, 1.0446388661979276, 1.401138785151884},
                                   {16.39308176100629, 1.2475966769972462, 3.463883687110043, 6.5869259476108315}};
    const double absolute[2][4] = {{3.699685534591193, 0.5593684668990614, 1.0963420492095457, 1.4704865161022447},
                                   {16.39308176100629, 1.8547915172134697, 3.635324572568804, 6.912938169416076}};
    for (int known = 0; known < 2; known++) {
        const double(*expected)[4] = known ? absolute : relative;
        qn_fit_options how = fit_options();
        how.sigma_column = "s";
        how.absolute_sigma = known;
        fitted f = fit("y = a*x + b", weighted, &how);
        qn_predict_options options = with_band();
        const double sigma[] = {0.5, 3};
        qn_prediction *column = predict(f, "s,x\n0.5,1.5\n3,8\n", &options);
        options.sigma = sigma;
        qn_prediction *array = predict(f, "x\n1.5\n8\n", &options);
        for (int i = 0; i < 2; i++) {
            assert_close(column->fitted[i], expected[i][0], 1e-12, 0);
            assert_close(column->stderr_[i], expected[i][1], 1e-12, 0);
            assert_close(column->ci_high[i] - column->fitted[i], expected[i][2], 1e-12, 0);
            assert_close(column->pi_high[i] - column->fitted[i], expected[i][3], 1e-12, 0);
            assert_close(column->fitted[i] - column->pi_low[i], expected[i][3], 1e-12, 0);
            assert_close(array->pi_high[i], column->pi_high[i], 0, 0);
        }
        qn_prediction_free(column);
        qn_prediction_free(array);
        forget(f);
    }
}

static void without_a_sigma_there_is_no_interval_and_it_says_so(void **state)
{
    (void)state;
    qn_fit_options how = fit_options();
    how.sigma_column = "s";
    fitted f = fit("y = a*x + b", weighted, &how);
    qn_predict_options options = with_band();
    qn_prediction *p = predict(f, "x\n1.5\n8\n", &options);
    assert_null(p->no_band);
    assert_contains(p->no_interval, "the column \"s\", which the data does not have");
    for (int i = 0; i < 2; i++) {
        assert_true(p->ci_high[i] > p->ci_low[i]);
        assert_true(isnan(p->pi_low[i]) && isnan(p->pi_high[i]));
    }
    qn_prediction_free(p);
    options.sigma_column = "err";
    p = predict(f, "x,err\n1.5,0.5\n8,3\n", &options);
    assert_null(p->no_interval);
    assert_close(p->pi_high[0] - p->fitted[0], 1.401138785151884, 1e-12, 0);
    qn_prediction_free(p);
    refused(f, "x\n1\n", &options, QN_NAME, "the table has no column \"err\"");
    forget(f);

    double covariance[36] = {0};
    for (int i = 0; i < 6; i++)
        covariance[i * 7] = i % 2 ? 4 : 1;
    how = fit_options();
    how.covariance = covariance;
    f = fit("y = a*x + b", weighted, &how);
    options = with_band();
    p = predict(f, "x\n1.5\n8\n", &options);
    assert_close(p->stderr_[1], 1.2475966769972462, 1e-12, 0); /* a diagonal covariance is sigma squared */
    assert_contains(p->no_interval, "errors that the data does not have");
    assert_true(isnan(p->pi_low[0]) && isnan(p->pi_high[1]));
    qn_prediction_free(p);
    forget(f);
}

static void a_sigma_that_cannot_be_is_refused(void **state)
{
    (void)state;
    qn_fit_options how = fit_options();
    how.sigma_column = "s";
    fitted f = fit("y = a*x + b", weighted, &how), plain = fit("y = a*x + b", weighted, NULL);
    qn_predict_options options = with_band();
    refused(f, "x,s\n1,1\n2,0\n", &options, QN_DATA, "row 2: column \"s\" is 0: it must be a positive number");
    refused(f, "x,s\n1,1\n2,NA\n", &options, QN_DATA, "row 2: column \"s\" has no value");
    options.nan = QN_FIT_NAN_OMIT;
    refused(f, "x,s\n1,1\n2,-1\n", &options, QN_DATA, "is -1: it must be a positive number");
    qn_prediction *p = predict(f, "x,s\n1,1\n2,NA\n", &options);
    assert_true(p->ci_high[1] > p->ci_low[1] && isnan(p->pi_high[1]) && p->pi_high[0] > p->ci_high[0]);
    assert_int_equal(p->omitted, 0);
    qn_prediction_free(p);
    options.sigma_column = "s";
    refused(plain, "x,s\n1,1\n", &options, QN_INVALID, "sigma says nothing of new data where the fit was not weighted");
    const double sigma[] = {1};
    options.sigma = sigma;
    refused(f, "x,s\n1,1\n", &options, QN_INVALID, "given twice");
    forget(f);
    forget(plain);
}

static void a_response_in_the_data_is_shown_with_its_residual(void **state)
{
    (void)state;
    fitted f = fit("log(y) = a + b*x", "x,y\n0,1\n1,3\n2,7\n3,22\n", NULL);
    qn_prediction *p = predict(f, "y,x\n2,1\nNA,2\n-1,3\n0,4\n", NULL);
    assert_close(p->observed[0], log(2), 1e-15, 0);
    assert_close(p->residual[0], log(2) - p->fitted[0], 1e-15, 0);
    assert_true(isnan(p->observed[1]) && isnan(p->residual[1]) && isfinite(p->fitted[1]));
    assert_true(isnan(p->observed[2]) && isfinite(p->fitted[2])); /* log(-1) */
    assert_true(isnan(p->observed[3]) && isnan(p->residual[3]));  /* log(0) */
    assert_int_equal(p->no_response, 2);                          /* a missing y is no response out of its domain */
    assert_null(p->stderr_);
    assert_null(p->pi_low);
    qn_prediction_free(p);
    p = predict(f, "x\n1\n", NULL);
    assert_null(p->observed);
    assert_null(p->residual);
    qn_prediction_free(p);
    refused(f, "x,y\n1,hello\n", NULL, QN_DATA, "column \"y\" holds text values");
    forget(f);
}

static void a_missing_predictor_is_an_error_or_an_empty_row(void **state)
{
    (void)state;
    fitted f = fit("y = a*x + b + 0*z", "x,z,y\n1,1,2\n2,1,3\n3,1,5\n4,1,6\n", NULL);
    qn_predict_options options = with_band();
    qn_error err;
    qn_prediction *p;
    qn_table *table = read_csv("x,z\n1,2\n\n2,NA\n");
    assert_int_equal(qn_predict(&p, f.model, f.result, table, &options, &err), QN_DATA);
    assert_contains(err.message, "row 2: column \"z\" has no value");
    assert_string_equal(err.file, "new.csv");
    assert_int_equal(err.line, 4);
    qn_table_free(table);
    refused(f, "x,z\ninf,2\n", &options, QN_DATA, "row 1: column \"x\" is infinite");
    options.nan = QN_FIT_NAN_OMIT;
    p = predict(f, "x,z\n1,2\n2,NA\ninf,1\n3,1\n", &options);
    assert_int_equal(p->omitted, 2);
    assert_int_equal(p->not_finite, 0);
    for (int i = 1; i < 3; i++)
        assert_true(isnan(p->fitted[i]) && isnan(p->stderr_[i]) && isnan(p->ci_low[i]) && isnan(p->pi_high[i]));
    assert_true(isfinite(p->fitted[0]) && isfinite(p->pi_high[0]) && isfinite(p->fitted[3]) && isfinite(p->pi_low[3]));
    qn_prediction_free(p);
    refused(f, "X,z\n1,2\n", NULL, QN_NAME, "the table has no column \"x\": did you mean \"X\"?");
    forget(f);
}

static void columns_of_every_number_type_predict_alike(void **state)
{
    (void)state;
    fitted f = fit("y = a*x + b", "x,y\n1,2\n2,3\n3,5\n4,6\n", NULL);
    const char *const types[] = {"x=f64", "x=f32", "x=i64"};
    qn_predict_options options = with_band();
    options.nan = QN_FIT_NAN_OMIT;
    double first[3] = {0};
    for (int k = 0; k < 3; k++) {
        const char text[] = "x\n7\nNA\n9\n";
        qn_error err;
        qn_csv *csv;
        qn_csv_options how;
        qn_table *table;
        qn_prediction *p;
        qn_csv_options_init(&how, sizeof how);
        how.types = types[k];
        assert_ok(qn_csv_open_bytes(&csv, text, sizeof text - 1, "x", &how, &err), &err);
        assert_ok(qn_csv_read(&table, csv, -1, &err), &err);
        assert_ok(qn_predict(&p, f.model, f.result, table, &options, &err), &err);
        assert_int_equal(p->omitted, 1);
        for (int i = 0; i < 3; i++)
            if (k == 0)
                first[i] = p->pi_high[i];
            else if (i == 1)
                assert_true(isnan(p->pi_high[i]));
            else
                assert_close(p->pi_high[i], first[i], 0, 0);
        qn_prediction_free(p);
        qn_table_free(table);
        qn_csv_close(csv);
    }
    forget(f);
}

/* y = a x + b with b = 2 a is y = a (x + 2); with b = 1 held it is y - 1 = a x. */
static void fixed_and_tied_parameters_predict_like_the_formula_without_them(void **state)
{
    (void)state;
    static const char data[] = "x,y,z\n1,6.1,5.1\n2,8.3,7.3\n3,9.9,8.9\n4,11.8,10.8\n5,14.4,13.4\n";
    const char *const ties[] = {"b = 2*a"};
    const double fixed[] = {NAN, 1};
    qn_fit_options how = fit_options();
    how.ties = ties;
    how.tie_count = 1;
    fitted tied = fit("y = a*x + b", data, &how), alike = fit("y = a*(x + 2)", data, NULL);
    how = fit_options();
    how.fixed = fixed;
    fitted held = fit("y = a*x + b", data, &how), shifted = fit("z = a*x", data, NULL);
    qn_predict_options options = with_band();
    qn_prediction *p[4] = {predict(tied, "x\n2.5\n9\n", &options), predict(alike, "x\n2.5\n9\n", &options),
                           predict(held, "x\n2.5\n9\n", &options), predict(shifted, "x\n2.5\n9\n", &options)};
    for (int i = 0; i < 2; i++) {
        assert_close(p[0]->fitted[i], p[1]->fitted[i], 1e-13, 0);
        assert_close(p[0]->stderr_[i], p[1]->stderr_[i], 1e-12, 0);
        assert_close(p[0]->pi_high[i], p[1]->pi_high[i], 1e-12, 0);
        assert_close(p[2]->fitted[i], p[3]->fitted[i] + 1, 1e-13, 0);
        assert_close(p[2]->stderr_[i], p[3]->stderr_[i], 1e-12, 0);
    }
    for (int k = 0; k < 4; k++)
        qn_prediction_free(p[k]);
    forget(tied);
    forget(alike);
    forget(held);
    forget(shifted);
}

/* Three parameters, one of them free: the covariance has rank 1. y = a x + b + c x^2 with b = 2 a, c = 3 a is y =
 * a (x + 2 + 3 x^2). */
static void a_covariance_of_low_rank_is_no_hindrance(void **state)
{
    (void)state;
    static const char data[] = "x,y\n1,6.1\n2,16.3\n3,31.9\n4,54.8\n5,82.4\n";
    const char *const ties[] = {"b = 2*a", "c = 3*a"};
    qn_fit_options how = fit_options();
    how.ties = ties;
    how.tie_count = 2;
    fitted tied = fit("y = a*x + b + c*x^2", data, &how), alike = fit("y = a*(x + 2 + 3*x^2)", data, NULL);
    qn_predict_options options = with_band();
    qn_prediction *got = predict(tied, "x\n2.5\n9\n", &options), *expected = predict(alike, "x\n2.5\n9\n", &options);
    for (int i = 0; i < 2; i++) {
        assert_close(got->stderr_[i], expected->stderr_[i], 1e-12, 0);
        assert_close(got->pi_low[i], expected->pi_low[i], 1e-12, 0);
    }
    qn_prediction_free(got);
    qn_prediction_free(expected);
    forget(tied);
    forget(alike);
}

static void a_fit_without_standard_errors_has_no_band_and_says_why(void **state)
{
    (void)state;
    fitted exact = fit("y = a*x + b", "x,y\n1,2\n2,3\n", NULL);
    qn_predict_options options = with_band();
    qn_prediction *p = predict(exact, "x\n5\n", &options);
    assert_close(p->fitted[0], 6, 1e-12, 0);
    assert_contains(p->no_band, "as many parameters as rows");
    assert_true(isnan(p->stderr_[0]) && isnan(p->ci_low[0]) && isnan(p->pi_low[0]));
    qn_prediction_free(p);
    forget(exact);
    qn_fit_options how = fit_options();
    how.max_evals = 2;
    const double start[] = {1, 1};
    how.start = start;
    fitted early = fit("y = a*exp(b*x)", "x,y\n0,1\n1,30\n2,900\n3,27000\n", &how);
    assert_int_equal(early.result->status, QN_FIT_MAX_EVALS);
    p = predict(early, "x\n5\n", &options);
    assert_contains(p->no_band, "did not converge");
    assert_true(isfinite(p->fitted[0]) && isnan(p->stderr_[0]));
    qn_prediction_free(p);
    forget(early);
}

/* x + 1e8 makes slope and intercept so dependent that the covariance's last digits are larger than the variance. */
static void a_standard_error_without_a_correct_digit_is_not_shown(void **state)
{
    (void)state;
    fitted f = fit("y = a + b*(x + 1e8)", "x,y\n1,2\n2,3.1\n3,3.9\n4,5.2\n5,5.8\n", NULL);
    assert_int_equal(f.result->status, QN_FIT_CONVERGED);
    qn_predict_options options = with_band();
    qn_prediction *p = predict(f, "x\n2.5\n3.5\n", &options);
    for (int i = 0; i < 2; i++)
        assert_true(isfinite(p->fitted[i]) && isnan(p->stderr_[i]) && isnan(p->ci_low[i]) && isnan(p->pi_low[i]));
    assert_true(p->undetermined == 2 || p->no_band != NULL);
    qn_prediction_free(p);
    forget(f);
}

/* z is 0 in all of the data, so that c says nothing of the curve where z is 0 and leaves all open elsewhere. */
static void a_parameter_that_is_not_determined_spoils_only_what_depends_on_it(void **state)
{
    (void)state;
    static const char data[] = "x,z,y\n1,0,2\n2,0,3.1\n3,0,3.9\n4,0,5.2\n5,0,5.8\n";
    fitted f = fit("y = a + b*x + c*z", data, NULL), without = fit("y = a + b*x", data, NULL);
    assert_int_equal(f.result->status, QN_FIT_CONVERGED);
    qn_predict_options options = with_band();
    qn_prediction *p = predict(f, "x,z\n7,0\n7,1\n", &options), *expected = predict(without, "x\n7\n", &options);
    assert_null(p->no_band);
    assert_int_equal(p->undetermined, 1);
    assert_close(p->stderr_[0], expected->stderr_[0], 1e-12, 0);
    assert_close(p->pi_high[0], expected->pi_high[0], 1e-12, 0);
    assert_true(isfinite(p->fitted[1]) && isnan(p->stderr_[1]) && isnan(p->ci_high[1]) && isnan(p->pi_low[1]));
    qn_prediction_free(p);
    qn_prediction_free(expected);
    forget(f);
    forget(without);
}

/* With absolute sigma a fit of two points to a line has standard errors: at each of them it is its own sigma. */
static void absolute_sigma_needs_no_degrees_of_freedom(void **state)
{
    (void)state;
    qn_fit_options how = fit_options();
    how.sigma_column = "s";
    how.absolute_sigma = true;
    fitted f = fit("y = a + b*x", "x,y,s\n1,2,0.5\n2,3,0.25\n", &how);
    qn_predict_options options = with_band();
    qn_prediction *p = predict(f, "x,s\n1,0.5\n2,0.25\n", &options);
    assert_null(p->no_band);
    assert_close(p->stderr_[0], 0.5, 1e-12, 0);
    assert_close(p->stderr_[1], 0.25, 1e-12, 0);
    /* normal: 1.959963984540054 is qnorm(0.975) */
    assert_close(p->ci_high[0] - p->fitted[0], 1.959963984540054 * 0.5, 1e-9, 0);
    assert_close(p->pi_high[1] - p->fitted[1], 1.959963984540054 * 0.25 * sqrt(2), 1e-9, 0);
    qn_prediction_free(p);
    forget(f);
}

static void a_formula_that_is_not_finite_there_is_counted(void **state)
{
    (void)state;
    fitted f = fit("y = a*log(x) + b", "x,y\n1,2\n2,3\n3,5\n4,6\n", NULL);
    qn_predict_options options = with_band();
    qn_prediction *p = predict(f, "x\n2\n-1\n0\n", &options);
    assert_int_equal(p->not_finite, 2);
    assert_true(isfinite(p->pi_low[0]) && isnan(p->fitted[1]) && isnan(p->fitted[2]) && isnan(p->ci_low[2]));
    qn_prediction_free(p);
    forget(f);
}

/* The same data in other units: a power of two, so that all digits agree but for the rounding of decimals. */
static void units_do_not_matter(void **state)
{
    (void)state;
    static const int exponents[] = {-990, -700, -520, -480, 480, 510, 515, 700, 1010};
    static const double y[] = {2, 3.1, 3.9, 5.2, 5.8}, at[] = {2.5, 9};
    qn_predict_options options = with_band();
    const char *const names[] = {"x", "y"};
    static const double x[] = {1, 2, 3, 4, 5};
    qn_prediction *plain = NULL;
    for (int k = -1; k < (int)(sizeof exponents / sizeof exponents[0]); k++) {
        int e = k < 0 ? 0 : exponents[k];
        double scaled[5];
        const double *const data[] = {x, scaled}, *const new[] = {at};
        fitted f;
        qn_error err;
        qn_table *table;
        qn_prediction *p;
        for (int i = 0; i < 5; i++)
            scaled[i] = ldexp(y[i], e);
        assert_ok(qn_table_from_f64(&table, names, data, 2, 5, NULL, &err), &err);
        f.model = compile("y = a + b*x", table);
        assert_ok(qn_fit_table(&f.result, f.model, table, NULL, &err), &err);
        qn_table_free(table);
        assert_ok(qn_table_from_f64(&table, names, new, 1, 2, NULL, &err), &err);
        assert_ok(qn_predict(&p, f.model, f.result, table, &options, &err), &err);
        qn_table_free(table);
        assert_null(p->no_band);
        assert_int_equal(p->undetermined + p->not_finite + p->too_large, 0);
        for (int i = 0; k >= 0 && i < 2; i++) {
            assert_close(ldexp(p->stderr_[i], -e), plain->stderr_[i], 1e-12, 0);
            assert_close(ldexp(p->ci_low[i], -e), plain->ci_low[i], 1e-12, 0);
            assert_close(ldexp(p->pi_high[i], -e), plain->pi_high[i], 1e-12, 0);
        }
        if (k < 0)
            plain = p;
        else
            qn_prediction_free(p);
        forget(f);
    }
    qn_prediction_free(plain);
}

/* A covariance of large numbers, too large at x = 1e300; then a large residual standard deviation. */
static void what_is_beyond_double_precision_is_empty_and_counted(void **state)
{
    (void)state;
    fitted f = fit("y = a*x + b", "x,y\n1,2\n2,3.1\n3,3.9\n4,5.2\n5,5.8\n", NULL);
    double covariance[] = {1e308, 0, 0, 1e308};
    qn_fit_result result = *f.result;
    result.covariance = covariance;
    fitted forged = {.model = f.model, .result = &result};
    qn_predict_options options = with_band();
    qn_prediction *p = predict(forged, "x\n10\n1e300\n", &options);
    assert_close(p->stderr_[0], 1e154 * sqrt(101), 1e-14, 0);
    assert_true(isfinite(p->fitted[1]) && isnan(p->stderr_[1]) && isnan(p->ci_low[1]) && isnan(p->pi_high[1]));
    assert_int_equal(p->too_large, 1);
    assert_int_equal(p->not_finite, 0);
    qn_prediction_free(p);
    result = *f.result;
    result.residual_sd = 1e308;
    p = predict(forged, "x\n10\n", &options);
    assert_true(isfinite(p->ci_low[0]) && isnan(p->pi_low[0]) && isnan(p->pi_high[0]));
    assert_int_equal(p->too_large, 1);
    qn_prediction_free(p);
    forget(f);
}

/* x^n has no derivative by n where x is negative, which is nothing to a fit in which n is fixed. */
static void a_fixed_parameter_s_derivative_does_not_matter(void **state)
{
    (void)state;
    const char data[] = "x,y\n1,2\n2,5\n3,9.5\n4,17\n";
    const double fixed[] = {NAN, 2};
    qn_fit_options how = fit_options();
    how.fixed = fixed;
    fitted f = fit("y = a*x^n", data, &how), alike = fit("y = a*x^2", data, NULL);
    qn_predict_options options = with_band();
    qn_prediction *got = predict(f, "x\n-3\n", &options), *expected = predict(alike, "x\n-3\n", &options);
    assert_close(got->stderr_[0], expected->stderr_[0], 1e-12, 0);
    qn_prediction_free(got);
    qn_prediction_free(expected);
    forget(f);
    forget(alike);
}

static void rows_do_not_depend_on_their_company(void **state)
{
    (void)state;
    enum {
        N = 1000
    };
    static double x[N];
    fitted f = fit("y = a*(1 - exp(-b*x))", misra1a, NULL);
    qn_predict_options options = with_band();
    const char *const names[] = {"x"};
    const double *const columns[] = {x};
    qn_error err;
    qn_table *table;
    qn_prediction *all, *one;
    for (int i = 0; i < N; i++)
        x[i] = 3 * i;
    assert_ok(qn_table_from_f64(&table, names, columns, 1, N, NULL, &err), &err);
    assert_ok(qn_predict(&all, f.model, f.result, table, &options, &err), &err);
    qn_table_free(table);
    for (int i = 0; i < N; i += 37) {
        const double *const single[] = {x + i};
        assert_ok(qn_table_from_f64(&table, names, single, 1, 1, NULL, &err), &err);
        assert_ok(qn_predict(&one, f.model, f.result, table, &options, &err), &err);
        assert_true(one->fitted[0] == all->fitted[i] && one->pi_high[0] == all->pi_high[i]);
        qn_prediction_free(one);
        qn_table_free(table);
    }
    qn_prediction_free(all);
    forget(f);
}

static void wrong_calls_are_refused(void **state)
{
    (void)state;
    fitted f = fit("y = a*x + b", weighted, NULL), other = fit("y = c*x + d", weighted, NULL);
    fitted mixed = {.model = f.model, .result = other.result};
    qn_predict_options options = with_band();
    refused(mixed, "x\n1\n", NULL, QN_INVALID, "parameter 1 of the formula is \"a\", of the fit \"c\"");
    fitted fewer = fit("y = a*x", weighted, NULL);
    mixed = (fitted){.model = fewer.model, .result = f.result};
    refused(mixed, "x\n1\n", NULL, QN_INVALID, "the formula has 1 parameter, the fit 2");
    forget(fewer);
    options.confidence = 1;
    refused(f, "x\n1\n", &options, QN_INVALID, "between 0 and 1");
    options.confidence = 0.5;
    options.nan = (qn_fit_nan)7;
    refused(f, "x\n1\n", &options, QN_INVALID, "neither raise nor omit");
    qn_prediction *p;
    qn_error err;
    assert_int_equal(qn_predict(&p, f.model, f.result, NULL, NULL, &err), QN_INVALID);
    assert_null(p);
    forget(f);
    forget(other);
}

static void a_covariance_that_is_none_is_refused(void **state)
{
    (void)state;
    fitted f = fit("y = a*x + b", weighted, NULL);
    double forged[] = {1, 2, 2, 1};
    qn_fit_result result = *f.result;
    result.covariance = forged;
    fitted forgery = {.model = f.model, .result = &result};
    qn_predict_options options = with_band();
    refused(forgery, "x\n1\n", &options, QN_DATA, "the covariance of the fit is none: \"a\" and \"b\"");
    forget(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_the_bands_of_r),
        cmocka_unit_test(a_curve_has_the_delta_methods_bands),
        cmocka_unit_test(widths_grow_with_the_distance_from_the_data),
        cmocka_unit_test(a_new_observations_own_sigma_makes_its_interval),
        cmocka_unit_test(without_a_sigma_there_is_no_interval_and_it_says_so),
        cmocka_unit_test(a_sigma_that_cannot_be_is_refused),
        cmocka_unit_test(a_response_in_the_data_is_shown_with_its_residual),
        cmocka_unit_test(a_missing_predictor_is_an_error_or_an_empty_row),
        cmocka_unit_test(columns_of_every_number_type_predict_alike),
        cmocka_unit_test(fixed_and_tied_parameters_predict_like_the_formula_without_them),
        cmocka_unit_test(a_covariance_of_low_rank_is_no_hindrance),
        cmocka_unit_test(a_fit_without_standard_errors_has_no_band_and_says_why),
        cmocka_unit_test(a_standard_error_without_a_correct_digit_is_not_shown),
        cmocka_unit_test(a_parameter_that_is_not_determined_spoils_only_what_depends_on_it),
        cmocka_unit_test(absolute_sigma_needs_no_degrees_of_freedom),
        cmocka_unit_test(a_formula_that_is_not_finite_there_is_counted),
        cmocka_unit_test(units_do_not_matter),
        cmocka_unit_test(what_is_beyond_double_precision_is_empty_and_counted),
        cmocka_unit_test(a_fixed_parameter_s_derivative_does_not_matter),
        cmocka_unit_test(rows_do_not_depend_on_their_company),
        cmocka_unit_test(wrong_calls_are_refused),
        cmocka_unit_test(a_covariance_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
