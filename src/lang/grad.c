/* lang/grad.c: exact derivatives by automatic differentiation on the kernel IR.
 *
 * Reverse mode walks from the result back to the leaves: each node's adjoint (the derivative of the result by it) is
 * complete when the node is reached, because every user comes after its operands. Forward mode walks from the leaves to
 * the result once a parameter: a node's tangent is its derivative by the parameter. The rules of the table of
 * operations are linear in the adjoint, and so serve both. Their nodes join the same IR, where equal ones are shared
 * with the value's. Small formulas are differentiated both ways, and what costs less is kept. Griewank and Walther,
 * Evaluating Derivatives, 2nd ed. 2008, chapter 3. */
#include "lang/ir_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "lang/limits.h"

#include <assert.h>
#include <string.h>

static int32_t sum(qni_ir *ir, int32_t a, int32_t b)
{
    return a < 0 ? b : b < 0 ? a : qni_ir_op(ir, QNI_OP_ADD, a, b, -1);
}

/* What operand k contributes: to its adjoint, from that of the node (g), or to the node's tangent, from its own (g).
 * -1: nothing. */
static int32_t apply_rule(qni_ir *ir, int32_t node, int k, int32_t g)
{
    qni_ir_node n = ir->nodes[node]; /* a copy: the rules add nodes */
    return qni_rule_of((qni_op)n.op)(ir, g, node, n.args[0], n.args[1], n.args[2], k);
}

/* Passes the adjoint of `node` on to those of its operands that depend on a parameter. */
static void propagate(qni_ir *ir, int32_t *adjoints, int32_t node)
{
    for (int k = 0; k < qni_op_infos[ir->nodes[node].op].arity && ir->status == QN_OK; k++) {
        int32_t operand = ir->nodes[node].args[k];
        if (ir->nodes[operand].active)
            adjoints[operand] = sum(ir, adjoints[operand], apply_rule(ir, node, k, adjoints[node]));
    }
}

static void reverse(qni_ir *ir, int32_t root, int32_t *out, int32_t *adjoints)
{
    for (int32_t i = 0; i <= root; i++)
        adjoints[i] = -1;
    adjoints[root] = qni_ir_number(ir, 1);
    for (int32_t i = root; i >= 0 && ir->status == QN_OK; i--) {
        if (adjoints[i] < 0)
            continue;
        if (ir->nodes[i].op == QNI_OP_PARAMETER)
            out[ir->nodes[i].index] = adjoints[i];
        else
            propagate(ir, adjoints, i);
    }
}

/* The derivative of `root` by one parameter; -1: 0. Only nodes with an adjoint reach the root. */
static int32_t forward(qni_ir *ir, int32_t root, int32_t parameter, const int32_t *adjoints, int32_t *tangents)
{
    for (int32_t i = 0; i <= root && ir->status == QN_OK; i++) {
        const qni_ir_node n = ir->nodes[i]; /* a copy: nodes are added */
        tangents[i] = -1;
        if (adjoints[i] < 0)
            continue;
        if (n.op == QNI_OP_PARAMETER) {
            tangents[i] = n.index == parameter ? qni_ir_number(ir, 1) : -1;
            continue;
        }
        for (int k = 0; k < qni_op_infos[n.op].arity && ir->status == QN_OK; k++) {
            int32_t tangent = tangents[n.args[k]];
            if (tangent >= 0)
                tangents[i] = sum(ir, tangents[i], apply_rule(ir, i, k, tangent));
        }
    }
    return tangents[root];
}

/* What computing `root` and the derivatives takes a row, roughly: a function counts as QNI_FUNCTION_COST operations. */
static int64_t cost(const qni_ir *ir, int32_t root, const int32_t *derivatives, int64_t count, bool *live)
{
    int64_t total = 0;
    memset(live, 0, (size_t)ir->count * sizeof *live);
    live[root] = true;
    for (int64_t i = 0; i < count; i++)
        live[derivatives[i]] = true;
    for (int64_t i = ir->count - 1; i >= 0; i--) {
        const qni_ir_node *n = &ir->nodes[i];
        int arity = qni_op_infos[n->op].arity;
        if (!live[i] || !n->varying)
            continue;
        for (int k = 0; k < arity; k++)
            live[n->args[k]] = true;
        total += arity == 0 ? 0 : qni_op_infos[n->op].kind == QNI_OP_FUNCTION ? QNI_FUNCTION_COST : 1;
    }
    return total;
}

/* Puts the derivatives in forward mode into `other` (count). */
static void forward_all(qni_ir *ir, int32_t root, int32_t *other, int64_t count, int32_t zero, const int32_t *adjoints,
                        int32_t *tangents)
{
    for (int64_t i = 0; i < count && ir->status == QN_OK; i++) {
        int32_t tangent = forward(ir, root, (int32_t)i, adjoints, tangents);
        other[i] = tangent < 0 ? zero : tangent;
    }
}

static void keep_cheaper(qni_ir *ir, int32_t root, int32_t *out, const int32_t *other, int64_t count)
{
    bool *live = qni_alloc(ir->allocator, ir->count, sizeof *live);
    if (live == NULL) {
        ir->status = qni_error(ir->err, QN_NOMEM, "out of memory for the derivatives of a formula");
        return;
    }
    if (cost(ir, root, other, count, live) < cost(ir, root, out, count, live))
        memcpy(out, other, (size_t)count * sizeof *out);
    qni_free(ir->allocator, live, ir->count, sizeof *live);
}

qn_status qni_ir_gradient(qni_ir *ir, int32_t root, int32_t *out, int64_t parameter_count)
{
    int32_t zero = qni_ir_number(ir, 0);
    for (int64_t i = 0; i < parameter_count; i++)
        out[i] = zero;
    if (ir->status != QN_OK || !ir->nodes[root].active)
        return ir->status;
    bool both = parameter_count <= QNI_FORWARD_WORK_MAX && (root + 1) * parameter_count <= QNI_FORWARD_WORK_MAX;
    int64_t nodes = root + 1, size = both ? 2 * nodes + parameter_count : nodes;
    int32_t *adjoints = qni_alloc(ir->allocator, size, sizeof *adjoints); /* and tangents, and derivatives */
    if (adjoints == NULL)
        return ir->status = qni_error(ir->err, QN_NOMEM, "out of memory for the derivatives of a formula");
    reverse(ir, root, out, adjoints);
    if (both && ir->status == QN_OK)
        forward_all(ir, root, adjoints + 2 * nodes, parameter_count, zero, adjoints, adjoints + nodes);
    if (both && ir->status == QN_OK)
        keep_cheaper(ir, root, out, adjoints + 2 * nodes, parameter_count);
    qni_free(ir->allocator, adjoints, size, sizeof *adjoints);
    return ir->status;
}
