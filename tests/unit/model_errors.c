/* Every complaint about a formula: its status, its place, and what it tells a person to change. */
#include "harness/harness.h"

#include <stdio.h>
#include <string.h>

#include <quern/model.h>

static const char *const columns[] = {"x", "y", "temperature"};

static void assert_refused(const char *formula, int64_t size, const char *response, qn_status status, int64_t column,
                           const char *piece)
{
    qn_model *model = (qn_model *)1;
    qn_error err;
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = 3;
    options.response = response;
    qn_status got = qn_model_new(&model, formula, size, &options, &err);
    assert_null(model);
    if (got != status || err.code != status || err.column != column)
        fail_msg("%s: %s at %lld: %s", formula, qn_status_name(got), (long long)err.column, err.message);
    assert_contains(err.message, piece);
    assert_int_equal(qn_model_new(&model, formula, size, &options, NULL), status);
}

static void text_that_is_no_formula_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *formula;
        int64_t column;
        const char *piece;
    } cases[] = {
        {"", 1, "the formula is empty"},
        {"  \n ", 5, "the formula is empty"},
        {"y = 2x", 6, "an operator is missing: for the product write 2*x"},
        {"y = 2(x+1)", 6, "write 2*(…)"},
        {"y = (a)(x)", 8, "write (…)*(…)"},
        {"y = (a)x", 8, "write (…)*x"},
        {"y = a b", 7, "for the product write a*b, for a name with a space write `a b`"},
        {"y = a 2", 7, "write a*2"},
        {"y = `x` (a)", 9, "write `x`*(…)"},
        {"y = 2 3", 7, "write 2*3"},
        {"y = a +", 8, "the formula ends after \"+\""},
        {"y = ", 5, "the formula ends after \"=\""},
        {"y = a */ b", 8, "should stand between \"*\" and \"/\""},
        {"= a", 1, "a formula cannot start with \"=\""},
        {"* a", 1, "a formula cannot start with \"*\""},
        {") a", 1, "a formula cannot start with \")\""},
        {"y = ()", 6, "should stand between \"(\" and \")\""},
        {"y = a * (b + x", 9, "this ( is never closed"},
        {"y = exp(x", 8, "this ( is never closed"},
        {"y = a + b)", 10, "this ) has no ( before it"},
        {"y = x = a", 7, "a statement has one =: to compare write =="},
        {"y = (x = a)", 8, "the = cannot stand inside an expression: to compare write =="},
        {"y = if(x = 1, a, 2)", 10, "the = cannot stand inside an expression: to compare write =="},
        {"y = x = 1 ? a : 2", 7, "a statement has one =: to compare write =="},
        {"y = 1,5*x", 6, "a decimal point is written as a point"},
        {"y = (1,5)", 7, "a comma separates the arguments"},
        {"y = [x]", 5, "write ( instead"},
        {"y = {x}", 5, "write ( instead"},
        {"y = \"x\"", 5, "backticks"},
        {"y = a $ x", 7, "the character \"$\" has no meaning"},
        {"y ~ a*x", 3, "write = between the response and the model"},
        {"y = a # the slope", 7, "a formula has no comments"},
        {"y = a\x01", 6, "control character 0x01"},
        {"y = a\xff*x", 6, "the byte 0xFF is not UTF-8"},
        {"y = a\xc3", 6, "the byte 0xC3 is not UTF-8"},
        {"y = a\xed\xa0\x80", 6, "is not UTF-8"},
        {"y = a\xc0\x80", 6, "is not UTF-8"},
        {"y = a×x", 6, "write * instead"},
        {"y = a·x", 6, "write * instead"},
        {"y = a−x", 6, "write - instead"},
        {"y = x²", 6, "write ^2 instead"},
        {"y = a\xc2\xa0* x", 6, "write a plain space"},
        {"y = .", 5, "a point alone is not a number"},
        {"y = 1.2.3", 8, "a number has one decimal point"},
        {"y = 1e400*x", 5, "the number 1e400 is too large"},
        {"y = 1e-400*x", 5, "the number 1e-400 is too small"},
        {"y = `x", 5, "has no second backtick"},
        {"y = `", 5, "has no second backtick"},
        {"y = ``", 5, "there is no name between the backticks"},
        {"y = ```", 5, "has no second backtick"},
        {"y = pow(x)", 5, "pow takes 2 arguments, here is 1"},
        {"y = pow(x, a, b)", 5, "pow takes 2 arguments, here are 3"},
        {"y = exp()", 5, "exp takes 1 argument, here are 0"},
        {"y = exp(x,)", 11, "should stand between \",\" and \")\""},
        {"2 = a*x", 1, "the left side of the formula names no column"},
        {"pi = a*x", 1, "the left side of the formula names no column"},
        {"y = a\n  * * x", 11, "should stand between \"*\" and \"*\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_refused(cases[i].formula, -1, NULL, QN_SYNTAX, cases[i].column, cases[i].piece);
    assert_refused("y = a\0b", 7, NULL, QN_SYNTAX, 6, "control character 0x00");
}

static void operators_of_other_languages_are_named_in_ours(void **state)
{
    (void)state;
    static const struct {
        const char *formula;
        int64_t column;
        const char *piece;
    } cases[] = {
        {"y = x & a", 7, "write && instead"},
        {"y = x | a", 7, "write || instead"},
        {"y = x and a", 7, "write && instead of \"and\""},
        {"y = x or a", 7, "write || instead of \"or\""},
        {"y = not x", 5, "write ! instead of \"not\""},
        {"y = x mod 2", 7, "write mod(a, b) instead of \"mod\""},
        {"y = x div 2", 7, "write // instead of \"div\""},
        {"y = if x > 1 then a", 5, "write if(condition, a, b) instead of \"if\""},
        {"y = a if x > 1 else b", 7, "write if(condition, a, b) instead of \"if\""},
        {"y = x <> 1", 7, "write != instead of <>"},
        {"y = x ~= 1", 7, "write != instead of ~="},
        {"y = x !== 1", 7, "write != instead of !=="},
        {"y = x =< 1", 7, "write <= instead of =<"},
        {"y = x => 1", 7, "write >= instead of =>"},
        {"y = x === 1", 7, "write == instead of ==="},
        {"y := a*x", 3, "write = instead of :="},
        {"y = x > = 1", 7, "write >= without a space"},
        {"y = x ! = 1", 7, "a ! stands before its operand"},
        {"y = (x = = 1)", 8, "to compare write =="},
        {"y = x %% 2", 7, "for the remainder write mod(a, b)"},
        {"y = x÷2", 6, "write / instead"},
        {"y = x ≤ 2", 7, "write <= instead"},
        {"y = x ≥ 2", 7, "write >= instead"},
        {"y = x ≠ 2", 7, "write != instead"},
        {"y = x ∧ a", 7, "write && instead"},
        {"y = x ∨ a", 7, "write || instead"},
        {"y = ¬x", 5, "write ! instead"},
        {"y = x!", 6, "the factorial of n is gamma(n + 1)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_refused(cases[i].formula, -1, NULL, QN_SYNTAX, cases[i].column, cases[i].piece);
}

static void comparisons_do_not_chain(void **state)
{
    (void)state;
    assert_refused("y = 0 < x < 1", -1, NULL, QN_SYNTAX, 11, "comparisons do not chain: write 0 < x && x < …");
    assert_refused("y = (a == x+1 != b)", -1, NULL, QN_SYNTAX, 15, "write a == x+1 && x+1 != …");
}

static void a_choice_has_two_values(void **state)
{
    (void)state;
    assert_refused("y = x ? 1", -1, NULL, QN_SYNTAX, 7, "this ? has no : after its first value");
    assert_refused("y = (x ? 1)", -1, NULL, QN_SYNTAX, 8, "this ? has no :");
    assert_refused("y = x ? 1 ; 2", -1, NULL, QN_SYNTAX, 7, "this ? has no :");
    assert_refused("y = x ? a b : 2", -1, NULL, QN_SYNTAX, 11, "an operator is missing");
    assert_refused("y = x ? a = b : 2", -1, NULL, QN_SYNTAX, 11, "the = cannot stand inside an expression");
    assert_refused("y = x : 2", -1, NULL, QN_SYNTAX, 7, "this : has no ? before it");
    assert_refused("y = x ? : 2", -1, NULL, QN_SYNTAX, 9, "should stand between \"?\" and \":\"");
}

static void a_wrong_number_of_arguments_is_refused_with_the_right_one(void **state)
{
    (void)state;
    static const struct {
        const char *formula;
        const char *piece;
    } cases[] = {
        {"min(x)", "min takes 2 or more arguments, here is 1"},
        {"max()", "max takes 2 or more arguments, here are 0"},
        {"if(x, 1)", "if takes 3 arguments, here are 2: if(condition, a, b)"},
        {"if(x, 1, 2, 3)", "if takes 3 arguments, here are 4"},
        {"clamp(x, 2)", "clamp takes 3 arguments, here are 2: clamp(x, low, high)"},
        {"atan2(x)", "atan2 takes 2 arguments, here is 1: atan2(y, x)"},
        {"mod(x)", "mod takes 2 arguments, here is 1: mod(x, divisor)"},
        {"log(x, 2)", "log takes 1 argument, here are 2; log2(x) and log10(x)"},
        {"round(x, 2)", "round takes 1 argument, here are 2; for decimals write round(x*100)/100"},
        {"step(x, 2)", "step takes 1 argument, here are 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_refused(cases[i].formula, -1, NULL, QN_SYNTAX, 1, cases[i].piece);
}

static void statements_that_define_nothing_new_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *formula;
        qn_status status;
        int64_t column;
        const char *piece;
    } cases[] = {
        {"z = 1; z = 2; y = z", QN_NAME, 8, "\"z\" is defined a second time"},
        {"y = z + 1; z = 3; y = z", QN_NAME, 5, "\"z\" is used before it is defined: put its statement first"},
        {"z = z + 1; y = z", QN_NAME, 5, "\"z\" stands in its own definition"},
        {"z = 2*(1 + z); y = z", QN_NAME, 12, "\"z\" stands in its own definition"},
        {"x = 3; y = x", QN_NAME, 1, "\"x\" is a column of the data: give the intermediate another name"},
        {"y = a*x; z = 3", QN_NAME, 1, "only the last statement describes a column"},
        {"z = 1; `x` = 3; y = z", QN_SYNTAX, 8, "a name in backticks is a column"},
        {"pi = 3; y = pi*x", QN_NAME, 1, "\"pi\" is a constant: give the intermediate another name"},
        {"true = 0; y = x", QN_NAME, 1, "\"true\" is a constant"},
        {"z = 3; z = x", QN_NAME, 8, "the response must be made of columns, and \"z\" is an intermediate"},
        {"z = 3; log(y + z) = x", QN_NAME, 8, "and \"z\" is an intermediate"},
        {"f(x) = 3*x; y = f(2)", QN_SYNTAX, 1, "a statement before the last one is NAME = EXPRESSION"},
        {"2*z = 3; y = x", QN_SYNTAX, 1, "NAME = EXPRESSION"},
        {"a*x; y = x", QN_SYNTAX, 1, "NAME = EXPRESSION"},
        {"z; y = x", QN_SYNTAX, 1, "NAME = EXPRESSION"},
        {"z = 1 = 2; y = x", QN_SYNTAX, 7, "a statement has one ="},
        {"z = (1; y = x", QN_SYNTAX, 7, "the ; cannot stand inside parentheses"},
        {"z = 1); y = x", QN_SYNTAX, 6, "this ) has no ( before it"},
        {"z = 1 y = x; y = z", QN_SYNTAX, 7, "an operator is missing"},
        {"z = ; y = x", QN_SYNTAX, 5, "should stand between \"=\" and \";\""},
        {"z = 1;; y = x", QN_SYNTAX, 7, "there is no statement before this ;"},
        {"; y = x", QN_SYNTAX, 1, "there is no statement before this ;"},
        {"y = x; ;", QN_SYNTAX, 8, "there is no statement before this ;"},
        {";", QN_SYNTAX, 1, "a formula cannot start with \";\""},
        {"z = 2; y = z(x)", QN_NAME, 12, "\"z\" is an intermediate, not a function: for a product write z*(…)"},
        {"z = y(x); y = z", QN_NAME, 5, "\"y\" is a column, not a function: for a product write y*(…)"},
        {"z = 2; y(x) = z", QN_NAME, 8, "write \"y = …\" without the parentheses"},
        {"z = foo(2); y = z", QN_NAME, 5, "unknown function \"foo\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_refused(cases[i].formula, -1, NULL, cases[i].status, cases[i].column, cases[i].piece);
}

static void functions_of_other_languages_are_named_in_ours(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"arcsin", "asin"},       {"arccos", "acos"},    {"arctan2", "atan2"}, {"fabs", "abs"},
        {"power", "pow"},         {"heaviside", "step"}, {"expit", "sigmoid"}, {"logistic", "sigmoid"},
        {"tgamma", "gamma"},      {"gammaln", "lgamma"}, {"psi", "digamma"},   {"j0", "besselj0"},
        {"j1", "besselj1"},       {"where", "if"},       {"ifelse", "if"},     {"iif", "if"},
        {"fmod", "mod"},          {"remainder", "mod"},  {"clip", "clamp"},    {"ceiling", "ceil"},
        {"sgn", "sign"},          {"maximum", "max"},    {"fmin", "min"},      {"lg", "log10"},
        {"besselj2", "besselj0"}, {"sigmod", "sigmoid"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char formula[64], piece[64];
        snprintf(formula, sizeof formula, "y = %s(x)", cases[i][0]);
        snprintf(piece, sizeof piece, "unknown function \"%s\": did you mean \"%s\"?", cases[i][0], cases[i][1]);
        assert_refused(formula, -1, NULL, QN_NAME, 5, piece);
    }
    assert_refused("y = sqr(x)", -1, NULL, QN_NAME, 5, "unknown function \"sqr\": write x^2");
    assert_refused("y = trunc(x)", -1, NULL, QN_NAME, 5, "write if(x < 0, ceil(x), floor(x))");
    assert_refused("y = int(x)", -1, NULL, QN_NAME, 5, "write if(x < 0, ceil(x), floor(x))");
    assert_refused("y = not(x)", -1, NULL, QN_NAME, 5, "write !a");
    assert_refused("y = and(x, a)", -1, NULL, QN_NAME, 5, "write a && b");
}

static void unknown_names_are_refused_with_the_nearest_one(void **state)
{
    (void)state;
    static const struct {
        const char *formula;
        int64_t column;
        const char *piece;
    } cases[] = {
        {"y = expp(x)", 5, "unknown function \"expp\": did you mean \"exp\"?"},
        {"y = ln(x)", 5, "unknown function \"ln\": did you mean \"log\"?"},
        {"y = arctan(x)", 5, "did you mean \"atan\"?"},
        {"y = foo(x)", 5, "unknown function \"foo\" (quern(7) lists those that there are)"},
        {"y = foo(x)", 5, "for a product write foo*(…)"},
        {"y = x(a)", 5, "\"x\" is a column, not a function: for a product write x*(…)"},
        {"y(x) = a*x", 1, "write \"y = …\" without the parentheses"},
        {" y ( x ) = a*x", 2, "write \"y = …\" without the parentheses"},
        {"f(x) = a*x", 1, "write the response's column alone on the left"},
        {"temperatur = a*x", 1, "\"temperatur\" is no column of the data: did you mean \"temperature\"?"},
        {"log(z) = a*x", 5, "the response must be made of columns, and \"z\" is no column"},
        {"y + a = a*x", 5, "the response must be made of columns, and \"a\""},
        {"y = a*`temp erature`", 7,
         "the quoted name \"temp erature\" is no column of the data: did you mean \"temperature\"?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_refused(cases[i].formula, -1, NULL, QN_NAME, cases[i].column, cases[i].piece);
    assert_refused("a*x", -1, "temperatur", QN_NAME, 0,
                   "the response \"temperatur\" is no column of the data: did you mean");
}

static void a_response_given_twice_is_refused(void **state)
{
    (void)state;
    assert_refused("y = a*x", -1, "temperature", QN_INVALID, 1,
                   "the formula describes \"y\", but the response is given as \"temperature\"");
    assert_refused(" log(y) = a*x", -1, "y", QN_INVALID, 2, "the formula describes \"log(y)\"");
}

static void without_columns_a_left_side_is_refused(void **state)
{
    (void)state;
    qn_model *model;
    qn_error err;
    assert_int_equal(qn_model_new(&model, "y = a*x", -1, NULL, &err), QN_NAME);
    assert_contains(err.message, "the data has none");
}

static void a_long_name_is_shortened_in_a_message(void **state)
{
    (void)state;
    char formula[400] = "y = ", name[201];
    memset(name, 'f', 200);
    name[200] = '\0';
    strcat(strcat(formula, name), "(x)");
    assert_refused(formula, -1, NULL, QN_NAME, 5, "ffff…\"");
}

static void a_wrong_call_is_refused(void **state)
{
    (void)state;
    qn_model *model;
    qn_error err;
    assert_int_equal(qn_model_new(&model, NULL, -1, NULL, &err), QN_INVALID);
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.size = 3;
    assert_int_equal(qn_model_new(&model, "a", -1, &options, &err), QN_INVALID);
    qn_model_options_init(&options, sizeof options);
    options.column_count = 2;
    assert_int_equal(qn_model_new(&model, "a", -1, &options, &err), QN_INVALID);
    static const char *const names[] = {"x", NULL};
    options.columns = names;
    assert_int_equal(qn_model_new(&model, "a", -1, &options, &err), QN_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_that_is_no_formula_is_refused_with_its_place),
        cmocka_unit_test(operators_of_other_languages_are_named_in_ours),
        cmocka_unit_test(comparisons_do_not_chain),
        cmocka_unit_test(a_choice_has_two_values),
        cmocka_unit_test(a_wrong_number_of_arguments_is_refused_with_the_right_one),
        cmocka_unit_test(statements_that_define_nothing_new_are_refused),
        cmocka_unit_test(functions_of_other_languages_are_named_in_ours),
        cmocka_unit_test(unknown_names_are_refused_with_the_nearest_one),
        cmocka_unit_test(a_response_given_twice_is_refused),
        cmocka_unit_test(without_columns_a_left_side_is_refused),
        cmocka_unit_test(a_long_name_is_shortened_in_a_message),
        cmocka_unit_test(a_wrong_call_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
