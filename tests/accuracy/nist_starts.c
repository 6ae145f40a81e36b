/* The 27 NIST StRD nonlinear regression sets without any start: how many lead to the certified values all the same.
 * With `--table` the program prints what became of each. */
#include "accuracy/nist_sets.h"
#include "harness/harness.h"

#include <quern/fit.h>
#include <quern/model.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Fits a set from nowhere; whether the residual sum of squares is the certified one. (Which of two peaks or
 * exponentials comes first is nobody's to say, so parameters are not compared.) There is no other minimum within a
 * thousandth; what is left of Lanczos1 is the rounding of its data. */
static bool reaches(const nist_set *set, bool print)
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
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    assert_ok(qn_fit_table(&result, model, set->table, &options, &err), &err);
    bool reached = fabs(result->rss - set->rss) <= 1e-3 * set->rss + 1e-27;
    if (print)
        printf("| %s | %s | %s | %" PRId64 " | %s |\n", set->name, result->started, reached ? "yes" : "no",
               result->evaluations, qn_fit_status_name(result->status));
    else if (!reached)
        printf("%s: residual sum of squares %g instead of %g\n", set->name, result->rss, set->rss);
    qn_fit_result_free(result);
    qn_model_unref(model);
    return reached;
}

static int count_reached(bool print)
{
    int reached = 0;
    for (int i = 0; i < NIST_SET_COUNT; i++) {
        nist_set set;
        nist_set_read(&set, nist_set_names[i]);
        reached += reaches(&set, print);
        nist_set_fini(&set);
    }
    printf("%d of %d reached without a start\n", reached, NIST_SET_COUNT);
    return reached;
}

static void the_certified_values_are_reached_without_any_start(void **state)
{
    (void)state;
    assert_int_equal(count_reached(false), NIST_SET_COUNT);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--table") == 0) {
        printf("| set | started | reached | evaluations | status |\n|---|---|---|---|---|\n");
        (void)count_reached(true);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_certified_values_are_reached_without_any_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
