/* Second derivatives: known ones, and differences of the first ones for every function that has them. */
#include "harness/harness.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <quern/model.h>

enum {
    PARAMETERS_MAX = 3,
    PAIRS_MAX = PARAMETERS_MAX * (PARAMETERS_MAX + 1) / 2
};

typedef struct trial {
    qn_model *model;
    qn_model_workspace *workspace;
    int64_t p;
} trial;

static qn_status try_model(qn_model **out, const char *formula, const qn_allocator *allocator, qn_error *err)
{
    static const char *const columns[] = {"x"};
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = 1;
    options.allocator = allocator;
    options.second_derivatives = true;
    return qn_model_new(out, formula, -1, &options, err);
}

static trial begin(const char *formula)
{
    trial t;
    qn_error err;
    assert_ok(try_model(&t.model, formula, NULL, &err), &err);
    assert_ok(qn_model_workspace_new(&t.workspace, t.model, NULL, &err), &err);
    t.p = qn_model_parameter_count(t.model);
    assert_true(t.p <= PARAMETERS_MAX);
    return t;
}

static void end(trial *t)
{
    qn_model_workspace_free(t->workspace);
    qn_model_unref(t->model);
}

/* Value, first and second derivatives at one row. */
static double at(const trial *t, double x, const double *parameters, double *derivatives)
{
    const double *data[] = {&x};
    double value;
    qn_model_eval_second(t->model, t->workspace, data, 0, 1, parameters, &value, derivatives, 1);
    return value;
}

static void a_decay_has_the_derivatives_of_the_textbook(void **state)
{
    (void)state;
    trial t = begin("a*exp(-b*x) + c");
    const double p[] = {2.5, 1.3, 0.5}, x = 0.7, e = exp(-p[1] * x);
    double d[3 + 6];
    assert_close(at(&t, x, p, d), p[0] * e + p[2], 1e-15, 0);
    const double expected[] = {e, -p[0] * x * e, 1, 0, -x * e, p[0] * x * x * e, 0, 0, 0};
    for (int i = 0; i < 9; i++)
        assert_close(d[i], expected[i], 4e-16, 0);
    end(&t);
}

static void blocks_and_strides_are_kept(void **state)
{
    (void)state;
    enum {
        ROWS = 700,
        STRIDE = 710
    };
    trial t = begin("a*sin(b*x)");
    static double x[ROWS], value[ROWS], d[5 * STRIDE];
    const double p[] = {1.5, 2.5}, *data[] = {x};
    for (int i = 0; i < ROWS; i++)
        x[i] = 0.01 * i;
    qn_model_eval_second(t.model, t.workspace, data, 0, ROWS, p, value, d, STRIDE);
    for (int i = 0; i < ROWS; i++) {
        double each[5];
        assert_true(at(&t, x[i], p, each) == value[i]);
        for (int k = 0; k < 5; k++)
            assert_true(each[k] == d[k * STRIDE + i]);
        assert_close(d[4 * STRIDE + i], -p[0] * x[i] * x[i] * sin(p[1] * x[i]), 1e-14, 1e-15);
    }
    end(&t);
}

static void differences_of_first_derivatives_agree(void **state)
{
    (void)state;
    static const char *const formulas[] = {
        "a*x^b + c*x^2",
        "a/(b + c*x)",
        "(a*x)^b",
        "a^b*x",
        "b^(a*x)",
        "abs(a*x - 5)*b",
        "min(a*x, b*x^2) + max(a*b, c)",
        "if(x > 0.1, a*b*x, c)",
        "clamp(a*b, 0.1, 9)",
        "mod(a*b*x, c)",
        "sqrt(a*x + b)",
        "cbrt(a*x + b*c)",
        "hypot(a*x, b)",
        "exp(a*b*x) + exp2(a*c) + expm1(b*c)",
        "log(a*x + b) + log2(a*b) + log10(c*a) + log1p(b*c*x)",
        "sin(a*b*x) + cos(a*c) + tan(b*c/9)",
        "asin(a*b*x/9) + acos(a*c/9) + atan(b*c)",
        "atan2(a*x, b)",
        "sinh(a*b*x) + cosh(a*c) + tanh(b*c/3)",
        "asinh(a*b*x) + acosh(1 + a*c) + atanh(b*c/9)",
        "sigmoid(a*b*x) + softplus(a*c - b)",
        "erf(a*b*x/3) + erfc(a*c/3)",
        "gamma(a*b*x) + lgamma(a*c)",
        "besselj0(a*b*x + c)",
        "floor(a)*b*b + step(a)*c*c + sign(b)*a*a",
    };
    const double p[] = {1.3, 1.7, 0.9}, x = 0.8, h = 1e-5;
    for (size_t f = 0; f < sizeof formulas / sizeof *formulas; f++) {
        trial t = begin(formulas[f]);
        double d[PARAMETERS_MAX + PAIRS_MAX], plus[PARAMETERS_MAX + PAIRS_MAX], minus[PARAMETERS_MAX + PAIRS_MAX];
        at(&t, x, p, d);
        for (int64_t i = 0; i < t.p; i++) {
            double moved[PARAMETERS_MAX];
            memcpy(moved, p, sizeof moved);
            moved[i] = p[i] + h;
            at(&t, x, moved, plus);
            moved[i] = p[i] - h;
            at(&t, x, moved, minus);
            for (int64_t j = 0; j <= i; j++) {
                double difference = (plus[j] - minus[j]) / (2 * h), exact = d[t.p + i * (i + 1) / 2 + j];
                if (!(fabs(difference - exact) <= 1e-7 * (1 + fabs(exact))))
                    fail_msg("%s: by parameters %d and %d %.12g, the difference is %.12g", formulas[f], (int)i, (int)j,
                             exact, difference);
            }
        }
        end(&t);
    }
}

static void functions_without_them_are_refused_by_name(void **state)
{
    (void)state;
    static const char *const functions[] = {"sinc", "digamma", "besselj1"};
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
        char formula[40];
        qn_model *model;
        qn_error err;
        snprintf(formula, sizeof formula, "a*%s(b*x)", functions[f]);
        assert_int_equal(try_model(&model, formula, NULL, &err), QN_INVALID);
        assert_null(model);
        assert_contains(err.message, functions[f]);
    }
}

static void what_the_value_does_not_need_refuses_nothing(void **state)
{
    (void)state;
    trial t = begin("w = digamma(a*x); a^3*b*x + b^3");
    const double p[] = {2, 3};
    double d[PARAMETERS_MAX + PAIRS_MAX];
    at(&t, 5, p, d);
    assert_true(d[2] == 180 && d[3] == 60 && d[4] == 18); /* 6abx, 3a^2x, 6b */
    end(&t);
}

static qn_status make(const qn_allocator *allocator, void *user)
{
    (void)user;
    qn_model *model;
    qn_error err;
    qn_status status = try_model(&model, "a*exp(-b*x)*sin(c*x)", allocator, &err);
    char digest[QN_MODEL_DIGEST_SIZE];
    if (status == QN_OK)
        status = qn_model_digest(digest, model, &err);
    qn_model_unref(model);
    return status;
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    assert_true(test_fault_sweep(make, NULL, 1000) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_decay_has_the_derivatives_of_the_textbook),
        cmocka_unit_test(blocks_and_strides_are_kept),
        cmocka_unit_test(differences_of_first_derivatives_agree),
        cmocka_unit_test(functions_without_them_are_refused_by_name),
        cmocka_unit_test(what_the_value_does_not_need_refuses_nothing),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
