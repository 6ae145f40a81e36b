/* property/formula.c: see formula.h. */
#include "property/formula.h"

#include "harness/harness.h"

#include <stdio.h>
#include <string.h>

enum {
    TRIES = 12 /* operations tried on the same operands */
};

const char *const formula_parameter_names[] = {"a", "b", "c2", "δ"}, *const formula_column_names[] = {"x", "z", "w"};
static const char *const statement_names[FORMULA_STATEMENTS] = {"u", "v1", "ζ"};

static const struct {
    const char *text;
    double value;
} numbers[] = {{"0", 0},       {"1", 1},           {"2", 2},    {"3", 3},       {"4", 4},
               {"0.5", 0.5},   {"1.5e-3", 1.5e-3}, {"10.", 10}, {".25", 0.25},  {"pi", 3.14159265358979323846},
               {"7e2", 7e2},   {"1", 1},           {"2", 2},    {"0.1", 0.1},   {"1e0", 1},
               {"2.75", 2.75}, {"12", 12},         {"0", 0},    {"1.25", 1.25}, {"6", 6}};

static const struct {
    int least, most, precedence;
} shapes[] = {
#define SHAPE(NAME, text, least, most, precedence) {least, most, precedence},
    FORMULA_OPERATIONS(SHAPE)};

const char *const formula_operation_texts[] = {
#define TEXT(NAME, text, ...) text,
    FORMULA_OPERATIONS(TEXT)};

double formula_number(int index)
{
    return numbers[index].value;
}

double formula_random_number(uint64_t *seed)
{
    static const double special[] = {0, 1, -1, 2, -0.0, 0.5};
    if (test_random_below(seed, 16) == 0)
        return special[test_random_below(seed, 6)];
    return test_random_unit(seed) * 4 - (test_random_below(seed, 3) == 0 ? 3 : 0);
}

static int add_node(formula *f, formula_node node)
{
    assert_true(f->count < FORMULA_NODES_MAX);
    f->nodes[f->count] = node;
    return f->count++;
}

static int grow_leaf(formula *f, uint64_t *seed)
{
    if (f->statement_count > 0 && test_random_below(seed, 4) == 0)
        return f->statements[test_random_below(seed, f->statement_count)];
    switch (test_random_below(seed, 6)) {
    case 0:
    case 5:
        return add_node(f, (formula_node){.kind = FORMULA_NUMBER,
                                          .index = (int)test_random_below(seed, sizeof numbers / sizeof numbers[0])});
    case 1:
    case 2: {
        int index = (int)test_random_below(seed, FORMULA_COLUMNS);
        return add_node(f, (formula_node){.kind = FORMULA_COLUMN, .index = index});
    }
    default: {
        int index = (int)test_random_below(seed, FORMULA_PARAMETERS);
        return add_node(f, (formula_node){.kind = FORMULA_PARAMETER, .index = index, .parameters = 1U << index});
    }
    }
}

/* An operation on so many operands: arithmetic half of the time where there is some. */
static int random_operation(uint64_t *seed, int count)
{
    if (count == 2 && test_random_below(seed, 2) == 0)
        return FORMULA_ADD + (int)test_random_below(seed, 4);
    int operation;
    do
        operation = (int)test_random_below(seed, FORMULA_OPERATION_COUNT);
    while (count < shapes[operation].least || count > shapes[operation].most);
    return operation;
}

static int grow(formula *f, uint64_t *seed, int depth, formula_accept *accept, void *user)
{
    if (depth == 0 || test_random_below(seed, 8) == 0)
        return grow_leaf(f, seed);
    static const int counts[] = {1, 1, 1, 2, 2, 2, 2, 2, 2, 3};
    formula_node node = {.kind = FORMULA_OPERATION, .count = counts[test_random_below(seed, 10)]};
    for (int k = 0; k < node.count; k++) {
        node.operands[k] = grow(f, seed, depth - 1, accept, user);
        node.parameters |= f->nodes[node.operands[k]].parameters;
    }
    int at = add_node(f, node);
    for (int tries = 0; tries < TRIES; tries++) {
        f->nodes[at].index = random_operation(seed, node.count);
        if (accept == NULL || accept(user, f, at))
            break;
    }
    return at;
}

static void put(formula *f, uint64_t *seed, const char *text)
{
    const char *space = test_random_below(seed, 4) == 0 ? " " : test_random_below(seed, 100) == 0 ? "\n\t" : "";
    f->size += snprintf(f->text + f->size, sizeof f->text - (size_t)f->size, "%s%s", space, text);
    assert_true(f->size < FORMULA_TEXT_MAX);
}

static void print(formula *f, uint64_t *seed, int at, int least, bool defining);

static void print_call(formula *f, uint64_t *seed, const formula_node *n)
{
    put(f, seed, formula_operation_texts[n->index]);
    put(f, seed, "(");
    for (int k = 0; k < n->count; k++) {
        if (k > 0)
            put(f, seed, ",");
        print(f, seed, n->operands[k], 1, false);
    }
    put(f, seed, ")");
}

static void print_power(formula *f, uint64_t *seed, const formula_node *n)
{
    const formula_node *exponent = &f->nodes[n->operands[1]];
    bool has_sign = exponent->kind == FORMULA_OPERATION && exponent->index == FORMULA_NEG;
    print(f, seed, n->operands[0], FORMULA_CALL, false);
    put(f, seed, test_random_below(seed, 2) == 0 ? "^" : "**");
    print(f, seed, n->operands[1], has_sign ? 7 : 8, false);
}

static void print_operation(formula *f, uint64_t *seed, const formula_node *n, int level)
{
    if (n->index == FORMULA_TERNARY) {
        print(f, seed, n->operands[0], 2, false);
        put(f, seed, "?");
        print(f, seed, n->operands[1], 1, false);
        put(f, seed, ":");
        print(f, seed, n->operands[2], 1, false);
    } else if (n->index == FORMULA_POWER) {
        print_power(f, seed, n);
    } else if (n->count == 1) {
        put(f, seed, formula_operation_texts[n->index]);
        print(f, seed, n->operands[0], level, false);
    } else { /* comparisons do not chain, the others group from the left */
        bool comparison = n->index >= FORMULA_LT && n->index <= FORMULA_NE;
        print(f, seed, n->operands[0], comparison ? level + 1 : level, false);
        put(f, seed, formula_operation_texts[n->index]);
        print(f, seed, n->operands[1], level + 1, false);
    }
}

/* `least`: what binds looser is put between parentheses. An intermediate is its name, but where it is defined. */
static void print(formula *f, uint64_t *seed, int at, int least, bool defining)
{
    const formula_node *n = &f->nodes[at];
    for (int s = 0; s < f->statement_count && !defining; s++) {
        if (f->statements[s] == at) {
            put(f, seed, statement_names[s]);
            return;
        }
    }
    int level = n->kind == FORMULA_OPERATION ? shapes[n->index].precedence : FORMULA_CALL;
    bool enclosed = level < least || test_random_below(seed, 12) == 0;
    if (enclosed)
        put(f, seed, "(");
    if (n->kind == FORMULA_NUMBER)
        put(f, seed, numbers[n->index].text);
    else if (n->kind == FORMULA_PARAMETER)
        put(f, seed, formula_parameter_names[n->index]);
    else if (n->kind == FORMULA_COLUMN)
        put(f, seed, formula_column_names[n->index]);
    else if (level == FORMULA_CALL)
        print_call(f, seed, n);
    else
        print_operation(f, seed, n, level);
    if (enclosed)
        put(f, seed, ")");
}

/* An intermediate is an operation: a leaf has its own name, and another intermediate its. */
static int grow_operation(formula *f, uint64_t *seed, int depth, formula_accept *accept, void *user)
{
    for (;;) {
        int at = grow(f, seed, depth, accept, user), is_known = f->nodes[at].kind != FORMULA_OPERATION;
        for (int s = 0; s < f->statement_count; s++)
            is_known |= f->statements[s] == at;
        if (!is_known)
            return at;
    }
}

void formula_grow(formula *f, uint64_t *seed, int depth, formula_accept *accept, void *user)
{
    f->count = f->size = f->statement_count = 0;
    int statements = (int)test_random_below(seed, 2 * FORMULA_STATEMENTS + 1) - FORMULA_STATEMENTS;
    while (f->statement_count < statements) {
        int at = grow_operation(f, seed, 2, accept, user), s = f->statement_count;
        put(f, seed, statement_names[s]);
        put(f, seed, "=");
        print(f, seed, at, 1, true);
        put(f, seed, ";");
        f->statements[f->statement_count++] = at;
    }
    f->root = grow(f, seed, depth, accept, user);
    print(f, seed, f->root, 1, false);
}
