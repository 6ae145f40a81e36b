/* Random formulas over random ticks: what a stream computes record by record has the same bits as the formula's tree
 * evaluated column by column, each call by an indicator of its own; however records are cut into spans. */
#include "stream/formula_kit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <quern/indicators.h>

enum {
    RECORDS = 300,
    SYMBOLS = 4,
    NODES = 200,
    TEXT = 1 << 13,
    FORMULAS = 3,
    COLUMNS = 5
};

/* A node's value at every record, and its text; an intermediate's text is its name. */
typedef struct node {
    double value[RECORDS];
    char text[TEXT];
} node;

typedef struct maker {
    uint64_t seed;
    const qn_tick *ticks;
    const int32_t *symbols;
    node nodes[NODES];
    int count;
    int named[NODES]; /* (named_count) intermediates of the formula and columns of those before it */
    int named_count;
} maker;

static const char *const columns[COLUMNS] = {"price", "size", "bid", "side", "sequence"};

static int grow(maker *m, int depth);

static node *fresh(maker *m, int *index)
{
    assert_true(m->count < NODES);
    *index = m->count;
    return &m->nodes[m->count++];
}

static int leaf(maker *m)
{
    int index;
    if (m->named_count > 0 && test_random_below(&m->seed, 3) == 0)
        return m->named[test_random_below(&m->seed, m->named_count)];
    if (test_random_below(&m->seed, 4) == 0) {
        node *n = fresh(m, &index);
        const double number = (double)test_random_below(&m->seed, 9) / 4;
        for (int i = 0; i < RECORDS; i++)
            n->value[i] = number;
        snprintf(n->text, sizeof n->text, "%g", number);
        return index;
    }
    node *n = fresh(m, &index);
    const char *name = columns[test_random_below(&m->seed, COLUMNS)];
    assert_true(tick_column(n->value, name, m->ticks, RECORDS));
    snprintf(n->text, sizeof n->text, "%s", name);
    return index;
}

/* Adds pieces to a node's text. */
static void write_text(node *n, const char *const *pieces, int count)
{
    size_t used = 0;
    for (int i = 0; i < count; i++) {
        const size_t size = strlen(pieces[i]);
        assert_true(used + size < sizeof n->text);
        memcpy(n->text + used, pieces[i], size + 1);
        used += size;
    }
}

static int binary(maker *m, int depth)
{
    static const char *const pieces[][3] = {{"(", " + ", ")"}, {"(", " - (", "))"}, {"(", ")*(", ")"},
                                            {"(", ")/(", ")"}, {"max(", ",", ")"},  {"((", ") > ", ")"}};
    int index;
    const int a = grow(m, depth - 1), b = grow(m, depth - 1);
    node *n = fresh(m, &index);
    const int which = (int)test_random_below(&m->seed, 6);
    const double *x = m->nodes[a].value, *y = m->nodes[b].value;
    for (int i = 0; i < RECORDS; i++) {
        const double larger = isnan(x[i]) || isnan(y[i]) ? NAN : fmax(x[i], y[i]);
        const double values[] = {x[i] + y[i], x[i] - y[i], x[i] * y[i], x[i] / y[i], larger, x[i] > y[i] ? 1.0 : 0.0};
        n->value[i] = values[which];
    }
    const char *const whole[] = {pieces[which][0], m->nodes[a].text, pieces[which][1], m->nodes[b].text,
                                 pieces[which][2]};
    write_text(n, whole, 5);
    return index;
}

typedef struct form {
    qn_indicator_kind kind;
    const char *name;
    bool weighted;
    int constants; /* 1: n; 2: n and 2 */
    int least;     /* n */
} form;

static const form forms[] = {
    {QN_INDICATOR_EMA, "ema(", false, 1, 1},   {QN_INDICATOR_SMA, "sma( ", false, 1, 1},
    {QN_INDICATOR_SD, "sd (", false, 1, 2},    {QN_INDICATOR_RSI, "rsi(", false, 1, 1},
    {QN_INDICATOR_LAG, "lag(", false, 1, 1},   {QN_INDICATOR_DIFF, "diff(", false, 1, 1},
    {QN_INDICATOR_LAG, "lag(", false, 0, 1},   {QN_INDICATOR_VWAP, "vwap(", true, 1, 1},
    {QN_INDICATOR_VWAP, "vwap(", true, 0, 1},  {QN_INDICATOR_BOLLINGER, "bollinger(", false, 2, 1},
    {QN_INDICATOR_MACD, "macd(", false, 2, 1}, {QN_INDICATOR_REALIZED_VOL, "realized_vol(", false, 1, 1},
    {QN_INDICATOR_DIFF, "diff(", false, 0, 1},
};

static int call(maker *m, int depth)
{
    static const char *const spellings[] = {"%d", "2*%d/2", "1 + %d - true", "(%d)"};
    const form *f = &forms[test_random_below(&m->seed, (int64_t)(sizeof forms / sizeof forms[0]))];
    int index;
    const int x = grow(m, depth - 1), w = f->weighted ? grow(m, depth - 1) : -1;
    const int n = f->least + (int)test_random_below(&m->seed, 4);
    node *made = fresh(m, &index);
    qn_indicator *indicator;
    qn_error err;
    const double constants[] = {n, 2};
    assert_ok(qn_indicator_new(&indicator, f->kind, constants, f->constants, SYMBOLS, NULL, &err), &err);
    assert_ok(qn_indicator_update(indicator, m->symbols, m->nodes[x].value, w < 0 ? NULL : m->nodes[w].value,
                                  made->value, RECORDS, &err),
              &err);
    qn_indicator_free(indicator);
    const char *spelling = spellings[test_random_below(&m->seed, 4)], *sign = strchr(spelling, '%');
    char number[32] = "";
    if (f->constants > 0)
        snprintf(number, sizeof number, ", %.*s%d%s", (int)(sign - spelling), spelling, n, sign + 2);
    const char *const whole[] = {f->name,
                                 m->nodes[x].text,
                                 w < 0 ? "" : " , ",
                                 w < 0 ? "" : m->nodes[w].text,
                                 number,
                                 f->constants > 1 ? ",2)" : ")"};
    write_text(made, whole, 6);
    return index;
}

static int grow(maker *m, int depth)
{
    const int64_t which = test_random_below(&m->seed, 10);
    if (depth <= 0 || m->count > NODES - 40 || which == 0)
        return leaf(m);
    return which < 6 ? call(m, depth) : binary(m, depth);
}

/* A formula "name = …" with up to two intermediates; its node is from now on called by its name. */
static int formula(maker *m, char *text, const char *name)
{
    const int before = m->named_count;
    text[0] = '\0';
    for (int64_t k = test_random_below(&m->seed, 3); k > 0; k--) {
        const int value = grow(m, 2);
        char intermediate[16];
        snprintf(intermediate, sizeof intermediate, "m%d", (int)k);
        sprintf(text + strlen(text), "%s = %s; ", intermediate, m->nodes[value].text);
        int index;
        node *alias = fresh(m, &index);
        memcpy(alias->value, m->nodes[value].value, sizeof alias->value);
        strcpy(alias->text, intermediate);
        m->named[m->named_count++] = index;
    }
    const int root = grow(m, 3);
    sprintf(text + strlen(text), "%s = %s", name, m->nodes[root].text);
    m->named_count = before; /* intermediates are the formula's own */
    int index;
    node *column = fresh(m, &index);
    memcpy(column->value, m->nodes[root].value, sizeof column->value);
    strcpy(column->text, name);
    m->named[m->named_count++] = index;
    return index;
}

static maker m;
static char texts[FORMULAS][4 * TEXT];
static double out[FORMULAS * RECORDS];
static qn_tick ticks[RECORDS];
static int32_t symbols[RECORDS];

static bool same(double a, double b)
{
    return (isnan(a) && isnan(b)) || a == b; /* 0 and -0 compare equal: max has either */
}

static void streams_compute_what_formulas_say(void **state)
{
    (void)state;
    uint64_t seed = test_seed(20260213);
    static const char *const names[FORMULAS] = {"u", "v", "w"};
    int64_t known = 0;
    for (int64_t round = test_effort(400, 8000); round > 0; round--) {
        m = (maker){.seed = test_random(&seed), .ticks = ticks, .symbols = symbols};
        random_ticks(ticks, RECORDS, SYMBOLS, &m.seed);
        for (int i = 0; i < RECORDS; i++)
            symbols[i] = ticks[i].symbol;
        const char *formulas[FORMULAS];
        int nodes[FORMULAS];
        for (int k = 0; k < FORMULAS; k++) {
            nodes[k] = formula(&m, texts[k], names[k]);
            formulas[k] = texts[k];
        }
        formula_run run = {.ticks = ticks,
                           .count = RECORDS,
                           .symbols = SYMBOLS,
                           .formulas = formulas,
                           .formula_count = FORMULAS,
                           .batch = 1 + test_random_below(&m.seed, 80)};
        qn_error err;
        qn_status status = run_formulas(out, &run, &err);
        if (status != QN_OK)
            print_message("%s\n%s\n%s\n", texts[0], texts[1], texts[2]);
        assert_ok(status, &err);
        for (int k = 0; k < FORMULAS; k++)
            for (int i = 0; i < RECORDS; i++) {
                const double expected = m.nodes[nodes[k]].value[i], got = out[k * RECORDS + i];
                known += !isnan(expected);
                if (!same(expected, got))
                    print_message("%s\nrecord %d: %.17g, expected %.17g\n", texts[k], i, got, expected);
                assert_true(same(expected, got));
            }
    }
    assert_true(known > 1000); /* not all is NaN */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(streams_compute_what_formulas_say)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
