/* The printer against the parser, over random trees that no text ever made: every operation of the table, every kind of
 * number and name, statements, both sides.
 *  - reading what is printed gives the same tree, numbers bit for bit;
 *  - printing that gives the same text;
 *  - no pair of parentheses can be left out;
 *  - however deep a tree may be, its text is not nested too deep to be read. */
#include "harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "lang/limits.h"
#include "lang/syntax_int.h"

typedef struct builder {
    qni_tree tree;
    uint64_t seed;
    int budget; /* nodes that may still be added */
    qn_status status;
    qn_error err;
} builder;

static const char *const names[] = {"x",   "a",     "b2",  "_",    "größe", "δ",    "exp",     "if", "min",
                                    "and", "false", "π",   "pi",   "true",  "e",    "e5",      "E",  "dose (mg)",
                                    "2nd", "a b",   "ti`", "`",    "``",    "a;b",  "a = b",   "(",  " ",
                                    "x²",  "1",     "-x",  "\n\t", "a\"b",  "über", "a^2 // b"};

static double random_number(builder *b)
{
    static const double special[] = {0,
                                     1,
                                     2,
                                     3,
                                     0.5,
                                     0.1,
                                     1e15,
                                     1e16,
                                     1e22,
                                     5e-324,
                                     1e-300,
                                     0x1p-1022,
                                     0x1.fffffffffffffp1023,
                                     0x1.fffffffffffffp52,
                                     3.14159265358979323846};
    if (test_random_below(&b->seed, 2) == 0)
        return special[test_random_below(&b->seed, sizeof special / sizeof special[0])];
    uint64_t bits = test_random(&b->seed) >> 1;
    double number;
    memcpy(&number, &bits, sizeof number);
    return isfinite(number) ? number : 7;
}

static int32_t add(builder *b, qni_tree_node node)
{
    b->budget--;
    return qni_tree_add(&b->tree, node, &b->status, &b->err);
}

static int32_t add_name(builder *b)
{
    const char *name = names[test_random_below(&b->seed, sizeof names / sizeof names[0])];
    double number;
    int64_t before = b->tree.symbol_count;
    int32_t symbol = qni_symbol_add(&b->tree, name, (int64_t)strlen(name), 0, &b->status, &b->err);
    assert_true(symbol >= 0);
    if (symbol == before) {
        bool constant = qni_constant_find(name, &number);
        b->tree.symbols[symbol].quoted = qni_name_is_odd(name) || (constant && test_random_below(&b->seed, 2) == 0);
    }
    return add(b, (qni_tree_node){.kind = QNI_TREE_NAME, .symbol = symbol});
}

static int32_t add_leaf(builder *b)
{
    if (test_random_below(&b->seed, 3) == 0)
        return add(b, (qni_tree_node){.kind = QNI_TREE_NUMBER, .number = random_number(b)});
    return add_name(b);
}

/* Whether the operation is written in formulas. */
static bool is_written(qni_op op)
{
    qni_op_kind kind = qni_op_infos[op].kind;
    return kind == QNI_OP_OPERATOR || kind == QNI_OP_FUNCTION || kind == QNI_OP_DEFINED;
}

static qni_op random_op(builder *b)
{
    bool sign = test_random_below(&b->seed, 4) != 0; /* signs are what parentheses are about */
    qni_op op;
    do
        op = (qni_op)test_random_below(&b->seed, QNI_OP_COUNT);
    while (!is_written(op) || (sign && op != QNI_OP_POW && qni_op_infos[op].kind != QNI_OP_OPERATOR));
    return op;
}

static int32_t add_operation(builder *b, qni_op op, const int32_t *operands)
{
    qni_tree_node node = {.kind = QNI_TREE_OPERATION, .op = (uint8_t)op, .operands = {-1, -1, -1}};
    memcpy(node.operands, operands, sizeof(int32_t) * (size_t)qni_op_infos[op].arity);
    return add(b, node);
}

static int32_t grow(builder *b, int depth)
{
    if (depth == 0 || b->budget <= 0 || test_random_below(&b->seed, 5) == 0)
        return add_leaf(b);
    qni_op op = random_op(b);
    int32_t operands[3];
    for (int k = 0; k < qni_op_infos[op].arity; k++)
        operands[k] = grow(b, depth - 1);
    return add_operation(b, op, operands);
}

/* An operation upon an operation, always at the same operand or at any, as deep as a tree may be. */
static int32_t grow_chain(builder *b, int64_t most)
{
    int32_t chain = add_leaf(b);
    int64_t way = test_random_below(&b->seed, 4);
    qni_op op = random_op(b);
    for (int64_t i = 0; i < most; i++) {
        if (test_random_below(&b->seed, 4) == 0 || way == 3)
            op = random_op(b);
        int arity = qni_op_infos[op].arity;
        int32_t operands[3];
        int64_t count = b->tree.count, at = way >= arity ? test_random_below(&b->seed, arity) : way;
        for (int k = 0; k < arity; k++)
            operands[k] = k == at ? chain : add_leaf(b);
        int32_t next = add_operation(b, op, operands);
        if (next < 0) {
            assert_int_equal(b->status, QN_LIMIT);
            b->status = QN_OK;
            b->tree.count = count; /* without the operands that have no operation */
            break;
        }
        chain = next;
    }
    return chain;
}

static int32_t grow_any(builder *b)
{
    if (test_random_below(&b->seed, 16) == 0)
        return grow_chain(b, 300);
    return grow(b, 1 + (int)test_random_below(&b->seed, 6));
}

/* The node gets a name that no other has. */
static void define(builder *b, int number, int32_t node)
{
    char name[32];
    snprintf(name, sizeof name, "%s%d", number % 2 == 0 ? "z" : "größe", number);
    int32_t symbol = qni_symbol_add(&b->tree, name, (int64_t)strlen(name), 0, &b->status, &b->err);
    assert_true(symbol >= 0 && qni_tree_define(&b->tree, symbol, node, &b->status, &b->err));
}

/* The sum of a node and all intermediates so far; the node alone where that would be too deep. */
static int32_t use_intermediates(builder *b, int32_t node)
{
    for (int64_t i = 0; i < b->tree.statement_count && b->tree.nodes[node].depth < QNI_FORMULA_DEPTH_MAX - 2; i++) {
        int32_t operands[3] = {node,
                               add(b, (qni_tree_node){.kind = QNI_TREE_NAME, .symbol = b->tree.statements[i].symbol})};
        node = add_operation(b, QNI_OP_ADD, operands);
    }
    return node;
}

static void build(builder *b)
{
    qni_tree_empty(&b->tree, NULL);
    b->budget = 60;
    b->status = QN_OK;
    int statements = test_random_below(&b->seed, 3) == 0 ? (int)test_random_below(&b->seed, 5) : 0;
    for (int i = 0; i < statements; i++)
        define(b, i, use_intermediates(b, grow(b, 3)));
    b->tree.model = (int32_t)b->tree.count;
    if (test_random_below(&b->seed, 2) == 0)
        b->tree.left = grow_any(b);
    b->tree.right = use_intermediates(b, grow_any(b));
    assert_true(b->tree.right >= 0);
}

static bool same(const qni_tree *s, int32_t a, const qni_tree *t, int32_t b)
{
    const qni_tree_node *m = &s->nodes[a], *n = &t->nodes[b];
    if (m->kind != n->kind || m->depth != n->depth)
        return false;
    if (m->kind == QNI_TREE_NUMBER)
        return memcmp(&m->number, &n->number, sizeof m->number) == 0;
    if (m->kind == QNI_TREE_NAME)
        return strcmp(qni_symbol_name(s, m->symbol), qni_symbol_name(t, n->symbol)) == 0 &&
               s->symbols[m->symbol].quoted == t->symbols[n->symbol].quoted &&
               (s->symbols[m->symbol].definition < 0) == (t->symbols[n->symbol].definition < 0);
    if (m->op != n->op)
        return false;
    for (int k = 0; k < qni_op_infos[m->op].arity; k++)
        if (!same(s, m->operands[k], t, n->operands[k]))
            return false;
    return true;
}

static bool same_tree(const qni_tree *s, const qni_tree *t)
{
    if (s->count != t->count || s->statement_count != t->statement_count || (s->left < 0) != (t->left < 0) ||
        s->model != t->model)
        return false;
    for (int64_t i = 0; i < s->statement_count; i++)
        if (strcmp(qni_symbol_name(s, s->statements[i].symbol), qni_symbol_name(t, t->statements[i].symbol)) != 0 ||
            !same(s, s->statements[i].node, t, t->statements[i].node))
            return false;
    return (s->left < 0 || same(s, s->left, t, t->left)) && same(s, s->right, t, t->right);
}

static const qni_columns no_columns = {0};

static void a_printed_tree_is_read_as_the_same_tree(void **state)
{
    (void)state;
    static builder b;
    b.seed = test_seed(20240701);
    int64_t rounds = test_effort(15000, 1000000), deepest = 0, seen[QNI_OP_COUNT] = {0};
    for (int64_t round = 0; round < rounds; round++) {
        build(&b);
        char *text, *again;
        int64_t size, again_size;
        qni_tree read;
        qn_error err;
        assert_ok(qni_tree_print(&text, &size, &b.tree, &err), &err);
        assert_int_equal(strlen(text), size);
        qn_status status = qni_tree_init(&read, text, (int32_t)size, &no_columns, NULL, &err);
        if (status != QN_OK || !same_tree(&b.tree, &read))
            fail_msg("%s: %s", text, status == QN_OK ? "another tree" : err.message);
        assert_ok(qni_tree_print(&again, &again_size, &read, &err), &err);
        assert_string_equal(text, again);
        for (int64_t i = 0; i < read.count; i++) {
            seen[read.nodes[i].kind == QNI_TREE_OPERATION ? read.nodes[i].op : 0]++;
            deepest = read.nodes[i].depth > deepest ? read.nodes[i].depth : deepest;
        }
        qni_free(NULL, text, size + 1, 1);
        qni_free(NULL, again, again_size + 1, 1);
        qni_tree_fini(&read);
        qni_tree_fini(&b.tree);
    }
    assert_int_equal(deepest, QNI_FORMULA_DEPTH_MAX - 1); /* the limit was reached, and not one level is lost */
    for (int op = 0; op < QNI_OP_COUNT; op++)
        assert_true(!is_written((qni_op)op) || seen[op] > rounds / 100);
}

/* The text without the parenthesis at `open` and its other one. */
static int64_t without_pair(char *out, const char *text, int64_t size, int64_t open)
{
    int64_t used = 0, depth = 0;
    bool quoted = false, gone = false;
    for (int64_t i = 0; i < size; i++) {
        quoted ^= text[i] == '`';
        if (i >= open && !quoted)
            depth += (text[i] == '(') - (text[i] == ')');
        if (i == open || (i > open && depth == 0 && !gone)) {
            gone = i > open;
            continue;
        }
        out[used++] = text[i];
    }
    return used;
}

static void no_parentheses_can_be_left_out(void **state)
{
    (void)state;
    static builder b;
    b.seed = test_seed(20240702);
    int64_t pairs = 0, rounds = test_effort(1000, 100000);
    for (int64_t round = 0; round < rounds; round++) {
        build(&b);
        char *text;
        int64_t size;
        qn_error err;
        assert_ok(qni_tree_print(&text, &size, &b.tree, &err), &err);
        char *shorter = qni_alloc(NULL, size + 1, 1);
        bool quoted = false;
        for (int64_t i = 0; i < size; i++) {
            quoted ^= text[i] == '`';
            if (quoted || text[i] != '(')
                continue;
            qni_tree read;
            int64_t left = without_pair(shorter, text, size, i);
            assert_int_equal(left, size - 2);
            if (qni_tree_init(&read, shorter, (int32_t)left, &no_columns, NULL, &err) == QN_OK &&
                same_tree(&b.tree, &read))
                fail_msg("%s: the ( at %lld is not needed", text, (long long)i);
            qni_tree_fini(&read);
            pairs++;
        }
        qni_free(NULL, shorter, size + 1, 1);
        qni_free(NULL, text, size + 1, 1);
        qni_tree_fini(&b.tree);
    }
    assert_true(pairs > rounds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_printed_tree_is_read_as_the_same_tree),
        cmocka_unit_test(no_parentheses_can_be_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
