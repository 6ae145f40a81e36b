/* fit/map.c: which parameters a solver moves. A fixed one has its number; a tied one is a function of others, compiled
 * like any formula, whose exact derivatives carry the Jacobian over to the free ones. One thread.
 *
 *     free (p) ──at──> all, ties in order     panel of all ──fold──> panel of the free ones
 */
#include "fit/fit_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/nearest.h"
#include "mem/refuse.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct making {
    qni_fit_map *map;
    const qni_fit_rows *problem;
    const qn_fit_options *options;
    const qn_allocator *source; /* for qni_refused */
    const char **names;         /* (all) */
    char *name_bytes;           /* (all, NAME_SIZE) for those that the problem makes up */
    int64_t *tie_of;            /* (all) index into options.ties; -1: none */
    char *visited;              /* (all) 0: not yet, 1: being followed, 2: done */
} making;

enum {
    NAME_SIZE = 32
};

static qn_status no_memory(const making *m, qn_error *err)
{
    return qni_refused(err, m->source, m->map->all * (int64_t)sizeof(double), "the roles of %" PRId64 " parameters",
                       m->map->all);
}

static qn_status unknown(const making *m, const char *tie, const char *name, qn_error *err)
{
    int64_t near = qni_nearest(name, m->names, m->map->all);
    return near >= 0 ? qni_error(err, QN_NAME, "\"%.100s\": there is no parameter \"%s\": did you mean \"%s\"?", tie,
                                 name, m->names[near])
                     : qni_error(err, QN_NAME, "\"%.100s\": there is no parameter \"%s\"", tie, name);
}

/* "b = 2*a" into the parameter (its index, -1: unknown) and the text of the function. */
static qn_status split(const making *m, const char *tie, int64_t *parameter, const char **function, qn_error *err)
{
    const char *equals = tie != NULL ? strchr(tie, '=') : NULL;
    if (equals == NULL || equals[1] == '=' || equals == tie)
        return qni_error(err, QN_INVALID, "\"%.100s\" ties nothing: write it like b = 2*a", tie != NULL ? tie : "");
    const char *from = tie + strspn(tie, " \t"), *to = equals;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    *function = equals + 1 + strspn(equals + 1, " \t");
    for (*parameter = 0; *parameter < m->map->all; ++*parameter) {
        const char *name = m->names[*parameter];
        if (strlen(name) == (size_t)(to - from) && memcmp(name, from, (size_t)(to - from)) == 0)
            return QN_OK;
    }
    char text[128];
    snprintf(text, sizeof text, "%.*s", (int)(to - from < 100 ? to - from : 100), from);
    return unknown(m, tie, text, err);
}

static qn_status compile(const making *m, qni_fit_tie *tie, const char *whole, qn_error *err)
{
    qni_fit_map *map = m->map;
    qn_model_options options;
    qn_error why;
    qn_model_options_init(&options, sizeof options);
    options.allocator = map->allocator;
    qn_status status = qn_model_new(&tie->model, tie->text, -1, &options, &why);
    if (status != QN_OK)
        return status == QN_NOMEM || status == QN_BUDGET ? no_memory(m, err)
                                                         : qni_error(err, status, "\"%.100s\": %s", whole, why.message);
    if (qn_model_has_response(tie->model))
        return qni_error(err, QN_INVALID, "\"%.100s\" is not like b = 2*a: the right side has a = of its own", whole);
    tie->count = qn_model_parameter_count(tie->model);
    tie->sources = qni_alloc(map->allocator, tie->count + 1, sizeof *tie->sources);
    tie->values = qni_alloc(map->allocator, 2 * tie->count + 1, sizeof *tie->values);
    if (tie->sources == NULL || tie->values == NULL)
        return no_memory(m, err);
    for (int64_t k = 0; k < tie->count; k++) {
        const char *name = qn_model_parameter_name(tie->model, k);
        int64_t i = 0;
        while (i < map->all && strcmp(m->names[i], name) != 0)
            i++;
        if (i == map->all)
            return unknown(m, whole, name, err);
        tie->sources[k] = i;
    }
    return qn_model_workspace_new(&tie->workspace, tie->model, map->allocator, err);
}

/* Adds the tie of `parameter` after those that it depends on. */
static qn_status add_tie(making *m, int64_t parameter, int depth, qn_error *err)
{
    qni_fit_map *map = m->map;
    const char *whole = m->options->ties[m->tie_of[parameter]];
    if (m->visited[parameter] == 2)
        return QN_OK;
    if (m->visited[parameter] == 1)
        return qni_error(err, QN_INVALID, "\"%.100s\": \"%s\" depends on itself", whole, m->names[parameter]);
    if (depth > QNI_FIT_TIE_DEPTH)
        return qni_error(err, QN_LIMIT, "\"%.100s\": more than %d ties depend on each other", whole, QNI_FIT_TIE_DEPTH);
    m->visited[parameter] = 1;
    qni_fit_tie tie = {.parameter = parameter};
    int64_t ignored;
    qn_status status = split(m, whole, &ignored, &tie.text, err);
    if (status == QN_OK)
        status = compile(m, &tie, whole, err);
    for (int64_t k = 0; status == QN_OK && k < tie.count; k++)
        if (m->tie_of[tie.sources[k]] >= 0)
            status = add_tie(m, tie.sources[k], depth + 1, err);
    map->ties[map->tie_count++] = tie; /* also half made: fini frees it */
    m->visited[parameter] = 2;
    return status;
}

static qn_status read_ties(making *m, qn_error *err)
{
    const qn_fit_options *o = m->options;
    for (int64_t i = 0; i < m->map->all; i++)
        m->tie_of[i] = -1;
    for (int64_t t = 0; t < o->tie_count; t++) {
        int64_t parameter;
        const char *function;
        qn_status status = split(m, o->ties[t], &parameter, &function, err);
        if (status != QN_OK)
            return status;
        if (m->tie_of[parameter] >= 0)
            return qni_error(err, QN_INVALID, "\"%s\" is tied twice: \"%.100s\" and \"%.100s\"", m->names[parameter],
                             o->ties[m->tie_of[parameter]], o->ties[t]);
        m->tie_of[parameter] = t;
    }
    for (int64_t i = 0; i < m->map->all; i++) {
        qn_status status = m->tie_of[i] >= 0 ? add_tie(m, i, 0, err) : QN_OK;
        if (status != QN_OK)
            return status;
    }
    return QN_OK;
}

/* What would be accepted and then ignored is refused. */
static qn_status check_role(const making *m, int64_t i, qn_error *err)
{
    const qn_fit_options *o = m->options;
    bool fixed = o->fixed != NULL && !isnan(o->fixed[i]), tied = m->tie_of[i] >= 0;
    if (!fixed && !tied)
        return QN_OK;
    const char *name = m->names[i], *what = fixed ? "fixed" : "tied";
    if (fixed && tied)
        return qni_error(err, QN_INVALID, "\"%s\" is both fixed and tied", name);
    if (fixed && isinf(o->fixed[i]))
        return qni_error(err, QN_INVALID, "\"%s\" is fixed at infinity", name);
    if (o->start != NULL && !isnan(o->start[i]))
        return qni_error(err, QN_INVALID, "\"%s\" is %s: a start for it would be ignored", name, what);
    if ((o->lower != NULL && o->lower[i] != -INFINITY) || (o->upper != NULL && o->upper[i] != INFINITY))
        return qni_error(err, QN_INVALID, "\"%s\" is %s: bounds for it would be ignored", name, what);
    return QN_OK;
}

static qn_status choose_free(const making *m, qn_error *err)
{
    qni_fit_map *map = m->map;
    for (int64_t i = 0; i < map->all; i++) {
        map->fixed[i] = m->options->fixed != NULL ? m->options->fixed[i] : NAN;
        qn_status status = check_role(m, i, err);
        if (status != QN_OK)
            return status;
        if (isnan(map->fixed[i]) && m->tie_of[i] < 0)
            map->free[map->p++] = i;
    }
    map->identity = map->p == map->all;
    if (map->p == 0)
        return qni_error(err, QN_INVALID, "all parameters are fixed or tied: there is nothing to fit");
    if (map->tie_count == 0)
        return QN_OK;
    map->slopes = qni_alloc_zeroed(map->allocator, map->tie_count * map->p, sizeof *map->slopes);
    return map->slopes == NULL ? no_memory(m, err) : QN_OK;
}

static qn_status fill(making *m, qn_error *err)
{
    const qni_fit_rows *problem = m->problem;
    const qn_allocator *allocator = m->map->allocator;
    int64_t all = m->map->all;
    m->names = qni_alloc(allocator, all, sizeof *m->names);
    m->name_bytes = qni_alloc(allocator, all, NAME_SIZE);
    m->tie_of = qni_alloc(allocator, all, sizeof *m->tie_of);
    m->visited = qni_alloc_zeroed(allocator, all, 1);
    qn_status status = QN_OK;
    if (m->names == NULL || m->name_bytes == NULL || m->tie_of == NULL || m->visited == NULL)
        status = no_memory(m, err);
    for (int64_t i = 0; status == QN_OK && i < all; i++)
        m->names[i] = problem->name(problem->user, i, m->name_bytes + i * NAME_SIZE, NAME_SIZE);
    if (status == QN_OK)
        status = read_ties(m, err);
    if (status == QN_OK)
        status = choose_free(m, err);
    qni_free(allocator, m->names, all, sizeof *m->names);
    qni_free(allocator, m->name_bytes, all, NAME_SIZE);
    qni_free(allocator, m->tie_of, all, sizeof *m->tie_of);
    qni_free(allocator, m->visited, all, 1);
    return status;
}

qn_status qni_fit_map_init(qni_fit_map *map, const qni_fit_rows *problem, const qn_fit_options *options,
                           const qni_fit_memory *memory, qn_error *err)
{
    int64_t all = problem->all;
    *map = (qni_fit_map){.all = all, .allocator = &memory->allocator};
    making m = {.map = map, .problem = problem, .options = options, .source = memory->source};
    map->tie_capacity = options->tie_count > 0 ? options->tie_count : 0;
    if (options->tie_count < 0 || (options->tie_count > 0 && options->ties == NULL))
        return qni_error(err, QN_INVALID, "tie_count is %" PRId64 " without ties", options->tie_count);
    if (options->tie_count > all)
        return qni_error(err, QN_INVALID, "%" PRId64 " ties are more than there are parameters", options->tie_count);
    map->free = qni_alloc(map->allocator, all, sizeof *map->free);
    map->fixed = qni_alloc(map->allocator, all, sizeof *map->fixed);
    map->x = qni_alloc(map->allocator, all, sizeof *map->x);
    if (options->tie_count > 0)
        map->ties = qni_alloc(map->allocator, options->tie_count, sizeof *map->ties);
    bool complete = map->free != NULL && map->fixed != NULL && map->x != NULL;
    if (!complete || (map->ties == NULL && options->tie_count > 0))
        return no_memory(&m, err);
    return fill(&m, err);
}

void qni_fit_map_fini(qni_fit_map *map)
{
    const qn_allocator *a = map->allocator;
    for (int64_t t = 0; t < map->tie_count && !map->borrowed_ties; t++) {
        qni_fit_tie *tie = &map->ties[t];
        qn_model_workspace_free(tie->workspace);
        qn_model_unref(tie->model);
        qni_free(a, tie->sources, tie->count + 1, sizeof *tie->sources);
        qni_free(a, tie->values, 2 * tie->count + 1, sizeof *tie->values);
    }
    qni_free(a, map->slopes, map->tie_count * map->p, sizeof *map->slopes);
    if (!map->borrowed_ties)
        qni_free(a, map->ties, map->tie_capacity, sizeof *map->ties);
    qni_free(a, map->x, map->all, sizeof *map->x);
    qni_free(a, map->fixed, map->all, sizeof *map->fixed);
    qni_free(a, map->free, map->all, sizeof *map->free);
    *map = (qni_fit_map){0};
}

qn_status qni_fit_map_fix(qni_fit_map *map, const qni_fit_map *from, int64_t parameter, double value,
                          const qn_allocator *allocator, qn_error *err)
{
    int64_t all = from->all;
    *map = (qni_fit_map){
        .all = all, .ties = from->ties, .tie_count = from->tie_count, .borrowed_ties = true, .allocator = allocator};
    map->free = qni_alloc(allocator, all, sizeof *map->free);
    map->fixed = qni_alloc(allocator, all, sizeof *map->fixed);
    map->x = qni_alloc(allocator, all, sizeof *map->x);
    if (map->free == NULL || map->fixed == NULL || map->x == NULL)
        return qni_refused(err, allocator, all * (int64_t)sizeof(double), "a profile of %" PRId64 " parameters", all);
    memcpy(map->fixed, from->fixed, (size_t)all * sizeof *map->fixed);
    map->fixed[parameter] = value;
    for (int64_t k = 0; k < from->p; k++)
        if (from->free[k] != parameter)
            map->free[map->p++] = from->free[k];
    if (map->tie_count * map->p == 0)
        return QN_OK;
    map->slopes = qni_alloc_zeroed(allocator, map->tie_count * map->p, sizeof *map->slopes);
    if (map->slopes == NULL)
        return qni_refused(err, allocator, 0, "a profile of %" PRId64 " parameters", all);
    return QN_OK;
}

/* The derivative of a tied parameter by each free one, from those of its sources. */
static void follow(qni_fit_map *map, int64_t t)
{
    const qni_fit_tie *tie = &map->ties[t];
    double *out = map->slopes + t * map->p;
    memset(out, 0, (size_t)map->p * sizeof *out);
    for (int64_t k = 0; k < tie->count; k++) {
        double slope = tie->values[tie->count + k];
        for (int64_t f = 0; f < map->p; f++)
            if (map->free[f] == tie->sources[k])
                out[f] += slope;
        for (int64_t before = 0; before < t; before++)
            for (int64_t f = 0; map->ties[before].parameter == tie->sources[k] && f < map->p; f++)
                out[f] += slope * map->slopes[before * map->p + f];
    }
}

bool qni_fit_map_at(qni_fit_map *map, const double *x, bool slopes)
{
    bool finite = true;
    for (int64_t i = 0; i < map->all; i++)
        map->x[i] = map->fixed[i];
    for (int64_t k = 0; k < map->p; k++)
        map->x[map->free[k]] = x[k];
    for (int64_t t = 0; t < map->tie_count; t++) {
        qni_fit_tie *tie = &map->ties[t];
        for (int64_t k = 0; k < tie->count; k++)
            tie->values[k] = map->x[tie->sources[k]];
        double *value = &map->x[tie->parameter];
        qn_model_eval(tie->model, tie->workspace, NULL, 0, 1, tie->values, value,
                      slopes ? tie->values + tie->count : NULL, 1);
        finite = finite && isfinite(*value);
        if (slopes)
            follow(map, t);
    }
    return finite;
}

void qni_fit_map_fold(const qni_fit_map *map, const qni_panel_kernels *kernels, double *panel, int64_t stride,
                      int64_t count)
{
    if (map->identity)
        return;
    for (int64_t t = 0; t < map->tie_count; t++)
        for (int64_t k = 0; k < map->p; k++) {
            double slope = map->slopes[t * map->p + k];
            if (slope != 0)
                kernels->subtract_multiple(panel + map->free[k] * stride, panel + map->ties[t].parameter * stride,
                                           -slope, count);
        }
    for (int64_t k = 0; k < map->p; k++)
        if (map->free[k] != k)
            memcpy(panel + k * stride, panel + map->free[k] * stride, (size_t)count * sizeof *panel);
}

void qni_fit_map_jacobian(const qni_fit_map *map, double *out)
{
    memset(out, 0, (size_t)(map->all * map->p) * sizeof *out);
    for (int64_t k = 0; k < map->p; k++)
        out[map->free[k] * map->p + k] = 1;
    for (int64_t t = 0; t < map->tie_count; t++)
        memcpy(out + map->ties[t].parameter * map->p, map->slopes + t * map->p, (size_t)map->p * sizeof *out);
}
