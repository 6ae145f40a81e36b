/* What must hold between methods: on random problems they end at the same minimum, with losses and weights and with
 * bounds, and where they do not, each of them is at a minimum of its own. */
#include "harness/harness.h"

#include <quern/fit.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum {
    ROWS = 40,
    P = 4
};

/* y = a exp(-((x - m) / w)^2) + c with noise, sometimes gross. */
typedef struct peak {
    double x[ROWS], y[ROWS], sigma[ROWS];
} peak;

static bool eval(void *user, const double *p, double *r, double *jacobian)
{
    const peak *k = user;
    for (int i = 0; i < ROWS; i++) {
        double t = (k->x[i] - p[1]) / p[2], e = exp(-t * t);
        r[i] = p[0] * e + p[3] - k->y[i];
        if (jacobian != NULL) {
            const double row[P] = {e, p[0] * e * 2 * t / p[2], p[0] * e * 2 * t * t / p[2], 1};
            for (int j = 0; j < P; j++)
                jacobian[j * ROWS + i] = row[j];
        }
    }
    return true;
}

static double between(uint64_t *seed, double low, double high)
{
    return low + (high - low) * test_random_unit(seed);
}

static peak random_peak(uint64_t *seed, double truth[P], bool outliers)
{
    peak k;
    truth[0] = between(seed, 1, 5);
    truth[1] = between(seed, 3, 7);
    truth[2] = between(seed, 1, 3);
    truth[3] = between(seed, -1, 1);
    for (int i = 0; i < ROWS; i++) {
        double t;
        k.x[i] = i * 0.25;
        t = (k.x[i] - truth[1]) / truth[2];
        k.sigma[i] = between(seed, 0.5, 2);
        k.y[i] = truth[0] * exp(-t * t) + truth[3] + 0.1 * k.sigma[i] * between(seed, -1, 1);
        if (outliers && test_random_below(seed, 10) == 0)
            k.y[i] += between(seed, -8, 8);
    }
    return k;
}

static qn_fit_result *fit(peak *k, const qn_fit_options *options)
{
    qn_error err;
    qn_fit_result *result;
    qn_fit_problem problem;
    qn_fit_problem_init(&problem, sizeof problem);
    problem.n = ROWS;
    problem.p = P;
    problem.eval = eval;
    problem.user = k;
    assert_ok(qn_fit_solve(&result, &problem, options, &err), &err);
    return result;
}

/* The sign of the width is not determined. */
static void compare(const qn_fit_result *a, const qn_fit_result *b, qn_fit_loss loss)
{
    for (int j = 0; j < P; j++)
        if (!(b->parameters[j].stderr_ < 1e3)) /* the peak hangs on rows that the loss has let go */
            return;
    for (int j = 0; j < P; j++) {
        double error = b->parameters[j].stderr_, x = a->parameters[j].value, y = b->parameters[j].value;
        assert_close(j == 2 ? fabs(x) : x, j == 2 ? fabs(y) : y, 1e-6, 1e-6 * error);
        if (loss != QN_FIT_LOSS_HUBER) /* whose curvature jumps where a residual reaches the scale */
            assert_close(a->parameters[j].stderr_, error, 1e-4, 0);
    }
}

/* A region shaped otherwise may lead to another minimum, or to where the peak has left the data: rare, and the latter
 * is no success. */
static void methods_agree_with_every_loss(void **state)
{
    (void)state;
    uint64_t seed = test_seed(21);
    int64_t rounds = test_effort(300, 10000), same = 0;
    for (int64_t round = 0; round < rounds; round++) {
        double truth[P], start[P];
        qn_fit_loss loss = (qn_fit_loss)test_random_below(&seed, 5);
        peak k = random_peak(&seed, truth, loss != QN_FIT_LOSS_LINEAR);
        for (int j = 0; j < P; j++)
            start[j] = truth[j] * between(&seed, 0.8, 1.2);
        qn_fit_options options;
        qn_fit_options_init(&options, sizeof options);
        options.start = start;
        options.loss = loss;
        options.loss_scale = loss != QN_FIT_LOSS_LINEAR ? between(&seed, 0.1, 1) : 0;
        options.sigma = test_random_below(&seed, 2) == 0 ? k.sigma : NULL;
        options.absolute_sigma = options.sigma != NULL;
        qn_fit_result *trf = fit(&k, &options);
        for (qn_fit_method m = QN_FIT_LM; m <= QN_FIT_DOGBOX; m++) {
            options.method = m;
            qn_fit_result *other = fit(&k, &options);
            bool converged = trf->status == QN_FIT_CONVERGED && other->status == QN_FIT_CONVERGED;
            bool equal = converged && fabs(other->cost - trf->cost) <= 1e-9 * trf->cost;
            same += equal;
            if (equal)
                compare(other, trf, loss);
            qn_fit_result_free(other);
        }
        qn_fit_result_free(trf);
    }
    assert_true(same >= 2 * rounds * 98 / 100);
}

/* With random bounds, some of which cut the minimum off. */
static void trf_and_dogbox_agree_at_bounds(void **state)
{
    (void)state;
    uint64_t seed = test_seed(22);
    int64_t rounds = test_effort(500, 20000), same = 0, at_bound = 0;
    for (int64_t round = 0; round < rounds; round++) {
        double truth[P], start[P], lower[P], upper[P];
        peak k = random_peak(&seed, truth, false);
        for (int j = 0; j < P; j++) {
            double size = fabs(truth[j]) + 0.1;
            lower[j] = truth[j] + size * between(&seed, -0.5, 0.1);
            upper[j] = fmax(lower[j] + 0.1 * size, truth[j] + size * between(&seed, -0.1, 0.5));
            start[j] = between(&seed, lower[j], upper[j]);
        }
        qn_fit_options options;
        qn_fit_options_init(&options, sizeof options);
        options.start = start;
        options.lower = lower;
        options.upper = upper;
        qn_fit_result *trf = fit(&k, &options);
        options.method = QN_FIT_DOGBOX;
        qn_fit_result *dogbox = fit(&k, &options);
        assert_int_equal(trf->status, QN_FIT_CONVERGED);
        assert_int_equal(dogbox->status, QN_FIT_CONVERGED);
        bool equal = fabs(dogbox->rss - trf->rss) <= 1e-9 * trf->rss;
        same += equal;
        for (int j = 0; equal && j < P; j++) {
            bool on = trf->parameters[j].at_bound, also = dogbox->parameters[j].at_bound;
            double tolerance = on == also ? 1e-6 : 1e-9; /* the bound may be where the minimum is anyway */
            assert_close(dogbox->parameters[j].value, trf->parameters[j].value, tolerance, tolerance / 10);
            at_bound += trf->parameters[j].at_bound;
        }
        qn_fit_result_free(trf);
        qn_fit_result_free(dogbox);
    }
    assert_true(same >= rounds * 98 / 100);
    assert_true(at_bound > rounds / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_agree_with_every_loss),
        cmocka_unit_test(trf_and_dogbox_agree_at_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
