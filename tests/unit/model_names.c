/* What names mean: columns, parameters, constants; in which order they are numbered; what draws a warning. */
#include "harness/harness.h"

#include <string.h>

#include <quern/model.h>

#include <stdio.h>

static const char *const columns[] = {"x", "y", "temperature", "dose (mg)", "ti`ck", "größe", "t"};

static qn_model *must_model_with(const char *formula, const char *response, const char *const *names, int64_t count)
{
    qn_model *model;
    qn_error err;
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = names;
    options.column_count = count;
    options.response = response;
    assert_ok(qn_model_new(&model, formula, -1, &options, &err), &err);
    return model;
}

static qn_model *must_model(const char *formula, const char *response)
{
    return must_model_with(formula, response, columns, sizeof columns / sizeof columns[0]);
}

/* The model's columns and parameters as "columns|parameters", each followed by a comma. */
static void assert_names(const char *formula, const char *response, const char *expected)
{
    qn_model *model = must_model(formula, response);
    char names[512] = "";
    for (int64_t i = 0; i < qn_model_column_count(model); i++)
        strcat(strcat(names, qn_model_column_name(model, i)), ",");
    strcat(names, "|");
    for (int64_t i = 0; i < qn_model_parameter_count(model); i++)
        strcat(strcat(names, qn_model_parameter_name(model, i)), ",");
    assert_string_equal(names, expected);
    qn_model_unref(model);
}

static void names_are_numbered_as_the_formula_first_names_them(void **state)
{
    (void)state;
    assert_names("y = b2*x + b1*t + b2", NULL, "y,x,t,|b2,b1,");
    assert_names("log(y) = c*t - a*x", NULL, "y,t,x,|c,a,");
    assert_names("b*x", "y", "x,y,|b,");
    assert_names("b*x", NULL, "x,|b,");
    assert_names("b*x*y", "y", "x,y,|b,");
    assert_names("y = 2", NULL, "y,|");
    assert_names("y = k*0*x", NULL, "y,x,|k,"); /* named is named, whatever it does */
}

/* Predictors, each followed by a comma. */
static void assert_predictors(const char *formula, const char *response, const char *expected)
{
    qn_model *model = must_model(formula, response);
    char names[512] = "";
    for (int64_t i = 0; i < qn_model_column_count(model); i++)
        if (qn_model_column_is_predictor(model, i))
            strcat(strcat(names, qn_model_column_name(model, i)), ",");
    assert_string_equal(names, expected);
    qn_model_unref(model);
}

static void the_columns_that_the_right_side_names_are_predictors(void **state)
{
    (void)state;
    assert_predictors("y = b2*x + b1*t + b2", NULL, "x,t,");
    assert_predictors("log(y/x) = a*x", NULL, "x,");
    assert_predictors("y = 2*a", NULL, "");
    assert_predictors("b*x", "y", "x,");
    assert_predictors("b*x*y", "y", "x,y,");
    assert_predictors("`dose (mg)` = a*x + `ti``ck`*0", NULL, "x,ti`ck,");
}

static void odd_names_stand_between_backticks(void **state)
{
    (void)state;
    assert_names("`dose (mg)` = a*`ti``ck` + größe*_b1 + `x`", NULL, "dose (mg),ti`ck,größe,x,|a,_b1,");
    qn_model *model = must_model("a*x", "dose (mg)");
    assert_string_equal(qn_model_response_text(model), "`dose (mg)`");
    qn_model_unref(model);
    model = must_model("a*x", "ti`ck");
    assert_string_equal(qn_model_response_text(model), "`ti``ck`");
    qn_model_unref(model);
    model = must_model("a*x", "größe");
    assert_string_equal(qn_model_response_text(model), "größe");
    qn_model_unref(model);
}

static void a_function_name_without_parentheses_is_a_parameter(void **state)
{
    (void)state;
    assert_names("y = exp*exp(x) + log", NULL, "y,x,|exp,log,");
    qn_model *model = must_model("y = exp*x", NULL);
    assert_int_equal(qn_model_warning_count(model), 1);
    assert_contains(qn_model_warning(model, 0), "\"exp\" is a parameter to be fitted, because no ( follows");
    qn_model_unref(model);
}

static void a_name_that_looks_like_a_number_is_a_parameter_with_a_warning(void **state)
{
    (void)state;
    static const char *const names[] = {"inf", "nan", "NaN", "Infinity"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char formula[32], warning[96];
        (void)snprintf(formula, sizeof formula, "y = x + %s", names[i]);
        (void)snprintf(warning, sizeof warning, "\"%s\" is a parameter to be fitted; there is no constant", names[i]);
        qn_model *model = must_model(formula, NULL);
        assert_int_equal(qn_model_warning_count(model), 1);
        assert_contains(qn_model_warning(model, 0), warning);
        qn_model_unref(model);
    }
}

static void pi_is_a_constant_unless_it_is_a_column(void **state)
{
    (void)state;
    assert_names("y = sin(2*pi*x/period) + π", NULL, "y,x,|period,");
    static const char *const names[] = {"pi", "y"};
    qn_model *model = must_model_with("y = a*pi", NULL, names, 2);
    assert_int_equal(qn_model_column_count(model), 2);
    assert_int_equal(qn_model_warning_count(model), 1);
    assert_contains(qn_model_warning(model, 0), "the column of that name, not the constant");
    qn_model_unref(model);
}

static void true_and_false_are_constants_unless_they_are_columns(void **state)
{
    (void)state;
    assert_names("y = a*true + false*x", NULL, "y,x,|a,");
    static const char *const names[] = {"true", "y"};
    qn_model *model = must_model_with("y = a*true", NULL, names, 2);
    assert_int_equal(qn_model_column_count(model), 2);
    assert_contains(qn_model_warning(model, 0), "\"true\" is the column of that name, not the constant");
    qn_model_unref(model);
}

static void intermediates_are_neither_columns_nor_parameters(void **state)
{
    (void)state;
    assert_names("z = x/w; y = a*exp(-z^2)", NULL, "x,y,|w,a,");
    assert_names("z = t; q = z*b; c*q", "y", "t,y,|b,c,");
    assert_names(" z = 1 ; y = z ; ", NULL, "y,|");
    assert_names("exp = x; y = exp(exp)", NULL, "x,y,|");
    assert_predictors("z = x*t; y = a*z", NULL, "x,t,");
    assert_predictors("z = t; y = a*x", NULL, "t,x,"); /* named is named, whatever it does */
    qn_model *model = must_model("z = 1; log( y ) = z", NULL);
    assert_string_equal(qn_model_response_text(model), "log( y )");
    qn_model_unref(model);
}

static void a_formula_has_a_normal_spelling(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"z=x/w;y=a*exp(-z**2) ;", "z = x / w; y = a * exp(-z^2)"},
        {" (((x)))", "x"},
        {"x>1?2:t<=5?3:4", "if(x > 1, 2, if(t <= 5, 3, 4))"},
        {"(x||t)&&!a || x==1", "(x || t) && !a || x == 1"},
        {"!(x==0)!=(a!=1)", "!(x == 0) != (a != 1)"},
        {"a-(b-c)-(d)", "a - (b - c) - d"},
        {"(a*b)//(c/d)", "a * b // (c / d)"},
        {"(2^3)^(2^-(x+1))", "(2^3)^2^-(x + 1)"},
        {"-(-x)^2", "-(-x)^2"},
        {"(-x)^(-2)*(-3)", "(-x)^-2 * -3"},
        {"pow(a,b)", "a^b"},
        {"+x- +1", "x - 1"},
        {"min(min(1,x),max(2,max(3,4)))", "min(1, x, max(2, max(3, 4)))"},
        {"1e5+.10+5.+1E+300+0.30000000000000004", "100000 + 0.1 + 5 + 1e+300 + 0.30000000000000004"},
        {"`x` + `dose (mg)`*`ti``ck`", "x + `dose (mg)` * `ti``ck`"},
        {"log(y)=pi*π*true", "log(y) = pi * π * true"},
        {"clamp(x,step(a),b)", "clamp(x, step(a), b)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_model *model = must_model(cases[i][0], NULL);
        assert_string_equal(qn_model_text(model), cases[i][1]);
        qn_model_unref(model);
        model = must_model(cases[i][1], NULL);
        assert_string_equal(qn_model_text(model), cases[i][1]);
        qn_model_unref(model);
    }
    static const char *const names[] = {"pi", "y"};
    qn_model *model = must_model_with("y = a*`pi`", NULL, names, 2);
    assert_string_equal(qn_model_text(model), "y = a * `pi`");
    assert_int_equal(qn_model_warning_count(model), 0);
    qn_model_unref(model);
}

static void parameters_are_found_by_name(void **state)
{
    (void)state;
    qn_model *model = must_model("y = zeta*x + alpha + b10 + b9", NULL);
    assert_int_equal(qn_model_parameter_count(model), 4);
    for (int64_t i = 0; i < 4; i++)
        assert_int_equal(qn_model_parameter_find(model, qn_model_parameter_name(model, i)), i);
    assert_int_equal(qn_model_parameter_find(model, "x"), -1);
    assert_int_equal(qn_model_parameter_find(model, ""), -1);
    qn_model_unref(model);
    model = must_model("y = x", NULL);
    assert_int_equal(qn_model_parameter_find(model, "a"), -1);
    qn_model_unref(model);
}

static void a_model_keeps_its_formula_and_sides(void **state)
{
    (void)state;
    qn_model *model = must_model("  log( y ) =\n a*x ", NULL);
    assert_string_equal(qn_model_formula(model), "  log( y ) =\n a*x ");
    assert_string_equal(qn_model_response_text(model), "log( y )");
    assert_true(qn_model_has_response(model));
    qn_model_unref(model);
    model = must_model("a*x", NULL);
    assert_false(qn_model_has_response(model));
    assert_string_equal(qn_model_response_text(model), "");
    qn_model_unref(model);
    model = must_model("y = a*x", "y"); /* said twice, and the same */
    assert_true(qn_model_has_response(model));
    qn_model_unref(model);
    qn_error err;
    assert_ok(qn_model_new(&model, "a*b/c and more", 5, NULL, &err), &err);
    assert_string_equal(qn_model_formula(model), "a*b/c");
    assert_int_equal(qn_model_parameter_count(model), 3);
    assert_ptr_equal(qn_model_ref(model), model);
    qn_model_unref(model);
    qn_model_unref(model);
    qn_model_unref(NULL);
}

static void assert_warnings(const char *formula, int64_t count, const char *piece)
{
    qn_model *model = must_model(formula, NULL);
    if (qn_model_warning_count(model) != count)
        fail_msg("%s draws %lld warnings, not %lld", formula, (long long)qn_model_warning_count(model),
                 (long long)count);
    if (count > 0)
        assert_contains(qn_model_warning(model, 0), piece);
    qn_model_unref(model);
}

static void a_parameter_spelled_nearly_like_a_column_draws_a_warning(void **state)
{
    (void)state;
    assert_warnings("y = a*Temperature", 1,
                    "\"Temperature\" is a parameter to be fitted; was the column \"temperature\" meant?");
    assert_warnings("y = a*temprature", 1, "\"temperature\"");
    assert_warnings("y = a*temperatures", 1, "\"temperature\"");
    assert_warnings("y = a*tempertaure", 1, "\"temperature\"");
    assert_warnings("y = a*temperatura", 1, "\"temperature\"");
}

static void names_that_are_meant_draw_no_warning(void **state)
{
    (void)state;
    assert_warnings("y = A*exp(-t/T) + X + b1*x", 0, NULL);
    assert_warnings("y = temperature*temperature1", 0, NULL); /* numbered names are a habit */
    assert_warnings("y = temp*x", 0, NULL);
}

static void intermediates_that_are_perhaps_not_meant_draw_a_warning(void **state)
{
    (void)state;
    assert_warnings("z = t; y = a*x", 1, "the intermediate \"z\" is used nowhere");
    assert_warnings("z = t; y = a*z", 0, NULL);
    assert_warnings("exp = t; y = a*exp", 1, "\"exp\" is an intermediate here; the function is exp(…)");
    assert_warnings("scaled = t; y = a*scale + scaled", 1,
                    "\"scale\" is a parameter to be fitted; was the intermediate \"scaled\" meant?");
}

static void a_comparison_for_a_response_draws_a_warning(void **state)
{
    (void)state;
    assert_warnings("y == a*x", 1, "the formula is a comparison, 0 or 1; to describe a column write one =");
    assert_warnings("y = x == a", 0, NULL);
}

static void a_response_on_both_sides_draws_a_warning(void **state)
{
    (void)state;
    assert_warnings("y = a*y", 1, "the column \"y\" stands on both sides");
    qn_model *model = must_model("a*y", "y");
    assert_int_equal(qn_model_warning_count(model), 1);
    qn_model_unref(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_numbered_as_the_formula_first_names_them),
        cmocka_unit_test(the_columns_that_the_right_side_names_are_predictors),
        cmocka_unit_test(odd_names_stand_between_backticks),
        cmocka_unit_test(a_function_name_without_parentheses_is_a_parameter),
        cmocka_unit_test(a_name_that_looks_like_a_number_is_a_parameter_with_a_warning),
        cmocka_unit_test(pi_is_a_constant_unless_it_is_a_column),
        cmocka_unit_test(true_and_false_are_constants_unless_they_are_columns),
        cmocka_unit_test(intermediates_are_neither_columns_nor_parameters),
        cmocka_unit_test(a_formula_has_a_normal_spelling),
        cmocka_unit_test(intermediates_that_are_perhaps_not_meant_draw_a_warning),
        cmocka_unit_test(a_comparison_for_a_response_draws_a_warning),
        cmocka_unit_test(parameters_are_found_by_name),
        cmocka_unit_test(a_model_keeps_its_formula_and_sides),
        cmocka_unit_test(a_parameter_spelled_nearly_like_a_column_draws_a_warning),
        cmocka_unit_test(names_that_are_meant_draw_no_warning),
        cmocka_unit_test(a_response_on_both_sides_draws_a_warning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
