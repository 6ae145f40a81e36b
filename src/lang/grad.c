/* lang/grad.c: exact derivatives by reverse-mode automatic differentiation on the kernel IR.
 *
 * Walking from the result back to the leaves, each node's adjoint (the derivative of the result by it) is complete when
 * the node is reached, because every user comes after its operands. The rules stand in the table of operations; their
 * nodes join the same IR, where equal ones are shared with the value's. Griewank and Walther, Evaluating Derivatives,
 * 2nd ed. 2008, chapter 3. */
#include "lang/ir_int.h"

#include "base/alloc.h"
#include "base/error.h"

#include <assert.h>

/* Passes the adjoint of `node` on to those of its operands that depend on a parameter. */
static void propagate(qni_ir *ir, int32_t *adjoints, int32_t node)
{
    qni_ir_node n = ir->nodes[node]; /* a copy: the rules add nodes */
    for (int k = 0; k < qni_op_infos[n.op].arity && ir->status == QN_OK; k++) {
        int32_t operand = n.args[k];
        if (!ir->nodes[operand].active)
            continue;
        int32_t part = qni_rule_of(n.op)(ir, adjoints[node], node, n.args[0], n.args[1], n.args[2], k);
        if (part >= 0)
            adjoints[operand] = adjoints[operand] < 0 ? part : qni_ir_op(ir, QNI_OP_ADD, adjoints[operand], part, -1);
    }
}

qn_status qni_ir_gradient(qni_ir *ir, int32_t root, int32_t *out, int64_t parameter_count)
{
    int64_t count = root + 1;
    int32_t zero = qni_ir_number(ir, 0), one = qni_ir_number(ir, 1);
    for (int64_t i = 0; i < parameter_count; i++)
        out[i] = zero;
    if (ir->status != QN_OK || !ir->nodes[root].active)
        return ir->status;
    int32_t *adjoints = qni_alloc(ir->allocator, count, sizeof *adjoints);
    if (adjoints == NULL)
        return ir->status = qni_error(ir->err, QN_NOMEM, "out of memory for the derivatives of a formula");
    for (int64_t i = 0; i < count; i++)
        adjoints[i] = -1;
    adjoints[root] = one;
    for (int32_t i = root; i >= 0 && ir->status == QN_OK; i--) {
        if (adjoints[i] < 0)
            continue;
        if (ir->nodes[i].op == QNI_OP_PARAMETER)
            out[ir->nodes[i].index] = adjoints[i];
        else
            propagate(ir, adjoints, i);
    }
    qni_free(ir->allocator, adjoints, count, sizeof *adjoints);
    return ir->status;
}
