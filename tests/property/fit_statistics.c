/* What must not matter to statistics: the order of the rows (but for what is about their order), the units of
 * parameters and of data; and what must hold of them, whatever the data. */
#include "harness/harness.h"

#include <quern/fit.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS = 40,
    ROUNDS = 60
};

/* y = a exp(-k x) + c + 0 t with noise, t tied to a / k; parameters divided by unit (3), residuals times weight. */
typedef struct decay {
    double x[ROWS], y[ROWS], sigma[ROWS];
    int64_t row[ROWS]; /* where each was before they were mixed */
    double unit[3];
    double weight;
} decay;

static bool eval(void *user, const double *p, double *r, double *jacobian)
{
    const decay *d = user;
    double a = p[0] * d->unit[0], k = p[1] * d->unit[1], c = p[2] * d->unit[2];
    for (int i = 0; i < ROWS; i++) {
        double e = exp(-k * d->x[i]);
        r[i] = d->weight * (a * e + c - d->y[i]);
        if (jacobian == NULL)
            continue;
        jacobian[i] = d->weight * e * d->unit[0];
        jacobian[ROWS + i] = -d->weight * a * d->x[i] * e * d->unit[1];
        jacobian[2 * ROWS + i] = d->weight * d->unit[2];
        jacobian[3 * ROWS + i] = 0;
    }
    return true;
}

static decay random_decay(uint64_t *seed)
{
    decay d = {.unit = {1, 1, 1}, .weight = 1};
    double a = 2 + 4 * test_random_unit(seed), k = 0.5 + test_random_unit(seed), c = test_random_unit(seed);
    for (int i = 0; i < ROWS; i++) {
        d.x[i] = i * 0.15;
        d.sigma[i] = 0.5 + test_random_unit(seed);
        double noise = 0.1 * (test_random_unit(seed) + test_random_unit(seed) - 1);
        d.y[i] = a * exp(-k * d.x[i]) + c + d.sigma[i] * noise;
        d.row[i] = i;
    }
    if (test_random_below(seed, 3) == 0)
        d.y[test_random_below(seed, ROWS)] += 0.5; /* an outlier */
    return d;
}

static void swap_rows(decay *d, int64_t i, int64_t j)
{
    decay kept = *d;
    d->x[i] = kept.x[j], d->y[i] = kept.y[j], d->sigma[i] = kept.sigma[j], d->row[i] = kept.row[j];
    d->x[j] = kept.x[i], d->y[j] = kept.y[i], d->sigma[j] = kept.sigma[i], d->row[j] = kept.row[i];
}

/* sigma and the data that R^2 refers to are in the residuals' unit. */
static qn_fit_result *solve(decay *d, bool absolute)
{
    static const char *const names[] = {"a", "k", "c", "t"}, *const ties[] = {"t = a/k"};
    double start[] = {3 / d->unit[0], 1 / d->unit[1], 0.5 / d->unit[2], NAN}, sigma[ROWS], y[ROWS];
    for (int i = 0; i < ROWS; i++) {
        sigma[i] = d->weight * 0.041 * d->sigma[i]; /* about what the noise is */
        y[i] = d->weight * d->y[i];
    }
    qn_error err;
    qn_fit_result *result;
    qn_fit_problem problem = {
        .size = sizeof problem, .n = ROWS, .p = 4, .eval = eval, .user = d, .names = names, .y = y};
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.start = start;
    options.ties = ties;
    options.tie_count = 1;
    options.sigma = sigma;
    options.absolute_sigma = absolute;
    options.diagnostics = options.profile = true;
    assert_ok(qn_fit_solve(&result, &problem, &options, &err), &err);
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    return result;
}

static void assert_same_end(double got, double expected, double scale)
{
    if (isinf(expected)) /* an open side */
        assert_true(got == expected);
    else
        assert_close(got, expected, 1e-6, 1e-6 * scale);
}

/* Solutions agree to 1e-8 (see fit_invariance.c), and so does all that is smooth in them. */
static void assert_same(const qn_fit_result *b, const qn_fit_result *a, const double *unit, double weight)
{
    for (int j = 0; j < 4; j++) {
        const qn_fit_parameter *p = &a->parameters[j], *q = &b->parameters[j];
        assert_close(q->stderr_ * unit[j], p->stderr_, 1e-7, 0);
        assert_close(q->ci_low * unit[j], p->ci_low, 1e-7, 1e-7 * p->stderr_);
        if (j < 3) {
            assert_same_end(q->profile_low * unit[j], p->profile_low, p->stderr_);
            assert_same_end(q->profile_high * unit[j], p->profile_high, p->stderr_);
        }
        for (int k = 0; k < 4; k++) {
            assert_close(b->covariance[j * 4 + k] * unit[j] * unit[k], a->covariance[j * 4 + k], 1e-6,
                         1e-7 * p->stderr_ * a->parameters[k].stderr_);
            assert_close(b->correlation[j * 4 + k], a->correlation[j * 4 + k], 0, 1e-7);
        }
    }
    assert_close(b->rmse / weight, a->rmse, 1e-9, 0);
    assert_close(b->r_squared, a->r_squared, 1e-12, 0);
    assert_close(b->adjusted_r_squared, a->adjusted_r_squared, 1e-12, 0);
    double shift = ROWS * log(weight); /* of the density: a unit of the data */
    assert_close(b->log_likelihood + shift, a->log_likelihood, 1e-9, 1e-9 + 1e-13 * fabs(shift));
    assert_close(b->aic - 2 * shift, a->aic, 1e-9, 1e-9 + 1e-13 * fabs(shift));
    assert_close(b->aicc - b->aic, a->aicc - a->aic, 1e-9, 1e-9);
    assert_close(b->bic - b->aic, a->bic - a->aic, 1e-9, 1e-9);
    assert_close(b->condition, a->condition, 1e-3, 0); /* to three digits */
    assert_int_equal(b->rank, a->rank);
    assert_string_equal(b->factorization, a->factorization);
    assert_close(b->diagnostics->mae / weight, a->diagnostics->mae, 1e-9, 0);
    assert_int_equal(b->diagnostics->outliers, a->diagnostics->outliers);
}

static void assert_same_row(const qn_fit_result *b, int64_t i, const qn_fit_result *a, int64_t j)
{
    assert_close(b->diagnostics->leverage[i], a->diagnostics->leverage[j], 1e-7, 1e-12);
    assert_close(b->diagnostics->standardized[i], a->diagnostics->standardized[j], 1e-6, 1e-6);
}

static void the_order_of_the_rows_matters_only_to_what_is_about_order(void **state)
{
    (void)state;
    const double unit[] = {1, 1, 1, 1};
    uint64_t seed = test_seed(21);
    for (int round = 0; round < ROUNDS; round++) {
        decay d = random_decay(&seed), e = d;
        for (int64_t i = ROWS - 1; i > 0; i--)
            swap_rows(&e, i, test_random_below(&seed, i + 1));
        qn_fit_result *a = solve(&d, round % 2), *b = solve(&e, round % 2);
        assert_same(b, a, unit, 1);
        for (int64_t i = 0; i < ROWS; i++)
            assert_same_row(b, i, a, e.row[i]);
        qn_fit_result_free(a);
        qn_fit_result_free(b);
    }
}

static void the_units_of_parameters_and_data_do_not_matter(void **state)
{
    (void)state;
    uint64_t seed = test_seed(22);
    for (int round = 0; round < ROUNDS; round++) {
        decay d = random_decay(&seed), e = d;
        for (int j = 0; j < 3; j++)
            e.unit[j] = pow(10, 16 * test_random_unit(&seed) - 8);
        e.weight = pow(10, 16 * test_random_unit(&seed) - 8);
        const double unit[] = {e.unit[0], e.unit[1], e.unit[2], e.unit[0] / e.unit[1]};
        qn_fit_result *a = solve(&d, round % 2), *b = solve(&e, round % 2);
        assert_same(b, a, unit, e.weight);
        for (int64_t i = 0; i < ROWS; i++)
            assert_same_row(b, i, a, i);
        assert_close(b->diagnostics->durbin_watson, a->diagnostics->durbin_watson, 1e-7, 0);
        assert_int_equal(b->diagnostics->runs, a->diagnostics->runs);
        assert_close(b->diagnostics->runs_p, a->diagnostics->runs_p, 1e-12, 0);
        assert_int_equal(b->warning_count, a->warning_count);
        qn_fit_result_free(a);
        qn_fit_result_free(b);
    }
}

static void what_must_hold_of_statistics_holds(void **state)
{
    (void)state;
    uint64_t seed = test_seed(23);
    int inside = 0;
    for (int round = 0; round < ROUNDS; round++) {
        decay d = random_decay(&seed);
        qn_fit_result *r = solve(&d, round % 2);
        double leverage = 0;
        for (int64_t i = 0; i < ROWS; i++) {
            assert_true(r->diagnostics->leverage[i] > 0 && r->diagnostics->leverage[i] < 1);
            assert_close(r->diagnostics->fitted[i] + r->diagnostics->residual[i], d.y[i], 1e-14, 1e-14);
            leverage += r->diagnostics->leverage[i];
        }
        assert_close(leverage, 3, 1e-7, 0); /* the factor may be that of a point before a last, tiny step */
        assert_true(r->r_squared <= 1 && r->adjusted_r_squared <= r->r_squared);
        assert_true(r->diagnostics->mae <= r->rmse);
        assert_true(r->diagnostics->durbin_watson >= 0 && r->diagnostics->durbin_watson <= 4);
        for (int j = 0; j < 3; j++) {
            const qn_fit_parameter *p = &r->parameters[j];
            assert_true(p->profile_low < p->value && p->value < p->profile_high);
            inside += fabs(p->profile_low - p->ci_low) < p->stderr_ && fabs(p->profile_high - p->ci_high) < p->stderr_;
        }
        assert_true(isnan(r->parameters[3].profile_low));
        qn_fit_result_free(r);
    }
    assert_true(inside > 3 * ROUNDS * 9 / 10); /* such data are nearly linear */
}

/* What a fit may be asked for. */
typedef struct demand {
    double start[4], lower[4], upper[4], fixed[4];
    double covariance[ROWS * ROWS];
    qn_fit_options options;
} demand;

static void ask_at_random(demand *q, uint64_t *seed)
{
    qn_fit_options *o = &q->options;
    const double start[] = {3, 1, 0.5, NAN};
    qn_fit_options_init(o, sizeof *o);
    o->method = (qn_fit_method)test_random_below(seed, 3);
    o->loss = (qn_fit_loss)test_random_below(seed, 5);
    for (int j = 0; j < 4; j++) {
        bool bounded = j < 3 && o->method != QN_FIT_LM && test_random_below(seed, 2);
        q->start[j] = start[j];
        q->fixed[j] = j < 3 ? NAN : 0;
        q->lower[j] = bounded ? start[j] - 1.2 * test_random_unit(seed) : -INFINITY;
        q->upper[j] = bounded ? start[j] + 1.2 * test_random_unit(seed) : INFINITY;
    }
    for (int i = 0; i < ROWS * ROWS; i++)
        q->covariance[i] = 0.01 * pow(0.6, abs(i / ROWS - i % ROWS));
    o->start = q->start;
    o->lower = q->lower;
    o->upper = q->upper;
    o->fixed = q->fixed;
    o->covariance = test_random_below(seed, 3) == 0 ? q->covariance : NULL;
    double spread = o->covariance != NULL ? 1 : 0.1; /* some deviations of the residuals */
    o->loss_scale = o->loss != QN_FIT_LOSS_LINEAR ? spread : 0;
    o->confidence = 0.5 + 0.49 * test_random_unit(seed);
    o->diagnostics = o->profile = true;
}

/* The profile of parameter j encloses the fit and ends within the bounds; 1 where it ends on both sides. */
static int check_profile(const demand *q, const qn_fit_result *r, int j)
{
    const qn_fit_parameter *p = &r->parameters[j];
    assert_true(p->profile_low <= p->value && p->value <= p->profile_high);
    assert_true(p->profile_low >= q->lower[j] && p->profile_high <= q->upper[j]);
    return p->profile_low > -INFINITY && p->profile_high < INFINITY;
}

/* Methods, losses, bounds, covariances at random: nothing hangs, and profiles are what they should be. Such data
 * have one minimum, to which losses may add others. */
static void profiles_enclose_the_fit_whatever_is_asked_for(void **state)
{
    (void)state;
    static demand q;
    uint64_t seed = test_seed(24);
    int profiles = 0, ends = 0, lower_minima = 0;
    for (int round = 0; round < 4 * ROUNDS; round++) {
        decay d = random_decay(&seed);
        const qn_fit_problem problem = {.size = sizeof problem, .n = ROWS, .p = 4, .eval = eval, .user = &d, .y = d.y};
        qn_error err;
        qn_fit_result *r;
        ask_at_random(&q, &seed);
        assert_ok(qn_fit_solve(&r, &problem, &q.options, &err), &err);
        if (r->profiled && isnan(r->parameters[0].profile_low)) {
            lower_minima++;
            assert_contains(r->warnings[r->warning_count - 1], "global minimum");
            assert_true(q.options.loss != QN_FIT_LOSS_LINEAR);
        } else if (r->profiled) {
            profiles++;
            for (int j = 0; j < 3; j++)
                ends += check_profile(&q, r, j);
        }
        qn_fit_result_free(r);
    }
    assert_true(profiles > 3 * ROUNDS && ends > 2 * profiles && lower_minima < ROUNDS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_of_the_rows_matters_only_to_what_is_about_order),
        cmocka_unit_test(the_units_of_parameters_and_data_do_not_matter),
        cmocka_unit_test(what_must_hold_of_statistics_holds),
        cmocka_unit_test(profiles_enclose_the_fit_whatever_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
