/* lang/meaning.c: the digest of what a formula means. It is made from the formula when it is asked for, so that a
 * program that asks for none needs no library of digests.
 *
 * It covers the simplified kernel IR of both sides, each node once, in an order that spelling does not change: operands
 * first, and those of commutative operations by a fingerprint of what they are. Parameters and columns stand there by
 * name. Operations are named by their text and number of operands, so the digest does not depend on the table's order.
 * One thread. */
#include "lang/model_int.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/error.h"
#include "lang/limits.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* First in every digest: what follows is read by these rules. */
static const char format[] = "quern formula 1";

typedef struct walker {
    const qni_ir *ir;
    const qni_names *names;
    uint64_t *prints; /* (node_count) fingerprints */
    int32_t *numbers; /* (node_count) in order of the digest; -1: not there yet */
    int32_t *stack;   /* (2 * node_count) */
    int32_t next;
    qni_digester digester;
} walker;

/* A bijection of 64 bits (Stafford's thirteenth variant of the finaliser of MurmurHash3). The digest depends on it. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static uint64_t print_text(uint64_t print, const char *text)
{
    for (; *text != '\0'; text++)
        print = mix(print ^ (unsigned char)*text);
    return print;
}

static const char *name_of(const walker *w, const qni_ir_node *n)
{
    return n->op == QNI_OP_PARAMETER ? w->names->parameters[n->index] : w->names->columns[n->index];
}

static uint64_t bits_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return isnan(number) ? UINT64_C(0x7ff8000000000000) : bits;
}

/* What a node is, regardless of how its operands are ordered where that makes no difference. */
static uint64_t fingerprint(const walker *w, const qni_ir_node *n)
{
    const qni_op_info *info = &qni_op_infos[n->op];
    uint64_t print = print_text((uint64_t)info->arity + 1, info->text);
    if (n->op == QNI_OP_CONST)
        return mix(print ^ bits_of(n->number));
    if (info->arity == 0)
        return print_text(print, name_of(w, n));
    if (qni_op_commutes((qni_op)n->op)) {
        uint64_t a = w->prints[n->args[0]], b = w->prints[n->args[1]];
        return mix(mix(print ^ (a < b ? a : b)) ^ (a < b ? b : a));
    }
    for (int k = 0; k < info->arity; k++)
        print = mix(print ^ w->prints[n->args[k]]);
    return print;
}

static void add_node(walker *w, int32_t node, const int32_t *operands)
{
    const qni_ir_node *n = &w->ir->nodes[node];
    const qni_op_info *info = &qni_op_infos[n->op];
    qni_digest_string(&w->digester, info->text, -1);
    qni_digest_int64(&w->digester, info->arity);
    if (n->op == QNI_OP_CONST)
        qni_digest_double(&w->digester, n->number);
    else if (info->arity == 0)
        qni_digest_string(&w->digester, name_of(w, n), -1);
    for (int k = 0; k < info->arity; k++)
        qni_digest_int64(&w->digester, w->numbers[operands[k]]);
    w->numbers[node] = w->next++;
}

/* The operands in the digest's order. */
static void order_operands(const walker *w, int32_t node, int32_t operands[3])
{
    const qni_ir_node *n = &w->ir->nodes[node];
    int arity = qni_op_infos[n->op].arity;
    for (int k = 0; k < arity; k++)
        operands[k] = n->args[k];
    if (arity == 2 && qni_op_commutes((qni_op)n->op) && w->prints[operands[1]] < w->prints[operands[0]]) {
        operands[0] = n->args[1];
        operands[1] = n->args[0];
    }
}

/* Adds a node after its operands. The stack holds at most the nodes on the way, and their operands. */
static void add(walker *w, int32_t root)
{
    int64_t depth = 0;
    w->stack[depth++] = root;
    while (depth > 0) {
        int32_t node = w->stack[depth - 1], operands[3];
        if (w->numbers[node] >= 0) {
            depth--;
            continue;
        }
        order_operands(w, node, operands);
        bool ready = true;
        for (int k = qni_op_infos[w->ir->nodes[node].op].arity - 1; k >= 0; k--) {
            if (w->numbers[operands[k]] >= 0)
                continue;
            w->stack[depth++] = operands[k];
            ready = false;
        }
        if (ready) {
            add_node(w, node, operands);
            depth--;
        }
    }
}

static void digest(walker *w, const int32_t *roots, int64_t root_count, int64_t node_count)
{
    for (int64_t i = 0; i < node_count; i++) {
        w->prints[i] = fingerprint(w, &w->ir->nodes[i]);
        w->numbers[i] = -1;
    }
    qni_digest_init(&w->digester);
    qni_digest_string(&w->digester, format, -1);
    for (int64_t i = 0; i < root_count; i++) {
        if (roots[i] >= 0)
            add(w, roots[i]);
        qni_digest_int64(&w->digester, roots[i] < 0 ? -1 : w->numbers[roots[i]]);
    }
}

/* The digest of the nodes `roots` (root_count; -1: there is none) and all below them. */
static qn_status meaning(qni_digest *out, const qni_ir *ir, const qni_names *names, const int32_t *roots,
                         int64_t root_count, qn_error *err)
{
    int64_t count = 0;
    for (int64_t i = 0; i < root_count; i++)
        count = roots[i] >= count ? roots[i] + 1 : count;
    walker w = {.ir = ir, .names = names};
    w.prints = qni_alloc(ir->allocator, count, sizeof *w.prints);
    w.numbers = qni_alloc(ir->allocator, count, sizeof *w.numbers);
    w.stack = qni_alloc(ir->allocator, 3 * count, sizeof *w.stack);
    bool held = w.prints != NULL && w.numbers != NULL && w.stack != NULL;
    if (held) {
        digest(&w, roots, root_count, count);
        *out = qni_digest_final(&w.digester);
    }
    qni_free(ir->allocator, w.prints, count, sizeof *w.prints);
    qni_free(ir->allocator, w.numbers, count, sizeof *w.numbers);
    qni_free(ir->allocator, w.stack, 3 * count, sizeof *w.stack);
    return held ? QN_OK : qni_error(err, QN_NOMEM, "out of memory for the digest of a formula");
}

qn_status qn_model_digest(char out[QN_MODEL_DIGEST_SIZE], const qn_model *model, qn_error *err)
{
    assert(QN_MODEL_DIGEST_SIZE == QNI_DIGEST_TEXT_SIZE);
    out[0] = '\0';
    const qn_allocator *allocator = model->allocator;
    const qni_columns columns = {.names = model->names.columns, .count = model->names.column_count};
    int32_t number = model->names.response_column, roots[2];
    qni_tree tree;
    qni_ir ir;
    qni_names names;
    qni_digest result;
    qn_arena *arena = NULL;
    qni_ir_init(&ir, allocator, err);
    qn_status status = qni_tree_init(&tree, model->formula, (int32_t)strlen(model->formula), &columns, allocator, err);
    if (status == QN_OK)
        status = qn_arena_new(&arena, allocator, QNI_MODEL_CHUNK_SIZE, err);
    if (status == QN_OK)
        status = qni_names_resolve(&names, &tree, model->formula, &columns, number < 0 ? NULL : columns.names[number],
                                   arena, err);
    if (status == QN_OK) {
        qni_lower(&ir, &tree, &names, &roots[1], &roots[0]);
        status = ir.status;
    }
    if (status == QN_OK)
        status = meaning(&result, &ir, &names, roots, 2, err);
    if (status == QN_OK)
        qni_digest_text(out, &result);
    qn_arena_free(arena);
    qni_ir_fini(&ir);
    qni_tree_fini(&tree);
    return status;
}
