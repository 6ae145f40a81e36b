/* Fits what is no formula: two decays that share their rate, with errors of their own. The residuals come from a C
 * function without derivatives; one parameter is held, one is a function of another; each step is shown, and a fit that
 * takes too long is ended.
 *
 *     cc fit_function.c $(pkg-config --cflags --libs quern) -lm -o fit_function
 *     ./fit_function
 */
#include <quern/quern.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum {
    A1,
    A2,
    RATE,
    BACKGROUND,
    PARAMETERS,
    FIRST = 8, /* measurements of the first sample */
    ALL = 14
};

typedef struct measurements {
    double t[ALL], count[ALL];
} measurements;

/* Model minus data; derivatives are never asked for. */
static bool decays(void *user, const double *x, double *r, double *jacobian)
{
    const measurements *m = user;
    (void)jacobian;
    for (int i = 0; i < ALL; i++)
        r[i] = x[i < FIRST ? A1 : A2] * exp(-x[RATE] * m->t[i]) + x[BACKGROUND] - m->count[i];
    return true;
}

/* False ends the fit, which then says "interrupted". */
static bool show(void *user, const qn_fit_iteration *now)
{
    const int64_t *most = user;
    printf("step %" PRId64 ": chi squared %.6g\n", now->iteration, now->rss);
    return now->iteration < *most;
}

int main(void)
{
    measurements data = {{0, 1, 2, 3, 4, 5, 6, 8, 0, 1, 2, 4, 6, 8},
                         {409, 314, 251, 209, 153, 114, 107, 63, 826, 625, 480, 310, 191, 121}};
    double sigma[ALL];
    for (int i = 0; i < ALL; i++)
        sigma[i] = sqrt(data.count[i]); /* they were counted */

    const char *names[PARAMETERS] = {"a1", "a2", "rate", "background"};
    qn_fit_problem problem;
    qn_fit_problem_init(&problem, sizeof problem);
    problem.n = ALL;
    problem.p = PARAMETERS;
    problem.eval = decays;
    problem.user = &data;
    problem.names = names;
    problem.derivatives = QN_FIT_CENTRAL;
    problem.y = data.count;

    const double start[PARAMETERS] = {300, NAN, 0.1, NAN}; /* NaN: none */
    const double fixed[PARAMETERS] = {NAN, NAN, NAN, 10};  /* NaN: not fixed */
    const char *ties[] = {"a2 = 2*a1"};                    /* twice as much was in the second sample */
    int64_t most_steps = 100;
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    options.start = start;
    options.fixed = fixed;
    options.ties = ties;
    options.tie_count = 1;
    options.sigma = sigma;
    options.absolute_sigma = true;
    options.profile = true;
    options.on_iteration = show;
    options.on_iteration_user = &most_steps;

    qn_error err = qn_error_none();
    qn_fit_result *fit;
    if (qn_fit_solve(&fit, &problem, &options, &err) != QN_OK) {
        fprintf(stderr, "%s\n", err.message);
        return qn_status_exit_code(err.code);
    }
    printf("%s: %s\n", qn_fit_status_name(fit->status), fit->message);
    for (int64_t j = 0; j < fit->p; j++) {
        const qn_fit_parameter *p = &fit->parameters[j];
        printf("%-10s %8.4f +- %.4f", p->name, p->value, p->stderr_);
        if (p->role == QN_FIT_FREE)
            printf("   profile %.4f to %.4f", p->profile_low, p->profile_high);
        printf("%s%s\n", p->tie != NULL ? "   = " : "", p->tie != NULL ? p->tie : "");
    }
    printf("chi squared %.4g with %" PRId64 " degrees of freedom\n", fit->rss, fit->dof);
    for (int64_t w = 0; w < fit->warning_count; w++)
        printf("warning: %s\n", fit->warnings[w]);
    int exit_code = fit->status == QN_FIT_CONVERGED ? 0 : 1;
    qn_fit_result_free(fit);
    return exit_code;
}
