/* lang/syntax_int.h: from a formula's text to its tree, and back.
 *
 * The tree is an array of nodes in the order in which they end (operands before the operation), so that whoever reads
 * it needs a loop and no recursion. Every node is the operand of one operation, or the root of a statement or a side;
 * an intermediate is used by its name. Names are kept once each, as symbols in order of first appearance. All of it
 * belongs to one thread. */
#ifndef QNI_LANG_SYNTAX_INT_H
#define QNI_LANG_SYNTAX_INT_H

#include <quern/base.h>

#include "lang/hoist.h"
#include "lang/ops_int.h"

/* A token's kind: one of these, or the character of a sign ('+', '^' also for "**"). */
enum {
    QNI_TOKEN_END = 0,
    QNI_TOKEN_NUMBER = 256,
    QNI_TOKEN_NAME,
    QNI_TOKEN_QUOTED,   /* a name between backticks */
    QNI_TOKEN_FLOORDIV, /* // */
    QNI_TOKEN_LE,
    QNI_TOKEN_GE,
    QNI_TOKEN_EQ,
    QNI_TOKEN_NE,
    QNI_TOKEN_AND,
    QNI_TOKEN_OR,
};

typedef struct qni_token {
    int kind;
    int32_t offset; /* in the text */
    int32_t size;   /* bytes */
    double number;
} qni_token;

typedef struct qni_lexer {
    const char *text;
    int32_t size;
    int32_t at;
} qni_lexer;

/* The next token; QNI_TOKEN_END for ever at the end. Errors: QN_SYNTAX, QN_LIMIT. */
QN_MUST_USE qn_status qni_lexer_next(qni_lexer *lexer, qni_token *token, qn_error *err);

/* Decodes the character at text[at]; returns its bytes, 0 where it is not UTF-8. */
int qni_char_decode(uint32_t *out, const char *text, int32_t size, int32_t at);

/* Whether a character can stand in a name: ASCII letter, digit or _, or another letter. Punctuation, spaces and signs
 * beyond ASCII are none. */
bool qni_char_in_name(uint32_t character);

/* Whether `name` must be quoted in a formula. */
bool qni_name_is_odd(const char *name);

/* A piece of text as it stands in a message: shortened at a character's boundary. */
typedef struct qni_clipped {
    char text[72];
} qni_clipped;
qni_clipped qni_clip(const char *text, int64_t size);

typedef enum qni_symbol_kind {
    QNI_SYMBOL_UNKNOWN,
    QNI_SYMBOL_COLUMN,
    QNI_SYMBOL_PARAMETER,
    QNI_SYMBOL_CONSTANT,
    QNI_SYMBOL_INTERMEDIATE,
} qni_symbol_kind;

typedef struct qni_symbol {
    int64_t text;   /* where its zero-terminated name starts in the tree's names */
    int32_t size;   /* bytes of the name */
    int32_t offset; /* in the formula, where it appears first */
    uint64_t hash;
    bool quoted; /* where it appears first */
    bool on_left, on_right;
    int32_t definition;   /* the node that an intermediate stands for; -1: it is none */
    qni_symbol_kind kind; /* by qni_names_resolve, as all below */
    int32_t index;        /* number among the columns or parameters of the model */
} qni_symbol;

typedef enum qni_tree_kind {
    QNI_TREE_NUMBER,
    QNI_TREE_NAME,
    QNI_TREE_OPERATION,
    QNI_TREE_CALL, /* of a function that keeps state: only in the trees of streams, which hoist.c takes apart */
} qni_tree_kind;

typedef struct qni_tree_node {
    uint8_t kind;   /* qni_tree_kind */
    uint8_t op;     /* qni_op of an operation */
    uint16_t depth; /* levels of nesting that its normal spelling takes; by qni_tree_add */
    int32_t offset;
    union {
        double number; /* finite, without a sign */
        int32_t symbol;
        int32_t call;        /* of the tree's */
        int32_t operands[3]; /* nodes */
    };
} qni_tree_node;

/* name = expression, before the model. */
typedef struct qni_statement {
    int32_t symbol;
    int32_t node;
} qni_statement;

/* The call of a function that keeps state. */
typedef struct qni_tree_call {
    int function;         /* qni_stateful */
    int count;            /* of arguments */
    int32_t offset, size; /* of its text */
    int32_t node;
    int32_t arguments[QNI_STATEFUL_ARGUMENTS]; /* (count) nodes */
    int32_t places[QNI_STATEFUL_ARGUMENTS];    /* (count) where each starts in the text */
} qni_tree_call;

typedef struct qni_tree {
    const qn_allocator *allocator;
    qni_tree_node *nodes; /* (count) */
    int64_t count, capacity;
    qni_symbol *symbols; /* (symbol_count) */
    int64_t symbol_count, symbol_capacity;
    char *names;
    int64_t names_size, names_capacity;
    int32_t *slots; /* (slot_count, a power of two) hash table of symbols, -1: free */
    int64_t slot_count;
    qni_statement *statements; /* (statement_count) intermediates, in order */
    int64_t statement_count, statement_capacity;
    qni_tree_call *calls; /* (call_count) in order: those in an argument come before the call */
    int64_t call_count, call_capacity;
    int32_t model; /* the first node of the last statement */
    int32_t left;  /* node; -1: the formula has no left side */
    int32_t right; /* node; all nodes after `left` are the right side's */
    int32_t left_offset, left_size;
} qni_tree;

/* What parsing must know of the data: names for messages only. */
typedef struct qni_columns {
    const char *const *names; /* (count) */
    int64_t count;
    bool stream; /* rows come one after the other: functions that keep state can be called */
} qni_columns;

/* Reads `text` into a tree. Errors with their column: QN_SYNTAX, QN_NAME (unknown function), QN_LIMIT, QN_NOMEM.
 * qni_tree_fini in any case. */
QN_MUST_USE qn_status qni_tree_init(qni_tree *tree, const char *text, int32_t size, const qni_columns *columns,
                                    const qn_allocator *allocator, qn_error *err);
void qni_tree_fini(qni_tree *tree);

/* Building a tree (tree.c): *tree is made empty; a node is added, its operands being there already; a call and its
 * node; a statement whose symbol has none. -1 and false: refused, *status says why (QN_LIMIT, QN_NOMEM). */
void qni_tree_empty(qni_tree *tree, const qn_allocator *allocator);
int32_t qni_tree_add(qni_tree *tree, qni_tree_node node, qn_status *status, qn_error *err);
int32_t qni_tree_add_call(qni_tree *tree, qni_tree_call call, qn_status *status, qn_error *err);
bool qni_tree_define(qni_tree *tree, int32_t symbol, int32_t node, qn_status *status, qn_error *err);

/* How an operand stands in the normal spelling of its operation. */
typedef enum qni_wrap {
    QNI_WRAP_NONE,
    QNI_WRAP_PARENTHESES,
    QNI_WRAP_CALL, /* it is a call: its name and parentheses around its arguments */
    QNI_WRAP_LIST, /* the first operand of min or max is one itself: its arguments alone, min(min(a, b), c) being
                      min(a, b, c) */
} qni_wrap;
qni_wrap qni_wrap_of(const qni_tree *tree, qni_op op, int position, int32_t operand);

/* How tightly an operator binds: higher is tighter. */
typedef enum qni_level {
    QNI_LEVEL_NONE,
    QNI_LEVEL_CHOICE, /* c ? a : b */
    QNI_LEVEL_OR,
    QNI_LEVEL_AND,
    QNI_LEVEL_COMPARISON,
    QNI_LEVEL_SUM,
    QNI_LEVEL_PRODUCT,
    QNI_LEVEL_SIGN,
    QNI_LEVEL_POWER,
    QNI_LEVEL_PRIMARY,
} qni_level;

/* The level of an operation in its normal spelling; QNI_LEVEL_PRIMARY: a call (parse.c). */
qni_level qni_level_of(qni_op op);

/* The formula in its normal spelling, zero-terminated; *size without the zero. Reading it gives the same tree. Free
 * with qni_free(tree->allocator, *out, *size + 1, 1). Errors: QN_NOMEM. */
QN_MUST_USE qn_status qni_tree_print(char **out, int64_t *size, const qni_tree *tree, qn_error *err);

/* The symbol of that name, -1 where the tree has none; and the same, added where it has none (-1: refused, *status says
 * why). */
int32_t qni_symbol_find(const qni_tree *tree, const char *name, int64_t size);
int32_t qni_symbol_add(qni_tree *tree, const char *name, int64_t size, int32_t offset, qn_status *status,
                       qn_error *err);
const char *qni_symbol_name(const qni_tree *tree, int32_t symbol);

/* The error of calling a name that is no function (functions.c), and the function of that name (-1: none). */
qn_status qni_function_unknown(const char *text, int32_t size, const qni_token *name, const qni_tree *tree,
                               const qni_columns *columns, qn_error *err);
int qni_function_find(const char *name, int64_t size);

/* Whether a function takes any number of arguments from its arity on, folded from the left. */
static inline bool qni_op_is_variadic(qni_op op)
{
    return op == QNI_OP_MIN || op == QNI_OP_MAX;
}

/* The error of `count` arguments where the function takes others. */
qn_status qni_function_arity(qni_op op, int count, int32_t offset, qn_error *err);

/* The error of `count` arguments where the function that keeps state takes others. */
qn_status qni_stateful_arity(int function, int count, int32_t offset, qn_error *err);

/* The number that a name stands for where no column has it: pi, true, false. False: none. */
bool qni_constant_find(const char *name, double *number);

/* What to write instead of a word that is an operator in other languages ("and"); NULL: it is none. */
const char *qni_word_advice(const char *word, int64_t size);

#endif
