/* lang/ir.c: nodes of the kernel IR, each kept once. */
#include "lang/ir_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include "lang/limits.h"

#include <assert.h>
#include <string.h>

void qni_ir_init(qni_ir *ir, const qn_allocator *allocator, qn_error *err)
{
    *ir = (qni_ir){.allocator = allocator, .err = err};
}

void qni_ir_fini(qni_ir *ir)
{
    qni_free(ir->allocator, ir->nodes, ir->capacity, sizeof *ir->nodes);
    qni_free(ir->allocator, ir->slots, ir->slot_count, sizeof *ir->slots);
    *ir = (qni_ir){0};
}

static uint64_t bits_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static uint64_t hash_of(const qni_ir_node *n)
{
    if (n->op == QNI_OP_CONST)
        return qni_hash_word(bits_of(n->number), n->op);
    if (n->op == QNI_OP_PARAMETER || n->op == QNI_OP_COLUMN)
        return qni_hash_word((uint64_t)n->index, n->op);
    uint64_t first = (uint64_t)(uint32_t)n->args[0] << 32 | (uint32_t)n->args[1];
    return qni_hash_word(first, qni_hash_word((uint64_t)(uint32_t)n->args[2], n->op));
}

static bool same(const qni_ir_node *a, const qni_ir_node *b)
{
    if (a->op != b->op)
        return false;
    if (a->op == QNI_OP_CONST)
        return bits_of(a->number) == bits_of(b->number);
    if (a->op == QNI_OP_PARAMETER || a->op == QNI_OP_COLUMN)
        return a->index == b->index;
    return a->args[0] == b->args[0] && a->args[1] == b->args[1] && a->args[2] == b->args[2];
}

/* The slot with an equal node or the first free one; -1 after too many others: such a node is not shared. */
static int64_t slot_of(const qni_ir *ir, const qni_ir_node *node)
{
    uint64_t mask = (uint64_t)ir->slot_count - 1, hash = hash_of(node);
    for (uint64_t probe = 0; probe < QNI_IR_PROBES_MAX; probe++) {
        int64_t slot = (int64_t)((hash + probe) & mask);
        if (ir->slots[slot] < 0 || same(&ir->nodes[ir->slots[slot]], node))
            return slot;
    }
    return -1;
}

static bool grow_slots(qni_ir *ir)
{
    if (ir->count * 2 < ir->slot_count)
        return true;
    int64_t count = ir->slot_count == 0 ? QNI_IR_SLOTS : ir->slot_count * 2;
    int32_t *fresh = qni_alloc(ir->allocator, count, sizeof *fresh);
    if (fresh == NULL)
        return false;
    qni_free(ir->allocator, ir->slots, ir->slot_count, sizeof *ir->slots);
    ir->slots = fresh;
    ir->slot_count = count;
    for (int64_t i = 0; i < count; i++)
        fresh[i] = -1;
    for (int64_t i = 0; i < ir->count; i++) {
        int64_t slot = slot_of(ir, &ir->nodes[i]);
        if (slot >= 0 && fresh[slot] < 0)
            fresh[slot] = (int32_t)i;
    }
    return true;
}

/* The node equal to this one, added where there is none. */
static int32_t intern(qni_ir *ir, qni_ir_node node)
{
    if (ir->status != QN_OK)
        return -1;
    if (!grow_slots(ir))
        goto nomem;
    int64_t slot = slot_of(ir, &node);
    if (slot >= 0 && ir->slots[slot] >= 0)
        return ir->slots[slot];
    if (ir->count == QNI_IR_NODES_MAX) {
        ir->status = qni_error(ir->err, QN_LIMIT, "the formula and its derivatives need more than %d operations",
                               QNI_IR_NODES_MAX);
        return -1;
    }
    if (!qni_grow(ir->allocator, (void **)&ir->nodes, &ir->capacity, ir->count + 1, sizeof *ir->nodes))
        goto nomem;
    ir->nodes[ir->count] = node;
    if (slot >= 0)
        ir->slots[slot] = (int32_t)ir->count;
    return (int32_t)ir->count++;
nomem:
    ir->status = qni_error(ir->err, QN_NOMEM, "out of memory for the operations of a formula");
    return -1;
}

int32_t qni_ir_number(qni_ir *ir, double number)
{
    return intern(ir, (qni_ir_node){.op = QNI_OP_CONST, .number = number});
}

int32_t qni_ir_parameter(qni_ir *ir, int32_t index)
{
    return intern(ir, (qni_ir_node){.op = QNI_OP_PARAMETER, .active = true, .index = index});
}

int32_t qni_ir_column(qni_ir *ir, int32_t index)
{
    return intern(ir, (qni_ir_node){.op = QNI_OP_COLUMN, .varying = true, .index = index});
}

bool qni_ir_is(const qni_ir *ir, int32_t node, double number)
{
    const qni_ir_node *n = &ir->nodes[node];
    return n->op == QNI_OP_CONST && bits_of(n->number) == bits_of(number);
}

bool qni_op_commutes(qni_op op)
{
    switch (op) {
    case QNI_OP_ADD:
    case QNI_OP_MUL:
    case QNI_OP_ZMUL:
    case QNI_OP_EQ:
    case QNI_OP_NE:
    case QNI_OP_AND:
    case QNI_OP_OR:
        return true;
    default:
        return false;
    }
}

int32_t qni_ir_raw(qni_ir *ir, qni_op op, int32_t a, int32_t b, int32_t c)
{
    if (ir->status != QN_OK)
        return -1;
    if (qni_op_commutes(op) && a > b) { /* one order, so that equals are found */
        int32_t swap = a;
        a = b;
        b = swap;
    }
    qni_ir_node node = {.op = (uint8_t)op, .args = {a, b, c}};
    for (int i = 0; i < qni_op_infos[op].arity; i++) {
        assert(node.args[i] >= 0 && node.args[i] < ir->count);
        node.varying |= ir->nodes[node.args[i]].varying;
        node.active |= ir->nodes[node.args[i]].active;
    }
    return intern(ir, node);
}

/* Folds an operation on numbers alone. The kernels do it, so that the bits are those of an evaluation. */
static bool fold(const qni_ir *ir, double *out, qni_op op, int32_t a, int32_t b, int32_t c)
{
    const int32_t args[3] = {a, b, c};
    double values[3] = {0, 0, 0};
    assert(qni_op_infos[op].arity <= 3);
    for (int i = 0; i < qni_op_infos[op].arity; i++) {
        const qni_ir_node *n = &ir->nodes[args[i]];
        if (n->op != QNI_OP_CONST)
            return false;
        values[i] = n->number;
    }
    *out = qni_op_value(op, values[0], values[1], values[2]);
    return true;
}

int32_t qni_ir_op(qni_ir *ir, qni_op op, int32_t a, int32_t b, int32_t c)
{
    if (ir->status != QN_OK)
        return -1;
    int32_t simpler = qni_ir_simplify(ir, op, a, b, c);
    if (simpler >= 0 || ir->status != QN_OK)
        return simpler;
    double number;
    if (fold(ir, &number, op, a, b, c))
        return qni_ir_number(ir, number);
    return qni_ir_raw(ir, op, a, b, c);
}
