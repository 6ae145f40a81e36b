/* lang/hoist.c: calls of functions that keep state become steps; what remains of the formula, and each argument that is
 * no column, a model.
 *
 * The parser has noted the calls in order, those in an argument before the call. A part of the tree is made a formula
 * of its own by copying the nodes that it needs, intermediates as statements, calls as the names of their columns; it
 * is printed and compiled. Errors that this gives have the place of the call. One thread. */
#include "lang/hoist_int.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/number.h"
#include "lang/limits.h"
#include "lang/names_int.h"
#include "mem/refuse.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct hoister {
    qni_hoisted *out;
    qni_tree tree;
    const char *text;
    const qn_allocator *allocator;
    qn_arena *scratch;    /* holds what follows */
    const char **columns; /* (column_count) those that there are, then those of steps */
    int64_t column_count;
    const char **made; /* (tree.call_count) the column of each call */
    bool *used;        /* (tree.count) what the formula's value needs */
    bool *needed;      /* (tree.count) what the part that is being copied needs */
    int32_t *copied;   /* (tree.count) its nodes in the copy */
    int64_t nodes;     /* copied for arguments */
    qn_error *err;
} hoister;

/* Marks what the value of `root` needs. A node's operands, an intermediate's definition and a call's arguments all come
 * before it. */
static void mark(const hoister *h, bool *marks, int32_t root, bool into_calls)
{
    const qni_tree *tree = &h->tree;
    memset(marks, 0, (size_t)root + 1);
    marks[root] = true;
    for (int32_t i = root; i >= 0; i--) {
        const qni_tree_node *n = &tree->nodes[i];
        if (!marks[i] || n->kind == QNI_TREE_NUMBER)
            continue;
        if (n->kind == QNI_TREE_NAME && tree->symbols[n->symbol].definition >= 0)
            marks[tree->symbols[n->symbol].definition] = true;
        if (n->kind == QNI_TREE_OPERATION)
            for (int k = 0; k < qni_op_infos[n->op].arity; k++)
                marks[n->operands[k]] = true;
        if (n->kind == QNI_TREE_CALL && into_calls)
            for (int k = 0; k < tree->calls[n->call].count; k++)
                marks[tree->calls[n->call].arguments[k]] = true;
    }
}

/* The node that a name of an intermediate stands for, through any number of names. */
static const qni_tree_node *meant(const qni_tree *tree, int32_t *node)
{
    const qni_tree_node *n = &tree->nodes[*node];
    while (n->kind == QNI_TREE_NAME && tree->symbols[n->symbol].definition >= 0) {
        *node = tree->symbols[n->symbol].definition;
        n = &tree->nodes[*node];
    }
    return n;
}

/* ---- a part as a formula of its own ---- */

static int32_t copy_name(qni_tree *to, const char *name, int64_t size, bool quoted, int32_t offset, qn_status *status,
                         qn_error *err)
{
    const int64_t known = to->symbol_count;
    const int32_t symbol = qni_symbol_add(to, name, size, offset, status, err);
    if (symbol < 0)
        return -1;
    if (symbol == known)
        to->symbols[symbol].quoted = quoted;
    return qni_tree_add(to, (qni_tree_node){.kind = QNI_TREE_NAME, .offset = offset, .symbol = symbol}, status, err);
}

static int32_t copy_node(const hoister *h, qni_tree *to, int32_t node, qn_status *status)
{
    const qni_tree *from = &h->tree;
    const qni_tree_node *n = &from->nodes[node];
    if (n->kind == QNI_TREE_CALL) {
        const char *column = h->made[n->call];
        return copy_name(to, column, (int64_t)strlen(column), true, n->offset, status, h->err);
    }
    if (n->kind == QNI_TREE_NAME) {
        const qni_symbol *s = &from->symbols[n->symbol];
        return copy_name(to, qni_symbol_name(from, n->symbol), s->size, s->quoted, n->offset, status, h->err);
    }
    qni_tree_node copy = *n;
    for (int k = 0; n->kind == QNI_TREE_OPERATION && k < qni_op_infos[n->op].arity; k++)
        copy.operands[k] = h->copied[n->operands[k]];
    return qni_tree_add(to, copy, status, h->err);
}

/* Copies the marked nodes up to `root`. */
static qn_status copy_part(const hoister *h, qni_tree *to, int32_t root)
{
    const qni_tree *from = &h->tree;
    int64_t next = 0; /* the statement whose node is to come */
    qn_status status = QN_OK;
    for (int32_t i = 0; i <= root && status == QN_OK; i++) {
        while (next < from->statement_count && from->statements[next].node < i)
            next++;
        if (!h->needed[i])
            continue;
        const int32_t node = h->copied[i] = copy_node(h, to, i, &status);
        if (node < 0 || i == root || next == from->statement_count || from->statements[next].node != i)
            continue;
        const int32_t defined = from->statements[next].symbol;
        const qni_symbol *s = &from->symbols[defined];
        const int32_t symbol = qni_symbol_add(to, qni_symbol_name(from, defined), s->size, s->offset, &status, h->err);
        if (symbol >= 0)
            (void)qni_tree_define(to, symbol, node, &status, h->err);
    }
    to->right = (int32_t)to->count - 1;
    return status;
}

qn_status qni_hoist_place(qn_status status, int64_t place, qn_error *err)
{
    if (status != QN_OK && err != NULL)
        err->column = status == QN_CONFIG ? 0 : place;
    return status;
}

/* The model of the part that is marked, up to `root`. */
static qn_status compile(qn_model **out, const hoister *h, int32_t root)
{
    qni_tree part;
    char *text = NULL;
    int64_t size = 0;
    *out = NULL;
    qni_tree_empty(&part, h->allocator);
    qn_status status = copy_part(h, &part, root);
    if (status == QN_OK)
        status = qni_tree_print(&text, &size, &part, h->err);
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = h->columns;
    options.column_count = h->column_count;
    options.allocator = h->allocator;
    if (status == QN_OK)
        status = qn_model_new(out, text, size, &options, h->err);
    assert(*out == NULL || qn_model_parameter_count(*out) == 0);
    qni_free(h->allocator, text, size + 1, 1);
    qni_tree_fini(&part);
    return status;
}

/* The same of an argument: marks it as well. */
static qn_status compile_argument(qn_model **out, hoister *h, int32_t root, int64_t place)
{
    *out = NULL;
    for (int32_t i = 0; i <= root; i++)
        h->nodes += h->needed[i];
    if (h->nodes > QNI_HOIST_NODES_MAX)
        return qni_error_at(h->err, QN_LIMIT, NULL, 0, place,
                            "the arguments of functions that keep state have more than %d numbers, names and operations"
                            " in all, counting intermediates for each: make columns of their own of them",
                            QNI_HOIST_NODES_MAX);
    return qni_hoist_place(compile(out, h, root), place, h->err);
}

/* ---- steps ---- */

static bool has_column(const hoister *h, const char *name)
{
    for (int64_t i = 0; i < h->column_count; i++)
        if (strcmp(h->columns[i], name) == 0)
            return true;
    return false;
}

/* A step that makes `column`, kept in the arena; its model is taken over, in failure too. */
static qn_status add_step(qni_hoist_step **out, hoister *h, const char *column, const qni_tree_call *call,
                          int64_t place, qn_model *model)
{
    qni_hoist_step *step = &h->out->steps[h->out->count];
    *step = (qni_hoist_step){.place = place, .model = model, .function = (qni_stateful)call->function};
    const qni_clipped shown = qni_clip(h->text + call->offset, call->size);
    qn_status status = qni_names_copy(&step->column, h->out->arena, column, (int64_t)strlen(column), h->err);
    if (status == QN_OK)
        status = qni_names_copy(&step->text, h->out->arena, shown.text, (int64_t)strlen(shown.text), h->err);
    h->out->count++;
    h->columns[h->column_count] = step->column;
    h->column_count += status == QN_OK;
    *out = step;
    return status;
}

/* The column that is called so, kept where steps can refer to it. */
static qn_status keep(const char **out, const hoister *h, const char *name)
{
    return qni_names_copy(out, h->out->arena, name, (int64_t)strlen(name), h->err);
}

/* An argument that is a series: the column that has it, made by a step where there is none yet. */
static qn_status series(const char **out, hoister *h, const qni_tree_call *call, int k)
{
    int32_t root = call->arguments[k];
    const qni_tree_node *n = meant(&h->tree, &root);
    if (n->kind == QNI_TREE_CALL)
        return keep(out, h, h->made[n->call]);
    if (n->kind == QNI_TREE_NAME && h->tree.symbols[n->symbol].kind == QNI_SYMBOL_COLUMN)
        return keep(out, h, qni_symbol_name(&h->tree, n->symbol));
    qn_model *model;
    mark(h, h->needed, root, false);
    const int64_t place = call->places[k] + 1;
    qn_status status = compile_argument(&model, h, root, place);
    if (status != QN_OK)
        return status;
    char column[2 + QN_MODEL_DIGEST_SIZE] = "=#";
    status = qn_model_digest(column + 2, model, h->err);
    if (status == QN_OK)
        status = keep(out, h, column);
    if (status != QN_OK || has_column(h, column)) {
        qn_model_unref(model);
        return status;
    }
    qni_hoist_step *step;
    return add_step(&step, h, column, call, place, model);
}

/* An argument that is a constant. */
static qn_status constant(double *out, hoister *h, const qni_tree_call *call, int k)
{
    int32_t root = call->arguments[k];
    const int64_t place = call->places[k] + 1;
    const qni_tree_node *only = meant(&h->tree, &root);
    if (only->kind == QNI_TREE_NUMBER) {
        *out = only->number;
        return QN_OK;
    }
    mark(h, h->needed, root, false);
    for (int32_t i = 0; i <= root; i++) {
        const qni_tree_node *n = &h->tree.nodes[i];
        if (h->needed[i] && (n->kind == QNI_TREE_CALL ||
                             (n->kind == QNI_TREE_NAME && h->tree.symbols[n->symbol].kind == QNI_SYMBOL_COLUMN)))
            return qni_error_at(h->err, QN_SYNTAX, NULL, 0, place,
                                "argument %d of %s is a constant, this changes from record to record: %s", k + 1,
                                qni_stateful_infos[call->function].name, qni_stateful_infos[call->function].usage);
    }
    qn_model *model;
    qn_model_workspace *workspace = NULL;
    qn_status status = compile_argument(&model, h, root, place);
    if (status == QN_OK)
        status = qn_model_workspace_new(&workspace, model, h->allocator, h->err);
    if (status == QN_OK)
        qn_model_eval(model, workspace, NULL, 0, 1, NULL, out, NULL, 1);
    if (status == QN_OK && !isfinite(*out))
        status = qni_error_at(h->err, QN_SYNTAX, NULL, 0, place, "argument %d of %s is no finite number", k + 1,
                              qni_stateful_infos[call->function].name);
    qn_model_workspace_free(workspace);
    qn_model_unref(model);
    return status;
}

enum {
    SPELLED_SIZE =
        16 + QNI_STATEFUL_SERIES * (2 * QNI_FORMULA_NAME_SIZE_MAX + 8) + QNI_STATEFUL_CONSTANTS * (QNI_NUMBER_SIZE + 2)
};

/* Writes a column as it stands in a call: odd names in backticks, those of steps as the calls that they are. Returns
 * its size. */
static int64_t spell(char *out, const char *column)
{
    int64_t used = 0;
    const bool quoted = !qni_hoist_is_hidden(column) && qni_name_is_odd(column);
    if (quoted)
        out[used++] = '`';
    for (const char *c = column + qni_hoist_is_hidden(column); *c != '\0'; c++) {
        out[used++] = *c;
        if (quoted && *c == '`')
            out[used++] = '`';
    }
    if (quoted)
        out[used++] = '`';
    return used;
}

/* Bytes of a name that is written between backticks. */
static int64_t quoted_size(const char *name)
{
    int64_t size = 2;
    for (; *name != '\0'; name++)
        size += 1 + (*name == '`');
    return size;
}

/* The column of a call, "=ema(price, 20)"; where that is too long for a name, its digest. */
static void name_call(char out[SPELLED_SIZE], const qni_hoist_step *step)
{
    const qni_stateful_info *info = &qni_stateful_infos[step->function];
    int64_t used = snprintf(out, SPELLED_SIZE, "=%s(", info->name);
    for (int k = 0; k < info->series; k++) {
        assert(step->series[k] != NULL);
        memcpy(out + used, ", ", 2);
        used += k > 0 ? 2 : 0;
        used += spell(out + used, step->series[k]);
    }
    for (int k = 0; k < step->constant_count; k++) {
        memcpy(out + used, ", ", 2);
        used += 2;
        used += qni_number_format(out + used, step->constants[k]);
    }
    memcpy(out + used, ")", 2);
    assert(used + 2 <= SPELLED_SIZE);
    if (quoted_size(out) <= QNI_FORMULA_NAME_SIZE_MAX)
        return;
    const qni_digest digest = qni_digest_of(out, used + 1);
    char text[QNI_DIGEST_TEXT_SIZE];
    qni_digest_text(text, &digest);
    snprintf(out, SPELLED_SIZE, "=%s(#%s)", info->name, text);
}

/* The step of a call, after those of its arguments. */
static qn_status hoist_call(hoister *h, int64_t index)
{
    const qni_tree_call *call = &h->tree.calls[index];
    const int inputs = qni_stateful_infos[call->function].series;
    qni_hoist_step made = {.function = (qni_stateful)call->function, .constant_count = call->count - inputs}, *step;
    qn_status status = QN_OK;
    for (int k = 0; k < inputs && status == QN_OK; k++)
        status = series(&made.series[k], h, call, k);
    for (int k = inputs; k < call->count && status == QN_OK; k++)
        status = constant(&made.constants[k - inputs], h, call, k);
    if (status != QN_OK)
        return status;
    char column[SPELLED_SIZE];
    name_call(column, &made);
    status = keep(&h->made[index], h, column);
    if (status != QN_OK || has_column(h, column))
        return status;
    status = add_step(&step, h, column, call, call->offset + 1, NULL);
    memcpy(step->series, made.series, sizeof step->series);
    memcpy(step->constants, made.constants, sizeof step->constants);
    step->constant_count = made.constant_count;
    return status;
}

/* ---- the whole ---- */

static qn_status take(void *out, qn_arena *arena, int64_t count, int64_t size, qn_error *err)
{
    void *taken = NULL;
    const qn_status status = qn_arena_take(&taken, arena, count * size, err);
    memcpy(out, &taken, sizeof taken);
    return status;
}

/* Room for all that is to come, which the tree bounds. */
static qn_status make_room(hoister *h, const qni_columns *columns)
{
    const int64_t steps = h->tree.call_count * (1 + QNI_STATEFUL_SERIES), nodes = h->tree.count;
    qn_status status = qn_arena_new(&h->out->arena, h->allocator, QNI_MODEL_CHUNK_SIZE, h->err);
    if (status == QN_OK)
        status = qn_arena_new(&h->scratch, h->allocator, QNI_MODEL_CHUNK_SIZE, h->err);
    if (status == QN_OK)
        status = take(&h->out->steps, h->out->arena, steps, sizeof *h->out->steps, h->err);
    if (status == QN_OK)
        status = take(&h->columns, h->scratch, columns->count + steps, sizeof *h->columns, h->err);
    if (status == QN_OK)
        status = take(&h->made, h->scratch, h->tree.call_count, sizeof *h->made, h->err);
    if (status == QN_OK)
        status = take(&h->used, h->scratch, nodes, sizeof *h->used, h->err);
    if (status == QN_OK)
        status = take(&h->needed, h->scratch, nodes, sizeof *h->needed, h->err);
    if (status == QN_OK)
        status = take(&h->copied, h->scratch, nodes, sizeof *h->copied, h->err);
    if (status == QN_OK && columns->count > 0)
        memcpy(h->columns, columns->names, (size_t)columns->count * sizeof *h->columns);
    h->column_count = columns->count;
    return status;
}

static qn_status build(hoister *h, const qni_columns *columns)
{
    int32_t name;
    qn_status status = qni_hoist_names(&name, &h->tree, h->text, columns, h->err);
    if (status == QN_OK)
        status = make_room(h, columns);
    if (status != QN_OK)
        return status;
    const int32_t root = h->tree.right;
    mark(h, h->used, root, true);
    for (int64_t i = 0; i < h->tree.call_count && status == QN_OK; i++)
        if (h->used[h->tree.calls[i].node])
            status = hoist_call(h, i);
    if (status == QN_OK)
        status = keep(&h->out->name, h, qni_symbol_name(&h->tree, name));
    if (status != QN_OK)
        return status;
    mark(h, h->needed, root, false);
    return qni_hoist_place(compile(&h->out->model, h, root), h->tree.nodes[root].offset + 1, h->err);
}

qn_status qni_hoist(qni_hoisted *out, const char *formula, int64_t size, const char *const *columns,
                    int64_t column_count, const qn_allocator *allocator, qn_error *err)
{
    *out = (qni_hoisted){.count = 0};
    if (size > QNI_FORMULA_SIZE_MAX)
        return qni_error(err, QN_LIMIT, "a formula may have at most %d bytes, this one has %lld", QNI_FORMULA_SIZE_MAX,
                         (long long)size);
    const qni_columns known = {.names = columns, .count = column_count, .stream = true};
    hoister h = {.out = out, .text = formula, .allocator = allocator, .err = err};
    qn_status status = qni_tree_init(&h.tree, formula, (int32_t)size, &known, allocator, err);
    if (status == QN_OK)
        status = build(&h, &known);
    qni_tree_fini(&h.tree);
    qn_arena_free(h.scratch);
    return status;
}

void qni_hoisted_fini(qni_hoisted *hoisted)
{
    for (int64_t i = 0; i < hoisted->count; i++)
        qn_model_unref(hoisted->steps[i].model);
    qn_model_unref(hoisted->model);
    qn_arena_free(hoisted->arena);
    *hoisted = (qni_hoisted){.count = 0};
}
