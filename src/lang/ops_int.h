/* lang/ops_int.h: the table of operations. Everything that must be known of one stands in its row: names, kernels,
 * folding and derivatives are generated from it, so that a new operation is a new row.
 *
 * X(NAME, arity, KIND, "text", value, da, db, dc)
 *   KIND   OPERATOR: written with a sign; FUNCTION: called by its text; INTERNAL: without a spelling, for rewrites and
 *          derivatives; FUSED: only bytecode has it, in place of two operations, with the same bits; CHECKED: one of
 *          the two last, with a quick way that a NaN betrays (kernels.inc)
 *   value  over the vectors a, b, c (math/simd.h)
 *   da…dc  the adjoint that the operand a, b, c receives, from the operation's own, g, and its value, self, in the
 *          vocabulary of rules.c; NONE: there is no such operand, its derivative is 0, or nothing asks for it
 *
 * A zero factor wins: ZMUL and ZDIV are multiplication and division in which 0 times or over anything is 0, and so is
 * anything over infinity. Adjoints use them, so that a derivative that does not reach a parameter is 0 even where the
 * way there is infinite (t = 0 in (t/tau)^0.5; 1/(1 + exp(1000)); atan(exp(1000))). At a kink the derivative is the
 * mean of both sides: 0 for abs(x) at 0, half for each of two equal operands of min and max. Steps have none.
 *
 * D(NAME, arity, "text", definition): a function that is composed of others, over the nodes a, b, c; in the tree
 * only. */
#ifndef QNI_LANG_OPS_INT_H
#define QNI_LANG_OPS_INT_H

#include <stdint.h>

#include <quern/base.h>

/* clang-format off */
#define QNI_OP_LIST(X)                                                                                                \
    X(NEG,            1, OPERATOR, "-", v_neg(a), NEG(g), NONE, NONE)                                                 \
    X(ADD,            2, OPERATOR, "+", v_add(a, b), g, g, NONE)                                                      \
    X(SUB,            2, OPERATOR, "-", v_sub(a, b), g, NEG(g), NONE)                                                 \
    X(MUL,            2, OPERATOR, "*", v_mul(a, b), ZMUL(g, b), ZMUL(g, a), NONE)                                    \
    X(DIV,            2, OPERATOR, "/", v_div(a, b), QUOTIENT(g, b), NEG(ZMUL(QUOTIENT(g, b), self)), NONE)           \
    X(FLOORDIV,       2, OPERATOR, "//", v_floordiv(a, b), NONE, NONE, NONE)                                          \
    X(POW,            2, FUNCTION, "pow", v_pow(a, b),                                                                \
                      ZMUL(g, POW_DX(a, b, self)), ZMUL(g, POW_DA(self, LOG(a))), NONE)                               \
    X(LT,             2, OPERATOR, "<", v_truth(v_lt(a, b)), NONE, NONE, NONE)                                        \
    X(LE,             2, OPERATOR, "<=", v_truth(v_le(a, b)), NONE, NONE, NONE)                                       \
    X(GT,             2, OPERATOR, ">", v_truth(v_gt(a, b)), NONE, NONE, NONE)                                        \
    X(GE,             2, OPERATOR, ">=", v_truth(v_ge(a, b)), NONE, NONE, NONE)                                       \
    X(EQ,             2, OPERATOR, "==", v_truth(v_eq(a, b)), NONE, NONE, NONE)                                       \
    X(NE,             2, OPERATOR, "!=", v_truth(v_ne(a, b)), NONE, NONE, NONE)                                       \
    X(AND,            2, OPERATOR, "&&", v_truth(m_and(v_true(a), v_true(b))), NONE, NONE, NONE)                      \
    X(OR,             2, OPERATOR, "||", v_truth(m_or(v_true(a), v_true(b))), NONE, NONE, NONE)                       \
    X(NOT,            1, OPERATOR, "!", v_truth(v_eq(a, v_set(0))), NONE, NONE, NONE)                                 \
    X(SELECT,         3, FUNCTION, "if", v_select(v_true(a), b, c), NONE, SELECT(a, g, ZERO), SELECT(a, ZERO, g))     \
    X(ABS,            1, FUNCTION, "abs", v_abs(a), ZMUL(g, SIGN(a)), NONE, NONE)                                     \
    X(SIGN,           1, FUNCTION, "sign", v_sign(a), NONE, NONE, NONE)                                               \
    X(MIN,            2, FUNCTION, "min", v_minimum(a, b), ZMUL(g, ABOVE(b, a)), ZMUL(g, ABOVE(a, b)), NONE)          \
    X(MAX,            2, FUNCTION, "max", v_maximum(a, b), ZMUL(g, ABOVE(a, b)), ZMUL(g, ABOVE(b, a)), NONE)          \
    X(FLOOR,          1, FUNCTION, "floor", v_floor(a), NONE, NONE, NONE)                                             \
    X(CEIL,           1, FUNCTION, "ceil", v_ceil(a), NONE, NONE, NONE)                                               \
    X(ROUND,          1, FUNCTION, "round", v_round(a), NONE, NONE, NONE)                                             \
    X(MOD,            2, FUNCTION, "mod", v_mod(a, b), g, NEG(ZMUL(g, FLOORDIV(a, b))), NONE)                         \
    X(SQRT,           1, FUNCTION, "sqrt", v_sqrt(a), ZDIV(MUL(HALF, g), self), NONE, NONE)                           \
    X(CBRT,           1, FUNCTION, "cbrt", v_cbrt(a), ZDIV(g, MUL(NUMBER(3), MUL(self, self))), NONE, NONE)           \
    X(HYPOT,          2, FUNCTION, "hypot", v_hypot(a, b), ZMUL(g, ZDIV(a, self)), ZMUL(g, ZDIV(b, self)), NONE)      \
    X(EXP,            1, FUNCTION, "exp", v_exp(a), ZMUL(g, self), NONE, NONE)                                        \
    X(EXP2,           1, FUNCTION, "exp2", v_exp2(a), ZMUL(g, MUL(NUMBER(LN_2), self)), NONE, NONE)                   \
    X(EXPM1,          1, FUNCTION, "expm1", v_expm1(a), ZMUL(g, EXP(a)), NONE, NONE)                                  \
    X(LOG,            1, FUNCTION, "log", v_log(a), ZDIV(g, a), NONE, NONE)                                           \
    X(LOG2,           1, FUNCTION, "log2", v_log2(a), ZDIV(g, MUL(NUMBER(LN_2), a)), NONE, NONE)                      \
    X(LOG10,          1, FUNCTION, "log10", v_log10(a), ZDIV(g, MUL(NUMBER(LN_10), a)), NONE, NONE)                   \
    X(LOG1P,          1, FUNCTION, "log1p", v_log1p(a), ZDIV(g, ADD(ONE, a)), NONE, NONE)                             \
    X(SIN,            1, FUNCTION, "sin", v_sin(a), ZMUL(g, COS(a)), NONE, NONE)                                      \
    X(COS,            1, FUNCTION, "cos", v_cos(a), NEG(ZMUL(g, SIN(a))), NONE, NONE)                                 \
    X(TAN,            1, FUNCTION, "tan", v_tan(a), ZMUL(g, ADD(ONE, MUL(self, self))), NONE, NONE)                   \
    X(ASIN,           1, FUNCTION, "asin", v_asin(a), ZDIV(g, SQRT(MUL(SUB(ONE, a), ADD(ONE, a)))), NONE, NONE)       \
    X(ACOS,           1, FUNCTION, "acos", v_acos(a), NEG(ZDIV(g, SQRT(MUL(SUB(ONE, a), ADD(ONE, a))))), NONE, NONE)  \
    X(ATAN,           1, FUNCTION, "atan", v_atan(a), ZDIV(g, ADD(ONE, MUL(a, a))), NONE, NONE)                       \
    X(ATAN2,          2, FUNCTION, "atan2", v_atan2(a, b),                                                            \
                      ZDIV(ZMUL(g, ZDIV(b, HYPOT(a, b))), HYPOT(a, b)),                                               \
                      NEG(ZDIV(ZMUL(g, ZDIV(a, HYPOT(a, b))), HYPOT(a, b))), NONE)                                    \
    X(SINH,           1, FUNCTION, "sinh", v_sinh(a), ZMUL(g, COSH(a)), NONE, NONE)                                   \
    X(COSH,           1, FUNCTION, "cosh", v_cosh(a), ZMUL(g, SINH(a)), NONE, NONE)                                   \
    X(TANH,           1, FUNCTION, "tanh", v_tanh(a), ZDIV(ZDIV(g, COSH(a)), COSH(a)), NONE, NONE)                    \
    X(ASINH,          1, FUNCTION, "asinh", v_asinh(a), ZDIV(g, HYPOT(ONE, a)), NONE, NONE)                           \
    X(ACOSH,          1, FUNCTION, "acosh", v_acosh(a),                                                               \
                      ZDIV(g, MUL(SQRT(SUB(a, ONE)), SQRT(ADD(a, ONE)))), NONE, NONE)                                 \
    X(ATANH,          1, FUNCTION, "atanh", v_atanh(a), ZDIV(g, MUL(SUB(ONE, a), ADD(ONE, a))), NONE, NONE)           \
    X(SIGMOID,        1, FUNCTION, "sigmoid", v_sigmoid(a), ZMUL(g, MUL(self, SIGMOID(NEG(a)))), NONE, NONE)          \
    X(SOFTPLUS,       1, FUNCTION, "softplus", v_softplus(a), ZMUL(g, SIGMOID(a)), NONE, NONE)                        \
    X(ERF,            1, FUNCTION, "erf", v_erf(a),                                                                   \
                      ZMUL(g, MUL(NUMBER(TWO_OVER_SQRT_PI), EXP(NEG(MUL(a, a))))), NONE, NONE)                        \
    X(ERFC,           1, FUNCTION, "erfc", v_erfc(a),                                                                 \
                      NEG(ZMUL(g, MUL(NUMBER(TWO_OVER_SQRT_PI), EXP(NEG(MUL(a, a)))))), NONE, NONE)                   \
    X(GAMMA,          1, FUNCTION, "gamma", v_gamma(a), ZMUL(g, MUL(self, DIGAMMA(a))), NONE, NONE)                   \
    X(LGAMMA,         1, FUNCTION, "lgamma", v_lgamma(a), ZMUL(g, DIGAMMA(a)), NONE, NONE)                            \
    X(DIGAMMA,        1, FUNCTION, "digamma", v_digamma(a), ZMUL(g, TRIGAMMA(a)), NONE, NONE)                         \
    X(SINC,           1, FUNCTION, "sinc", v_sinc(a), ZMUL(g, SINC_D(a)), NONE, NONE)                                 \
    X(BESSELJ0,       1, FUNCTION, "besselj0", v_besselj0(a), NEG(ZMUL(g, BESSELJ1(a))), NONE, NONE)                  \
    X(BESSELJ1,       1, FUNCTION, "besselj1", v_besselj1(a),                                                         \
                      ZMUL(g, SUB(BESSELJ0(a), BESSELJ1_RATIO(a))), NONE, NONE)                                       \
    X(ZMUL,           2, CHECKED,  "zmul", v_zmul(a, b), ZMUL(g, b), ZMUL(g, a), NONE)                                \
    X(ZDIV,           2, CHECKED,  "zdiv", v_zdiv(a, b), QUOTIENT(g, b), NEG(ZMUL(QUOTIENT(g, b), self)), NONE)       \
    X(ABOVE,          2, INTERNAL, "above", v_above(a, b), NONE, NONE, NONE)                                          \
    X(POW4,           1, INTERNAL, "pow4", v_pow4(a), ZMUL(g, MUL(NUMBER(4), MUL(MUL(a, a), a))), NONE, NONE)         \
    X(POW_DX,         3, INTERNAL, "pow_dx", v_pow_dx(a, b, c),                                                       \
                      ZMUL(g, MUL(b, POW_DX(a, SUB(b, ONE), POW(a, SUB(b, ONE))))),                                   \
                      ZMUL(g, ADD(POW(a, SUB(b, ONE)), MUL(b, POW_DA(POW(a, SUB(b, ONE)), LOG(a))))), NONE)           \
    X(POW_DA,         2, INTERNAL, "pow_da", v_pow_da(a, b), ZMUL(g, b), ZMUL(g, a), NONE)                            \
    X(TRIGAMMA,       1, INTERNAL, "trigamma", v_trigamma(a), REFUSE("digamma"), NONE, NONE)                          \
    X(SINC_D,         1, INTERNAL, "sinc_d", v_sinc_d(a), REFUSE("sinc"), NONE, NONE)                                 \
    X(BESSELJ1_RATIO, 1, INTERNAL, "besselj1_ratio", v_besselj1_ratio(a), REFUSE("besselj1"), NONE, NONE)             \
    X(MULADD,         3, FUSED,    "muladd", v_add(v_mul(a, b), c), NONE, NONE, NONE)                                 \
    X(MULSUB,         3, FUSED,    "mulsub", v_sub(v_mul(a, b), c), NONE, NONE, NONE)                                 \
    X(SUBMUL,         3, FUSED,    "submul", v_sub(c, v_mul(a, b)), NONE, NONE, NONE)                                 \
    X(MUL3,           3, FUSED,    "mul3", v_mul(v_mul(a, b), c), NONE, NONE, NONE)                                   \
    X(ZMULADD,        3, CHECKED,  "zmuladd", v_add(v_zmul(a, b), c), NONE, NONE, NONE)                               \
    X(NEGZMUL,        2, CHECKED,  "negzmul", v_neg(v_zmul(a, b)), NONE, NONE, NONE)                                  \
    X(EXPMUL,         2, FUSED,    "expmul", v_exp(v_mul(a, b)), NONE, NONE, NONE)                                    \
    X(ZMUL3,          3, CHECKED,  "zmul3", v_zmul3(a, b, c), NONE, NONE, NONE)

#define QNI_DEFINED_LIST(D)                                                                                           \
    D(CLAMP,          3, "clamp", MIN(MAX(a, b), c))                                                                  \
    D(STEP,           1, "step", GE(a, ZERO))
/* clang-format on */

typedef enum qni_op {
    QNI_OP_CONST, /* a number */
    QNI_OP_PARAMETER,
    QNI_OP_COLUMN,
#define QNI_OP_ENUMERATOR(NAME, ...) QNI_OP_##NAME,
    QNI_OP_LIST(QNI_OP_ENUMERATOR)
    QNI_DEFINED_LIST(QNI_OP_ENUMERATOR)
#undef QNI_OP_ENUMERATOR
        QNI_OP_COUNT
} qni_op;

typedef enum qni_op_kind {
    QNI_OP_LEAF,
    QNI_OP_OPERATOR,
    QNI_OP_FUNCTION,
    QNI_OP_INTERNAL,
    QNI_OP_FUSED,
    QNI_OP_CHECKED,
    QNI_OP_DEFINED
} qni_op_kind;

typedef struct qni_op_info {
    const char *text;
    int arity;
    qni_op_kind kind;
} qni_op_info;

extern const qni_op_info qni_op_infos[QNI_OP_COUNT];

/* Computes n elements of an operation. Where the kernel's form says so, an operand is one double that all elements
 * share. The operands may be the same; the destination overlaps none. The result of an element depends on its operands
 * alone, never on n, and has the same bits at every processor level (of NaNs, only that they are). */
typedef void qni_kernel(double *restrict d, const double *a, const double *b, const double *c, int64_t n);

/* Which operands are shared: bit k for operand k. Never all of them. */
enum {
    QNI_FORM_ALL = 0,
    QNI_FORM_COUNT = 7
};

typedef struct qni_kernels {
    qni_kernel *fill;                                /* d = a[0] everywhere */
    qni_kernel *table[QNI_OP_COUNT][QNI_FORM_COUNT]; /* NULL where there is no such form */
} qni_kernels;

/* Those of a processor level; NULL where this build has none for it. */
const qni_kernels *qni_kernels_of(int level);

qni_kernel qni_kernel_copy; /* d = a */

/* The operation on single numbers. */
double qni_op_value(qni_op op, double a, double b, double c);

#endif
