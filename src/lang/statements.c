/* lang/statements.c: a formula's statements: intermediates, then the model.
 *
 *   formula = { name "=" expression ";" } [ expression "=" ] expression [ ";" ]
 *
 * Which one is the last is known before: so the left side of the others is never read as an expression. */
#include "lang/parse_int.h"

#include <string.h>

/* Where the last statement starts: after the last ; that something follows. A ; is one wherever it stands, but in
 * backticks. */
static int32_t model_start(const char *text, int32_t size)
{
    int32_t start = 0, after = 0;
    bool quoted = false;
    if (memchr(text, ';', (size_t)size) == NULL)
        return 0;
    for (int32_t i = 0; i < size; i++) {
        if (text[i] == '`')
            quoted = !quoted;
        if (text[i] == ';' && !quoted)
            after = i + 1;
        else if (text[i] == '\0' || strchr(" \t\r\n", text[i]) == NULL)
            start = after;
    }
    return start;
}

/* The name on the left of an intermediate must be new. */
static bool check_new(qni_parser *p, const qni_token *name)
{
    const char *text = p->lexer.text + name->offset;
    int32_t symbol = qni_symbol_find(p->tree, text, name->size);
    qni_clipped shown = qni_token_text(p, name);
    double number;
    if (symbol >= 0 && p->tree->symbols[symbol].definition >= 0)
        (void)QNI_FAIL(p, QN_NAME, name->offset, "\"%s\" is defined a second time: give this intermediate another name",
                       shown.text);
    else if (symbol >= 0)
        (void)QNI_FAIL(p, QN_NAME, p->tree->symbols[symbol].offset,
                       "\"%s\" is used before it is defined: put its statement first", shown.text);
    else if (qni_constant_find(shown.text, &number))
        (void)QNI_FAIL(p, QN_NAME, name->offset, "\"%s\" is a constant: give the intermediate another name",
                       shown.text);
    return p->status == QN_OK;
}

/* name "=" expression ";" */
static bool intermediate(qni_parser *p)
{
    const qni_token name = p->token;
    if (name.kind != QNI_TOKEN_NAME)
        return qni_fail_statement(p) >= 0;
    if (!qni_parse_advance(p))
        return false;
    if (p->token.kind != '=')
        return qni_fail_statement(p) >= 0;
    if (!check_new(p, &name) || !qni_parse_advance(p))
        return false;
    int32_t node = qni_parse_expression(p);
    if (node < 0)
        return false;
    if (p->token.kind != ';')
        return qni_fail_after_operand(p) >= 0;
    const char *text = p->lexer.text + name.offset;
    int32_t inside = qni_symbol_find(p->tree, text, name.size);
    if (inside >= 0) {
        (void)QNI_FAIL(p, QN_NAME, p->tree->symbols[inside].offset, "\"%s\" stands in its own definition",
                       qni_token_text(p, &name).text);
        return false;
    }
    int32_t symbol = qni_symbol_add(p->tree, text, name.size, name.offset, &p->status, p->err);
    return symbol >= 0 && qni_tree_define(p->tree, symbol, node, &p->status, p->err) && qni_parse_advance(p);
}

/* [ expression "=" ] expression [ ";" ] */
static void model(qni_parser *p)
{
    qni_tree *tree = p->tree;
    int32_t start = p->token.offset;
    tree->model = (int32_t)tree->count;
    tree->right = qni_parse_expression(p);
    if (tree->right < 0)
        return;
    if (p->token.kind == '=') {
        tree->left = tree->right;
        tree->left_offset = start;
        tree->left_size = p->before.offset + p->before.size - start;
        if (!qni_parse_advance(p))
            return;
        tree->right = qni_parse_expression(p);
    }
    if (tree->right >= 0 && p->token.kind != QNI_TOKEN_END && p->token.kind != ';')
        (void)qni_fail_after_operand(p);
}

static void formula(qni_parser *p)
{
    const int32_t start = model_start(p->lexer.text, p->lexer.size);
    if (!qni_parse_advance(p))
        return;
    while (p->token.offset < start)
        if (!intermediate(p))
            return;
    model(p);
    if (p->status == QN_OK && p->token.kind == ';' && qni_parse_advance(p) && p->token.kind != QNI_TOKEN_END)
        (void)qni_fail_statement(p);
}

/* Marks on which side each symbol stands. What an intermediate is made of stands on the right. */
static void mark_sides(qni_tree *tree)
{
    for (int64_t i = 0; i < tree->count; i++) {
        if (tree->nodes[i].kind != QNI_TREE_NAME)
            continue;
        qni_symbol *symbol = &tree->symbols[tree->nodes[i].symbol];
        if (i >= tree->model && i <= tree->left)
            symbol->on_left = true;
        else
            symbol->on_right = true;
    }
}

qn_status qni_tree_init(qni_tree *tree, const char *text, int32_t size, const qni_columns *columns,
                        const qn_allocator *allocator, qn_error *err)
{
    qni_tree_empty(tree, allocator);
    qni_parser p = {.lexer = {.text = text, .size = size}, .tree = tree, .columns = columns, .err = err};
    formula(&p);
    if (p.status == QN_OK)
        mark_sides(tree);
    return p.status;
}
