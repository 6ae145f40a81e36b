/* lang/print.c: a tree in its normal spelling: no parentheses but those that it needs, one space around an operator of
 * two operands but none around ^, numbers in their shortest form.
 *
 * Without recursion: going up through the nodes each one's size is known from its operands'; going down, an operation
 * writes its signs and tells its operands where they start. Linear in the text. One thread. */
#include "lang/syntax_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/number.h"

#include <assert.h>
#include <string.h>

typedef struct printer {
    const qni_tree *tree;
    int32_t *sizes;  /* (tree->count) bytes of a node's text, without what wraps it */
    int32_t *starts; /* (tree->count) where that text starts in `out` */
    char *out;       /* NULL: only sizes are asked for */
} printer;

qni_wrap qni_wrap_of(const qni_tree *tree, qni_op op, int position, int32_t operand)
{
    const qni_tree_node *n = &tree->nodes[operand];
    if (n->kind != QNI_TREE_OPERATION)
        return QNI_WRAP_NONE;
    const qni_level own = qni_level_of(op), inner = qni_level_of((qni_op)n->op);
    if (inner == QNI_LEVEL_PRIMARY && position == 0 && n->op == op && qni_op_is_variadic(op))
        return QNI_WRAP_LIST;
    if (inner == QNI_LEVEL_PRIMARY)
        return QNI_WRAP_CALL;
    qni_level least = own; /* the loosest operator that stands here without parentheses */
    if (own == QNI_LEVEL_PRIMARY)
        least = QNI_LEVEL_NONE; /* an argument */
    else if (own == QNI_LEVEL_POWER)
        least = position == 0 ? QNI_LEVEL_PRIMARY : QNI_LEVEL_SIGN;
    else if (own != QNI_LEVEL_SIGN && (position == 1 || own == QNI_LEVEL_COMPARISON))
        least = own + 1;
    return inner < least ? QNI_WRAP_PARENTHESES : QNI_WRAP_NONE;
}

static int32_t put(const printer *p, int32_t at, const char *text, size_t size)
{
    if (p->out != NULL)
        memcpy(p->out + at, text, size);
    return at + (int32_t)size;
}

static int32_t put_text(const printer *p, int32_t at, const char *text)
{
    return put(p, at, text, strlen(text));
}

/* A name, in backticks where it would be read as something else. A quoted constant is a column of that name. */
static int32_t put_name(const printer *p, int32_t at, int32_t symbol)
{
    const char *name = qni_symbol_name(p->tree, symbol);
    double number;
    if (!qni_name_is_odd(name) && !(p->tree->symbols[symbol].quoted && qni_constant_find(name, &number)))
        return put_text(p, at, name);
    at = put_text(p, at, "`");
    for (; *name != '\0'; name++) {
        at = put(p, at, name, 1);
        if (*name == '`')
            at = put(p, at, name, 1);
    }
    return put_text(p, at, "`");
}

/* A node with what wraps it: here the node itself is only given its place. */
static int32_t put_node(const printer *p, int32_t at, int32_t node, qni_wrap wrap)
{
    if (wrap == QNI_WRAP_CALL)
        at = put_text(p, at, qni_op_infos[p->tree->nodes[node].op].text);
    if (wrap == QNI_WRAP_CALL || wrap == QNI_WRAP_PARENTHESES)
        at = put_text(p, at, "(");
    if (p->out != NULL)
        p->starts[node] = at;
    at += p->sizes[node];
    return wrap == QNI_WRAP_CALL || wrap == QNI_WRAP_PARENTHESES ? put_text(p, at, ")") : at;
}

static const char *sign_of(qni_op op)
{
    return op == QNI_OP_POW ? "^" : qni_op_infos[op].text;
}

/* What stands before the operand `k` that is not the first. */
static int32_t put_between(const printer *p, int32_t at, qni_op op)
{
    qni_level level = qni_level_of(op);
    if (level == QNI_LEVEL_PRIMARY)
        return put_text(p, at, ", ");
    if (level != QNI_LEVEL_POWER)
        at = put_text(p, at, " ");
    at = put_text(p, at, sign_of(op));
    return level == QNI_LEVEL_POWER ? at : put_text(p, at, " ");
}

/* A node's own text from `at` on; returns where it ends. */
static int32_t put_own(const printer *p, int32_t at, const qni_tree_node *n)
{
    if (n->kind == QNI_TREE_NAME)
        return put_name(p, at, n->symbol);
    if (n->kind == QNI_TREE_NUMBER) {
        char number[QNI_NUMBER_SIZE];
        return put(p, at, number, (size_t)qni_number_format(number, n->number));
    }
    const qni_op op = (qni_op)n->op;
    if (qni_level_of(op) == QNI_LEVEL_SIGN)
        at = put_text(p, at, sign_of(op));
    for (int k = 0; k < qni_op_infos[op].arity; k++) {
        if (k > 0)
            at = put_between(p, at, op);
        at = put_node(p, at, n->operands[k], qni_wrap_of(p->tree, op, k, n->operands[k]));
    }
    return at;
}

/* A statement's side: nothing around it, but a call is one. */
static int32_t put_root(const printer *p, int32_t at, int32_t node)
{
    const qni_tree_node *n = &p->tree->nodes[node];
    bool call = n->kind == QNI_TREE_OPERATION && qni_level_of((qni_op)n->op) == QNI_LEVEL_PRIMARY;
    return put_node(p, at, node, call ? QNI_WRAP_CALL : QNI_WRAP_NONE);
}

static int32_t put_statements(const printer *p)
{
    const qni_tree *tree = p->tree;
    int32_t at = 0;
    for (int64_t i = 0; i < tree->statement_count; i++) {
        at = put_name(p, at, tree->statements[i].symbol);
        at = put_text(p, at, " = ");
        at = put_root(p, at, tree->statements[i].node);
        at = put_text(p, at, "; ");
    }
    if (tree->left >= 0) {
        at = put_root(p, at, tree->left);
        at = put_text(p, at, " = ");
    }
    return put_root(p, at, tree->right);
}

static qn_status print(printer *p, int64_t *size, qn_error *err)
{
    const qni_tree *tree = p->tree;
    for (int64_t i = 0; i < tree->count; i++)
        p->sizes[i] = put_own(p, 0, &tree->nodes[i]);
    *size = put_statements(p);
    char *text = qni_alloc(tree->allocator, *size + 1, 1);
    if (text == NULL)
        return qni_error(err, QN_NOMEM, "out of memory for a formula's text");
    p->out = text;
    put_statements(p);
    for (int64_t i = tree->count - 1; i >= 0; i--) {
        int32_t end = put_own(p, p->starts[i], &tree->nodes[i]);
        assert(end == p->starts[i] + p->sizes[i]);
        (void)end;
    }
    text[*size] = '\0';
    return QN_OK;
}

qn_status qni_tree_print(char **out, int64_t *size, const qni_tree *tree, qn_error *err)
{
    assert(tree->right >= 0);
    *out = NULL;
    printer p = {.tree = tree};
    p.sizes = qni_alloc(tree->allocator, tree->count, sizeof *p.sizes);
    p.starts = qni_alloc(tree->allocator, tree->count, sizeof *p.starts);
    qn_status status = p.sizes != NULL && p.starts != NULL
                           ? print(&p, size, err)
                           : qni_error(err, QN_NOMEM, "out of memory for a formula's text");
    *out = p.out;
    qni_free(tree->allocator, p.sizes, tree->count, sizeof *p.sizes);
    qni_free(tree->allocator, p.starts, tree->count, sizeof *p.starts);
    return status;
}
