/* Curves that are recognised in many spellings, what is read off them, and what is none of them. */
#include "harness/harness.h"

#include "lang/shape.h"

#include <quern/fit.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    PARAMETERS = 6,
    ROWS = 60
};

static const char *const columns[] = {"x", "y", "z"};

static qn_model *compile(const char *formula)
{
    qn_error err;
    qn_model *model;
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = 3;
    assert_ok(qn_model_new(&model, formula, -1, &options, &err), &err);
    return model;
}

static qni_shape *shape_of(const char *formula)
{
    qn_error err;
    qni_shape *shape;
    qn_model *model = compile(formula);
    assert_ok(qni_shape_new(&shape, model, NULL, &err), &err);
    qn_model_unref(model);
    return shape;
}

/* What a curve is, in as many spellings as come to mind. */
typedef struct spelling {
    const char *formula, *name;
} spelling;

static const spelling known[] = {
    {"y = a + b*x", "line"},
    {"y = x*b + a", "line"},
    {"y = k*x", "line"},
    {"y = b*(x - 3) + c", "line"},
    {"y = a + b*x + c*x^2", "linear in its parameters"},
    {"y = a*sin(x) + b*z", "linear in its parameters"},
    {"y = a*x^b", "power"},
    {"y = x^b", "power"},
    {"y = (2*x)^b*a", "power"},
    {"y = a*x^(-b)", "power"},
    {"y = a/x^b", "power"},
    {"y = c + a*x^b", "power with offset"},
    {"y = a*exp(b*x)", "exponential"},
    {"y = a*exp(-b*x)", "exponential"},
    {"y = exp(-x/tau)*a", "exponential"},
    {"y = a*2^(-x/half)", "exponential"},
    {"y = a*exp2(x/t)", "exponential"},
    {"y = a*exp(-(x - 3)/tau)", "exponential"},
    {"y = exp(a + b*x)", "exponential"},
    {"y = a/exp(b*x)", "exponential"},
    {"y = exp(b*x)/a", "exponential"},
    {"y = a*b^x", "exponential"},
    {"log(y) = a*exp(-b*x)", "exponential"},
    {"y = a*(1 - exp(-b*x))", "exponential with offset"},
    {"y = -a*expm1(-b*x)", "exponential with offset"},
    {"y = c + a*exp(-b*x)", "exponential with offset"},
    {"y = a*exp(-b*x) + c", "exponential with offset"},
    {"y = c - a*exp(-x/tau)", "exponential with offset"},
    {"y = c + (a - c)*exp(-k*x)", "exponential with offset"},
    {"k = b*x; y = a*(1 - exp(-k))", "exponential with offset"},
    {"y = a*exp(-b*x) + c*exp(-d*x)", "two exponentials"},
    {"y = a*(exp(-b*x) - exp(-c*x))", "two exponentials"},
    {"y = e + a*exp(-x/b) + c*exp(-x/d)", "two exponentials with offset"},
    {"y = a*exp(-b*x) + c*exp(-d*x) + e*exp(-f*x)", "three exponentials"},
    {"y = a*exp(-(x - m)^2/(2*s^2))", "Gaussian"},
    {"y = a*exp(-((x - m)/s)^2)", "Gaussian"},
    {"y = a*exp(-0.5*((x - m)/s)^2)", "Gaussian"},
    {"y = a*exp(-0.5*(x - m)**2/s**2)", "Gaussian"},
    {"y = a*exp(-(m - x)*(m - x)/w)", "Gaussian"},
    {"y = a/(s*sqrt(2*pi))*exp(-(x - m)^2/(2*s^2))", "Gaussian"},
    {"u = (x - m)/s; y = a*exp(-u*u/2)", "Gaussian"},
    {"y = a*exp(-4*log(2)*((x - m)/fwhm)^2)", "Gaussian"},
    {"y = exp(a + b*x + c*x^2)", "Gaussian"},
    {"y = a*exp(-((x - m)/s)^2) + c", "Gaussian with offset"},
    {"y = a/(1 + ((x - m)/g)^2)", "Lorentzian"},
    {"y = a*g^2/((x - m)^2 + g^2)", "Lorentzian"},
    {"y = a/pi*g/(g^2 + (m - x)^2)", "Lorentzian"},
    {"y = c + a/(1 + ((x - m)/g)^2)", "Lorentzian with offset"},
    {"y = a*exp(-((x - m)/s)^2) + c*exp(-((x - n)/t)^2)", "sum of peaks"},
    {"y = b1*exp(-b2*x) + b3*exp(-(x - b4)^2/b5^2) + b6*exp(-(x - b7)^2/b8^2)", "sum of peaks"},
    {"y = a*exp(-((x - m)/s)^2) + b + c*x", "peak on a background"},
    {"y = a/(1 + ((x - m)/g)^2) + b*exp(-k*x)", "peak on a background"},
    {"y = L/(1 + exp(-k*(x - x0)))", "logistic"},
    {"y = a/(1 + b*exp(-c*x))", "logistic"},
    {"y = a/(1 + exp(b - c*x))", "logistic"},
    {"y = a/(exp(-c*x)*b + 1)", "logistic"},
    {"y = a*sigmoid((x - m)/w)", "logistic"},
    {"y = c + a/(1 + exp(-k*(x - x0)))", "logistic with offset"},
    {"y = c + a*tanh((x - m)/w)", "logistic with offset"},
    {"y = V*x/(K + x)", "Michaelis-Menten"},
    {"y = V/(1 + K/x)", ""},
    {"y = a*b*x/(1 + b*x)", "Michaelis-Menten"},
    {"y = x*V/(x + K)", "Michaelis-Menten"},
    {"y = a/(b + x)", "hyperbola"},
    {"y = (a + b*x)/(1 + c*x)", "hyperbola"},
    {"y = (a + b*x + c*x^2)/(1 + d*x + e*x^2)", "rational function"},
    {"y = a*exp(-b*x)*sin(w*x + f)", "damped sine"},
    {"y = sin(f + w*x)*a*exp(-x/tau)", "damped sine"},
    {"y = a*exp(-b*x)*cos(2*pi*f*x + p) + c", "damped sine with offset"},
    {"y = exp(-b*x)*(a*cos(w*x) + c*sin(w*x))", "damped sine"},
    {"y = a*sin(w*x + f)", "sine"},
    {"y = a*sin(2*pi*x/period + f) + c", "sine with offset"},
};

static void each_spelling_of_a_curve_is_recognised(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        qni_shape *shape = shape_of(known[i].formula);
        if (strcmp(shape->name, known[i].name) != 0)
            print_message("%s: \"%s\", not \"%s\"\n", known[i].formula, shape->name, known[i].name);
        assert_string_equal(shape->name, known[i].name);
        qni_shape_free(shape);
    }
}

static void near_misses_are_not_taken_for_a_curve_that_is_known(void **state)
{
    (void)state;
    static const char *const others[] = {
        "y = a*exp(-b*x) + c*x",
        "y = a*exp(-b*x)*x",
        "y = a*exp(-b*x^3)",
        "y = a*exp(-b*z*x)",
        "y = a*exp(-b*x) + c*exp(-d*z)",
        "y = a*exp(-b*x)/(c + x)",
        "y = a*x^b + c*x",
        "y = a*x^b*exp(-c*x)",
        "y = a*(x + c)^b",
        "y = a/(1 + exp(-b*x^2))",
        "y = a/(1 + exp(-b*x) + exp(-c*x))",
        "y = a*sin(w*x)*sin(v*x)",
        "y = a*sin(w*x) + c*sin(v*x)",
        "y = a*sin(w*x^2)",
        "y = a*exp(-b*x)*sin(w*x) + c*sin(w*x)",
        "y = a/((x - m)^2 + g^2) + b*log(x)",
        "y = a*atan(b*x)",
        "y = if(x < b, a, c)",
        "y = exp(a*x) + exp(b*x) + exp(c*x) + exp(d*x)",
        "y = a^b",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        qni_shape *shape = shape_of(others[i]);
        if (shape->kind != QNI_SHAPE_NONE)
            print_message("%s: \"%s\"\n", others[i], shape->name);
        assert_int_equal(shape->kind, QNI_SHAPE_NONE);
        qni_shape_free(shape);
    }
}

/* A formula, quantities, and the parameters that they are worth, in the order of the formula. */
typedef struct solution {
    const char *formula;
    double quantities[3], parameters[PARAMETERS];
    int64_t linear; /* bit j: parameter j is */
} solution;

static const solution solutions[] = {
    {"y = a*exp(-b*x)", {-0.5}, {NAN, 0.5}, 1},
    {"y = a*exp(-x/tau)", {-0.5}, {NAN, 2}, 1},
    {"y = a*2^(-x/half)", {-0.5}, {NAN, 2 * 0.69314718055994531}, 1},
    {"y = a*b^x", {0.5}, {NAN, 1.6487212707001282}, 1},
    {"y = exp(a + b*x)", {0.5}, {NAN, 0.5}, 0},
    {"y = a*exp(-exp(logk)*x)", {-0.5}, {NAN, -0.69314718055994531}, 1},
    {"y = a*x^(-b)", {1.5}, {NAN, -1.5}, 1},
    {"y = a*exp(-(x - m)^2/(2*s^2))", {3, 4}, {NAN, 3, 2}, 1},
    {"y = a*exp(-((x - m)/s)^2)", {3, 2}, {NAN, 3, 2}, 1},
    {"y = a*exp(-(m - x)*(m - x)/w)", {3, 2}, {NAN, 3, 4}, 1},
    {"y = a*exp(-4*log(2)*((x - m)/fwhm)^2)", {3, 4}, {NAN, 3, 4.7096400900572997}, 1},
    {"y = a*g^2/((x - m)^2 + g^2)", {574, 9}, {NAN, 3, 574}, 1},
    {"y = L/(1 + exp(-k*(x - x0)))", {-2, 5}, {NAN, 2, 5}, 1},
    {"y = a/(1 + exp(b - c*x))", {-2, 5}, {NAN, 10, 2}, 1},
    {"y = a/(1 + b*exp(-c*x))", {-2, 1}, {NAN, 7.3890560989306502, 2}, 1},
    {"y = a*sigmoid((x - m)/w)", {-2, 5}, {NAN, 5, 0.5}, 1},
    {"y = V*x/(K + x)", {0, 7, 3}, {7, 3}, 1},
    {"y = a*exp(-b*x)*sin(w*x + f)", {4, -0.5, 1}, {NAN, 0.5, 4, 1}, 1},
    {"y = a*exp(-x/t)*cos(2*pi*f*x + p)", {6.2831853071795865, -0.5, 2.5707963267948966}, {NAN, 2, 1, 1}, 1},
};

/* Its parameters would be solved for by evaluating all of that again and again. */
static void a_formula_of_very_many_operations_is_not_looked_at(void **state)
{
    (void)state;
    static char formula[1 << 19];
    int used = snprintf(formula, sizeof formula, "y = a*exp(-(b");
    for (int i = 1; i <= 20000; i++)
        used += snprintf(formula + used, sizeof formula - (size_t)used, " + %d*sin(b*%d)", i, i);
    (void)snprintf(formula + used, sizeof formula - (size_t)used, ")*x) + c");
    qni_shape *shape = shape_of(formula);
    assert_int_equal(shape->kind, QNI_SHAPE_NONE);
    assert_int_equal(shape->quantities, 0);
    assert_true(shape->linear[0] && !shape->linear[1] && shape->linear[2]);
    qni_shape_free(shape);
}

static void parameters_follow_from_quantities_however_they_are_spelled(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof solutions / sizeof *solutions; i++) {
        const solution *s = &solutions[i];
        qni_shape *shape = shape_of(s->formula);
        double quantities[QNI_SHAPE_QUANTITIES], parameters[PARAMETERS];
        for (int q = 0; q < QNI_SHAPE_QUANTITIES; q++)
            quantities[q] = q < 3 ? s->quantities[q] : q == 3 ? 1 : NAN; /* Michaelis-Menten: the fourth is 1 */
        for (int64_t j = 0; j < shape->p; j++)
            parameters[j] = NAN;
        bool all = qni_shape_solve(shape, quantities, parameters);
        for (int64_t j = 0; j < shape->p; j++) {
            bool linear = s->linear >> j & 1;
            assert_int_equal(shape->linear[j], linear);
            if (!isnan(s->parameters[j]))
                assert_close(parameters[j], s->parameters[j], 1e-9, 0);
        }
        assert_int_equal(all, strcmp(s->formula, "y = exp(a + b*x)") != 0);
        qni_shape_free(shape);
    }
}

static void a_parameter_that_is_known_stays_and_serves_for_the_others(void **state)
{
    (void)state;
    qni_shape *shape = shape_of("y = a*exp(-b*c*x)");
    double parameters[] = {NAN, 4, NAN}, rate = -2;
    assert_true(qni_shape_solve(shape, &rate, parameters));
    assert_close(parameters[1], 4, 0, 0);
    assert_close(parameters[2], 0.5, 1e-12, 0);
    qni_shape_free(shape);
}

static void parameters_are_linear_together_or_not_at_all(void **state)
{
    (void)state;
    qni_shape *shape = shape_of("y = a*(b + c*x) + d*sin(e*x)"); /* a meets b and c: it is left out */
    const bool linear[] = {false, true, true, true, false};
    for (int j = 0; j < 5; j++)
        assert_int_equal(shape->linear[j], linear[j]);
    qni_shape_free(shape);
}

/* Sizes of b and m from |x| up to 50 and |y| up to 8. */
static void sizes_come_from_what_parameters_are_added_to_and_multiplied_with(void **state)
{
    (void)state;
    const double sizes[] = {8, 50}; /* of y and x, as the formula names them */
    qni_shape_size out[PARAMETERS];
    qni_shape *shape = shape_of("y = a*atan(b*(x - m)) + c/(d + x)");
    qni_shape_sizes(shape, sizes, 8, out);
    assert_close(out[1].size, 0.02, 1e-12, 0);
    assert_close(out[2].size, 50, 1e-12, 0);
    assert_int_equal(out[2].column, 1);
    assert_close(out[4].size, 50, 1e-12, 0);
    qni_shape_free(shape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_spelling_of_a_curve_is_recognised),
        cmocka_unit_test(near_misses_are_not_taken_for_a_curve_that_is_known),
        cmocka_unit_test(a_formula_of_very_many_operations_is_not_looked_at),
        cmocka_unit_test(parameters_follow_from_quantities_however_they_are_spelled),
        cmocka_unit_test(a_parameter_that_is_known_stays_and_serves_for_the_others),
        cmocka_unit_test(parameters_are_linear_together_or_not_at_all),
        cmocka_unit_test(sizes_come_from_what_parameters_are_added_to_and_multiplied_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
