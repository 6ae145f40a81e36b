/* Losses: their formulas, and fits with each of them by each method beside SciPy's. */
#include "unit/fit_help.h"

#include "fit/fit_int.h"

#include <float.h>

static const qn_fit_loss losses[] = {QN_FIT_LOSS_LINEAR, QN_FIT_LOSS_SOFT_L1, QN_FIT_LOSS_HUBER, QN_FIT_LOSS_CAUCHY,
                                     QN_FIT_LOSS_ARCTAN};

/* SciPy's formulas (scipy.optimize.least_squares), rho, rho' and rho'' of z = (r / scale)^2. */
static void formula(qn_fit_loss loss, double z, double rho[3])
{
    rho[0] = rho[1] = rho[2] = NAN;
    switch (loss) {
    case QN_FIT_LOSS_LINEAR:
        rho[0] = z, rho[1] = 1, rho[2] = 0;
        break;
    case QN_FIT_LOSS_SOFT_L1:
        rho[0] = 2 * (sqrt(1 + z) - 1), rho[1] = pow(1 + z, -0.5), rho[2] = -0.5 * pow(1 + z, -1.5);
        break;
    case QN_FIT_LOSS_HUBER:
        rho[0] = z <= 1 ? z : 2 * sqrt(z) - 1, rho[1] = z <= 1 ? 1 : pow(z, -0.5);
        rho[2] = z <= 1 ? 0 : -0.5 * pow(z, -1.5);
        break;
    case QN_FIT_LOSS_CAUCHY:
        rho[0] = log1p(z), rho[1] = 1 / (1 + z), rho[2] = -1 / ((1 + z) * (1 + z));
        break;
    case QN_FIT_LOSS_ARCTAN:
        rho[0] = atan(z), rho[1] = 1 / (1 + z * z), rho[2] = -2 * z / ((1 + z * z) * (1 + z * z));
        break;
    }
}

/* The tolerance allows for the cancellation in SciPy's form: sqrt(1 + z) - 1, and rho' + 2 z rho''. */
static void losses_have_scipys_formulas(void **state)
{
    (void)state;
    for (size_t l = 0; l < sizeof losses / sizeof *losses; l++)
        for (double r = 1e-6; r < 1e6; r *= 1.7) {
            double scale = 0.3, z = r / scale * (r / scale), rho[3];
            formula(losses[l], z, rho);
            qni_fit_loss_value v = qni_fit_loss_at(losses[l], scale, -r);
            assert_close(v.rho, scale * scale * rho[0], 1e-13, 1e-15 * scale * scale);
            assert_close(v.slope, rho[1], 1e-13, 0);
            assert_close(v.curvature, rho[1] + 2 * z * rho[2], 1e-13, 1e-15 * fabs(rho[1]));
        }
}

/* Half the sum's derivative by r is slope r; that of the latter by r is the curvature. */
static void slopes_and_curvatures_are_derivatives(void **state)
{
    (void)state;
    for (size_t l = 0; l < sizeof losses / sizeof *losses; l++)
        for (double r = -3.05; r < 3; r += 0.1) {
            double h = 1e-5;
            qni_fit_loss_value v = qni_fit_loss_at(losses[l], 1, r), a = qni_fit_loss_at(losses[l], 1, r - h),
                               b = qni_fit_loss_at(losses[l], 1, r + h);
            assert_close((b.rho - a.rho) / (4 * h), v.slope * r, 1e-8, 1e-9); /* h^2, and rounding / h */
            assert_close((b.slope * (r + h) - a.slope * (r - h)) / (2 * h), v.curvature, 1e-8, 1e-9);
        }
}

static void huge_residuals_do_not_overflow(void **state)
{
    (void)state;
    assert_close(qni_fit_loss_at(QN_FIT_LOSS_SOFT_L1, 1, 1e300).rho, 2e300, 1e-15, 0);
    assert_close(qni_fit_loss_at(QN_FIT_LOSS_HUBER, 1, -1e300).rho, 2e300, 1e-15, 0);
    assert_close(qni_fit_loss_at(QN_FIT_LOSS_CAUCHY, 1, 1e200).rho, 400 * 2.302585092994046, 1e-15, 0);
    assert_close(qni_fit_loss_at(QN_FIT_LOSS_ARCTAN, 1, 1e300).rho, 1.5707963267948966, 1e-15, 0);
    for (size_t l = 1; l < sizeof losses / sizeof *losses; l++)
        for (double r = 1e-320; r <= DBL_MAX; r = r < 1e300 ? r * 1e20 : INFINITY)
            for (double scale = 1e-100; scale < 1e101; scale *= 1e50) {
                qni_fit_loss_value v = qni_fit_loss_at(losses[l], scale, r);
                assert_false(isnan(v.rho) || isnan(v.curvature));
                assert_true(v.rho >= 0 && v.slope >= 0 && v.slope <= 1 && v.curvature <= v.slope);
            }
}

/* An exponential with three outliers. */
static const char *const data =
    "x,y\n0,3.52\n0.5,2.95\n1,2.51\n1.5,2.14\n2,6.0\n2.5,1.63\n3,1.41\n3.5,1.25\n4,1.10\n4.5,0.99\n5,-2.0\n5.5,0.84\n"
    "6,0.77\n6.5,0.72\n7,0.69\n7.5,5.0\n";

/* Printed by /usr/bin/python3 (SciPy 1.10.1): twice the cost and the parameters of the best of both methods, and the
 * covariance of the first parameter with itself, inv(jac' jac), of
 *   x = np.arange(16) * 0.5
 *   y = np.array([3.52, 2.95, 2.51, 2.14, 6.0, 1.63, 1.41, 1.25, 1.10, 0.99, -2.0, 0.84, 0.77, 0.72, 0.69, 5.0])
 *   f = lambda p: p[0] * np.exp(-p[1] * x) + p[2] - y
 *   j = lambda p: np.stack([np.exp(-p[1] * x), -p[0] * x * np.exp(-p[1] * x), np.ones_like(x)], 1)
 *   for method in ['trf', 'dogbox']:
 *       least_squares(f, [3, 0.5, 0.5], j, method=method, loss=loss, f_scale=scale, xtol=1e-15, ftol=1e-15, gtol=1e-15,
 *                     max_nfev=10000)
 */
static const struct expected {
    qn_fit_loss loss;
    double scale, x[3], cost, variance;
} expected[] = {
    {QN_FIT_LOSS_SOFT_L1,
     0.1,
     {3.0039149015641886, 0.40221504633793703, 0.514258249433522},
     2.222288991849511,
     1.09777695},
    {QN_FIT_LOSS_SOFT_L1,
     2.0,
     {2.9697188426766545, 0.41897731182809816, 0.6970075483814914},
     27.3897102668291,
     0.99257651},
    {QN_FIT_LOSS_HUBER,
     0.1,
     {3.0038067081267306, 0.4021987441081905, 0.5141719123435528},
     2.251488605556833,
     1.07085560},
    {QN_FIT_LOSS_HUBER,
     2.0,
     {2.9985845374431426, 0.41720819827581224, 0.6896246989746901},
     33.309723679304376,
     1.01508239},
    {QN_FIT_LOSS_CAUCHY,
     0.1,
     {3.005126252468829, 0.4007474517489733, 0.5032978179379699},
     0.21866085854723635,
     1.10279869},
    {QN_FIT_LOSS_CAUCHY,
     2.0,
     {3.0385376879918433, 0.40489396323987314, 0.5471330236524758},
     18.167786317858614,
     1.06229376},
    {QN_FIT_LOSS_ARCTAN,
     0.1,
     {3.0050198881645214, 0.4006223954695828, 0.5030677498974179},
     0.048399698211649904,
     1.07830860},
    {QN_FIT_LOSS_ARCTAN,
     2.0,
     {3.087794375944113, 0.3934608883721664, 0.4478526334929115},
     15.328708456151473,
     1.10986109},
};

static void check(const qn_fit_result *result, const struct expected *e)
{
    assert_int_equal(result->status, QN_FIT_CONVERGED);
    assert_close(result->cost, e->cost, 1e-12, 0);
    for (int64_t j = 0; j < 3; j++)
        assert_close(result->parameters[j].value, e->x[j], 1e-6, 0); /* SciPy's two methods agree to 1e-7 */
    assert_close(result->covariance[0], e->variance, 1e-5, 0);
    assert_string_equal(result->loss, qn_fit_loss_name(e->loss));
    assert_int_equal(result->loop_allocations, 0);
}

static void every_method_finds_scipys_minimum_with_every_loss(void **state)
{
    (void)state;
    qn_table *table = fit_help_table(data);
    const double start[] = {3, 0.5, 0.5};
    double sigma[16];
    for (int i = 0; i < 16; i++)
        sigma[i] = 1;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        for (qn_fit_method m = QN_FIT_TRF; m <= QN_FIT_DOGBOX; m++) {
            qn_fit_options options = fit_help_options();
            options.start = start;
            options.method = m;
            options.loss = expected[i].loss;
            options.loss_scale = expected[i].scale;
            options.sigma = sigma;
            options.absolute_sigma = true; /* the covariance is inv(jac' jac) then */
            qn_fit_result *result = fit_help_fit("y = a*exp(-b*x) + c", table, &options);
            check(result, &expected[i]);
            qn_fit_result_free(result);
        }
    qn_table_free(table);
}

/* Residuals times 2^k with the loss's scale times 2^k: the same fit, also where squares leave the range of numbers. */
static bool scaled_line(void *user, const double *p, double *r, double *jacobian)
{
    const double factor = *(const double *)user, y[] = {1, 1, 5, 7, 80, 12};
    for (int i = 0; i < 6; i++) {
        r[i] = factor * (p[0] + p[1] * i - y[i]);
        if (jacobian != NULL) {
            jacobian[i] = factor;
            jacobian[6 + i] = factor * i;
        }
    }
    return true;
}

static void the_unit_of_the_data_does_not_matter(void **state)
{
    (void)state;
    const double start[] = {0, 2};
    for (size_t l = 1; l < sizeof losses / sizeof *losses; l++)
        for (qn_fit_method m = QN_FIT_TRF; m <= QN_FIT_DOGBOX; m++) {
            double x[2] = {0};
            for (int exponent = 0; exponent <= 900; exponent = exponent > 0 ? -exponent : 300 - exponent) {
                qn_error err;
                double factor = ldexp(1, exponent);
                qn_fit_problem problem;
                qn_fit_problem_init(&problem, sizeof problem);
                problem.n = 6;
                problem.p = 2;
                problem.eval = scaled_line;
                problem.user = &factor;
                qn_fit_options options = fit_help_options();
                options.start = start;
                options.method = m;
                options.loss = losses[l];
                options.loss_scale = factor;
                qn_fit_result *result;
                assert_ok(qn_fit_solve(&result, &problem, &options, &err), &err);
                assert_int_equal(result->status, QN_FIT_CONVERGED);
                for (int j = 0; j < 2; j++) {
                    if (exponent == 0)
                        x[j] = result->parameters[j].value;
                    assert_close(result->parameters[j].value, x[j], 1e-9, 1e-9);
                }
                qn_fit_result_free(result);
            }
        }
}

/* Far beyond the loss's scale soft_l1 and huber are twice the sum of absolute values, whose minimum goes through two of
 * the points; the sum of squares would overflow. */
static void residuals_far_beyond_the_scale_do_not_overflow(void **state)
{
    (void)state;
    const double y[] = {1, 1, 5, 7, 80, 12}, start[] = {0, 2};
    double least = INFINITY, factor = 0x1p800;
    for (int a = 0; a < 6; a++)
        for (int b = 0; b < a; b++) {
            double slope = (y[a] - y[b]) / (a - b), sum = 0;
            for (int i = 0; i < 6; i++)
                sum += fabs(y[a] + slope * (i - a) - y[i]);
            least = fmin(least, sum);
        }
    for (qn_fit_loss loss = QN_FIT_LOSS_SOFT_L1; loss <= QN_FIT_LOSS_HUBER; loss++)
        for (qn_fit_method m = QN_FIT_TRF; m <= QN_FIT_DOGBOX; m++) {
            qn_error err;
            qn_fit_problem problem;
            qn_fit_problem_init(&problem, sizeof problem);
            problem.n = 6;
            problem.p = 2;
            problem.eval = scaled_line;
            problem.user = &factor;
            qn_fit_options options = fit_help_options();
            options.start = start;
            options.method = m;
            options.loss = loss;
            qn_fit_result *result;
            assert_ok(qn_fit_solve(&result, &problem, &options, &err), &err);
            assert_close(result->cost / factor, 2 * least, 0.05, 0); /* kinks everywhere: near is all that can be had */
            qn_fit_result_free(result);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_have_scipys_formulas),
        cmocka_unit_test(slopes_and_curvatures_are_derivatives),
        cmocka_unit_test(huge_residuals_do_not_overflow),
        cmocka_unit_test(every_method_finds_scipys_minimum_with_every_loss),
        cmocka_unit_test(the_unit_of_the_data_does_not_matter),
        cmocka_unit_test(residuals_far_beyond_the_scale_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
