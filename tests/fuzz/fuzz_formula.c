/* Any bytes as a formula: compiling them ends, and what compiles evaluates with the same bits in blocks as row by row.
 */
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

static void evaluate(const qn_model *model)
{
    static double x[ROWS], value[ROWS], jacobian[PARAMETERS_MAX * ROWS];
    double parameters[PARAMETERS_MAX], one, row[PARAMETERS_MAX];
    const double *data[4] = {x, x, x, x};
    int64_t count = qn_model_parameter_count(model);
    qn_model_workspace *workspace;
    if (count > PARAMETERS_MAX || qn_model_workspace_new(&workspace, model, NULL, NULL) != QN_OK)
        return;
    for (int i = 0; i < ROWS; i++)
        x[i] = 0.25 * (i % 23) - 1;
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
        qn_model_eval_response(model, workspace, data, 0, ROWS, value);
    qn_model_workspace_free(workspace);
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
    evaluate(model);
    qn_model_unref(model);
    return 0;
}
