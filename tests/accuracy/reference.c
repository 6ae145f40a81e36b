/* accuracy/reference.c: see reference.h. The pieces of each function are where it is used, where its computation
 * changes its way, and where its value meets a limit. */
#include "accuracy/reference_math.h"

#include <math.h>
#include <string.h>

#include "harness/harness.h"

uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

double double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Over- and underflow far from the doubles' are told at once. */
void reference_begin(void)
{
    mpfr_set_default_prec(REFERENCE_BITS);
    mpfr_set_emin(-20000);
    mpfr_set_emax(20000);
}

void reference_end(void)
{
    mpfr_free_cache();
}

/* What the conventions and IEEE 754 define to the last bit; the C library's fmod, floor, ceil, rint and fma are exact.
 */
#define EXACT(name, value)                                   \
    static double exact_##name(double a, double b, double c) \
    {                                                        \
        (void)b;                                             \
        (void)c;                                             \
        return value;                                        \
    }

/* A zero factor wins; the sign is the product of the signs. */
static double zero_of(double a, double b)
{
    return copysign(0, copysign(1, a) * copysign(1, b));
}

static double zmul(double a, double b)
{
    return a == 0 || b == 0 ? zero_of(a, b) : a * b;
}

/* As NumPy's remainder and floor_divide. */
static double mod(double a, double b)
{
    double r = fmod(a, b);
    if (r != 0 && b != 0)
        return (b < 0) != (r < 0) ? r + b : r;
    return isnan(r) ? r : copysign(0, b);
}

static double floordiv(double a, double b)
{
    double r = fmod(a, b);
    if (b == 0)
        return a / b;
    double quotient = (a - r) / b;
    if (r != 0 && (b < 0) != (r < 0))
        quotient -= 1;
    if (quotient == 0)
        return copysign(0, a / b);
    double below = floor(quotient);
    return quotient - below > 0.5 ? below + 1 : below;
}

EXACT(neg, -a)
EXACT(add, a + b)
EXACT(sub, a - b)
EXACT(mul, a *b)
EXACT(div, a / b)
EXACT(floordiv, floordiv(a, b))
EXACT(mod, mod(a, b))
EXACT(lt, a < b)
EXACT(le, a <= b)
EXACT(gt, a > b)
EXACT(ge, a >= b)
EXACT(eq, a == b)
EXACT(ne, a != b)
EXACT(and, a != 0 && b != 0)
EXACT(or, a != 0 || b != 0)
EXACT(not, a == 0)
EXACT(select, a != 0 ? b : c)
EXACT(abs, fabs(a))
EXACT(sign, isnan(a) ? a : (double)((a > 0) - (a < 0)))
EXACT(min, isnan(a) || a < b ? a : b)
EXACT(max, isnan(a) || a > b ? a : b)
EXACT(floor, floor(a))
EXACT(ceil, ceil(a))
EXACT(round, rint(a))
EXACT(zmul, zmul(a, b))
EXACT(zdiv, a == 0 || isinf(b) ? zero_of(a, b) : a / b)
EXACT(above, a == b ? 0.5 : (double)(a > b))
EXACT(pow_da, (a == 0 && !isnan(b)) || (a == 1 && b == (double)-INFINITY) ? 0 : a * b)
EXACT(muladd, a *b + c)
EXACT(mulsub, a *b - c)
EXACT(submul, c - a * b)
EXACT(mul3, a *b *c)
EXACT(zmuladd, zmul(a, b) + c)
EXACT(negzmul, -zmul(a, b))
EXACT(zmul3, zmul(zmul(a, b), c))
EXACT(expmul, qni_op_value(QNI_OP_EXP, a *b, 0, 0))

static double log_uniform(uint64_t *random, double low, double high)
{
    return exp2(low + (high - low) * test_random_unit(random));
}

static double either_sign(uint64_t *random, double a)
{
    return test_random_below(random, 2) == 0 ? a : -a;
}

/* A base and the exponent that leads to a power anywhere among the doubles, or little beyond. */
static void draw_pow(uint64_t *random, double *a, double *b, double *c)
{
    (void)c;
    double log2_base = either_sign(random, log_uniform(random, -52, 10));
    *a = exp2(log2_base);
    *b = (2200 * test_random_unit(random) - 1100) / log2_base;
    if (test_random_below(random, 4) == 0) {
        *b = rint(*b);
        *a = either_sign(random, *a);
    }
}

/* The power is what the function is told. */
static void draw_pow_dx(uint64_t *random, double *a, double *b, double *c)
{
    draw_pow(random, a, b, c);
}

/* Two numbers of about the same size, and that anywhere. */
static void draw_alike(uint64_t *random, double *a, double *b, double *c)
{
    (void)c;
    double size = log_uniform(random, -1074, 1023);
    *a = either_sign(random, size * test_random_unit(random));
    *b = either_sign(random, size * log_uniform(random, -60, 0));
    if (test_random_below(random, 2) == 0) {
        double other = *a;
        *a = *b;
        *b = other;
    }
}

/* Quotients near an integer, of any size. */
static void draw_quotient(uint64_t *random, double *a, double *b, double *c)
{
    (void)c;
    *b = either_sign(random, log_uniform(random, -500, 400));
    *a = either_sign(random, *b * rint(log_uniform(random, 0, test_random_below(random, 2) == 0 ? 8 : 600)));
    *a = double_of(bits_of(*a) + (uint64_t)test_random_below(random, 5) - 2);
}

/* Three numbers that are often equal or zero. */
static void draw_few(uint64_t *random, double *a, double *b, double *c)
{
    double *operands[] = {a, b, c};
    static const double few[] = {0, -0.0, 1, -1, 2, 0.5, -0.5, 1.5, INFINITY, -INFINITY, NAN, 0x1p-1074};
    for (int i = 0; i < 3; i++)
        *operands[i] = few[test_random_below(random, sizeof few / sizeof few[0])];
}

/* Between the poles, where digamma and lgamma have zeros, the parts that cancel set the scale. */
static double least_lgamma(double a)
{
    return a < 0 ? 1 : 0;
}

static double least_digamma(double a)
{
    return a < 0 ? 1 + log1p(-a) : 0.25;
}

/* The height of the waves. */
static double least_sinc_d(double a)
{
    return fabs(a) < 0.5 ? 0 : 1 / fabs(a);
}

/* clang-format off */
#define UNIFORM(low, high) {PIECE_UNIFORM, low, high}
#define LOG(low, high)     {PIECE_LOG, low, high}
#define NEAR(at)           {PIECE_NEAR, at, 40}
#define CLOSE(at)          {PIECE_NEAR, at, 8}
#define INTEGER(low, high) {PIECE_INTEGER, low, high}
#define QUARTERS           {PIECE_PI, 0, 30}

#define REAL(NAME, function, bound_, cost_, ...) \
    {.op = QNI_OP_##NAME, .name = #NAME, .real = real_##function, .bound = (bound_), .cost = (cost_), \
     .pieces = {__VA_ARGS__}}
#define ABSOLUTE(NAME, function, bound_, cost_, ...) \
    {.op = QNI_OP_##NAME, .name = #NAME, .real = real_##function, .bound = (bound_), .absolute = true, \
     .cost = (cost_), .pieces = {__VA_ARGS__}}
#define SCALED(NAME, function, bound_, cost_, ...) \
    {.op = QNI_OP_##NAME, .name = #NAME, .real = real_##function, .bound = (bound_), .least = least_##function, \
     .cost = (cost_), .pieces = {__VA_ARGS__}}
#define DRAWN(NAME, function, bound_, cost_, draw_, ...) \
    {.op = QNI_OP_##NAME, .name = #NAME, .real = real_##function, .bound = (bound_), .cost = (cost_), .draw = (draw_), \
     .pieces = {__VA_ARGS__}}
#define SAME(NAME, function, draw_, ...) \
    {.op = QNI_OP_##NAME, .name = #NAME, .exact = exact_##function, .cost = 1, .draw = (draw_), .pieces = {__VA_ARGS__}}

const reference references[] = {
    REAL(SQRT, sqrt, 0.5, 1, LOG(-1074, 1024), UNIFORM(0, 4)),
    REAL(CBRT, cbrt, 2, 2, LOG(-1074, 1024), UNIFORM(-8, 8), LOG(-3, 3), INTEGER(-1000, 1000)),
    REAL(EXP, exp, 2, 2, UNIFORM(-10, 10), UNIFORM(-750, 715), LOG(-60, 0), NEAR(709.782712893384),
         CLOSE(0x1.62e42fefa39efp+9),
         NEAR(-708.3964185322641), CLOSE(-745.1332191019411), UNIFORM(-1, 1)),
    REAL(EXP2, exp2, 2, 2, UNIFORM(-10, 10), UNIFORM(-1080, 1030), LOG(-60, 0), INTEGER(-1076, 1025), NEAR(1024),
         NEAR(-1022), CLOSE(-1075)),
    REAL(EXPM1, expm1, 2, 2, UNIFORM(-2, 2), UNIFORM(-50, 750), LOG(-1074, 0), NEAR(709.782712893384),
         NEAR(-0.34657359), NEAR(0.34657359),
         UNIFORM(-0.5, 0.5)),
    REAL(LOG, log, 2, 2, LOG(-1074, 1024), UNIFORM(0, 10), NEAR(1), UNIFORM(0.5, 2), NEAR(0.70710678),
         NEAR(1.41421356)),
    REAL(LOG2, log2, 2, 2, LOG(-1074, 1024), UNIFORM(0, 10), NEAR(1), UNIFORM(0.5, 2), INTEGER(1, 5000)),
    REAL(LOG10, log10, 2, 2, LOG(-1074, 1024), UNIFORM(0, 10), NEAR(1), UNIFORM(0.5, 2), INTEGER(1, 5000)),
    REAL(LOG1P, log1p, 2, 2, LOG(-1074, 1024), UNIFORM(-1, 10), NEAR(-1), UNIFORM(-0.5, 1), LOG(-60, 1)),
    REAL(SIN, sin, 2, 3, UNIFORM(-10, 10), UNIFORM(-1e4, 1e4), LOG(-60, 60), LOG(-1074, 1024), QUARTERS,
         UNIFORM(-0.8, 0.8)),
    REAL(COS, cos, 2, 3, UNIFORM(-10, 10), UNIFORM(-1e4, 1e4), LOG(-60, 60), LOG(-1074, 1024), QUARTERS,
         UNIFORM(-0.8, 0.8)),
    REAL(TAN, tan, 4, 3, UNIFORM(-10, 10), UNIFORM(-1e4, 1e4), LOG(-60, 60), LOG(-1074, 1024), QUARTERS,
         UNIFORM(-0.8, 0.8)),
    REAL(ASIN, asin, 4, 3, UNIFORM(-1, 1), LOG(-60, 0), NEAR(1), NEAR(0.5), NEAR(-0.5), NEAR(-1)),
    REAL(ACOS, acos, 4, 3, UNIFORM(-1, 1), LOG(-60, 0), NEAR(1), NEAR(0.5), NEAR(-0.5), NEAR(-1)),
    REAL(ATAN, atan, 2, 3, UNIFORM(-10, 10), UNIFORM(-1, 1), LOG(-60, 60), NEAR(1), NEAR(0.41421356), NEAR(2.41421356)),
    DRAWN(ATAN2, atan2, 4, 3, draw_alike, UNIFORM(-10, 10), LOG(-60, 60), INTEGER(-4, 4)),
    REAL(SINH, sinh, 4, 3, UNIFORM(-10, 10), UNIFORM(-715, 715), LOG(-60, 0), NEAR(710.4758600739439), UNIFORM(-1, 1)),
    REAL(COSH, cosh, 4, 3, UNIFORM(-10, 10), UNIFORM(-715, 715), LOG(-60, 0), NEAR(710.4758600739439), UNIFORM(-1, 1)),
    REAL(TANH, tanh, 2, 3, UNIFORM(-2, 2), UNIFORM(-25, 25), LOG(-60, 0), NEAR(19.0615), NEAR(0.55),
         UNIFORM(-0.6, 0.6)),
    REAL(ASINH, asinh, 4, 3, UNIFORM(-10, 10), LOG(-60, 60), LOG(-1074, 1024), UNIFORM(-1, 1)),
    REAL(ACOSH, acosh, 4, 3, UNIFORM(1, 10), LOG(0, 60), LOG(0, 1024), NEAR(1), UNIFORM(1, 2)),
    REAL(ATANH, atanh, 4, 3, UNIFORM(-1, 1), LOG(-60, 0), NEAR(1), NEAR(0.5), NEAR(-1)),
    REAL(SIGMOID, sigmoid, 4, 2, UNIFORM(-10, 10), UNIFORM(-750, 50), LOG(-60, 0), NEAR(-708.3964185322641),
         NEAR(-745.1332)),
    REAL(SOFTPLUS, softplus, 4, 3, UNIFORM(-10, 10), UNIFORM(-750, 750), LOG(-60, 0), NEAR(-708.3964185322641),
         NEAR(36.7), NEAR(-37)),
    REAL(ERF, erf, 2, 4, UNIFORM(-6.2, 6.2), UNIFORM(-1, 1), LOG(-60, 3), LOG(-1074, 0), NEAR(0.84375),
         NEAR(5.9215871957945)),
    REAL(ERFC, erfc, 4, 8, UNIFORM(-6.2, 28), UNIFORM(-1, 1), LOG(-60, 5), UNIFORM(25, 27.3), NEAR(26.54325845),
         NEAR(0.84375)),
    REAL(GAMMA, gamma, 8, 16, UNIFORM(0, 172), UNIFORM(-185, 0), UNIFORM(-3, 3), LOG(-1024, 8), INTEGER(-185, 172),
         NEAR(171.62437695630272),
         NEAR(1), NEAR(2)),
    SCALED(LGAMMA, lgamma, 8, 16, UNIFORM(0, 20), UNIFORM(0.5, 2.5), LOG(-1074, 1024), NEAR(1), NEAR(2),
         INTEGER(-50, 50), UNIFORM(-20, 0),
           UNIFORM(-1e4, 1e4)),
    SCALED(DIGAMMA, digamma, 4, 16, UNIFORM(0, 20), UNIFORM(-10, 10), LOG(-1020, 1024), NEAR(1.4616321449683622),
         INTEGER(-50, 50),
           UNIFORM(-1e4, 1e4)),
    REAL(TRIGAMMA, trigamma, 4, 24, UNIFORM(0, 20), UNIFORM(-10, 10), LOG(-1020, 1024), INTEGER(-50, 50),
         UNIFORM(-1e4, 1e4)),
    REAL(SINC, sinc, 4, 4, UNIFORM(-10, 10), UNIFORM(-1, 1), LOG(-60, 60), INTEGER(-1000, 1000), LOG(-1074, 1024)),
    SCALED(SINC_D, sinc_d, 8, 6, UNIFORM(-10, 10), UNIFORM(-1, 1), LOG(-60, 60), INTEGER(-1000, 1000),
         LOG(-1074, 1024)),
    ABSOLUTE(BESSELJ0, j0, 5e-16, 64, UNIFORM(-1e4, 1e4), UNIFORM(-25, 25), LOG(-30, 13), UNIFORM(-8, 8)),
    ABSOLUTE(BESSELJ1, j1, 5e-16, 64, UNIFORM(-1e4, 1e4), UNIFORM(-25, 25), LOG(-30, 13), UNIFORM(-8, 8)),
    ABSOLUTE(BESSELJ1_RATIO, j1_ratio, 5e-16, 64, UNIFORM(-1e4, 1e4), UNIFORM(-25, 25), LOG(-30, 13), UNIFORM(-8, 8)),
    DRAWN(HYPOT, hypot, 4, 3, draw_alike, UNIFORM(-10, 10), LOG(-60, 60), LOG(1020, 1024), LOG(-1074, -1000)),
    {.op = QNI_OP_POW, .name = "POW", .real = real_pow, .bound = 4, .cost = 6, .draw = draw_pow,
     .pieces = {UNIFORM(0, 10), LOG(-1074, 1024), INTEGER(-20, 20), NEAR(1)},
     .seconds = {UNIFORM(-10, 10), LOG(-60, 10), INTEGER(-20, 20), UNIFORM(-300, 300)}},
    REAL(POW4, pow4, 1, 2, LOG(-300, 300), UNIFORM(-10, 10), INTEGER(-1000, 1000), NEAR(0x1p256), LOG(-269, -255)),
    {.op = QNI_OP_POW_DX, .name = "POW_DX", .real = real_pow_dx, .bound = 8, .cost = 6, .draw = draw_pow_dx,
     .pieces = {UNIFORM(0, 10), LOG(-1074, 1024), INTEGER(-20, 20), NEAR(1)},
     .seconds = {UNIFORM(-10, 10), LOG(-60, 10), INTEGER(-20, 20), UNIFORM(-300, 300)}},
    SAME(POW_DA, pow_da, draw_few, LOG(-10, 10), LOG(-600, 600)),
    SAME(NEG, neg, draw_few, LOG(-10, 10)),
    SAME(ADD, add, draw_alike, LOG(-10, 10)),
    SAME(SUB, sub, draw_alike, LOG(-10, 10)),
    SAME(MUL, mul, draw_few, LOG(-10, 10), LOG(-600, 600)),
    SAME(DIV, div, draw_few, LOG(-10, 10), LOG(-600, 600)),
    SAME(FLOORDIV, floordiv, draw_quotient, UNIFORM(-10, 10), INTEGER(-20, 20), LOG(-10, 60), NEAR(INFINITY)),
    SAME(MOD, mod, draw_quotient, UNIFORM(-10, 10), INTEGER(-20, 20), LOG(-10, 60), NEAR(INFINITY)),
    SAME(LT, lt, draw_few, NEAR(1)),
    SAME(LE, le, draw_few, NEAR(1)),
    SAME(GT, gt, draw_few, NEAR(1)),
    SAME(GE, ge, draw_few, NEAR(1)),
    SAME(EQ, eq, draw_few, CLOSE(1)),
    SAME(NE, ne, draw_few, CLOSE(1)),
    SAME(AND, and, draw_few, NEAR(1)),
    SAME(OR, or, draw_few, NEAR(1)),
    SAME(NOT, not, draw_few, NEAR(1)),
    SAME(SELECT, select, draw_few, NEAR(1)),
    SAME(ABS, abs, draw_few, LOG(-10, 10)),
    SAME(SIGN, sign, draw_few, LOG(-10, 10)),
    SAME(MIN, min, draw_few, CLOSE(1), LOG(-10, 10)),
    SAME(MAX, max, draw_few, CLOSE(1), LOG(-10, 10)),
    SAME(FLOOR, floor, draw_few, UNIFORM(-10, 10), INTEGER(-100, 100), LOG(40, 60)),
    SAME(CEIL, ceil, draw_few, UNIFORM(-10, 10), INTEGER(-100, 100), LOG(40, 60)),
    SAME(ROUND, round, draw_few, UNIFORM(-10, 10), INTEGER(-100, 100), LOG(40, 60)),
    SAME(ZMUL, zmul, draw_few, LOG(-10, 10), LOG(-600, 600)),
    SAME(ZDIV, zdiv, draw_few, LOG(-10, 10), LOG(-600, 600)),
    SAME(ABOVE, above, draw_few, CLOSE(1)),
    SAME(MULADD, muladd, draw_few, LOG(-10, 10)),
    SAME(MULSUB, mulsub, draw_few, LOG(-10, 10)),
    SAME(SUBMUL, submul, draw_few, LOG(-10, 10)),
    SAME(MUL3, mul3, draw_few, LOG(-10, 10)),
    SAME(ZMULADD, zmuladd, draw_few, LOG(-10, 10)),
    SAME(NEGZMUL, negzmul, draw_few, LOG(-10, 10)),
    SAME(ZMUL3, zmul3, draw_few, LOG(-10, 10)),
    SAME(EXPMUL, expmul, draw_few, UNIFORM(-30, 30), LOG(-10, 10)),
};
/* clang-format on */

const int reference_count = sizeof references / sizeof references[0];
