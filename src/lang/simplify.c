/* lang/simplify.c: operations that are equal to something simpler, bit for bit, whatever their operands' values are,
 * infinities and signed zeros included. (Adding 0 is not among them: -0 + 0 is 0.)
 *
 * The exceptions are powers: x^2, x^3 and x^4 are multiplied out and x^-1 is a division, to within 2.5 units in the
 * last place, where the library's pow has less than 1. */
#include "lang/ir_int.h"

#include <stddef.h>

static int32_t neg(qni_ir *ir, int32_t a)
{
    return qni_ir_op(ir, QNI_OP_NEG, a, -1, -1);
}

static int32_t mul(qni_ir *ir, int32_t a, int32_t b)
{
    return qni_ir_op(ir, QNI_OP_MUL, a, b, -1);
}

/* The operand of a negation, -1 where the node is none. */
static int32_t negated(const qni_ir *ir, int32_t node)
{
    return ir->nodes[node].op == QNI_OP_NEG ? ir->nodes[node].args[0] : -1;
}

static int32_t simplify_sum(qni_ir *ir, int32_t a, int32_t b)
{
    if (qni_ir_is(ir, b, -0.0))
        return a;
    if (qni_ir_is(ir, a, -0.0))
        return b;
    if (negated(ir, b) >= 0)
        return qni_ir_op(ir, QNI_OP_SUB, a, negated(ir, b), -1);
    if (negated(ir, a) >= 0)
        return qni_ir_op(ir, QNI_OP_SUB, b, negated(ir, a), -1);
    return -1;
}

static int32_t simplify_difference(qni_ir *ir, int32_t a, int32_t b)
{
    if (qni_ir_is(ir, b, 0.0))
        return a;
    if (qni_ir_is(ir, a, -0.0))
        return neg(ir, b);
    if (negated(ir, b) >= 0)
        return qni_ir_op(ir, QNI_OP_ADD, a, negated(ir, b), -1);
    return -1;
}

static int32_t simplify_product(qni_ir *ir, int32_t a, int32_t b)
{
    if (qni_ir_is(ir, b, 1))
        return a;
    if (qni_ir_is(ir, a, 1))
        return b;
    if (qni_ir_is(ir, b, -1))
        return neg(ir, a);
    if (qni_ir_is(ir, a, -1))
        return neg(ir, b);
    return -1;
}

static bool is_zero(const qni_ir *ir, int32_t node)
{
    return ir->nodes[node].op == QNI_OP_CONST && ir->nodes[node].number == 0;
}

static int32_t simplify_zero_product(qni_ir *ir, int32_t a, int32_t b)
{
    if (is_zero(ir, a) || is_zero(ir, b))
        return qni_ir_number(ir, 0);
    return simplify_product(ir, a, b);
}

static int32_t simplify_quotient(qni_ir *ir, int32_t a, int32_t b)
{
    if (qni_ir_is(ir, b, 1))
        return a;
    return qni_ir_is(ir, b, -1) ? neg(ir, a) : -1;
}

static int32_t simplify_zero_quotient(qni_ir *ir, int32_t a, int32_t b)
{
    return is_zero(ir, a) ? qni_ir_number(ir, 0) : simplify_quotient(ir, a, b);
}

static int32_t simplify_power(qni_ir *ir, int32_t a, int32_t b)
{
    if (qni_ir_is(ir, a, 1))
        return a;
    if (ir->nodes[b].op != QNI_OP_CONST)
        return -1;
    double exponent = ir->nodes[b].number;
    if (exponent == 0)
        return qni_ir_number(ir, 1);
    if (exponent == 1)
        return a;
    if (exponent == -1)
        return qni_ir_op(ir, QNI_OP_DIV, qni_ir_number(ir, 1), a, -1);
    if (exponent != 2 && exponent != 3 && exponent != 4)
        return -1;
    int32_t square = mul(ir, a, a);
    if (square < 0 || exponent == 2)
        return square;
    return mul(ir, square, exponent == 3 ? a : square);
}

static int32_t simplify_abs(qni_ir *ir, int32_t a)
{
    if (negated(ir, a) >= 0)
        return qni_ir_op(ir, QNI_OP_ABS, negated(ir, a), -1, -1);
    return ir->nodes[a].op == QNI_OP_ABS ? a : -1;
}

int32_t qni_ir_simplify(qni_ir *ir, qni_op op, int32_t a, int32_t b)
{
    switch (op) {
    case QNI_OP_NEG:
        return negated(ir, a);
    case QNI_OP_ADD:
        return simplify_sum(ir, a, b);
    case QNI_OP_SUB:
        return simplify_difference(ir, a, b);
    case QNI_OP_MUL:
        return simplify_product(ir, a, b);
    case QNI_OP_ZMUL:
        return simplify_zero_product(ir, a, b);
    case QNI_OP_DIV:
        return simplify_quotient(ir, a, b);
    case QNI_OP_ZDIV:
        return simplify_zero_quotient(ir, a, b);
    case QNI_OP_POW:
        return simplify_power(ir, a, b);
    case QNI_OP_ABS:
        return simplify_abs(ir, a);
    default:
        return -1;
    }
}
