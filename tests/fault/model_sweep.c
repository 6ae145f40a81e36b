/* Compiling and evaluating a formula with every allocation failing in turn: the status says so, nothing leaks. */
#include "harness/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quern/model.h>

static const char *const columns[] = {"x", "y", "odd name"};

typedef struct call {
    const char *formula;
    const char *response;
} call;

static qn_status compile_and_evaluate(const qn_allocator *allocator, void *user)
{
    const call *c = user;
    qn_model *model;
    qn_error err;
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = 3;
    options.response = c->response;
    options.allocator = allocator;
    qn_status status = qn_model_new(&model, c->formula, -1, &options, &err);
    if (status != QN_OK) {
        assert_null(model);
        assert_true(strlen(err.message) > 0);
        return status;
    }
    qn_model_workspace *workspace;
    status = qn_model_workspace_new(&workspace, model, allocator, &err);
    if (status == QN_OK)
        qn_model_workspace_free(workspace);
    else
        assert_null(workspace);
    qn_model_unref(model);
    return status;
}

static void small_formulas_survive_every_failure(void **state)
{
    (void)state;
    call calls[] = {{"y = a*exp(-b*x)+c", NULL},
                    {"log(y) = a^x + sqrt(x^a)*abs(b)", NULL},
                    {"a*X*oddname", "odd name"},
                    {"z = x*`odd name`; w = z^2; y = min(a, w, z) + if(z > b, w, c) // mod(x, 2);", NULL},
                    {"x", NULL}};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        assert_true(test_fault_sweep(compile_and_evaluate, &calls[i], 1000) > 10);
}

static void a_large_formula_survives_every_failure(void **state)
{
    (void)state;
    enum {
        TERMS = 100
    };
    char *text = malloc(40 * TERMS), *at = text;
    at += sprintf(at, "y = 0");
    for (int i = 0; i < TERMS; i++)
        at += sprintf(at, " + a%d*x^b%d", i, i);
    test_fault_sweep(compile_and_evaluate, &(call){text, NULL}, 10000);
    free(text);
}

/* Enough names, statements and nodes that every table grows. */
static void many_statements_survive_every_failure(void **state)
{
    (void)state;
    enum {
        STATEMENTS = 120
    };
    char *text = malloc(40 * (STATEMENTS + 1)), *at = text;
    at += sprintf(at, "z0 = x;");
    for (int i = 1; i < STATEMENTS; i++)
        at += sprintf(at, "z%d = z%d + a%d;", i, i - 1, i);
    sprintf(at, "y = z%d", STATEMENTS - 1);
    test_fault_sweep(compile_and_evaluate, &(call){text, NULL}, 10000);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_formulas_survive_every_failure),
        cmocka_unit_test(a_large_formula_survives_every_failure),
        cmocka_unit_test(many_statements_survive_every_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
