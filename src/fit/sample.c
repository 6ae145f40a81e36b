/* fit/sample.c: a problem made of some rows of another. One thread. */
#include "fit/search.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "mem/refuse.h"

#include <inttypes.h>

struct qni_fit_sample {
    const qn_allocator *allocator;
    const qni_fit_memory *memory;
    const qn_model *model;
    qn_model_workspace *workspace;
    const qni_panel_kernels *kernels;
    double *block;          /* columns, response, weight */
    const double **columns; /* into the block */
    int64_t column_count, n, size;
};

static void rows(void *user, const double *x, int64_t first, int64_t count, double *r, double *jacobian, int64_t stride)
{
    const qni_fit_sample *sample = user;
    const double *response = sample->block + sample->column_count * sample->n;
    qn_model_eval(sample->model, sample->workspace, sample->columns, first, count, x, r, jacobian, stride);
    sample->kernels->subtract(r, response + first, count);
}

/* One row of each stretch; these are equally long but for one row. Which row it is varies: what repeats itself in the
 * data must not hide. */
static int64_t chosen(int64_t i, int64_t n)
{
    int64_t from = i * n / QNI_FIT_SAMPLE, width = (i + 1) * n / QNI_FIT_SAMPLE - from;
    return from + (int64_t)(qni_hash_word((uint64_t)i, 0) % (uint64_t)width);
}

static qn_status fill(qni_fit_sample *s, qni_fit_rows *out, const qni_fit_rows *problem, qn_error *err)
{
    s->n = QNI_FIT_SAMPLE;
    s->column_count = qn_model_column_count(s->model);
    s->size = (s->column_count + 2) * s->n;
    s->block = qni_alloc(s->allocator, s->size, sizeof *s->block);
    s->columns = qni_alloc_zeroed(s->allocator, s->column_count, sizeof *s->columns);
    if (s->block == NULL || s->columns == NULL)
        return qni_refused(err, s->memory->source, s->size * (int64_t)sizeof *s->block, "a sample of the data");
    double *response = s->block + s->column_count * s->n, *weight = response + s->n;
    for (int64_t c = 0; c < s->column_count; c++) {
        double *column = s->block + c * s->n;
        s->columns[c] = problem->columns[c] != NULL ? column : NULL;
        for (int64_t i = 0; problem->columns[c] != NULL && i < s->n; i++)
            column[i] = problem->columns[c][chosen(i, problem->n)];
    }
    for (int64_t i = 0; i < s->n; i++) {
        response[i] = problem->response[chosen(i, problem->n)];
        weight[i] = problem->weight != NULL ? problem->weight[chosen(i, problem->n)] : 1;
    }
    *out = (qni_fit_rows){.n = s->n,
                          .all = problem->all,
                          .response = response,
                          .weight = problem->weight != NULL ? weight : NULL,
                          .weighted = problem->weighted,
                          .rows = rows,
                          .user = s,
                          .model = s->model,
                          .columns = s->columns};
    qn_status status = qn_model_workspace_new(&s->workspace, s->model, s->allocator, err);
    return status == QN_OK ? QN_OK : qni_refused(err, s->memory->source, 0, "a sample of the data");
}

qn_status qni_fit_sample_new(qni_fit_sample **out, qni_fit_rows *rows_out, const qni_fit_rows *problem,
                             const qni_panel_kernels *kernels, const qni_fit_memory *memory, qn_error *err)
{
    *out = NULL;
    *rows_out = *problem;
    if (problem->model == NULL || problem->n / 2 < QNI_FIT_SAMPLE)
        return QN_OK;
    qni_fit_sample *s = qni_new(&memory->allocator, qni_fit_sample);
    if (s == NULL)
        return qni_refused(err, memory->source, (int64_t)sizeof *s, "a sample of the data");
    s->allocator = &memory->allocator;
    s->memory = memory;
    s->model = problem->model;
    s->kernels = kernels;
    qn_status status = fill(s, rows_out, problem, err);
    if (status == QN_OK)
        *out = s;
    else
        qni_fit_sample_free(s);
    return status;
}

void qni_fit_sample_free(qni_fit_sample *s)
{
    if (s == NULL)
        return;
    qn_model_workspace_free(s->workspace);
    qni_free(s->allocator, s->block, s->size, sizeof *s->block);
    qni_free(s->allocator, s->columns, s->column_count, sizeof *s->columns);
    qni_delete(s->allocator, s);
}
