/* lang/parse_int.h: what the parts of the parser share: expressions (parse.c), statements (statements.c), complaints
 * (complaints.c). One thread. */
#ifndef QNI_LANG_PARSE_INT_H
#define QNI_LANG_PARSE_INT_H

#include "base/error.h"
#include "lang/syntax_int.h"

typedef struct qni_parser {
    qni_lexer lexer;
    qni_token token;  /* the one to be looked at */
    qni_token before; /* the one before it */
    qni_tree *tree;
    const qni_columns *columns;
    int depth; /* of the recursion */
    qn_status status;
    qn_error *err;
} qni_parser;

/* The first error ends parsing: the status is set, and every function returns -1 or false. */
#define QNI_FAIL(p, code, offset, ...) \
    ((p)->status = qni_error_at((p)->err, (code), NULL, 0, (offset) + 1, __VA_ARGS__), -1)

/* The next token. */
bool qni_parse_advance(qni_parser *p);

/* An expression; its node. */
int32_t qni_parse_expression(qni_parser *p);

bool qni_starts_operand(int kind);

/* What is wrong with the token, in a person's words; -1 always.
 *   after_operand   it cannot follow a whole operand
 *   before_operand  an operand should start here
 *   chain           a < b < c: `start` is where a starts, `middle` where b does; the token is the second sign
 *   statement       it should begin a statement name = … */
int32_t qni_fail_after_operand(qni_parser *p);
int32_t qni_fail_before_operand(qni_parser *p);
int32_t qni_fail_chain(qni_parser *p, int32_t start, int32_t middle);
int32_t qni_fail_statement(qni_parser *p);

static inline qni_clipped qni_token_text(const qni_parser *p, const qni_token *t)
{
    return qni_clip(p->lexer.text + t->offset, t->size);
}

#endif
