/* Ticks on random axes: where they are, and that their labels say so, read back by the C library's own parser. */
#include "harness/harness.h"

#include "plot/ticks.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A true minus becomes the one that strtod reads; an exponent is appended. */
static double parse_label(const char *label, int exponent)
{
    char text[128];
    size_t size = 0;
    for (const char *c = label; *c != '\0';) {
        bool minus = strncmp(c, "\xE2\x88\x92", 3) == 0;
        text[size++] = minus ? '-' : *c;
        c += minus ? 3 : 1;
    }
    snprintf(text + size, sizeof text - size, "e%d", exponent);
    char *end;
    double value = strtod(text, &end);
    assert_int_equal(*end, '\0');
    return value;
}

static double random_value(uint64_t *seed)
{
    double magnitude = pow(10.0, -290.0 + 597.0 * test_random_unit(seed));
    if (test_random_below(seed, 2) == 0)
        magnitude = pow(10.0, -4.0 + 9.0 * test_random_unit(seed));
    return test_random_below(seed, 2) == 0 ? magnitude : -magnitude;
}

static qni_axis random_linear(uint64_t *seed)
{
    qni_axis axis;
    double lo = random_value(seed), hi;
    if (test_random_below(seed, 3) == 0) /* a small range far from zero */
        hi = lo + fabs(lo) * pow(10.0, -12.0 * test_random_unit(seed));
    else
        hi = random_value(seed);
    if (!isfinite(hi))
        hi = DBL_MAX;
    qni_axis_init(&axis, false, fmin(lo, hi), fmax(lo, hi));
    return axis;
}

static void check_order(const qni_ticks *ticks, const qni_axis *axis)
{
    for (int i = 0; i < ticks->count; i++) {
        double place = qni_axis_place(axis, ticks->tick[i].value);
        assert_true(place >= -1e-8 && place <= 1.0 + 1e-8);
        if (i > 0)
            assert_true(ticks->tick[i].value > ticks->tick[i - 1].value);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(ticks->tick[i].label, ticks->tick[k].label);
    }
    for (int i = 0; i < ticks->minor_count; i++) {
        double place = qni_axis_place(axis, ticks->minor[i]);
        assert_true(place >= -1e-8 && place <= 1.0 + 1e-8);
    }
}

/* 1, 2 or 5 times a power of ten, as far as the difference of two neighbouring doubles can say. */
static void check_step(double step, double error)
{
    double least = INFINITY, power = pow(10.0, floor(log10(step)));
    for (int k = 0; k < 4; k++)
        least = fmin(least, fabs(step - (const double[]){1.0, 2.0, 5.0, 10.0}[k] * power));
    assert_true(least <= 1e-9 * step + error);
}

static void linear_ticks_cover_the_axis_in_steps_of_1_2_5_and_say_where_they_are(void **state)
{
    (void)state;
    uint64_t seed = test_seed(11);
    for (int64_t round = test_effort(20000, 1000000); round > 0; round--) {
        qni_axis axis = random_linear(&seed);
        int target = 2 + (int)test_random_below(&seed, 11);
        qni_ticks ticks;
        qni_ticks_make(&ticks, &axis, target, test_random_below(&seed, 2) == 0);
        assert_in_range(ticks.count, 2, target > 5 ? target : 5);
        check_order(&ticks, &axis);
        double half_step = 0.5 * ticks.tick[1].value - 0.5 * ticks.tick[0].value;
        double largest = fmax(fabs(axis.lo), fabs(axis.hi));
        if (isfinite(2.0 * half_step))
            check_step(2.0 * half_step, 2.0 * DBL_EPSILON * largest);
        double slack = half_step * 1e-6 + DBL_EPSILON * largest;
        assert_true(0.5 * ticks.tick[0].value - 0.5 * axis.lo < half_step + slack);
        assert_true(0.5 * axis.hi - 0.5 * ticks.tick[ticks.count - 1].value < half_step + slack);
        double offset = 0.0;
        if (ticks.offset != 0) {
            char text[64];
            snprintf(text, sizeof text, "%llde%d", (long long)ticks.offset, ticks.offset_exponent);
            offset = strtod(text, NULL);
        }
        for (int i = 0; i < ticks.count; i++) {
            double said = parse_label(ticks.tick[i].label, ticks.exponent);
            if (offset == 0.0)
                assert_true(said == ticks.tick[i].value);
            else
                assert_true(fabs(said + offset - ticks.tick[i].value) < half_step);
        }
    }
}

static void no_linear_label_is_long(void **state)
{
    (void)state;
    uint64_t seed = test_seed(12);
    for (int64_t round = test_effort(20000, 1000000); round > 0; round--) {
        qni_axis axis = random_linear(&seed);
        qni_ticks ticks;
        qni_ticks_make(&ticks, &axis, 6, true);
        for (int i = 0; i < ticks.count; i++)
            assert_true(strlen(ticks.tick[i].label) <= 9); /* minus, point and seven digits */
    }
}

static void logarithmic_ticks_lie_on_the_axis_and_say_where_they_are(void **state)
{
    (void)state;
    uint64_t seed = test_seed(13);
    for (int64_t round = test_effort(20000, 1000000); round > 0; round--) {
        double lo = pow(10.0, -300.0 + 600.0 * test_random_unit(&seed)),
               hi = lo * pow(10.0, 12.0 * test_random_unit(&seed));
        if (test_random_below(&seed, 8) == 0)
            hi = pow(10.0, log10(lo) + (307.0 - log10(lo)) * test_random_unit(&seed));
        qni_axis axis;
        qni_axis_init(&axis, true, lo, hi);
        int target = 2 + (int)test_random_below(&seed, 11);
        qni_ticks ticks, pretty;
        qni_ticks_make(&ticks, &axis, target, true);
        qni_ticks_make(&pretty, &axis, target, false);
        assert_in_range(ticks.count, 2, target > 5 ? target : 5);
        assert_int_equal(ticks.count, pretty.count);
        check_order(&ticks, &axis);
        check_order(&pretty, &axis);
        for (int i = 0; i < ticks.count && ticks.exponent == 0 && ticks.offset == 0; i++)
            assert_true(strtod(ticks.tick[i].label, NULL) == ticks.tick[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_ticks_cover_the_axis_in_steps_of_1_2_5_and_say_where_they_are),
        cmocka_unit_test(no_linear_label_is_long),
        cmocka_unit_test(logarithmic_ticks_lie_on_the_axis_and_say_where_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
