/* Formulas without measure: each is refused or compiled in bounded time and memory. */
#include "harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quern/model.h>

#include "lang/limits.h"

static const char *const columns[] = {"x", "y"};

/* A text of `count` times `piece` between `head` and `tail`; free with free. */
static char *repeated(const char *head, const char *piece, int64_t count, const char *tail)
{
    size_t size = strlen(piece);
    char *text = malloc(strlen(head) + size * (size_t)count + strlen(tail) + 1), *at = text;
    assert_non_null(text);
    at += sprintf(at, "%s", head);
    for (int64_t i = 0; i < count; i++, at += size)
        memcpy(at, piece, size);
    strcpy(at, tail);
    return text;
}

static qn_status compile(char *text, qn_error *err, const qn_allocator *allocator, qn_model **model)
{
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = 2;
    options.allocator = allocator;
    qn_status status = qn_model_new(model, text, -1, &options, err);
    free(text);
    return status;
}

static void assert_limit(char *text, int64_t column, const char *piece)
{
    qn_model *model;
    qn_error err;
    assert_int_equal(compile(text, &err, NULL, &model), QN_LIMIT);
    assert_int_equal(err.column, column);
    assert_contains(err.message, piece);
}

static void deep_nesting_is_refused_whatever_nests(void **state)
{
    (void)state;
    assert_limit(repeated("y = ", "(", 10000, ""), 5 + QNI_FORMULA_DEPTH_MAX, "nested more than 256 deep");
    assert_limit(repeated("y = ", "-", 10000, "x"), 5 + QNI_FORMULA_DEPTH_MAX, "nested more than 256 deep");
    assert_limit(repeated("y = ", "2^", 10000, "x"), 5 + 2 * QNI_FORMULA_DEPTH_MAX, "nested more than 256 deep");
    assert_limit(repeated("y = ", "exp(", 10000, ""), 5 + 4 * QNI_FORMULA_DEPTH_MAX, "nested more than 256 deep");
    assert_limit(repeated("y = ", "pow(x,", 10000, ""), 5 + 6 * QNI_FORMULA_DEPTH_MAX - 2, "nested more than 256 deep");
    assert_limit(repeated("y = ", "!", 10000, "x"), 5 + QNI_FORMULA_DEPTH_MAX, "nested more than 256 deep");
    assert_limit(repeated("y = ", "x?1:", 10000, "x"), 5 + 4 * QNI_FORMULA_DEPTH_MAX - 2, "nested more than 256 deep");
    assert_limit(repeated("y = ", "x?", 10000, "x"), 5 + 2 * QNI_FORMULA_DEPTH_MAX, "nested more than 256 deep");
    assert_limit(repeated("y = ", "if(x,", 10000, "x"), 5 + 5 * QNI_FORMULA_DEPTH_MAX - 2, "nested more than 256 deep");
    assert_limit(repeated("z = ", "-", 10000, "x; y = z"), 5 + QNI_FORMULA_DEPTH_MAX, "nested more than 256 deep");
}

/* pow(x + pow(x + …)) is x^(x + x^(x + …)) in its normal spelling, which is nested deeper. */
static void a_formula_whose_normal_spelling_is_too_deep_is_refused(void **state)
{
    (void)state;
    enum {
        LEVELS = 100
    };
    char *inner = repeated("x", ")", LEVELS, "");
    assert_limit(repeated("y = ", "pow(x, x + ", LEVELS, inner), 5 + 11 * 14 + 9, "nested more than 256 deep");
    free(inner);
}

static void nesting_below_the_limit_is_fine(void **state)
{
    (void)state;
    qn_model *model;
    qn_error err;
    enum {
        LEVELS = QNI_FORMULA_DEPTH_MAX - 2
    };
    char *inner = repeated("a*x", ")", LEVELS, "");
    assert_ok(compile(repeated("y = ", "(", LEVELS, inner), &err, NULL, &model), &err);
    qn_model_unref(model);
    free(inner);
}

static void a_formula_of_fifty_megabytes_is_refused(void **state)
{
    (void)state;
    test_not_short();
    char *text = repeated("y = x", "+x", 25 * 1000 * 1000, "");
    qn_model *model;
    qn_error err;
    assert_int_equal(compile(text, &err, NULL, &model), QN_LIMIT);
    assert_contains(err.message, "a formula may have at most 1048576 bytes, this one has 50000005");
}

static void too_many_operations_names_or_long_names_are_refused(void **state)
{
    (void)state;
    assert_limit(repeated("y = x", "+x", 400000, ""), 5 + QNI_FORMULA_NODES_MAX,
                 "more than 262144 numbers, names and operations");
    char *text = malloc(8 * (QNI_FORMULA_NAMES_MAX + 1) + 8), *at = text;
    at += sprintf(at, "y = p0");
    for (int i = 1; i < QNI_FORMULA_NAMES_MAX + 1; i++)
        at += sprintf(at, "+p%d", i);
    assert_limit(text, 5 + 3 * 10 + 4 * 90 + 5 * 900 + 6 * 8999, "more than 10000 different names");
    assert_limit(repeated("y = ", "n", QNI_FORMULA_NAME_SIZE_MAX + 1, ""), 5, "at most 256 bytes, this one has 257");
    assert_limit(repeated("y = `", "n", QNI_FORMULA_NAME_SIZE_MAX + 1, "`"), 5, "at most 256 bytes");
}

/* p_i * exp(p_j * x), a thousand times: the value and the derivatives by 2000 parameters. */
static void a_large_model_is_compiled_and_right(void **state)
{
    (void)state;
    enum {
        TERMS = 1000
    };
    char *text = malloc(40 * TERMS), *at = text;
    at += sprintf(at, "y = 0");
    for (int i = 0; i < TERMS; i++)
        at += sprintf(at, " + a%d*exp(b%d*x)", i, i);
    qn_model *model;
    qn_model_workspace *workspace;
    qn_error err;
    test_allocator t;
    test_allocator_init(&t);
    assert_ok(compile(text, &err, &t.allocator, &model), &err);
    assert_true(t.peak_bytes < 20 << 20);
    assert_int_equal(qn_model_parameter_count(model), 2 * TERMS);
    assert_ok(qn_model_workspace_new(&workspace, model, NULL, &err), &err);
    double x = 0.5, value, *parameters = malloc(sizeof(double[2 * TERMS])),
           *jacobian = malloc(sizeof(double[2 * TERMS])), sum = 0;
    const double *data[] = {NULL, &x};
    for (int i = 0; i < TERMS; i++) {
        parameters[2 * i] = i;
        parameters[2 * i + 1] = -0.001 * i;
        sum += i * exp(-0.001 * i * 0.5);
    }
    qn_model_eval(model, workspace, data, 0, 1, parameters, &value, jacobian, 1);
    assert_close(value, sum, 1e-13, 0);
    for (int i = 0; i < TERMS; i++) {
        assert_close(jacobian[2 * i], exp(-0.0005 * i), 1e-15, 0);
        assert_close(jacobian[2 * i + 1], i * 0.5 * exp(-0.0005 * i), 1e-15, 0);
    }
    free(parameters);
    free(jacobian);
    qn_model_workspace_free(workspace);
    qn_model_unref(model);
    assert_int_equal(t.live_bytes, 0);
}

/* A sum of powers, as long as the limits allow: memory must not grow faster than the text (nor time, or CTest's limit
 * ends it). */
static void the_largest_formulas_compile_in_bounded_memory(void **state)
{
    (void)state;
    test_not_short();
    static const char *const pieces[] = {"+a^x", "*a/x", "-b^a", "*exp(a)"};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        qn_model *model;
        qn_error err;
        test_allocator t;
        test_allocator_init(&t);
        assert_ok(compile(repeated("y = x", pieces[i], QNI_FORMULA_NODES_MAX / 5, ""), &err, &t.allocator, &model),
                  &err);
        assert_true(t.peak_bytes < 512 << 20);
        qn_model_workspace *workspace;
        assert_ok(qn_model_workspace_new(&workspace, model, &t.allocator, &err), &err);
        assert_true(t.peak_bytes < 512 << 20);
        qn_model_workspace_free(workspace);
        qn_model_unref(model);
        assert_int_equal(t.live_bytes, 0);
    }
}

static void too_many_statements_are_refused(void **state)
{
    (void)state;
    char *text = malloc(16 * (QNI_FORMULA_STATEMENTS_MAX + 2)), *at = text;
    for (int i = 0; i < QNI_FORMULA_STATEMENTS_MAX + 1; i++)
        at += sprintf(at, "z%04d = 1;", i);
    sprintf(at, "y = x");
    assert_limit(text, 1 + 10 * QNI_FORMULA_STATEMENTS_MAX, "more than 1000 intermediates");
}

/* Each doubles the one before: by text it would be 2^900 terms. */
static void intermediates_of_intermediates_stay_linear(void **state)
{
    (void)state;
    enum {
        STATEMENTS = 900
    };
    char *text = malloc(40 * (STATEMENTS + 2)), *at = text;
    at += sprintf(at, "z0 = b*x;");
    for (int i = 1; i <= STATEMENTS; i++)
        at += sprintf(at, "z%d = z%d + z%d;", i, i - 1, i - 1);
    sprintf(at, "y = z%d", STATEMENTS);
    qn_model *model;
    qn_model_workspace *workspace;
    qn_error err;
    test_allocator t;
    test_allocator_init(&t);
    assert_ok(compile(text, &err, &t.allocator, &model), &err);
    assert_true(t.peak_bytes < 8 << 20);
    assert_ok(qn_model_workspace_new(&workspace, model, NULL, &err), &err);
    double x = 3, b = 5, value, slope;
    const double *data[] = {&x, NULL};
    assert_string_equal(qn_model_column_name(model, 0), "x");
    qn_model_eval(model, workspace, data, 0, 1, &b, &value, &slope, 1);
    assert_true(value == ldexp(15, STATEMENTS) && slope == ldexp(3, STATEMENTS));
    qn_model_workspace_free(workspace);
    qn_model_unref(model);
    assert_int_equal(t.live_bytes, 0);
}

/* A function of any number of arguments is folded, not nested. */
static void min_takes_very_many_arguments(void **state)
{
    (void)state;
    qn_model *model, *again;
    qn_error err;
    assert_ok(compile(repeated("y = min(x", ", 7", 50000, ")"), &err, NULL, &model), &err);
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = 2;
    assert_ok(qn_model_new(&again, qn_model_text(model), -1, &options, &err), &err);
    assert_string_equal(qn_model_text(model), qn_model_text(again));
    qn_model_unref(model);
    qn_model_unref(again);
}

static void a_million_columns_are_looked_up(void **state)
{
    (void)state;
    test_not_short();
    enum {
        MANY = 1000000
    };
    char *texts = malloc(16 * MANY);
    const char **names = malloc(sizeof(char *) * MANY);
    for (int i = 0; i < MANY; i++) {
        names[i] = texts + 16 * (size_t)i;
        sprintf(texts + 16 * (size_t)i, "column%d", i);
    }
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = names;
    options.column_count = MANY;
    qn_model *model;
    qn_error err;
    assert_ok(qn_model_new(&model, "column999999 = alpha*column5 + beta*columns + gamma", -1, &options, &err), &err);
    assert_int_equal(qn_model_column_count(model), 2);
    assert_int_equal(qn_model_parameter_count(model), 4);
    qn_model_unref(model);
    assert_int_equal(qn_model_new(&model, "colunm999999 = a*column5", -1, &options, &err), QN_NAME);
    assert_int_equal(qn_model_new(&model, "colunm5(x) = a*column5", -1, &options, &err), QN_NAME);
    free(texts);
    free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deep_nesting_is_refused_whatever_nests),
        cmocka_unit_test(a_formula_whose_normal_spelling_is_too_deep_is_refused),
        cmocka_unit_test(nesting_below_the_limit_is_fine),
        cmocka_unit_test(a_formula_of_fifty_megabytes_is_refused),
        cmocka_unit_test(too_many_operations_names_or_long_names_are_refused),
        cmocka_unit_test(a_large_model_is_compiled_and_right),
        cmocka_unit_test(the_largest_formulas_compile_in_bounded_memory),
        cmocka_unit_test(too_many_statements_are_refused),
        cmocka_unit_test(intermediates_of_intermediates_stay_linear),
        cmocka_unit_test(min_takes_very_many_arguments),
        cmocka_unit_test(a_million_columns_are_looked_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
