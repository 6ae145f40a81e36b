/* Profile-likelihood intervals: published ones, those of a second method (SciPy 1.10: scipy.optimize.least_squares
 * with one parameter held, brentq on the growth of the sum of squares), and every way in which a side can end. */
#include "accuracy/nist_sets.h"
#include "harness/harness.h"

#include <quern/fit.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static qn_fit_result *fit_table(const char *formula, const qn_table *table, const qn_fit_options *options)
{
    qn_error err;
    qn_model *model;
    qn_fit_result *result;
    const char *columns[16];
    qn_model_options names;
    qn_model_options_init(&names, sizeof names);
    names.columns = columns;
    names.column_count = qn_table_column_count(table);
    for (int64_t c = 0; c < names.column_count; c++)
        columns[c] = qn_table_column_name(table, c);
    assert_ok(qn_model_new(&model, formula, -1, &names, &err), &err);
    assert_ok(qn_fit_table(&result, model, table, options, &err), &err);
    qn_model_unref(model);
    assert_string_equal(qn_fit_status_name(result->status), "converged");
    return result;
}

/* Fits a formula to the text of a CSV file. */
static qn_fit_result *fit(const char *formula, const char *csv_text, const qn_fit_options *options)
{
    qn_error err;
    qn_csv *csv;
    qn_table *table;
    assert_ok(qn_csv_open_bytes(&csv, csv_text, (int64_t)strlen(csv_text), "data.csv", NULL, &err), &err);
    assert_ok(qn_csv_read(&table, csv, -1, &err), &err);
    qn_csv_close(csv);
    qn_fit_result *result = fit_table(formula, table, options);
    qn_table_free(table);
    return result;
}

static qn_fit_options options_from(const double *start)
{
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.start = start;
    options.profile = true;
    return options;
}

/* 1e-6: the ends are found to 1e-7 of the half-width, the reference to about as much. */
static void assert_profile(const qn_fit_result *r, int64_t j, double low, double high)
{
    assert_true(r->profiled);
    assert_close(r->parameters[j].profile_low, low, 1e-6, 0);
    assert_close(r->parameters[j].profile_high, high, 1e-6, 0);
}

static const char puromycin[] = "c,v\n0.02,76\n0.02,47\n0.06,97\n0.06,107\n0.11,123\n0.11,139\n0.22,159\n0.22,152\n"
                                "0.56,191\n0.56,201\n1.1,207\n1.1,200\n";

/* Bates and Watts 1988, data set of treated cells. R's confint of the nls prints 197.30212848 229.29006490 and
 * 0.04692517 0.08615995 (its splines keep four digits). */
static void puromycin_has_the_published_intervals_by_every_method(void **state)
{
    (void)state;
    const double start[] = {200, 0.05};
    for (int method = QN_FIT_TRF; method <= QN_FIT_DOGBOX; method++) {
        qn_fit_options options = options_from(start);
        options.method = (qn_fit_method)method;
        qn_fit_result *r = fit("v = vm*c/(k + c)", puromycin, &options);
        assert_profile(r, 0, 197.3019329, 229.2890551);
        assert_profile(r, 1, 0.04692034204, 0.08615691343);
        assert_close(r->parameters[1].profile_low, 0.04692517, 2e-4, 0);
        assert_close(r->parameters[1].profile_high, 0.08615995, 2e-4, 0);
        assert_int_equal(r->warning_count, 0);
        qn_fit_result_free(r);
    }
}

static void the_dnase_assay_has_the_intervals_of_a_second_method(void **state)
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
    assert_profile(r, 0, 2.193503955, 2.538785297);
    assert_profile(r, 1, 1.321427536, 1.678746028);
    assert_profile(r, 2, 0.974305005, 1.114933108);
    qn_fit_result_free(r);
}

/* A second method that cannot lose its way: 50 small steps a standard error outwards, each from where the last ended
 * (scipy.optimize.least_squares), and a straight line between the last two, which costs the last digits. */
static void strongly_curved_models_have_the_intervals_of_small_steps(void **state)
{
    (void)state;
    static const struct {
        const char *set;
        double ends[6][2];
    } known[] = {
        {"Rat43", {{668.1016, 739.428}, {0.4481984, 12.49219}, {0.4530215, 1.494574}, {0.1077581, 3.843644}}},
        {"MGH09",
         {{0.1635307, 0.2159057}, {-0.007724819, 1.319636}, {-0.03472366, 0.6267014}, {0.03042704, 0.5477688}}},
        {"BoxBOD", {{180.967, 258.5678}, {0.3025897, 1.073054}}},
        {"Lanczos3",
         {{0.05396079, 0.1258363},
          {0.7213089, 1.137653},
          {0.7709603, 0.9548653},
          {2.740382, 3.196417},
          {1.433326, 1.687905},
          {4.923643, 5.074544}}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        nist_set set;
        nist_set_read(&set, known[i].set);
        qn_fit_options options = options_from(set.start[1]);
        qn_fit_result *r = fit_table(set.formula, set.table, &options);
        for (int64_t j = 0; j < set.p; j++) {
            assert_string_equal(r->parameters[j].name, set.parameters[j]);
            assert_close(r->parameters[j].profile_low, known[i].ends[j][0], 0, 2e-4 * r->parameters[j].stderr_);
            assert_close(r->parameters[j].profile_high, known[i].ends[j][1], 0, 2e-4 * r->parameters[j].stderr_);
        }
        qn_fit_result_free(r);
        nist_set_fini(&set);
    }
}

static void known_sigmas_set_the_scale_and_the_normal_limit(void **state)
{
    (void)state;
    const double start[] = {9, 3};
    qn_fit_options options = options_from(start);
    options.sigma_column = "s";
    options.absolute_sigma = true;
    qn_fit_result *r =
        fit("y = a*exp(-x/b)", "x,y,s\n1,7.1,1\n2,5.2,2\n3,3.4,1\n4,2.9,2\n5,1.8,1\n6,1.5,2\n", &options);
    assert_profile(r, 0, 6.435895438, 14.9403826);
    assert_profile(r, 1, 1.670051011, 5.926799426);
    qn_fit_result_free(r);
}

static void a_linear_model_has_its_t_intervals(void **state)
{
    (void)state;
    const char csv[] = "x,y\n1,2.1\n2,3.7\n3,6.5\n4,7.6\n5,10.4\n6,11.7\n";
    const double start[] = {1, 1};
    qn_fit_options options = options_from(start);
    const char *const formulas[] = {"y = a*x", "y = a*x + b"};
    for (int64_t i = 0; i < 2; i++) {
        qn_fit_result *r = fit(formulas[i], csv, &options);
        for (int64_t j = 0; j <= i; j++)
            assert_profile(r, j, r->parameters[j].ci_low, r->parameters[j].ci_high);
        qn_fit_result_free(r);
    }
}

static void a_bound_ends_a_side(void **state)
{
    (void)state;
    const double start[] = {200, 0.06}, lower[] = {-INFINITY, 0.055}, upper[] = {220, INFINITY};
    qn_fit_options options = options_from(start);
    options.lower = lower;
    options.upper = upper;
    qn_fit_result *r = fit("v = vm*c/(k + c)", puromycin, &options);
    assert_close(r->parameters[0].profile_high, 220, 0, 0);
    assert_close(r->parameters[1].profile_low, 0.055, 0, 0);
    assert_true(r->parameters[1].profile_high < 0.0861); /* vm may not rise with it */
    qn_fit_result_free(r);
    const double tight[] = {-INFINITY, 0.07};
    options.lower = tight;
    const double inside[] = {200, 0.08};
    options.start = inside;
    r = fit("v = vm*c/(k + c)", puromycin, &options);
    assert_true(r->parameters[1].at_bound);
    assert_close(r->parameters[1].profile_low, 0.07, 0, 0);
    assert_true(r->parameters[1].profile_high > 0.07);
    qn_fit_result_free(r);
}

/* With b -> infinity the model is the constant a, which describes the data well enough: no upper end. */
static void a_side_that_never_costs_enough_is_infinite(void **state)
{
    (void)state;
    const char csv[] = "x,y\n1,0.93\n2,1.02\n3,0.97\n4,1.03\n5,1.01\n6,0.98\n";
    const double start[] = {1, 3};
    qn_fit_options options = options_from(start), plain = options_from(start);
    qn_fit_result *r = fit("y = a*(1 - exp(-b*x))", csv, &options), *constant = fit("y = a", csv, &plain);
    double t = (r->parameters[1].ci_high - r->parameters[1].value) / r->parameters[1].stderr_;
    assert_true((constant->rss - r->rss) / (r->rss / 4) < t * t);
    assert_true(isinf(r->parameters[1].profile_high) && r->parameters[1].profile_high > 0);
    assert_true(r->parameters[1].profile_low > 0 && r->parameters[1].profile_low < r->parameters[1].value);
    assert_true(isfinite(r->parameters[0].profile_low) && isfinite(r->parameters[0].profile_high));
    qn_fit_result_free(r);
    qn_fit_result_free(constant);
}

static void undetermined_parameters_have_open_profiles(void **state)
{
    (void)state;
    const double start[] = {1, 2, 1};
    qn_fit_options options = options_from(start);
    qn_fit_result *r = fit("y = a*b*x + c", "x,y\n0,1.1\n1,2.9\n2,5.2\n3,6.8\n4,9.1\n", &options);
    assert_true(r->parameters[0].profile_high == INFINITY && r->parameters[1].profile_high == INFINITY);
    assert_profile(r, 2, r->parameters[2].ci_low, r->parameters[2].ci_high); /* linear in c, which stands for itself */
    qn_fit_result_free(r);
}

/* log(x + a) has no value from a = -1 down, and so little cost up to there that the interval ends there. */
static void the_edge_of_the_models_domain_ends_a_side(void **state)
{
    (void)state;
    const double start[] = {1};
    qn_fit_options options = options_from(start);
    qn_fit_result *r = fit("y = sqrt(x + a)", "x,y\n1,2.4\n2,0.4\n3,3.1\n4,0.9\n", &options);
    assert_close(r->parameters[0].profile_low, -1, 1e-6, 0);
    assert_true(isfinite(r->parameters[0].profile_high));
    qn_fit_result_free(r);
}

/* The sum of squares over w has minima at 0.302 (0.405) and 2.418 (7.002), and is nowhere above 8.3: far below what the
 * confidence allows around the second (a grid of 5001 points). */
static void a_lower_minimum_on_the_way_is_told(void **state)
{
    (void)state;
    static const double noise[] = {0.3, -0.3, 0.15, -0.15, 0.3, -0.3};
    char csv[512] = "x,y\n";
    for (int i = 0; i < 6; i++)
        snprintf(csv + strlen(csv), sizeof csv - strlen(csv), "%d,%.17g\n", i, sin(0.3 * i) + noise[i]);
    const double start[] = {2.4};
    qn_fit_options options = options_from(start);
    qn_fit_result *r = fit("y = sin(w*x)", csv, &options);
    assert_close(r->parameters[0].value, 2.418, 1e-3, 0);
    assert_true(r->profiled);
    assert_true(isnan(r->parameters[0].profile_low) && isnan(r->parameters[0].profile_high));
    assert_contains(r->warnings[r->warning_count - 1], "the fit was not at the global minimum: with \"w\" at ");
    qn_fit_result_free(r);
}

static void fixed_and_tied_parameters_have_no_profile(void **state)
{
    (void)state;
    const char csv[] = "x,y\n0,3.1\n1,2.2\n2,1.6\n3,1.4\n4,1.1\n5,1.05\n";
    const char *const ties[] = {"b = 2*c"};
    const double fixed[] = {NAN, NAN, NAN, 0.5}, start[] = {1, NAN, 0.5, NAN}, other[] = {1, 0.5};
    qn_fit_options options = options_from(start), plain = options_from(other);
    options.ties = ties;
    options.tie_count = 1;
    options.fixed = fixed;
    qn_fit_result *r = fit("y = a + b*exp(-c*x)*(d/0.5)", csv, &options);
    qn_fit_result *same = fit("y = a + 2*c*exp(-c*x)", csv, &plain);
    assert_profile(r, 0, same->parameters[0].profile_low, same->parameters[0].profile_high);
    assert_profile(r, 2, same->parameters[1].profile_low, same->parameters[1].profile_high);
    assert_true(isnan(r->parameters[1].profile_low) && isnan(r->parameters[3].profile_high));
    assert_close(r->parameters[1].stderr_, 2 * r->parameters[2].stderr_, 1e-13, 0);
    assert_close(r->parameters[1].value, 2 * r->parameters[2].value, 1e-13, 0);
    qn_fit_result_free(r);
    qn_fit_result_free(same);
}

static bool after_some(void *user)
{
    int *left = user;
    return --*left < 0;
}

static void profiles_can_be_stopped_and_the_fit_stands(void **state)
{
    (void)state;
    const double start[] = {200, 0.05};
    int many = 1000000, few;
    qn_fit_options options = options_from(start);
    options.should_stop = after_some;
    options.should_stop_user = &many;
    options.profile = false;
    qn_fit_result_free(fit("v = vm*c/(k + c)", puromycin, &options));
    few = 1000000 - many + 12; /* as often as the fit asks, and a little into the profiles */
    options.should_stop_user = &few;
    options.profile = true;
    qn_fit_result *r = fit("v = vm*c/(k + c)", puromycin, &options);
    assert_false(r->profiled);
    assert_true(isnan(r->parameters[0].profile_low) && r->parameters[0].stderr_ > 0);
    assert_contains(r->warnings[0], "the profiles were interrupted");
    qn_fit_result_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puromycin_has_the_published_intervals_by_every_method),
        cmocka_unit_test(the_dnase_assay_has_the_intervals_of_a_second_method),
        cmocka_unit_test(strongly_curved_models_have_the_intervals_of_small_steps),
        cmocka_unit_test(known_sigmas_set_the_scale_and_the_normal_limit),
        cmocka_unit_test(a_linear_model_has_its_t_intervals),
        cmocka_unit_test(a_bound_ends_a_side),
        cmocka_unit_test(a_side_that_never_costs_enough_is_infinite),
        cmocka_unit_test(undetermined_parameters_have_open_profiles),
        cmocka_unit_test(the_edge_of_the_models_domain_ends_a_side),
        cmocka_unit_test(a_lower_minimum_on_the_way_is_told),
        cmocka_unit_test(fixed_and_tied_parameters_have_no_profile),
        cmocka_unit_test(profiles_can_be_stopped_and_the_fit_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
