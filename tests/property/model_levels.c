/* Every processor level gives the same bits for whole models, values and derivatives, however the rows fall on vectors
 * and blocks; QUERN_CPU chooses the level of a model when it is made, and what it cannot be is refused with a sentence.
 * Of NaNs only that they are. */
#include "harness/harness.h"
#include "property/formula.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <quern/model.h>

#include "base/cpu.h"

enum {
    ROWS = 300 /* two blocks and a part of a third, whose end is no whole vector */
};

static qn_status make(qn_model **model, const char *text, int64_t size, const char *level, qn_error *err)
{
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = formula_column_names;
    options.column_count = FORMULA_COLUMNS;
    if (level != NULL)
        setenv("QUERN_CPU", level, 1);
    else
        unsetenv("QUERN_CPU");
    qn_status status = qn_model_new(model, text, size, &options, err);
    unsetenv("QUERN_CPU");
    return status;
}

/* What a formula computes at one level. */
typedef struct result {
    double value[ROWS], jacobian[FORMULA_PARAMETERS][ROWS], alone[ROWS];
    int64_t parameter_count;
} result;

static void evaluate(result *out, const formula *f, const char *level, const double *const *columns,
                     const double *parameters)
{
    qn_error err;
    qn_model *model;
    qn_model_workspace *workspace;
    qn_status status = make(&model, f->text, f->size, level, &err);
    if (status != QN_OK)
        print_error("%s\n", f->text);
    assert_ok(status, &err);
    assert_ok(qn_model_workspace_new(&workspace, model, NULL, &err), &err);
    out->parameter_count = qn_model_parameter_count(model);
    qn_model_eval(model, workspace, columns, 0, ROWS, parameters, out->value, out->jacobian[0], ROWS);
    qn_model_eval(model, workspace, columns, 0, ROWS, parameters, out->alone, NULL, 0);
    qn_model_workspace_free(workspace);
    qn_model_unref(model);
}

static bool same_bits(double a, double b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

static void compare(const formula *f, const char *level, const result *a, const result *b)
{
    assert_int_equal(a->parameter_count, b->parameter_count);
    for (int i = 0; i < ROWS; i++) {
        if (!same_bits(a->value[i], b->value[i]) || !same_bits(a->alone[i], b->alone[i]))
            fail_msg("%s: row %d: %a at the level %s, %a at baseline", f->text, i, b->value[i], level, a->value[i]);
        for (int64_t p = 0; p < a->parameter_count; p++)
            if (!same_bits(a->jacobian[p][i], b->jacobian[p][i]))
                fail_msg("%s: row %d: derivative %d is %a at the level %s, %a at baseline", f->text, i, (int)p,
                         b->jacobian[p][i], level, a->jacobian[p][i]);
    }
}

static double any_number(uint64_t *seed)
{
    static const double special[] = {NAN, INFINITY, -INFINITY, 0x1p-1074, 1e-310, 1e308, -1e-300, 1e6, -700};
    return test_random_below(seed, 10) == 0 ? special[test_random_below(seed, 9)] : formula_random_number(seed);
}

static void every_level_gives_the_same_bits_for_whole_models(void **state)
{
    (void)state;
    static formula f;
    static double data[FORMULA_COLUMNS][ROWS];
    static result base, other;
    const double *columns[FORMULA_COLUMNS];
    uint64_t seed = test_seed(20240904);
    int64_t rounds = test_effort(1000, 50000);
    if (qni_cpu_best() == QNI_CPU_BASELINE)
        print_message("SKIPPED: this processor has only the baseline\n");
    for (int64_t round = 0; round < rounds && qni_cpu_best() > QNI_CPU_BASELINE; round++) {
        double parameters[FORMULA_PARAMETERS];
        formula_grow(&f, &seed, 2 + (int)(round % 5), NULL, NULL);
        for (int c = 0; c < FORMULA_COLUMNS; c++) {
            columns[c] = data[c];
            for (int i = 0; i < ROWS; i++)
                data[c][i] = any_number(&seed);
        }
        for (int p = 0; p < FORMULA_PARAMETERS; p++)
            parameters[p] = any_number(&seed);
        evaluate(&base, &f, "baseline", columns, parameters);
        for (int level = QNI_CPU_AVX2; level <= qni_cpu_best(); level++) {
            evaluate(&other, &f, qni_cpu_name(level), columns, parameters);
            compare(&f, qni_cpu_name(level), &base, &other);
        }
    }
}

static void an_empty_or_missing_choice_is_the_best_level(void **state)
{
    (void)state;
    qn_error err;
    qn_model *model;
    assert_ok(make(&model, "a*exp(x)", -1, "", &err), &err);
    qn_model_unref(model);
    assert_ok(make(&model, "a*exp(x)", -1, NULL, &err), &err);
    qn_model_unref(model);
}

static void a_level_that_is_none_is_refused_with_the_list(void **state)
{
    (void)state;
    static const char *const wrong[] = {"avx", "AVX2", "sse4.2", "baseline ", "2", "avx512f"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        qn_error err;
        qn_model *model;
        assert_int_equal(make(&model, "a*x", -1, wrong[i], &err), QN_CONFIG);
        assert_null(model);
        assert_contains(err.message, wrong[i]);
        assert_contains(err.message, "the levels are baseline, avx2 and avx512");
    }
}

static void a_level_that_the_processor_lacks_is_refused_with_what_it_has(void **state)
{
    (void)state;
    for (int level = qni_cpu_best() + 1; level < QNI_CPU_COUNT; level++) {
        qn_error err;
        qn_model *model;
        assert_int_equal(make(&model, "a*x", -1, qni_cpu_name(level), &err), QN_CONFIG);
        assert_null(model);
        assert_contains(err.message, qni_cpu_name(level));
        assert_contains(err.message, qni_cpu_name(qni_cpu_best()));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_gives_the_same_bits_for_whole_models),
        cmocka_unit_test(an_empty_or_missing_choice_is_the_best_level),
        cmocka_unit_test(a_level_that_is_none_is_refused_with_the_list),
        cmocka_unit_test(a_level_that_the_processor_lacks_is_refused_with_what_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
