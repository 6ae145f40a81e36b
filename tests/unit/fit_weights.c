/* What is known of the data's errors: standard deviations and covariances, given in every way, and rows that are left
 * out. */
#include "unit/fit_help.h"

#include <stdio.h>
#include <stdlib.h>

/* SciPy's test of curve_fit's absolute_sigma: a line, with the deviations as a column, too. */
static const char line_csv[] = "x,y,s\n0,1,1\n1,1,2\n2,5,1\n3,7,2\n4,8,1\n5,12,2\n";
static const double line_sigma[] = {1, 2, 1, 2, 1, 2};

enum {
    ROWS = 6
};

/* sigma_i sigma_j 0.6^|i - j|. */
static void correlated(double *covariance, double correlation)
{
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < ROWS; j++)
            covariance[i * ROWS + j] = line_sigma[i] * line_sigma[j] * pow(correlation, abs(i - j));
}

static void assert_same(const qn_fit_result *a, const qn_fit_result *b)
{
    assert_int_equal(a->status, QN_FIT_CONVERGED);
    assert_int_equal(b->status, QN_FIT_CONVERGED);
    assert_int_equal(a->n, b->n);
    for (int64_t j = 0; j < a->p; j++) {
        assert_close(a->parameters[j].value, b->parameters[j].value, 1e-12, 0);
        assert_close(a->parameters[j].stderr_, b->parameters[j].stderr_, 1e-12, 0);
    }
    for (int64_t i = 0; i < a->p * a->p; i++)
        assert_close(a->covariance[i], b->covariance[i], 1e-12, 0);
    assert_close(a->rss, b->rss, 1e-12, 0);
    assert_close(a->log_likelihood, b->log_likelihood, 1e-12, 0);
    assert_true(a->weighted && b->weighted);
}

/* The standard errors are those of SciPy's test suite (test_absolute_sigma), to its digits. */
static void a_column_an_array_and_a_diagonal_say_the_same(void **state)
{
    (void)state;
    qn_table *table = fit_help_table(line_csv);
    double diagonal[ROWS * ROWS] = {0};
    for (int i = 0; i < ROWS; i++)
        diagonal[i * ROWS + i] = line_sigma[i] * line_sigma[i];
    for (int absolute = 0; absolute < 2; absolute++) {
        qn_fit_options options = fit_help_options();
        options.absolute_sigma = absolute != 0;
        options.sigma_column = "s";
        qn_fit_result *column = fit_help_fit("y = a*x + b", table, &options);
        assert_string_equal(column->sigma_column, "s");
        options.sigma_column = NULL;
        options.sigma = line_sigma;
        qn_fit_result *array = fit_help_fit("y = a*x + b", table, &options);
        assert_null(array->sigma_column);
        options.sigma = NULL;
        options.covariance = diagonal;
        qn_fit_result *matrix = fit_help_fit("y = a*x + b", table, &options);
        assert_same(column, array);
        assert_same(column, matrix);
        assert_true(column->absolute_sigma == (absolute != 0));
        assert_close(column->parameters[0].stderr_, absolute ? 0.30714756 : 0.20659803, 0, 5e-9);
        assert_close(column->parameters[1].stderr_, absolute ? 0.85045308 : 0.57204404, 0, 5e-9);
        qn_fit_result_free(column);
        qn_fit_result_free(array);
        qn_fit_result_free(matrix);
    }
    qn_table_free(table);
}

static void a_factor_of_all_deviations_matters_only_where_they_are_absolute(void **state)
{
    (void)state;
    qn_table *table = fit_help_table(line_csv);
    double larger[ROWS], diagonal[ROWS * ROWS] = {0};
    for (int i = 0; i < ROWS; i++) {
        larger[i] = 3 * line_sigma[i];
        diagonal[i * ROWS + i] = larger[i] * larger[i];
    }
    for (int absolute = 0; absolute < 2; absolute++) {
        qn_fit_options options = fit_help_options();
        options.absolute_sigma = absolute != 0;
        options.sigma = line_sigma;
        qn_fit_result *small = fit_help_fit("y = a*x + b", table, &options);
        options.sigma = larger;
        qn_fit_result *large = fit_help_fit("y = a*x + b", table, &options);
        options.sigma = NULL;
        options.covariance = diagonal;
        qn_fit_result *matrix = fit_help_fit("y = a*x + b", table, &options);
        assert_same(large, matrix);
        for (int j = 0; j < 2; j++) {
            assert_close(large->parameters[j].value, small->parameters[j].value, 1e-13, 0);
            assert_close(large->parameters[j].stderr_, small->parameters[j].stderr_ * (absolute ? 3 : 1), 1e-12, 0);
        }
        assert_close(large->rss, small->rss / 9, 1e-12, 0);
        qn_fit_result_free(small);
        qn_fit_result_free(large);
        qn_fit_result_free(matrix);
    }
    qn_table_free(table);
}

/* (X'V^-1 X)^-1 X'V^-1 y and its covariance, by NumPy. */
static void a_full_covariance_gives_the_generalised_least_squares_of_numpy(void **state)
{
    (void)state;
    qn_table *table = fit_help_table(line_csv);
    double covariance[ROWS * ROWS];
    correlated(covariance, 0.6);
    qn_fit_options options = fit_help_options();
    options.covariance = covariance;
    qn_fit_result *relative = fit_help_fit("y = a + b*x", table, &options);
    options.absolute_sigma = true;
    qn_fit_result *absolute = fit_help_fit("y = a + b*x", table, &options);
    assert_close(absolute->parameters[0].value, 1.4139453452081931, 1e-13, 0);
    assert_close(absolute->parameters[1].value, 1.702443480246631, 1e-13, 0);
    assert_close(absolute->parameters[0].stderr_, 0.8846031008095028, 1e-12, 0);
    assert_close(absolute->parameters[1].stderr_, 0.31698511249541583, 1e-12, 0);
    assert_close(absolute->covariance[1], -0.1991322219684859, 1e-12, 0);
    assert_close(absolute->rss, 4.617311791124305, 1e-13, 0);
    assert_close(relative->parameters[0].stderr_, 0.9504145200938839, 1e-12, 0);
    assert_close(relative->parameters[1].stderr_, 0.3405677114330098, 1e-12, 0);
    qn_fit_result_free(relative);
    qn_fit_result_free(absolute);
    qn_table_free(table);
}

/* The values are NumPy's for the rows 1, 3, 4 and 6 alone. */
static void a_covariance_and_an_array_are_of_the_tables_rows_also_of_those_left_out(void **state)
{
    (void)state;
    qn_table *table = fit_help_table("x,y,keep\n0,1,1\n1,1,0\n2,5,1\n3,7,1\n4,,1\n5,12,1\n");
    double covariance[ROWS * ROWS];
    correlated(covariance, 0.6);
    qn_fit_options options = fit_help_options();
    options.covariance = covariance;
    options.absolute_sigma = true;
    options.where = "keep";
    options.nan = QN_FIT_NAN_OMIT;
    qn_fit_result *result = fit_help_fit("y = a + b*x", table, &options);
    assert_int_equal(result->n, 4);
    assert_int_equal(result->filtered, 1);
    assert_int_equal(result->omitted, 1);
    assert_close(result->parameters[0].value, 0.9273237414727975, 1e-13, 0);
    assert_close(result->parameters[1].value, 2.1400857570209912, 1e-13, 0);
    assert_close(result->parameters[0].stderr_, 0.9528852334272707, 1e-12, 0);
    assert_close(result->parameters[1].stderr_, 0.3989492751456505, 1e-12, 0);
    qn_fit_result_free(result);
    /* What is not used may be anything. */
    double sigma[] = {1, -1, 1, 2, NAN, 2}, shorter[] = {1, 1, 2, 2};
    options.covariance = NULL;
    options.sigma = sigma;
    result = fit_help_fit("y = a + b*x", table, &options);
    qn_table *few = fit_help_table("x,y\n0,1\n2,5\n3,7\n5,12\n");
    options = fit_help_options();
    options.sigma = shorter;
    options.absolute_sigma = true;
    qn_fit_result *alone = fit_help_fit("y = a + b*x", few, &options);
    assert_same(result, alone);
    qn_fit_result_free(result);
    qn_fit_result_free(alone);
    qn_table_free(few);
    qn_table_free(table);
}

/* A column of whole numbers is converted, rows are filtered and omitted: the weights go with their rows. */
static void sigma_stays_with_its_rows_on_every_path(void **state)
{
    (void)state;
    qn_table *table = fit_help_table("x,y,s,use\n9,99,7,false\n0,1,1,true\n1,1,2,true\n,3,4,true\n2,5,1,true\n"
                                     "7,70,,true\n3,7,2,true\n4,8,1,true\n8,inf,9,true\n5,12,2,true\n");
    qn_table *plain = fit_help_table(line_csv);
    qn_fit_options options = fit_help_options();
    options.sigma_column = "s";
    qn_fit_result *expected = fit_help_fit("y = a*x + b", plain, &options);
    options.where = "use";
    options.nan = QN_FIT_NAN_OMIT;
    qn_fit_result *result = fit_help_fit("y = a*x + b", table, &options);
    assert_same(result, expected);
    assert_int_equal(result->omitted, 3);
    assert_int_equal(result->filtered, 1);
    assert_close(result->parameters[0].stderr_, 0.20659803, 0, 5e-9);
    qn_fit_result_free(result);
    qn_fit_result_free(expected);
    qn_table_free(table);
    qn_table_free(plain);
}

/* Data, deviations and model in another unit, up to where squares leave the range of numbers. */
static void units_of_data_and_deviations_do_not_matter(void **state)
{
    (void)state;
    static const int exponents[] = {-290, -170, -30, 30, 150};
    qn_table *table = fit_help_table(line_csv);
    qn_fit_options options = fit_help_options();
    options.sigma_column = "s";
    qn_fit_result *one = fit_help_fit("y = a*x + b", table, &options);
    qn_table_free(table);
    for (size_t i = 0; i < sizeof exponents / sizeof *exponents; i++) {
        char text[512] = "x,y,s\n";
        static const double y[] = {1, 1, 5, 7, 8, 12};
        for (int k = 0; k < ROWS; k++)
            sprintf(text + strlen(text), "%d,%.0fe%d,%.0fe%d\n", k, y[k], exponents[i], line_sigma[k],
                    exponents[i] / 3);
        table = fit_help_table(text);
        qn_fit_result *result = fit_help_fit("y = a*x + b", table, &options);
        double unit = pow(10, exponents[i]);
        assert_int_equal(result->status, QN_FIT_CONVERGED);
        for (int j = 0; j < 2; j++) {
            assert_close(result->parameters[j].value / unit, one->parameters[j].value, 1e-10, 0);
            assert_close(result->parameters[j].stderr_ / unit, one->parameters[j].stderr_, 1e-10, 0);
        }
        qn_fit_result_free(result);
        qn_table_free(table);
    }
    qn_fit_result_free(one);
}

static void deviations_that_are_none_are_refused_with_row_and_line(void **state)
{
    (void)state;
    static const struct {
        const char *csv, *piece;
        int64_t line;
    } columns[] = {{"x,y,s\n1,2,1\n2,4,0\n3,5,1\n", "row 2: sigma is 0: it must be a positive number", 3},
                   {"x,y,s\n1,2,1\n2,4,1\n3,5,-0.5\n", "row 3: sigma is -0.5: it must be", 4},
                   {"x,y,s\n1,2,1\n2,4,1\n3,5,1e-310\n", "row 3: sigma is 1e-310: nothing can be divided", 4},
                   {"x,y,s\n1,2,\n2,4,1\n3,5,1\n", "row 1: column \"s\" has no value", 2},
                   {"x,y,s\n1,2,1\n2,4,inf\n3,5,1\n", "row 2: column \"s\" is infinite", 3},
                   {"x,y,s\n1,2,low\n2,4,1\n3,5,1\n", "column \"s\" holds text values, not numbers", 0}};
    qn_error err;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        qn_table *table = fit_help_table(columns[i].csv);
        qn_fit_options options = fit_help_options();
        options.sigma_column = "s";
        fit_help_refused("y = a*x", table, &options, QN_DATA, columns[i].piece, &err);
        assert_int_equal(err.line, columns[i].line);
        assert_string_equal(err.file, "data.csv");
        qn_table_free(table);
    }
    static const double bad[][ROWS] = {
        {1, 1, 1, NAN, 1, 1}, {1, 1, 1, INFINITY, 1, 1}, {1, 1, 1, 0, 1, 1}, {1, 1, 1, -2, 1, 1}};
    static const char *const pieces[] = {"row 4: sigma is not a number", "row 4: sigma is infinite",
                                         "row 4: sigma is 0", "row 4: sigma is -2"};
    qn_table *table = fit_help_table(line_csv);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        qn_fit_options options = fit_help_options();
        options.sigma = bad[i];
        fit_help_refused("y = a*x", table, &options, QN_DATA, pieces[i], &err);
        assert_int_equal(err.line, 5);
        options.nan = QN_FIT_NAN_OMIT; /* leaves out what is no number; 0 and -2 are numbers, and wrong */
        if (i < 2) {
            qn_fit_result *result = fit_help_fit("y = a*x", table, &options);
            assert_int_equal(result->n, 5);
            assert_int_equal(result->omitted, 1);
            qn_fit_result_free(result);
        } else {
            fit_help_refused("y = a*x", table, &options, QN_DATA, pieces[i], NULL);
        }
    }
    /* The row is the table's, where others were left out before it. */
    qn_fit_options options = fit_help_options();
    options.sigma = bad[3];
    options.where = "x > 1";
    fit_help_refused("y = a*x", table, &options, QN_DATA, "row 4: sigma is -2", &err);
    assert_int_equal(err.line, 5);
    options.sigma = NULL;
    options.sigma_column = "sd";
    fit_help_refused("y = a*x", table, &options, QN_NAME, "no column \"sd\"", NULL);
    qn_table_free(table);
}

static void errors_given_twice_or_not_at_all_are_refused(void **state)
{
    (void)state;
    qn_table *table = fit_help_table(line_csv);
    double covariance[ROWS * ROWS];
    correlated(covariance, 0);
    qn_fit_options options = fit_help_options();
    options.absolute_sigma = true;
    fit_help_refused("y = a*x", table, &options, QN_INVALID, "absolute_sigma says something of sigma", NULL);
    options.sigma = line_sigma;
    options.sigma_column = "s";
    fit_help_refused("y = a*x", table, &options, QN_INVALID, "sigma is given twice", NULL);
    options.covariance = covariance;
    options.sigma = NULL;
    fit_help_refused("y = a*x", table, &options, QN_INVALID, "given twice: by sigma and by a covariance", NULL);
    qn_table_free(table);
}

static void covariances_that_are_none_are_refused_with_their_row(void **state)
{
    (void)state;
    qn_table *table = fit_help_table(line_csv);
    double good[ROWS * ROWS], bad[ROWS * ROWS];
    correlated(good, 0.5);
    qn_fit_options options = fit_help_options();
    options.covariance = bad;
    memcpy(bad, good, sizeof bad);
    bad[3 * ROWS + 1] = 7;
    fit_help_refused("y = a*x", table, &options, QN_DATA, "not symmetric: rows 2 and 4", NULL);
    memcpy(bad, good, sizeof bad);
    bad[1 * ROWS + 3] = NAN; /* above the diagonal */
    fit_help_refused("y = a*x", table, &options, QN_DATA, "not finite: row 2, column 4", NULL);
    memcpy(bad, good, sizeof bad);
    bad[4 * ROWS + 4] = INFINITY;
    fit_help_refused("y = a*x", table, &options, QN_DATA, "not finite: row 5, column 5", NULL);
    memcpy(bad, good, sizeof bad);
    bad[2 * ROWS + 2] = 0;
    fit_help_refused("y = a*x", table, &options, QN_DATA, "row", NULL);
    memcpy(bad, good, sizeof bad);
    bad[0] = -1;
    fit_help_refused("y = a*x", table, &options, QN_DATA, "not positive definite (row 1)", NULL);
    correlated(bad, 1);
    fit_help_refused("y = a*x", table, &options, QN_DATA, "not positive definite (row 2)", NULL);
    /* A row that is left out does not matter. */
    memcpy(bad, good, sizeof bad);
    bad[2 * ROWS + 5] = NAN;
    options.where = "x != 2";
    qn_fit_result *result = fit_help_fit("y = a*x", table, &options);
    assert_int_equal(result->n, 5);
    qn_fit_result_free(result);
    options.where = "x != 1";
    fit_help_refused("y = a*x", table, &options, QN_DATA, "not finite: row 3, column 6", NULL);
    qn_table_free(table);
}

/* B B' with one column too few: rounding leaves the last pivot a little above or below 0. */
static void a_covariance_that_is_singular_but_for_rounding_is_refused(void **state)
{
    (void)state;
    qn_table *table = fit_help_table(line_csv);
    double covariance[ROWS * ROWS], b[ROWS][ROWS - 1];
    qn_fit_options options = fit_help_options();
    options.covariance = covariance;
    for (int k = 0; k < 100; k++) {
        for (int i = 0; i < ROWS; i++)
            for (int j = 0; j < ROWS - 1; j++)
                b[i][j] = i == j ? 1.3 : 0.2 * sin(k + 2 * i + 3 * j);
        for (int i = 0; i < ROWS; i++)
            for (int j = 0; j < ROWS; j++) {
                covariance[i * ROWS + j] = 0;
                for (int l = 0; l < ROWS - 1; l++)
                    covariance[i * ROWS + j] += b[i][l] * b[j][l];
            }
        fit_help_refused("y = a*x", table, &options, QN_DATA, "not positive definite (row 6)", NULL);
    }
    qn_table_free(table);
}

/* Files round; what is 0 may be 1e-17 on one side and -1e-17 on the other. Order of the rows changes nothing. */
static void a_covariance_may_be_symmetric_but_for_rounding(void **state)
{
    (void)state;
    qn_table *table = fit_help_table(line_csv), *reversed = fit_help_table("x,y\n5,12\n4,8\n3,7\n2,5\n1,1\n0,1\n");
    double covariance[ROWS * ROWS], mirrored[ROWS * ROWS];
    correlated(covariance, 0.5);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < i; j++)
            covariance[i * ROWS + j] = abs(i - j) > 2 ? 1e-17 : covariance[i * ROWS + j] * (1 + 1e-8);
    for (int i = 0; i < ROWS; i++)
        for (int j = i + 3; j < ROWS; j++)
            covariance[i * ROWS + j] = -1e-17;
    for (int i = 0; i < ROWS * ROWS; i++)
        mirrored[ROWS * ROWS - 1 - i] = covariance[i];
    qn_fit_options options = fit_help_options();
    options.covariance = covariance;
    qn_fit_result *there = fit_help_fit("y = a*x + b", table, &options);
    options.covariance = mirrored;
    qn_fit_result *back = fit_help_fit("y = a*x + b", reversed, &options);
    assert_same(there, back);
    qn_fit_result_free(there);
    qn_fit_result_free(back);
    qn_table_free(table);
    qn_table_free(reversed);
}

/* r = x - y_i, weighted means by hand. */
static bool constant(void *user, const double *x, double *r, double *jacobian)
{
    const double *y = user;
    for (int i = 0; i < 3; i++)
        r[i] = x[0] - y[i];
    for (int i = 0; jacobian != NULL && i < 3; i++)
        jacobian[i] = 1;
    return true;
}

static void functions_are_weighted_too(void **state)
{
    (void)state;
    double y[] = {1, 2, 6};
    const double sigma[] = {1, 2, 0.5}, covariance[] = {1, 0, 0, 0, 4, 0, 0, 0, 0.25}, wrong[] = {1, 0, 1};
    const double weights = 1 + 0.25 + 4, mean = (1 + 0.25 * 2 + 4 * 6) / weights;
    for (int i = 0; i < 2; i++) {
        qn_error err;
        qn_fit_result *result;
        qn_fit_problem problem = {.size = sizeof problem, .n = 3, .p = 1, .eval = constant, .user = y, .y = y};
        qn_fit_options options = fit_help_options();
        options.absolute_sigma = true;
        options.sigma = i == 0 ? sigma : NULL;
        options.covariance = i == 1 ? covariance : NULL;
        assert_ok(qn_fit_solve(&result, &problem, &options, &err), &err);
        assert_close(result->parameters[0].value, mean, 1e-14, 0);
        assert_close(result->parameters[0].stderr_, 1 / sqrt(weights), 1e-14, 0);
        qn_fit_result_free(result);
        options.covariance = NULL;
        options.sigma = wrong;
        assert_int_equal(qn_fit_solve(&result, &problem, &options, &err), QN_DATA);
        assert_contains(err.message, "row 2: sigma is 0");
    }
}

/* ---- where and nan: which rows there are ---- */

static void where_chooses_rows_by_any_column_of_numbers(void **state)
{
    (void)state;
    qn_table *table = fit_help_table("x,y,run,good,dose\n1,2,1,true,0.5\n2,90,2,true,0.5\n3,6,1,true,0.1\n"
                                     "4,70,1,false,0.7\n5,10,1,true,\n6,12.6,1,true,0.9\n");
    assert_int_equal(qn_table_column_type(table, 2), QN_TYPE_I64);
    assert_int_equal(qn_table_column_type(table, 3), QN_TYPE_BOOL);
    qn_fit_options options = fit_help_options();
    options.where = "run == 1 && good";
    qn_fit_result *result = fit_help_fit("y = a*x", table, &options);
    assert_int_equal(result->n, 4);
    assert_int_equal(result->filtered, 2);
    assert_int_equal(result->omitted, 0);
    assert_close(result->parameters[0].value, (1 * 2 + 3 * 6 + 5 * 10 + 6 * 12.6) / (1. + 9 + 25 + 36), 1e-14, 0);
    qn_fit_result_free(result);
    options.where = "run == 1 && good && dose > 0.2"; /* a missing dose is no dose */
    result = fit_help_fit("y = a*x", table, &options);
    assert_int_equal(result->n, 2);
    assert_int_equal(result->filtered, 4);
    assert_close(result->parameters[0].value, (1 * 2 + 6 * 12.6) / 37., 1e-14, 0);
    qn_fit_result_free(result);
    options.where = "0/(x - 3)"; /* NaN at 3, 0 elsewhere */
    fit_help_refused("y = a*x", table, &options, QN_DATA, "no row satisfies where \"0/(x - 3)\"", NULL);
    options.where = "dose*0 + 1"; /* true wherever there is a dose */
    result = fit_help_fit("y = a*x", table, &options);
    assert_int_equal(result->n, 5);
    qn_fit_result_free(result);
    qn_table_free(table);
}

/* A missing whole number or truth value has nothing in its place that a condition could take for a number. */
static void a_missing_value_satisfies_no_condition(void **state)
{
    (void)state;
    static const char *const conditions[] = {"run < 3", "run == run", "!good", "run != 1 || x > 0", "-run <= 0"};
    qn_table *table = fit_help_table("x,y,run,good\n1,2,1,false\n2,40,,\n3,6,1,false\n");
    assert_int_equal(qn_table_column_type(table, 2), QN_TYPE_I64);
    assert_int_equal(qn_table_column_type(table, 3), QN_TYPE_BOOL);
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        qn_fit_options options = fit_help_options();
        options.where = conditions[i];
        qn_fit_result *result = fit_help_fit("y = a*x", table, &options);
        assert_int_equal(result->n, 2);
        assert_int_equal(result->filtered, 1);
        assert_close(result->parameters[0].value, 2, 1e-15, 0);
        qn_fit_result_free(result);
    }
    qn_table_free(table);
}

static void conditions_that_are_none_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *where;
        qn_status code;
        const char *piece;
    } bad[] = {{"name > 3", QN_DATA, "column \"name\" holds text values, not numbers"},
               {"wieght > 3", QN_NAME, "where \"wieght > 3\": there is no column \"wieght\": did you mean \"weight\"?"},
               {"q > 3", QN_NAME, "there is no column \"q\""},
               {"x = 3", QN_INVALID, "compare with == instead"},
               {"x >", QN_SYNTAX, "where \"x >\": "},
               {"", QN_SYNTAX, "where \"\": "},
               {"x > 100", QN_DATA, "no row satisfies where \"x > 100\""},
               {"frobnicate(x)", QN_NAME, "where \"frobnicate(x)\": "}};
    qn_table *table = fit_help_table("x,y,name,weight\n1,2,p,4\n2,4,q,5\n3,7,r,6\n");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        qn_fit_options options = fit_help_options();
        options.where = bad[i].where;
        fit_help_refused("y = a*x", table, &options, bad[i].code, bad[i].piece, NULL);
    }
    qn_fit_options options = fit_help_options();
    options.where = "x > 1";
    fit_help_refused("y = a + b*x + c*x^2", table, &options, QN_DATA, "2 rows are too few for 3 parameters", NULL);
    qn_table_free(table);
}

static void a_filtered_row_may_hold_anything(void **state)
{
    (void)state;
    qn_table *table = fit_help_table("x,y,s\n1,2,1\n,5,1\n2,inf,1\n3,6,0\n-4,7,1\n5,10,1\n");
    qn_fit_options options = fit_help_options();
    options.sigma_column = "s";
    options.where = "(x == 1) || (x == 5)";
    qn_fit_result *result = fit_help_fit("log(y) = a + b*log(x)", table, &options);
    assert_int_equal(result->n, 2);
    assert_close(result->parameters[1].value, 1, 1e-12, 0);
    assert_close(exp(result->parameters[0].value), 2, 1e-12, 0);
    qn_fit_result_free(result);
    qn_table_free(table);
}

static void rows_without_numbers_are_named_or_left_out(void **state)
{
    (void)state;
    qn_error err;
    qn_table *table = fit_help_table("x,y,z\n1,2,5\n2,-1,5\n3,6,\n4,8,5\n,9,5\n5,10,5\n6,nan,5\n7,14,5\n");
    qn_fit_options options = fit_help_options();
    fit_help_refused("log(y) = a + b*log(x)", table, &options, QN_DATA, "row ", &err);
    assert_string_equal(err.file, "data.csv");
    options.nan = QN_FIT_NAN_OMIT;
    qn_fit_result *result = fit_help_fit("log(y) = a + b*log(x)", table, &options);
    assert_int_equal(result->omitted, 3); /* rows 2, 5 and 7; z is not read */
    assert_int_equal(result->n, 5);
    assert_close(exp(result->parameters[0].value), 2, 1e-12, 0);
    assert_close(result->parameters[1].value, 1, 1e-12, 0);
    qn_fit_result_free(result);
    result = fit_help_fit("log(y) = a + b*log(x) + c*(z - 5)", table, &options);
    assert_int_equal(result->omitted, 4);
    qn_fit_result_free(result);
    options.nan = QN_FIT_NAN_RAISE;
    options.where = "x > 2"; /* what a row that is not used lacks is nobody's business; row 7 is used */
    fit_help_refused("y = a + b*x", table, &options, QN_DATA, "row 7: column \"y\"", &err);
    assert_int_equal(err.line, 8);
    options.where = "x < 3";
    fit_help_refused("log(y) = a*x", table, &options, QN_DATA, "row 2: the response log(y) is not finite here", &err);
    assert_int_equal(err.line, 3);
    options.nan = QN_FIT_NAN_OMIT;
    options.where = "x == 2";
    fit_help_refused("log(y) = a*x", table, &options, QN_DATA, "every row was left out", NULL);
    qn_table_free(table);
}

/* Rows that are left out in front: a message about the start names the row of the table. */
static void messages_count_the_tables_rows(void **state)
{
    (void)state;
    qn_table *table = fit_help_table("x,y\n,1\n4,2\n1,1\n-1,0\n9,3\n");
    qn_fit_options options = fit_help_options();
    const double start[] = {1, 1};
    options.start = start;
    options.nan = QN_FIT_NAN_OMIT;
    qn_fit_result *result = fit_help_fit("y = a*sqrt(x) + b", table, &options);
    assert_int_equal(result->status, QN_FIT_NOT_FINITE);
    assert_contains(result->message, "row 4 (data.csv:5)");
    qn_fit_result_free(result);
    qn_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_column_an_array_and_a_diagonal_say_the_same),
        cmocka_unit_test(a_factor_of_all_deviations_matters_only_where_they_are_absolute),
        cmocka_unit_test(a_full_covariance_gives_the_generalised_least_squares_of_numpy),
        cmocka_unit_test(a_covariance_and_an_array_are_of_the_tables_rows_also_of_those_left_out),
        cmocka_unit_test(sigma_stays_with_its_rows_on_every_path),
        cmocka_unit_test(units_of_data_and_deviations_do_not_matter),
        cmocka_unit_test(deviations_that_are_none_are_refused_with_row_and_line),
        cmocka_unit_test(errors_given_twice_or_not_at_all_are_refused),
        cmocka_unit_test(covariances_that_are_none_are_refused_with_their_row),
        cmocka_unit_test(a_covariance_that_is_singular_but_for_rounding_is_refused),
        cmocka_unit_test(a_covariance_may_be_symmetric_but_for_rounding),
        cmocka_unit_test(functions_are_weighted_too),
        cmocka_unit_test(where_chooses_rows_by_any_column_of_numbers),
        cmocka_unit_test(a_missing_value_satisfies_no_condition),
        cmocka_unit_test(conditions_that_are_none_are_refused),
        cmocka_unit_test(a_filtered_row_may_hold_anything),
        cmocka_unit_test(rows_without_numbers_are_named_or_left_out),
        cmocka_unit_test(messages_count_the_tables_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
