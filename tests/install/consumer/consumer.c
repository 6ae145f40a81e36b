/* install/consumer/consumer.c: the smallest program that uses an installed Quern: it prints the version and the value
 * of a compiled model. */
#include <quern/quern.h>

#include <stdio.h>

int main(void)
{
    const char *const columns[] = {"x", "y"};
    const double x[] = {0, 1, 2};
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = 2;
    qn_error err = qn_error_none();
    qn_model *model = NULL;
    qn_model_workspace *workspace = NULL;
    double value[3];
    qn_status status = qn_model_new(&model, "y = a + b*x", -1, &options, &err);
    if (status == QN_OK)
        status = qn_model_workspace_new(&workspace, model, NULL, &err);
    if (status == QN_OK) {
        const double *data[2] = {NULL, NULL};
        for (int64_t i = 0; i < qn_model_column_count(model); i++)
            data[i] = x;
        const double parameters[] = {10, 0.5};
        qn_model_eval(model, workspace, data, 0, 3, parameters, value, NULL, 3);
        printf("quern %s: %.1f %.1f %.1f\n", qn_version(), value[0], value[1], value[2]);
    } else {
        fprintf(stderr, "%s\n", err.message);
    }
    qn_model_workspace_free(workspace);
    qn_model_unref(model);
    return qn_status_exit_code(status);
}
