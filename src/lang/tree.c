/* lang/tree.c: building a formula's tree, and freeing it.
 *
 * What a tree may be is decided here, whoever builds it: the number of its nodes, and the nesting of its normal
 * spelling, which must be a formula as well. One thread. */
#include "lang/syntax_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "lang/limits.h"

#include <assert.h>

void qni_tree_empty(qni_tree *tree, const qn_allocator *allocator)
{
    *tree = (qni_tree){.allocator = allocator, .left = -1, .right = -1};
}

void qni_tree_fini(qni_tree *tree)
{
    qni_free(tree->allocator, tree->nodes, tree->capacity, sizeof *tree->nodes);
    qni_free(tree->allocator, tree->symbols, tree->symbol_capacity, sizeof *tree->symbols);
    qni_free(tree->allocator, tree->names, tree->names_capacity, 1);
    qni_free(tree->allocator, tree->slots, tree->slot_count, sizeof *tree->slots);
    qni_free(tree->allocator, tree->statements, tree->statement_capacity, sizeof *tree->statements);
    qni_free(tree->allocator, tree->calls, tree->call_capacity, sizeof *tree->calls);
    qni_tree_empty(tree, NULL);
}

/* The levels that the parser goes down for an operation: one for an operand that is no first operand of an infix
 * operator, one for parentheses. */
static int depth_of(const qni_tree *tree, const qni_tree_node *node)
{
    int deepest = 0;
    if (node->kind != QNI_TREE_OPERATION)
        return 0;
    const qni_op op = (qni_op)node->op;
    const qni_level level = qni_level_of(op);
    for (int k = 0; k < qni_op_infos[op].arity; k++) {
        const qni_wrap wrap = qni_wrap_of(tree, op, k, node->operands[k]);
        const bool infix = level != QNI_LEVEL_SIGN && level != QNI_LEVEL_PRIMARY;
        const bool stays = k == 0 && (infix || wrap == QNI_WRAP_LIST);
        int depth = tree->nodes[node->operands[k]].depth + !stays + (wrap == QNI_WRAP_PARENTHESES);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest;
}

int32_t qni_tree_add(qni_tree *tree, qni_tree_node node, qn_status *status, qn_error *err)
{
    int64_t column = node.offset + 1;
    if (tree->count == QNI_FORMULA_NODES_MAX) {
        *status = qni_error_at(err, QN_LIMIT, NULL, 0, column,
                               "the formula has more than %d numbers, names and operations", QNI_FORMULA_NODES_MAX);
        return -1;
    }
    int depth = depth_of(tree, &node);
    if (depth >= QNI_FORMULA_DEPTH_MAX) {
        *status = qni_error_at(err, QN_LIMIT, NULL, 0, column, "the formula is nested more than %d deep here",
                               QNI_FORMULA_DEPTH_MAX);
        return -1;
    }
    if (!qni_grow(tree->allocator, (void **)&tree->nodes, &tree->capacity, tree->count + 1, sizeof *tree->nodes)) {
        *status = qni_error_at(err, QN_NOMEM, NULL, 0, column, "out of memory for the operations of a formula");
        return -1;
    }
    node.depth = (uint16_t)depth;
    tree->nodes[tree->count] = node;
    return (int32_t)tree->count++;
}

int32_t qni_tree_add_call(qni_tree *tree, qni_tree_call call, qn_status *status, qn_error *err)
{
    int64_t column = call.offset + 1;
    if (tree->call_count == QNI_HOIST_CALLS_MAX) {
        *status = qni_error_at(err, QN_LIMIT, NULL, 0, column,
                               "the formula calls functions that keep state more than %d times: write several formulas",
                               QNI_HOIST_CALLS_MAX);
        return -1;
    }
    if (!qni_grow(tree->allocator, (void **)&tree->calls, &tree->call_capacity, tree->call_count + 1,
                  sizeof *tree->calls)) {
        *status = qni_error_at(err, QN_NOMEM, NULL, 0, column, "out of memory for the calls of a formula");
        return -1;
    }
    call.node = qni_tree_add(
        tree, (qni_tree_node){.kind = QNI_TREE_CALL, .offset = call.offset, .call = (int32_t)tree->call_count}, status,
        err);
    if (call.node >= 0)
        tree->calls[tree->call_count++] = call;
    return call.node;
}

bool qni_tree_define(qni_tree *tree, int32_t symbol, int32_t node, qn_status *status, qn_error *err)
{
    assert(tree->symbols[symbol].definition < 0);
    int64_t column = tree->symbols[symbol].offset + 1;
    if (tree->statement_count == QNI_FORMULA_STATEMENTS_MAX) {
        *status = qni_error_at(err, QN_LIMIT, NULL, 0, column, "the formula has more than %d intermediates",
                               QNI_FORMULA_STATEMENTS_MAX);
        return false;
    }
    if (!qni_grow(tree->allocator, (void **)&tree->statements, &tree->statement_capacity, tree->statement_count + 1,
                  sizeof *tree->statements)) {
        *status = qni_error_at(err, QN_NOMEM, NULL, 0, column, "out of memory for the statements of a formula");
        return false;
    }
    tree->statements[tree->statement_count++] = (qni_statement){.symbol = symbol, .node = node};
    tree->symbols[symbol].definition = node;
    return true;
}
