/* lang/rules.c: the derivative rules and the definitions of the table of operations, as functions that build nodes. Any
 * thread. */
#include "lang/ir_int.h"

#include "base/error.h"

#define NONE      (-1)
#define NUMBER(x) qni_ir_number(ir, (x))
#define ZERO      NUMBER(0)
#define ONE       NUMBER(1)
#define HALF      NUMBER(0.5)

#define LN_2             0.693147180559945309417
#define LN_10            2.30258509299404568402
#define TWO_OVER_SQRT_PI 1.12837916709551257390

#define OP_1(NAME, x)       qni_ir_op(ir, QNI_OP_##NAME, (x), -1, -1)
#define OP_2(NAME, x, y)    qni_ir_op(ir, QNI_OP_##NAME, (x), (y), -1)
#define OP_3(NAME, x, y, z) qni_ir_op(ir, QNI_OP_##NAME, (x), (y), (z))

#define NEG(x)            OP_1(NEG, x)
#define ADD(x, y)         OP_2(ADD, x, y)
#define SUB(x, y)         OP_2(SUB, x, y)
#define MUL(x, y)         OP_2(MUL, x, y)
#define ZMUL(x, y)        OP_2(ZMUL, x, y)
#define ZDIV(x, y)        OP_2(ZDIV, x, y)
#define POW(x, y)         OP_2(POW, x, y)
#define FLOORDIV(x, y)    OP_2(FLOORDIV, x, y)
#define GE(x, y)          OP_2(GE, x, y)
#define SELECT(c, x, y)   OP_3(SELECT, c, x, y)
#define MIN(x, y)         OP_2(MIN, x, y)
#define MAX(x, y)         OP_2(MAX, x, y)
#define ABOVE(x, y)       OP_2(ABOVE, x, y)
#define SIGN(x)           OP_1(SIGN, x)
#define SQRT(x)           OP_1(SQRT, x)
#define HYPOT(x, y)       OP_2(HYPOT, x, y)
#define EXP(x)            OP_1(EXP, x)
#define LOG(x)            OP_1(LOG, x)
#define SIN(x)            OP_1(SIN, x)
#define COS(x)            OP_1(COS, x)
#define SINH(x)           OP_1(SINH, x)
#define COSH(x)           OP_1(COSH, x)
#define SIGMOID(x)        OP_1(SIGMOID, x)
#define DIGAMMA(x)        OP_1(DIGAMMA, x)
#define TRIGAMMA(x)       OP_1(TRIGAMMA, x)
#define SINC_D(x)         OP_1(SINC_D, x)
#define BESSELJ0(x)       OP_1(BESSELJ0, x)
#define BESSELJ1(x)       OP_1(BESSELJ1, x)
#define BESSELJ1_RATIO(x) OP_1(BESSELJ1_RATIO, x)
#define POW_DX(x, y, p)   OP_3(POW_DX, x, y, p)
#define POW_DA(p, l)      OP_2(POW_DA, p, l)

/* x / y, as a product where y does not vary: the inverse is computed once an evaluation. */
static int32_t quotient(qni_ir *ir, int32_t x, int32_t y)
{
    if (ir->status == QN_OK && ir->nodes[x].varying && !ir->nodes[y].varying)
        return ZMUL(x, OP_2(DIV, ONE, y));
    return ZDIV(x, y);
}

/* No rule is known. */
static int32_t refuse(qni_ir *ir, const char *function)
{
    if (ir->status == QN_OK)
        ir->status = qni_error(ir->err, QN_INVALID, "second derivatives of %s are not known here", function);
    return -1;
}

#define REFUSE(function) refuse(ir, (function))
#define QUOTIENT(x, y)   quotient(ir, (x), (y))

/* clang-format off */
#define RULE(NAME, arity, kind, text, value, da, db, dc)                                                               \
    static int32_t rule_##NAME(qni_ir *ir, int32_t g, int32_t self, int32_t a, int32_t b, int32_t c, int operand)      \
    {                                                                                                                  \
        (void)ir; (void)g; (void)self; (void)a; (void)b; (void)c;                                                      \
        return operand == 0 ? (da) : operand == 1 ? (db) : (dc);                                                       \
    }
QNI_OP_LIST(RULE)

#define DEFINITION(NAME, arity, text, definition)                                                                      \
    static int32_t define_##NAME(qni_ir *ir, int32_t a, int32_t b, int32_t c)                                          \
    {                                                                                                                  \
        (void)a; (void)b; (void)c;                                                                                     \
        return definition;                                                                                             \
    }
QNI_DEFINED_LIST(DEFINITION)

#define RULE_ENTRY(NAME, ...) [QNI_OP_##NAME] = rule_##NAME,
static qni_rule *const rules[QNI_OP_COUNT] = {QNI_OP_LIST(RULE_ENTRY)};

#define DEFINITION_ENTRY(NAME, ...) [QNI_OP_##NAME] = define_##NAME,
static qni_definition *const definitions[QNI_OP_COUNT] = {QNI_DEFINED_LIST(DEFINITION_ENTRY)};
/* clang-format on */

qni_rule *qni_rule_of(qni_op op)
{
    return rules[op];
}

qni_definition *qni_definition_of(qni_op op)
{
    return definitions[op];
}
