/* lang/simplify.c: operations that are equal to something simpler, bit for bit, whatever their operands' values are,
 * infinities and signed zeros included. (Adding 0 is not among them: -0 + 0 is 0.)
 *
 * The exceptions are powers: x^2, x^3, x^4, x^-1, x^0.5 and x^-0.5 become products, quotients and roots, to within 1.5
 * units in the last place, where pow itself may err by as much. And a derivative that is 0 everywhere is +0. */
#include "lang/ir_int.h"

#include <math.h>
#include <stddef.h>

#include "lang/limits.h"

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

static bool is_product(const qni_ir_node *n)
{
    return n->op == QNI_OP_MUL || n->op == QNI_OP_DIV || n->op == QNI_OP_ZMUL || n->op == QNI_OP_ZDIV;
}

/* The node that this one is the negative of, where it says so by itself: -x, -2, (-x) y, z (-x) / y; else -1. Looks
 * `depth` products deep. */
static int32_t opposite(qni_ir *ir, int32_t node, int depth)
{
    qni_ir_node n = ir->nodes[node]; /* a copy: nodes are added */
    if (n.op == QNI_OP_CONST)
        return signbit(n.number) && !isnan(n.number) ? qni_ir_number(ir, -n.number) : -1;
    if (n.op == QNI_OP_NEG)
        return n.args[0];
    if (!is_product(&n) || depth == 0)
        return -1;
    for (int k = 0; k < 2; k++) {
        int32_t factor = opposite(ir, n.args[k], depth - 1);
        if (factor < 0)
            continue;
        n.args[k] = factor;
        return qni_ir_op(ir, (qni_op)n.op, n.args[0], n.args[1], -1);
    }
    return -1;
}

/* The negative of a node, where a sign can be changed once an evaluation instead of once a row: that of a factor that
 * does not vary; else -1. */
static int32_t negate_factor(qni_ir *ir, int32_t node, int depth)
{
    qni_ir_node n = ir->nodes[node]; /* a copy: nodes are added */
    if (!n.varying)
        return neg(ir, node);
    if (!is_product(&n) || depth == 0)
        return -1;
    for (int k = 0; k < 2; k++) {
        int32_t factor = negate_factor(ir, n.args[k], depth - 1);
        if (factor < 0)
            continue;
        n.args[k] = factor;
        return qni_ir_op(ir, (qni_op)n.op, n.args[0], n.args[1], -1);
    }
    return -1;
}

static int32_t simplify_negation(qni_ir *ir, int32_t a)
{
    if (negated(ir, a) >= 0)
        return negated(ir, a);
    return ir->nodes[a].varying ? negate_factor(ir, a, QNI_NEGATION_DEPTH_MAX) : -1;
}

static int32_t simplify_sum(qni_ir *ir, int32_t a, int32_t b)
{
    if (qni_ir_is(ir, b, -0.0))
        return a;
    if (qni_ir_is(ir, a, -0.0))
        return b;
    int32_t minus = opposite(ir, b, QNI_NEGATION_DEPTH_MAX);
    if (minus >= 0)
        return qni_ir_op(ir, QNI_OP_SUB, a, minus, -1);
    minus = opposite(ir, a, QNI_NEGATION_DEPTH_MAX);
    return minus >= 0 ? qni_ir_op(ir, QNI_OP_SUB, b, minus, -1) : -1;
}

static int32_t simplify_difference(qni_ir *ir, int32_t a, int32_t b)
{
    if (qni_ir_is(ir, b, 0.0))
        return a;
    if (qni_ir_is(ir, a, -0.0))
        return neg(ir, b);
    int32_t minus = opposite(ir, b, QNI_NEGATION_DEPTH_MAX);
    return minus >= 0 ? qni_ir_op(ir, QNI_OP_ADD, a, minus, -1) : -1;
}

static bool is_zero(const qni_ir *ir, int32_t node)
{
    return ir->nodes[node].op == QNI_OP_CONST && ir->nodes[node].number == 0;
}

static int32_t simplify_product(qni_ir *ir, qni_op op, int32_t a, int32_t b)
{
    if (qni_ir_is(ir, b, 1))
        return a;
    if (qni_ir_is(ir, a, 1))
        return b;
    if (qni_ir_is(ir, b, -1))
        return neg(ir, a);
    if (qni_ir_is(ir, a, -1))
        return neg(ir, b);
    if (negated(ir, a) >= 0 && negated(ir, b) >= 0)
        return qni_ir_op(ir, op, negated(ir, a), negated(ir, b), -1);
    if (op == QNI_OP_ZMUL && (is_zero(ir, a) || is_zero(ir, b)))
        return qni_ir_number(ir, 0); /* nobody asks for the sign of a derivative that is 0 */
    return -1;
}

static int32_t simplify_quotient(qni_ir *ir, qni_op op, int32_t a, int32_t b)
{
    if (qni_ir_is(ir, b, 1))
        return a;
    if (qni_ir_is(ir, b, -1))
        return neg(ir, a);
    return op == QNI_OP_ZDIV && is_zero(ir, a) ? qni_ir_number(ir, 0) : -1;
}

/* x^0.5, x^-0.5: a square root, but for x = -infinity; and +0 for x = -0. */
static int32_t root_power(qni_ir *ir, int32_t x, bool inverse)
{
    int32_t root = qni_ir_op(ir, QNI_OP_SQRT, qni_ir_op(ir, QNI_OP_ADD, x, qni_ir_number(ir, 0), -1), -1, -1);
    if (inverse)
        root = qni_ir_op(ir, QNI_OP_DIV, qni_ir_number(ir, 1), root, -1);
    int32_t end = qni_ir_op(ir, QNI_OP_EQ, x, qni_ir_number(ir, -INFINITY), -1);
    return qni_ir_op(ir, QNI_OP_SELECT, end, qni_ir_number(ir, inverse ? 0 : INFINITY), root);
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
    if (exponent == 2)
        return mul(ir, a, a);
    if (exponent == 3)
        return mul(ir, mul(ir, a, a), a);
    if (exponent == 4)
        return qni_ir_op(ir, QNI_OP_POW4, a, -1, -1);
    return fabs(exponent) == 0.5 ? root_power(ir, a, exponent < 0) : -1;
}

static int32_t simplify_abs(qni_ir *ir, int32_t a)
{
    if (negated(ir, a) >= 0)
        return qni_ir_op(ir, QNI_OP_ABS, negated(ir, a), -1, -1);
    return ir->nodes[a].op == QNI_OP_ABS ? a : -1;
}

/* The branch of a known condition, and where both are the same. */
static int32_t simplify_select(const qni_ir *ir, int32_t a, int32_t b, int32_t c)
{
    if (b == c)
        return b;
    if (ir->nodes[a].op != QNI_OP_CONST)
        return -1;
    return ir->nodes[a].number != 0 ? b : c; /* NaN is not 0 */
}

int32_t qni_ir_simplify(qni_ir *ir, qni_op op, int32_t a, int32_t b, int32_t c)
{
    switch (op) {
    case QNI_OP_NEG:
        return simplify_negation(ir, a);
    case QNI_OP_ADD:
        return simplify_sum(ir, a, b);
    case QNI_OP_SUB:
        return simplify_difference(ir, a, b);
    case QNI_OP_MUL:
    case QNI_OP_ZMUL:
        return simplify_product(ir, op, a, b);
    case QNI_OP_DIV:
    case QNI_OP_ZDIV:
        return simplify_quotient(ir, op, a, b);
    case QNI_OP_POW:
        return simplify_power(ir, a, b);
    case QNI_OP_GT: /* one spelling of each comparison */
        return qni_ir_op(ir, QNI_OP_LT, b, a, -1);
    case QNI_OP_GE:
        return qni_ir_op(ir, QNI_OP_LE, b, a, -1);
    case QNI_OP_SELECT:
        return simplify_select(ir, a, b, c);
    case QNI_OP_ABS:
        return simplify_abs(ir, a);
    default:
        return -1;
    }
}
