/* Fixed and tied parameters: the same as the formula with the number or the expression written in its place, and every
 * way in which they can be wrong. */
#include "unit/fit_help.h"

#include <stdio.h>

static const char decay_csv[] = "x,y\n0,5.1\n0.5,3.97\n1,3.24\n1.5,2.31\n2,2.02\n2.5,1.61\n3,1.24\n3.5,1.12\n4,0.97\n"
                                "5,0.71\n6,0.64\n8,0.49\n";

/* Both formulas reach the same minimum by their own ways, and a sum of squares cannot tell points apart that differ by
 * the root of its rounding times the standard error. */
static const double same = 1e-7;

static void assert_same_parameter(const qn_fit_result *a, const char *name, const qn_fit_result *b, const char *other)
{
    const qn_fit_parameter *x = fit_help_parameter(a, name), *y = fit_help_parameter(b, other);
    assert_close(x->value, y->value, 0, same * y->stderr_);
    assert_close(x->stderr_, y->stderr_, same, 0);
    assert_close(x->ci_low, y->ci_low, 0, 10 * same * y->stderr_);
    assert_close(x->ci_high, y->ci_high, 0, 10 * same * y->stderr_);
}

static void assert_same_fit(const qn_fit_result *a, const qn_fit_result *b)
{
    assert_int_equal(a->status, QN_FIT_CONVERGED);
    assert_int_equal(b->status, QN_FIT_CONVERGED);
    assert_close(a->rss, b->rss, 1e-12, 0);
    assert_int_equal(a->dof, b->dof);
    assert_int_equal(a->free, b->free);
    assert_close(a->residual_sd, b->residual_sd, 1e-12, 0);
}

static void a_fixed_parameter_is_its_number_written_into_the_formula(void **state)
{
    (void)state;
    qn_table *table = fit_help_table(decay_csv);
    qn_fit_options options = fit_help_options();
    const double start[] = {4, 1, NAN}, fixed[] = {NAN, NAN, 0.25};
    options.start = start;
    qn_fit_result *written = fit_help_fit("y = a*exp(-b*x) + 0.25", table, &options);
    options.fixed = fixed;
    qn_fit_result *held = fit_help_fit("y = a*exp(-b*x) + c", table, &options);
    assert_same_fit(held, written);
    assert_int_equal(held->dof, 12 - 2);
    assert_same_parameter(held, "a", written, "a");
    assert_same_parameter(held, "b", written, "b");
    assert_close(fit_help_covariance(held, "a", "b"), fit_help_covariance(written, "a", "b"), same, 0);
    const qn_fit_parameter *c = fit_help_parameter(held, "c");
    assert_int_equal(c->role, QN_FIT_FIXED);
    assert_true(c->value == 0.25 && c->start == 0.25 && c->stderr_ == 0);
    assert_true(fit_help_covariance(held, "c", "a") == 0 && fit_help_covariance(held, "c", "c") == 0);
    assert_false(c->at_bound);
    assert_int_equal(fit_help_parameter(held, "a")->role, QN_FIT_FREE);
    qn_fit_result_free(held);
    qn_fit_result_free(written);
    qn_table_free(table);
}

/* The first of the formula's parameters is fixed, so that free ones and all are counted differently. */
static void bounds_starts_and_scales_stay_with_their_parameters(void **state)
{
    (void)state;
    qn_table *table = fit_help_table(decay_csv);
    qn_fit_options options = fit_help_options();
    const double start[] = {NAN, 0.7, 0.3}, fixed[] = {4.75, NAN, NAN}, scale[] = {1, 1e3, 1e-3};
    const double lower[] = {-INFINITY, 0.65, -INFINITY}, upper[] = {INFINITY, 3, INFINITY};
    options.start = start;
    options.fixed = fixed;
    options.lower = lower;
    options.upper = upper;
    options.x_scale = scale;
    qn_fit_result *held = fit_help_fit("y = a*exp(-b*x) + c", table, &options);
    options.start = start + 1;
    options.fixed = NULL;
    options.lower = lower + 1;
    options.upper = upper + 1;
    options.x_scale = scale + 1;
    qn_fit_result *written = fit_help_fit("y = 4.75*exp(-b*x) + c", table, &options);
    assert_same_fit(held, written);
    assert_same_parameter(held, "c", written, "c");
    assert_true(fit_help_parameter(held, "b")->value == 0.65 && fit_help_parameter(held, "b")->at_bound);
    assert_int_equal(held->evaluations, written->evaluations);
    qn_fit_result_free(held);
    qn_fit_result_free(written);
    qn_table_free(table);
}

static void a_tied_parameter_is_its_expression_written_into_the_formula(void **state)
{
    (void)state;
    qn_table *table = fit_help_table(decay_csv);
    qn_fit_options options = fit_help_options();
    const char *const ties[] = {" b\t=  a/8 + c^2 "};
    const double start[] = {4, NAN, 0.4}, short_start[] = {4, 0.4};
    options.start = start;
    options.ties = ties;
    options.tie_count = 1;
    qn_fit_result *tied = fit_help_fit("y = a*exp(-b*x) + c", table, &options);
    options = fit_help_options();
    options.start = short_start;
    qn_fit_result *written = fit_help_fit("y = a*exp(-(a/8 + c^2)*x) + c", table, &options);
    assert_same_fit(tied, written);
    assert_same_parameter(tied, "a", written, "a");
    assert_same_parameter(tied, "c", written, "c");
    /* The delta method, by hand: db/da = 1/8, db/dc = 2 c. */
    double a = fit_help_parameter(written, "a")->value, c = fit_help_parameter(written, "c")->value;
    double aa = fit_help_covariance(written, "a", "a"), ac = fit_help_covariance(written, "a", "c"),
           cc = fit_help_covariance(written, "c", "c");
    const qn_fit_parameter *b = fit_help_parameter(tied, "b");
    double variance = aa / 64 + 2 * (2 * c / 8) * ac + 4 * c * c * cc;
    assert_close(b->value, a / 8 + c * c, 0, same * b->stderr_);
    assert_close(fit_help_covariance(tied, "b", "b"), variance, same, 0);
    assert_close(b->stderr_, sqrt(variance), same, 0);
    assert_close(fit_help_covariance(tied, "b", "a"), aa / 8 + 2 * c * ac, same, 0);
    assert_close(fit_help_covariance(tied, "c", "b"), ac / 8 + 2 * c * cc, same, 0);
    assert_int_equal(b->role, QN_FIT_TIED);
    assert_string_equal(b->tie, "a/8 + c^2 ");
    assert_close(b->start, 4.0 / 8 + 0.4 * 0.4, 1e-15, 0);
    qn_fit_result_free(tied);
    qn_fit_result_free(written);
    qn_table_free(table);
}

/* d follows c, c follows b and a, given the wrong way round; e hangs on a fixed one; f is a number. */
static void chains_of_ties_carry_values_and_errors_through(void **state)
{
    (void)state;
    qn_table *table =
        fit_help_table("x,z,y\n0,1,3.1\n1,0,6.4\n2,2,9.2\n3,1,14.1\n4,5,15.2\n5,2,21.3\n6,9,22.8\n7,1,31.4\n");
    const char *const ties[] = {"d = 3*c", "e = g/2", "c = a + b^2", "f = 0.5"};
    const double fixed[] = {NAN, NAN, NAN, NAN, NAN, NAN, 4};
    qn_fit_options options = fit_help_options();
    options.ties = ties;
    options.tie_count = 4;
    options.fixed = fixed;
    qn_fit_result *tied = fit_help_fit("y = a + b*x + c*x*z/10 + d*z/10 + e*0.1 + f*x + g*z/100", table, &options);
    qn_fit_result *written =
        fit_help_fit("y = a + b*x + (a + b^2)*x*z/10 + 3*(a + b^2)*z/10 + 0.2 + x/2 + 4*z/100", table, NULL);
    assert_same_fit(tied, written);
    assert_int_equal(tied->free, 2);
    assert_int_equal(tied->p, 7);
    assert_int_equal(tied->dof, 6);
    assert_same_parameter(tied, "a", written, "a");
    assert_same_parameter(tied, "b", written, "b");
    double b = fit_help_parameter(written, "b")->value;
    double aa = fit_help_covariance(written, "a", "a"), ab = fit_help_covariance(written, "a", "b"),
           bb = fit_help_covariance(written, "b", "b");
    double variance = aa + 4 * b * ab + 4 * b * b * bb; /* of c */
    assert_close(fit_help_covariance(tied, "c", "c"), variance, same, 0);
    assert_close(fit_help_covariance(tied, "d", "d"), 9 * variance, same, 0);
    assert_close(fit_help_covariance(tied, "d", "c"), 3 * variance, same, 0);
    assert_close(fit_help_covariance(tied, "d", "a"), 3 * (aa + 2 * b * ab), same, 0);
    assert_close(fit_help_parameter(tied, "d")->stderr_, 3 * sqrt(variance), same, 0);
    assert_true(fit_help_parameter(tied, "e")->value == 2 && fit_help_parameter(tied, "e")->stderr_ == 0);
    assert_true(fit_help_parameter(tied, "f")->value == 0.5 && fit_help_covariance(tied, "f", "a") == 0);
    qn_fit_result_free(tied);
    qn_fit_result_free(written);
    qn_table_free(table);
}

/* Two peaks of one width and of areas in a ratio of 2: what ties are for. */
static void several_parameters_follow_one(void **state)
{
    (void)state;
    char text[4096] = "x,y\n";
    for (int i = 0; i < 60; i++) {
        double x = i * 0.2, u = (x - 4) / 0.8, v = (x - 8) / 0.8;
        sprintf(text + strlen(text), "%.17g,%.17g\n", x, 3 * exp(-u * u) + 6 * exp(-v * v) + 0.05 * sin(50.0 * i * i));
    }
    qn_table *table = fit_help_table(text);
    const char *const ties[] = {"w2 = w1", "h2 = 2*h1", "m2 = 2*m1"};
    const double start[] = {2, 3.7, 1, NAN, NAN, NAN}, short_start[] = {2, 3.7, 1};
    qn_fit_options options = fit_help_options();
    options.start = start;
    options.ties = ties;
    options.tie_count = 3;
    qn_fit_result *tied = fit_help_fit("y = h1*exp(-((x-m1)/w1)^2) + h2*exp(-((x-m2)/w2)^2)", table, &options);
    options = fit_help_options();
    options.start = short_start;
    qn_fit_result *written = fit_help_fit("y = h*exp(-((x-m)/w)^2) + 2*h*exp(-((x-2*m)/w)^2)", table, &options);
    assert_same_fit(tied, written);
    assert_same_parameter(tied, "h1", written, "h");
    assert_same_parameter(tied, "m1", written, "m");
    assert_same_parameter(tied, "w1", written, "w");
    assert_same_parameter(tied, "w2", written, "w");
    assert_close(fit_help_parameter(tied, "h2")->stderr_, 2 * fit_help_parameter(written, "h")->stderr_, same, 0);
    assert_close(fit_help_covariance(tied, "w1", "w2"), fit_help_covariance(written, "w", "w"), same, 0);
    qn_fit_result_free(tied);
    qn_fit_result_free(written);
    qn_table_free(table);
}

/* As many rows as free parameters are enough, however many parameters there are. */
static void rows_are_counted_against_free_parameters(void **state)
{
    (void)state;
    qn_table *table = fit_help_table("x,y\n1,3\n2,5\n4,9\n");
    const double fixed[] = {NAN, NAN, 0, NAN};
    const char *const ties[] = {"d = c"};
    qn_fit_options options = fit_help_options();
    options.fixed = fixed;
    options.ties = ties;
    options.tie_count = 1;
    qn_fit_result *result = fit_help_fit("y = a + b*x + c*x^2 + d*x^3", table, &options);
    assert_int_equal(result->dof, 1);
    assert_close(fit_help_parameter(result, "a")->value, 1, 1e-12, 0);
    assert_close(fit_help_parameter(result, "b")->value, 2, 1e-12, 0);
    qn_fit_result_free(result);
    fit_help_refused("y = a + b*x + c*x^2 + d*x^3", table, NULL, QN_DATA, "too few", NULL);
    qn_table_free(table);
}

typedef struct refusal {
    const char *ties[2];
    const double *fixed, *start, *lower, *upper;
    qn_status code;
    const char *piece;
} refusal;

static void what_cannot_be_fixed_or_tied_is_refused_and_says_why(void **state)
{
    (void)state;
    static const double none[] = {NAN, NAN, NAN, NAN}, c[] = {NAN, NAN, 1, NAN}, all[] = {1, 2, 3, 4},
                        infinite[] = {NAN, INFINITY, NAN, NAN}, low[] = {-INFINITY, -INFINITY, 0, -INFINITY},
                        high[] = {INFINITY, INFINITY, 9, INFINITY};
    const refusal refusals[] = {
        {{"c = rate"}, none, NULL, NULL, NULL, QN_NAME, "no parameter \"rate\""},
        {{"offse = a"}, none, NULL, NULL, NULL, QN_NAME, "did you mean \"offset\"?"},
        {{"c = 2*offst"},
         none,
         NULL,
         NULL,
         NULL,
         QN_NAME,
         "\"c = 2*offst\": there is no parameter \"offst\": did you "
         "mean \"offset\"?"},
        {{"c = 2*x"}, none, NULL, NULL, NULL, QN_NAME, "no parameter \"x\""},
        {{"c = a +"}, none, NULL, NULL, NULL, QN_SYNTAX, "\"c = a +\": "},
        {{"c ="}, none, NULL, NULL, NULL, QN_SYNTAX, "\"c =\": "},
        {{"2*c = a"}, none, NULL, NULL, NULL, QN_NAME, "no parameter \"2*c\""},
        {{"c == a"}, none, NULL, NULL, NULL, QN_INVALID, "ties nothing: write it like b = 2*a"},
        {{"a"}, none, NULL, NULL, NULL, QN_INVALID, "\"a\" ties nothing"},
        {{""}, none, NULL, NULL, NULL, QN_INVALID, "\"\" ties nothing"},
        {{"= a"}, none, NULL, NULL, NULL, QN_INVALID, "ties nothing"},
        {{"c = sine(a)"}, none, NULL, NULL, NULL, QN_NAME, "sin"},
        {{"c = c"}, none, NULL, NULL, NULL, QN_INVALID, "\"c\" depends on itself"},
        {{"c = a", "a = c"}, none, NULL, NULL, NULL, QN_INVALID, "depends on itself"},
        {{"c = a", "c = 2*a"}, none, NULL, NULL, NULL, QN_INVALID, "\"c\" is tied twice: \"c = a\" and \"c = 2*a\""},
        {{"c = a"}, c, NULL, NULL, NULL, QN_INVALID, "\"c\" is both fixed and tied"},
        {{NULL}, infinite, NULL, NULL, NULL, QN_INVALID, "\"b\" is fixed at infinity"},
        {{NULL}, all, NULL, NULL, NULL, QN_INVALID, "nothing to fit"},
        {{NULL}, c, all, NULL, NULL, QN_INVALID, "\"c\" is fixed: a start for it would be ignored"},
        {{"c = a"}, NULL, all, NULL, NULL, QN_INVALID, "\"c\" is tied: a start for it would be ignored"},
        {{NULL}, c, NULL, low, NULL, QN_INVALID, "\"c\" is fixed: bounds for it would be ignored"},
        {{"c = a"}, NULL, NULL, NULL, high, QN_INVALID, "\"c\" is tied: bounds for it would be ignored"},
    };
    qn_table *table = fit_help_table("x,y\n1,3\n2,5\n4,9\n5,9\n6,8\n");
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const refusal *r = &refusals[i];
        qn_fit_options options = fit_help_options();
        options.ties = r->ties;
        options.tie_count = (r->ties[0] != NULL) + (r->ties[1] != NULL);
        options.fixed = r->fixed;
        options.start = r->start;
        options.lower = r->lower;
        options.upper = r->upper;
        fit_help_refused("y = a + b*x + c*x^2 + offset*x^3", table, &options, r->code, r->piece, NULL);
    }
    qn_table_free(table);
}

static void counts_of_ties_that_cannot_be_are_refused(void **state)
{
    (void)state;
    const char *const ties[] = {"a = b", "b = 1", "a = 2"};
    qn_table *table = fit_help_table("x,y\n1,3\n2,5\n4,9\n5,9\n6,8\n");
    qn_fit_options options = fit_help_options();
    options.tie_count = 1;
    fit_help_refused("y = a + b*x", table, &options, QN_INVALID, "tie_count is 1 without ties", NULL);
    options.tie_count = -1;
    fit_help_refused("y = a + b*x", table, &options, QN_INVALID, "tie_count is -1", NULL);
    options.ties = ties;
    options.tie_count = 3;
    fit_help_refused("y = a + b*x", table, &options, QN_INVALID, "3 ties are more than there are parameters", NULL);
    options.tie_count = 2;
    fit_help_refused("y = a + b*x", table, &options, QN_INVALID, "nothing to fit", NULL);
    qn_table_free(table);
}

/* A chain as long as it may be, and one longer: neither is a circle. */
static void chains_have_a_limit_that_is_not_called_a_circle(void **state)
{
    (void)state;
    enum {
        LONGEST = 101
    };
    static char formula[4096], text[LONGEST + 1][32];
    const char *ties[LONGEST + 1];
    strcpy(formula, "y = a0*x");
    for (int i = 0; i <= LONGEST; i++) {
        sprintf(formula + strlen(formula), " + 0*a%d", i + 1);
        sprintf(text[i], "a%d = a%d + 1", i, i + 1); /* each follows the next: the first is looked at first */
        ties[i] = text[i];
    }
    qn_table *table = fit_help_table("x,y\n1,103\n2,206\n");
    qn_fit_options options = fit_help_options();
    options.ties = ties + 1;
    options.tie_count = LONGEST;
    strcpy(text[1], "a1 = a2 + 1");
    qn_fit_result *result = fit_help_fit(formula, table, &options); /* a1 … a101, free are a0 and a102 */
    assert_close(fit_help_parameter(result, "a0")->value, 103, 1e-9, 0);
    qn_fit_result_free(result);
    options.ties = ties;
    options.tie_count = LONGEST + 1;
    fit_help_refused(formula, table, &options, QN_LIMIT, "more than 100 ties depend on each other", NULL);
    qn_table_free(table);
}

static void a_tie_outside_its_domain_ends_the_fit_or_shortens_its_steps(void **state)
{
    (void)state;
    qn_table *table = fit_help_table(decay_csv);
    const char *const ties[] = {"b = sqrt(a - 3)/2"};
    double start[] = {2, NAN, 0.3};
    qn_fit_options options = fit_help_options();
    options.start = start;
    options.ties = ties;
    options.tie_count = 1;
    qn_fit_result *result = fit_help_fit("y = a*exp(-b*x) + c", table, &options);
    assert_int_equal(result->status, QN_FIT_NOT_FINITE);
    assert_contains(result->message, "\"b = sqrt(a - 3)/2\" is not finite at the start");
    assert_true(isnan(result->rss));
    qn_fit_result_free(result);
    start[0] = 3.01; /* the first steps lead out of the domain */
    result = fit_help_fit("y = a*exp(-b*x) + c", table, &options);
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    assert_close(fit_help_parameter(result, "b")->value, sqrt(fit_help_parameter(result, "a")->value - 3) / 2, 1e-15,
                 0);
    qn_fit_result_free(result);
    qn_table_free(table);
}

/* r = p1 + p2 i + p3 i^2 - y_i. */
static bool parabola(void *user, const double *x, double *r, double *jacobian)
{
    static const double y[] = {1.1, 2.9, 7.2, 12.8, 21.1, 31.2};
    int64_t *calls = user;
    ++*calls;
    for (int i = 0; i < 6; i++) {
        r[i] = x[0] + x[1] * i + x[2] * i * i - y[i];
        if (jacobian != NULL) {
            jacobian[i] = 1;
            jacobian[6 + i] = i;
            jacobian[12 + i] = i * i;
        }
    }
    return true;
}

/* With p2 = 2 p3 - 1 the parabola is p1 - i + p3 (i^2 + 2 i): a line, whose estimate has a closed form. */
static void functions_have_fixed_and_tied_parameters_too(void **state)
{
    (void)state;
    int64_t calls = 0;
    static const double y[] = {1.1, 2.9, 7.2, 12.8, 21.1, 31.2};
    double su = 0, sv = 0, suu = 0, suv = 0;
    for (int i = 0; i < 6; i++) {
        double u = i * i + 2 * i, v = y[i] + i;
        su += u;
        sv += v;
        suu += u * u;
        suv += u * v;
    }
    double slope = (6 * suv - su * sv) / (6 * suu - su * su);
    const char *const ties[] = {"p2 = 2*p3 - 1"};
    for (int derivatives = QN_FIT_EXACT; derivatives <= QN_FIT_FORWARD; derivatives++) {
        qn_error err;
        qn_fit_problem problem = {.size = sizeof problem,
                                  .n = 6,
                                  .p = 3,
                                  .eval = parabola,
                                  .user = &calls,
                                  .derivatives = (qn_fit_derivatives)derivatives};
        qn_fit_options options = fit_help_options();
        options.ties = ties;
        options.tie_count = 1;
        qn_fit_result *result;
        assert_ok(qn_fit_solve(&result, &problem, &options, &err), &err);
        assert_int_equal(result->status, QN_FIT_CONVERGED);
        assert_int_equal(result->dof, 4);
        assert_close(result->parameters[2].value, slope, 1e-6, 0);
        assert_close(result->parameters[1].value, 2 * slope - 1, 1e-6, 0);
        assert_close(result->parameters[0].value, (sv - slope * su) / 6, 1e-6, 0);
        assert_close(result->parameters[1].stderr_, 2 * result->parameters[2].stderr_, 1e-6, 0);
        assert_close(result->parameters[2].stderr_, result->residual_sd / sqrt(suu - su * su / 6), 1e-6, 0);
        qn_fit_result_free(result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fixed_parameter_is_its_number_written_into_the_formula),
        cmocka_unit_test(bounds_starts_and_scales_stay_with_their_parameters),
        cmocka_unit_test(a_tied_parameter_is_its_expression_written_into_the_formula),
        cmocka_unit_test(chains_of_ties_carry_values_and_errors_through),
        cmocka_unit_test(several_parameters_follow_one),
        cmocka_unit_test(rows_are_counted_against_free_parameters),
        cmocka_unit_test(what_cannot_be_fixed_or_tied_is_refused_and_says_why),
        cmocka_unit_test(counts_of_ties_that_cannot_be_are_refused),
        cmocka_unit_test(chains_have_a_limit_that_is_not_called_a_circle),
        cmocka_unit_test(a_tie_outside_its_domain_ends_the_fit_or_shortens_its_steps),
        cmocka_unit_test(functions_have_fixed_and_tied_parameters_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
