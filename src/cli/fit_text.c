/* cli/fit_text.c: a result as a person likes to read it: what was fitted to what, how it ended, the parameters, the
 * statistics side by side, the warnings. What is as usual goes without saying. */
#include "cli/fit_int.h"

#include "base/number.h"
#include "base/utf8.h"
#include "cli/digits.h"
#include "cli/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    LABEL_COLUMNS = 26, /* of "residual sum of squares" and its like */
    VALUE_COLUMNS = 14, /* of what stands before the second label */
    SECOND_LABEL_COLUMNS = 20,
    DIGITS = 6
};

static void significant(qni_out *out, double value, int digits)
{
    char text[QNI_NUMBER_SIZE];
    (void)qni_number_format_digits(text, value, digits);
    qni_out_text(out, isnan(value) ? "not known" : text);
}

/* 0.40 ms, 350 ms, 12 s */
static void duration(qni_out *out, double seconds)
{
    char text[QNI_DIGITS_SIZE];
    bool short_ = seconds < 1;
    (void)qni_digits_write_count(text, short_ ? seconds * 1e3 : seconds, 2);
    qni_out_text(out, text);
    qni_out_text(out, short_ ? " ms" : " s");
}

static void plural(qni_out *out, int64_t count, const char *what)
{
    qni_out_printf(out, "%" PRId64 " %s%s", count, what, count == 1 ? "" : "s");
}

static void write_rows(qni_out *out, const qn_fit_result *r)
{
    plural(out, r->n, "row");
    if (r->filtered > 0)
        qni_out_printf(out, ", %" PRId64 " left out by --where", r->filtered);
    if (r->omitted > 0)
        qni_out_printf(out, ", %" PRId64 " left out for want of a number", r->omitted);
    qni_out_text(out, "\n");
}

/* What is not as usual in how it was fitted. */
static void write_settings(qni_out *out, const fit_job *job)
{
    const qn_fit_result *r = job->result;
    if (r->weighted) {
        qni_out_text(out, "errors: ");
        if (r->sigma_column != NULL) {
            qni_out_text(out, "column ");
            qni_out_foreign(out, r->sigma_column, -1);
        } else {
            qni_out_text(out, "a covariance of the rows");
        }
        qni_out_text(out, r->absolute_sigma ? ", as they stand\n" : ", known up to a factor\n");
    }
    if (strcmp(r->loss, "linear") != 0) {
        qni_out_printf(out, "loss: %s, scale ", r->loss);
        significant(out, r->loss_scale, DIGITS);
        qni_out_text(out, r->weighted ? " sigma\n" : "\n");
    }
    if (strcmp(r->method, "trf") != 0)
        qni_out_printf(out, "method: %s\n", r->method);
}

static void write_head(qni_out *out, const fit_job *job)
{
    int64_t shown = qni_utf8_cut(job->formula, job->formula_size, QNI_FORMULA_SHOWN);
    qni_out_style(out, QNI_STYLE_BOLD);
    qni_out_foreign(out, job->formula, shown);
    qni_out_text(out, shown < job->formula_size ? "..." : "");
    qni_out_style(out, QNI_STYLE_PLAIN);
    qni_out_text(out, "\n");
    if (strcmp(job->data_path, "-") == 0)
        qni_out_text(out, "standard input");
    else
        qni_out_foreign(out, job->data_path, -1);
    qni_out_text(out, ": ");
    write_rows(out, job->result);
    write_settings(out, job);
    qni_out_text(out, "\n");
}

static void write_status(qni_out *out, const qn_fit_result *r)
{
    qni_out_style(out, r->status == QN_FIT_CONVERGED ? QNI_STYLE_GOOD : QNI_STYLE_BAD);
    qni_out_text(out, qn_fit_status_name(r->status));
    qni_out_style(out, QNI_STYLE_PLAIN);
    qni_out_text(out, ": ");
    qni_out_foreign(out, r->message, -1);
    if (r->started != NULL && r->started[0] != '\0' && strcmp(r->started, "as given") != 0) {
        qni_out_text(out, "\nstart: ");
        qni_out_foreign(out, r->started, -1);
    }
    qni_out_text(out, "\n\n");
}

static void write_certified_line(qni_out *out, const char *what, double value, double certified)
{
    char digits[QNI_DIGITS_SIZE];
    (void)qni_digits_write(digits, qni_fit_agreement(value, certified), -1);
    qni_out_text(out, what);
    significant(out, value, 11);
    qni_out_text(out, "  (certified ");
    significant(out, certified, 11);
    qni_out_printf(out, ", %s digits)\n", digits);
}

/* ---- statistics, side by side ---- */

/* A number near 1 or -1 with two digits of what is missing. */
static int near_one_digits(double value)
{
    double rest = 1 - fabs(value);
    int digits = rest > 0 ? 2 - qni_digits_exponent(rest) : 0;
    return digits < 3 ? 3 : digits > 15 ? 15 : digits;
}

typedef struct statistic {
    const char *label;
    double value;
    int digits; /* significant ones; negative: behind the point */
} statistic;

/* Adds what is known to a list (4). */
static int64_t add(statistic *list, int64_t count, const char *label, double value, int digits)
{
    if (isnan(value))
        return count;
    list[count] = (statistic){label, value, digits};
    return count + 1;
}

static void label(qni_out *out, const char *text, int64_t columns)
{
    qni_out_text(out, text);
    qni_out_spaces(out, columns - (int64_t)strlen(text));
}

static int statistic_text(char text[QNI_DIGITS_SIZE], const statistic *s)
{
    return s->digits < 0 ? qni_digits_write(text, s->value, s->digits)
                         : qni_number_format_digits(text, s->value, s->digits);
}

static void write_statistics(qni_out *out, const qn_fit_result *r)
{
    statistic left[4], right[4];
    char text[QNI_DIGITS_SIZE];
    int64_t l = 0, k = 0;
    bool lets_go = strcmp(r->loss, "linear") != 0;
    l = add(left, l, r->weighted ? "chi squared" : "residual sum of squares", r->rss, DIGITS);
    l = lets_go ? add(left, l, "sum of the loss", r->cost, DIGITS) : l;
    l = r->weighted ? add(left, l, "reduced chi squared", r->residual_sd * r->residual_sd, DIGITS)
                    : add(left, l, "residual std. deviation", r->residual_sd, DIGITS);
    l = add(left, l, "degrees of freedom", (double)r->dof, 15);
    k = add(right, k, "R squared", r->r_squared, near_one_digits(r->r_squared));
    k = add(right, k, "adjusted R squared", r->adjusted_r_squared, near_one_digits(r->adjusted_r_squared));
    k = add(right, k, "AIC", r->aic, -2); /* smaller differences mean nothing */
    k = add(right, k, "BIC", r->bic, -2);
    for (int64_t i = 0; i < l || i < k; i++) {
        int size = 0;
        qni_out_text(out, "  ");
        label(out, i < l ? left[i].label : "", LABEL_COLUMNS);
        if (i < l)
            size = statistic_text(text, &left[i]);
        qni_out_bytes(out, text, size);
        if (i < k) {
            qni_out_spaces(out, VALUE_COLUMNS - size);
            label(out, right[i].label, SECOND_LABEL_COLUMNS);
            qni_out_bytes(out, text, statistic_text(text, &right[i]));
        }
        qni_out_text(out, "\n");
    }
}

static void write_certified(qni_out *out, const fit_job *job)
{
    const qn_fit_result *r = job->result;
    write_certified_line(out, "  residual sum of squares   ", r->rss, job->nist->certified_rss);
    write_certified_line(out, "  residual std. deviation   ", r->residual_sd, job->nist->certified_residual_sd);
    qni_out_printf(out, "  degrees of freedom        %" PRId64 "\n", r->dof);
}

/* Whether residuals look like noise. */
static void write_diagnostics(qni_out *out, const qn_fit_diagnostics *d)
{
    if (d == NULL || !isfinite(d->durbin_watson))
        return;
    qni_out_text(out, "  residuals                 Durbin-Watson ");
    significant(out, d->durbin_watson, 3);
    qni_out_text(out, ", ");
    plural(out, d->runs, "run");
    if (isfinite(d->runs_p)) {
        qni_out_text(out, " (p = ");
        significant(out, d->runs_p, 2);
        qni_out_text(out, ")");
    }
    qni_out_text(out, ", ");
    if (d->outliers == 0)
        qni_out_text(out, "no outlier\n");
    else
        qni_out_printf(out, "%" PRId64 " outlier%s\n", d->outliers, d->outliers == 1 ? "" : "s");
}

typedef struct pair {
    int64_t i, j;
    double value;
} pair;

/* Puts a pair where it belongs among the strongest; how many these are. */
static int64_t insert(pair list[QNI_CORRELATIONS_SHOWN], int64_t count, pair p)
{
    int64_t at = count < QNI_CORRELATIONS_SHOWN ? count : QNI_CORRELATIONS_SHOWN - 1;
    if (count == QNI_CORRELATIONS_SHOWN && fabs(p.value) <= fabs(list[at].value))
        return count;
    for (; at > 0 && fabs(list[at - 1].value) < fabs(p.value); at--)
        list[at] = list[at - 1];
    list[at] = p;
    return count < QNI_CORRELATIONS_SHOWN ? count + 1 : count;
}

/* Parameters that the data hardly tell apart. */
static void write_correlations(qni_out *out, const qn_fit_result *r)
{
    pair list[QNI_CORRELATIONS_SHOWN] = {{0}};
    int64_t count = 0, all = 0;
    for (int64_t i = 0; r->correlation != NULL && i < r->p; i++) {
        for (int64_t j = 0; j < i; j++) {
            double value = r->correlation[i * r->p + j];
            bool free_ = r->parameters[i].role == QN_FIT_FREE && r->parameters[j].role == QN_FIT_FREE;
            if (!free_ || !(fabs(value) > QNI_CORRELATION_STRONG))
                continue;
            all++;
            count = insert(list, count, (pair){j, i, value});
        }
    }
    for (int64_t k = 0; k < count; k++) {
        qni_out_text(out, k == 0 ? "  correlations              " : ", ");
        qni_out_foreign(out, r->parameters[list[k].i].name, -1);
        qni_out_text(out, " and ");
        qni_out_foreign(out, r->parameters[list[k].j].name, -1);
        qni_out_text(out, " ");
        significant(out, list[k].value, near_one_digits(list[k].value));
    }
    if (all > count)
        qni_out_printf(out, " and %" PRId64 " more", all - count);
    qni_out_text(out, count > 0 ? "\n" : "");
}

static void write_sizes(qni_out *out, const fit_job *job)
{
    const qn_fit_result *r = job->result;
    if (job->certified)
        write_certified(out, job);
    else
        write_statistics(out, r);
    write_diagnostics(out, r->diagnostics);
    write_correlations(out, r);
    qni_out_text(out, "  work                      ");
    plural(out, r->iterations, "iteration");
    qni_out_text(out, ", ");
    plural(out, r->evaluations, "evaluation");
    qni_out_text(out, ", ");
    if (r->cached)
        qni_out_text(out, "in an earlier run: from the cache");
    else
        duration(out, job->seconds);
    qni_out_text(out, "\n");
}

static void write_warning(qni_out *out, const char *text)
{
    qni_out_style(out, QNI_STYLE_WARN);
    qni_out_text(out, "warning:");
    qni_out_style(out, QNI_STYLE_PLAIN);
    qni_out_text(out, " ");
    qni_out_foreign(out, text, -1);
    qni_out_text(out, "\n");
}

/* Why --profile shows nothing. */
static void write_no_profile(qni_out *out, const qn_fit_result *r)
{
    if (!r->profiled || qni_fit_has_profile(r))
        return;
    qni_out_text(out, r->dof == 0   ? "  profile: none, because no degree of freedom is left\n"
                      : r->rss == 0 ? "  profile: none, because the residuals are zero\n"
                                    : "  profile: none has an end\n");
}

/* What low and high are. Beside certified values there are none but those of profiles. */
static void write_confidence(qni_out *out, const fit_job *job)
{
    const qn_fit_result *r = job->result;
    bool intervals = false, profiled = qni_fit_has_profile(r);
    for (int64_t i = 0; !job->certified && i < r->p; i++)
        intervals |= r->parameters[i].role != QN_FIT_FIXED && isfinite(r->parameters[i].ci_low);
    if (!intervals && !profiled)
        return;
    qni_out_text(out, intervals ? "  low and high: the " : "  profile: the ");
    significant(out, 100 * r->confidence, 4);
    qni_out_text(out, !intervals ? " % interval of the profile likelihood\n"
                      : profiled ? " % interval; profile: that of the profile likelihood\n"
                                 : " % interval\n");
}

void qni_fit_text(const fit_job *job)
{
    qni_out *out = job->run->out;
    const qn_fit_result *r = job->result;
    write_head(out, job);
    write_status(out, r);
    qni_fit_text_table(job);
    write_confidence(out, job);
    write_no_profile(out, r);
    qni_out_text(out, "\n");
    write_sizes(out, job);
    const char *warning;
    for (int64_t i = 0; (warning = qni_fit_warning(job, i)) != NULL; i++) {
        qni_out_text(out, i == 0 ? "\n" : "");
        write_warning(out, warning);
    }
}
