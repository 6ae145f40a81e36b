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

/* The vocabulary of the rules in ops_int.h. */
#define NONE            (-1)
#define ONE             qni_ir_number(ir, 1)
#define HALF            qni_ir_number(ir, 0.5)
#define NEG(x)          qni_ir_op(ir, QNI_OP_NEG, (x), -1, -1)
#define ADD(x, y)       qni_ir_op(ir, QNI_OP_ADD, (x), (y), -1)
#define MUL(x, y)       qni_ir_op(ir, QNI_OP_MUL, (x), (y), -1)
#define ZMUL(x, y)      qni_ir_op(ir, QNI_OP_ZMUL, (x), (y), -1)
#define ZDIV(x, y)      qni_ir_op(ir, QNI_OP_ZDIV, (x), (y), -1)
#define SIGN(x)         qni_ir_op(ir, QNI_OP_SIGN, (x), -1, -1)
#define SIN(x)          qni_ir_op(ir, QNI_OP_SIN, (x), -1, -1)
#define COS(x)          qni_ir_op(ir, QNI_OP_COS, (x), -1, -1)
#define LOG(x)          qni_ir_op(ir, QNI_OP_LOG, (x), -1, -1)
#define POW_DX(x, y, p) qni_ir_op(ir, QNI_OP_POW_DX, (x), (y), (p))
#define POW_DA(p, l)    qni_ir_op(ir, QNI_OP_POW_DA, (p), (l), -1)

typedef int32_t rule(qni_ir *ir, int32_t g, int32_t self, int32_t a, int32_t b, int32_t c, int operand);

/* clang-format off */
#define RULE(NAME, arity, kind, text, value, da, db, dc)                                                               \
    static int32_t rule_##NAME(qni_ir *ir, int32_t g, int32_t self, int32_t a, int32_t b, int32_t c, int operand)      \
    {                                                                                                                  \
        (void)ir; (void)g; (void)self; (void)a; (void)b; (void)c;                                                      \
        return operand == 0 ? (da) : operand == 1 ? (db) : (dc);                                                       \
    }
QNI_OP_LIST(RULE)

#define RULE_ENTRY(NAME, ...) [QNI_OP_##NAME] = rule_##NAME,
static rule *const rules[QNI_OP_COUNT] = {QNI_OP_LIST(RULE_ENTRY)};
/* clang-format on */

/* Passes the adjoint of `node` on to those of its operands that depend on a parameter. */
static void propagate(qni_ir *ir, int32_t *adjoints, int32_t node)
{
    qni_ir_node n = ir->nodes[node]; /* a copy: the rules add nodes */
    for (int k = 0; k < qni_op_infos[n.op].arity && ir->status == QN_OK; k++) {
        int32_t operand = n.args[k];
        if (!ir->nodes[operand].active)
            continue;
        int32_t part = rules[n.op](ir, adjoints[node], node, n.args[0], n.args[1], n.args[2], k);
        adjoints[operand] = adjoints[operand] < 0 ? part : ADD(adjoints[operand], part);
    }
}

qn_status qni_ir_gradient(qni_ir *ir, int32_t root, int32_t *out, int64_t parameter_count)
{
    int64_t count = root + 1;
    int32_t zero = qni_ir_number(ir, 0), one = ONE;
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
