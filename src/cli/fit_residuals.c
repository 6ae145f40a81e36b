/* cli/fit_residuals.c: --residuals: a CSV file with one row for each row of the data that was used.
 *
 *     line, the columns that the formula's right side names, observed, fitted, residual, standardized, leverage, sigma
 *
 * line is that of the data file (of an array: its row, from 1); residual is observed minus fitted, on the scale of the
 * response; sigma is there with --sigma. */
#include "cli/fit_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/number.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    RESPONSES = 256 /* of consecutive rows, evaluated at once */
};

/* A file that is written cell by cell. */
typedef struct sheet {
    const fit_job *job;
    const qn_fit_diagnostics *d;
    fit_columns columns;
    qn_model_workspace *workspace;
    qni_file_writer *writer;
    qn_status status; /* of the first failure */
    qn_error *err;
    int64_t response_end; /* the row after the last one in `response` */
    double response[RESPONSES];
    int64_t used;
    char buffer[QNI_RESIDUALS_BUFFER_SIZE];
} sheet;

static void flush(sheet *s)
{
    if (s->status == QN_OK)
        s->status = qni_file_write(s->writer, s->buffer, s->used, s->err);
    s->used = 0;
}

static void put(void *to, const char *bytes, int64_t size)
{
    sheet *s = to;
    while (size > 0) {
        int64_t room = QNI_RESIDUALS_BUFFER_SIZE - s->used, part = size < room ? size : room;
        memcpy(s->buffer + s->used, bytes, (size_t)part);
        s->used += part;
        bytes += part;
        size -= part;
        if (s->used == QNI_RESIDUALS_BUFFER_SIZE)
            flush(s);
    }
}

static void number(sheet *s, double value)
{
    put(s, ",", 1);
    if (!isnan(value)) {
        char text[QNI_NUMBER_SIZE];
        put(s, text, qni_number_format(text, value));
    }
}

static void head(sheet *s)
{
    static const char after[] = ",observed,fitted,residual,standardized,leverage", sigma[] = ",sigma";
    const qn_model *model = s->job->model;
    put(s, "line", 4);
    for (int64_t i = 0; i < s->columns.count; i++) {
        if (!qn_model_column_is_predictor(model, i))
            continue;
        put(s, ",", 1);
        qni_fit_csv_text(put, s, qn_model_column_name(model, i));
    }
    put(s, after, (int64_t)sizeof after - 1);
    if (s->columns.column[s->columns.count] != NULL)
        put(s, sigma, (int64_t)sizeof sigma - 1);
    put(s, "\n", 1);
}

/* The response at a row of the table; rows are asked for in ascending order. */
static double observed(sheet *s, int64_t row)
{
    if (row >= s->response_end) {
        int64_t left = s->columns.n - row, count = left < RESPONSES ? left : RESPONSES;
        qn_model_eval_response(s->job->model, s->workspace, s->columns.column, row, count, s->response);
        s->response_end = row + count;
        /* what is asked for is counted from the end */
        memmove(s->response + RESPONSES - count, s->response, (size_t)count * sizeof *s->response);
    }
    return s->response[RESPONSES - (s->response_end - row)];
}

static void line(sheet *s, int64_t i)
{
    const fit_columns *c = &s->columns;
    int64_t row = s->d->row[i], at = qn_table_row_line(s->job->table, row);
    char text[QNI_NUMBER_SIZE];
    put(s, text, qni_number_format(text, (double)(at > 0 ? at : row + 1)));
    for (int64_t k = 0; k < c->count; k++)
        if (qn_model_column_is_predictor(s->job->model, k))
            number(s, c->column[k][row]);
    number(s, observed(s, row));
    number(s, s->d->fitted[i]);
    number(s, s->d->residual[i]);
    number(s, s->d->standardized[i]);
    number(s, s->d->leverage[i]);
    if (c->column[c->count] != NULL)
        number(s, c->column[c->count][row]);
    put(s, "\n", 1);
}

qn_status qni_fit_residuals(const fit_job *job, const char *path, qn_error *err)
{
    const qn_allocator *allocator = qni_run_allocator(job->run, QNI_HOLDER_FIT);
    sheet s = {.job = job, .d = job->result->diagnostics, .err = err};
    s.status = qni_fit_columns_init(&s.columns, job, allocator, err);
    if (s.status == QN_OK)
        s.status = qn_model_workspace_new(&s.workspace, job->model, allocator, err);
    if (s.status == QN_OK)
        s.status = qni_file_open(&s.writer, path, job->run->allocator, err);
    if (s.status == QN_OK) {
        head(&s);
        for (int64_t i = 0; s.status == QN_OK && i < job->result->n && !qni_fit_gives_up(job); i++)
            line(&s, i);
        flush(&s);
        if (s.status == QN_OK && qni_fit_gives_up(job))
            s.status = qni_error(err, QN_IO, "interrupted: \"%.200s\" was not written", path);
    }
    if (s.status == QN_OK)
        s.status = qni_file_commit(s.writer, err);
    else
        qni_file_abandon(s.writer);
    qn_model_workspace_free(s.workspace);
    qni_fit_columns_free(&s.columns, allocator);
    return s.status;
}
