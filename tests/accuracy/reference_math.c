/* accuracy/reference_math.c: see reference_math.h. Intermediates have WORK_BITS, so that the few bits which cancel in
 * what is composed here are not missed. */
#include "accuracy/reference_math.h"

enum {
    WORK_BITS = REFERENCE_BITS + 64
};

#define PLAIN(name, call)                                      \
    void real_##name(mpfr_t r, const mpfr_t a, const mpfr_t b) \
    {                                                          \
        (void)b;                                               \
        call(r, a, MPFR_RNDN);                                 \
    }

PLAIN(sqrt, mpfr_sqrt)
PLAIN(cbrt, mpfr_cbrt)
PLAIN(exp, mpfr_exp)
PLAIN(exp2, mpfr_exp2)
PLAIN(expm1, mpfr_expm1)
PLAIN(log, mpfr_log)
PLAIN(log2, mpfr_log2)
PLAIN(log10, mpfr_log10)
PLAIN(log1p, mpfr_log1p)
PLAIN(sin, mpfr_sin)
PLAIN(cos, mpfr_cos)
PLAIN(tan, mpfr_tan)
PLAIN(asin, mpfr_asin)
PLAIN(acos, mpfr_acos)
PLAIN(atan, mpfr_atan)
PLAIN(sinh, mpfr_sinh)
PLAIN(cosh, mpfr_cosh)
PLAIN(tanh, mpfr_tanh)
PLAIN(asinh, mpfr_asinh)
PLAIN(acosh, mpfr_acosh)
PLAIN(atanh, mpfr_atanh)
PLAIN(erf, mpfr_erf)
PLAIN(erfc, mpfr_erfc)
PLAIN(gamma, mpfr_gamma)
PLAIN(digamma, mpfr_digamma)
PLAIN(j0, mpfr_j0)
PLAIN(j1, mpfr_j1)

void real_lgamma(mpfr_t r, const mpfr_t a, const mpfr_t b)
{
    (void)b;
    int sign;
    mpfr_lgamma(r, &sign, a, MPFR_RNDN);
}

void real_pow(mpfr_t r, const mpfr_t a, const mpfr_t b)
{
    mpfr_pow(r, a, b, MPFR_RNDN);
}

void real_hypot(mpfr_t r, const mpfr_t a, const mpfr_t b)
{
    mpfr_hypot(r, a, b, MPFR_RNDN);
}

void real_atan2(mpfr_t r, const mpfr_t a, const mpfr_t b)
{
    mpfr_atan2(r, a, b, MPFR_RNDN);
}

void real_pow4(mpfr_t r, const mpfr_t a, const mpfr_t b)
{
    (void)b;
    mpfr_pow_ui(r, a, 4, MPFR_RNDN);
}

/* d/da a^b. */
void real_pow_dx(mpfr_t r, const mpfr_t a, const mpfr_t b)
{
    if (mpfr_zero_p(b)) {
        mpfr_set_zero(r, 1);
        return;
    }
    mpfr_t less;
    mpfr_init2(less, 2200); /* b - 1 exactly */
    mpfr_sub_ui(less, b, 1, MPFR_RNDN);
    mpfr_pow(r, a, less, MPFR_RNDN);
    mpfr_mul(r, r, b, MPFR_RNDN);
    mpfr_clear(less);
}

void real_sigmoid(mpfr_t r, const mpfr_t a, const mpfr_t b)
{
    (void)b;
    mpfr_neg(r, a, MPFR_RNDN);
    mpfr_exp(r, r, MPFR_RNDN);
    mpfr_add_ui(r, r, 1, MPFR_RNDN);
    mpfr_ui_div(r, 1, r, MPFR_RNDN);
}

void real_softplus(mpfr_t r, const mpfr_t a, const mpfr_t b)
{
    (void)b;
    if (mpfr_cmp_ui(a, 1000) > 0) { /* what is missing is 2^-1442 */
        mpfr_set(r, a, MPFR_RNDN);
        return;
    }
    mpfr_exp(r, a, MPFR_RNDN);
    mpfr_log1p(r, r, MPFR_RNDN);
}

/* Bernoulli numbers B_2, B_4 … B_40. */
static const struct {
    double numerator, denominator;
} bernoulli[] = {{1, 6},
                 {-1, 30},
                 {1, 42},
                 {-1, 30},
                 {5, 66},
                 {-691, 2730},
                 {7, 6},
                 {-3617, 510},
                 {43867, 798},
                 {-174611, 330},
                 {854513, 138},
                 {-236364091, 2730},
                 {8553103, 6},
                 {-23749461029, 870},
                 {8615841276005, 14322},
                 {-7709321041217, 510},
                 {2577687858367, 6}};

enum {
    BERNOULLI_COUNT = sizeof bernoulli / sizeof bernoulli[0],
    TRIGAMMA_FROM = 60 /* from here on the series' first missing term is below 2^-160 of the value */
};

/* For x > 0 the asymptotic series 1/x + 1/(2x²) + Σ B_2k / x^(2k+1), after the recurrence psi1(x) = psi1(x+1) + 1/x².
 */
static void trigamma_positive(mpfr_t r, const mpfr_t a)
{
    mpfr_t x, square, term;
    mpfr_inits2(WORK_BITS, x, square, term, (mpfr_ptr)0);
    mpfr_set_zero(r, 1);
    mpfr_set(x, a, MPFR_RNDN);
    for (; mpfr_cmp_ui(x, TRIGAMMA_FROM) < 0; mpfr_add_ui(x, x, 1, MPFR_RNDN)) {
        mpfr_sqr(term, x, MPFR_RNDN);
        mpfr_ui_div(term, 1, term, MPFR_RNDN);
        mpfr_add(r, r, term, MPFR_RNDN);
    }
    mpfr_t sum;
    mpfr_init2(sum, WORK_BITS);
    mpfr_set_zero(sum, 1);
    mpfr_sqr(square, x, MPFR_RNDN);
    for (int k = BERNOULLI_COUNT - 1; k >= 0; k--) { /* in 1/x² by Horner */
        mpfr_set_d(term, bernoulli[k].numerator, MPFR_RNDN);
        mpfr_div_d(term, term, bernoulli[k].denominator, MPFR_RNDN);
        mpfr_add(sum, sum, term, MPFR_RNDN);
        mpfr_div(sum, sum, square, MPFR_RNDN);
    }
    mpfr_set_d(term, 0.5, MPFR_RNDN);
    mpfr_div(term, term, x, MPFR_RNDN);
    mpfr_add(sum, sum, term, MPFR_RNDN);
    mpfr_add_ui(sum, sum, 1, MPFR_RNDN);
    mpfr_div(sum, sum, x, MPFR_RNDN);
    mpfr_add(r, r, sum, MPFR_RNDN);
    mpfr_clears(x, square, term, sum, (mpfr_ptr)0);
}

/* For negative arguments psi1(x) = pi² / sin²(pi x) - psi1(1 - x); +inf at the poles. */
void real_trigamma(mpfr_t r, const mpfr_t a, const mpfr_t b)
{
    (void)b;
    if (mpfr_nan_p(a) || (mpfr_inf_p(a) && mpfr_sgn(a) < 0)) {
        mpfr_set_nan(r);
    } else if (mpfr_inf_p(a)) {
        mpfr_set_zero(r, 1);
    } else if (mpfr_sgn(a) > 0) {
        trigamma_positive(r, a);
    } else if (mpfr_integer_p(a)) {
        mpfr_set_inf(r, 1);
    } else {
        mpfr_t mirror, sine, wide;
        mpfr_init2(mirror, 1200); /* 1 - x exactly, for every x that matters */
        mpfr_inits2(WORK_BITS, sine, wide, (mpfr_ptr)0);
        mpfr_ui_sub(mirror, 1, a, MPFR_RNDN);
        trigamma_positive(wide, mirror);
        mpfr_sinpi(sine, a, MPFR_RNDN);
        mpfr_const_pi(mirror, MPFR_RNDN);
        mpfr_div(sine, mirror, sine, MPFR_RNDN);
        mpfr_sqr(sine, sine, MPFR_RNDN);
        mpfr_sub(r, sine, wide, MPFR_RNDN);
        mpfr_clears(mirror, sine, wide, (mpfr_ptr)0);
    }
}

/* sin(pi a) / (pi a); NaN at infinity. */
void real_sinc(mpfr_t r, const mpfr_t a, const mpfr_t b)
{
    (void)b;
    if (mpfr_zero_p(a)) {
        mpfr_set_ui(r, 1, MPFR_RNDN);
        return;
    }
    if (mpfr_inf_p(a)) {
        mpfr_set_nan(r);
        return;
    }
    mpfr_t pi;
    mpfr_init2(pi, WORK_BITS);
    mpfr_const_pi(pi, MPFR_RNDN);
    mpfr_sinpi(r, a, MPFR_RNDN);
    mpfr_div(r, r, a, MPFR_RNDN);
    mpfr_div(r, r, pi, MPFR_RNDN);
    mpfr_clear(pi);
}

/* Its derivative (cos(pi a) - sinc a) / a, near 0 the first terms of its series: -pi² a / 3 + pi⁴ a³ / 30. */
void real_sinc_d(mpfr_t r, const mpfr_t a, const mpfr_t b)
{
    if (mpfr_zero_p(a)) {
        mpfr_set_zero(r, 1);
        return;
    }
    mpfr_t wide;
    mpfr_init2(wide, WORK_BITS);
    if (mpfr_nan_p(a) || mpfr_inf_p(a) || mpfr_get_exp(a) > -30) {
        mpfr_cospi(wide, a, MPFR_RNDN);
        mpfr_t part;
        mpfr_init2(part, WORK_BITS);
        real_sinc(part, a, b);
        mpfr_sub(wide, wide, part, MPFR_RNDN);
        mpfr_div(r, wide, a, MPFR_RNDN);
        mpfr_clear(part);
    } else { /* the next term is 2^-120 of the first */
        mpfr_const_pi(wide, MPFR_RNDN);
        mpfr_mul(wide, wide, a, MPFR_RNDN);
        mpfr_sqr(wide, wide, MPFR_RNDN);
        mpfr_div_ui(r, wide, 10, MPFR_RNDN);
        mpfr_ui_sub(r, 1, r, MPFR_RNDN);
        mpfr_mul(r, r, wide, MPFR_RNDN);
        mpfr_div_si(r, r, -3, MPFR_RNDN);
        mpfr_div(r, r, a, MPFR_RNDN);
    }
    mpfr_clear(wide);
}

/* J1(a) / a. */
void real_j1_ratio(mpfr_t r, const mpfr_t a, const mpfr_t b)
{
    (void)b;
    if (mpfr_zero_p(a)) {
        mpfr_set_d(r, 0.5, MPFR_RNDN);
        return;
    }
    mpfr_j1(r, a, MPFR_RNDN);
    mpfr_div(r, r, a, MPFR_RNDN);
}
