/* options/svi_fit.c: the smiles of a chain. One thread.
 *
 * First each expiry is fitted by itself. The slopes of its wings are then often unsure, but must grow with time:
 * so all expiries tell each other about theirs, by standard errors. Then, from the last expiry back to the first,
 * each is fitted under the one after it: later expiries are quoted over wider ranges, so that they bound the wings
 * of earlier ones where these have no quotes, and hardly press where they have. */
#include "options/smile_int.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cpu.h"
#include "mem/refuse.h"
#include "options/limits.h"
#include "options/kernels.h"
#include "options/svi_int.h"

/* An expiry between its first fit and its last. */
typedef struct stage {
    qni_svi_form form;
    double own[2];            /* 1 / variance of the roots of its slopes, right and left, by its own quotes */
    qni_svi_belief slopes[2]; /* what all tell of them */
    qn_smile *smile;
} stage;

/* The fits of a chain at work. */
typedef struct fits {
    const qn_surface_options *options;
    const qn_allocator *allocator; /* of what lasts as long as this */
    qn_arena *arena;               /* of reasons */
    int64_t most;                  /* points of an expiry */
    double *block;                 /* (4, most) */
    qni_svi_rows rows;
    double *spreads; /* (most) */
    stage *stages;   /* (fitted) of all that have a curve */
    int64_t fitted;
    qni_svi_task task;
} fits;

static void sort(double *values, int64_t n)
{
    for (int64_t gap = n / 2; gap > 0; gap /= 2)
        for (int64_t i = gap; i < n; i++) {
            double value = values[i];
            int64_t j = i;
            for (; j >= gap && values[j - gap] > value; j -= gap)
                values[j] = values[j - gap];
            values[j] = value;
        }
}

/* The middle one of values, or of the two in the middle the mean. */
static double median(double *values, int64_t n)
{
    sort(values, n);
    return n > 0 ? 0.5 * (values[n / 2] + values[(n - 1) / 2]) : (double)NAN;
}

/* One half spread of volatility times its weight, which is about the same at all points: the median. */
static double unit_of(const qn_smile *smile, double *spreads)
{
    int64_t n = 0;
    for (int64_t i = 0; i < smile->point_count; i++) {
        const qn_smile_point *point = &smile->points[i];
        double half = 0.5 * (point->ask_vol - point->bid_vol) * point->weight;
        if (point->weight > 0 && half >= 0)
            spreads[n++] = half;
    }
    return n > 0 ? median(spreads, n) : 0;
}

static void gather(fits *f, const qn_smile *smile)
{
    qni_svi_rows *rows = &f->rows;
    double nearest = INFINITY, most = 0;
    rows->n = 0;
    rows->years = smile->years;
    rows->lowest = INFINITY;
    for (int64_t i = 0; i < smile->point_count; i++) {
        const qn_smile_point *point = &smile->points[i];
        if (!(point->weight > 0) || !(point->mid_vol > 0))
            continue;
        double w = point->mid_vol * point->mid_vol * smile->years;
        rows->k[rows->n] = point->k;
        rows->w[rows->n] = w;
        rows->scale[rows->n] = point->weight / (2 * point->mid_vol * smile->years);
        rows->lowest = fmin(rows->lowest, w);
        most = fmax(most, point->weight);
        if (fabs(point->k) < nearest) {
            nearest = fabs(point->k);
            rows->atm = w;
        }
        rows->high_k = point->k;
        if (rows->n++ == 0)
            rows->low_k = point->k;
    }
    rows->padded = (rows->n + QNI_OPTION_LANES - 1) / QNI_OPTION_LANES * QNI_OPTION_LANES;
    for (int64_t i = rows->n; i < rows->padded; i++)
        rows->k[i] = rows->w[i] = rows->scale[i] = 0;
    rows->unit = fmax(unit_of(smile, f->spreads), QNI_SVI_SPREAD_LEAST * most * sqrt(rows->atm / smile->years));
    for (int64_t i = 0; i < rows->n; i++)
        rows->scale[i] /= rows->unit;
}

/* Adds a sentence to the reason of a smile. */
static qn_status say(fits *f, qn_smile *smile, const char *what, qn_error *err)
{
    size_t old = strlen(smile->reason), size = old + strlen(what) + 3;
    void *text;
    qn_status status = qn_arena_take(&text, f->arena, (int64_t)size, err);
    if (status != QN_OK)
        return status;
    snprintf(text, size, "%s%s%s", smile->reason, old > 0 ? "; " : "", what);
    smile->reason = text;
    return QN_OK;
}

/* The volatility of the few points there are, by their weights. */
static void flat(const qni_svi_rows *rows, qn_smile *smile)
{
    double sum = 0, all = 0;
    for (int64_t i = 0; i < rows->n; i++) {
        sum += rows->scale[i] * sqrt(rows->w[i]) * rows->w[i];
        all += rows->scale[i] * sqrt(rows->w[i]);
    }
    smile->shape = QN_SMILE_FLAT;
    smile->svi = (qn_svi){.a = sum / all};
}

static qn_status check_stop(const qn_surface_options *options, qn_error *err)
{
    if (options->should_stop != NULL && options->should_stop(options->should_stop_user))
        return qni_error(err, QN_INTERRUPTED, "the surface was interrupted while its smiles were fitted");
    return QN_OK;
}

/* The best curve of an expiry by itself. */
static qn_status fit_alone(fits *f, qn_smile *smile, qn_error *err)
{
    gather(f, smile);
    if (f->rows.n == 0 || !(smile->years > 0))
        return smile->reason[0] == '\0' ? say(f, smile, "no usable quote", err) : QN_OK;
    if (f->rows.n < QNI_SVI_STRIKES) {
        char why[64];
        flat(&f->rows, smile);
        snprintf(why, sizeof why, "%d usable strike%s: too few for SVI", (int)f->rows.n, f->rows.n == 1 ? "" : "s");
        return say(f, smile, why, err);
    }
    qni_svi_task_alone(&f->task, &f->rows);
    stage *at = &f->stages[f->fitted++];
    *at = (stage){.form = qni_svi_start(&f->task), .smile = smile};
    qni_svi_solve(&at->form, at->own, &f->task, true);
    at->slopes[0].root = at->form.x[QNI_SVI_RIGHT];
    at->slopes[1].root = at->form.x[QNI_SVI_LEFT];
    return QN_OK;
}

/* Makes roots of slopes the growing sequence that is nearest by their errors: neighbours that fall are pooled, and as
 * sure together as all of them. Their roots are what each has found. */
static void make_growing(stage *stages, int64_t count, int side)
{
    for (int64_t i = 0; i < count; i++) {
        double sum = 0, all = 0;
        int64_t from = i;
        for (; from >= 0; from--) {
            const qni_svi_belief *at = &stages[from].slopes[side];
            if (from < i && at->root * all <= sum)
                break;
            sum += at->root * stages[from].own[side];
            all += stages[from].own[side];
        }
        for (int64_t j = from + 1; j <= i; j++)
            stages[j].slopes[side].root = sum / all;
    }
    for (int64_t from = 0, to; from < count; from = to) {
        double all = 0;
        for (to = from; to < count && stages[to].slopes[side].root == stages[from].slopes[side].root; to++)
            all += stages[to].own[side];
        for (int64_t j = from; j < to; j++)
            stages[j].slopes[side].weight = all;
    }
}

/* A slope is not below that of an earlier expiry: of the one that says so most strongly. */
static void make_floors(stage *stages, int64_t count, int side)
{
    double most = 0, root = 0, weight = 0;
    for (int64_t i = 0; i < count; i++) {
        qni_svi_belief *at = &stages[i].slopes[side];
        at->floor = root;
        at->floor_weight = weight;
        if (at->root * sqrt(at->weight) > most) {
            root = at->root;
            weight = at->weight;
            most = root * sqrt(weight);
        }
        at->weight -= stages[i].own[side]; /* its own quotes tell that themselves */
    }
}

/* Where the second fit begins: where the first ended, there with the slopes that are believed, or the shape of the
 * next expiry. */
static qni_svi_form best_start(const fits *f, const stage *at, const stage *next)
{
    qni_svi_form forms[3] = {at->form, at->form};
    int count = 2, best = 0;
    forms[1].x[QNI_SVI_RIGHT] = at->slopes[0].root;
    forms[1].x[QNI_SVI_LEFT] = at->slopes[1].root;
    if (next != NULL) {
        qn_svi scaled = qni_svi_scaled(&next->smile->svi, f->rows.atm);
        forms[count++] = qni_svi_form_of(&scaled);
    }
    double costs[3];
    for (int i = 0; i < count; i++) {
        costs[i] = qni_svi_cost(&forms[i], &f->task);
        if (costs[i] < costs[best])
            best = i;
    }
    return forms[best];
}

/* Whether the slopes of an expiry by itself are not what the others tell of them. */
static bool apart(const stage *at)
{
    bool is = false;
    for (int side = 0; side < 2; side++) {
        const qni_svi_belief *belief = &at->slopes[side];
        double root = at->form.x[QNI_SVI_RIGHT + side];
        is = is || fabs(root - belief->root) * sqrt(belief->weight) > QNI_SVI_APART ||
             (belief->floor - root) * sqrt(belief->floor_weight) > QNI_SVI_APART;
    }
    return is;
}

/* What the curve of an expiry by itself would have done, so that it is another one. */
static qn_status say_held(fits *f, const stage *at, const stage *next, qn_error *err)
{
    qn_svi alone = qni_svi_of_form(&at->form);
    const char *const held[] = {
        qni_svi_least_density(&alone) < QNI_SVI_DENSITY ? "no butterfly" : NULL,
        next != NULL && qni_svi_least_gap(&alone, &next->smile->svi) < 0 ? "below the next expiry" : NULL,
        apart(at) ? "wings like those of others" : NULL,
    };
    char text[96] = "";
    for (int i = 0; i < 3; i++) {
        size_t used = strlen(text);
        if (held[i] != NULL)
            snprintf(text + used, sizeof text - used, "%s%s", used == 0 ? "held: " : ", ", held[i]);
    }
    return text[0] == '\0' ? QN_OK : say(f, at->smile, text, err);
}

/* The curve of an expiry, which allows no arbitrage by itself or with the next one (NULL: there is none). */
static qn_status fit_held(fits *f, stage *at, const stage *next, qn_error *err)
{
    gather(f, at->smile);
    qni_svi_task_held(&f->task, &f->rows, next != NULL ? &next->smile->svi : NULL, at->slopes);
    qni_svi_form form = best_start(f, at, next);
    qni_svi_solve(&form, NULL, &f->task, false);
    at->smile->shape = QN_SMILE_SVI;
    at->smile->least_density = NAN;
    at->smile->svi = qni_svi_of_form(&form);
    double density = qni_svi_least_density(&at->smile->svi);
    if (density < QNI_SVI_DENSITY) { /* it falls below 0 between two nodes */
        f->task.aim -= QNI_SVI_DENSITY_AGAIN * density;
        qni_svi_solve(&form, NULL, &f->task, false);
        at->smile->svi = qni_svi_of_form(&form);
        density = qni_svi_least_density(&at->smile->svi);
    }
    if (!qni_svi_mend(&at->smile->svi, density, &f->task))
        at->smile->least_density = density;
    return say_held(f, at, next, err);
}

static qn_status fit_backwards(fits *f, qn_error *err)
{
    qn_status status = QN_OK;
    for (int side = 0; side < 2; side++) {
        make_growing(f->stages, f->fitted, side);
        make_floors(f->stages, f->fitted, side);
    }
    for (int64_t i = f->fitted - 1; i >= 0 && status == QN_OK; i--) {
        status = check_stop(f->options, err);
        if (status == QN_OK)
            status = fit_held(f, &f->stages[i], i + 1 < f->fitted ? &f->stages[i + 1] : NULL, err);
    }
    return status;
}

/* Fitted volatilities and how far they are from the quotes. */
static qn_status finish(fits *f, qn_smile *smile, qn_error *err)
{
    if (smile->shape == QN_SMILE_NONE)
        return QN_OK;
    qn_smile_point *points; /* const for whoever has the surface, which is in the making */
    memcpy(&points, &smile->points, sizeof(void *));
    double sum = 0, all = 0;
    int64_t n = 0;
    for (int64_t i = 0; i < smile->point_count; i++) {
        qn_smile_point *point = &points[i];
        point->fitted_vol = sqrt(qn_svi_variance(&smile->svi, point->k) / smile->years);
        if (!(point->weight > 0) || !(point->mid_vol > 0))
            continue;
        double error = point->fitted_vol - point->mid_vol, half = 0.5 * (point->ask_vol - point->bid_vol);
        sum += point->weight * error * (point->weight * error);
        all += point->weight * point->weight;
        if (half > 0)
            f->spreads[n++] = fabs(error) / half;
    }
    smile->rms_error = sqrt(sum / all);
    smile->median_spread_error = median(f->spreads, n);
    if (isnan(smile->least_density)) /* else it is known since the fit */
        smile->least_density = qni_svi_least_density(&smile->svi);
    if (!(smile->median_spread_error > QNI_SVI_POOR))
        return QN_OK;
    char why[96];
    snprintf(why, sizeof why, "a poor fit: its median error is %.1f half spreads", smile->median_spread_error);
    return say(f, smile, why, err);
}

static qn_status fit_all(fits *f, qn_smile *smiles, int64_t count, qn_error *err)
{
    f->rows.k = f->block;
    f->rows.w = f->block + f->most;
    f->rows.scale = f->block + 2 * f->most;
    f->spreads = f->block + 3 * f->most;
    qn_status status = QN_OK;
    for (int64_t i = 0; i < count && status == QN_OK; i++) {
        status = check_stop(f->options, err);
        if (status == QN_OK)
            status = fit_alone(f, &smiles[i], err);
    }
    if (status == QN_OK)
        status = fit_backwards(f, err);
    for (int64_t i = 0; i < count && status == QN_OK; i++)
        status = finish(f, &smiles[i], err);
    return status;
}

qn_status qni_smiles_fit(qn_smile *smiles, int64_t count, const qn_surface_options *options, qn_arena *arena,
                         qn_error *err)
{
    fits f = {.options = options, .arena = arena, .most = 1};
    int level;
    qn_status status = qni_cpu_level(&level, err);
    if (status != QN_OK)
        return status;
    f.task.sum = qni_option_kernels_of(level)->svi;
    f.task.cost = qni_option_kernels_of(level)->svi_cost;
    f.allocator = options->workspace != NULL ? qn_workspace_allocator(options->workspace) : options->allocator;
    for (int64_t i = 0; i < count; i++)
        f.most = smiles[i].point_count > f.most ? smiles[i].point_count : f.most;
    f.most = (f.most + QNI_OPTION_LANES - 1) / QNI_OPTION_LANES * QNI_OPTION_LANES;
    f.block = qni_alloc(f.allocator, 4 * f.most, sizeof *f.block);
    f.stages = qni_alloc(f.allocator, count, sizeof *f.stages);
    if (f.block == NULL || f.stages == NULL)
        status = qni_refused(err, options->allocator, 4 * f.most * (int64_t)sizeof *f.block,
                             "the fits of smiles of %" PRId64 " strikes", f.most);
    else
        status = fit_all(&f, smiles, count, err);
    qni_free(f.allocator, f.block, 4 * f.most, sizeof *f.block);
    qni_free(f.allocator, f.stages, count, sizeof *f.stages);
    return status;
}
