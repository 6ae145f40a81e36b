/* lang/ir_int.h: the kernel IR: straight-line code in single assignment, for one row. Never loops.
 *
 * A node's operands come before it. Equal nodes are one node (hash-consing); constants are folded and operations that
 * change nothing are dropped while nodes are made, always bit for bit. Building is sticky: after a failure every
 * builder call returns -1, and passing -1 on is fine, so that only the end needs a check. One thread. */
#ifndef QNI_LANG_IR_INT_H
#define QNI_LANG_IR_INT_H

#include <quern/base.h>

#include "lang/ops_int.h"

typedef struct qni_ir_node {
    uint8_t op;   /* qni_op */
    bool varying; /* depends on a column: one value a row; else one an evaluation */
    bool active;  /* depends on a parameter: has derivatives */
    union {
        double number;   /* QNI_OP_CONST */
        int32_t index;   /* QNI_OP_PARAMETER, QNI_OP_COLUMN */
        int32_t args[3]; /* nodes; -1 beyond the arity */
    };
} qni_ir_node;

typedef struct qni_ir {
    const qn_allocator *allocator;
    qn_error *err;
    qn_status status; /* of the first failure */
    qni_ir_node *nodes;
    int64_t count, capacity;
    int32_t *slots; /* (slot_count, a power of two) hash table of nodes, -1: free */
    int64_t slot_count;
} qni_ir;

void qni_ir_init(qni_ir *ir, const qn_allocator *allocator, qn_error *err);
void qni_ir_fini(qni_ir *ir);

int32_t qni_ir_number(qni_ir *ir, double number);
int32_t qni_ir_parameter(qni_ir *ir, int32_t index);
int32_t qni_ir_column(qni_ir *ir, int32_t index);
/* An operation; b and c are -1 beyond its arity. Simplified: the node may be another one's. */
int32_t qni_ir_op(qni_ir *ir, qni_op op, int32_t a, int32_t b, int32_t c);

/* Whether a and b of an operation may be exchanged without any change of bits. */
bool qni_op_commutes(qni_op op);

/* For simplify.c: the operation as it stands; whether a node is this very number (0 and -0 differ). */
int32_t qni_ir_raw(qni_ir *ir, qni_op op, int32_t a, int32_t b, int32_t c);
bool qni_ir_is(const qni_ir *ir, int32_t node, double number);

/* What an operation on these nodes is equal to bit for bit (NaNs are all equal); -1: nothing simpler. */
int32_t qni_ir_simplify(qni_ir *ir, qni_op op, int32_t a, int32_t b, int32_t c);

/* The adjoint that an operand (0…2) receives from an operation whose own is g and whose value is self; -1: none. And
 * the definition of an operation that is composed of others; NULL for all others (rules.c). */
typedef int32_t qni_rule(qni_ir *ir, int32_t g, int32_t self, int32_t a, int32_t b, int32_t c, int operand);
typedef int32_t qni_definition(qni_ir *ir, int32_t a, int32_t b, int32_t c);
qni_rule *qni_rule_of(qni_op op);
qni_definition *qni_definition_of(qni_op op);

/* Derivatives of `root` by each parameter: nodes in out (parameter_count), -1 where the building failed (grad.c). */
QN_MUST_USE qn_status qni_ir_gradient(qni_ir *ir, int32_t root, int32_t *out, int64_t parameter_count);

#endif
