/* What must not matter to a fit: the order of the rows, the units of parameters and of data; and what must hold of its
 * result: bounds, and a gradient of zero inside them. */
#include "harness/harness.h"

#include <quern/fit.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum {
    ROWS = 60,
    ROUNDS = 200,
    BOUNDED_ROUNDS = 5000, /* what goes wrong at bounds goes wrong once in a thousand fits */
};

/* y = a exp(-k x) + c with noise; the solver sees parameters divided by unit (3) and residuals times weight. */
typedef struct decay {
    double x[ROWS], y[ROWS];
    double unit[3];
    double weight;
    const double *lower, *upper; /* (3) where given, every point that is asked for is seen to be within them */
    int calls;
} decay;

static bool eval(void *user, const double *p, double *r, double *jacobian)
{
    decay *d = user;
    for (int j = 0; d->lower != NULL && j < 3; j++) {
        assert_true(p[j] >= d->lower[j] && p[j] <= d->upper[j]);
        if (d->calls == 0) /* the method begins strictly inside */
            assert_true(p[j] > d->lower[j] && p[j] < d->upper[j]);
    }
    d->calls++;
    double a = p[0] * d->unit[0], k = p[1] * d->unit[1], c = p[2] * d->unit[2];
    for (int i = 0; i < ROWS; i++) {
        double e = exp(-k * d->x[i]);
        r[i] = d->weight * (a * e + c - d->y[i]);
        if (jacobian != NULL) {
            jacobian[i] = d->weight * e * d->unit[0];
            jacobian[ROWS + i] = -d->weight * a * d->x[i] * e * d->unit[1];
            jacobian[2 * ROWS + i] = d->weight * d->unit[2];
        }
    }
    return true;
}

static decay random_decay(uint64_t *seed, double spread)
{
    decay d = {.unit = {1, 1, 1}, .weight = 1};
    double a = 1 + 4 * test_random_unit(seed), k = 0.5 + test_random_unit(seed), c = test_random_unit(seed);
    for (int i = 0; i < ROWS; i++) {
        d.x[i] = i * 0.1;
        double noise = spread * (test_random_unit(seed) + test_random_unit(seed) - 1);
        d.y[i] = a * exp(-k * d.x[i]) + c + noise;
    }
    return d;
}

static qn_fit_result *solve(decay *d, const double *start, const double *lower, const double *upper)
{
    qn_error err;
    qn_fit_result *result;
    qn_fit_problem problem = {.size = sizeof problem, .n = ROWS, .p = 3, .eval = eval, .user = d};
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.start = start;
    options.lower = lower;
    options.upper = upper;
    assert_ok(qn_fit_solve(&result, &problem, &options, &err), &err);
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    return result;
}

static const double start[] = {2, 1, 0.3};

static void the_order_of_the_rows_does_not_matter(void **state)
{
    (void)state;
    uint64_t seed = test_seed(11);
    for (int round = 0; round < ROUNDS; round++) {
        decay d = random_decay(&seed, 0.1), e = d;
        for (int i = ROWS - 1; i > 0; i--) {
            int j = (int)test_random_below(&seed, i + 1);
            double x = e.x[i], y = e.y[i];
            e.x[i] = e.x[j], e.y[i] = e.y[j];
            e.x[j] = x, e.y[j] = y;
        }
        qn_fit_result *a = solve(&d, start, NULL, NULL), *b = solve(&e, start, NULL, NULL);
        for (int j = 0; j < 3; j++) {
            assert_close(b->parameters[j].value, a->parameters[j].value, 1e-8, 0);
            assert_close(b->parameters[j].stderr_, a->parameters[j].stderr_, 1e-8, 0);
        }
        assert_close(b->rss, a->rss, 1e-13, 0);
        qn_fit_result_free(a);
        qn_fit_result_free(b);
    }
}

static void the_units_of_parameters_and_data_do_not_matter(void **state)
{
    (void)state;
    uint64_t seed = test_seed(12);
    for (int round = 0; round < ROUNDS; round++) {
        decay d = random_decay(&seed, 0.1), e = d;
        double other[3];
        for (int j = 0; j < 3; j++) {
            e.unit[j] = pow(10, 24 * test_random_unit(&seed) - 12);
            other[j] = start[j] / e.unit[j];
        }
        e.weight = pow(10, 24 * test_random_unit(&seed) - 12);
        qn_fit_result *a = solve(&d, start, NULL, NULL), *b = solve(&e, other, NULL, NULL);
        for (int j = 0; j < 3; j++) {
            assert_close(b->parameters[j].value * e.unit[j], a->parameters[j].value, 1e-8, 0);
            assert_close(b->parameters[j].stderr_ * e.unit[j], a->parameters[j].stderr_, 1e-8, 0);
        }
        qn_fit_result_free(a);
        qn_fit_result_free(b);
    }
}

/* Cosine between the residuals and column j; 1e-9 is far below what a wrong solution would show and far above rounding.
 */
static double cosine(decay *d, const qn_fit_result *result, int j)
{
    double x[3], r[ROWS], jacobian[3 * ROWS], gradient = 0, norm = 0, residual = 0;
    for (int k = 0; k < 3; k++)
        x[k] = result->parameters[k].value;
    eval(d, x, r, jacobian);
    for (int i = 0; i < ROWS; i++) {
        gradient += jacobian[j * ROWS + i] * r[i];
        norm += jacobian[j * ROWS + i] * jacobian[j * ROWS + i];
        residual += r[i] * r[i];
    }
    return gradient / sqrt(norm * residual);
}

/* Large residuals make the last steps converge slowly. The sum of squares, whose rounding is 1e-16, cannot tell cosines
 * below 1e-8 from 0, or somewhat larger ones where residuals are curved: that is all that is promised. The gradient
 * itself can tell down to 1e-15. Polishing ends where the next step is foreseen to be below 1e-12, which brings nearly
 * all fits below 1e-11; not those whose full steps lower it by less than a tenth. The noise is at most half the
 * smallest signal: with more, some data are fitted ever better by k -> 0, a -> infinity, and have no minimum on this
 * side. */
static void the_gradient_is_zero_to_rounding_where_residuals_are_large(void **state)
{
    (void)state;
    uint64_t seed = test_seed(14);
    int exact = 0;
    for (int round = 0; round < ROUNDS; round++) {
        decay d = random_decay(&seed, 0.5);
        qn_fit_result *result = solve(&d, start, NULL, NULL);
        double greatest = 0;
        for (int j = 0; j < 3; j++)
            greatest = fmax(greatest, fabs(cosine(&d, result, j)));
        assert_close(greatest, 0, 0, 1e-6);
        exact += greatest < 1e-11;
        qn_fit_result_free(result);
    }
    assert_true(exact >= ROUNDS * 95 / 100);
}

static void a_bounded_solution_satisfies_the_conditions_of_optimality(void **state)
{
    (void)state;
    uint64_t seed = test_seed(13);
    int64_t rounds = test_effort(BOUNDED_ROUNDS, 100 * BOUNDED_ROUNDS), at_bound = 0, inside = 0;
    for (int64_t round = 0; round < rounds; round++) {
        decay d = random_decay(&seed, 0.1);
        double lower[3], upper[3], from[3];
        for (int j = 0; j < 3; j++) {
            lower[j] = 3 * test_random_unit(&seed) - 0.5;
            upper[j] = lower[j] + 0.1 + 3 * test_random_unit(&seed);
            from[j] = lower[j] + test_random_unit(&seed) * (upper[j] - lower[j]);
            if (test_random_below(&seed, 4) == 0)
                from[j] = test_random_below(&seed, 2) ? lower[j] : upper[j];
        }
        d.lower = lower;
        d.upper = upper;
        qn_fit_result *result = solve(&d, from, lower, upper);
        for (int j = 0; j < 3; j++) {
            double x = result->parameters[j].value, slope = cosine(&d, result, j);
            assert_true(x >= lower[j] && x <= upper[j]);
            assert_int_equal(result->parameters[j].at_bound, x == lower[j] || x == upper[j]);
            if (x == lower[j])
                assert_true(slope > -1e-9);
            else if (x == upper[j])
                assert_true(slope < 1e-9);
            else
                assert_close(slope, 0, 0,
                             1e-6); /* 1e-8, or more where curved residuals hide more in the sum's rounding */
            at_bound += result->parameters[j].at_bound;
            inside += !result->parameters[j].at_bound;
        }
        qn_fit_result_free(result);
    }
    assert_true(at_bound > rounds / 4 && inside > rounds / 4); /* both kinds were met */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_of_the_rows_does_not_matter),
        cmocka_unit_test(the_units_of_parameters_and_data_do_not_matter),
        cmocka_unit_test(the_gradient_is_zero_to_rounding_where_residuals_are_large),
        cmocka_unit_test(a_bounded_solution_satisfies_the_conditions_of_optimality),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
