/* property/formula.h: random formulas over the whole language, as text and as the tree that the text means: a second
 * reading of the language, which shares no code with the first.
 *
 * Nodes are in an array, operands before their operation. An intermediate is a node that a statement names; each use of
 * the name is the same node. One thread. */
#ifndef QUERN_TEST_PROPERTY_FORMULA_H
#define QUERN_TEST_PROPERTY_FORMULA_H

#include <stdbool.h>
#include <stdint.h>

enum {
    FORMULA_PARAMETERS = 4,
    FORMULA_COLUMNS = 3,
    FORMULA_STATEMENTS = 3,
    FORMULA_NODES_MAX = 1024,
    FORMULA_TEXT_MAX = 1 << 16
};

/* F(NAME, "text", least operands, most operands, precedence): 1 ?: … 8 ^; CALL is written name(…). */
#define FORMULA_OPERATIONS(F)                   \
    F(TERNARY, "?", 3, 3, 1)                    \
    F(OR, "||", 2, 2, 2)                        \
    F(AND, "&&", 2, 2, 3)                       \
    F(LT, "<", 2, 2, 4)                         \
    F(LE, "<=", 2, 2, 4)                        \
    F(GT, ">", 2, 2, 4)                         \
    F(GE, ">=", 2, 2, 4)                        \
    F(EQ, "==", 2, 2, 4)                        \
    F(NE, "!=", 2, 2, 4)                        \
    F(ADD, "+", 2, 2, 5)                        \
    F(SUB, "-", 2, 2, 5)                        \
    F(MUL, "*", 2, 2, 6)                        \
    F(DIV, "/", 2, 2, 6)                        \
    F(FLOORDIV, "//", 2, 2, 6)                  \
    F(NEG, "-", 1, 1, 7)                        \
    F(NOT, "!", 1, 1, 7)                        \
    F(POWER, "^", 2, 2, 8)                      \
    F(POW, "pow", 2, 2, FORMULA_CALL)           \
    F(IF, "if", 3, 3, FORMULA_CALL)             \
    F(CLAMP, "clamp", 3, 3, FORMULA_CALL)       \
    F(MIN, "min", 2, 3, FORMULA_CALL)           \
    F(MAX, "max", 2, 3, FORMULA_CALL)           \
    F(MOD, "mod", 2, 2, FORMULA_CALL)           \
    F(HYPOT, "hypot", 2, 2, FORMULA_CALL)       \
    F(ATAN2, "atan2", 2, 2, FORMULA_CALL)       \
    F(ABS, "abs", 1, 1, FORMULA_CALL)           \
    F(SIGN, "sign", 1, 1, FORMULA_CALL)         \
    F(STEP, "step", 1, 1, FORMULA_CALL)         \
    F(FLOOR, "floor", 1, 1, FORMULA_CALL)       \
    F(CEIL, "ceil", 1, 1, FORMULA_CALL)         \
    F(ROUND, "round", 1, 1, FORMULA_CALL)       \
    F(SQRT, "sqrt", 1, 1, FORMULA_CALL)         \
    F(CBRT, "cbrt", 1, 1, FORMULA_CALL)         \
    F(EXP, "exp", 1, 1, FORMULA_CALL)           \
    F(EXP2, "exp2", 1, 1, FORMULA_CALL)         \
    F(EXPM1, "expm1", 1, 1, FORMULA_CALL)       \
    F(LOG, "log", 1, 1, FORMULA_CALL)           \
    F(LOG2, "log2", 1, 1, FORMULA_CALL)         \
    F(LOG10, "log10", 1, 1, FORMULA_CALL)       \
    F(LOG1P, "log1p", 1, 1, FORMULA_CALL)       \
    F(SIN, "sin", 1, 1, FORMULA_CALL)           \
    F(COS, "cos", 1, 1, FORMULA_CALL)           \
    F(TAN, "tan", 1, 1, FORMULA_CALL)           \
    F(ASIN, "asin", 1, 1, FORMULA_CALL)         \
    F(ACOS, "acos", 1, 1, FORMULA_CALL)         \
    F(ATAN, "atan", 1, 1, FORMULA_CALL)         \
    F(SINH, "sinh", 1, 1, FORMULA_CALL)         \
    F(COSH, "cosh", 1, 1, FORMULA_CALL)         \
    F(TANH, "tanh", 1, 1, FORMULA_CALL)         \
    F(ASINH, "asinh", 1, 1, FORMULA_CALL)       \
    F(ACOSH, "acosh", 1, 1, FORMULA_CALL)       \
    F(ATANH, "atanh", 1, 1, FORMULA_CALL)       \
    F(SIGMOID, "sigmoid", 1, 1, FORMULA_CALL)   \
    F(SOFTPLUS, "softplus", 1, 1, FORMULA_CALL) \
    F(ERF, "erf", 1, 1, FORMULA_CALL)           \
    F(ERFC, "erfc", 1, 1, FORMULA_CALL)         \
    F(GAMMA, "gamma", 1, 1, FORMULA_CALL)       \
    F(LGAMMA, "lgamma", 1, 1, FORMULA_CALL)     \
    F(DIGAMMA, "digamma", 1, 1, FORMULA_CALL)   \
    F(SINC, "sinc", 1, 1, FORMULA_CALL)         \
    F(BESSELJ0, "besselj0", 1, 1, FORMULA_CALL) \
    F(BESSELJ1, "besselj1", 1, 1, FORMULA_CALL)

enum {
    FORMULA_CALL = 9
};

typedef enum formula_operation {
#define FORMULA_ENUMERATOR(NAME, ...) FORMULA_##NAME,
    FORMULA_OPERATIONS(FORMULA_ENUMERATOR)
#undef FORMULA_ENUMERATOR
    FORMULA_OPERATION_COUNT
} formula_operation;

typedef enum formula_kind {
    FORMULA_NUMBER,
    FORMULA_PARAMETER,
    FORMULA_COLUMN,
    FORMULA_OPERATION
} formula_kind;

typedef struct formula_node {
    formula_kind kind;
    int index;              /* of a number in the list, a parameter, a column; an operation: formula_operation */
    int operands[3], count; /* nodes */
    unsigned parameters;    /* set of the parameters that it depends on */
} formula_node;

typedef struct formula {
    formula_node nodes[FORMULA_NODES_MAX];
    int count;
    int statements[FORMULA_STATEMENTS], statement_count; /* nodes of the intermediates */
    int root;
    char text[FORMULA_TEXT_MAX];
    int size;
} formula;

extern const char *const formula_parameter_names[FORMULA_PARAMETERS], *const formula_column_names[FORMULA_COLUMNS];
extern const char *const formula_operation_texts[FORMULA_OPERATION_COUNT];

/* The double that a number of the list is. */
double formula_number(int index);

/* Asked of each new operation; where it answers false, another operation on the same operands is tried. */
typedef bool formula_accept(void *user, const formula *f, int node);

/* Grows a formula at most `depth` deep (plus that of its intermediates) and writes its text. `accept` may be NULL. */
void formula_grow(formula *f, uint64_t *seed, int depth, formula_accept *accept, void *user);

/* A number for a parameter or a column: mostly of ordinary size, now and then a special one. */
double formula_random_number(uint64_t *seed);

#endif
