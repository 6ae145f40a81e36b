/* fit/solve.c: a fit from beginning to end, whatever the problem; and the problem that a function gives. One thread a
 * fit. */
#include "fit/fit_int.h"

#include "array/workspace.h"
#include "base/alloc.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/options.h"
#include "fit/limits.h"
#include "math/dense.h"
#include "mem/refuse.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void *count_and_pass(void *user, void *block, int64_t old_size, int64_t new_size)
{
    qni_fit_memory *memory = user;
    memory->calls++;
    return memory->inner->resize(memory->inner->user, block, old_size, new_size);
}

qn_status qni_fit_memory_init(qni_fit_memory *memory, const qn_fit_options *options, qn_error *err)
{
    qn_fit_options known;
    qn_status status = qni_options_copy(&known, sizeof known, options, "qn_fit_options", err);
    if (status != QN_OK)
        return status;
    bool own = known.workspace == NULL;
    memory->results = known.allocator != NULL ? known.allocator : qn_allocator_default();
    memory->inner = own ? memory->results : qn_workspace_allocator(known.workspace);
    memory->source = own ? memory->results : qni_workspace_source(known.workspace);
    memory->allocator = (qn_allocator){.resize = count_and_pass, .user = memory};
    memory->calls = 0;
    return QN_OK;
}

static qn_status check_sizes(const qni_fit_rows *problem, qn_error *err)
{
    if (problem->n < 0 || problem->p < 1)
        return qni_error(err, QN_INVALID, "a fit needs at least one parameter");
    if (problem->p > QNI_FIT_PARAMETERS)
        return qni_error(err, QN_LIMIT, "%" PRId64 " parameters are more than a fit can have (%d)", problem->p,
                         QNI_FIT_PARAMETERS);
    if (problem->n < problem->p)
        return qni_error(err, QN_DATA, "%" PRId64 " %s too few for %" PRId64 " parameter%s", problem->n,
                         problem->n == 1 ? "row is" : "rows are", problem->p, problem->p == 1 ? "" : "s");
    return QN_OK;
}

/* Runs the solver in a block of its own and fills the result. */
static qn_status run(qni_fit_result *result, const qni_fit_rows *problem, const qn_fit_options *options,
                     qni_fit_memory *memory, qn_error *err)
{
    int level;
    qn_status status = qni_cpu_level(&level, err);
    if (status != QN_OK)
        return status;
    int64_t p = problem->p, size = qni_fit_trf_doubles(p) + 2 * p;
    double *block = qni_alloc(&memory->allocator, size, sizeof *block);
    if (block == NULL)
        return qni_refused(err, memory->source, size * (int64_t)sizeof *block,
                           "the solver of a fit with %" PRId64 " parameters", p);
    qni_fit_trf t = {.options = *options};
    double *lower = block, *upper = block + p;
    qni_fit_trf_place(&t, block + 2 * p, p);
    t.eval.problem = problem;
    t.eval.kernels = qni_panel_kernels_of(level);
    t.eval.options = &t.options;
    t.lower = lower;
    t.upper = upper;
    status = qni_fit_start(t.x, lower, upper, problem, options, result, err);
    if (status == QN_OK) {
        int64_t calls = memory->calls;
        qni_fit_trf_run(&t);
        result->head.loop_allocations = memory->calls - calls;
        status = qni_fit_result_fill(result, &t, t.work, err);
    }
    qni_free(&memory->allocator, block, size, sizeof *block);
    return status;
}

qn_status qni_fit_rows_solve(qn_fit_result **out, const qni_fit_rows *problem, const qn_fit_options *options,
                             qni_fit_memory *memory, qn_error *err)
{
    *out = NULL;
    qn_fit_options resolved;
    qn_status status = check_sizes(problem, err);
    if (status == QN_OK)
        status = qni_fit_options_resolve(&resolved, options, problem->p, err);
    if (status != QN_OK)
        return status;
    qni_fit_result *result;
    status = qni_fit_result_new(&result, problem, memory->results, err);
    if (status != QN_OK)
        return status;
    status = run(result, problem, &resolved, memory, err);
    if (status == QN_OK)
        *out = &result->head;
    else
        qn_fit_result_free(&result->head);
    return status;
}

/* A problem given by a function: all rows at once, kept until they are asked for. */
typedef struct callback {
    const qn_fit_problem *problem;
    double *r;        /* (n) */
    double *jacobian; /* (p, n) */
} callback;

static bool callback_begin(void *user, const double *x, bool derivatives)
{
    callback *c = user;
    return c->problem->eval(c->problem->user, x, c->r, derivatives ? c->jacobian : NULL);
}

static void callback_rows(void *user, const double *x, int64_t first, int64_t count, double *r, double *jacobian,
                          int64_t stride)
{
    (void)x;
    const callback *c = user;
    memcpy(r, c->r + first, (size_t)count * sizeof *r);
    for (int64_t j = 0; jacobian != NULL && j < c->problem->p; j++)
        memcpy(jacobian + j * stride, c->jacobian + j * c->problem->n + first, (size_t)count * sizeof *r);
}

static const char *callback_name(void *user, int64_t parameter, char *buffer, int64_t size)
{
    const callback *c = user;
    if (c->problem->names != NULL)
        return c->problem->names[parameter];
    snprintf(buffer, (size_t)size, "p%" PRId64, parameter + 1);
    return buffer;
}

qn_status qn_fit_solve(qn_fit_result **out, const qn_fit_problem *problem, const qn_fit_options *options, qn_error *err)
{
    *out = NULL;
    if (problem == NULL || problem->eval == NULL)
        return qni_error(err, QN_INVALID, "a fit needs a function that computes the residuals");
    qni_fit_memory memory;
    qn_status status = qni_fit_memory_init(&memory, options, err);
    if (status != QN_OK)
        return status;
    callback c = {.problem = problem};
    qni_fit_rows rows = {.n = problem->n,
                         .p = problem->p,
                         .begin = callback_begin,
                         .rows = callback_rows,
                         .user = &c,
                         .name = callback_name};
    int64_t elements;
    status = check_sizes(&rows, err);
    if (status != QN_OK)
        return status;
    if (!qni_size_mul(&elements, problem->n, problem->p) || elements > INT64_MAX / (int64_t)sizeof(double))
        return qni_error(err, QN_LIMIT, "a Jacobian of %" PRId64 " by %" PRId64 " is too large", problem->n,
                         problem->p);
    c.r = qni_alloc(&memory.allocator, problem->n, sizeof *c.r);
    c.jacobian = qni_alloc(&memory.allocator, elements, sizeof *c.jacobian);
    if (c.r == NULL || c.jacobian == NULL)
        status = qni_refused(err, memory.source, elements * (int64_t)sizeof *c.jacobian,
                             "a Jacobian of %" PRId64 " by %" PRId64, problem->n, problem->p);
    else
        status = qni_fit_rows_solve(out, &rows, options, &memory, err);
    qni_free(&memory.allocator, c.r, problem->n, sizeof *c.r);
    qni_free(&memory.allocator, c.jacobian, elements, sizeof *c.jacobian);
    return status;
}
