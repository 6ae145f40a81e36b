/* Student's t distribution against values computed with 40 digits (mpmath 1.3: the regularised incomplete beta
 * function, root found in the logarithm of the tail), for the probabilities as they are in binary. */
#include "harness/harness.h"

#include "math/student.h"

#include <math.h>

static void quantiles_have_all_digits(void **state)
{
    (void)state;
    static const struct {
        double probability, dof, t;
    } known[] = {
        {0.5, 1, 1.0},
        {0.95, 1, 12.7062047361746933},
        {0.9999, 1, 6366.19767131663692},
        {0.5, 2, 0.816496580927726033},
        {0.95, 2, 4.30265272974946179},
        {0.9999, 2, 99.9924998437500381},
        {0.5, 3, 0.764892328404345281},
        {0.95, 3, 3.18244630528370844},
        {0.9999, 3, 28.0001300109500061},
        {0.5, 5, 0.726686843800422653},
        {0.95, 5, 2.57058183563631478},
        {0.9999, 5, 11.177710070278869},
        {0.5, 11, 0.697445327559881531},
        {0.95, 11, 2.20098516009163936},
        {0.9999, 11, 5.92119416247317488},
        {0.5, 28, 0.683352842988505826},
        {0.95, 28, 2.04840714179524473},
        {0.9999, 28, 4.53047399738547407},
        {0.5, 120, 0.676539724912520222},
        {0.95, 120, 1.97993040508244046},
        {0.9999, 120, 4.02538995005841702},
        {0.5, 999, 0.67473541034671903},
        {0.95, 999, 1.9623414611334496},
        {0.9999, 999, 3.9063595611022385},
        {0.5, 1000, 0.674735164607009437},
        {0.95, 1000, 1.9623390808264081},
        {0.9999, 1000, 3.90634373670140826},
        {0.5, 4999, 0.674538830177506316},
        {0.95, 4999, 1.96043864666152452},
        {0.9999, 4999, 3.89373383776870928},
        {0.5, 5000, 0.674538820360873999},
        {0.95, 5000, 1.96043855170650754},
        {0.9999, 5000, 3.89373320892694598},
        {0.5, 100000, 0.674492203553292206},
        {0.95, 100000, 1.95998770753460926},
        {0.9999, 100000, 3.89074884538578334},
        {0.5, 1000000000, 0.674489750441416669},
        {0.95, 1000000000, 1.95996398691232509},
        {0.9999, 1000000000, 3.89059190210845435},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        double t = qni_student_two_sided(known[i].probability, known[i].dof);
        assert_close(t, known[i].t, 1e-14, 0);
        /* and back: a relative change of t by 1e-15 changes the tail by dof times that at most */
        double tail = 2 * qni_student_cdf(-known[i].t, known[i].dof);
        assert_close(tail, 1 - known[i].probability, 1e-12, 0);
    }
}

/* dof 1 is Cauchy's distribution, dof 2 has an elementary quantile. */
static void elementary_cases_agree_far_into_the_tails(void **state)
{
    (void)state;
    for (double p = 1e-9; p < 1; p = p < 0.4 ? 7 * p : (p + 0.97) / 1.96) {
        assert_close(qni_student_two_sided(p, 1), tan(1.57079632679489661923 * p), 1e-12, 0);
        assert_close(qni_student_two_sided(p, 2), p * sqrt(2 / ((1 - p) * (1 + p))), 1e-13, 0);
        if (p > 0.98)
            break;
    }
    for (double t = -1e6; t < -1e-3; t /= 3)
        assert_close(qni_student_cdf(t, 1), -atan(1 / t) / 3.14159265358979323846, 1e-13, 0);
}

static void ends_and_nonsense_are_answered(void **state)
{
    (void)state;
    assert_true(qni_student_two_sided(0, 3) == 0);
    assert_true(isinf(qni_student_two_sided(1, 3)));
    assert_true(isnan(qni_student_two_sided(-0.1, 3)));
    assert_true(isnan(qni_student_two_sided(NAN, 3)));
    assert_true(isnan(qni_student_two_sided(0.5, 0)));
    assert_true(qni_student_cdf(0, 4) == 0.5);
    assert_true(qni_student_cdf(INFINITY, 4) == 1);
    assert_true(qni_student_cdf(-INFINITY, 4) == 0);
    assert_true(isnan(qni_student_cdf(NAN, 4)));
    assert_close(qni_student_cdf(1.5, 7) + qni_student_cdf(-1.5, 7), 1, 1e-15, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_have_all_digits),
        cmocka_unit_test(elementary_cases_agree_far_into_the_tails),
        cmocka_unit_test(ends_and_nonsense_are_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
