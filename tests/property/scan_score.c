/* The scorer: monotone in the ratio's percentile, in liquidity, in probability, edge and consistency; its parts add up;
 * what is not known scores nothing. */
#include "harness/harness.h"
#include "scan/scan_int.h"

#include <math.h>

static qn_scan_settings random_settings(uint64_t *state)
{
    qn_scan_settings s;
    qn_scan_settings_init(&s, sizeof s);
    double *weights[] = {&s.weight_vrp, &s.weight_liquidity, &s.weight_probability, &s.weight_edge,
                         &s.weight_consistency};
    for (size_t i = 0; i < sizeof weights / sizeof weights[0]; i++)
        *weights[i] = test_random_unit(state) < 0.2 ? 0 : 100 * test_random_unit(state);
    return s;
}

static qni_score_input random_input(uint64_t *state)
{
    return (qni_score_input){.percentile = test_random_unit(state),
                             .liquidity = (qn_tier)(5 * test_random_unit(state)),
                             .probability = test_random_unit(state),
                             .edge = test_random_unit(state) - 0.5,
                             .consistency = test_random_unit(state)};
}

static double total(const qni_score_input *in, const qn_scan_settings *settings)
{
    qn_score score;
    qni_score_parts(&score, in, settings);
    return score.total;
}

static void more_of_anything_never_lowers_the_score(void **state)
{
    (void)state;
    uint64_t random = test_seed(90);
    for (int i = 0; i < 20000; i++) {
        qn_scan_settings s = random_settings(&random);
        qni_score_input in = random_input(&random), more = in;
        double before = total(&in, &s);
        switch (i % 5) {
        case 0:
            more.percentile += test_random_unit(&random);
            break;
        case 1:
            more.liquidity = in.liquidity < QN_TIER_EXCELLENT ? (qn_tier)(in.liquidity + 1) : in.liquidity;
            break;
        case 2:
            more.probability += test_random_unit(&random);
            break;
        case 3:
            more.edge += test_random_unit(&random);
            break;
        default:
            more.consistency += test_random_unit(&random);
            break;
        }
        assert_true(total(&more, &s) >= before);
    }
}

static void the_score_lies_between_0_and_100_and_is_the_sum_of_its_parts(void **state)
{
    (void)state;
    uint64_t random = test_seed(90);
    for (int i = 0; i < 20000; i++) {
        qn_scan_settings s = random_settings(&random);
        qni_score_input in = random_input(&random);
        qn_score score;
        double sum = 0;
        qni_score_parts(&score, &in, &s);
#define ADD(field, text) sum += score.field;
        QN_SCORE_LIST(ADD)
#undef ADD
        assert_true(score.total >= 0 && score.total <= 100 + 1e-9);
        assert_true(fabs(sum - score.total) <= 1e-9);
    }
}

static void what_is_not_known_scores_nothing(void **state)
{
    (void)state;
    qn_scan_settings s;
    qn_scan_settings_init(&s, sizeof s);
    const qni_score_input nothing = {
        .percentile = NAN, .liquidity = QN_TIER_REJECT, .probability = NAN, .edge = NAN, .consistency = NAN};
    assert_true(total(&nothing, &s) == 0);
    const qni_score_input all = {
        .percentile = 1, .liquidity = QN_TIER_EXCELLENT, .probability = 1, .edge = 0.1, .consistency = 1};
    assert_true(fabs(total(&all, &s) - 100) < 1e-9); /* weights of any sum are shares of 100 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_of_anything_never_lowers_the_score),
        cmocka_unit_test(the_score_lies_between_0_and_100_and_is_the_sum_of_its_parts),
        cmocka_unit_test(what_is_not_known_scores_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
