/* lang/eval.c: a workspace holds the frames of a model's programs in one block of memory; evaluating runs one of them.
 */
#include "lang/model_int.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/error.h"
#include "lang/limits.h"

struct qn_model_workspace {
    const qn_model *model;
    const qn_allocator *allocator;
    double *memory; /* (memory_size) registers, spare, scalars of each program */
    int64_t memory_size;
    double **places; /* (place_count) of each program */
    int64_t place_count;
    double *spare; /* (QNI_BLOCK) */
    qni_frame frames[QNI_PROGRAM_COUNT];
};

/* How much a workspace needs. Registers and spare are shared: one program runs at a time. */
static void measure(qn_model_workspace *w, int64_t *registers)
{
    *registers = 0;
    w->memory_size = QNI_BLOCK;
    w->place_count = 0;
    for (int i = 0; i < QNI_PROGRAM_COUNT; i++) {
        const qni_program *p = &w->model->programs[i];
        int64_t needed = qni_program_register_doubles(p);
        *registers = needed > *registers ? needed : *registers;
        w->memory_size += p->scalar_count;
        w->place_count += qni_program_place_count(p);
    }
    w->memory_size += *registers;
}

qn_status qn_model_workspace_new(qn_model_workspace **out, const qn_model *model, const qn_allocator *allocator,
                                 qn_error *err)
{
    assert(out != NULL && model != NULL);
    *out = NULL;
    qn_model_workspace *w = qni_new(allocator, qn_model_workspace);
    if (w == NULL)
        return qni_error(err, QN_NOMEM, "out of memory for evaluating a formula");
    w->model = model;
    w->allocator = allocator;
    int64_t registers;
    measure(w, &registers);
    w->memory = qni_alloc(allocator, w->memory_size, sizeof *w->memory);
    w->places = qni_alloc(allocator, w->place_count, sizeof *w->places);
    if (w->memory == NULL || w->places == NULL) {
        qn_model_workspace_free(w);
        return qni_error(err, QN_NOMEM, "out of memory for evaluating a formula");
    }
    w->spare = w->memory + registers;
    double *scalars = w->spare + QNI_BLOCK, **places = w->places;
    for (int i = 0; i < QNI_PROGRAM_COUNT; i++) {
        const qni_program *p = &model->programs[i];
        qni_frame_init(&w->frames[i], p, places, scalars, w->memory);
        scalars += p->scalar_count;
        places += qni_program_place_count(p);
    }
    *out = w;
    return QN_OK;
}

void qn_model_workspace_free(qn_model_workspace *workspace)
{
    if (workspace == NULL)
        return;
    const qn_allocator *allocator = workspace->allocator;
    qni_free(allocator, workspace->memory, workspace->memory_size, sizeof *workspace->memory);
    qni_free(allocator, workspace->places, workspace->place_count, sizeof *workspace->places);
    qni_delete(allocator, workspace);
}

void qn_model_eval(const qn_model *model, qn_model_workspace *workspace, const double *const *columns, int64_t first,
                   int64_t count, const double *parameters, double *value, double *jacobian, int64_t stride)
{
    assert(workspace->model == model && first >= 0 && count >= 0);
    assert(jacobian == NULL || stride >= count);
    if (value == NULL && jacobian == NULL)
        return;
    int which = jacobian == NULL ? QNI_PROGRAM_VALUE : QNI_PROGRAM_FULL;
    qni_frame_run(&workspace->frames[which], &model->programs[which], columns, first, count, parameters,
                  workspace->spare, value, jacobian, stride);
}

void qn_model_eval_second(const qn_model *model, qn_model_workspace *workspace, const double *const *columns,
                          int64_t first, int64_t count, const double *parameters, double *value, double *derivatives,
                          int64_t stride)
{
    assert(workspace->model == model && first >= 0 && count >= 0 && stride >= count);
    assert(model->has_second);
    if (!model->has_second)
        return;
    qni_frame_run(&workspace->frames[QNI_PROGRAM_SECOND], &model->programs[QNI_PROGRAM_SECOND], columns, first, count,
                  parameters, workspace->spare, value, derivatives, stride);
}

void qn_model_eval_response(const qn_model *model, qn_model_workspace *workspace, const double *const *columns,
                            int64_t first, int64_t count, double *value)
{
    assert(workspace->model == model && first >= 0 && count >= 0);
    assert(model->has_response);
    if (!model->has_response)
        return;
    qni_frame_run(&workspace->frames[QNI_PROGRAM_RESPONSE], &model->programs[QNI_PROGRAM_RESPONSE], columns, first,
                  count, NULL, workspace->spare, value, NULL, 0);
}
