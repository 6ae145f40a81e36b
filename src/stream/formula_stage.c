/* stream/formula_stage.c: parts of formulas as stages: the value of a model, the state of an indicator.
 *
 * Each has the reference or the indicator and the workspace that it needs from the beginning, so that running allocates
 * nothing. Each gives the same bits however records are cut into spans. A stage's run is called by one thread at a
 * time. */
#include "stream/formula_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "mem/refuse.h"
#include "stream/limits.h"
#include "stream/stream_int.h"

#include <assert.h>

typedef struct model_stage {
    const qn_allocator *allocator;
    qn_model *model;
    qn_model_workspace *workspace;
    int64_t reads;
} model_stage;

static qn_status run_model(void *self, const qn_stream_span *span, int64_t *done, qn_error *err)
{
    const model_stage *s = self;
    (void)err;
    qn_model_eval(s->model, s->workspace, (const double *const *)span->columns, 0, span->count, NULL,
                  span->columns[s->reads], NULL, span->count);
    *done = span->count;
    return QN_OK;
}

static void free_model(void *self)
{
    model_stage *s = self;
    qn_model_workspace_free(s->workspace);
    qn_model_unref(s->model);
    qni_delete(s->allocator, s);
}

qn_status qni_formula_add_model(qn_stream *stream, const char *column, qn_model *model, qn_error *err)
{
    const qn_allocator *allocator = qni_stream_allocator(stream);
    const char *reads[QNI_STREAM_COLUMNS_MAX];
    model_stage *s = qni_new(allocator, model_stage);
    if (s == NULL)
        return qni_refused(err, allocator, sizeof *s, "a stage of a stream");
    s->allocator = allocator;
    s->model = qn_model_ref(model);
    s->reads = qn_model_column_count(model);
    assert(s->reads <= QNI_STREAM_COLUMNS_MAX); /* they are columns of the stream */
    for (int64_t i = 0; i < s->reads; i++)
        reads[i] = qn_model_column_name(model, i);
    const qn_status status = qn_model_workspace_new(&s->workspace, model, allocator, err);
    if (status != QN_OK) {
        free_model(s);
        return status;
    }
    return qni_stream_add(stream,
                          &(qn_stream_stage){.self = s,
                                             .name = column,
                                             .reads = reads,
                                             .read_count = s->reads,
                                             .writes = &column,
                                             .write_count = 1,
                                             .run = run_model,
                                             .free = free_model},
                          err);
}

typedef struct call_stage {
    const qn_allocator *allocator;
    qn_indicator *indicator;
    int inputs;
} call_stage;

static qn_status run_call(void *self, const qn_stream_span *span, int64_t *done, qn_error *err)
{
    const call_stage *s = self;
    double *const *columns = span->columns;
    const qn_status status =
        qn_indicator_update(s->indicator, span->symbols, columns[0], s->inputs > 1 ? columns[1] : NULL,
                            columns[s->inputs], span->count, err);
    *done = status == QN_OK ? span->count : 0;
    return status;
}

static void free_call(void *self)
{
    call_stage *s = self;
    qn_indicator_free(s->indicator);
    qni_delete(s->allocator, s);
}

qn_status qni_formula_add_call(qn_stream *stream, const qni_formula_call *call, qn_error *err)
{
    const qn_allocator *allocator = qni_stream_allocator(stream);
    call_stage *s = qni_new(allocator, call_stage);
    if (s == NULL)
        return qni_refused(err, allocator, sizeof *s, "a stage of a stream");
    *s = (call_stage){.allocator = allocator, .inputs = call->inputs};
    const qn_status status = qn_indicator_new(&s->indicator, call->kind, call->constants, call->count,
                                              qni_stream_symbols(stream), allocator, err);
    if (status != QN_OK) {
        free_call(s);
        return status;
    }
    return qni_stream_add(stream,
                          &(qn_stream_stage){.self = s,
                                             .name = call->text,
                                             .reads = call->series,
                                             .read_count = call->inputs,
                                             .writes = &call->column,
                                             .write_count = 1,
                                             .run = run_call,
                                             .free = free_call},
                          err);
}
