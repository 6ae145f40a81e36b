/* Curves of every known shape, with random parameters, ranges and noise: without a start a fit ends where it ends from
 * the true parameters, or lower. */
#include "harness/harness.h"

#include <quern/fit.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    PARAMETERS = 8,
    ROWS = 200
};

typedef struct curve {
    const char *name, *formula;
    double (*value)(const double *p, double x);
    /* Parameters, in the order of the formula, that data over x from `low` to low + range can tell. */
    void (*draw)(double *p, uint64_t *random, double low, double range);
    bool positive; /* x is */
} curve;

static double uniform(uint64_t *random, double low, double high)
{
    return low + (high - low) * test_random_unit(random);
}

/* Between two positive numbers, by the logarithm. */
static double decades(uint64_t *random, double low, double high)
{
    return low * exp(log(high / low) * test_random_unit(random));
}

static double either_sign(uint64_t *random, double x)
{
    return test_random_below(random, 2) == 0 ? x : -x;
}

static double amplitude(uint64_t *random)
{
    return either_sign(random, decades(random, 0.01, 1000));
}

static double line(const double *p, double x)
{
    return p[0] + p[1] * x;
}

static void draw_line(double *p, uint64_t *random, double low, double range)
{
    (void)low;
    p[0] = amplitude(random);
    p[1] = amplitude(random) / range;
}

static double power(const double *p, double x)
{
    return p[0] * pow(x, p[1]);
}

static void draw_power(double *p, uint64_t *random, double low, double range)
{
    p[1] = either_sign(random, decades(random, 0.3, 4));
    p[0] = amplitude(random) / pow(low + range, p[1]);
}

static double power_offset(const double *p, double x)
{
    return p[0] + p[1] * pow(x, p[2]);
}

static void draw_power_offset(double *p, uint64_t *random, double low, double range)
{
    p[2] = either_sign(random, decades(random, 0.4, 3));
    p[1] = amplitude(random);
    p[0] = p[1] * uniform(random, -3, 3) * pow(low + range, p[2]);
}

static double exponential(const double *p, double x)
{
    return p[0] * exp(-p[1] * x);
}

static void draw_exponential(double *p, uint64_t *random, double low, double range)
{
    p[1] = either_sign(random, decades(random, 0.5, 15) / range);
    p[0] = amplitude(random) * exp(p[1] * (p[1] > 0 ? low : low + range));
}

static double exponential_offset(const double *p, double x)
{
    return p[0] + p[1] * exp(-x / p[2]);
}

static void draw_exponential_offset(double *p, uint64_t *random, double low, double range)
{
    double height = amplitude(random);
    p[2] = either_sign(random, range / decades(random, 1, 15));
    p[1] = height * exp((p[2] > 0 ? low : low + range) / p[2]);
    p[0] = height * uniform(random, -4, 4);
}

static double rise(const double *p, double x)
{
    return p[0] * (1 - exp(-p[1] * x));
}

static void draw_rise(double *p, uint64_t *random, double low, double range)
{
    p[0] = amplitude(random);
    p[1] = decades(random, 0.7, 8) / (low + range);
}

static double two_exponentials(const double *p, double x)
{
    return p[0] * exp(-p[1] * x) + p[2] * exp(-p[3] * x);
}

static void draw_two_exponentials(double *p, uint64_t *random, double low, double range)
{
    double height = amplitude(random);
    p[1] = decades(random, 0.7, 3) / range;
    p[3] = p[1] * uniform(random, 4, 8);
    p[0] = height * exp(p[1] * low);
    p[2] = height * either_sign(random, decades(random, 0.5, 2)) * exp(p[3] * low);
}

static double gaussian(const double *p, double x)
{
    return p[0] * exp(-(x - p[1]) * (x - p[1]) / (2 * p[2] * p[2]));
}

static void draw_peak(double *p, uint64_t *random, double low, double range)
{
    p[0] = amplitude(random);
    p[1] = low + range * uniform(random, 0.05, 0.95);
    p[2] = range * decades(random, 0.04, 0.4);
}

static double gaussian_offset(const double *p, double x)
{
    double u = (x - p[1]) / p[2];
    return p[0] * exp(-u * u / 2) + p[3];
}

static void draw_peak_offset(double *p, uint64_t *random, double low, double range)
{
    draw_peak(p, random, low, range);
    p[1] = low + range * uniform(random, 0.15, 0.85);
    p[2] = range * decades(random, 0.04, 0.2);
    p[3] = p[0] * uniform(random, -4, 4);
}

static double lorentzian(const double *p, double x)
{
    double u = (x - p[1]) / p[2];
    return p[0] / (1 + u * u);
}

static double lorentzian_offset(const double *p, double x)
{
    return lorentzian(p, x) + p[3];
}

static double logistic(const double *p, double x)
{
    return p[0] / (1 + exp(-p[1] * (x - p[2])));
}

static void draw_logistic(double *p, uint64_t *random, double low, double range)
{
    p[0] = amplitude(random);
    p[1] = either_sign(random, decades(random, 5, 40)) / range;
    p[2] = low + range * uniform(random, 0.2, 0.8);
}

static double logistic_offset(const double *p, double x)
{
    return p[3] + p[0] / (1 + exp(-(x - p[1]) / p[2]));
}

static void draw_logistic_offset(double *p, uint64_t *random, double low, double range)
{
    p[0] = amplitude(random);
    p[1] = low + range * uniform(random, 0.25, 0.75);
    p[2] = either_sign(random, range / decades(random, 8, 40));
    p[3] = p[0] * uniform(random, -4, 4);
}

static double saturation(const double *p, double x)
{
    return p[0] * x / (p[1] + x);
}

static void draw_saturation(double *p, uint64_t *random, double low, double range)
{
    p[0] = amplitude(random);
    p[1] = (low + range) * decades(random, 0.05, 1);
}

static double damped(const double *p, double x)
{
    return p[0] * exp(-p[1] * x) * sin(p[2] * x + p[3]);
}

static void draw_damped(double *p, uint64_t *random, double low, double range)
{
    p[1] = decades(random, 0.3, 4) / range;
    p[0] = amplitude(random) * exp(p[1] * low);
    p[2] = 2 * 3.14159265358979 * uniform(random, 1.2, 12) / range;
    p[3] = uniform(random, -3, 3);
}

static double wave(const double *p, double x)
{
    return p[0] * cos(2 * 3.14159265358979323846 * p[1] * x + p[2]) + p[3];
}

static void draw_wave(double *p, uint64_t *random, double low, double range)
{
    (void)low;
    p[0] = amplitude(random);
    p[1] = uniform(random, 0.8, 12) / range;
    p[2] = uniform(random, -3, 3);
    p[3] = p[0] * uniform(random, -4, 4);
}

static double peaks(const double *p, double x)
{
    double u = (x - p[1]) / p[2], v = (x - p[4]) / p[5];
    return p[0] * exp(-u * u) + p[3] * exp(-v * v) + p[6] + p[7] * x;
}

static void draw_peaks(double *p, uint64_t *random, double low, double range)
{
    p[0] = decades(random, 0.1, 100);
    p[1] = low + range * uniform(random, 0.1, 0.45);
    p[2] = range * decades(random, 0.04, 0.15);
    p[3] = p[0] * decades(random, 0.5, 2);
    p[4] = low + range * uniform(random, 0.6, 0.9);
    p[5] = range * decades(random, 0.04, 0.15);
    p[6] = p[0] * uniform(random, -4, 4);
    p[7] = p[0] * uniform(random, -1, 1) / range;
}

/* A quotient without a pole among the data. */
static double quotient(const double *p, double x)
{
    return (p[0] + p[1] * x) / (1 + p[2] * x + p[3] * x * x);
}

static void draw_quotient(double *p, uint64_t *random, double low, double range)
{
    double centre = low + range * uniform(random, 0, 1), width = range * decades(random, 0.1, 0.6);
    double lowest = centre * centre + width * width;
    p[0] = amplitude(random);
    p[1] = p[0] * uniform(random, -3, 3) / range;
    p[2] = -2 * centre / lowest;
    p[3] = 1 / lowest;
}

static const curve curves[] = {
    {"line", "y = a + b*x", line, draw_line, false},
    {"power", "y = a*x^b", power, draw_power, true},
    {"power with offset", "y = c + a*x^b", power_offset, draw_power_offset, true},
    {"exponential", "y = a*exp(-b*x)", exponential, draw_exponential, false},
    {"exponential with offset", "y = c + a*exp(-x/tau)", exponential_offset, draw_exponential_offset, false},
    {"rise to a limit", "y = a*(1 - exp(-b*x))", rise, draw_rise, true},
    {"two exponentials", "y = a*exp(-b*x) + c*exp(-d*x)", two_exponentials, draw_two_exponentials, false},
    {"Gaussian", "y = a*exp(-(x - m)^2/(2*s^2))", gaussian, draw_peak, false},
    {"Gaussian with offset", "y = a*exp(-0.5*((x - m)/s)^2) + c", gaussian_offset, draw_peak_offset, false},
    {"Lorentzian", "y = a/(1 + ((x - m)/g)^2)", lorentzian, draw_peak, false},
    {"Lorentzian with offset", "y = a/(1 + ((x - m)/g)^2) + c", lorentzian_offset, draw_peak_offset, false},
    {"logistic", "y = a/(1 + exp(-k*(x - m)))", logistic, draw_logistic, false},
    {"logistic with offset", "y = c + a/(1 + exp(-(x - m)/s))", logistic_offset, draw_logistic_offset, false},
    {"Michaelis-Menten", "y = V*x/(K + x)", saturation, draw_saturation, true},
    {"two peaks", "y = a*exp(-((x - m)/s)^2) + b*exp(-((x - n)/t)^2) + c + d*x", peaks, draw_peaks, false},
    {"quotient", "y = (a + b*x)/(1 + c*x + d*x^2)", quotient, draw_quotient, false},
    {"damped sine", "y = a*exp(-b*x)*sin(w*x + f)", damped, draw_damped, false},
    {"sine with offset", "y = a*cos(2*pi*f*x + p) + c", wave, draw_wave, false},
};

typedef struct data {
    double x[ROWS], y[ROWS];
    int64_t n;
} data;

/* Rows in no order, some x twice; noise of up to 8 % of the range of y. Where outliers are wanted, every twentieth row
 * is wrong by up to that range. Returns the noise. */
static double make_data(data *d, const curve *c, double *p, uint64_t *random, bool outliers)
{
    double range = decades(random, 0.01, 1000), low = range * uniform(random, -1, 1), noise = 0;
    if (c->positive)
        low = range * uniform(random, 0.02, 0.2);
    c->draw(p, random, low, range);
    d->n = 20 + test_random_below(random, ROWS - 20);
    double least = INFINITY, most = -INFINITY;
    for (int64_t i = 0; i < d->n; i++) {
        d->x[i] = low + range * test_random_unit(random);
        if (i > 0 && test_random_below(random, 10) == 0)
            d->x[i] = d->x[i - 1];
        d->y[i] = c->value(p, d->x[i]);
        least = fmin(least, d->y[i]);
        most = fmax(most, d->y[i]);
    }
    if (outliers || test_random_below(random, 4) != 0)
        noise = uniform(random, 0, 0.08) * (most - least);
    for (int64_t i = 0; i < d->n; i++) /* about normal */
        for (int k = 0; k < 4; k++)
            d->y[i] += noise * sqrt(3) * uniform(random, -0.5, 0.5);
    for (int64_t i = 7; outliers && i < d->n; i += 20)
        d->y[i] += uniform(random, -1, 1) * (most - least);
    return noise;
}

static qn_fit_result *fit(const qn_model *model, const qn_table *table, const double *start, double loss_scale)
{
    qn_error err;
    qn_fit_result *result;
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.start = start;
    if (loss_scale > 0) {
        options.loss = QN_FIT_LOSS_SOFT_L1;
        options.loss_scale = loss_scale;
    }
    assert_ok(qn_fit_table(&result, model, table, &options, &err), &err);
    return result;
}

/* The order of parameters in a formula is not that of the value functions: by name, where they differ. */
static void in_order(double *start, const qn_model *model, const curve *c, const double *p)
{
    static const char *const orders[][PARAMETERS + 1] = {
        {"y = c + a*x^b", "c", "a", "b"},
        {"y = c + a*exp(-x/tau)", "c", "a", "tau"},
        {"y = c + a/(1 + exp(-(x - m)/s))", "a", "m", "s", "c"},
    };
    int64_t count = qn_model_parameter_count(model);
    memcpy(start, p, (size_t)count * sizeof *p);
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        for (int64_t j = 0; strcmp(orders[i][0], c->formula) == 0 && j < count; j++)
            start[qn_model_parameter_find(model, orders[i][j + 1])] = p[j];
}

/* Whether a fit without start does as well as one from the true parameters. */
static bool reaches(const curve *c, uint64_t *random, bool outliers)
{
    static const char *const names[] = {"x", "y"};
    qn_error err;
    qn_model *model;
    qn_table *table;
    data d;
    double p[PARAMETERS], start[PARAMETERS];
    double noise = make_data(&d, c, p, random, outliers), loss_scale = outliers ? noise : 0;
    const double *const values[] = {d.x, d.y};
    assert_ok(qn_table_from_f64(&table, names, values, 2, d.n, NULL, &err), &err);
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = names;
    options.column_count = 2;
    assert_ok(qn_model_new(&model, c->formula, -1, &options, &err), &err);
    in_order(start, model, c, p);
    qn_fit_result *known = fit(model, table, start, loss_scale), *unknown = fit(model, table, NULL, loss_scale);
    double squares = 0;
    for (int64_t i = 0; i < d.n; i++)
        squares += d.y[i] * d.y[i];
    /* Without noise what is left is roundings. */
    bool reached = unknown->cost <= known->cost * (1 + 1e-6) + 1e-20 * squares;
    if (!reached) {
        print_message("%s: n = %d, %g instead of %g;", c->name, (int)d.n, unknown->cost, known->cost);
        for (int64_t j = 0; j < known->p; j++)
            print_message(" %s = %g, not %g (true %g)", unknown->parameters[j].name, unknown->parameters[j].value,
                          known->parameters[j].value, start[j]);
        print_message("; %s\n", unknown->started);
    }
    qn_fit_result_free(known);
    qn_fit_result_free(unknown);
    qn_model_unref(model);
    qn_table_free(table);
    return reached;
}

static void assert_reached(int64_t each, bool outliers)
{
    uint64_t random = test_seed(20240607);
    int64_t all = 0, reached = 0;
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
        int64_t here = 0;
        for (int64_t k = 0; k < each; k++)
            here += reaches(&curves[i], &random, outliers);
        if (here < each)
            print_message("%s: %d of %d\n", curves[i].name, (int)here, (int)each);
        all += each;
        reached += here;
    }
    print_message("%d of %d\n", (int)reached, (int)all);
    assert_true(reached * 100 >= all * 99);
}

static void without_a_start_the_minimum_is_found_in_99_of_100_cases(void **state)
{
    (void)state;
    assert_reached(test_effort(40, 2000), false);
}

static void outliers_and_a_robust_loss_do_not_change_that(void **state)
{
    (void)state;
    assert_reached(test_effort(20, 1000), true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_start_the_minimum_is_found_in_99_of_100_cases),
        cmocka_unit_test(outliers_and_a_robust_loss_do_not_change_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
