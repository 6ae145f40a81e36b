/* cli/fit_table.c: the parameters of a result as a table for a person, numbers in as many digits as their errors allow.
 *
 * Columns of numbers are aligned at the decimal point: measured in a first pass, written in a second. */
#include "cli/fit_int.h"

#include "base/number.h"
#include "cli/digits.h"
#include "cli/text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct row {
    const qn_fit_parameter *parameter;
    double certified_value, certified_stderr; /* NaN: there is none */
} row;

/* A column of the table: its title, and what it says of a row. An empty text: nothing. */
typedef struct column {
    const char *title;
    void (*cell)(char out[QNI_DIGITS_SIZE], const row *r);
} column;

/* A column as measured: widths before the point and from it on. */
typedef struct measure {
    int64_t before, after, width;
} measure;

double qni_fit_agreement(double value, double certified)
{
    enum {
        CERTIFIED_DIGITS = 11
    };
    if (!isfinite(value) || !isfinite(certified))
        return 0;
    double error = certified == 0 ? fabs(value) : fabs(value - certified) / fabs(certified);
    if (!(error > 0))
        return CERTIFIED_DIGITS;
    double digits = -log10(error);
    return digits < 0 ? 0 : digits > CERTIFIED_DIGITS ? CERTIFIED_DIGITS : digits;
}

/* With the digits that the standard error allows; what cannot be had is left empty. */
static void measured(char *out, double value, const row *r)
{
    out[0] = '\0';
    if (!isnan(value) && r->parameter->role != QN_FIT_FIXED)
        (void)qni_digits_write(out, value, qni_digits_place(r->parameter->value, r->parameter->stderr_));
}

static void counted(char *out, double value, int digits)
{
    out[0] = '\0';
    if (!isnan(value))
        (void)qni_digits_write_count(out, value, digits);
}

/* A fixed one as it was given. */
static void value_cell(char *out, const row *r)
{
    if (r->parameter->role == QN_FIT_FIXED)
        (void)qni_number_format(out, r->parameter->value);
    else
        measured(out, r->parameter->value, r);
}

static void stderr_cell(char *out, const row *r)
{
    counted(out, r->parameter->role == QN_FIT_FIXED ? NAN : r->parameter->stderr_, 2);
}

static void low_cell(char *out, const row *r)
{
    measured(out, r->parameter->ci_low, r);
}

static void high_cell(char *out, const row *r)
{
    measured(out, r->parameter->ci_high, r);
}

/* In two digits, or in whole percents. */
static void relative_cell(char *out, const row *r)
{
    double percent = 100 * fabs(r->parameter->stderr_ / r->parameter->value);
    int place = qni_digits_exponent(percent) - 1;
    out[0] = '\0';
    if (isfinite(percent) && r->parameter->role != QN_FIT_FIXED)
        (void)qni_digits_write(out, percent, place < 0 ? place : 0);
}

static void profile_low_cell(char *out, const row *r)
{
    measured(out, r->parameter->profile_low, r);
}

static void profile_high_cell(char *out, const row *r)
{
    measured(out, r->parameter->profile_high, r);
}

static void full_value_cell(char *out, const row *r)
{
    counted(out, r->parameter->value, 11);
}

static void full_stderr_cell(char *out, const row *r)
{
    counted(out, r->parameter->role == QN_FIT_FIXED ? NAN : r->parameter->stderr_, 11);
}

static void certified_value_cell(char *out, const row *r)
{
    counted(out, r->certified_value, 11);
}

static void certified_stderr_cell(char *out, const row *r)
{
    counted(out, r->certified_stderr, 11);
}

static void value_digits_cell(char *out, const row *r)
{
    (void)qni_digits_write(out, qni_fit_agreement(r->parameter->value, r->certified_value), -1);
}

static void stderr_digits_cell(char *out, const row *r)
{
    (void)qni_digits_write(out, qni_fit_agreement(r->parameter->stderr_, r->certified_stderr), -1);
}

static const column usual_columns[] = {
    {"value", value_cell}, {"std. error", stderr_cell}, {"low", low_cell},
    {"high", high_cell},   {"error %", relative_cell},
};

static const column certified_columns[] = {
    {"value", full_value_cell},       {"certified", certified_value_cell},  {"digits", value_digits_cell},
    {"std. error", full_stderr_cell}, {"certified", certified_stderr_cell}, {"digits", stderr_digits_cell},
};

static const column profile_columns[] = {{"profile low", profile_low_cell}, {"profile high", profile_high_cell}};

enum {
    MOST_COLUMNS = 8,
    GAP = 2
};

bool qni_fit_has_profile(const qn_fit_result *r)
{
    bool has = false;
    for (int64_t i = 0; r->profiled && i < r->p; i++)
        has |= !isnan(r->parameters[i].profile_low) || !isnan(r->parameters[i].profile_high);
    return has;
}

/* The columns of the result's table; how many. */
static int choose_columns(const fit_job *job, column out[MOST_COLUMNS])
{
    size_t usual = sizeof usual_columns / sizeof usual_columns[0];
    size_t count = job->certified ? sizeof certified_columns / sizeof certified_columns[0] : usual;
    memcpy(out, job->certified ? certified_columns : usual_columns, count * sizeof *out);
    if (qni_fit_has_profile(job->result)) {
        memcpy(out + count, profile_columns, sizeof profile_columns);
        count += sizeof profile_columns / sizeof profile_columns[0];
    }
    return (int)count;
}

static row row_at(const fit_job *job, int64_t i)
{
    row r = {.parameter = &job->result->parameters[i], .certified_value = NAN, .certified_stderr = NAN};
    for (int64_t k = 0; job->certified && k < job->nist->p; k++) {
        if (strcmp(job->nist->parameters[k], r.parameter->name) == 0) {
            r.certified_value = job->nist->certified_value[k];
            r.certified_stderr = job->nist->certified_stderr[k];
        }
    }
    return r;
}

/* Where the decimal point of a text stands, or would stand. */
static int64_t point_in(const char *text)
{
    return (int64_t)strcspn(text, ".e");
}

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Writes a cell; returns the spaces that fill its column, for what follows on the line, if anything does. */
static int64_t write_cell(qni_out *out, const measure *m, const char *text, int64_t spaces)
{
    int64_t point = point_in(text), size = (int64_t)strlen(text);
    if (size == 0)
        return spaces + (m->width > 0 ? GAP + m->width : 0);
    qni_out_spaces(out, spaces + GAP + m->width - m->after - point);
    qni_out_text(out, text);
    return m->after - (size - point);
}

static int64_t measure_columns(const fit_job *job, const column *columns, int count, measure *m)
{
    char text[QNI_DIGITS_SIZE];
    int64_t name = qni_text_width("parameter", -1);
    for (int64_t i = 0; i < job->result->p; i++) {
        row r = row_at(job, i);
        name = greater(name, qni_text_width(r.parameter->name, -1));
        for (int c = 0; c < count; c++) {
            columns[c].cell(text, &r);
            m[c].before = greater(m[c].before, point_in(text));
            m[c].after = greater(m[c].after, (int64_t)strlen(text) - point_in(text));
        }
    }
    for (int c = 0; c < count; c++) {
        int64_t cells = m[c].before + m[c].after; /* 0: nothing to show in any row */
        m[c].width = cells > 0 ? greater(cells, (int64_t)strlen(columns[c].title)) : 0;
    }
    return name;
}

static void write_titles(qni_out *out, const column *columns, int count, const measure *m, int64_t name)
{
    qni_out_style(out, QNI_STYLE_BOLD);
    qni_out_text(out, "  parameter");
    qni_out_spaces(out, name - 9);
    for (int c = 0; c < count; c++) {
        if (m[c].width == 0)
            continue;
        qni_out_spaces(out, GAP + m[c].width - (int64_t)strlen(columns[c].title));
        qni_out_text(out, columns[c].title);
    }
    qni_out_style(out, QNI_STYLE_PLAIN);
    qni_out_text(out, "\n");
}

/* What a parameter is besides its numbers, at the end of its line. */
static void write_marks(qni_out *out, const qn_fit_parameter *p, int64_t spaces)
{
    if (p->role == QN_FIT_FIXED || p->role == QN_FIT_TIED || p->at_bound)
        qni_out_spaces(out, spaces + GAP);
    if (p->role == QN_FIT_FIXED)
        qni_out_text(out, "fixed");
    if (p->role == QN_FIT_TIED) {
        qni_out_text(out, "= ");
        qni_out_foreign(out, p->tie != NULL ? p->tie : "?", -1);
    }
    if (p->at_bound)
        qni_out_text(out, "at its bound");
}

void qni_fit_text_table(const fit_job *job)
{
    qni_out *out = job->run->out;
    column columns[MOST_COLUMNS];
    int count = choose_columns(job, columns);
    measure m[MOST_COLUMNS] = {0};
    int64_t name = measure_columns(job, columns, count, m);
    write_titles(out, columns, count, m, name);
    for (int64_t i = 0; i < job->result->p; i++) {
        char text[QNI_DIGITS_SIZE];
        row r = row_at(job, i);
        qni_out_text(out, "  ");
        qni_out_foreign(out, r.parameter->name, -1);
        int64_t spaces = name - qni_text_width(r.parameter->name, -1);
        for (int c = 0; c < count; c++) {
            columns[c].cell(text, &r);
            spaces = write_cell(out, &m[c], text, spaces);
        }
        write_marks(out, r.parameter, spaces);
        qni_out_text(out, "\n");
    }
}
