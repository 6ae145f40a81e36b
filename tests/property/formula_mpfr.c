/* Values and derivatives of random formulas over the whole language beside MPFR with 200 bits: values by a second
 * reading of the language, derivatives by central differences of that.
 *
 * How far double precision may be from it is carried along: each node's error is what its operands' errors do to it
 * (the operation is evaluated at both ends) and the rounding that its function is allowed; the same for the slope by
 * each operand, from which follows a bound for a derivative in either mode of differentiation. A point is skipped, and
 * counted, where that says nothing: beyond the range in which doubles have all their digits, where an error may turn a
 * comparison or cross a kink, where little more than the error is left, and where differences of two steps disagree.
 * Most operations are chosen so that they are none of these at the points where the formula will be evaluated. */
#include "harness/harness.h"
#include "property/formula.h"

#include <math.h>
#include <mpfr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quern/model.h>

enum {
    BITS = 200,
    ROWS = 2,
    WILD = 24 /* one operation in so many is not chosen */
};

static const double unit = 0x1p-52;

/* A node at a row. */
typedef struct cell {
    mpfr_t v;
    double error;                    /* of v in double precision */
    double slope[3], slope_error[3]; /* by each operand */
    bool beyond;                     /* out of the range in which doubles have all their digits */
    bool cliff, kink;                /* an error may change the value, the derivatives, by more than the slopes say */
    bool live;                       /* a parameter moves it */
    int ties;                        /* exact ones of min, max and abs: more than one may have another mean */
} cell;

typedef struct trial {
    formula f;
    double parameters[FORMULA_PARAMETERS], columns[FORMULA_COLUMNS][ROWS];
    cell cells[ROWS][FORMULA_NODES_MAX];
    mpfr_t moved[FORMULA_NODES_MAX]; /* values at a moved parameter */
    mpfr_t t[8];
    int64_t asked;
} trial;

typedef struct counts {
    int64_t compared, zero, beyond, cliff, kink, weak, unsettled;
} counts;

static void sum_to_sigmoid(mpfr_ptr out, mpfr_srcptr a)
{
    mpfr_neg(out, a, MPFR_RNDN);
    mpfr_exp(out, out, MPFR_RNDN);
    mpfr_add_ui(out, out, 1, MPFR_RNDN);
    mpfr_ui_div(out, 1, out, MPFR_RNDN);
}

static void softplus(mpfr_ptr out, mpfr_srcptr a)
{
    mpfr_exp(out, a, MPFR_RNDN);
    if (mpfr_inf_p(out))
        mpfr_set(out, a, MPFR_RNDN);
    else
        mpfr_log1p(out, out, MPFR_RNDN);
}

static void sinc(mpfr_ptr out, mpfr_srcptr a)
{
    if (mpfr_integer_p(a)) { /* pi has more digits than these */
        mpfr_set_ui(out, mpfr_zero_p(a), MPFR_RNDN);
        return;
    }
    mpfr_t t;
    mpfr_init2(t, BITS);
    mpfr_const_pi(t, MPFR_RNDN);
    mpfr_mul(t, t, a, MPFR_RNDN);
    mpfr_sin(out, t, MPFR_RNDN);
    mpfr_div(out, out, t, MPFR_RNDN);
    mpfr_clear(t);
}

static void remainder_of(mpfr_ptr out, mpfr_srcptr a, mpfr_srcptr b, bool quotient)
{
    mpfr_t q;
    mpfr_init2(q, BITS);
    mpfr_div(q, a, b, MPFR_RNDN);
    mpfr_floor(q, q);
    if (quotient)
        mpfr_set(out, q, MPFR_RNDN);
    else {
        mpfr_mul(q, q, b, MPFR_RNDN);
        mpfr_sub(out, a, q, MPFR_RNDN);
        if (mpfr_zero_p(out)) /* with the sign of b, as NumPy's */
            mpfr_setsign(out, out, mpfr_signbit(b), MPFR_RNDN);
    }
    mpfr_clear(q);
}

static void sign_of(mpfr_ptr out, mpfr_srcptr a)
{
    if (mpfr_nan_p(a))
        mpfr_set_nan(out);
    else
        mpfr_set_si(out, mpfr_sgn(a), MPFR_RNDN);
}

static void choose(mpfr_ptr out, mpfr_srcptr a, mpfr_srcptr b, bool larger)
{
    if (mpfr_nan_p(a) || mpfr_nan_p(b))
        mpfr_set_nan(out);
    else if (larger)
        mpfr_max(out, a, b, MPFR_RNDN);
    else
        mpfr_min(out, a, b, MPFR_RNDN);
}

static bool is_true(mpfr_srcptr a)
{
    return mpfr_nan_p(a) || !mpfr_zero_p(a);
}

static void truth(mpfr_ptr out, bool value)
{
    mpfr_set_ui(out, value, MPFR_RNDN);
}

/* Where MPFR would take long, which is far from where a double has digits. */
static bool is_far(int operation, mpfr_srcptr a)
{
    bool slow = operation == FORMULA_GAMMA || operation == FORMULA_LGAMMA || operation == FORMULA_DIGAMMA ||
                operation == FORMULA_BESSELJ0 || operation == FORMULA_BESSELJ1;
    return slow && mpfr_number_p(a) && mpfr_cmpabs_ui(a, 1000) > 0;
}

static bool apply_logic(int operation, mpfr_ptr out, mpfr_srcptr a, mpfr_srcptr b)
{
    switch (operation) {
    case FORMULA_OR:
        truth(out, is_true(a) || is_true(b));
        return true;
    case FORMULA_AND:
        truth(out, is_true(a) && is_true(b));
        return true;
    case FORMULA_NOT:
        truth(out, !is_true(a));
        return true;
    case FORMULA_LT:
        truth(out, mpfr_less_p(a, b));
        return true;
    case FORMULA_LE:
        truth(out, mpfr_lessequal_p(a, b));
        return true;
    case FORMULA_GT:
        truth(out, mpfr_greater_p(a, b));
        return true;
    case FORMULA_GE:
        truth(out, mpfr_greaterequal_p(a, b));
        return true;
    case FORMULA_EQ:
        truth(out, mpfr_equal_p(a, b));
        return true;
    case FORMULA_NE:
        truth(out, !mpfr_equal_p(a, b));
        return true;
    case FORMULA_STEP:
        truth(out, !mpfr_nan_p(a) && mpfr_sgn(a) >= 0);
        return true;
    default:
        return false;
    }
}

typedef int mpfr_function(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t);

static int lgamma_of(mpfr_ptr out, mpfr_srcptr a, mpfr_rnd_t round)
{
    int sign;
    return mpfr_lgamma(out, &sign, a, round);
}

static int floor_of(mpfr_ptr out, mpfr_srcptr a, mpfr_rnd_t round)
{
    (void)round;
    return mpfr_floor(out, a);
}

static int ceil_of(mpfr_ptr out, mpfr_srcptr a, mpfr_rnd_t round)
{
    (void)round;
    return mpfr_ceil(out, a);
}

static int round_of(mpfr_ptr out, mpfr_srcptr a, mpfr_rnd_t round)
{
    (void)round;
    return mpfr_roundeven(out, a);
}

static int neg_of(mpfr_ptr out, mpfr_srcptr a, mpfr_rnd_t round)
{
    return mpfr_neg(out, a, round);
}

static int abs_of(mpfr_ptr out, mpfr_srcptr a, mpfr_rnd_t round)
{
    return mpfr_abs(out, a, round);
}

static mpfr_function *const functions[FORMULA_OPERATION_COUNT] = {
    [FORMULA_NEG] = neg_of,           [FORMULA_ABS] = abs_of,       [FORMULA_FLOOR] = floor_of,
    [FORMULA_CEIL] = ceil_of,         [FORMULA_ROUND] = round_of,   [FORMULA_SQRT] = mpfr_sqrt,
    [FORMULA_CBRT] = mpfr_cbrt,       [FORMULA_EXP] = mpfr_exp,     [FORMULA_EXP2] = mpfr_exp2,
    [FORMULA_EXPM1] = mpfr_expm1,     [FORMULA_LOG] = mpfr_log,     [FORMULA_LOG2] = mpfr_log2,
    [FORMULA_LOG10] = mpfr_log10,     [FORMULA_LOG1P] = mpfr_log1p, [FORMULA_SIN] = mpfr_sin,
    [FORMULA_COS] = mpfr_cos,         [FORMULA_TAN] = mpfr_tan,     [FORMULA_ASIN] = mpfr_asin,
    [FORMULA_ACOS] = mpfr_acos,       [FORMULA_ATAN] = mpfr_atan,   [FORMULA_SINH] = mpfr_sinh,
    [FORMULA_COSH] = mpfr_cosh,       [FORMULA_TANH] = mpfr_tanh,   [FORMULA_ASINH] = mpfr_asinh,
    [FORMULA_ACOSH] = mpfr_acosh,     [FORMULA_ATANH] = mpfr_atanh, [FORMULA_ERF] = mpfr_erf,
    [FORMULA_ERFC] = mpfr_erfc,       [FORMULA_GAMMA] = mpfr_gamma, [FORMULA_LGAMMA] = lgamma_of,
    [FORMULA_DIGAMMA] = mpfr_digamma, [FORMULA_BESSELJ0] = mpfr_j0, [FORMULA_BESSELJ1] = mpfr_j1,
};

static void apply_several(int operation, int count, mpfr_ptr out, mpfr_srcptr a, mpfr_srcptr b, mpfr_srcptr c)
{
    switch (operation) {
    case FORMULA_ADD:
        mpfr_add(out, a, b, MPFR_RNDN);
        return;
    case FORMULA_SUB:
        mpfr_sub(out, a, b, MPFR_RNDN);
        return;
    case FORMULA_MUL:
        mpfr_mul(out, a, b, MPFR_RNDN);
        return;
    case FORMULA_DIV:
        mpfr_div(out, a, b, MPFR_RNDN);
        return;
    case FORMULA_FLOORDIV:
    case FORMULA_MOD:
        remainder_of(out, a, b, operation == FORMULA_FLOORDIV);
        return;
    case FORMULA_POWER:
    case FORMULA_POW:
        mpfr_pow(out, a, b, MPFR_RNDN);
        return;
    case FORMULA_HYPOT:
        mpfr_hypot(out, a, b, MPFR_RNDN);
        return;
    case FORMULA_ATAN2:
        mpfr_atan2(out, a, b, MPFR_RNDN);
        return;
    case FORMULA_CLAMP:
        choose(out, a, b, true);
        choose(out, out, c, false);
        return;
    case FORMULA_MIN:
    case FORMULA_MAX:
        choose(out, a, b, operation == FORMULA_MAX);
        if (count == 3)
            choose(out, out, c, operation == FORMULA_MAX);
        return;
    default: /* TERNARY, IF */
        mpfr_set(out, is_true(a) ? b : c, MPFR_RNDN);
    }
}

/* out is none of the operands; those that the operation has not are anything. */
static void apply(int operation, int count, mpfr_ptr out, mpfr_srcptr a, mpfr_srcptr b, mpfr_srcptr c)
{
    if (is_far(operation, a))
        mpfr_set_nan(out);
    else if (functions[operation] != NULL)
        (void)functions[operation](out, a, MPFR_RNDN);
    else if (operation == FORMULA_SIGN)
        sign_of(out, a);
    else if (operation == FORMULA_SIGMOID)
        sum_to_sigmoid(out, a);
    else if (operation == FORMULA_SOFTPLUS)
        softplus(out, a);
    else if (operation == FORMULA_SINC)
        sinc(out, a);
    else if (!apply_logic(operation, out, a, b))
        apply_several(operation, count, out, a, b, c);
}

static bool is_select(int operation)
{
    return operation == FORMULA_TERNARY || operation == FORMULA_IF;
}

static bool is_discrete(int operation)
{
    return (operation >= FORMULA_OR && operation <= FORMULA_NE) || operation == FORMULA_NOT ||
           operation == FORMULA_SIGN || operation == FORMULA_STEP || operation == FORMULA_FLOOR ||
           operation == FORMULA_CEIL || operation == FORMULA_ROUND;
}

static bool is_choice(int operation)
{
    return operation == FORMULA_MIN || operation == FORMULA_MAX || operation == FORMULA_CLAMP ||
           operation == FORMULA_ABS;
}

/* What rounding may do to a value, in absolute terms. The units in the last place are those that docs/formulas.md
 * promises of each function; near the zeros of lgamma and digamma, and for the Bessel functions, the error is
 * absolute. */
static double rounding_of(int operation, double v)
{
    double size = fabs(v) * unit;
    switch (operation) {
    case FORMULA_NEG:
    case FORMULA_ABS:
    case FORMULA_MIN:
    case FORMULA_MAX:
    case FORMULA_CLAMP:
        return 0;
    case FORMULA_ADD:
    case FORMULA_SUB:
    case FORMULA_MUL:
    case FORMULA_DIV:
    case FORMULA_SQRT:
    case FORMULA_MOD:
        return 0.5 * size;
    case FORMULA_GAMMA:
        return 8 * size;
    case FORMULA_LGAMMA:
    case FORMULA_DIGAMMA:
        return 8 * size + 8 * unit;
    case FORMULA_BESSELJ0:
    case FORMULA_BESSELJ1:
        return 5e-16;
    default:
        return 4 * size;
    }
}

/* And to the slope by an operand, which a derivative's rule computes from a few such values. */
static double slope_rounding_of(int operation, double a, double v, double slope)
{
    double size = 16 * unit * fabs(slope);
    switch (operation) {
    case FORMULA_NEG:
    case FORMULA_ADD:
    case FORMULA_SUB:
        return 0;
    case FORMULA_ERF:
    case FORMULA_ERFC: /* exp(-a a) */
        return size + 4 * unit * a * a * fabs(slope);
    case FORMULA_GAMMA:
        return size + 16 * unit * fabs(v);
    case FORMULA_LGAMMA:
    case FORMULA_DIGAMMA:
        return size + 16 * unit;
    case FORMULA_BESSELJ0:
    case FORMULA_BESSELJ1:
        return size + 3e-15;
    case FORMULA_SINC:
        return size + 4e-15 * (1 + 1 / fabs(a));
    default:
        return size;
    }
}

static bool is_ordinary(double v)
{
    return v == 0 || (fabs(v) > 1e-100 && fabs(v) < 1e100);
}

/* The largest change of the operation's value when operand k moves by +-by; result in double. */
static double effect(trial *t, const formula_node *n, const mpfr_srcptr *args, mpfr_srcptr v, int k, double by)
{
    if (by == 0)
        return 0;
    double most = 0;
    for (int side = 0; side < 2; side++) {
        mpfr_add_d(t->t[3], args[k], side ? -by : by, MPFR_RNDN);
        apply(n->index, n->count, t->t[4], k == 0 ? t->t[3] : args[0], k == 1 ? t->t[3] : args[1],
              k == 2 ? t->t[3] : args[2]);
        mpfr_sub(t->t[4], t->t[4], v, MPFR_RNDN);
        double moved = fabs(mpfr_get_d(t->t[4], MPFR_RNDN));
        if (!(moved <= most))
            most = moved; /* also NaN */
    }
    return most;
}

/* The step by which an operand is moved to see a slope. */
static double step_of(mpfr_srcptr operand)
{
    double size = fabs(mpfr_get_d(operand, MPFR_RNDN));
    return ldexp(size > 0x1p-20 ? size : 0x1p-20, -60);
}

/* The slope by operand k where operand j is moved by `by`. */
static double slope_at(trial *t, const formula_node *n, const mpfr_srcptr *args, int k, int j, double by)
{
    double h = step_of(args[k]);
    mpfr_srcptr moved[3] = {args[0], args[1], args[2]};
    if (j >= 0) {
        mpfr_add_d(t->t[0], args[j], by, MPFR_RNDN);
        moved[j] = t->t[0];
    }
    mpfr_add_d(t->t[1], moved[k], h, MPFR_RNDN);
    mpfr_sub_d(t->t[2], moved[k], h, MPFR_RNDN);
    moved[k] = t->t[1];
    apply(n->index, n->count, t->t[4], moved[0], moved[1], moved[2]);
    moved[k] = t->t[2];
    apply(n->index, n->count, t->t[5], moved[0], moved[1], moved[2]);
    mpfr_sub(t->t[4], t->t[4], t->t[5], MPFR_RNDN);
    mpfr_div_d(t->t[4], t->t[4], 2 * h, MPFR_RNDN);
    return mpfr_get_d(t->t[4], MPFR_RNDN);
}

static bool is_exact(mpfr_srcptr v)
{
    return mpfr_number_p(v) && mpfr_cmp_d(v, mpfr_get_d(v, MPFR_RNDN)) == 0;
}

/* Whether errors may turn what a discrete operation decides. */
static bool may_turn(trial *t, const formula_node *n, const mpfr_srcptr *args, const cell *self, cell *const *operands)
{
    if (n->index >= FORMULA_LT && n->index <= FORMULA_NE) {
        mpfr_sub(t->t[4], args[0], args[1], MPFR_RNDN);
        double by = operands[0]->error + operands[1]->error;
        return by > 0 && fabs(mpfr_get_d(t->t[4], MPFR_RNDN)) <= by;
    }
    if (effect(t, n, args, self->v, 0, operands[0]->error) != 0)
        return true;
    return n->count == 2 && effect(t, n, args, self->v, 1, operands[1]->error) != 0;
}

/* The same for the quotient within mod and floor division. */
static bool quotient_may_turn(trial *t, const mpfr_srcptr *args, cell *const *operands)
{
    mpfr_div(t->t[4], args[0], args[1], MPFR_RNDN);
    double q = fabs(mpfr_get_d(t->t[4], MPFR_RNDN));
    bool exact = operands[0]->error == 0 && operands[1]->error == 0 && is_exact(t->t[4]);
    if (exact || !(q < 0x1p60))
        return !exact;
    double a = fabs(mpfr_get_d(args[0], MPFR_RNDN)), b = fabs(mpfr_get_d(args[1], MPFR_RNDN));
    double error = q * (unit + 2 * operands[1]->error / b + (a > 0 ? operands[0]->error / a : 0)) +
                   (a > 0 ? 0 : operands[0]->error / b);
    mpfr_floor(t->t[5], t->t[4]);
    mpfr_sub(t->t[5], t->t[4], t->t[5], MPFR_RNDN);
    double part = mpfr_get_d(t->t[5], MPFR_RNDN);
    return !(part > error && 1 - part > error);
}

/* The same for what min, max, clamp and abs choose; counts exact ties. */
static bool choice_may_turn(trial *t, const formula_node *n, const mpfr_srcptr *args, cell *const *operands, int *ties)
{
    bool turns = false;
    if (n->index == FORMULA_ABS) {
        double size = fabs(mpfr_get_d(args[0], MPFR_RNDN));
        *ties += size == 0 && operands[0]->error == 0;
        return size <= operands[0]->error && operands[0]->error > 0;
    }
    for (int i = 0; i < n->count; i++) {
        for (int j = 0; j < i; j++) {
            mpfr_sub(t->t[4], args[i], args[j], MPFR_RNDN);
            double distance = fabs(mpfr_get_d(t->t[4], MPFR_RNDN)), error = operands[i]->error + operands[j]->error;
            *ties += distance == 0 && error == 0;
            turns |= distance <= error && error > 0;
        }
    }
    return turns;
}

static void find_error(trial *t, const formula_node *n, const mpfr_srcptr *args, cell *self, cell *const *operands)
{
    double v = mpfr_get_d(self->v, MPFR_RNDN), error = 0;
    bool exact = is_exact(self->v) && (rounding_of(n->index, 1) <= 0.5 * unit || n->index == FORMULA_FLOORDIV);
    self->error = 0;
    if (is_discrete(n->index)) {
        self->cliff |= may_turn(t, n, args, self, operands);
        return;
    }
    if (n->index == FORMULA_MOD || n->index == FORMULA_FLOORDIV) {
        self->cliff |= quotient_may_turn(t, args, operands);
        if (n->index == FORMULA_FLOORDIV)
            return;
    }
    if (is_choice(n->index))
        self->kink |= choice_may_turn(t, n, args, operands, &self->ties);
    for (int k = 0; k < n->count; k++) {
        exact &= operands[k]->error == 0;
        error += effect(t, n, args, self->v, k, operands[k]->error);
    }
    self->error = exact ? 0 : error + rounding_of(n->index, v);
}

static void find_slopes(trial *t, const formula_node *n, const mpfr_srcptr *args, cell *self, cell *const *operands)
{
    double v = mpfr_get_d(self->v, MPFR_RNDN), a = mpfr_get_d(args[0], MPFR_RNDN);
    for (int k = 0; k < n->count; k++) {
        self->slope[k] = self->slope_error[k] = 0;
        if (t->f.nodes[n->operands[k]].parameters == 0 || is_discrete(n->index))
            continue;
        self->slope[k] = slope_at(t, n, args, k, -1, 0);
        self->slope_error[k] =
            slope_rounding_of(n->index, a, v, self->slope[k]) + ldexp(fabs(v), 2 - BITS) / step_of(args[k]);
        for (int j = 0; j < n->count; j++)
            if (operands[j]->error != 0)
                self->slope_error[k] += fabs(slope_at(t, n, args, k, j, operands[j]->error) - self->slope[k]);
        self->beyond |= !is_ordinary(self->slope[k]);
    }
}

/* A condition chooses a branch, and only that one counts. */
static void settle_select(cell *self, cell *const *operands)
{
    bool yes = is_true(operands[0]->v);
    const cell *taken = operands[yes ? 1 : 2], *condition = operands[0];
    mpfr_set(self->v, taken->v, MPFR_RNDN);
    self->error = taken->error;
    self->slope[0] = self->slope[1] = self->slope[2] = 0;
    self->slope_error[0] = self->slope_error[1] = self->slope_error[2] = 0;
    self->slope[yes ? 1 : 2] = 1;
    self->beyond = taken->beyond || condition->beyond;
    self->kink = taken->kink;
    self->ties = taken->ties;
    self->cliff = taken->cliff || condition->cliff ||
                  (condition->error > 0 && fabs(mpfr_get_d(condition->v, MPFR_RNDN)) <= condition->error);
}

static void settle_operation(trial *t, int at, int row)
{
    const formula_node *n = &t->f.nodes[at];
    cell *self = &t->cells[row][at], *operands[3] = {self, self, self};
    for (int k = 0; k < n->count; k++)
        operands[k] = &t->cells[row][n->operands[k]];
    if (is_select(n->index)) {
        settle_select(self, operands);
        return;
    }
    mpfr_srcptr args[3];
    for (int k = 0; k < 3; k++)
        args[k] = operands[k < n->count ? k : 0]->v;
    for (int k = 0; k < n->count; k++) {
        self->beyond |= operands[k]->beyond || is_far(n->index, args[k]);
        self->cliff |= operands[k]->cliff;
        self->kink |= operands[k]->kink;
        self->ties += operands[k]->ties;
    }
    apply(n->index, n->count, self->v, args[0], args[1], args[2]);
    double v = mpfr_get_d(self->v, MPFR_RNDN);
    self->beyond |= !is_ordinary(v) || (v == 0 && !mpfr_zero_p(self->v));
    if (self->beyond || self->cliff)
        return;
    find_error(t, n, args, self, operands);
    find_slopes(t, n, args, self, operands);
}

static void settle(trial *t, int at, int row)
{
    const formula_node *n = &t->f.nodes[at];
    cell *self = &t->cells[row][at];
    self->error = 0;
    self->beyond = self->cliff = self->kink = false;
    self->ties = 0;
    self->live = n->kind == FORMULA_PARAMETER;
    if (n->kind == FORMULA_NUMBER)
        mpfr_set_d(self->v, formula_number(n->index), MPFR_RNDN);
    else if (n->kind == FORMULA_PARAMETER)
        mpfr_set_d(self->v, t->parameters[n->index], MPFR_RNDN);
    else if (n->kind == FORMULA_COLUMN)
        mpfr_set_d(self->v, t->columns[n->index][row], MPFR_RNDN);
    else
        settle_operation(t, at, row);
    for (int k = 0; n->kind == FORMULA_OPERATION && k < n->count; k++)
        self->live |= t->cells[row][n->operands[k]].live && self->slope[k] != 0;
}

static bool is_good(const cell *c)
{
    double v = mpfr_get_d(c->v, MPFR_RNDN);
    if (c->beyond || c->cliff || c->kink || c->ties > 0 || !(v == 0 || (fabs(v) > 1e-4 && fabs(v) < 1e4)))
        return false;
    for (int k = 0; k < 3; k++)
        if (!(fabs(c->slope[k]) < 1e5))
            return false;
    return c->error <= 1e-10 * fabs(v);
}

/* Settles the new operation and the leaves below it. What no parameter moves any more is seldom good. */
static bool accept(void *user, const formula *f, int node)
{
    trial *t = user;
    bool good = true, dies = false;
    for (int row = 0; row < ROWS; row++) {
        for (int k = 0; k < f->nodes[node].count; k++)
            if (f->nodes[f->nodes[node].operands[k]].kind != FORMULA_OPERATION)
                settle(t, f->nodes[node].operands[k], row);
        memset(t->cells[row][node].slope, 0, sizeof t->cells[row][node].slope);
        settle(t, node, row);
        good = good && is_good(&t->cells[row][node]);
        for (int k = 0; k < f->nodes[node].count; k++)
            dies |= t->cells[row][f->nodes[node].operands[k]].live && !t->cells[row][node].live;
    }
    if (dies && ++t->asked % 4 != 0)
        return false;
    return good || ++t->asked % (WILD * 4) == 0;
}

/* The formula's value where one parameter is moved, into `out`; false where that turns a comparison. */
static bool value_moved(trial *t, int row, int parameter, double by, mpfr_ptr out)
{
    bool same = true;
    for (int at = 0; at <= t->f.root; at++) {
        const formula_node *n = &t->f.nodes[at];
        if ((n->parameters & 1U << parameter) == 0)
            continue;
        if (n->kind == FORMULA_PARAMETER) {
            mpfr_add_d(t->moved[at], t->cells[row][at].v, by, MPFR_RNDN);
            continue;
        }
        mpfr_srcptr args[3];
        for (int k = 0; k < 3; k++) {
            int operand = n->operands[k < n->count ? k : 0];
            bool moves = (t->f.nodes[operand].parameters & 1U << parameter) != 0;
            args[k] = moves ? t->moved[operand] : t->cells[row][operand].v;
        }
        apply(n->index, n->count, t->moved[at], args[0], args[1], args[2]);
        if (is_select(n->index))
            same &= is_true(args[0]) == is_true(t->cells[row][n->operands[0]].v);
        if (is_discrete(n->index))
            same &= mpfr_equal_p(t->moved[at], t->cells[row][at].v) != 0;
    }
    bool moves = (t->f.nodes[t->f.root].parameters & 1U << parameter) != 0;
    mpfr_set(out, moves ? t->moved[t->f.root] : t->cells[row][t->f.root].v, MPFR_RNDN);
    return same;
}

/* The power of two next to a parameter, by which its steps are measured. */
static double parameter_size(const trial *t, int parameter)
{
    double at = fabs(t->parameters[parameter]);
    return ldexp(1, ilogb(at > 0x1p-10 ? at : 0x1p-10));
}

/* The central difference with a step of about 2^exponent of the parameter, into `out`; false where the value jumps or
 * goes another way. */
static bool difference(trial *t, int row, int parameter, int exponent, double size, mpfr_ptr out)
{
    double h = ldexp(parameter_size(t, parameter), exponent);
    bool above = value_moved(t, row, parameter, h, t->t[0]), below = value_moved(t, row, parameter, -h, t->t[1]);
    mpfr_sub(out, t->t[0], t->t[1], MPFR_RNDN);
    mpfr_div_d(out, out, 2 * h, MPFR_RNDN);
    mpfr_sub(t->t[0], t->t[0], t->cells[row][t->f.root].v, MPFR_RNDN);
    return above && below && fabs(mpfr_get_d(t->t[0], MPFR_RNDN)) <= 2 * h * size;
}

/* How large the terms of the derivative are, and how far double precision may be from it, in either mode, and the
 * difference from it, whose digits may be lost in a large value. */
static void find_bound(const trial *t, int row, int parameter, double *size, double *error)
{
    static double sizes[FORMULA_NODES_MAX], errors[FORMULA_NODES_MAX];
    for (int at = 0; at <= t->f.root; at++) {
        const formula_node *n = &t->f.nodes[at];
        const cell *c = &t->cells[row][at];
        sizes[at] = n->kind == FORMULA_PARAMETER && n->index == parameter;
        errors[at] = 0;
        if (n->kind != FORMULA_OPERATION || (n->parameters & 1U << parameter) == 0)
            continue;
        for (int k = 0; k < n->count; k++) {
            double below = sizes[n->operands[k]], slope = fabs(c->slope[k]);
            if (below == 0 && errors[n->operands[k]] == 0)
                continue; /* an infinite slope may stand there */
            sizes[at] += slope * below;
            errors[at] += slope * errors[n->operands[k]] + below * (c->slope_error[k] + 4 * unit * slope);
        }
        if (sizes[at] > 0)
            errors[at] += ldexp(fabs(mpfr_get_d(c->v, MPFR_RNDN)), 64 - BITS) / parameter_size(t, parameter);
    }
    *size = sizes[t->f.root];
    *error = errors[t->f.root];
}

/* So that a failure can be repeated by hand. */
static void print_point(const trial *t, int row)
{
    for (int p = 0; p < FORMULA_PARAMETERS; p++)
        print_error("%s=%.17g ", formula_parameter_names[p], t->parameters[p]);
    for (int c = 0; c < FORMULA_COLUMNS; c++)
        print_error("%s=%.17g ", formula_column_names[c], t->columns[c][row]);
    print_error("\n");
}

static void check_derivative(trial *t, int row, int parameter, double got, counts *n)
{
    double size, error;
    find_bound(t, row, parameter, &size, &error);
    bool smooth = difference(t, row, parameter, -60, size, t->t[2]);
    smooth &= difference(t, row, parameter, -54, size, t->t[6]);
    mpfr_sub(t->t[6], t->t[6], t->t[2], MPFR_RNDN);
    double expected = mpfr_get_d(t->t[2], MPFR_RNDN), unsettled = fabs(mpfr_get_d(t->t[6], MPFR_RNDN));
    if (!(error <= 1e-7 * size)) {
        n->weak++;
        return;
    }
    if (!smooth || !(unsettled <= 0.1 * error + 1e-25 * size)) {
        n->unsettled++;
        return;
    }
    n->compared++;
    n->zero += size == 0;
    if (fabs(got - expected) <= 2 * error + 1e-25 * size)
        return;
    print_point(t, row);
    fail_msg("%s: by %s at row %d: %.17g is not %.17g (error %.3g, bound %.3g, of %.3g)", t->f.text,
             formula_parameter_names[parameter], row, got, expected, fabs(got - expected), error, size);
}

/* Whether the value agrees, and the point is one for derivatives. */
static bool check_value(trial *t, int row, double got, counts *n)
{
    const cell *c = &t->cells[row][t->f.root];
    double expected = mpfr_get_d(c->v, MPFR_RNDN);
    if (c->cliff) {
        n->cliff++;
        return false;
    }
    if (c->beyond) {
        n->beyond++;
        return false;
    }
    if (!(c->error <= 1e-7 * fabs(expected)) && c->error > 1e-13) {
        n->weak++;
        return false;
    }
    n->compared++;
    if (fabs(got - expected) <= 2 * c->error)
        return true;
    print_point(t, row);
    fail_msg("%s: at row %d: %.17g is not %.17g (bound %.3g)", t->f.text, row, got, expected, c->error);
    return false;
}

static void check_formula(trial *t, counts *values, counts *derivatives)
{
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = formula_column_names;
    options.column_count = FORMULA_COLUMNS;
    qn_error err;
    qn_model *model;
    qn_model_workspace *workspace;
    qn_status status = qn_model_new(&model, t->f.text, t->f.size, &options, &err);
    if (status != QN_OK)
        print_error("%s\n", t->f.text);
    assert_ok(status, &err);
    assert_ok(qn_model_workspace_new(&workspace, model, NULL, &err), &err);
    const double *columns[FORMULA_COLUMNS] = {NULL};
    double parameters[FORMULA_PARAMETERS] = {0}, value[ROWS], jacobian[FORMULA_PARAMETERS * ROWS];
    for (int c = 0; c < FORMULA_COLUMNS; c++)
        for (int64_t m = 0; m < qn_model_column_count(model); m++)
            if (strcmp(qn_model_column_name(model, m), formula_column_names[c]) == 0)
                columns[m] = t->columns[c];
    int64_t index[FORMULA_PARAMETERS];
    for (int p = 0; p < FORMULA_PARAMETERS; p++) {
        index[p] = qn_model_parameter_find(model, formula_parameter_names[p]);
        if (index[p] >= 0)
            parameters[index[p]] = t->parameters[p];
    }
    qn_model_eval(model, workspace, columns, 0, ROWS, parameters, value, jacobian, ROWS);
    for (int row = 0; row < ROWS; row++) {
        const cell *root = &t->cells[row][t->f.root];
        if (!check_value(t, row, value[row], values))
            continue;
        for (int p = 0; p < FORMULA_PARAMETERS; p++) {
            if (index[p] < 0)
                continue;
            if (root->kink || root->ties > 1)
                derivatives->kink++;
            else
                check_derivative(t, row, p, jacobian[index[p] * ROWS + row], derivatives);
        }
    }
    qn_model_workspace_free(workspace);
    qn_model_unref(model);
}

static trial *new_trial(void)
{
    trial *t = calloc(1, sizeof *t);
    assert_non_null(t);
    for (int at = 0; at < FORMULA_NODES_MAX; at++) {
        mpfr_init2(t->moved[at], BITS);
        for (int row = 0; row < ROWS; row++)
            mpfr_init2(t->cells[row][at].v, BITS);
    }
    for (int k = 0; k < 8; k++)
        mpfr_init2(t->t[k], BITS);
    return t;
}

static void free_trial(trial *t)
{
    for (int at = 0; at < FORMULA_NODES_MAX; at++) {
        mpfr_clear(t->moved[at]);
        for (int row = 0; row < ROWS; row++)
            mpfr_clear(t->cells[row][at].v);
    }
    for (int k = 0; k < 8; k++)
        mpfr_clear(t->t[k]);
    free(t);
    mpfr_free_cache();
}

static double share_skipped(const char *what, const counts *n)
{
    int64_t skipped = n->beyond + n->cliff + n->kink + n->weak + n->unsettled;
    print_message("%lld %s compared (%lld of them cannot but be 0), %lld skipped: %lld beyond the range, %lld near a "
                  "cliff, %lld near a kink, %lld "
                  "ill-conditioned, %lld where differences disagree\n",
                  (long long)n->compared, what, (long long)n->zero, (long long)skipped, (long long)n->beyond,
                  (long long)n->cliff, (long long)n->kink, (long long)n->weak, (long long)n->unsettled);
    return (double)skipped / (double)(n->compared + skipped);
}

static void values_and_derivatives_agree_with_mpfr(void **state)
{
    (void)state;
    uint64_t seed = test_seed(20240901);
    mpfr_set_emin(-4000); /* or a sine of something huge would need all its digits */
    mpfr_set_emax(4000);
    trial *t = new_trial();
    counts values = {0}, derivatives = {0};
    int64_t rounds = test_effort(1000, 100000);
    for (int64_t round = 0; round < rounds; round++) {
        for (int p = 0; p < FORMULA_PARAMETERS; p++)
            t->parameters[p] = formula_random_number(&seed);
        for (int c = 0; c < FORMULA_COLUMNS; c++)
            for (int row = 0; row < ROWS; row++)
                t->columns[c][row] = formula_random_number(&seed);
        formula_grow(&t->f, &seed, 2 + (int)(round % 5), accept, t);
        for (int row = 0; row < ROWS; row++)
            for (int at = 0; at < t->f.count; at++)
                settle(t, at, row);
        check_formula(t, &values, &derivatives);
    }
    assert_true(share_skipped("values", &values) < 0.2);
    assert_true(share_skipped("derivatives", &derivatives) < 0.2);
    assert_true(values.compared > rounds && derivatives.compared > rounds);
    free_trial(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_derivatives_agree_with_mpfr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
