/* fit/solve.c: a fit from beginning to end, whatever the problem. One thread a fit. */
#include "fit/fit_int.h"

#include "array/workspace.h"
#include "base/alloc.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/options.h"
#include "math/dense.h"
#include "mem/refuse.h"

#include <inttypes.h>
#include <math.h>

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

qn_status qni_fit_check_sizes(int64_t n, int64_t p, qn_error *err)
{
    if (n < 0 || p < 1)
        return qni_error(err, QN_INVALID, "a fit needs at least one parameter");
    if (p > QNI_FIT_PARAMETERS)
        return qni_error(err, QN_LIMIT, "%" PRId64 " parameters are more than a fit can have (%d)", p,
                         QNI_FIT_PARAMETERS);
    return QN_OK;
}

static qn_status check_rows(const qni_fit_rows *problem, const qni_fit_map *map, qn_error *err)
{
    if (problem->n >= map->p)
        return QN_OK;
    const char *file = "";
    int64_t line;
    if (problem->place != NULL)
        problem->place(problem->user, 0, &file, &line);
    return qni_error_at(err, QN_DATA, file, 0, 0, "%" PRId64 " %s too few for %" PRId64 " parameter%s", problem->n,
                        problem->n == 1 ? "row is" : "rows are", map->p, map->p == 1 ? "" : "s");
}

/* Runs the solver in a block of its own and fills the result. */
static qn_status run(qni_fit_result *result, const qni_fit_rows *problem, qni_fit_map *map,
                     const qn_fit_options *options, qni_fit_memory *memory, qn_error *err)
{
    int level;
    qn_status status = qni_cpu_level(&level, err);
    if (status != QN_OK)
        return status;
    int64_t p = map->p, kept = problem->n <= QNI_FIT_KEPT_ROWS ? problem->n : 0;
    int64_t size = qni_fit_solver_doubles(p, map->all) + 3 * p + 2 * kept;
    double *block = qni_alloc(&memory->allocator, size, sizeof *block);
    if (block == NULL)
        return qni_refused(err, memory->source, size * (int64_t)sizeof *block,
                           "the solver of a fit with %" PRId64 " parameters", p);
    qni_fit_solver s = {.options = *options};
    double *lower = block, *upper = block + p, *x_scale = block + 2 * p;
    qni_fit_solver_place(&s, block + 3 * p + 2 * kept, p);
    s.eval = (qni_fit_eval){.problem = problem,
                            .map = map,
                            .kernels = qni_panel_kernels_of(level),
                            .options = &s.options,
                            .least_curvature = QNI_FIT_LEAST_CURVATURE,
                            .panel = s.eval.panel,
                            .earlier = kept > 0 ? block + 3 * p : NULL,
                            .current = block + 3 * p + kept};
    s.lower = lower;
    s.upper = upper;
    for (int64_t k = 0; options->x_scale != NULL && k < p; k++)
        x_scale[k] = options->x_scale[map->free[k]];
    s.x_scale = options->x_scale != NULL ? x_scale : NULL;
    status = qni_fit_start(&s, lower, upper, result, memory, err);
    if (status == QN_OK) {
        int64_t calls = memory->calls;
        qni_fit_solver_run(&s);
        result->head.loop_allocations = memory->calls - calls;
        status = qni_fit_result_fill(result, &s, memory, err);
    }
    qni_free(&memory->allocator, block, size, sizeof *block);
    return status;
}

qn_status qni_fit_rows_solve(qn_fit_result **out, const qni_fit_rows *problem, const qn_fit_options *options,
                             qni_fit_memory *memory, qn_error *err)
{
    *out = NULL;
    qni_fit_map map;
    qni_fit_result *result = NULL;
    qn_status status = qni_fit_map_init(&map, problem, options, memory, err);
    if (status == QN_OK)
        status = check_rows(problem, &map, err);
    if (status == QN_OK)
        status = qni_fit_result_new(&result, problem, &map, options, memory->results, err);
    if (status == QN_OK)
        status = run(result, problem, &map, options, memory, err);
    if (status == QN_OK)
        *out = &result->head;
    else if (result != NULL)
        qn_fit_result_free(&result->head);
    qni_fit_map_fini(&map);
    return status;
}
