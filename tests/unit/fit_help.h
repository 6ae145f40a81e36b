/* unit/fit_help.h: tables from text and fits of them, as the tests of fits want them. */
#ifndef QUERN_TEST_FIT_HELP_H
#define QUERN_TEST_FIT_HELP_H

#include "harness/harness.h"

#include <quern/fit.h>

#include <math.h>
#include <string.h>

static inline qn_model *fit_help_model(const char *formula, const qn_table *table)
{
    qn_error err;
    qn_model *model;
    const char *columns[16];
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = qn_table_column_count(table);
    for (int64_t c = 0; c < options.column_count; c++)
        columns[c] = qn_table_column_name(table, c);
    assert_ok(qn_model_new(&model, formula, -1, &options, &err), &err);
    return model;
}

/* The table of a CSV text, whose complaints call it data.csv. */
static inline qn_table *fit_help_table(const char *text)
{
    qn_error err;
    qn_csv *csv;
    qn_table *table;
    assert_ok(qn_csv_open_bytes(&csv, text, (int64_t)strlen(text), "data.csv", NULL, &err), &err);
    assert_ok(qn_csv_read(&table, csv, -1, &err), &err);
    qn_csv_close(csv);
    return table;
}

static inline qn_fit_options fit_help_options(void)
{
    qn_fit_options options;
    qn_fit_options_init(&options, sizeof options);
    return options;
}

static inline qn_fit_result *fit_help_fit(const char *formula, const qn_table *table, const qn_fit_options *options)
{
    qn_error err;
    qn_fit_result *result;
    qn_model *model = fit_help_model(formula, table);
    assert_ok(qn_fit_table(&result, model, table, options, &err), &err);
    qn_model_unref(model);
    return result;
}

/* The fit is refused with this code and a message that has this piece in it; *out (may be NULL) is the whole error. */
static inline void fit_help_refused(const char *formula, const qn_table *table, const qn_fit_options *options,
                                    qn_status code, const char *piece, qn_error *out)
{
    qn_error err;
    qn_model *model = fit_help_model(formula, table);
    qn_fit_result *result = (qn_fit_result *)&err;
    assert_int_equal(qn_fit_table(&result, model, table, options, &err), code);
    assert_null(result);
    assert_contains(err.message, piece);
    qn_model_unref(model);
    if (out != NULL)
        *out = err;
}

static inline int64_t fit_help_find(const qn_fit_result *result, const char *name)
{
    int64_t j = 0;
    while (j < result->p && strcmp(result->parameters[j].name, name) != 0)
        j++;
    assert_true(j < result->p);
    return j;
}

static inline const qn_fit_parameter *fit_help_parameter(const qn_fit_result *result, const char *name)
{
    return &result->parameters[fit_help_find(result, name)];
}

static inline double fit_help_covariance(const qn_fit_result *result, const char *a, const char *b)
{
    return result->covariance[fit_help_find(result, a) * result->p + fit_help_find(result, b)];
}

#endif
