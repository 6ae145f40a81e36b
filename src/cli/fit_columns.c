/* cli/fit_columns.c: the data as the model reads it: columns of doubles. Those of the table that are something else are
 * converted into one block. */
#include "cli/fit_int.h"

#include "base/alloc.h"
#include "base/error.h"

#include <inttypes.h>

/* The table's number of the i-th column; -1: there is none (no --sigma). */
static int64_t table_column(const fit_columns *c, int64_t i)
{
    const char *name = i < c->count ? qn_model_column_name(c->job->model, i) : qni_fit_option_text(c->job, FIT_SIGMA);
    return name != NULL ? qn_table_column_find(c->job->table, name) : -1;
}

static void take(fit_columns *c)
{
    double *to = c->block;
    const qn_table *table = c->job->table;
    for (int64_t i = 0; i <= c->count; i++) {
        int64_t column = table_column(c, i);
        c->column[i] = column >= 0 ? qn_table_f64(table, column) : NULL;
        if (column < 0 || c->column[i] != NULL)
            continue;
        (void)qn_table_read_f64(table, column, to); /* the fit has refused what is no number */
        c->column[i] = to;
        to += c->n;
    }
}

qn_status qni_fit_columns_init(fit_columns *out, const fit_job *job, const qn_allocator *allocator, qn_error *err)
{
    *out = (fit_columns){.job = job, .n = qn_table_row_count(job->table), .count = qn_model_column_count(job->model)};
    int64_t foreign = 0;
    for (int64_t i = 0; i <= out->count; i++) {
        int64_t column = table_column(out, i);
        foreign += column >= 0 && qn_table_column_type(job->table, column) != QN_TYPE_F64;
    }
    out->column = qni_alloc(allocator, out->count + 1, (int64_t)sizeof *out->column);
    if (foreign > 0 && qni_size_mul(&out->block_count, out->n, foreign))
        out->block = qni_alloc(allocator, out->block_count, (int64_t)sizeof *out->block);
    if (out->column != NULL && (foreign == 0 || out->block != NULL)) {
        take(out);
        return QN_OK;
    }
    qni_fit_columns_free(out, allocator);
    return qni_error(err, QN_NOMEM, "no memory for %" PRId64 " rows as numbers", qn_table_row_count(job->table));
}

void qni_fit_columns_free(fit_columns *columns, const qn_allocator *allocator)
{
    if (columns->column != NULL)
        qni_free(allocator, columns->column, columns->count + 1, (int64_t)sizeof *columns->column);
    if (columns->block != NULL)
        qni_free(allocator, columns->block, columns->block_count, (int64_t)sizeof *columns->block);
    columns->column = NULL;
    columns->block = NULL;
}
