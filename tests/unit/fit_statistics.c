/* What a result says of a fit: standard errors whatever the data determine, correlation, goodness of fit, the rows.
 * The numbers are NumPy's and SciPy's (1.24, 1.10: QR and inverses of the explicit matrices, scipy.stats for
 * likelihoods and distributions), unless another source is named. */
#include "harness/harness.h"

#include <quern/fit.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fits a formula to the text of a CSV file. */
static qn_fit_result *fit(const char *formula, const char *csv_text, const qn_fit_options *options)
{
    qn_error err;
    qn_csv *csv;
    qn_table *table;
    qn_model *model;
    qn_fit_result *result;
    const char *columns[16];
    qn_model_options names;
    assert_ok(qn_csv_open_bytes(&csv, csv_text, (int64_t)strlen(csv_text), "data.csv", NULL, &err), &err);
    assert_ok(qn_csv_read(&table, csv, -1, &err), &err);
    qn_csv_close(csv);
    qn_model_options_init(&names, sizeof names);
    names.columns = columns;
    names.column_count = qn_table_column_count(table);
    for (int64_t c = 0; c < names.column_count; c++)
        columns[c] = qn_table_column_name(table, c);
    assert_ok(qn_model_new(&model, formula, -1, &names, &err), &err);
    assert_ok(qn_fit_table(&result, model, table, options, &err), &err);
    qn_model_unref(model);
    qn_table_free(table);
    assert_string_equal(qn_fit_status_name(result->status), "converged");
    return result;
}

static qn_fit_options options_from(const double *start)
{
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.start = start;
    options.diagnostics = true;
    return options;
}

static void assert_all_close(const double *got, const double *expected, int64_t count, double tolerance)
{
    for (int64_t i = 0; i < count; i++)
        assert_close(got[i], expected[i], tolerance, tolerance);
}

static const double ones[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
static const char weighted_csv[] = "x,y,s\n0,1,1\n1,1,2\n2,5,1\n3,7,2\n4,8,1\n5,12,2\n";

static void a_weighted_line_has_the_statistics_of_its_explicit_matrices(void **state)
{
    (void)state;
    qn_fit_options options = options_from(ones);
    options.sigma_column = "s";
    qn_fit_result *r = fit("y = a*x + b", weighted_csv, &options);
    /* the standard errors are those of SciPy's tests (test_minpack.py, TestCurveFit.test_curvefit_covariance) */
    assert_close(r->parameters[0].stderr_, 0.20659803, 1e-7, 0);
    assert_close(r->parameters[1].stderr_, 0.57204404, 1e-7, 0);
    assert_close(r->correlation[1], -0.7945466303660766, 1e-12, 0);
    assert_close(r->correlation[0], 1, 0, 0);
    assert_close(r->rss, 1.80974842767296, 1e-13, 0);
    assert_close(r->cost, r->rss, 0, 0);
    assert_close(r->r_squared, 0.957148813867254, 1e-13, 0);
    assert_close(r->adjusted_r_squared, 0.946436017334068, 1e-13, 0);
    assert_close(r->rmse, 0.979015718578615, 1e-13, 0);
    assert_close(r->log_likelihood, -6.99735786936899, 1e-13, 0);
    assert_close(r->aic, 19.994715738738, 1e-13, 0);
    assert_close(r->aicc, 31.994715738738, 1e-13, 0);
    assert_close(r->bic, 19.3699941464221, 1e-13, 0);
    assert_close(r->condition, 2.95543042305, 1e-5, 0);
    assert_int_equal(r->rank, 2);
    assert_string_equal(r->factorization, "qr");
    const double leverage[] = {0.72327044, 0.10062893, 0.27044025, 0.08176101, 0.57232704, 0.25157233};
    const double standardized[] = {0.64876716, -1.35074969, 0.56376819, 0.28785112, -1.32254241, 1.25914218};
    const double fitted[] = {0.77044025, 2.72327044, 4.67610063, 6.62893082, 8.58176101, 10.53459119};
    assert_all_close(r->diagnostics->leverage, leverage, 6, 1e-8);
    assert_all_close(r->diagnostics->standardized, standardized, 6, 1e-8);
    assert_all_close(r->diagnostics->fitted, fitted, 6, 1e-8);
    assert_close(r->diagnostics->residual[5], 12 - 10.53459119, 1e-7, 0);
    assert_close(r->diagnostics->mae, 0.782494758909854, 1e-13, 0);
    assert_close(r->diagnostics->durbin_watson, 2.72518837871362, 1e-13, 0);
    assert_int_equal(r->diagnostics->row[5], 5);
    assert_int_equal(r->warning_count, 0);
    qn_fit_result_free(r);
}

static void known_sigmas_change_errors_and_likelihood_but_not_r_squared(void **state)
{
    (void)state;
    qn_fit_options options = options_from(ones);
    options.sigma_column = "s";
    options.absolute_sigma = true;
    qn_fit_result *r = fit("y = a*x + b", weighted_csv, &options);
    assert_close(r->parameters[0].stderr_, 0.30714756, 1e-7, 0);
    assert_close(r->parameters[1].stderr_, 0.85045308, 1e-7, 0);
    /* normal, not t: 1.95996398454005 is the normal distribution's 97.5 % point */
    assert_close(r->parameters[0].ci_high - r->parameters[0].value, 1.95996398454005 * r->parameters[0].stderr_, 1e-13,
                 0);
    assert_close(r->r_squared, 0.957148813867254, 1e-13, 0);
    assert_close(r->log_likelihood, -8.49794695474435, 1e-13, 0);
    assert_close(r->aic, 20.9958939094887, 1e-13, 0);
    assert_close(r->aicc, 24.9958939094887, 1e-13, 0);
    assert_close(r->bic, 20.5794128479448, 1e-13, 0);
    assert_close(r->diagnostics->standardized[1], -0.90856078, 1e-7, 0);
    qn_fit_result_free(r);
}

static void correlated_data_have_the_statistics_of_generalised_least_squares(void **state)
{
    (void)state;
    double covariance[36];
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++)
            covariance[i * 6 + j] = 2 * pow(0.5, abs(i - j));
    for (int known = 0; known < 2; known++) {
        qn_fit_options options = options_from(ones);
        options.covariance = covariance;
        options.absolute_sigma = known;
        qn_fit_result *r = fit("y = a*x + b", weighted_csv, &options);
        assert_close(r->parameters[0].stderr_, known ? 0.38729833 : 0.44065824, 1e-7, 0);
        assert_close(r->parameters[1].stderr_, known ? 1.29903811 : 1.47801268, 1e-7, 0);
        assert_close(r->rss, 5.178125, 1e-13, 0);
        assert_close(r->r_squared, 0.863057851239669, 1e-13, 0);
        assert_close(r->rmse, 0.88355195800813, 1e-13, 0);
        assert_close(r->log_likelihood, known ? -9.46293005977842 : -9.43191821699262, 1e-13, 0);
        assert_close(r->aicc, known ? 26.9258601195568 : 36.8638364339852, 1e-13, 0);
        assert_close(r->bic, known ? 22.5093790580129 : 24.2391148416694, 1e-13, 0);
        const double fitted[] = {0.34375, 2.55625, 4.76875, 6.98125, 9.19375, 11.40625};
        const double leverage[] = {0.84375, 0.13125, 0.13125, 0.18125, 0.28125, 0.43125};
        assert_all_close(r->diagnostics->fitted, fitted, 6, 1e-13);
        assert_all_close(r->diagnostics->leverage, leverage, 6, 1e-12);
        assert_close(r->diagnostics->standardized[5], known ? 1.28904673 : 1.1329543, 1e-7, 0);
        assert_close(r->diagnostics->mae, 0.708333333333334, 1e-13, 0);
        assert_close(r->diagnostics->durbin_watson, 2.90544859404854, 1e-12, 0);
        qn_fit_result_free(r);
    }
}

static void without_degrees_of_freedom_only_known_sigmas_give_errors(void **state)
{
    (void)state;
    qn_fit_options options = options_from(ones);
    options.sigma_column = "s";
    qn_fit_result *r = fit("y = a*x + b", "x,y,s\n0,1,1\n1,3,2\n", &options);
    assert_true(isnan(r->parameters[0].stderr_) && isnan(r->covariance[0]) && isnan(r->correlation[1]));
    assert_true(isnan(r->residual_sd) && isnan(r->adjusted_r_squared) && isnan(r->aicc));
    assert_string_equal(r->factorization, "none");
    assert_contains(r->warnings[0], "as many parameters as rows (2): no standard errors");
    qn_fit_result_free(r);
    options.absolute_sigma = true;
    r = fit("y = a*x + b", "x,y,s\n0,1,1\n1,3,2\n", &options);
    assert_close(r->parameters[0].stderr_, sqrt(5), 1e-14, 0); /* of y1 - y0 */
    assert_close(r->parameters[1].stderr_, 1, 1e-14, 0);
    assert_contains(r->warnings[0], "nothing is left to tell whether the model is right");
    qn_fit_result_free(r);
}

/* scipy.optimize.curve_fit(method="trf", loss="soft_l1", f_scale=0.5), which gives the covariance of the bent Jacobian
 * with 2 cost / dof. */
static void a_loss_has_curve_fits_covariance_and_no_likelihood(void **state)
{
    (void)state;
    qn_fit_options options = options_from(ones);
    options.loss = QN_FIT_LOSS_SOFT_L1;
    options.loss_scale = 0.5;
    qn_fit_result *r =
        fit("y = a*x + b", "x,y\n0,1.1\n1,2.9\n2,5.2\n3,6.8\n4,9.1\n5,30\n6,13.2\n7,14.7\n8,17.1\n9,18.9\n", &options);
    const double covariance[] = {0.031936536863645934, -0.13958355054912705, -0.13958355054912705, 0.9130962757927589};
    assert_close(r->parameters[0].value, 1.99353344, 1e-8, 0);
    assert_close(r->cost, 18.7159364409498, 1e-13, 0);
    assert_close(r->rss, 358.872679910776, 1e-7, 0);
    assert_all_close(r->covariance, covariance, 4, 1e-6); /* its solution is found to 1e-8 */
    assert_true(isnan(r->log_likelihood) && isnan(r->aic) && isnan(r->aicc) && isnan(r->bic));
    assert_int_equal(r->diagnostics->outliers, 1);
    double leverage = 0;
    for (int i = 0; i < 10; i++)
        leverage += r->diagnostics->leverage[i];
    assert_close(leverage, 2, 1e-8, 0);
    assert_contains(r->warnings[0], "1 row is far from the model: row 6 (data.csv:7) most");
    qn_fit_result_free(r);
}

/* Values printed by R's summary, logLik and AIC of nls(density ~ SSlogis(log(conc), Asym, xmid, scal), DNase, Run == 1)
 * (its manual's example; Davidian and Giltinan, "Nonlinear models for repeated measurement data", 1995), further digits
 * from scipy.optimize.least_squares. */
static void the_dnase_assay_has_rs_statistics(void **state)
{
    (void)state;
    const double start[] = {2.5, 1.5, 1};
    qn_fit_options options = options_from(start);
    qn_fit_result *r = fit(
        "y = asym/(1 + exp((xmid - log(c))/scal))",
        "c,y\n0.04882812,0.017\n0.04882812,0.018\n0.1953125,0.121\n0.1953125,0.124\n0.390625,0.206\n0.390625,0.215\n"
        "0.78125,0.377\n0.78125,0.374\n1.5625,0.614\n1.5625,0.609\n3.125,1.019\n3.125,1.001\n6.25,1.334\n6.25,1.364\n"
        "12.5,1.730\n12.5,1.710\n",
        &options);
    assert_close(r->parameters[0].value, 2.345179301, 1e-8, 0);
    assert_close(r->parameters[0].stderr_, 0.07815384, 1e-6, 0); /* forward differences there */
    assert_close(r->parameters[1].stderr_, 0.08135313, 1e-6, 0);
    assert_close(r->parameters[2].stderr_, 0.03227079, 1e-6, 0);
    assert_close(r->residual_sd, 0.0191944883314, 1e-11, 0);
    assert_close(r->log_likelihood, 42.208212102685, 1e-12, 0);
    assert_close(r->aic, 8 - 2 * 42.208212102685, 1e-12, 0);
    assert_close(r->r_squared, 0.9991150043495702, 1e-13, 0);
    double sum = 0;
    for (int i = 0; i < 16; i++)
        sum += r->diagnostics->leverage[i];
    assert_close(sum, 3, 1e-8, 0); /* a last step below what is ever printed keeps the factor of the point before */
    assert_int_equal(r->warning_count, 0);
    qn_fit_result_free(r);
}

/* The same data as a*b*x + c and as k*x + c: what they share must agree. 1e-9: the factor may be that of a point
 * before a last step that nobody would see. */
static void what_is_determined_beside_a_singular_direction_keeps_its_error(void **state)
{
    (void)state;
    const char csv[] = "x,y\n0,1.1\n1,2.9\n2,5.2\n3,6.8\n4,9.1\n";
    const double start[] = {1, 2, 1};
    qn_fit_options options = options_from(start);
    qn_fit_result *product = fit("y = a*b*x + c", csv, &options), *line = fit("y = k*x + c", csv, &options);
    assert_string_equal(product->factorization, "svd");
    assert_int_equal(product->rank, 2);
    assert_true(isinf(product->condition));
    assert_true(isnan(product->parameters[0].stderr_) && isnan(product->parameters[1].ci_low));
    assert_close(product->parameters[2].stderr_, line->parameters[1].stderr_, 1e-9, 0);
    assert_close(product->covariance[8], line->covariance[3], 1e-9, 0);
    assert_true(isnan(product->covariance[2]) && isnan(product->correlation[1]));
    assert_all_close(product->diagnostics->leverage, line->diagnostics->leverage, 5, 1e-9);
    assert_int_equal(product->direction_count, 1);
    const double weights[] = {sqrt(0.5), -sqrt(0.5), 0};
    assert_true(product->directions[0].singular);
    assert_close(product->directions[0].singular_value, 0, 0, 1e-14);
    assert_close(fabs(product->directions[0].weights[0]), weights[0], 1e-12, 0);
    assert_close(product->directions[0].weights[1], -product->directions[0].weights[0], 1e-12, 0);
    assert_close(product->directions[0].weights[2], 0, 0, 0);
    assert_int_equal(product->warning_count, 1);
    assert_contains(product->warnings[0], "do not determine a combination of \"a\" and \"b\" (");
    assert_contains(product->warnings[0], "0.71 a");
    qn_fit_result_free(product);
    qn_fit_result_free(line);
}

/* y = (a b) x + c d, and e that does nothing: three singular directions, each of its own parameters. */
static void several_singular_directions_are_told_apart(void **state)
{
    (void)state;
    const double start[] = {1, 2, 1, 1.5, 3};
    qn_fit_options options = options_from(start);
    qn_fit_result *r =
        fit("y = a*b*x + c*d + e*z", "x,y,z\n0,1.1,0\n1,2.9,0\n2,5.2,0\n3,6.8,0\n4,9.1,0\n5,11,0\n", &options);
    assert_int_equal(r->rank, 2);
    assert_int_equal(r->direction_count, 3);
    int pairs = 0, alone = 0;
    for (int i = 0; i < 3; i++) {
        const double *w = r->directions[i].weights;
        double first = w[0] * w[0] + w[1] * w[1], second = w[2] * w[2] + w[3] * w[3];
        pairs += fabs(first - 1) < 1e-12 || fabs(second - 1) < 1e-12;
        alone += fabs(w[4]) == 1;
    }
    assert_int_equal(pairs, 2);
    assert_int_equal(alone, 1);
    assert_int_equal(r->warning_count, 3);
    for (int j = 0; j < 5; j++)
        assert_true(isnan(r->parameters[j].stderr_));
    qn_fit_result_free(r);
}

/* r = a b x + c - y with a fourth parameter, tied to a b, that the data see only through a and b. */
static bool product_line(void *user, const double *p, double *r, double *jacobian)
{
    (void)user;
    static const double y[] = {1.1, 2.9, 5.2, 6.8, 9.1};
    for (int i = 0; i < 5; i++) {
        r[i] = p[0] * p[1] * i + p[2] - y[i];
        if (jacobian == NULL)
            continue;
        jacobian[i] = p[1] * i;
        jacobian[5 + i] = p[0] * i;
        jacobian[10 + i] = 1;
        jacobian[15 + i] = 0;
    }
    return true;
}

static void a_function_of_undetermined_parameters_may_be_determined(void **state)
{
    (void)state;
    const char *const names[] = {"a", "b", "c", "k"}, *const ties[] = {"k = a*b"};
    const double start[] = {1, 2, 1, NAN}, fixed[] = {NAN, NAN, 1, NAN};
    const qn_fit_problem problem = {.size = sizeof problem, .n = 5, .p = 4, .eval = product_line, .names = names};
    qn_fit_options options = options_from(start), plain = options_from(ones);
    options.ties = ties;
    options.tie_count = 1;
    qn_error err;
    qn_fit_result *r, *line = fit("y = k*x + c", "x,y\n0,1.1\n1,2.9\n2,5.2\n3,6.8\n4,9.1\n", &plain);
    assert_ok(qn_fit_solve(&r, &problem, &options, &err), &err);
    assert_true(isnan(r->parameters[0].stderr_));
    assert_close(r->parameters[3].stderr_, line->parameters[0].stderr_, 1e-9, 0);
    assert_close(r->correlation[2 * 4 + 3], line->correlation[1], 1e-9, 0);
    assert_true(isnan(r->diagnostics->fitted[0]) && isnan(r->r_squared)); /* the data are not known */
    qn_fit_result_free(r);
    /* and what is fixed has no error at all */
    const double free_[] = {1, 2, NAN, NAN};
    options.start = free_;
    options.fixed = fixed;
    assert_ok(qn_fit_solve(&r, &problem, &options, &err), &err);
    assert_close(r->parameters[2].stderr_, 0, 0, 0);
    assert_close(r->covariance[2 * 4 + 3], 0, 0, 0);
    assert_true(isnan(r->correlation[2 * 4 + 2]));
    assert_close(r->parameters[2].ci_low, 1, 0, 0);
    qn_fit_result_free(r);
    qn_fit_result_free(line);
}

/* What differences make of the product's columns is not taken for information. 1e-6: they have seven digits or more. */
static void differences_do_not_hide_a_singular_direction(void **state)
{
    (void)state;
    const double start[] = {1, 2, 1, NAN}, fixed[] = {NAN, NAN, NAN, 0};
    qn_fit_problem problem = {.size = sizeof problem, .n = 5, .p = 4, .eval = product_line};
    qn_fit_options options = options_from(start), plain = options_from(ones);
    options.fixed = fixed;
    qn_fit_result *line = fit("y = k*x + c", "x,y\n0,1.1\n1,2.9\n2,5.2\n3,6.8\n4,9.1\n", &plain);
    for (int derivatives = QN_FIT_CENTRAL; derivatives <= QN_FIT_FORWARD; derivatives++) {
        qn_error err;
        qn_fit_result *r;
        problem.derivatives = (qn_fit_derivatives)derivatives;
        assert_ok(qn_fit_solve(&r, &problem, &options, &err), &err);
        assert_int_equal(r->rank, 2);
        assert_true(isnan(r->parameters[0].stderr_) && isnan(r->parameters[1].stderr_));
        assert_close(r->parameters[2].stderr_, line->parameters[1].stderr_, 1e-6, 0);
        qn_fit_result_free(r);
    }
    qn_fit_result_free(line);
}

/* A polynomial of degree 9 with its condition number of 2.5e6: solution and errors by exact rational arithmetic
 * (Python's fractions, the normal equations of x = i / 20). Double precision keeps some ten digits. */
static void a_sloppy_polynomial_has_its_exact_errors(void **state)
{
    (void)state;
    static const double y[] = {0,     0.151, 0.3,  0.436, 0.568, 0.682, 0.785, 0.871, 0.933, 0.979, 0.997,
                               0.999, 0.978, 0.93, 0.866, 0.778, 0.677, 0.562, 0.428, 0.29,  0.141};
    static const double exact[] = {0.00188950307756156, 0.148929909214275, 3.35393445603156, 31.1826483903414,
                                   150.782618158486,    419.175122259157,  694.928652064471, 678.292434881531,
                                   359.51192057918,     79.7804659687616};
    char csv[1024] = "x,y\n";
    for (int i = 0; i <= 20; i++)
        snprintf(csv + strlen(csv), sizeof csv - strlen(csv), "%.2f,%.3f\n", i / 20.0, y[i]);
    qn_fit_options options = options_from(ones);
    qn_fit_result *r =
        fit("y = a + b*x + c*x^2 + d*x^3 + e*x^4 + f*x^5 + g*x^6 + h*x^7 + i*x^8 + j*x^9", csv, &options);
    assert_string_equal(r->factorization, "pivoted qr");
    assert_int_equal(r->rank, 10);
    assert_close(r->condition, 2512718.978, 1e-8, 0);
    assert_close(r->rss, 3.95154331834525e-05, 1e-10, 0);
    for (int j = 0; j < 10; j++)
        assert_close(r->parameters[j].stderr_, exact[j], 1e-9, 0);
    assert_int_equal(r->direction_count, 1);
    assert_false(r->directions[0].singular);
    assert_close(r->directions[0].singular_value, 1 / 2512718.978, 1e-8, 0);
    assert_contains(r->warnings[0], "hardly determine a combination of");
    qn_fit_result_free(r);
}

enum {
    MANY = 302
};

/* r_i = x_i - i, but x_0 and x_1 are seen only in their sum, and by how far the two are `apart` in r_1; x_301 is seen
 * twice. More parameters than have their singular values computed. */
static bool many(void *user, const double *x, double *r, double *jacobian)
{
    const double apart = *(const double *)user;
    for (int i = 0; i < MANY; i++)
        r[i] = (i == 0 ? x[0] + x[1] : i == 1 ? 2 * x[0] + (2 + apart) * x[1] : x[i]) - i;
    r[MANY] = x[MANY - 1];
    if (jacobian == NULL)
        return true;
    memset(jacobian, 0, sizeof(double) * MANY * (MANY + 1));
    for (int j = 0; j < MANY; j++)
        jacobian[j * (MANY + 1) + j] = 1;
    jacobian[1] = 2;
    jacobian[(MANY + 1) + 1] = 2 + apart;
    jacobian[0] = jacobian[MANY + 1] = 1;
    jacobian[(MANY - 1) * (MANY + 1) + MANY] = 1;
    return true;
}

static qn_fit_result *fit_many(double apart)
{
    static double start[MANY];
    const qn_fit_problem problem = {.size = sizeof problem, .n = MANY + 1, .p = MANY, .eval = many, .user = &apart};
    qn_fit_options options = options_from(start);
    options.diagnostics = false;
    qn_error err;
    qn_fit_result *r;
    assert_ok(qn_fit_solve(&r, &problem, &options, &err), &err);
    assert_int_equal(r->direction_count, 1);
    assert_close(fabs(r->directions[0].weights[0]), sqrt(0.5), 1e-6, 0);
    return r;
}

static void a_singular_problem_of_many_parameters_is_damped(void **state)
{
    (void)state;
    test_not_short();
    qn_fit_result *r = fit_many(0);
    assert_string_equal(r->factorization, "damped");
    assert_int_equal(r->rank, MANY - 1);
    assert_true(r->directions[0].singular);
    assert_true(isnan(r->parameters[0].stderr_) && isnan(r->parameters[1].stderr_));
    /* rss = 0.2 + 301^2 / 2, dof 303 - 301; each other parameter is seen once, the last twice */
    double sd = sqrt((0.2 + 301.0 * 301 / 2) / 2);
    assert_close(r->residual_sd, sd, 1e-12, 0);
    assert_close(r->parameters[7].stderr_, sd, 1e-12, 0);
    assert_close(r->parameters[MANY - 1].stderr_, sd / sqrt(2), 1e-12, 0);
    qn_fit_result_free(r);
}

/* The columns (1, 2) and (1, 2 + d), of length 1, are an angle of d / 5 apart: singular values sqrt(1 +- cos), and 1 of
 * all others. x_1 = r_1 - 2 r_0 over d: a standard error of sqrt(5) s / d. */
static void a_sloppy_problem_of_many_parameters_shows_its_worst_direction(void **state)
{
    (void)state;
    test_not_short();
    const double apart = 1e-6, sd = sqrt(301.0 * 301 / 2);
    qn_fit_result *r = fit_many(apart);
    assert_string_equal(r->factorization, "pivoted qr");
    assert_int_equal(r->rank, MANY);
    assert_false(r->directions[0].singular);
    assert_close(r->condition, 10 / apart, 1e-3, 0);
    assert_close(r->directions[0].singular_value, apart / 10, 1e-3, 0);
    assert_close(r->parameters[1].stderr_, sqrt(5) * sd / apart, 1e-6, 0);
    assert_close(r->parameters[7].stderr_, sd, 1e-9, 0);
    qn_fit_result_free(r);
}

static void order_and_outliers_are_seen_in_the_rows(void **state)
{
    (void)state;
    static const double noise[] = {.1,  -.2, .05, .15, -.1, .2,   -.05, -.15, .1,  3,
                                   -.1, .05, .2,  -.2, .1,  -.05, .15,  -.1,  .05, -.15};
    char sine[2048] = "x,y\n", zigzag[2048] = "x,y\n", outlier[1024] = "x,y\n";
    for (int i = 0; i < 40; i++) {
        snprintf(sine + strlen(sine), sizeof sine - strlen(sine), "%d,%.17g\n", i, 1 + 0.5 * i + 0.3 * sin(i / 4.0));
        snprintf(zigzag + strlen(zigzag), sizeof zigzag - strlen(zigzag), "%d,%.17g\n", i,
                 1 + 0.5 * i + (i % 2 ? -0.3 : 0.3) * (1 + i % 3));
        if (i < 20)
            snprintf(outlier + strlen(outlier), sizeof outlier - strlen(outlier), "%d,%.17g\n", i,
                     2 * i + 1 + noise[i]);
    }
    qn_fit_options options = options_from(ones);
    qn_fit_result *r = fit("y = a*x + b", sine, &options);
    assert_close(r->diagnostics->durbin_watson, 0.0714251776579, 1e-11, 0);
    assert_int_equal(r->diagnostics->runs, 5);
    assert_close(r->diagnostics->runs_p, 3.4076818919965884e-07, 1e-12, 0);
    assert_int_equal(r->diagnostics->outliers, 0);
    assert_int_equal(r->warning_count, 1);
    assert_contains(r->warnings[0], "residuals of neighbouring rows go together (5 runs");
    qn_fit_result_free(r);
    r = fit("y = a*x + b", zigzag, &options);
    assert_close(r->diagnostics->durbin_watson, 3.55357162527, 1e-11, 0);
    assert_int_equal(r->diagnostics->runs, 40);
    assert_close(r->diagnostics->runs_p, 1.1513858065679468e-09, 1e-12, 0);
    assert_contains(r->warnings[0], "residuals of neighbouring rows alternate (40 runs");
    qn_fit_result_free(r);
    r = fit("y = a*x + b", outlier, &options);
    assert_close(r->diagnostics->standardized[9], 4.165258419227494, 1e-12, 0); /* the limit is 2.765 */
    assert_int_equal(r->diagnostics->outliers, 1);
    assert_int_equal(r->warning_count, 1);
    assert_contains(r->warnings[0],
                    "1 row is far from the model: row 10 (data.csv:11) most, by 4.17 standard deviations");
    qn_fit_result_free(r);
}

/* The limit for 20 rows and 18 degrees of freedom is 2.7650571923706626 (from scipy.stats.t.ppf(1 - 0.025/20, 17)); the
 * middle row is off by what makes its standardized residual 2.72 and 2.80 (scipy.optimize.brentq). */
static void the_limit_of_outliers_is_bonferronis(void **state)
{
    (void)state;
    static const double noise[] = {.1,  -.2, .05, .15, -.1, .2,   -.05, -.15, .1,  0,
                                   -.1, .05, .2,  -.2, .1,  -.05, .15,  -.1,  .05, -.15};
    static const struct {
        double off, standardized;
        int64_t outliers;
    } known[] = {{0.48840475101482794, 2.72, 0}, {0.5133899383394871, 2.80, 1}};
    qn_fit_options options = options_from(ones);
    for (size_t k = 0; k < 2; k++) {
        char csv[1024] = "x,y\n";
        for (int i = 0; i < 20; i++)
            snprintf(csv + strlen(csv), sizeof csv - strlen(csv), "%d,%.17g\n", i,
                     2 * i + 1 + noise[i] + (i == 9 ? known[k].off : 0));
        qn_fit_result *r = fit("y = a*x + b", csv, &options);
        assert_close(fabs(r->diagnostics->standardized[9]), known[k].standardized, 1e-10, 0);
        assert_int_equal(r->diagnostics->outliers, known[k].outliers);
        assert_int_equal(r->warning_count, 0); /* once in twenty samples is no reason to warn */
        qn_fit_result_free(r);
    }
}

static void vague_and_inseparable_parameters_are_warned_of(void **state)
{
    (void)state;
    const char csv[] = "x,y\n1000,0.3\n1001,-0.2\n1002,0.1\n1003,-0.4\n1004,0.2\n1005,0.1\n";
    qn_fit_options options = options_from(ones);
    qn_fit_result *r = fit("y = a*x + b", csv, &options);
    assert_int_equal(r->warning_count, 2);
    assert_contains(r->warnings[0], "\"a\" and \"b\" are correlated to -0.999999");
    assert_contains(r->warnings[1], "the standard errors of 2 of 2 parameters are larger than their values");
    qn_fit_result_free(r);
    r = fit("y = a*x + b", "x,y\n0,1\n1,3.1\n2,5\n", &options);
    assert_int_equal(r->warning_count, 1);
    assert_contains(r->warnings[0], "only one row more than parameters");
    qn_fit_result_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_weighted_line_has_the_statistics_of_its_explicit_matrices),
        cmocka_unit_test(known_sigmas_change_errors_and_likelihood_but_not_r_squared),
        cmocka_unit_test(correlated_data_have_the_statistics_of_generalised_least_squares),
        cmocka_unit_test(without_degrees_of_freedom_only_known_sigmas_give_errors),
        cmocka_unit_test(a_loss_has_curve_fits_covariance_and_no_likelihood),
        cmocka_unit_test(the_dnase_assay_has_rs_statistics),
        cmocka_unit_test(what_is_determined_beside_a_singular_direction_keeps_its_error),
        cmocka_unit_test(several_singular_directions_are_told_apart),
        cmocka_unit_test(a_function_of_undetermined_parameters_may_be_determined),
        cmocka_unit_test(differences_do_not_hide_a_singular_direction),
        cmocka_unit_test(a_sloppy_polynomial_has_its_exact_errors),
        cmocka_unit_test(a_singular_problem_of_many_parameters_is_damped),
        cmocka_unit_test(a_sloppy_problem_of_many_parameters_shows_its_worst_direction),
        cmocka_unit_test(order_and_outliers_are_seen_in_the_rows),
        cmocka_unit_test(the_limit_of_outliers_is_bonferronis),
        cmocka_unit_test(vague_and_inseparable_parameters_are_warned_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
