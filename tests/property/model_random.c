/* Random formulas against a second, naive implementation: a recursive evaluator over the test's own tree, which also
 * prints the formula with no more parentheses than the language's precedence asks for.
 *  - values: equal bits, because the same functions are applied to single numbers in the same order;
 *  - derivatives: forward mode in long double, written here, itself checked against differences in long double;
 *  - any cutting of the rows into calls gives the same bits. */
#include "harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quern/model.h>

#include "lang/ops_int.h"

enum {
    PARAMETERS = 4,
    COLUMNS = 2,
    NODES_MAX = 256,
    TEXT_MAX = 16384,
    ROWS = 5
};

typedef enum kind {
    NUMBER,
    PARAMETER,
    COLUMN,
    NEG,
    ADD,
    SUB,
    MUL,
    DIV,
    POW,
    EXP,
    LOG,
    SQRT,
    SIN,
    COS,
    TAN,
    ATAN,
    ABS,
    POW_CALL,
    KINDS
} kind;

typedef struct node {
    kind kind;
    int index; /* of a number in `numbers`, a parameter, a column */
    const struct node *a, *b;
} node;

typedef struct formula {
    node nodes[NODES_MAX];
    int count;
    char text[TEXT_MAX];
    int size;
} formula;

static const char *const parameter_names[] = {"a", "b", "c2", "δ"}, *const column_names[] = {"x", "z"};
static const struct {
    const char *text;
    double value;
} numbers[] = {{"0", 0},     {"1", 1},           {"2", 2},    {"3", 3},      {"4", 4},
               {"0.5", 0.5}, {"1.5e-3", 1.5e-3}, {"10.", 10}, {".25", 0.25}, {"pi", 3.14159265358979323846},
               {"7e2", 7e2}};
enum {
    NUMBERS = sizeof numbers / sizeof numbers[0]
};

static const node *grow(formula *f, uint64_t *seed, int depth)
{
    node *n = &f->nodes[f->count++];
    if (depth == 0 || f->count > NODES_MAX - 40 || test_random_below(seed, 6) == 0) {
        n->kind = test_random_below(seed, 5) == 0 ? NUMBER : test_random_below(seed, 2) == 0 ? PARAMETER : COLUMN;
        n->index = (int)test_random_below(seed, n->kind == NUMBER      ? NUMBERS
                                                : n->kind == PARAMETER ? PARAMETERS
                                                                       : COLUMNS);
        return n;
    }
    n->kind = (kind)(NEG + test_random_below(seed, KINDS - NEG));
    if (test_random_below(seed, 2) == 0)
        n->kind = (kind)(ADD + test_random_below(seed, DIV - ADD + 1));
    n->a = grow(f, seed, depth - 1);
    if ((n->kind >= ADD && n->kind <= POW) || n->kind == POW_CALL)
        n->b = grow(f, seed, depth - 1);
    return n;
}

static void put(formula *f, uint64_t *seed, const char *text)
{
    int space = test_random_below(seed, 4) == 0;
    f->size += snprintf(f->text + f->size, sizeof f->text - (size_t)f->size, "%s%s", space ? " " : "", text);
    assert_true(f->size < TEXT_MAX);
}

static int precedence(const node *n)
{
    switch (n->kind) {
    case ADD:
    case SUB:
        return 1;
    case MUL:
    case DIV:
        return 2;
    case NEG:
        return 3;
    case POW:
        return 4;
    default:
        return 5;
    }
}

static void print(formula *f, uint64_t *seed, const node *n, int least);

static void print_call(formula *f, uint64_t *seed, const node *n)
{
    static const char *const names[KINDS] = {
        [EXP] = "exp", [LOG] = "log",   [SQRT] = "sqrt", [SIN] = "sin",     [COS] = "cos",
        [TAN] = "tan", [ATAN] = "atan", [ABS] = "abs",   [POW_CALL] = "pow"};
    put(f, seed, names[n->kind]);
    put(f, seed, "(");
    print(f, seed, n->a, 1);
    if (n->b != NULL) {
        put(f, seed, ",");
        print(f, seed, n->b, 1);
    }
    put(f, seed, ")");
}

static void print_operator(formula *f, uint64_t *seed, const node *n)
{
    static const char *const signs[KINDS] = {[ADD] = "+", [SUB] = "-", [MUL] = "*", [DIV] = "/", [POW] = "^"};
    int level = precedence(n);
    if (n->kind == NEG) {
        put(f, seed, "-");
        print(f, seed, n->a, 3);
        return;
    }
    print(f, seed, n->a, n->kind == POW ? 5 : level);
    put(f, seed, n->kind == POW && test_random_below(seed, 2) == 0 ? "**" : signs[n->kind]);
    print(f, seed, n->b, n->kind == POW ? (n->b->kind == NEG ? 3 : 4) : level + 1);
}

static void print(formula *f, uint64_t *seed, const node *n, int least)
{
    bool enclosed = precedence(n) < least || test_random_below(seed, 10) == 0;
    if (enclosed)
        put(f, seed, "(");
    if (n->kind == NUMBER)
        put(f, seed, numbers[n->index].text);
    else if (n->kind == PARAMETER)
        put(f, seed, parameter_names[n->index]);
    else if (n->kind == COLUMN)
        put(f, seed, column_names[n->index]);
    else if (precedence(n) == 5)
        print_call(f, seed, n);
    else
        print_operator(f, seed, n);
    if (enclosed)
        put(f, seed, ")");
}

typedef struct point {
    const double *parameters; /* (PARAMETERS) */
    double columns[COLUMNS];
} point;

static double value_of(const node *n, const point *p);

/* Whether no parameter and no column matters; 1^x and x^0 are 1. */
static bool is_constant(const node *n, const point *p)
{
    if (n->kind == PARAMETER || n->kind == COLUMN)
        return false;
    if (n->kind == NUMBER)
        return true;
    bool a = is_constant(n->a, p), b = n->b == NULL || is_constant(n->b, p),
         power = n->kind == POW || n->kind == POW_CALL;
    return (a && b) || (power && a && value_of(n->a, p) == 1) || (power && b && value_of(n->b, p) == 0);
}

static double apply(qni_op op, double a, double b)
{
    return qni_op_value(op, a, b, 0);
}

/* Some constant exponents become products, quotients and roots, as docs/formulas.md says. A power with the constant
 * exponent 0 does not look at its base. */
static double power_of(const node *n, const point *p)
{
    double a = value_of(n->a, p), b = value_of(n->b, p);
    if (is_constant(n->b, p) && (b == 2 || b == 3))
        return b == 2 ? a * a : a * a * a;
    if (is_constant(n->b, p) && b == 4)
        return apply(QNI_OP_POW4, a, 0);
    if (is_constant(n->b, p) && b == -1)
        return 1 / a;
    if (is_constant(n->b, p) && fabs(b) == 0.5)
        return a == -INFINITY ? (b < 0 ? 0 : INFINITY) : b < 0 ? 1 / sqrt(a + 0) : sqrt(a + 0);
    return apply(QNI_OP_POW, a, b);
}

static double value_of(const node *n, const point *p)
{
    switch (n->kind) {
    case NUMBER:
        return numbers[n->index].value;
    case PARAMETER:
        return p->parameters[n->index];
    case COLUMN:
        return p->columns[n->index];
    case NEG:
        return -value_of(n->a, p);
    case ADD:
        return value_of(n->a, p) + value_of(n->b, p);
    case SUB:
        return value_of(n->a, p) - value_of(n->b, p);
    case MUL:
        return value_of(n->a, p) * value_of(n->b, p);
    case DIV:
        return value_of(n->a, p) / value_of(n->b, p);
    case POW:
    case POW_CALL:
        return power_of(n, p);
    case EXP:
        return apply(QNI_OP_EXP, value_of(n->a, p), 0);
    case LOG:
        return apply(QNI_OP_LOG, value_of(n->a, p), 0);
    case SQRT:
        return sqrt(value_of(n->a, p));
    case SIN:
        return apply(QNI_OP_SIN, value_of(n->a, p), 0);
    case COS:
        return apply(QNI_OP_COS, value_of(n->a, p), 0);
    case TAN:
        return apply(QNI_OP_TAN, value_of(n->a, p), 0);
    case ATAN:
        return apply(QNI_OP_ATAN, value_of(n->a, p), 0);
    default:
        return fabs(value_of(n->a, p));
    }
}

/* A value with its derivative by one parameter, the sum of the sizes of what the derivative is made of, and whether
 * something on the way is beyond what a double can hold with room to spare. */
typedef struct dual {
    long double v, d, m;
    bool beyond;
} dual;

/* Where a dual is computed. `noise` moves every value on the way by that much: the difference tells how far rounding
 * can be felt.
 */
typedef struct place {
    long double parameters[PARAMETERS];
    long double columns[COLUMNS];
    long double noise;
    int by;
} place;

static dual chain(dual a, long double v, long double slope)
{
    return (dual){.v = v, .d = a.d == 0 ? 0 : slope * a.d, .m = a.m == 0 ? 0 : fabsl(slope) * a.m};
}

static dual dual_power(dual a, dual b)
{
    dual out = {.v = powl(a.v, b.v)};
    long double by_a = a.m == 0 || b.v == 0 ? 0 : b.v * powl(a.v, b.v - 1), by_b = b.m == 0 ? 0 : out.v * logl(a.v);
    out.d = by_a * a.d + by_b * b.d;
    out.m = fabsl(by_a) * a.m + fabsl(by_b) * b.m;
    return out;
}

static dual dual_binary(const node *n, dual a, dual b)
{
    dual out = {0};
    switch (n->kind) {
    case ADD:
        out.v = a.v + b.v, out.d = a.d + b.d, out.m = a.m + b.m;
        return out;
    case SUB:
        out.v = a.v - b.v, out.d = a.d - b.d, out.m = a.m + b.m;
        return out;
    case MUL:
        out.v = a.v * b.v, out.d = a.d * b.v + a.v * b.d, out.m = a.m * fabsl(b.v) + fabsl(a.v) * b.m;
        return out;
    case DIV:
        out.v = a.v / b.v, out.d = a.d / b.v - out.v * b.d / b.v, out.m = a.m / fabsl(b.v) + fabsl(out.v / b.v) * b.m;
        return out;
    default:
        return dual_power(a, b);
    }
}

static dual dual_unary(const node *n, dual a)
{
    long double t;
    switch (n->kind) {
    case NEG:
        return chain(a, -a.v, -1);
    case EXP:
        return chain(a, expl(a.v), expl(a.v));
    case LOG:
        return chain(a, logl(a.v), 1 / a.v);
    case SQRT:
        return chain(a, sqrtl(a.v), 0.5L / sqrtl(a.v));
    case SIN:
        return chain(a, sinl(a.v), cosl(a.v));
    case COS:
        return chain(a, cosl(a.v), -sinl(a.v));
    case TAN:
        t = tanl(a.v);
        return chain(a, t, 1 + t * t);
    case ATAN:
        return chain(a, atanl(a.v), 1 / (1 + a.v * a.v));
    default:
        return chain(a, fabsl(a.v), a.v > 0 ? 1 : a.v < 0 ? -1 : 0);
    }
}

static bool in_range(long double x)
{
    return x == 0 || (fabsl(x) > 1e-100L && fabsl(x) < 1e100L);
}

static dual leaf_of(const node *n, const place *p)
{
    if (n->kind == NUMBER)
        return (dual){.v = numbers[n->index].value};
    if (n->kind == COLUMN)
        return (dual){.v = p->columns[n->index]};
    return (dual){.v = p->parameters[n->index], .d = n->index == p->by, .m = n->index == p->by};
}

/* Whether an operation leaves the range where doubles have digits to spare: many turns of the circle leave few; an
 * exponent must feel the 1 that is taken from it. */
static bool is_beyond(const node *n, dual a, dual b, dual out)
{
    bool turns = n->kind == SIN || n->kind == COS || n->kind == TAN;
    if ((turns && fabsl(a.v) > 100) || (n->b != NULL && fabsl(b.v) > 1e15L))
        return true;
    return a.beyond || b.beyond || !in_range(out.v) || !in_range(out.d) || !in_range(out.m);
}

static dual dual_of(const node *n, const place *p)
{
    dual out, a = {0}, b = {0};
    if (n->a != NULL)
        a = dual_of(n->a, p);
    if (n->b != NULL)
        b = dual_of(n->b, p);
    out = n->a == NULL ? leaf_of(n, p) : n->b == NULL ? dual_unary(n, a) : dual_binary(n, a, b);
    out.beyond = is_beyond(n, a, b, out);
    if (out.v != floorl(out.v)) /* a power may need its exponent to be whole */
        out.v *= 1 + p->noise;
    return out;
}

/* Differences extrapolated once; *error is how far to trust them. */
static long double difference(const node *n, place p, long double *error)
{
    long double steps[2], rounding = 0, at = p.parameters[p.by];
    for (int half = 0; half < 2; half++) {
        long double h = 1e-4L / (1 + half), high, low;
        p.parameters[p.by] = at + h;
        high = dual_of(n, &p).v;
        p.parameters[p.by] = at - h;
        low = dual_of(n, &p).v;
        steps[half] = (high - low) / (2 * h);
        rounding = 1e-16L * (1 + fabsl(high)) / h; /* a thousand units in the last place: what may cancel on the way */
    }
    *error = fabsl(steps[1] - steps[0]) + rounding;
    return steps[1] + (steps[1] - steps[0]) / 3;
}

static bool same_bits(double a, double b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

/* A compiled formula on random rows. Parameters and columns of the test that the formula does not name have no number
 * in the model. */
typedef struct trial {
    formula f;
    const node *root;
    qn_model *model;
    qn_model_workspace *workspace;
    double data[COLUMNS][ROWS];
    const double *columns[COLUMNS]; /* of the model */
    double parameters[PARAMETERS];  /* of the test */
    double model_parameters[PARAMETERS];
    double value[ROWS], jacobian[PARAMETERS * ROWS];
} trial;

static double random_number(uint64_t *seed)
{
    static const double special[] = {0, 1, -1, 2, -0.0};
    if (test_random_below(seed, 12) == 0)
        return special[test_random_below(seed, 5)];
    return test_random_unit(seed) * 4 - (test_random_below(seed, 3) == 0 ? 3 : 0);
}

static void trial_begin(trial *t, uint64_t *seed, int depth)
{
    memset(t, 0, sizeof *t);
    t->root = grow(&t->f, seed, depth);
    print(&t->f, seed, t->root, 1);
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = column_names;
    options.column_count = COLUMNS;
    qn_error err;
    qn_status status = qn_model_new(&t->model, t->f.text, t->f.size, &options, &err);
    if (status != QN_OK)
        print_error("%s\n", t->f.text);
    assert_ok(status, &err);
    assert_ok(qn_model_workspace_new(&t->workspace, t->model, NULL, &err), &err);
    for (int c = 0; c < COLUMNS; c++)
        for (int i = 0; i < ROWS; i++)
            t->data[c][i] = random_number(seed);
    for (int k = 0; k < PARAMETERS; k++)
        t->parameters[k] = random_number(seed);
    for (int64_t c = 0; c < qn_model_column_count(t->model); c++)
        t->columns[c] = t->data[strcmp(qn_model_column_name(t->model, c), "z") == 0];
    for (int k = 0; k < PARAMETERS; k++) {
        int64_t index = qn_model_parameter_find(t->model, parameter_names[k]);
        if (index >= 0)
            t->model_parameters[index] = t->parameters[k];
    }
}

static void trial_end(trial *t)
{
    qn_model_workspace_free(t->workspace);
    qn_model_unref(t->model);
}

static point point_of(const trial *t, int row)
{
    return (point){.parameters = t->parameters, .columns = {t->data[0][row], t->data[1][row]}};
}

static void values_have_the_bits_of_a_naive_evaluation(void **state)
{
    (void)state;
    uint64_t seed = test_seed(20240611);
    static trial t;
    int64_t finite = 0, rounds = test_effort(10000, 500000);
    for (int64_t round = 0; round < rounds; round++) {
        trial_begin(&t, &seed, 2 + (int)(round % 5));
        qn_model_eval(t.model, t.workspace, t.columns, 0, ROWS, t.model_parameters, t.value, NULL, 0);
        for (int i = 0; i < ROWS; i++) {
            point p = point_of(&t, i);
            double expected = value_of(t.root, &p);
            finite += isfinite(expected);
            if (!same_bits(t.value[i], expected))
                fail_msg("%s: %.17g is not %.17g", t.f.text, t.value[i], expected);
        }
        double again[ROWS];
        qn_model_eval(t.model, t.workspace, t.columns, 0, ROWS, t.model_parameters, again, t.jacobian, ROWS);
        for (int i = 0; i < ROWS; i++)
            if (!same_bits(t.value[i], again[i]))
                fail_msg("%s: with derivatives the value is another", t.f.text);
        trial_end(&t);
    }
    assert_true(finite > 2 * rounds); /* of 5: the test is not empty */
}

static void check_derivative(const trial *t, int row, int k, int64_t *compared, int64_t *differenced,
                             int64_t *disagreed)
{
    int64_t index = qn_model_parameter_find(t->model, parameter_names[k]);
    if (index < 0)
        return;
    place p = {.columns = {t->data[0][row], t->data[1][row]}, .by = k};
    for (int i = 0; i < PARAMETERS; i++)
        p.parameters[i] = t->parameters[i];
    place moved = p;
    moved.noise = 1e-13L;
    dual expected = dual_of(t->root, &p), other = dual_of(t->root, &moved);
    if (expected.beyond || !(fabsl(expected.d - other.d) <= 1e-10L * expected.m) ||
        !(fabsl(t->value[row] - expected.v) <= 1e-9L * fabsl(expected.v)))
        return; /* overflow, or rounding alone moves it */
    double got = t->jacobian[index * ROWS + row];
    ++*compared;
    if (!(fabsl(got - expected.d) <= 1e-9L * expected.m))
        fail_msg("%s: the derivative by %s is %.17g, not %.17Lg (of %.3Lg)", t->f.text, parameter_names[k], got,
                 expected.d, expected.m);
    long double error;
    long double estimate = difference(t->root, p, &error);
    if (!(error <= 1e-6L * expected.m))
        return; /* too curved here for differences */
    ++*differenced;
    *disagreed += !(fabsl(got - estimate) <= error + 1e-9L * expected.m);
}

static void derivatives_agree_with_forward_mode_and_differences_in_long_double(void **state)
{
    (void)state;
    uint64_t seed = test_seed(20240612);
    static trial t;
    int64_t compared = 0, differenced = 0, disagreed = 0, rounds = test_effort(5000, 500000);
    for (int64_t round = 0; round < rounds; round++) {
        trial_begin(&t, &seed, 2 + (int)(round % 5));
        qn_model_eval(t.model, t.workspace, t.columns, 0, ROWS, t.model_parameters, t.value, t.jacobian, ROWS);
        for (int i = 0; i < ROWS; i++)
            for (int k = 0; k < PARAMETERS; k++)
                check_derivative(&t, i, k, &compared, &differenced, &disagreed);
        trial_end(&t);
    }
    print_message("%lld derivatives compared, %lld of them with differences\n", (long long)compared,
                  (long long)differenced);
    assert_true(compared > rounds && differenced > rounds / 2);
    assert_true(disagreed <= differenced / 1000); /* a spike between two steps */
}

static void any_cut_into_calls_gives_the_same_bits(void **state)
{
    (void)state;
    enum {
        MANY = 700
    };
    uint64_t seed = test_seed(20240613);
    static trial t;
    static double data[COLUMNS][MANY], value[MANY], jacobian[PARAMETERS * MANY], cut_value[MANY],
        cut_jacobian[PARAMETERS * MANY];
    for (int round = 0; round < 200; round++) {
        trial_begin(&t, &seed, 5);
        for (int c = 0; c < COLUMNS; c++)
            for (int i = 0; i < MANY; i++)
                data[c][i] = random_number(&seed);
        for (int64_t c = 0; c < qn_model_column_count(t.model); c++)
            t.columns[c] = data[strcmp(qn_model_column_name(t.model, c), "z") == 0];
        qn_model_eval(t.model, t.workspace, t.columns, 0, MANY, t.model_parameters, value, jacobian, MANY);
        for (int64_t first = 0, count; first < MANY; first += count) {
            count = 1 + test_random_below(&seed, MANY - first < 300 ? MANY - first : 300);
            qn_model_eval(t.model, t.workspace, t.columns, first, count, t.model_parameters, cut_value + first,
                          cut_jacobian + first, MANY);
        }
        for (int i = 0; i < MANY; i++)
            assert_true(same_bits(value[i], cut_value[i]));
        for (int i = 0; i < qn_model_parameter_count(t.model) * MANY; i++)
            assert_true(same_bits(jacobian[i], cut_jacobian[i]));
        trial_end(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_have_the_bits_of_a_naive_evaluation),
        cmocka_unit_test(derivatives_agree_with_forward_mode_and_differences_in_long_double),
        cmocka_unit_test(any_cut_into_calls_gives_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
