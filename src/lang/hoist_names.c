/* lang/hoist_names.c: what the names in a formula of a stream stand for: columns, intermediates, constants, and on the
 * left of the last statement the new column. A stream has no parameters: any other name is an error. One thread. */
#include "lang/hoist_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/nearest.h"

#include <string.h>

typedef struct reader {
    qni_tree *tree;
    const char *text;
    const qni_columns *columns;
    qn_error *err;
} reader;

static bool is_column(const reader *r, const char *name)
{
    for (int64_t i = 0; i < r->columns->count; i++)
        if (strcmp(r->columns->names[i], name) == 0)
            return !qni_hoist_is_hidden(name);
    return false;
}

static qni_clipped clip(const char *name)
{
    return qni_clip(name, (int64_t)strlen(name));
}

/* The column, from 1, where the model, the last statement, starts. */
static int64_t start_of_model(const qni_tree *tree)
{
    int32_t least = tree->nodes[tree->model].offset;
    for (int64_t i = tree->model; i < tree->count; i++)
        if (tree->nodes[i].offset < least)
            least = tree->nodes[i].offset;
    return least + 1;
}

/* Where a name stands first on the right, from 1. */
static int64_t place_of(const qni_tree *tree, int32_t symbol)
{
    for (int32_t i = 0; i < tree->count; i++)
        if (i != tree->left && tree->nodes[i].kind == QNI_TREE_NAME && tree->nodes[i].symbol == symbol)
            return tree->nodes[i].offset + 1;
    return tree->symbols[symbol].offset + 1;
}

/* "name = …" with a name that is new. */
static qn_status check_left(int32_t *out, const reader *r)
{
    const qni_tree *tree = r->tree;
    const qni_tree_node *right = &tree->nodes[tree->right];
    if (tree->left < 0)
        return qni_error_at(r->err, QN_SYNTAX, NULL, 0, start_of_model(tree),
                            right->kind == QNI_TREE_OPERATION && right->op == QNI_OP_EQ
                                ? "this is a comparison: to make a column of that name write one ="
                                : "the formula makes no column: write name = … with the name that it is to have");
    const int64_t place = tree->left_offset + 1;
    if (r->text[tree->left_offset] == '`')
        return qni_error_at(r->err, QN_SYNTAX, NULL, 0, place,
                            "a new column has a plain name of letters, digits and _, without backticks");
    const qni_tree_node *left = &tree->nodes[tree->left];
    if (left->kind != QNI_TREE_NAME || tree->symbols[left->symbol].size != tree->left_size)
        return qni_error_at(r->err, QN_SYNTAX, NULL, 0, place,
                            "on the left stands nothing but the name of the new column: name = …");
    const char *name = qni_symbol_name(tree, left->symbol);
    double number;
    if (qni_constant_find(name, &number))
        return qni_error_at(r->err, QN_NAME, NULL, 0, place, "\"%s\" is a constant: give the column another name",
                            name);
    if (tree->symbols[left->symbol].definition >= 0)
        return qni_error_at(r->err, QN_NAME, NULL, 0, place,
                            "\"%s\" is an intermediate of this formula: give the column another name", clip(name).text);
    if (is_column(r, name))
        return qni_error_at(r->err, QN_NAME, NULL, 0, place,
                            "there is a column \"%s\" already: give the new one another name", clip(name).text);
    *out = left->symbol;
    return QN_OK;
}

/* The column or intermediate that was most likely meant: its index in `names`, room for all of them; -1: none. */
static int64_t nearest_name(const reader *r, const char *name, const char **names)
{
    int64_t count = 0;
    for (int64_t i = 0; i < r->columns->count; i++)
        if (!qni_hoist_is_hidden(r->columns->names[i]))
            names[count++] = r->columns->names[i];
    for (int64_t i = 0; i < r->tree->statement_count; i++)
        names[count++] = qni_symbol_name(r->tree, r->tree->statements[i].symbol);
    return qni_nearest(name, names, count);
}

static qn_status refuse_unknown(const reader *r, const char *name, int64_t place)
{
    const int64_t size = (int64_t)strlen(name), room = r->columns->count + r->tree->statement_count;
    const int stateful = qni_stateful_find(name, size);
    if (stateful >= 0)
        return qni_error_at(r->err, QN_NAME, NULL, 0, place, "\"%s\" is a function and no column: it is called as %s",
                            name, qni_stateful_infos[stateful].usage);
    if (qni_function_find(name, size) >= 0)
        return qni_error_at(r->err, QN_NAME, NULL, 0, place, "\"%s\" is a function and no column: write %s(…)", name,
                            name);
    const char **names = qni_alloc(r->tree->allocator, room, sizeof *names);
    if (names == NULL)
        return qni_error(r->err, QN_NOMEM, "out of memory for the names of a formula");
    const int64_t nearest = nearest_name(r, name, names);
    const qni_clipped near_shown = clip(nearest < 0 ? "" : names[nearest]);
    qni_free(r->tree->allocator, names, room, sizeof *names);
    if (nearest < 0)
        return qni_error_at(r->err, QN_NAME, NULL, 0, place,
                            "\"%s\" is no column of the stream, which has no parameters: write a number instead",
                            clip(name).text);
    return qni_error_at(r->err, QN_NAME, NULL, 0, place, "\"%s\" is no column of the stream: did you mean \"%s\"?",
                        clip(name).text, near_shown.text);
}

static qn_status resolve(const reader *r, int32_t index, int32_t made)
{
    qni_symbol *s = &r->tree->symbols[index];
    const char *name = qni_symbol_name(r->tree, index);
    double number;
    if (s->definition >= 0) {
        s->kind = QNI_SYMBOL_INTERMEDIATE;
        if (!is_column(r, name))
            return QN_OK;
        return qni_error_at(r->err, QN_NAME, NULL, 0, s->offset + 1,
                            "there is a column \"%s\" already: give the intermediate another name", clip(name).text);
    }
    if (!s->on_right)
        return QN_OK;
    if (index == made)
        return qni_error_at(r->err, QN_NAME, NULL, 0, place_of(r->tree, index),
                            "\"%s\" stands in its own definition: what it is made of are columns that there are",
                            clip(name).text);
    if (is_column(r, name))
        s->kind = QNI_SYMBOL_COLUMN;
    else if (!s->quoted && qni_constant_find(name, &number))
        s->kind = QNI_SYMBOL_CONSTANT;
    else
        return refuse_unknown(r, name, place_of(r->tree, index));
    return QN_OK;
}

qn_status qni_hoist_names(int32_t *name, qni_tree *tree, const char *text, const qni_columns *columns, qn_error *err)
{
    const reader r = {.tree = tree, .text = text, .columns = columns, .err = err};
    qn_status status = check_left(name, &r);
    for (int32_t i = 0; i < tree->symbol_count && status == QN_OK; i++)
        status = resolve(&r, i, *name);
    return status;
}
