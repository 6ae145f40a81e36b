/* lang/ops_int.h: the table of operations. Everything that must be known of one stands in its row: names, folding,
 * kernels and derivatives are generated from it, so that a new operation is a new row.
 *
 * X(NAME, arity, KIND, "text", value, da, db, dc)
 *   KIND   OPERATOR: written with a sign; FUNCTION: called by its text; INTERNAL: only derivatives use it
 *   value  the scalar definition over a, b, c (kernels.c)
 *   da…dc  the adjoint that the operand a, b, c receives (grad.c), from the operation's own, g, and its value, self;
 *          NONE: there is no such operand, or the operation is never differentiated
 *
 * A zero factor wins: ZMUL and ZDIV are multiplication and division in which 0 times or over anything is 0. Adjoints
 * use them, so that a derivative that does not reach a parameter is 0 even where the way there is infinite (t = 0 in
 * (t/tau)^0.5; 1/(1 + exp(1000))). */
#ifndef QNI_LANG_OPS_INT_H
#define QNI_LANG_OPS_INT_H

#include <stdint.h>

/* clang-format off */
#define QNI_OP_LIST(X)                                                                                                \
    X(NEG,    1, OPERATOR, "-",      -a,                     NEG(g), NONE, NONE)                                      \
    X(ADD,    2, OPERATOR, "+",      a + b,                  g, g, NONE)                                              \
    X(SUB,    2, OPERATOR, "-",      a - b,                  g, NEG(g), NONE)                                         \
    X(MUL,    2, OPERATOR, "*",      a * b,                  ZMUL(g, b), ZMUL(g, a), NONE)                            \
    X(DIV,    2, OPERATOR, "/",      a / b,                  ZDIV(g, b), NEG(ZMUL(ZDIV(g, b), self)), NONE)           \
    X(POW,    2, FUNCTION, "pow",    pow(a, b),                                                                       \
              ZMUL(g, POW_DX(a, b, self)), ZMUL(g, POW_DA(self, LOG(a))), NONE)                                       \
    X(ABS,    1, FUNCTION, "abs",    fabs(a),                ZMUL(g, SIGN(a)), NONE, NONE)                            \
    X(ATAN,   1, FUNCTION, "atan",   atan(a),                ZDIV(g, ADD(ONE, MUL(a, a))), NONE, NONE)                \
    X(COS,    1, FUNCTION, "cos",    cos(a),                 NEG(ZMUL(g, SIN(a))), NONE, NONE)                        \
    X(EXP,    1, FUNCTION, "exp",    exp(a),                 ZMUL(g, self), NONE, NONE)                               \
    X(LOG,    1, FUNCTION, "log",    log(a),                 ZDIV(g, a), NONE, NONE)                                  \
    X(SIN,    1, FUNCTION, "sin",    sin(a),                 ZMUL(g, COS(a)), NONE, NONE)                             \
    X(SQRT,   1, FUNCTION, "sqrt",   sqrt(a),                ZDIV(MUL(HALF, g), self), NONE, NONE)                    \
    X(TAN,    1, FUNCTION, "tan",    tan(a),                 ZMUL(g, ADD(ONE, MUL(self, self))), NONE, NONE)          \
    X(ZMUL,   2, INTERNAL, "zmul",   zero_mul(a, b),         NONE, NONE, NONE)                                        \
    X(ZDIV,   2, INTERNAL, "zdiv",   zero_div(a, b),         NONE, NONE, NONE)                                        \
    X(SIGN,   1, INTERNAL, "sign",   sign_of(a),             NONE, NONE, NONE)                                        \
    X(POW_DX, 3, INTERNAL, "pow_dx", pow_by_base(a, b, c),   NONE, NONE, NONE)                                        \
    X(POW_DA, 2, INTERNAL, "pow_da", pow_by_exponent(a, b),  NONE, NONE, NONE)
/* clang-format on */

typedef enum qni_op {
    QNI_OP_CONST, /* a number */
    QNI_OP_PARAMETER,
    QNI_OP_COLUMN,
#define QNI_OP_ENUMERATOR(NAME, ...) QNI_OP_##NAME,
    QNI_OP_LIST(QNI_OP_ENUMERATOR)
#undef QNI_OP_ENUMERATOR
    QNI_OP_COUNT
} qni_op;

typedef enum qni_op_kind {
    QNI_OP_LEAF,
    QNI_OP_OPERATOR,
    QNI_OP_FUNCTION,
    QNI_OP_INTERNAL
} qni_op_kind;

typedef struct qni_op_info {
    const char *text;
    int arity;
    qni_op_kind kind;
} qni_op_info;

extern const qni_op_info qni_op_infos[QNI_OP_COUNT];

/* Computes n elements of an operation. Where the kernel's form says so, an operand is one double that all elements
 * share. The operands may be the same; the destination overlaps none. The result of an element depends on its operands
 * alone, never on n. */
typedef void qni_kernel(double *restrict d, const double *a, const double *b, const double *c, int64_t n);

/* Which operand is shared. Operations of one or three operands have QNI_FORM_ALL only. */
typedef enum qni_form {
    QNI_FORM_ALL,      /* none */
    QNI_FORM_B_SHARED, /* a of two operands */
    QNI_FORM_A_SHARED,
    QNI_FORM_COUNT
} qni_form;

extern qni_kernel *const qni_kernels[QNI_OP_COUNT][QNI_FORM_COUNT];
qni_kernel qni_kernel_copy; /* d = a */
qni_kernel qni_kernel_fill; /* d = a[0] everywhere */

/* The operation on single numbers. */
double qni_op_value(qni_op op, double a, double b, double c);

#endif
