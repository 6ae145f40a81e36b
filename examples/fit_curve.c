/* Fits a Gaussian peak to a CSV file with the library and prints the parameters with their standard errors.
 *
 *     cc fit_curve.c $(pkg-config --cflags --libs quern) -o fit_curve
 *     ./fit_curve transmittance.csv
 */
#include <quern/quern.h>

#include <inttypes.h>
#include <stdio.h>

static int complain(const qn_error *err)
{
    fprintf(stderr, "%s:%" PRId64 ":%" PRId64 ": %s\n", err->file, err->line, err->column, err->message);
    return qn_status_exit_code(err->code);
}

int main(int argc, char **argv)
{
    const char *formula = "transmittance = area/width * exp(-0.5*((wavelength - centre)/width)^2)";
    const double start[] = {1, 5,
                            450}; /* area, width, centre: parameters are numbered as the formula first names them */
    qn_error err = qn_error_none();
    qn_csv *csv = NULL;
    qn_table *table = NULL;
    qn_model *model = NULL;
    qn_fit_result *fit = NULL;
    int exit_code = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: fit_curve FILE.csv\n");
        return 2;
    }
    qn_status s = qn_csv_open(&csv, argv[1], NULL, &err);
    if (s == QN_OK) {
        qn_model_options options;
        qn_model_options_init(&options, sizeof options);
        options.columns = qn_csv_column_names(csv); /* these names are data, all others are parameters */
        options.column_count = qn_csv_column_count(csv);
        s = qn_model_new(&model, formula, -1, &options, &err);
    }
    for (int64_t c = 0; s == QN_OK && c < qn_model_column_count(model); c++)
        s = qn_csv_select(csv, qn_model_column_name(model, c), QN_TYPE_F64, &err);
    if (s == QN_OK)
        s = qn_csv_read(&table, csv, -1, &err);
    if (s == QN_OK) {
        qn_fit_options options;
        qn_fit_options_init(&options, sizeof options);
        options.start = start;
        s = qn_fit_table(&fit, model, table, &options, &err);
    }
    if (s == QN_OK) {
        printf("%s: %s\n", qn_fit_status_name(fit->status), fit->message);
        for (int64_t j = 0; j < fit->p; j++)
            printf("%-8s %.10g +- %.3g\n", fit->parameters[j].name, fit->parameters[j].value,
                   fit->parameters[j].stderr_);
        exit_code = fit->status == QN_FIT_CONVERGED ? 0 : 1;
    } else {
        exit_code = complain(&err);
    }
    qn_fit_result_free(fit);
    qn_table_free(table);
    qn_model_unref(model);
    qn_csv_close(csv);
    return exit_code;
}
