/* lang/lower.c: the checked tree becomes IR: one walk over its nodes, operands first. A name of an intermediate is the
 * node that it stands for, so that nothing is computed twice. */
#include "lang/model_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "lang/limits.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static int32_t lower_name(qni_ir *ir, const qni_tree *tree, int32_t index, const int32_t *lowered)
{
    const qni_symbol *symbol = &tree->symbols[index];
    double number;
    switch (symbol->kind) {
    case QNI_SYMBOL_INTERMEDIATE:
        return lowered[symbol->definition];
    case QNI_SYMBOL_COLUMN:
        return qni_ir_column(ir, symbol->index);
    case QNI_SYMBOL_CONSTANT:
        number = NAN;
        (void)qni_constant_find(qni_symbol_name(tree, index), &number);
        return qni_ir_number(ir, number);
    default:
        return qni_ir_parameter(ir, symbol->index);
    }
}

static int32_t lower_node(qni_ir *ir, const qni_tree *tree, const qni_tree_node *node, const int32_t *lowered)
{
    int32_t args[3] = {-1, -1, -1};
    switch ((qni_tree_kind)node->kind) {
    case QNI_TREE_NUMBER:
        return qni_ir_number(ir, node->number);
    case QNI_TREE_NAME:
        return lower_name(ir, tree, node->symbol, lowered);
    case QNI_TREE_OPERATION:
        break;
    case QNI_TREE_CALL:
        assert(false); /* taken out by hoist.c */
        return -1;
    }
    for (int k = 0; k < qni_op_infos[node->op].arity; k++)
        args[k] = lowered[node->operands[k]];
    qni_definition *define = qni_definition_of((qni_op)node->op);
    if (define != NULL && ir->status == QN_OK)
        return define(ir, args[0], args[1], args[2]);
    return qni_ir_op(ir, (qni_op)node->op, args[0], args[1], args[2]);
}

void qni_lower(qni_ir *ir, const qni_tree *tree, const qni_names *names, int32_t *left, int32_t *right)
{
    *left = *right = -1;
    int32_t *lowered = qni_alloc(ir->allocator, tree->count, sizeof *lowered);
    if (lowered == NULL) {
        ir->status = qni_error(ir->err, QN_NOMEM, "out of memory for a formula's operations");
        return;
    }
    for (int64_t i = 0; i < tree->count && ir->status == QN_OK; i++)
        lowered[i] = lower_node(ir, tree, &tree->nodes[i], lowered);
    if (ir->status == QN_OK) {
        *left = tree->left < 0 ? -1 : lowered[tree->left];
        *right = lowered[tree->right];
        if (names->response_column >= 0)
            *left = qni_ir_column(ir, names->response_column);
    }
    qni_free(ir->allocator, lowered, tree->count, sizeof *lowered);
}

qn_status qni_model_lower(qni_ir *ir, const qn_model *model, int32_t *left, int32_t *right, qn_error *err)
{
    const qni_columns columns = {.names = model->names.columns, .count = model->names.column_count};
    int32_t response = model->names.response_column;
    qni_tree tree;
    qni_names names;
    qn_arena *arena = NULL;
    *left = *right = -1;
    qn_status status =
        qni_tree_init(&tree, model->formula, (int32_t)strlen(model->formula), &columns, ir->allocator, err);
    if (status == QN_OK)
        status = qn_arena_new(&arena, ir->allocator, QNI_MODEL_CHUNK_SIZE, err);
    if (status == QN_OK)
        status = qni_names_resolve(&names, &tree, model->formula, &columns,
                                   response < 0 ? NULL : columns.names[response], arena, err);
    if (status == QN_OK) {
        qni_lower(ir, &tree, &names, left, right);
        status = ir->status;
    }
    qn_arena_free(arena);
    qni_tree_fini(&tree);
    return status;
}
