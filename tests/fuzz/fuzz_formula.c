/* Any bytes as a formula: compiling them ends; what compiles evaluates with the same bits in blocks as row by row; its
 * normal spelling compiles to the same and is its own. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <quern/model.h>

enum {
    ROWS = 131,
    PARAMETERS_MAX = 16
};

static const char *const columns[] = {"x", "y", "odd name", "pi"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
    if (!holds)
        abort();
}

static bool same(const double *a, const double *b)
{
    return (isnan(*a) && isnan(*b)) || memcmp(a, b, sizeof *a) == 0;
}

/* Values and derivatives into value (ROWS) and jacobian (PARAMETERS_MAX, ROWS); false: too many parameters. */
static bool evaluate(const qn_model *model, double *value, double *jacobian)
{
    static const double odd[] = {NAN, INFINITY, -INFINITY, 0, -0.0, 1e-320, 1.7e308, -1e200, 1e15, 710};
    static double x[ROWS], response[ROWS];
    double parameters[PARAMETERS_MAX], one, row[PARAMETERS_MAX];
    const double *data[4] = {x, x, x, x};
    int64_t count = qn_model_parameter_count(model);
    qn_model_workspace *workspace;
    if (count > PARAMETERS_MAX || qn_model_workspace_new(&workspace, model, NULL, NULL) != QN_OK)
        return false;
    for (int i = 0; i < ROWS; i++)
        x[i] = i % 10 == 0 && i / 10 < (int)(sizeof odd / sizeof odd[0]) ? odd[i / 10] : 0.25 * (i % 23) - 1;
    for (int k = 0; k < PARAMETERS_MAX; k++)
        parameters[k] = 0.5 * k - 0.5;
    qn_model_eval(model, workspace, data, 0, ROWS, parameters, value, jacobian, ROWS);
    for (int i = 0; i < ROWS; i += 10) {
        qn_model_eval(model, workspace, data, i, 1, parameters, &one, row, 1);
        expect(same(&one, &value[i]));
        for (int64_t k = 0; k < count; k++)
            expect(same(&row[k], &jacobian[k * ROWS + i]));
    }
    if (qn_model_has_response(model))
        qn_model_eval_response(model, workspace, data, 0, ROWS, response);
    qn_model_workspace_free(workspace);
    return true;
}

static void check_text(const qn_model *model, const qn_model_options *options, const double *value,
                       const double *jacobian)
{
    static double value_again[ROWS], jacobian_again[PARAMETERS_MAX * ROWS];
    const char *text = qn_model_text(model);
    qn_model *again;
    expect(qn_model_new(&again, text, -1, options, NULL) == QN_OK);
    expect(strcmp(qn_model_text(again), text) == 0);
    expect(qn_model_parameter_count(again) == qn_model_parameter_count(model));
    expect(qn_model_column_count(again) == qn_model_column_count(model));
    expect(qn_model_has_response(again) == qn_model_has_response(model));
    for (int64_t i = 0; i < qn_model_parameter_count(model); i++)
        expect(strcmp(qn_model_parameter_name(again, i), qn_model_parameter_name(model, i)) == 0);
    if (value != NULL && evaluate(again, value_again, jacobian_again)) {
        for (int i = 0; i < ROWS; i++)
            expect(same(&value[i], &value_again[i]));
        for (int64_t i = 0; i < qn_model_parameter_count(model) * ROWS; i++)
            expect(same(&jacobian[i], &jacobian_again[i]));
    }
    qn_model_unref(again);
}

/* The first byte chooses whether a response is given beside the formula and whether pi is a column. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = data[0] & 1 ? 4 : 3;
    options.response = data[0] & 2 ? "odd name" : NULL;
    qn_model *model;
    qn_error err;
    qn_status status = qn_model_new(&model, (const char *)data + 1, (int64_t)size - 1, &options, &err);
    if (status != QN_OK) {
        expect(model == NULL && err.message[0] != '\0' && err.column >= 0 && err.column <= (int64_t)size);
        expect(status == QN_SYNTAX || status == QN_NAME || status == QN_LIMIT || status == QN_INVALID);
        return 0;
    }
    expect(strlen(qn_model_formula(model)) == size - 1);
    for (int64_t i = 0; i < qn_model_parameter_count(model); i++)
        expect(qn_model_parameter_find(model, qn_model_parameter_name(model, i)) == i);
    for (int64_t i = 0; i < qn_model_warning_count(model); i++)
        expect(qn_model_warning(model, i)[0] != '\0');
    static double value[ROWS], jacobian[PARAMETERS_MAX * ROWS];
    bool evaluated = evaluate(model, value, jacobian);
    check_text(model, &options, evaluated ? value : NULL, jacobian);
    qn_model_unref(model);
    return 0;
}
