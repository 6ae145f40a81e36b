/* What the compiler rewrites (constant folding, sharing, identities, fused operations, scalars computed once) keeps
 * every bit: a compiled formula gives the bits of a walk over its tree that computes each node alone. Of NaNs only that
 * they are.
 *
 * The exceptions are powers with the constant exponents that are reduced to products, quotients and square roots. Where
 * one stands, the walk reduces it as well, as listed here; and each reduction is compared alone with the power itself,
 * in long double: 2 units in the last place at most. */
#include "harness/harness.h"
#include "property/formula.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <quern/model.h>

#include "base/alloc.h"
#include "lang/names_int.h"
#include "lang/syntax_int.h"

enum {
    ROWS = 11, /* no multiple of any vector's width */
    WALK_MAX = 8192
};

/* The list of reductions. */
static const double reduced_exponents[] = {-1, -0.5, 0.5, 2, 3, 4};

enum {
    REDUCED = sizeof reduced_exponents / sizeof reduced_exponents[0]
};

static bool is_reduced(double exponent)
{
    for (int k = 0; k < REDUCED; k++)
        if (exponent == reduced_exponents[k])
            return true;
    return false;
}

/* A power, reduced. The square root of -0 is -0 and that of -infinity NaN, but their powers are 0 and infinity. */
static double reduced_power(double x, double exponent)
{
    if (exponent == -1)
        return 1 / x;
    if (exponent == 2)
        return x * x;
    if (exponent == 3)
        return x * x * x;
    if (exponent == 4)
        return qni_op_value(QNI_OP_POW4, x, 0, 0);
    double root = x == (double)-INFINITY ? (double)INFINITY : sqrt(x + 0);
    return exponent < 0 ? 1 / root : root;
}

typedef struct walk {
    double value[WALK_MAX];
    bool constant[WALK_MAX];
    bool doubtful; /* a power whose exponent is perhaps found to be constant */
    bool reduce_doubtful;
} walk;

static double power_at(walk *w, const qni_tree_node *n)
{
    int32_t a = n->operands[0], b = n->operands[1];
    bool reduce = w->constant[b] && is_reduced(w->value[b]);
    if (!w->constant[b] && is_reduced(w->value[b])) {
        w->doubtful = true;
        reduce = w->reduce_doubtful;
    }
    return reduce ? reduced_power(w->value[a], w->value[b]) : qni_op_value(QNI_OP_POW, w->value[a], w->value[b], 0);
}

static double operation_at(walk *w, const qni_tree_node *n)
{
    double args[3] = {0};
    for (int k = 0; k < qni_op_infos[n->op].arity; k++)
        args[k] = w->value[n->operands[k]];
    switch (n->op) {
    case QNI_OP_POW:
        return power_at(w, n);
    case QNI_OP_CLAMP:
        return qni_op_value(QNI_OP_MIN, qni_op_value(QNI_OP_MAX, args[0], args[1], 0), args[2], 0);
    case QNI_OP_STEP:
        return args[0] >= 0;
    default:
        return qni_op_value((qni_op)n->op, args[0], args[1], args[2]);
    }
}

static bool operation_is_constant(const walk *w, const qni_tree_node *n)
{
    const int32_t *o = n->operands;
    if (n->op == QNI_OP_POW &&
        ((w->constant[o[0]] && w->value[o[0]] == 1) || (w->constant[o[1]] && w->value[o[1]] == 0)))
        return true;
    if (n->op == QNI_OP_SELECT && w->constant[o[0]])
        return w->constant[o[w->value[o[0]] != 0 ? 1 : 2]];
    for (int k = 0; k < qni_op_infos[n->op].arity; k++)
        if (!w->constant[o[k]])
            return false;
    return true;
}

/* `columns` and `parameters`: of the model. */
static void step(walk *w, const qni_tree *tree, int32_t at, const double *columns, const double *parameters)
{
    const qni_tree_node *n = &tree->nodes[at];
    w->constant[at] = n->kind == QNI_TREE_NUMBER;
    if (n->kind == QNI_TREE_NUMBER) {
        w->value[at] = n->number;
        return;
    }
    if (n->kind == QNI_TREE_OPERATION) {
        w->value[at] = operation_at(w, n);
        w->constant[at] = operation_is_constant(w, n);
        return;
    }
    const qni_symbol *symbol = &tree->symbols[n->symbol];
    switch (symbol->kind) {
    case QNI_SYMBOL_COLUMN:
        w->value[at] = columns[symbol->index];
        return;
    case QNI_SYMBOL_CONSTANT:
        assert_true(qni_constant_find(qni_symbol_name(tree, n->symbol), &w->value[at]));
        w->constant[at] = true;
        return;
    case QNI_SYMBOL_INTERMEDIATE:
        w->value[at] = w->value[symbol->definition];
        w->constant[at] = w->constant[symbol->definition];
        return;
    default:
        w->value[at] = parameters[symbol->index];
    }
}

static double walk_tree(walk *w, const qni_tree *tree, const double *columns, const double *parameters)
{
    assert_true(tree->count <= WALK_MAX);
    w->doubtful = false;
    for (int32_t at = 0; at < tree->count; at++)
        step(w, tree, at, columns, parameters);
    return w->value[tree->right];
}

static bool same_bits(double a, double b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

static double any_number(uint64_t *seed)
{
    static const double special[] = {NAN,  INFINITY, -INFINITY, DBL_MIN, DBL_TRUE_MIN, DBL_MAX, -1e-300, 1e200, -0.0,
                                     -0.0, 0,        1,         -1};
    return test_random_below(seed, 5) == 0 ? special[test_random_below(seed, sizeof special / sizeof special[0])]
                                           : formula_random_number(seed);
}

/* A formula as a tree and compiled, with data. */
typedef struct trial {
    formula f;
    qni_tree tree;
    qni_names names;
    qn_arena *arena;
    qn_model *model;
    qn_model_workspace *workspace;
    double data[FORMULA_COLUMNS][ROWS], parameters[FORMULA_PARAMETERS]; /* of the model, in its order */
    const double *columns[FORMULA_COLUMNS];
    walk w;
} trial;

static void trial_begin(trial *t, uint64_t *seed, int depth)
{
    formula_grow(&t->f, seed, depth, NULL, NULL);
    qn_error err;
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = formula_column_names;
    options.column_count = FORMULA_COLUMNS;
    const qni_columns columns = {.names = formula_column_names, .count = FORMULA_COLUMNS};
    qn_status status = qn_model_new(&t->model, t->f.text, t->f.size, &options, &err);
    if (status != QN_OK)
        print_error("%s\n", t->f.text);
    assert_ok(status, &err);
    assert_ok(qn_model_workspace_new(&t->workspace, t->model, NULL, &err), &err);
    assert_ok(qn_arena_new(&t->arena, qn_allocator_default(), 0, &err), &err);
    assert_ok(qni_tree_init(&t->tree, t->f.text, t->f.size, &columns, qn_allocator_default(), &err), &err);
    assert_ok(qni_names_resolve(&t->names, &t->tree, t->f.text, &columns, NULL, t->arena, &err), &err);
    for (int c = 0; c < FORMULA_COLUMNS; c++) {
        t->columns[c] = t->data[c];
        for (int i = 0; i < ROWS; i++)
            t->data[c][i] = any_number(seed);
    }
    for (int p = 0; p < FORMULA_PARAMETERS; p++)
        t->parameters[p] = any_number(seed);
}

static void trial_end(trial *t)
{
    qni_tree_fini(&t->tree);
    qn_arena_free(t->arena);
    qn_model_workspace_free(t->workspace);
    qn_model_unref(t->model);
}

static bool row_agrees(trial *t, int row, double got, double *expected)
{
    double columns[FORMULA_COLUMNS];
    for (int c = 0; c < FORMULA_COLUMNS; c++)
        columns[c] = t->data[c][row];
    t->w.reduce_doubtful = false;
    *expected = walk_tree(&t->w, &t->tree, columns, t->parameters);
    if (same_bits(got, *expected) || !t->w.doubtful)
        return same_bits(got, *expected);
    t->w.reduce_doubtful = true;
    return same_bits(got, walk_tree(&t->w, &t->tree, columns, t->parameters));
}

static void a_compiled_formula_has_the_bits_of_its_tree_node_by_node(void **state)
{
    (void)state;
    static trial t;
    uint64_t seed = test_seed(20240902);
    int64_t finite = 0, rounds = test_effort(20000, 500000);
    for (int64_t round = 0; round < rounds; round++) {
        double value[ROWS], again[ROWS], jacobian[FORMULA_PARAMETERS * ROWS], expected = 0;
        trial_begin(&t, &seed, 2 + (int)(round % 5));
        qn_model_eval(t.model, t.workspace, t.columns, 0, ROWS, t.parameters, value, NULL, 0);
        qn_model_eval(t.model, t.workspace, t.columns, 0, ROWS, t.parameters, again, jacobian, ROWS);
        for (int i = 0; i < ROWS; i++) {
            finite += isfinite(value[i]);
            if (!row_agrees(&t, i, value[i], &expected))
                fail_msg("%s: row %d: %.17g, node by node %.17g", t.f.text, i, value[i], expected);
            if (!same_bits(value[i], again[i]))
                fail_msg("%s: row %d: with derivatives the value is another", t.f.text, i);
        }
        trial_end(&t);
    }
    assert_true(finite > rounds * ROWS / 4); /* the test is not empty */
}

/* |got - expected| in units in the last place of expected. */
static double ulps(double got, long double expected)
{
    if (same_bits(got, (double)expected))
        return 0;
    double size = fabs((double)expected), unit = ldexp(1, ilogb(size) - 52);
    if (!isfinite(got) || !isfinite(size) || size == 0)
        return isinf(got) && fabsl(expected) >= 0x1.fffffffffffff8p1023L ? 0 : INFINITY;
    return (double)fabsl((long double)got - expected) / (unit < DBL_TRUE_MIN ? DBL_TRUE_MIN : unit);
}

/* x to the exponent with 64 bits, by other means than above. */
static long double exact_power(double x, double exponent)
{
    if (exponent == 0.5 || exponent == -0.5) {
        long double root = x == (double)-INFINITY ? INFINITY : sqrtl((long double)x + 0.0L);
        return exponent < 0 ? 1 / root : root;
    }
    return powl(x, exponent);
}

static double bits_or_near_one(uint64_t *seed)
{
    uint64_t bits = test_random(seed);
    double x;
    memcpy(&x, &bits, sizeof x);
    return test_random_below(seed, 2) == 0 ? x : 0.5 + 2 * test_random_unit(seed);
}

static void each_reduced_power_is_within_two_units_in_the_last_place(void **state)
{
    (void)state;
    uint64_t seed = test_seed(20240903);
    int64_t rounds = test_effort(200000, 10000000);
    for (int k = 0; k < REDUCED; k++) {
        char text[32];
        snprintf(text, sizeof text, "x^%g", reduced_exponents[k]);
        qn_error err;
        qn_model *model;
        qn_model_workspace *workspace;
        qn_model_options options;
        qn_model_options_init(&options, sizeof options);
        options.columns = formula_column_names;
        options.column_count = 1;
        assert_ok(qn_model_new(&model, text, -1, &options, &err), &err);
        assert_ok(qn_model_workspace_new(&workspace, model, NULL, &err), &err);
        double most = 0, at = 0;
        for (int64_t round = 0; round < rounds; round++) {
            double x = round == 0 ? 0 : round == 1 ? -0.0 : round == 2 ? -INFINITY : bits_or_near_one(&seed), got;
            const double *columns[] = {&x};
            qn_model_eval(model, workspace, columns, 0, 1, NULL, &got, NULL, 0);
            assert_true(same_bits(got, reduced_power(x, reduced_exponents[k]))); /* the list is right */
            double error = ulps(got, exact_power(x, reduced_exponents[k]));
            if (!(error <= most)) {
                most = error;
                at = x;
            }
        }
        print_message("%s: %.3f units at %a\n", text, most, at);
        assert_true(most <= 2);
        qn_model_workspace_free(workspace);
        qn_model_unref(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_compiled_formula_has_the_bits_of_its_tree_node_by_node),
        cmocka_unit_test(each_reduced_power_is_within_two_units_in_the_last_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
