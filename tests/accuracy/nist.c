/* The 27 NIST StRD nonlinear regression sets from both starts, at default settings: correct digits of every parameter,
 * of every standard deviation and of the residual sum of squares.
 *
 * Digits are the log relative error −log10(|got − certified| / |certified|), at most 11: as many as are certified. With
 * `--table` the program prints the table of docs/nist.md instead of testing. */
#include "accuracy/nist_sets.h"
#include "harness/harness.h"

#include <quern/fit.h>
#include <quern/model.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct digits {
    double parameters, deviations, rss; /* the worst of each */
    qn_fit_status status;
    int64_t evaluations;
} digits;

static double correct_digits(double got, double certified)
{
    if (!isfinite(got))
        return 0;
    double relative = fabs(got - certified) / fabs(certified);
    return relative == 0 ? 11 : fmax(0, fmin(11, -log10(relative)));
}

static digits fit_set(const nist_set *set, int start)
{
    qn_error err;
    qn_model *model;
    qn_fit_result *result;
    const char *columns[16];
    qn_model_options model_options;
    qn_model_options_init(&model_options, sizeof model_options);
    model_options.columns = columns;
    model_options.column_count = qn_table_column_count(set->table);
    for (int64_t c = 0; c < model_options.column_count; c++)
        columns[c] = qn_table_column_name(set->table, c);
    assert_ok(qn_model_new(&model, set->formula, -1, &model_options, &err), &err);
    assert_int_equal(qn_model_parameter_count(model), set->p);

    double starts[NIST_SET_PARAMETERS];
    int64_t index[NIST_SET_PARAMETERS];
    for (int64_t j = 0; j < set->p; j++) {
        index[j] = qn_model_parameter_find(model, set->parameters[j]);
        assert_true(index[j] >= 0);
        starts[index[j]] = set->start[start][j];
    }
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.start = starts;
    assert_ok(qn_fit_table(&result, model, set->table, &options, &err), &err);

    digits d = {.parameters = 11, .deviations = 11, .rss = correct_digits(result->rss, set->rss)};
    d.status = result->status;
    d.evaluations = result->evaluations;
    for (int64_t j = 0; j < set->p; j++) {
        const qn_fit_parameter *parameter = &result->parameters[index[j]];
        d.parameters = fmin(d.parameters, correct_digits(parameter->value, set->value[j]));
        d.deviations = fmin(d.deviations, correct_digits(parameter->stderr_, set->stderr_[j]));
    }
    qn_fit_result_free(result);
    qn_model_unref(model);
    return d;
}

static void every_set_is_fitted_to_certified_digits_from_both_starts(void **state)
{
    (void)state;
    int four = 0, six = 0, converged = 0;
    for (int i = 0; i < NIST_SET_COUNT; i++) {
        nist_set set;
        nist_set_read(&set, nist_set_names[i]);
        for (int start = 0; start < 2; start++) {
            digits d = fit_set(&set, start);
            four += d.parameters >= 4;
            six += d.parameters >= 6 && d.deviations >= 6;
            converged += d.status == QN_FIT_CONVERGED;
            if (d.parameters < 6 || d.deviations < 6)
                printf("%s start %d: %.1f digits in parameters, %.1f in deviations, %s\n", set.name, start + 1,
                       d.parameters, d.deviations, qn_fit_status_name(d.status));
        }
        nist_set_fini(&set);
    }
    printf("of %d: %d to 4 digits in parameters, %d to 6 in parameters and deviations, %d converged\n",
           2 * NIST_SET_COUNT, four, six, converged);
    assert_int_equal(four, 2 * NIST_SET_COUNT);
    assert_true(six >= 52); /* the deviations of Lanczos1 (residual sum of squares 1e-25) are beyond double precision */
    assert_int_equal(converged, 2 * NIST_SET_COUNT);
}

static void print_table(void)
{
    printf("| set | start | digits: parameters | deviations | residual sum of squares | evaluations | status |\n"
           "|---|---|---|---|---|---|---|\n");
    for (int i = 0; i < NIST_SET_COUNT; i++) {
        nist_set set;
        nist_set_read(&set, nist_set_names[i]);
        for (int start = 0; start < 2; start++) {
            digits d = fit_set(&set, start);
            printf("| %s | %d | %.1f | %.1f | %.1f | %" PRId64 " | %s |\n", set.name, start + 1, d.parameters,
                   d.deviations, d.rss, d.evaluations, qn_fit_status_name(d.status));
        }
        nist_set_fini(&set);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--table") == 0) {
        print_table();
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_set_is_fitted_to_certified_digits_from_both_starts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
