/* lang/syntax_int.h: from a formula's text to its tree.
 *
 * The tree is an array of nodes in the order in which they end (operands before the operation), so that whoever reads
 * it needs a loop and no recursion. Names are kept once each, as symbols in order of first appearance. All of it
 * belongs to one thread. */
#ifndef QNI_LANG_SYNTAX_INT_H
#define QNI_LANG_SYNTAX_INT_H

#include <quern/base.h>

#include "lang/ops_int.h"

/* A token's kind: one of these, or the character of a sign ('+', '^' also for "**"). */
enum {
    QNI_TOKEN_END = 0,
    QNI_TOKEN_NUMBER = 256,
    QNI_TOKEN_NAME,
    QNI_TOKEN_QUOTED, /* a name between backticks */
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
    QNI_SYMBOL_PI,
} qni_symbol_kind;

typedef struct qni_symbol {
    int64_t text;   /* where its zero-terminated name starts in the tree's names */
    int32_t size;   /* bytes of the name */
    int32_t offset; /* in the formula, where it appears first */
    uint64_t hash;
    bool quoted; /* where it appears first */
    bool on_left, on_right;
    qni_symbol_kind kind; /* by qni_names_resolve, as all below */
    int32_t index;        /* number among the columns or parameters of the model */
} qni_symbol;

typedef enum qni_tree_kind {
    QNI_TREE_NUMBER,
    QNI_TREE_NAME,
    QNI_TREE_OPERATION,
} qni_tree_kind;

typedef struct qni_tree_node {
    uint8_t kind; /* qni_tree_kind */
    uint8_t op;   /* qni_op of an operation */
    int32_t offset;
    union {
        double number;
        int32_t symbol;
        int32_t operands[3]; /* nodes */
    };
} qni_tree_node;

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
    int32_t left;  /* node; -1: the formula has no left side */
    int32_t right; /* node; all nodes after `left` are the right side's */
    int32_t left_offset, left_size;
} qni_tree;

/* What parsing must know of the data: for messages only. */
typedef struct qni_columns {
    const char *const *names; /* (count) */
    int64_t count;
} qni_columns;

/* Reads `text` into a tree. Errors with their column: QN_SYNTAX, QN_NAME (unknown function), QN_LIMIT, QN_NOMEM.
 * qni_tree_fini in any case. */
QN_MUST_USE qn_status qni_tree_init(qni_tree *tree, const char *text, int32_t size, const qni_columns *columns,
                                    const qn_allocator *allocator, qn_error *err);
void qni_tree_fini(qni_tree *tree);

/* The symbol of that name, -1 where the tree has none; and the same, added where it has none (-1: refused, *status says
 * why). */
int32_t qni_symbol_find(const qni_tree *tree, const char *name, int64_t size);
int32_t qni_symbol_add(qni_tree *tree, const char *name, int64_t size, int32_t offset, qn_status *status,
                       qn_error *err);
const char *qni_symbol_name(const qni_tree *tree, int32_t symbol);

/* The error of calling a name that is no function (functions.c), and the function of that name (-1: none). */
qn_status qni_function_unknown(const char *text, int32_t size, const qni_token *name, const qni_columns *columns,
                               qn_error *err);
int qni_function_find(const char *name, int64_t size);

#endif
