/* lang/parse.c: tokens become a tree: precedence climbing.
 *
 *   operators, loosest first:  ? :, from the right  |  ||  |  &&  |  comparisons, one only  |  + -  |  * / //
 *                              |  unary + - !  |  ^, from the right, with a sign in its exponent
 *
 * The only recursion in the folder; its depth is limited. */
#include "lang/parse_int.h"

#include "lang/limits.h"

/* Does not recurse, and has text buffers of its own: inlined, they would be in the frame of every level of the
 * recursion. */
#define LEAF __attribute__((noinline))

static int32_t expression(qni_parser *p, qni_level least);

bool qni_parse_advance(qni_parser *p)
{
    p->before = p->token;
    p->status = qni_lexer_next(&p->lexer, &p->token, p->err);
    return p->status == QN_OK;
}

static int32_t add_node(qni_parser *p, qni_tree_node node)
{
    return qni_tree_add(p->tree, node, &p->status, p->err);
}

static int32_t add_operation(qni_parser *p, qni_op op, int32_t offset, int32_t a, int32_t b, int32_t c)
{
    return add_node(
        p, (qni_tree_node){.kind = QNI_TREE_OPERATION, .op = (uint8_t)op, .offset = offset, .operands = {a, b, c}});
}

bool qni_starts_operand(int kind)
{
    return kind == QNI_TOKEN_NUMBER || kind == QNI_TOKEN_NAME || kind == QNI_TOKEN_QUOTED || kind == '(';
}

/* The ) that closes the ( at `open`. */
static bool expect_close(qni_parser *p, int32_t open)
{
    if (p->token.kind == ')')
        return qni_parse_advance(p);
    if (p->token.kind == QNI_TOKEN_END)
        (void)QNI_FAIL(p, QN_SYNTAX, open, "this ( is never closed");
    else
        (void)qni_fail_after_operand(p);
    return false;
}

/* The arguments of `op` up to the ")": all of them, or folded from the left where a function takes any number. */
static int32_t arguments(qni_parser *p, qni_op op, int32_t offset)
{
    const int arity = qni_op_infos[op].arity;
    int32_t operands[3] = {-1, -1, -1};
    int count = 0;
    while (p->token.kind != ')' || count > 0) {
        int32_t operand = expression(p, QNI_LEVEL_CHOICE);
        if (operand < 0)
            return -1;
        if (count == arity && qni_op_is_variadic(op)) {
            operands[0] = add_operation(p, op, offset, operands[0], operands[1], -1);
            operands[1] = operand;
        } else {
            if (count < arity)
                operands[count] = operand;
            count++;
        }
        if (operands[0] < 0)
            return -1;
        if (p->token.kind != ',')
            break;
        if (!qni_parse_advance(p))
            return -1;
    }
    if (p->token.kind == ')' && count != arity) {
        p->status = qni_function_arity(op, count, offset, p->err);
        return -1;
    }
    return count < arity ? 0 : add_operation(p, op, offset, operands[0], operands[1], operands[2]);
}

/* The same of a function that keeps state, whose arguments are kept as they are; the token is the "(". Not inlined, so
 * that its record is in the frames of such calls alone. */
static __attribute__((noinline)) int32_t stateful_call(qni_parser *p, const qni_token *name, int function)
{
    const qni_stateful_info *info = &qni_stateful_infos[function];
    const int32_t open = p->token.offset;
    qni_tree_call made = {.function = function, .offset = name->offset};
    if (!qni_parse_advance(p))
        return -1;
    while (p->token.kind != ')' || made.count > 0) {
        const int32_t place = p->token.offset, operand = expression(p, QNI_LEVEL_CHOICE);
        if (operand < 0)
            return -1;
        if (made.count < QNI_STATEFUL_ARGUMENTS) {
            made.arguments[made.count] = operand;
            made.places[made.count] = place;
        }
        made.count++;
        if (p->token.kind != ',')
            break;
        if (!qni_parse_advance(p))
            return -1;
    }
    if (p->token.kind == ')' && (made.count < info->series + info->least || made.count > info->series + info->most)) {
        p->status = qni_stateful_arity(function, made.count, name->offset, p->err);
        return -1;
    }
    if (!expect_close(p, open))
        return -1;
    made.size = p->before.offset + p->before.size - name->offset;
    return qni_tree_add_call(p->tree, made, &p->status, p->err);
}

/* name "(" … ")"; the token is the "(". */
static int32_t call(qni_parser *p, const qni_token *name)
{
    const char *text = p->lexer.text + name->offset;
    int op = qni_function_find(text, name->size);
    const int stateful = op < 0 && p->columns->stream ? qni_stateful_find(text, name->size) : -1;
    if (stateful >= 0)
        return stateful_call(p, name, stateful);
    if (op < 0) {
        p->status = qni_function_unknown(p->lexer.text, p->lexer.size, name, p->tree, p->columns, p->err);
        return -1;
    }
    int32_t open = p->token.offset;
    if (!qni_parse_advance(p))
        return -1;
    int32_t node = arguments(p, (qni_op)op, name->offset);
    return node >= 0 && expect_close(p, open) ? node : -1;
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

static LEAF int32_t name_node(qni_parser *p, const qni_token *t)
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
static int32_t primary(qni_parser *p)
{
    qni_token t = p->token;
    if (!qni_starts_operand(t.kind))
        return qni_fail_before_operand(p);
    if (!qni_parse_advance(p))
        return -1;
    if (t.kind == QNI_TOKEN_NUMBER)
        return add_node(p, (qni_tree_node){.kind = QNI_TREE_NUMBER, .offset = t.offset, .number = t.number});
    if (t.kind == QNI_TOKEN_NAME && p->token.kind == '(')
        return call(p, &t);
    if (t.kind != '(')
        return name_node(p, &t);
    int32_t node = expression(p, QNI_LEVEL_CHOICE);
    return node >= 0 && expect_close(p, t.offset) ? node : -1;
}

static int32_t signed_operand(qni_parser *p)
{
    qni_token t = p->token;
    if (t.kind != '-' && t.kind != '+' && t.kind != '!')
        return primary(p);
    if (!qni_parse_advance(p))
        return -1;
    int32_t operand = expression(p, QNI_LEVEL_SIGN);
    if (operand < 0 || t.kind == '+')
        return operand;
    return add_operation(p, t.kind == '-' ? QNI_OP_NEG : QNI_OP_NOT, t.offset, operand, -1, -1);
}

typedef struct infix {
    int kind;
    qni_op op;
    qni_level level;
} infix;

/* The operators between two operands, and the "?", which has a third. */
static const infix infixes[] = {
    {'+', QNI_OP_ADD, QNI_LEVEL_SUM},
    {'-', QNI_OP_SUB, QNI_LEVEL_SUM},
    {'*', QNI_OP_MUL, QNI_LEVEL_PRODUCT},
    {'/', QNI_OP_DIV, QNI_LEVEL_PRODUCT},
    {'^', QNI_OP_POW, QNI_LEVEL_POWER},
    {'<', QNI_OP_LT, QNI_LEVEL_COMPARISON},
    {'>', QNI_OP_GT, QNI_LEVEL_COMPARISON},
    {QNI_TOKEN_FLOORDIV, QNI_OP_FLOORDIV, QNI_LEVEL_PRODUCT},
    {QNI_TOKEN_LE, QNI_OP_LE, QNI_LEVEL_COMPARISON},
    {QNI_TOKEN_GE, QNI_OP_GE, QNI_LEVEL_COMPARISON},
    {QNI_TOKEN_EQ, QNI_OP_EQ, QNI_LEVEL_COMPARISON},
    {QNI_TOKEN_NE, QNI_OP_NE, QNI_LEVEL_COMPARISON},
    {QNI_TOKEN_AND, QNI_OP_AND, QNI_LEVEL_AND},
    {QNI_TOKEN_OR, QNI_OP_OR, QNI_LEVEL_OR},
    {'?', QNI_OP_SELECT, QNI_LEVEL_CHOICE},
};

static infix infix_of(int kind)
{
    for (size_t i = 0; i < sizeof infixes / sizeof infixes[0]; i++)
        if (infixes[i].kind == kind)
            return infixes[i];
    return (infix){.level = QNI_LEVEL_NONE};
}

qni_level qni_level_of(qni_op op)
{
    if (op == QNI_OP_NEG || op == QNI_OP_NOT)
        return QNI_LEVEL_SIGN;
    if (qni_op_infos[op].kind != QNI_OP_OPERATOR && op != QNI_OP_POW)
        return QNI_LEVEL_PRIMARY;
    for (size_t i = 0; i < sizeof infixes / sizeof infixes[0]; i++)
        if (infixes[i].op == op)
            return infixes[i].level;
    return QNI_LEVEL_PRIMARY;
}

/* "?" expression ":" expression; the token is the one after the "?" at `offset`. */
static int32_t choice(qni_parser *p, int32_t condition, int32_t offset)
{
    int32_t chosen = expression(p, QNI_LEVEL_CHOICE);
    if (chosen < 0)
        return -1;
    if (p->token.kind != ':' && (qni_starts_operand(p->token.kind) || p->token.kind == '='))
        return qni_fail_after_operand(p);
    if (p->token.kind != ':')
        return QNI_FAIL(p, QN_SYNTAX, offset,
                        "this ? has no : after its first value: a choice is written condition ? a : b");
    if (!qni_parse_advance(p))
        return -1;
    int32_t otherwise = expression(p, QNI_LEVEL_CHOICE);
    return otherwise < 0 ? -1 : add_operation(p, QNI_OP_SELECT, offset, condition, chosen, otherwise);
}

/* An expression of operators that bind at least as tightly as `least`. */
static int32_t expression(qni_parser *p, qni_level least)
{
    if (p->depth == QNI_FORMULA_DEPTH_MAX)
        return QNI_FAIL(p, QN_LIMIT, p->token.offset, "the formula is nested more than %d deep here",
                        QNI_FORMULA_DEPTH_MAX);
    p->depth++;
    const int32_t start = p->token.offset;
    int32_t middle = start, left = signed_operand(p);
    qni_level before = QNI_LEVEL_NONE;
    infix sign;
    while (left >= 0 && (sign = infix_of(p->token.kind)).level != QNI_LEVEL_NONE && sign.level >= least) {
        int32_t offset = p->token.offset, right;
        if (sign.level == QNI_LEVEL_COMPARISON && before == QNI_LEVEL_COMPARISON)
            return qni_fail_chain(p, start, middle);
        if (!qni_parse_advance(p))
            return -1;
        before = sign.level;
        middle = p->token.offset;
        if (sign.level == QNI_LEVEL_CHOICE) {
            left = choice(p, left, offset);
            continue;
        }
        right = expression(p, sign.level == QNI_LEVEL_POWER ? QNI_LEVEL_POWER : sign.level + 1);
        left = right < 0 ? -1 : add_operation(p, sign.op, offset, left, right, -1);
    }
    p->depth--;
    return left;
}

int32_t qni_parse_expression(qni_parser *p)
{
    return expression(p, QNI_LEVEL_CHOICE);
}
