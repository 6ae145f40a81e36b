/* Formulas of streams taken apart: which calls become which steps, what remains, what a name stands for, and where in
 * the formula an error is. */
#include "harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lang/hoist.h"

static const char *const columns[] = {"time", "price", "size", "bid", "ask", "sd", "odd (name)", "ti`ck", "a,b"};
enum {
    COLUMNS = sizeof columns / sizeof columns[0],
    TEXT = 1 << 14
};

static qn_status hoist(qni_hoisted *out, const char *formula, qn_error *err)
{
    return qni_hoist(out, formula, (int64_t)strlen(formula), columns, COLUMNS, NULL, err);
}

/* Adds `name` to `text` with digests in it as "#1", "#2" … by their first appearance in `seen`. */
static void add_name(char *text, const char *name, char seen[16][65])
{
    size_t at = strlen(text);
    while (*name != '\0') {
        text[at++] = *name;
        if (*name++ != '#')
            continue;
        int which = 0;
        while (seen[which][0] != '\0' && strncmp(seen[which], name, 64) != 0)
            which++;
        memcpy(seen[which], name, 64);
        at += (size_t)sprintf(text + at, "%d", which + 1);
        name += 64;
    }
    text[at] = '\0';
}

/* The steps, each "column := model" or "column := function: series; constants", then "name = model", a line each. */
static void describe(char *text, const qni_hoisted *h)
{
    char seen[16][65] = {""};
    text[0] = '\0';
    for (int64_t i = 0; i < h->count; i++) {
        const qni_hoist_step *s = &h->steps[i];
        add_name(text, s->column, seen);
        strcat(text, " := ");
        if (s->model != NULL) {
            add_name(text, qn_model_text(s->model), seen);
        } else {
            strcat(strcat(text, qni_stateful_infos[s->function].name), ":");
            for (int k = 0; k < qni_stateful_infos[s->function].series; k++)
                add_name(strcat(text, " "), s->series[k], seen);
            for (int k = 0; k < s->constant_count; k++)
                sprintf(text + strlen(text), "; %g", s->constants[k]);
        }
        strcat(text, "\n");
    }
    strcat(strcat(text, h->name), " = ");
    add_name(text, qn_model_text(h->model), seen);
}

static void assert_hoisted(const char *formula, const char *expected)
{
    static char text[TEXT];
    qni_hoisted h;
    qn_error err;
    assert_ok(hoist(&h, formula, &err), &err);
    describe(text, &h);
    assert_string_equal(text, expected);
    qni_hoisted_fini(&h);
}

static void a_formula_without_calls_is_a_model(void **state)
{
    (void)state;
    assert_hoisted("z = (bid + ask)/2", "z = (bid + ask) / 2");
    assert_hoisted("m = bid + ask; z = m/2;", "z = m = bid + ask; m / 2");
    assert_hoisted("z = 3*pi", "z = 3 * pi");
    assert_hoisted("z = price", "z = price");
    assert_hoisted("größe = `odd (name)` + `ti``ck`", "größe = `odd (name)` + `ti``ck`");
}

static void calls_become_columns(void **state)
{
    (void)state;
    assert_hoisted("z = ema(price, 20)", "=ema(price, 20) := ema: price; 20\nz = `=ema(price, 20)`");
    assert_hoisted("z = (price - ema(price,20)) / sd(price,20)", "=ema(price, 20) := ema: price; 20\n"
                                                                 "=sd(price, 20) := sd: price; 20\n"
                                                                 "z = (price - `=ema(price, 20)`) / `=sd(price, 20)`");
    assert_hoisted("z = vwap(price, size) - vwap(price, size, 50)",
                   "=vwap(price, size) := vwap: price size\n"
                   "=vwap(price, size, 50) := vwap: price size; 50\n"
                   "z = `=vwap(price, size)` - `=vwap(price, size, 50)`");
    assert_hoisted("z = lag(price) + macd(price, 12, 26, 9)*bollinger(price, 20, -2)",
                   "=lag(price) := lag: price\n"
                   "=macd(price, 12, 26, 9) := macd: price; 12; 26; 9\n"
                   "=bollinger(price, 20, -2) := bollinger: price; 20; -2\n"
                   "z = `=lag(price)` + `=macd(price, 12, 26, 9)` * `=bollinger(price, 20, -2)`");
}

static void arguments_that_are_no_columns_get_one(void **state)
{
    (void)state;
    assert_hoisted("z = ema(log(price), 20)", "=#1 := log(price)\n=ema(#1, 20) := ema: =#1; 20\nz = `=ema(#1, 20)`");
    assert_hoisted("z = vwap((bid + ask)/2, size)",
                   "=#1 := (bid + ask) / 2\n=vwap(#1, size) := vwap: =#1 size\nz = `=vwap(#1, size)`");
    assert_hoisted("z = sma(1, 3)", "=#1 := 1\n=sma(#1, 3) := sma: =#1; 3\nz = `=sma(#1, 3)`");
}

static void calls_stand_in_calls(void **state)
{
    (void)state;
    assert_hoisted("z = ema(diff(price, 1), 10)", "=diff(price, 1) := diff: price; 1\n"
                                                  "=ema(diff(price, 1), 10) := ema: =diff(price, 1); 10\n"
                                                  "z = `=ema(diff(price, 1), 10)`");
    assert_hoisted("z = sd(price - ema(price, 5), 20)", "=ema(price, 5) := ema: price; 5\n"
                                                        "=#1 := price - `=ema(price, 5)`\n"
                                                        "=sd(#1, 20) := sd: =#1; 20\n"
                                                        "z = `=sd(#1, 20)`");
}

static void intermediates_go_where_they_are_needed(void **state)
{
    (void)state;
    assert_hoisted("m = price*2; z = ema(m, 10)", "=#1 := price * 2\n=ema(#1, 10) := ema: =#1; 10\nz = `=ema(#1, 10)`");
    assert_hoisted("m = bid + ask; d = ask - bid; z = ema(m/d, 10)/d", /* d on both sides, m on one */
                   "=#1 := m = bid + ask; d = ask - bid; m / d\n"
                   "=ema(#1, 10) := ema: =#1; 10\n"
                   "z = d = ask - bid; `=ema(#1, 10)` / d");
    assert_hoisted("e = ema(price, 5); z = sd(price - e, 20)*e", "=ema(price, 5) := ema: price; 5\n"
                                                                 "=#1 := e = `=ema(price, 5)`; price - e\n"
                                                                 "=sd(#1, 20) := sd: =#1; 20\n"
                                                                 "z = e = `=ema(price, 5)`; `=sd(#1, 20)` * e");
    assert_hoisted("p = price; q = p; z = ema(q, 5)", /* another name of a column is that column */
                   "=ema(price, 5) := ema: price; 5\nz = `=ema(price, 5)`");
    assert_hoisted("e = ema(price, 5); z = ema(e, 5)", "=ema(price, 5) := ema: price; 5\n"
                                                       "=ema(ema(price, 5), 5) := ema: =ema(price, 5); 5\n"
                                                       "z = `=ema(ema(price, 5), 5)`");
}

static void what_nothing_uses_is_not_computed(void **state)
{
    (void)state;
    assert_hoisted("m = ema(price, 5); z = price", "z = price");
    assert_hoisted("m = ema(price, 5); n = sd(m, 6); z = ema(price, 7)",
                   "=ema(price, 7) := ema: price; 7\nz = `=ema(price, 7)`");
}

static void equal_calls_are_one(void **state)
{
    (void)state;
    assert_hoisted("z = ema(price, 20) + ema( price ,2*10)",
                   "=ema(price, 20) := ema: price; 20\nz = `=ema(price, 20)` + `=ema(price, 20)`");
}

static void equal_arguments_are_one_however_they_are_written(void **state)
{
    (void)state;
    assert_hoisted("m = ask*bid; z = sd(bid*ask, 5) - sd(m, 5) + ema((bid)*ask, 5)",
                   "=#1 := bid * ask\n"
                   "=sd(#1, 5) := sd: =#1; 5\n"
                   "=ema(#1, 5) := ema: =#1; 5\n"
                   "z = `=sd(#1, 5)` - `=sd(#1, 5)` + `=ema(#1, 5)`");
}

static void what_another_formula_made_is_not_made_again(void **state)
{
    (void)state;
    static char text[TEXT];
    qni_hoisted first, second;
    qn_error err;
    const char *names[COLUMNS + 4];
    memcpy(names, columns, sizeof columns);
    assert_ok(hoist(&first, "z = ema(bid*ask, 20)", &err), &err);
    assert_int_equal(first.count, 2);
    names[COLUMNS] = first.steps[0].column;
    names[COLUMNS + 1] = first.steps[1].column;
    names[COLUMNS + 2] = first.name;
    const char *formula = "w = z - ema(ask*bid, 20) + ema(ask*bid, 21)";
    assert_ok(qni_hoist(&second, formula, (int64_t)strlen(formula), names, COLUMNS + 3, NULL, &err), &err);
    describe(text, &second);
    assert_string_equal(text, "=ema(#1, 21) := ema: =#1; 21\nw = z - `=ema(#1, 20)` + `=ema(#1, 21)`");
    qni_hoisted_fini(&first);
    qni_hoisted_fini(&second);
}

static void constants_are_expressions_without_columns(void **state)
{
    (void)state;
    assert_hoisted("z = ema(price, 2*10)", "=ema(price, 20) := ema: price; 20\nz = `=ema(price, 20)`");
    assert_hoisted("n = 4^2; k = -n/8; z = bollinger(price, n + 4, k)",
                   "=bollinger(price, 20, -2) := bollinger: price; 20; -2\nz = `=bollinger(price, 20, -2)`");
    assert_hoisted("z = bollinger(price, 20, pi)",
                   "=bollinger(price, 20, 3.141592653589793) := bollinger: price; 20; 3.14159\n"
                   "z = `=bollinger(price, 20, 3.141592653589793)`");
    assert_hoisted("z = ema(price, true ? 3 : 4)", "=ema(price, 3) := ema: price; 3\nz = `=ema(price, 3)`");
}

static void a_name_may_be_a_column_and_a_function(void **state)
{
    (void)state;
    assert_hoisted("z = sd*sd(sd, 5)", "=sd(sd, 5) := sd: sd; 5\nz = sd * `=sd(sd, 5)`");
    assert_hoisted("ema = ema(price, 5)", "=ema(price, 5) := ema: price; 5\nema = `=ema(price, 5)`");
    assert_hoisted("lag = price; z = lag*lag(lag)", "=lag(price) := lag: price\nz = lag = price; lag * `=lag(price)`");
}

static void odd_columns_stand_in_calls(void **state)
{
    (void)state;
    assert_hoisted("z = ema(`odd (name)`, 5)",
                   "=ema(`odd (name)`, 5) := ema: odd (name); 5\nz = `=ema(``odd (name)``, 5)`");
    assert_hoisted("z = vwap(`ti``ck`, `a,b`)",
                   "=vwap(`ti``ck`, `a,b`) := vwap: ti`ck a,b\nz = `=vwap(``ti````ck``, ``a,b``)`");
}

/* The names of steps grow with the depth of calls; where they would be too long for a name, a digest stands there. */
static void deep_calls_have_short_names(void **state)
{
    (void)state;
    enum {
        DEPTH = 100
    };
    char formula[4096] = "z = ";
    for (int i = 0; i < DEPTH; i++)
        strcat(formula, "ema(");
    strcat(formula, "price");
    for (int i = 0; i < DEPTH; i++)
        sprintf(formula + strlen(formula), ", %d)", i + 1);
    qni_hoisted h;
    qn_error err;
    assert_ok(hoist(&h, formula, &err), &err);
    assert_int_equal(h.count, DEPTH);
    for (int64_t i = 0; i < DEPTH; i++) {
        assert_true(strlen(h.steps[i].column) <= 254);
        assert_string_equal(h.steps[i].series[0], i == 0 ? "price" : h.steps[i - 1].column);
        assert_true(h.steps[i].constants[0] == (double)(i + 1));
        for (int64_t k = 0; k < i; k++)
            assert_string_not_equal(h.steps[i].column, h.steps[k].column);
    }
    qni_hoisted_fini(&h);
}

static void steps_say_where_they_were_written(void **state)
{
    (void)state;
    qni_hoisted h;
    qn_error err;
    assert_ok(hoist(&h, "n = 4; z = 1 + ema( log(price) , n ) - lag(bid)", &err), &err);
    static const struct {
        const char *text;
        int place;
    } expected[] = {{"ema( log(price) , n )", 21}, {"ema( log(price) , n )", 16}, {"lag(bid)", 40}};
    assert_int_equal(h.count, 3);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(h.steps[i].text, expected[i].text);
        assert_int_equal(h.steps[i].place, expected[i].place);
    }
    qni_hoisted_fini(&h);
}

/* ---- errors ---- */

static void assert_refused(const char *formula, qn_status code, int64_t column, const char *piece)
{
    qni_hoisted h;
    qn_error err;
    const qn_status status = hoist(&h, formula, &err);
    qni_hoisted_fini(&h);
    if (status != code || err.column != column || strstr(err.message, piece) == NULL)
        print_message("%s\n  -> %s, column %lld: %s\n", formula, qn_status_name(status), (long long)err.column,
                      status == QN_OK ? "" : err.message);
    assert_int_equal(status, code);
    assert_int_equal(err.column, column);
    assert_contains(err.message, piece);
}

static void a_formula_makes_a_new_column(void **state)
{
    (void)state;
    assert_refused("price*2", QN_SYNTAX, 1, "write name = …");
    assert_refused("m = 2; ema(price, 3)/m", QN_SYNTAX, 8, "write name = …");
    assert_refused("z == price", QN_SYNTAX, 1, "write one =");
    assert_refused("log(z) = price", QN_SYNTAX, 1, "nothing but the name");
    assert_refused("ema(price, 2) = price", QN_SYNTAX, 1, "nothing but the name");
    assert_refused("m = 3; (z) = price", QN_SYNTAX, 8, "nothing but the name");
    assert_refused("3 = price", QN_SYNTAX, 1, "nothing but the name");
    assert_refused("`z` = price", QN_SYNTAX, 1, "without backticks");
    assert_refused("price = bid", QN_NAME, 1, "there is a column \"price\" already");
    assert_refused("pi = bid", QN_NAME, 1, "\"pi\" is a constant");
    assert_refused("m = bid; m = m + 1", QN_NAME, 10, "\"m\" is an intermediate");
    assert_refused("z = z + 1", QN_NAME, 5, "\"z\" stands in its own definition");
    assert_refused("z = ema(z, 5)", QN_NAME, 9, "\"z\" stands in its own definition");
    assert_refused("", QN_SYNTAX, 1, "empty");
    assert_refused("bid = 3; z = 2", QN_NAME, 1, "give the intermediate another name");
}

static void a_name_that_is_no_column_is_an_error_where_it_stands(void **state)
{
    (void)state;
    assert_refused("z = prise + 1", QN_NAME, 5, "did you mean \"price\"?");
    assert_refused("z = ema(prise, 3)", QN_NAME, 9, "did you mean \"price\"?");
    assert_refused("m = 3; z = price + ema(price*2, qqq)", QN_NAME, 33, "has no parameters");
    assert_refused("middle = bid; z = midle", QN_NAME, 19, "did you mean \"middle\"?");
    assert_refused("u = qqq; z = price", QN_NAME, 5, "has no parameters"); /* used nowhere, but wrong */
    assert_refused("z = price - ema", QN_NAME, 13, "it is called as ema(x, n)");
    assert_refused("z = price - exp", QN_NAME, 13, "write exp(…)");
    assert_refused("z = `pi`", QN_NAME, 5, "no column");
    assert_refused("z = `=ema(price, 20)`", QN_NAME, 5, "no column");
}

static void a_hidden_column_is_no_name_for_a_formula(void **state)
{
    (void)state;
    static const char *const names[] = {"price", "=ema(price, 20)"};
    static const char *const formulas[] = {"z = `=ema(price, 20)`", "z = `=ema(price, 2)`"};
    for (int i = 0; i < 2; i++) {
        qni_hoisted h;
        qn_error err;
        assert_int_equal(qni_hoist(&h, formulas[i], (int64_t)strlen(formulas[i]), names, 2, NULL, &err), QN_NAME);
        assert_null(strstr(err.message, "did you mean \"="));
        qni_hoisted_fini(&h);
    }
}

static void wrong_arguments_say_how_a_function_is_called(void **state)
{
    (void)state;
    assert_refused("z = ema(price)", QN_SYNTAX, 5, "ema is called as ema(x, n), here is 1 argument");
    assert_refused("z = 1 + ema()", QN_SYNTAX, 9, "here are 0 arguments");
    assert_refused("z = ema(price, 2, 3)", QN_SYNTAX, 5, "here are 3 arguments");
    assert_refused("z = vwap(price)", QN_SYNTAX, 5, "vwap(price, size) or vwap(price, size, n)");
    assert_refused("z = macd(price, 1, 2, 3, 4, 5)", QN_SYNTAX, 5, "here are 6 arguments");
    assert_refused("z = ema(price, size)", QN_SYNTAX, 16, "argument 2 of ema is a constant");
    assert_refused("n = ema(price, 2); z = ema(price, n + 1)", QN_SYNTAX, 35, "argument 2 of ema is a constant");
    assert_refused("z = ema(price, 1/0)", QN_SYNTAX, 16, "no finite number");
    assert_refused("z = bollinger(price, 20, 0/0)", QN_SYNTAX, 26, "no finite number");
}

static void broken_grammar_is_found_where_it_is(void **state)
{
    (void)state;
    assert_refused("z = ema(price, 20", QN_SYNTAX, 8, "never closed");
    assert_refused("z = ema(price, 20))", QN_SYNTAX, 19, "no ( before it");
    assert_refused("z = ema(price, )", QN_SYNTAX, 16, "should stand between");
    assert_refused("z = ema(, 2)", QN_SYNTAX, 9, "should stand between");
    assert_refused("z = ema(price; 2)", QN_SYNTAX, 14, "; cannot stand inside parentheses");
    assert_refused("z = ema price", QN_SYNTAX, 9, "operator is missing");
    assert_refused("z = ema(price, 20) ema(price, 3)", QN_SYNTAX, 20, "operator is missing");
    assert_refused("z = `ema(price, 20)", QN_SYNTAX, 5, "no second backtick");
    assert_refused("z = wma(price, 20)", QN_NAME, 5, "did you mean");
    assert_refused("z = std(price, 20)", QN_NAME, 5, "did you mean \"sd\"?");
    assert_refused("z = price(2)", QN_NAME, 5, "is a column, not a function");
    assert_refused("z = ema(price # 20)", QN_SYNTAX, 15, "no comments");
}

static void limits_are_refused_in_words(void **state)
{
    (void)state;
    enum {
        DEEP = 300,
        MANY = 300,
        LONG = 3000
    };
    static char formula[1 << 17];
    strcpy(formula, "z = ");
    for (int i = 0; i < DEEP; i++)
        strcat(formula, "ema(");
    assert_refused(formula, QN_LIMIT, 4 + 4 * 255 + 5, "nested more than 256 deep");
    strcpy(formula, "z = 0");
    for (int i = 0; i < MANY; i++)
        sprintf(formula + strlen(formula), " + ema(price, %d)", i + 1);
    qni_hoisted h;
    qn_error err;
    assert_int_equal(hoist(&h, formula, &err), QN_LIMIT);
    assert_contains(err.message, "more than 256 times");
    qni_hoisted_fini(&h);
    strcpy(formula, "m = 0"); /* every argument would compute it */
    for (int i = 0; i < LONG; i++)
        strcat(formula, " + price");
    strcat(formula, "; z = 0");
    for (int i = 0; i < 200; i++)
        sprintf(formula + strlen(formula), " + ema(m + %d, 2)", i);
    assert_int_equal(hoist(&h, formula, &err), QN_LIMIT);
    assert_contains(err.message, "make columns of their own");
    assert_true(err.column > (int64_t)strlen("m = 0 + price"));
    qni_hoisted_fini(&h);
}

/* An argument may be too long in its normal spelling, which has blanks: the place is that of what was written. */
static void an_argument_that_is_too_long_is_said_where_it_stands(void **state)
{
    (void)state;
    enum {
        TERMS = 75000
    };
    static char formula[TERMS * 13 + 64];
    size_t at = (size_t)sprintf(formula, "z = ema(price");
    for (int i = 0; i < TERMS; i++, at += 13)
        memcpy(formula + at, "+`odd (name)`", 13);
    strcpy(formula + at, ", 3)");
    assert_refused(formula, QN_LIMIT, 9, "at most 1048576 bytes");
}

static void a_formula_may_have_a_mebibyte(void **state)
{
    (void)state;
    static char formula[(1 << 20) + 2];
    memset(formula, ' ', sizeof formula - 1);
    memcpy(formula, "z = 1", 5);
    qni_hoisted h;
    qn_error err;
    assert_int_equal(hoist(&h, formula, &err), QN_LIMIT);
    assert_contains(err.message, "at most 1048576 bytes, this one has 1048577");
    qni_hoisted_fini(&h);
    formula[1 << 20] = '\0';
    assert_ok(hoist(&h, formula, &err), &err);
    qni_hoisted_fini(&h);
}

/* Room is for a step of a call and one of each of its series. */
static void every_series_may_be_a_step(void **state)
{
    (void)state;
    assert_hoisted("z = vwap(bid + 1, size*2)", "=#1 := bid + 1\n=#2 := size * 2\n"
                                                "=vwap(#1, #2) := vwap: =#1 =#2\nz = `=vwap(#1, #2)`");
}

/* A processor level that there is none of is no part of the formula. */
static void a_wrong_configuration_has_no_place_in_the_formula(void **state)
{
    (void)state;
    qni_hoisted h;
    qn_error err;
    const char *before = getenv("QUERN_CPU");
    char level[32] = "";
    snprintf(level, sizeof level, "%s", before == NULL ? "" : before);
    assert_int_equal(setenv("QUERN_CPU", "abacus", 1), 0);
    assert_int_equal(hoist(&h, "z = ema(log(price), 3)", &err), QN_CONFIG);
    assert_int_equal(err.column, 0);
    qni_hoisted_fini(&h);
    assert_int_equal(before == NULL ? unsetenv("QUERN_CPU") : setenv("QUERN_CPU", level, 1), 0);
}

/* ---- where there is no stream ---- */

static void elsewhere_functions_with_state_are_refused(void **state)
{
    (void)state;
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = COLUMNS;
    for (int i = 0; i < QNI_STATEFUL_COUNT; i++) {
        char formula[64];
        qn_model *model;
        qn_error err;
        sprintf(formula, "size = a*%s(price, 3)", qni_stateful_infos[i].name);
        const bool is_column = i == QNI_STATEFUL_SD; /* then the column is what is meant */
        assert_int_equal(qn_model_new(&model, formula, -1, &options, &err), QN_NAME);
        assert_int_equal(err.column, 10);
        assert_contains(err.message, is_column ? "is a column, not a function" : "keeps state from row to row");
        assert_contains(err.message, qni_stateful_infos[i].name);
        sprintf(formula, "size = %s*price", qni_stateful_infos[i].name); /* as a name it is any other */
        assert_ok(qn_model_new(&model, formula, -1, &options, &err), &err);
        assert_int_equal(qn_model_parameter_count(model), is_column ? 0 : 1);
        qn_model_unref(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_formula_without_calls_is_a_model),
        cmocka_unit_test(calls_become_columns),
        cmocka_unit_test(arguments_that_are_no_columns_get_one),
        cmocka_unit_test(calls_stand_in_calls),
        cmocka_unit_test(intermediates_go_where_they_are_needed),
        cmocka_unit_test(what_nothing_uses_is_not_computed),
        cmocka_unit_test(equal_calls_are_one),
        cmocka_unit_test(equal_arguments_are_one_however_they_are_written),
        cmocka_unit_test(what_another_formula_made_is_not_made_again),
        cmocka_unit_test(constants_are_expressions_without_columns),
        cmocka_unit_test(a_name_may_be_a_column_and_a_function),
        cmocka_unit_test(odd_columns_stand_in_calls),
        cmocka_unit_test(deep_calls_have_short_names),
        cmocka_unit_test(steps_say_where_they_were_written),
        cmocka_unit_test(a_formula_makes_a_new_column),
        cmocka_unit_test(a_name_that_is_no_column_is_an_error_where_it_stands),
        cmocka_unit_test(a_hidden_column_is_no_name_for_a_formula),
        cmocka_unit_test(wrong_arguments_say_how_a_function_is_called),
        cmocka_unit_test(broken_grammar_is_found_where_it_is),
        cmocka_unit_test(limits_are_refused_in_words),
        cmocka_unit_test(an_argument_that_is_too_long_is_said_where_it_stands),
        cmocka_unit_test(a_formula_may_have_a_mebibyte),
        cmocka_unit_test(every_series_may_be_a_step),
        cmocka_unit_test(a_wrong_configuration_has_no_place_in_the_formula),
        cmocka_unit_test(elsewhere_functions_with_state_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
