/* How far the vector functions are from the true values, everywhere: random bits over all doubles, the ranges of use,
 * the neighbourhoods of zeros, poles and limits, at the level that the processor has (or QUERN_CPU asks for), against
 * MPFR. What is exact is compared to the last bit. QUERN_TEST_EFFORT=long takes ten million points of each function.
 *
 * test_accuracy_functions --table [POINTS [NAME…]]: the largest error of each function and where it is, as rows of a
 * table; POINTS 0 or none: as many as a test takes. */
#include "accuracy/reference.h"
#include "harness/harness.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"

enum {
    BLOCK = 512,
    NAME_SIZE = 64,
    CASES_MAX = 128,
    QUICK_POINTS = 60000,
    LONG_POINTS = 10000000
};

/* The largest error seen, and its place. */
typedef struct worst {
    double error;
    double operand[3];
    double got, expected; /* the latter rounded */
    int64_t points;
} worst;

static const qni_kernels *kernels;

static double neighbour(uint64_t *random, double at, double high)
{
    uint64_t distance = (uint64_t)exp2(high * test_random_unit(random)) - 1;
    uint64_t bits = bits_of(at);
    return double_of(test_random_below(random, 2) == 0 ? bits + distance : bits - distance);
}

static double draw_piece(uint64_t *random, const piece *p)
{
    double width = p->high - p->low;
    double a;
    switch (p->kind) {
    case PIECE_UNIFORM:
        return p->low + width * test_random_unit(random);
    case PIECE_LOG:
        a = p->low + width * test_random_unit(random);
        a = a < -1022 ? ldexp(exp2(a + 60), -60) : exp2(a);
        return test_random_below(random, 2) == 0 ? a : -a;
    case PIECE_NEAR:
        return neighbour(random, p->low, p->high);
    case PIECE_INTEGER:
        a = p->low + (double)test_random_below(random, (int64_t)(2 * width) + 1) / 2;
        return neighbour(random, a, test_random_below(random, 2) == 0 ? 0 : 30);
    case PIECE_PI:
        a = rint(exp2(p->high * test_random_unit(random))) * 0x1.921fb54442d18p-1;
        a = neighbour(random, a, 20);
        return test_random_below(random, 2) == 0 ? a : -a;
    default:
        return double_of(test_random(random));
    }
}

/* One piece in turn, all bits the last of them. */
static double draw_operand(uint64_t *random, const piece *pieces)
{
    int count = 0;
    while (count < REFERENCE_PIECES && pieces[count].kind != PIECE_NONE)
        count++;
    int64_t k = test_random_below(random, count + 1);
    static const piece bits = {PIECE_NONE, 0, 0};
    return draw_piece(random, k < count ? &pieces[k] : &bits);
}

static void draw_point(uint64_t *random, const reference *f, double *a, double *b, double *c)
{
    *a = draw_operand(random, f->pieces);
    *b = draw_operand(random, f->seconds[0].kind != PIECE_NONE ? f->seconds : f->pieces);
    *c = draw_operand(random, f->pieces);
    if (f->draw != NULL && test_random_below(random, 2) == 0)
        f->draw(random, a, b, c);
}

/* ULP of a double next to a real of this exponent (of a significand in [1/2, 1)), as an exponent. */
static long ulp_exponent(long exponent)
{
    if (exponent > 1024)
        exponent = 1024;
    return (exponent < -1021 ? -1021 : exponent) - 53;
}

/* Where either is no number, or both are zero, or the value is infinite: 0 if they agree, else infinite. Elsewhere -1.
 */
static double special_error(double got, const mpfr_t expected)
{
    bool agree;
    if (mpfr_nan_p(expected) || isnan(got))
        agree = mpfr_nan_p(expected) && isnan(got);
    else if (mpfr_inf_p(expected))
        agree = isinf(got) && (mpfr_sgn(expected) > 0) == (got > 0);
    else if (mpfr_zero_p(expected) && got == 0)
        agree = (mpfr_signbit(expected) != 0) == (signbit(got) != 0);
    else
        return -1;
    return agree ? 0 : (double)INFINITY;
}

/* The exponent of the unit in which an error at `expected` is measured. */
static long unit_exponent(const reference *f, double a, const mpfr_t expected)
{
    long unit = mpfr_zero_p(expected) ? -1074 : ulp_exponent(mpfr_get_exp(expected));
    int least = 0;
    if (f->least != NULL && frexp(f->least(a), &least) > 0 && ulp_exponent(least) > unit)
        return ulp_exponent(least);
    return unit;
}

/* An infinity that is found stands for 2^1024 here, as does every real beyond; so to overflow a little early is a
 * little error. */
static double error_of(const reference *f, double a, double got, const mpfr_t expected)
{
    double special = special_error(got, expected);
    if (special >= 0)
        return special;
    mpfr_t difference, value;
    mpfr_inits2(REFERENCE_BITS, difference, value, (mpfr_ptr)0);
    mpfr_set(value, expected, MPFR_RNDN);
    if (mpfr_regular_p(value) && mpfr_get_exp(value) > 1024)
        mpfr_set_si_2exp(value, mpfr_sgn(value), 1024, MPFR_RNDN);
    if (isinf(got))
        mpfr_set_si_2exp(difference, got > 0 ? 1 : -1, 1024, MPFR_RNDN);
    else
        mpfr_set_d(difference, got, MPFR_RNDN);
    mpfr_sub(difference, difference, value, MPFR_RNDN);
    if (!f->absolute)
        mpfr_mul_2si(difference, difference, -unit_exponent(f, a, value), MPFR_RNDN);
    double error = fabs(mpfr_get_d(difference, MPFR_RNDU));
    mpfr_clears(difference, value, (mpfr_ptr)0);
    return error;
}

static double compare(const reference *f, const double *operand, double got, double *expected)
{
    if (f->exact != NULL) {
        *expected = f->exact(operand[0], operand[1], operand[2]);
        bool same = isnan(got) ? isnan(*expected) : bits_of(got) == bits_of(*expected);
        bool unsigned_ =
            isnan(operand[0]) || isnan(operand[1]) || isnan(operand[2]); /* nothing is said of a NaN's sign */
        return same || (unsigned_ && got == 0 && *expected == 0) ? 0 : (double)INFINITY;
    }
    mpfr_t a, b, r;
    mpfr_inits2(53, a, b, (mpfr_ptr)0);
    mpfr_init2(r, REFERENCE_BITS);
    mpfr_set_d(a, operand[0], MPFR_RNDN);
    mpfr_set_d(b, operand[1], MPFR_RNDN);
    f->real(r, a, b);
    *expected = mpfr_get_d(r, MPFR_RNDN);
    double error = error_of(f, operand[0], got, r);
    mpfr_clears(a, b, r, (mpfr_ptr)0);
    return error;
}

/* The absolute bounds hold so far and no farther. */
static bool in_domain(const reference *f, double a)
{
    return !f->absolute || isnan(a) || fabs(a) <= 1e4;
}

static worst measure(const reference *f, uint64_t seed, int64_t points)
{
    static double operand[3][BLOCK], got[BLOCK];
    worst w = {.error = -1};
    uint64_t random = seed ^ (uint64_t)f->op << 32;
    for (; w.points < points; w.points += BLOCK) {
        for (int i = 0; i < BLOCK; i++)
            draw_point(&random, f, &operand[0][i], &operand[1][i], &operand[2][i]);
        if (f->op == QNI_OP_POW_DX)
            kernels->table[QNI_OP_POW][0](operand[2], operand[0], operand[1], NULL, BLOCK);
        kernels->table[f->op][0](got, operand[0], operand[1], operand[2], BLOCK);
        for (int i = 0; i < BLOCK; i++) {
            double at[3] = {operand[0][i], operand[1][i], operand[2][i]}, expected = 0;
            double error = in_domain(f, at[0]) ? compare(f, at, got[i], &expected) : -1;
            if (error <= w.error)
                continue;
            w.error = error;
            w.got = got[i];
            w.expected = expected;
            memcpy(w.operand, at, sizeof at);
        }
    }
    return w;
}

static void print_place(const reference *f, const worst *w)
{
    for (int k = 0; k < qni_op_infos[f->op].arity; k++)
        printf("%s%a", k > 0 ? ", " : "", w->operand[k]);
}

static int64_t points_of(const reference *f)
{
    return test_effort(QUICK_POINTS / f->cost, LONG_POINTS);
}

static void one_function(void **state)
{
    const reference *f = *state;
    worst w = measure(f, test_seed(20), points_of(f));
    if (w.error <= f->bound)
        return;
    printf("%s at (", f->name);
    print_place(f, &w);
    printf(") = (%.17g, %.17g, %.17g) is %.17g, ought to be %.17g: ", w.operand[0], w.operand[1], w.operand[2], w.got,
           w.expected);
    fail_msg("error %g%s, bound %g", w.error, f->absolute ? "" : " ULP", f->bound);
}

static void every_operation_is_compared(void **state)
{
    (void)state;
    bool there[QNI_OP_COUNT] = {0};
    for (int i = 0; i < reference_count; i++)
        there[references[i].op] = true;
    for (int op = 0; op < QNI_OP_COUNT; op++) {
        if (kernels->table[op][0] != NULL && !there[op])
            fail_msg("the operation %s has no reference", qni_op_infos[op].text);
    }
}

static const char *lower_name(char *out, const char *name)
{
    int i = 0;
    for (; name[i] != 0 && i < NAME_SIZE - 1; i++)
        out[i] = (char)tolower((unsigned char)name[i]);
    out[i] = 0;
    return out;
}

static bool is_asked_for(const char *name, int argc, char **argv)
{
    for (int i = 3; i < argc; i++) {
        if (strcmp(name, argv[i]) == 0)
            return true;
    }
    return argc <= 3;
}

/* Of all functions but the exact ones, or of those that are named. */
static void print_table(int level, int argc, char **argv)
{
    uint64_t seed = test_seed(20);
    int64_t points = argc > 2 ? strtoll(argv[2], NULL, 10) : 0;
    printf("level: %s\n| function | points | largest error | bound | at |\n|---|---|---|---|---|\n",
           qni_cpu_name(level));
    for (int i = 0; i < reference_count; i++) {
        const reference *f = &references[i];
        char name[NAME_SIZE];
        if (!is_asked_for(lower_name(name, f->name), argc, argv) || (f->exact != NULL && argc <= 3))
            continue;
        worst w = measure(f, seed, points > 0 ? points : points_of(f));
        printf(f->absolute ? "| %s | %" PRId64 " | %.2g | %g | " : "| %s | %" PRId64 " | %.3f ULP | %g | ", name,
               w.points, w.error, f->bound);
        print_place(f, &w);
        puts(" |");
        fflush(stdout);
    }
}

static int test_all(void)
{
    static struct CMUnitTest tests[CASES_MAX];
    static char names[CASES_MAX][2 * NAME_SIZE];
    size_t count = 0;
    if (reference_count >= CASES_MAX)
        return 1;
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(every_operation_is_compared);
    for (int i = 0; i < reference_count; i++, count++) {
        char name[NAME_SIZE];
        const reference *f = &references[i];
        snprintf(names[count], sizeof names[count], "%s_is_%s", lower_name(name, f->name),
                 f->exact != NULL ? "exact" : "within_its_bound");
        tests[count] =
            (struct CMUnitTest){.name = names[count], .test_func = one_function, .initial_state = (void *)(uintptr_t)f};
    }
    return _cmocka_run_group_tests("functions", tests, count, NULL, NULL);
}

int main(int argc, char **argv)
{
    qn_error err;
    int level;
    if (qni_cpu_level(&level, &err) != QN_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    kernels = qni_kernels_of(level);
    reference_begin();
    int failed = 0;
    if (argc > 1 && strcmp(argv[1], "--table") == 0)
        print_table(level, argc, argv);
    else
        failed = test_all();
    reference_end();
    return failed;
}
