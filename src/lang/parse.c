/* lang/parse.c: tokens become a tree: precedence climbing.
 *
 *   formula = [ expression "=" ] expression
 *   operators, loosest first:  + -  |  * /  |  unary + -  |  ^, from the right, with a sign in its exponent
 *
 * The only recursion in the folder; its depth is limited. The first error ends it. */
#include "lang/syntax_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "lang/limits.h"

#include <assert.h>
#include <string.h>

enum {
    NONE = 0,
    SUM,
    PRODUCT,
    SIGN,
    POWER
};

/* Does not recurse, and has text buffers of its own: inlined, they would be in the frame of every level of the
 * recursion. */
#define LEAF __attribute__((noinline))

typedef struct parser {
    qni_lexer lexer;
    qni_token token;  /* the one to be looked at */
    qni_token before; /* the one before it */
    qni_tree *tree;
    const qni_columns *columns;
    int depth;
    qn_status status;
    qn_error *err;
} parser;

static int32_t expression(parser *p, int least);

#define FAIL(p, code, offset, ...) \
    ((p)->status = qni_error_at((p)->err, (code), NULL, 0, (offset) + 1, __VA_ARGS__), -1)

static bool advance(parser *p)
{
    p->before = p->token;
    p->status = qni_lexer_next(&p->lexer, &p->token, p->err);
    return p->status == QN_OK;
}

static qni_clipped text_of(const parser *p, const qni_token *t)
{
    return qni_clip(p->lexer.text + t->offset, t->size);
}

static int32_t add_node(parser *p, qni_tree_node node)
{
    qni_tree *tree = p->tree;
    if (tree->count == QNI_FORMULA_NODES_MAX)
        return FAIL(p, QN_LIMIT, node.offset, "the formula has more than %d numbers, names and operations",
                    QNI_FORMULA_NODES_MAX);
    if (!qni_grow(tree->allocator, (void **)&tree->nodes, &tree->capacity, tree->count + 1, sizeof *tree->nodes))
        return FAIL(p, QN_NOMEM, node.offset, "out of memory for a formula of %d bytes", (int)p->lexer.size);
    tree->nodes[tree->count] = node;
    return (int32_t)tree->count++;
}

static int32_t add_operation(parser *p, qni_op op, int32_t offset, int32_t a, int32_t b)
{
    return add_node(
        p, (qni_tree_node){.kind = QNI_TREE_OPERATION, .op = (uint8_t)op, .offset = offset, .operands = {a, b, -1}});
}

static bool starts_operand(int kind)
{
    return kind == QNI_TOKEN_NUMBER || kind == QNI_TOKEN_NAME || kind == QNI_TOKEN_QUOTED || kind == '(';
}

/* After a whole operand comes what cannot follow one. */
static LEAF int32_t fail_after_operand(parser *p)
{
    const qni_token *t = &p->token;
    if (starts_operand(t->kind)) {
        qni_clipped a = text_of(p, &p->before), b = text_of(p, t);
        const char *tail = t->kind == '(' ? "…)" : "", *head = p->before.kind == ')' ? "(…" : "";
        if (p->before.kind == QNI_TOKEN_NAME && t->kind == QNI_TOKEN_NAME)
            return FAIL(p, QN_SYNTAX, t->offset,
                        "an operator is missing: for the product write %s*%s, for a name with a space write `%s %s` in "
                        "backticks",
                        a.text, b.text, a.text, b.text);
        return FAIL(p, QN_SYNTAX, t->offset, "an operator is missing: for the product write %s%s*%s%s", head, a.text,
                    b.text, tail);
    }
    if (t->kind == ')')
        return FAIL(p, QN_SYNTAX, t->offset, "this ) has no ( before it");
    if (t->kind == ',')
        return FAIL(p, QN_SYNTAX, t->offset,
                    "a comma separates the arguments of a function only; a decimal point is written as a point");
    assert(t->kind == '=');
    if (p->depth > 0)
        return FAIL(p, QN_SYNTAX, t->offset, "the = cannot stand inside parentheses");
    return FAIL(p, QN_SYNTAX, t->offset, "a formula has one =");
}

/* An operand should start here. */
static LEAF int32_t fail_before_operand(parser *p)
{
    const qni_token *t = &p->token, *b = &p->before;
    if (t->kind == QNI_TOKEN_END && p->tree->count == 0 && b->size == 0)
        return FAIL(p, QN_SYNTAX, t->offset, "the formula is empty");
    qni_clipped before = text_of(p, b), here = text_of(p, t);
    if (t->kind == QNI_TOKEN_END)
        return FAIL(p, QN_SYNTAX, t->offset, "the formula ends after \"%s\" where a number, a name or ( should follow",
                    before.text);
    if (b->size == 0)
        return FAIL(p, QN_SYNTAX, t->offset, "a formula cannot start with \"%s\"", here.text);
    return FAIL(p, QN_SYNTAX, t->offset, "a number, a name or ( should stand between \"%s\" and \"%s\"", before.text,
                here.text);
}

/* The ) that closes the ( at `open`. */
static bool expect_close(parser *p, int32_t open)
{
    if (p->token.kind == ')')
        return advance(p);
    if (p->token.kind == QNI_TOKEN_END)
        (void)FAIL(p, QN_SYNTAX, open, "this ( is never closed");
    else
        (void)fail_after_operand(p);
    return false;
}

/* name "(" … ")"; the token is the "(". */
static int32_t call(parser *p, const qni_token *name)
{
    const char *text = p->lexer.text + name->offset;
    int op = qni_function_find(text, name->size);
    if (op < 0) {
        p->status = qni_function_unknown(p->lexer.text, p->lexer.size, name, p->columns, p->err);
        return -1;
    }
    const qni_op_info *info = &qni_op_infos[op];
    int32_t open = p->token.offset, operands[3] = {-1, -1, -1};
    int count = 0;
    if (!advance(p))
        return -1;
    while (p->token.kind != ')' || count > 0) {
        int32_t operand = expression(p, SUM);
        if (operand < 0)
            return -1;
        if (count < info->arity)
            operands[count] = operand;
        count++;
        if (p->token.kind != ',')
            break;
        if (!advance(p))
            return -1;
    }
    if (!expect_close(p, open))
        return -1;
    if (count != info->arity)
        return FAIL(p, QN_SYNTAX, name->offset, "%s takes %d argument%s, here %s %d", info->text, info->arity,
                    info->arity == 1 ? "" : "s", count == 1 ? "is" : "are", count);
    return add_node(p, (qni_tree_node){.kind = QNI_TREE_OPERATION,
                                       .op = (uint8_t)op,
                                       .offset = name->offset,
                                       .operands = {operands[0], operands[1], operands[2]}});
}

/* The text between backticks, doubled ones made single. Returns its size. */
static int64_t unquote(char *out, const char *text, int32_t size)
{
    int64_t used = 0;
    for (int32_t i = 1; i < size - 1; i++) {
        out[used++] = text[i];
        if (text[i] == '`')
            i++;
    }
    return used;
}

static LEAF int32_t name_node(parser *p, const qni_token *t)
{
    char plain[QNI_FORMULA_NAME_SIZE_MAX];
    const char *name = p->lexer.text + t->offset;
    int64_t size = t->size;
    if (t->kind == QNI_TOKEN_QUOTED) {
        size = unquote(plain, name, t->size);
        name = plain;
    }
    int64_t known = p->tree->symbol_count;
    int32_t symbol = qni_symbol_add(p->tree, name, size, t->offset, &p->status, p->err);
    if (symbol < 0)
        return -1;
    if (symbol == known)
        p->tree->symbols[symbol].quoted = t->kind == QNI_TOKEN_QUOTED;
    return add_node(p, (qni_tree_node){.kind = QNI_TREE_NAME, .offset = t->offset, .symbol = symbol});
}

/* A number, a name, a call, parentheses. */
static int32_t primary(parser *p)
{
    qni_token t = p->token;
    if (!starts_operand(t.kind))
        return fail_before_operand(p);
    if (!advance(p))
        return -1;
    if (t.kind == QNI_TOKEN_NUMBER)
        return add_node(p, (qni_tree_node){.kind = QNI_TREE_NUMBER, .offset = t.offset, .number = t.number});
    if (t.kind == QNI_TOKEN_NAME && p->token.kind == '(')
        return call(p, &t);
    if (t.kind != '(')
        return name_node(p, &t);
    int32_t node = expression(p, SUM);
    return node >= 0 && expect_close(p, t.offset) ? node : -1;
}

static int32_t signed_operand(parser *p)
{
    qni_token t = p->token;
    if (t.kind != '-' && t.kind != '+')
        return primary(p);
    if (!advance(p))
        return -1;
    int32_t operand = expression(p, SIGN);
    return operand < 0 || t.kind == '+' ? operand : add_operation(p, QNI_OP_NEG, t.offset, operand, -1);
}

static int precedence(int kind, qni_op *op)
{
    switch (kind) {
    case '+':
        *op = QNI_OP_ADD;
        return SUM;
    case '-':
        *op = QNI_OP_SUB;
        return SUM;
    case '*':
        *op = QNI_OP_MUL;
        return PRODUCT;
    case '/':
        *op = QNI_OP_DIV;
        return PRODUCT;
    case '^':
        *op = QNI_OP_POW;
        return POWER;
    default:
        return NONE;
    }
}

/* An expression of operators that bind at least as tightly as `least`. */
static int32_t expression(parser *p, int least)
{
    if (p->depth == QNI_FORMULA_DEPTH_MAX)
        return FAIL(p, QN_LIMIT, p->token.offset, "the formula is nested more than %d deep here",
                    QNI_FORMULA_DEPTH_MAX);
    p->depth++;
    int32_t left = signed_operand(p);
    qni_op op;
    int level;
    while (left >= 0 && (level = precedence(p->token.kind, &op)) != NONE && level >= least) {
        int32_t offset = p->token.offset;
        if (!advance(p))
            return -1;
        int32_t right = expression(p, level == POWER ? POWER : level + 1);
        left = right < 0 ? -1 : add_operation(p, op, offset, left, right);
    }
    p->depth--;
    return left;
}

/* Marks on which side each symbol stands. */
static void mark_sides(qni_tree *tree)
{
    for (int64_t i = 0; i < tree->count; i++) {
        if (tree->nodes[i].kind != QNI_TREE_NAME)
            continue;
        qni_symbol *symbol = &tree->symbols[tree->nodes[i].symbol];
        if (i <= tree->left)
            symbol->on_left = true;
        else
            symbol->on_right = true;
    }
}

static void formula(parser *p)
{
    qni_tree *tree = p->tree;
    if (!advance(p))
        return;
    int32_t start = p->token.offset;
    tree->right = expression(p, SUM);
    if (tree->right < 0)
        return;
    if (p->token.kind == '=') {
        tree->left = tree->right;
        tree->left_offset = start;
        tree->left_size = p->before.offset + p->before.size - start;
        if (!advance(p))
            return;
        tree->right = expression(p, SUM);
    }
    if (tree->right >= 0 && p->token.kind != QNI_TOKEN_END)
        (void)fail_after_operand(p);
}

qn_status qni_tree_init(qni_tree *tree, const char *text, int32_t size, const qni_columns *columns,
                        const qn_allocator *allocator, qn_error *err)
{
    *tree = (qni_tree){.allocator = allocator, .left = -1, .right = -1};
    parser p = {.lexer = {.text = text, .size = size}, .tree = tree, .columns = columns, .err = err};
    formula(&p);
    if (p.status == QN_OK)
        mark_sides(tree);
    return p.status;
}

void qni_tree_fini(qni_tree *tree)
{
    qni_free(tree->allocator, tree->nodes, tree->capacity, sizeof *tree->nodes);
    qni_free(tree->allocator, tree->symbols, tree->symbol_capacity, sizeof *tree->symbols);
    qni_free(tree->allocator, tree->names, tree->names_capacity, 1);
    qni_free(tree->allocator, tree->slots, tree->slot_count, sizeof *tree->slots);
    *tree = (qni_tree){.left = -1, .right = -1};
}
