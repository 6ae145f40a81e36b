/* lang/complaints.c: what is wrong with a formula's grammar, and what to write instead. Reached once a formula at
 * most. */
#include "lang/parse_int.h"

/* An operand follows an operand. */
static int32_t between_operands(qni_parser *p)
{
    const qni_token *t = &p->token, *before = &p->before;
    qni_clipped a = qni_token_text(p, before), b = qni_token_text(p, t);
    bool word_before = before->kind == QNI_TOKEN_NAME, word = t->kind == QNI_TOKEN_NAME;
    const char *advice = word ? qni_word_advice(p->lexer.text + t->offset, t->size) : NULL;
    if (advice != NULL)
        return QNI_FAIL(p, QN_SYNTAX, t->offset, "write %s instead of \"%s\"", advice, b.text);
    advice = word_before ? qni_word_advice(p->lexer.text + before->offset, before->size) : NULL;
    if (advice != NULL)
        return QNI_FAIL(p, QN_SYNTAX, before->offset, "write %s instead of \"%s\"", advice, a.text);
    if (word_before && word)
        return QNI_FAIL(p, QN_SYNTAX, t->offset,
                        "an operator is missing: for the product write %s*%s, for a name with a space write `%s %s` in "
                        "backticks",
                        a.text, b.text, a.text, b.text);
    const char *tail = t->kind == '(' ? "…)" : "", *head = before->kind == ')' ? "(…" : "";
    return QNI_FAIL(p, QN_SYNTAX, t->offset, "an operator is missing: for the product write %s%s*%s%s", head, a.text,
                    b.text, tail);
}

/* After a whole operand comes what cannot follow one. */
int32_t qni_fail_after_operand(qni_parser *p)
{
    const int32_t offset = p->token.offset;
    switch (p->token.kind) {
    case ')':
        return QNI_FAIL(p, QN_SYNTAX, offset, "this ) has no ( before it");
    case ',':
        return QNI_FAIL(p, QN_SYNTAX, offset,
                        "a comma separates the arguments of a function only; a decimal point is written as a point");
    case ':':
        return QNI_FAIL(p, QN_SYNTAX, offset, "this : has no ? before it: a choice is written condition ? a : b");
    case '!':
        return QNI_FAIL(p, QN_SYNTAX, offset, "a ! stands before its operand; the factorial of n is gamma(n + 1)");
    case ';':
        return QNI_FAIL(p, QN_SYNTAX, offset, "the ; cannot stand inside parentheses");
    case '=':
        if (p->depth > 0)
            return QNI_FAIL(p, QN_SYNTAX, offset, "the = cannot stand inside an expression: to compare write ==");
        return QNI_FAIL(p, QN_SYNTAX, offset, "a statement has one =: to compare write ==");
    default:
        return between_operands(p);
    }
}

/* a < b < c: `start` is where a starts, `middle` where b does. */
int32_t qni_fail_chain(qni_parser *p, int32_t start, int32_t middle)
{
    const int32_t end = p->before.offset + p->before.size;
    qni_clipped first = qni_clip(p->lexer.text + start, end - start);
    qni_clipped second = qni_clip(p->lexer.text + middle, end - middle), sign = qni_token_text(p, &p->token);
    return QNI_FAIL(p, QN_SYNTAX, p->token.offset, "comparisons do not chain: write %s && %s %s …", first.text,
                    second.text, sign.text);
}

/* An operand should start here. */
int32_t qni_fail_before_operand(qni_parser *p)
{
    const qni_token *t = &p->token, *b = &p->before;
    if (t->kind == QNI_TOKEN_END && p->tree->count == 0 && b->size == 0)
        return QNI_FAIL(p, QN_SYNTAX, t->offset, "the formula is empty");
    qni_clipped before = qni_token_text(p, b), here = qni_token_text(p, t);
    if (t->kind == QNI_TOKEN_END)
        return QNI_FAIL(p, QN_SYNTAX, t->offset,
                        "the formula ends after \"%s\" where a number, a name or ( should follow", before.text);
    if (t->kind == '=' && (b->kind == '<' || b->kind == '>' || b->kind == '!' || b->kind == '='))
        return QNI_FAIL(p, QN_SYNTAX, b->offset, "write %s= without a space", before.text);
    if (b->size == 0)
        return QNI_FAIL(p, QN_SYNTAX, t->offset, "a formula cannot start with \"%s\"", here.text);
    return QNI_FAIL(p, QN_SYNTAX, t->offset, "a number, a name or ( should stand between \"%s\" and \"%s\"",
                    before.text, here.text);
}

/* A statement that should be name = … is none. */
int32_t qni_fail_statement(qni_parser *p)
{
    const qni_token *t = &p->token, *before = &p->before;
    if (t->kind == ';' && (before->size == 0 || before->kind == ';'))
        (void)QNI_FAIL(p, QN_SYNTAX, t->offset, "there is no statement before this ;");
    else if (t->kind == QNI_TOKEN_QUOTED)
        (void)QNI_FAIL(p, QN_SYNTAX, t->offset,
                       "a name in backticks is a column: an intermediate has a name of its own, without backticks");
    else
        (void)QNI_FAIL(p, QN_SYNTAX, before->kind == QNI_TOKEN_NAME ? before->offset : t->offset,
                       "a statement before the last one is NAME = EXPRESSION, with nothing but a name on its left");
    return -1;
}
