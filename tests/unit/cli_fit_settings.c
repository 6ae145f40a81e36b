/* What the options of `quern fit` become: the library's options, and the sentences where they cannot be. */
#include "harness/harness.h"

#include "cli/fit_int.h"
#include "cli/verbs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_WORDS = 16
};

static const char formula[] = "y = a*x + b + c";

typedef struct fixture {
    qni_memory memory;
    qni_run run;
    qni_args args;
    fit_job job;
    qn_fit_options options;
    qn_error err;
    char text[512];
} fixture;

/* Splits `line` at | and takes the words as the options of a fit. */
static qn_status settings(fixture *f, const char *line)
{
    static const double x[] = {1, 2, 3}, y[] = {2, 4, 7};
    const char *names[] = {"x", "y"};
    static char formula_word[] = "f", data_word[] = "d";
    char *words[MOST_WORDS] = {formula_word, data_word};
    int count = 2;
    *f = (fixture){.err = qn_error_none()};
    strncpy(f->text, line, sizeof f->text - 1);
    for (char *word = strtok(f->text, "|"); word != NULL; word = strtok(NULL, "|")) {
        assert_true(count < MOST_WORDS);
        words[count++] = word;
    }
    assert_int_equal(qni_memory_init(&f->memory, NULL, &f->err), QN_OK);
    f->run = (qni_run){.memory = &f->memory, .allocator = qni_memory_allocator(&f->memory, QNI_HOLDER_COMMAND)};
    assert_int_equal(qni_args_parse(&f->args, &qni_verb_fit, count, words, NULL, &f->err), QN_OK);
    f->job = (fit_job){.run = &f->run, .args = &f->args};
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = names;
    options.column_count = 2;
    assert_int_equal(qn_model_new(&f->job.model, formula, -1, &options, &f->err), QN_OK);
    assert_int_equal(qn_table_from_f64(&f->job.data.own, names, (const double *const[]){x, y}, 2, 3, NULL, &f->err),
                     QN_OK);
    f->job.table = f->job.data.own;
    f->job.p = 3;
    return qni_fit_settings(&f->job, &f->options, &f->err);
}

static void end(fixture *f)
{
    qni_fit_free(&f->job);
    qni_args_free(&f->args);
    qni_memory_fini(&f->memory);
}

/* Exactly these; a NaN is one. */
static void expect(const double *got, double a, double b, double c)
{
    const double wanted[] = {a, b, c};
    for (int i = 0; i < 3; i++)
        assert_true(isnan(wanted[i]) ? isnan(got[i]) : got[i] == wanted[i]);
}

static void without_options_all_is_at_its_default(void **state)
{
    (void)state;
    fixture f;
    assert_int_equal(settings(&f, ""), QN_OK);
    expect(f.options.start, NAN, NAN, NAN);
    expect(f.options.lower, -INFINITY, -INFINITY, -INFINITY);
    expect(f.options.upper, INFINITY, INFINITY, INFINITY);
    expect(f.options.fixed, NAN, NAN, NAN);
    assert_null(f.options.x_scale);
    assert_null(f.options.ties);
    assert_null(f.options.covariance);
    assert_null(f.options.sigma_column);
    assert_null(f.options.where);
    assert_true(f.options.method == QN_FIT_TRF && f.options.loss == QN_FIT_LOSS_LINEAR);
    assert_true(f.options.nan == QN_FIT_NAN_RAISE && !f.options.absolute_sigma && !f.options.profile);
    assert_true(f.options.ftol == 0 && f.options.loss_scale == 0 && f.options.starts == 0 && f.options.seed == 0);
    assert_true(f.options.diagnostics);
    end(&f);
}

static void every_option_arrives(void **state)
{
    (void)state;
    fixture f;
    assert_int_equal(settings(&f, "--start=a=1,|-sb=-2e3|--bounds=a=0:,b=:5|--loss=cauchy|--loss-scale=2|--starts=7|"
                                  "--seed=9|--ftol=1e-3|--xtol=1e-4|--gtol=1e-5|--confidence=0.5"),
                     QN_INVALID); /* an empty item in a list */
    assert_non_null(strstr(f.err.message, "--start: \"\" is not like NAME=NUMBER"));
    end(&f);
    assert_int_equal(settings(&f, "--start=a=1|-sb=-2e3|--bounds= a = 0 : , b=:5|--loss=cauchy|--loss-scale=2|"
                                  "--starts=7|--seed=9|--ftol=1e-3|--xtol=1e-4|--gtol=1e-5|--confidence=0.5"),
                     QN_OK);
    expect(f.options.start, 1, -2e3, NAN);
    expect(f.options.lower, 0, -INFINITY, -INFINITY);
    expect(f.options.upper, INFINITY, 5, INFINITY);
    assert_true(f.options.loss == QN_FIT_LOSS_CAUCHY && f.options.loss_scale == 2);
    assert_true(f.options.starts == 7 && f.options.seed == 9 && f.options.confidence == 0.5);
    assert_true(f.options.ftol == 1e-3 && f.options.xtol == 1e-4 && f.options.gtol == 1e-5);
    end(&f);
    assert_int_equal(settings(&f, "--fix=c=3|--tie=b = max(a, 2)|--method=dogbox|--nan=omit|--profile|--sigma=x|"
                                  "--absolute-sigma|--where=x > 1|--x-scale=a=2|--max-evals=50"),
                     QN_OK);
    expect(f.options.fixed, NAN, NAN, 3);
    assert_int_equal(f.options.tie_count, 1);
    assert_string_equal(f.options.ties[0], "b = max(a, 2)");
    expect(f.options.x_scale, 2, 1, 1); /* those of what is not free count for nothing */
    assert_true(f.options.method == QN_FIT_DOGBOX && f.options.nan == QN_FIT_NAN_OMIT);
    assert_true(f.options.profile && f.options.absolute_sigma && f.options.max_evals == 50);
    assert_string_equal(f.options.sigma_column, "x");
    assert_string_equal(f.options.where, "x > 1");
    end(&f);
}

static void jac_takes_scales_back(void **state)
{
    (void)state;
    fixture f;
    assert_int_equal(settings(&f, "--x-scale=a=2,b=1,c=1|--x-scale=jac"), QN_OK);
    assert_null(f.options.x_scale);
    end(&f);
    assert_int_equal(settings(&f, "--x-scale=a=2,b=1,c=1|--x-scale=jac|--x-scale=a=5,b=6,c=7"), QN_OK);
    expect(f.options.x_scale, 5, 6, 7);
    end(&f);
}

static void numbers_at_the_ends_of_the_range_are_read_and_none_beyond(void **state)
{
    (void)state;
    fixture f;
    assert_int_equal(settings(&f, "-sa=5e-324,b=-1.7976931348623157e308,c=-0e99"), QN_OK);
    expect(f.options.start, 5e-324, -1.7976931348623157e308, 0);
    end(&f);
    assert_int_equal(settings(&f, "--bounds=a=-inf:Infinity"), QN_OK);
    expect(f.options.upper, INFINITY, INFINITY, INFINITY);
    end(&f);
    const char *const beyond[] = {"-sa=1e-400", "-sa=-0.00000001e-330", "-sa=2e308", "--fix=a=1e-400",
                                  "--bounds=a=1e400:"};
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        assert_int_equal(settings(&f, beyond[i]), QN_INVALID);
        assert_non_null(strstr(f.err.message, "a double holds 5e-324 to 1.8e308"));
        end(&f);
    }
}

static void what_cannot_be_is_said_with_the_option(void **state)
{
    (void)state;
    static const struct {
        const char *line, *sentence;
        qn_status status;
    } cases[] = {
        {"--fix=a", "--fix: \"a\" is not like NAME=NUMBER", QN_INVALID},
        {"--fix=a=inf", "--fix: \"a\" cannot be infinite", QN_INVALID},
        {"--fix=a=1,a=1", "--fix: \"a\" is given twice", QN_INVALID},
        {"--fix=x=1", "--fix: \"x\" is a column of the data, not a parameter", QN_NAME},
        {"--fix=d=1", "--fix: the formula has no parameter \"d\"", QN_NAME},
        {"--bounds=a=1", "--bounds: \"a=1\" is not like NAME=LOW:HIGH", QN_INVALID},
        {"--bounds=a=:", "--bounds: \"a=:\" is not like", QN_INVALID},
        {"--bounds=a=x:", "--bounds: \"x\" is not a number", QN_INVALID},
        {"--bounds=a=nan:", "--bounds: \"nan\" is not a number", QN_INVALID},
        {"--tie=2*a", "--tie: \"2*a\" is not like", QN_INVALID},
        {"--tie=b=a|--fix=b=2", "--tie: \"b\" has its value from --fix", QN_INVALID},
        {"--tie=b=a|-sb=2", "--start: \"b\" is in --tie", QN_INVALID},
        {"--fix=b=1|--bounds=b=:2", "--bounds: \"b\" is in --fix", QN_INVALID},
        {"--fix=b=1|--x-scale=a=1,b=1,c=1", "--x-scale: \"b\" is in --fix", QN_INVALID},
        {"--x-scale=a=1,b=1", "--x-scale: \"c\" has none", QN_INVALID},
        {"--x-scale=a=1,b=1,c=-1", "--x-scale: that of \"c\" must be greater than 0", QN_INVALID},
        {"--absolute-sigma", "--absolute-sigma says something of --sigma or --cov", QN_INVALID},
        {"--sigma=x|--cov=c.npy", "--sigma and --cov both", QN_INVALID},
        {"--loss-scale=2", "--loss-scale says nothing with --loss linear", QN_INVALID},
        {"--method=lm|--bounds=a=0:", "--bounds: --method lm takes none", QN_INVALID},
        {"--seed=2|-sa=1,b=1,c=1", "--seed says nothing", QN_INVALID},
        {"--seed=2|-sa=1|--fix=c=1|--tie=b=a", "--seed says nothing", QN_INVALID},
        {"--cov=/nonexistent/c.npy", "/nonexistent/c.npy", QN_NO_INPUT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture f;
        assert_int_equal(settings(&f, cases[i].line), cases[i].status);
        if (strstr(f.err.message, cases[i].sentence) == NULL)
            fail_msg("%s: %s", cases[i].line, f.err.message);
        end(&f);
    }
}

static void shares_and_positive_numbers_are_told_from_others(void **state)
{
    (void)state;
    static const char *const shares[] = {"0.5", "1e-300", "0.9999999999999999"};
    static const char *const none[] = {"0", "1", "-0.1", "1e-400", "inf", "2"};
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++)
        assert_null(qni_fit_share_refuse(shares[i]));
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_non_null(qni_fit_share_refuse(none[i]));
    assert_null(qni_fit_positive_refuse("1e-300"));
    assert_non_null(qni_fit_positive_refuse("0"));
    assert_non_null(qni_fit_positive_refuse("-1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_options_all_is_at_its_default),
        cmocka_unit_test(every_option_arrives),
        cmocka_unit_test(jac_takes_scales_back),
        cmocka_unit_test(numbers_at_the_ends_of_the_range_are_read_and_none_beyond),
        cmocka_unit_test(what_cannot_be_is_said_with_the_option),
        cmocka_unit_test(shares_and_positive_numbers_are_told_from_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
