/* fit/search.c: points from which a fit may start, tried and compared.
 *
 * Points come from the formula's shape (shapes.c), from the Kronecker sequence of the generalised golden ratio, which
 * fills boxes evenly from its first points on (Roberts 2018), and from moving one parameter at a time. Its shift comes
 * from the seed. One thread. */
#include "fit/search.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "fit/shapes.h"
#include "math/dense.h"
#include "mem/refuse.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

static qn_status no_memory(const qni_fit_search *search, int64_t bytes, qn_error *err)
{
    return qni_refused(err, search->memory->source, bytes,
                       "the search for where a fit with %" PRId64 " parameters starts", search->s->p);
}

static qn_status take_arrays(qni_fit_search *search, qn_error *err)
{
    int64_t p = search->s->p, all = search->whole->all;
    int64_t side = (p < QNI_SHAPE_PARAMETERS ? p : QNI_SHAPE_PARAMETERS) + 1; /* as many may be linear */
    search->block_size = 5 * p + side * QNI_FIT_PANEL + side * side + 2 * all + QNI_FIT_KEPT * (p + 1);
    const qn_allocator *a = &search->memory->allocator;
    search->block = qni_alloc(a, search->block_size, sizeof *search->block);
    search->flags = qni_alloc_zeroed(a, 3 * p, sizeof *search->flags);
    search->box = qni_alloc(a, p, sizeof *search->box);
    search->solved = qni_alloc(a, p, sizeof *search->solved);
    if (search->block == NULL || search->flags == NULL || search->box == NULL || search->solved == NULL)
        return no_memory(search, search->block_size * (int64_t)sizeof *search->block, err);
    double **vectors[] = {&search->start, &search->point, &search->trial, &search->ratio, &search->shift};
    double *at = search->block;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++, at += p)
        *vectors[i] = at;
    search->panel = at;
    search->factor = search->panel + side * QNI_FIT_PANEL;
    search->all = search->factor + side * side;
    search->kept = search->all + 2 * all;
    search->kept_rest = search->kept + QNI_FIT_KEPT * p;
    search->given = search->flags;
    search->missing = search->flags + p;
    search->linear = search->flags + 2 * p;
    return QN_OK;
}

/* Room for the data by increasing x, where a shape has quantities to be read off. */
static qn_status take_curve(qni_fit_search *search, qn_error *err)
{
    int64_t n = search->sample.n;
    if (search->shape == NULL || search->shape->quantities == 0 || search->shape->column < 0 || n == 0)
        return QN_OK;
    search->curve_size = 3 * n + qni_fit_curve_work(n);
    search->curve = qni_alloc(&search->memory->allocator, search->curve_size, sizeof *search->curve);
    if (search->curve == NULL)
        return no_memory(search, search->curve_size * (int64_t)sizeof *search->curve, err);
    return QN_OK;
}

void qni_fit_search_fini(qni_fit_search *search)
{
    if (search->memory == NULL)
        return;
    const qn_allocator *a = &search->memory->allocator;
    int64_t p = search->s->p;
    qni_shape_free(search->shape);
    qni_fit_sample_free(search->gathered);
    qni_free(a, search->block, search->block_size, sizeof *search->block);
    qni_free(a, search->flags, 3 * p, sizeof *search->flags);
    qni_free(a, search->box, p, sizeof *search->box);
    qni_free(a, search->solved, p, sizeof *search->solved);
    qni_free(a, search->curve, search->curve_size, sizeof *search->curve);
}

/* ---- what there is to find, and where it may be ---- */

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Other parameters are functions of this one: it is not linear, whatever the formula says. */
static bool is_a_source(const qni_fit_map *map, int64_t parameter)
{
    for (int64_t t = 0; t < map->tie_count; t++)
        for (int64_t k = 0; k < map->ties[t].count; k++)
            if (map->ties[t].sources[k] == parameter)
                return true;
    return false;
}

static void list_linear(qni_fit_search *search)
{
    const qni_fit_map *map = search->s->eval.map;
    search->solved_count = 0;
    for (int64_t k = 0; k < map->p; k++) {
        search->linear[k] = search->missing[k] && search->shape != NULL && search->shape->linear[map->free[k]] &&
                            !is_a_source(map, map->free[k]);
        if (search->linear[k])
            search->solved[search->solved_count++] = k;
    }
}

static double largest(const double *a, int64_t n)
{
    double most = 0;
    for (int64_t i = 0; a != NULL && i < n; i++)
        most = fmax(most, fabs(a[i]));
    return most;
}

static void range_of(const double *a, int64_t n, qni_fit_box *box)
{
    double low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; a != NULL && i < n; i++) {
        low = fmin(low, a[i]);
        high = fmax(high, a[i]);
    }
    box->low = low;
    box->high = high;
}

/* Boxes from the sizes of the data, and from what was given. */
static qn_status make_boxes(qni_fit_search *search, qn_error *err)
{
    const qni_fit_rows *sample = &search->sample;
    const qni_fit_map *map = search->s->eval.map;
    for (int64_t k = 0; k < map->p; k++)
        search->box[k] = (qni_fit_box){.size = 1, .spread = QNI_FIT_BLIND_SPREAD, .low = 1, .high = 0};
    if (search->shape == NULL || search->shape->p > QNI_SHAPE_PARAMETERS)
        return QN_OK;
    int64_t columns = qn_model_column_count(sample->model), all = map->all;
    const qn_allocator *a = &search->memory->allocator;
    double *sizes = qni_alloc(a, columns, sizeof *sizes);
    qni_shape_size *guess = qni_alloc(a, all, sizeof *guess);
    bool done = sizes != NULL && guess != NULL;
    for (int64_t c = 0; done && c < columns; c++)
        sizes[c] = largest(sample->columns[c], sample->n);
    if (done)
        qni_shape_sizes(search->shape, sizes, largest(sample->response, sample->n), guess);
    for (int64_t k = 0; done && k < map->p; k++) {
        const qni_shape_size *g = &guess[map->free[k]];
        search->box[k].size = g->size;
        search->box[k].spread = QNI_FIT_SPREAD;
        if (g->column >= 0)
            range_of(sample->columns[g->column], sample->n, &search->box[k]);
    }
    qni_free(a, sizes, columns, sizeof *sizes);
    qni_free(a, guess, all, sizeof *guess);
    return done ? QN_OK : no_memory(search, all * (int64_t)sizeof *guess, err);
}

/* The ratios of the sequence: powers of 1 / g, where g^(d + 1) = g + 1, for d parameters to be searched. */
static void make_sequence(qni_fit_search *search)
{
    int64_t p = search->s->p, d = p - search->solved_count;
    double low = 1, high = 2;
    for (int i = 0; i < 60; i++) {
        double g = (low + high) / 2, power = g;
        for (int64_t k = 0; k < d && power < 8; k++)
            power *= g;
        *(power > g + 1 ? &high : &low) = g;
    }
    double power = 1;
    for (int64_t k = 0; k < p; k++) {
        power *= search->linear[k] ? 1 : 1 / low;
        search->ratio[k] = power;
        uint64_t bits = qni_hash_word((uint64_t)k + 1, search->s->options.seed + 1);
        search->shift[k] = (double)(bits >> 11) * 0x1p-53;
    }
}

/* The rows to look at, and what the formula says of itself. */
static qn_status look(qni_fit_search *search, qn_error *err)
{
    const qni_fit_memory *memory = search->memory;
    const qni_fit_rows *whole = search->whole, *data = whole->raw != NULL ? whole->raw : whole;
    qn_status status =
        qni_fit_sample_new(&search->gathered, &search->sample, data, search->s->eval.kernels, memory, err);
    if (status != QN_OK)
        return status;
    if (data->model != NULL && qni_shape_new(&search->shape, data->model, &memory->allocator, err) != QN_OK)
        return no_memory(search, 0, err);
    status = take_curve(search, err);
    return status == QN_OK ? make_boxes(search, err) : status;
}

qn_status qni_fit_search_init(qni_fit_search *search, qni_fit_solver *s, const qni_fit_memory *memory, qn_error *err)
{
    const qni_fit_rows *whole = s->eval.problem;
    *search = (qni_fit_search){.s = s, .whole = whole, .memory = memory, .limit = s->options.max_evals};
    if (search->limit > QNI_FIT_SEARCH_EVALS)
        search->limit = QNI_FIT_SEARCH_EVALS;
    qn_status status = take_arrays(search, err);
    if (status == QN_OK)
        status = look(search, err);
    if (status != QN_OK)
        return status;
    if (search->sample.n > QNI_FIT_SEARCH_ROWS / QNI_FIT_SEARCH_EVALS)
        search->limit = lesser(search->limit, 1 + QNI_FIT_SEARCH_ROWS / search->sample.n);
    search->eval = s->eval;
    search->eval.problem = &search->sample;
    for (int64_t k = 0; k < s->p; k++) {
        search->given[k] = !isnan(s->x[k]);
        search->missing[k] = isnan(s->x[k]);
        search->start[k] = search->given[k] ? s->x[k] : 0;
    }
    list_linear(search);
    make_sequence(search);
    int exponent;
    (void)frexp(largest(search->sample.response, search->sample.n), &exponent);
    search->unit = ldexp(1, exponent < -1000 ? 1000 : exponent > 1000 ? -1000 : -exponent);
    return QN_OK;
}

void qni_fit_search_forget(qni_fit_search *search)
{
    for (int64_t k = 0; k < search->s->p; k++) {
        search->missing[k] = true;
        if (search->given[k] && search->start[k] != 0) {
            search->box[k].size = fabs(search->start[k]);
            search->box[k].spread = QNI_FIT_GIVEN_SPREAD;
        }
    }
    search->kept_count = 0;
    list_linear(search);
    make_sequence(search);
}

/* ---- one point ---- */

double qni_fit_inside(double x, double lower, double upper)
{
    double width = upper - lower; /* may be infinite */
    if (x <= lower)
        x = fmin(lower + QNI_FIT_INSIDE * fmax(1, fabs(lower)), lower + width / 4);
    else if (x >= upper)
        x = fmax(upper - QNI_FIT_INSIDE * fmax(1, fabs(upper)), upper - width / 4);
    return x;
}

/* The factor of the columns of the linear parameters and the residuals at x; false: not finite. */
static bool factorise(qni_fit_search *search, const double *x)
{
    qni_fit_eval *eval = &search->eval;
    int64_t m = search->solved_count, side = m + 1;
    memset(search->factor, 0, (size_t)(side * side) * sizeof *search->factor);
    search->evaluations++;
    if (!qni_fit_eval_begin(eval, x, m > 0))
        return false;
    for (int64_t first = 0; first < search->sample.n; first += QNI_FIT_PANEL) {
        int64_t count = search->sample.n - first < QNI_FIT_PANEL ? search->sample.n - first : QNI_FIT_PANEL;
        size_t size = (size_t)count * sizeof(double);
        qni_fit_eval_panel(eval, first, count, m > 0);
        double *r = search->panel + m * QNI_FIT_PANEL;
        memcpy(r, qni_fit_eval_residuals(eval), size);
        eval->kernels->scale(r, search->unit, count);
        for (int64_t k = 0; k < m; k++)
            memcpy(search->panel + k * QNI_FIT_PANEL, eval->panel + search->solved[k] * QNI_FIT_PANEL, size);
        for (int64_t k = 0; k <= m; k++)
            if (!eval->kernels->all_finite(search->panel + k * QNI_FIT_PANEL, count))
                return false;
        qni_qr_append(eval->kernels, search->factor, side, search->panel, QNI_FIT_PANEL, count, side, side, false);
    }
    return qni_all_finite(search->factor, side * side);
}

/* Whether what is missing is all linear: one problem of linear least squares, nothing to search. */
static bool only_linear(const qni_fit_search *search)
{
    for (int64_t k = 0; k < search->s->p; k++)
        if (search->missing[k] && !search->linear[k])
            return false;
    return true;
}

/* Whether less than this share of column k of the factor is new. */
static bool is_dependent(const qni_fit_search *search, int64_t k, double share)
{
    const double *column = search->factor + k * (search->solved_count + 1);
    return fabs(column[k]) <= share * qni_norm(column, k + 1);
}

/* Factorises again without column `gone` (of `count`), which depends on those before it. */
static void drop(qni_fit_search *search, int64_t gone, int64_t count)
{
    int64_t side = search->solved_count + 1, rows = count + 1;
    for (int64_t k = 0, to = 0; k < rows; k++)
        if (k != gone)
            memcpy(search->panel + to++ * QNI_FIT_PANEL, search->factor + k * side, (size_t)rows * sizeof(double));
    memset(search->factor, 0, (size_t)(side * side) * sizeof *search->factor);
    qni_qr_append(search->eval.kernels, search->factor, side, search->panel, QNI_FIT_PANEL, rows, count, count, false);
}

/* Where all that is missing is linear, nothing better can be had elsewhere: parameters whose columns depend on those
 * before are left at 0, the last `count` of search->solved. Returns how many are left. */
static int64_t leave_dependent(qni_fit_search *search)
{
    int64_t count = search->solved_count;
    for (int64_t k = 0; k < count && count < QNI_FIT_PANEL;) {
        if (!is_dependent(search, k, QNI_FIT_NOTHING_NEW)) {
            k++;
            continue;
        }
        int64_t gone = search->solved[k];
        drop(search, k, count--);
        memmove(search->solved + k, search->solved + k + 1, (size_t)(count - k) * sizeof *search->solved);
        search->solved[count] = gone;
    }
    return count;
}

/* The linear parameters of x by least squares, from 0; false: they are not determined. */
static bool solve_linear(qni_fit_search *search, double *x, bool *clipped)
{
    int64_t m = search->solved_count, side = m + 1;
    bool only = only_linear(search);
    int64_t count = only ? leave_dependent(search) : m;
    *clipped = count < m;
    double *solution = search->factor + count * side;
    for (int64_t k = 0; k < count; k++)
        if (!only && is_dependent(search, k, QNI_FIT_DEPENDENT))
            return false;
    if (!qni_solve_upper(search->factor, side, count, solution))
        return false;
    for (int64_t k = 0; k < m; k++) {
        int64_t j = search->solved[k];
        double value = k < count ? -solution[k] / search->unit : 0;
        x[j] = qni_fit_inside(value, search->s->lower[j], search->s->upper[j]);
        *clipped |= x[j] != value;
        if (!isfinite(x[j]))
            return false;
    }
    return true;
}

/* Completes x; the norm of the residuals times `unit`, infinite where there is none. */
static double complete(qni_fit_search *search, double *x)
{
    int64_t m = search->solved_count, last = m * (m + 1) + m;
    bool clipped = false;
    for (int64_t k = 0; k < m; k++)
        x[search->solved[k]] = 0;
    if (!factorise(search, x))
        return INFINITY;
    double rest = fabs(search->factor[last]);
    if (!solve_linear(search, x, &clipped))
        return INFINITY;
    if (!clipped)
        return rest;
    return factorise(search, x) ? qni_norm(search->factor + m * (m + 1), m + 1) : INFINITY;
}

/* Whether two points are so close that one of them is enough to begin from: places, beside the axis that they are on;
 * all else, beside its size. */
static bool alike(const qni_fit_search *search, const double *a, const double *b)
{
    for (int64_t k = 0; k < search->s->p; k++) {
        const qni_fit_box *box = &search->box[k];
        double size = fmax(fabs(a[k]), fabs(b[k]));
        if (box->low < box->high)
            size = fmin(size, (box->high - box->low) / 5);
        if (search->missing[k] && !search->linear[k] && fabs(a[k] - b[k]) > QNI_FIT_ALIKE * size)
            return false;
    }
    return true;
}

/* Keeps a point among the best; of those that are alike, the better one. */
static void keep(qni_fit_search *search, const double *x, double rest)
{
    int64_t p = search->s->p, at = 0, gone = search->kept_count;
    while (at < search->kept_count && search->kept_rest[at] <= rest)
        if (alike(search, search->kept + at++ * p, x))
            return;
    if (at == QNI_FIT_KEPT)
        return;
    for (int64_t i = search->kept_count - 1; i >= at; i--)
        if (alike(search, search->kept + i * p, x))
            gone = i;
    if (gone == QNI_FIT_KEPT)
        gone = QNI_FIT_KEPT - 1;
    else if (gone == search->kept_count)
        search->kept_count++;
    memmove(search->kept + (at + 1) * p, search->kept + at * p, (size_t)((gone - at) * p) * sizeof(double));
    memmove(search->kept_rest + at + 1, search->kept_rest + at, (size_t)(gone - at) * sizeof(double));
    memcpy(search->kept + at * p, x, (size_t)p * sizeof(double));
    search->kept_rest[at] = rest;
}

/* No evaluation is left, or the caller wants an end. */
static bool exhausted(qni_fit_search *search)
{
    const qn_fit_options *o = &search->s->options;
    if (!search->stopped && o->should_stop != NULL)
        search->stopped = o->should_stop(o->should_stop_user);
    return search->stopped || search->evaluations >= search->limit;
}

void qni_fit_search_try(qni_fit_search *search, const double *x)
{
    if (exhausted(search))
        return;
    search->tried++;
    for (int64_t k = 0; k < search->s->p; k++)
        search->trial[k] = qni_fit_inside(x[k], search->s->lower[k], search->s->upper[k]);
    double rest = complete(search, search->trial);
    if (rest < INFINITY)
        keep(search, search->trial, rest);
}

/* ---- points from the formula's shape ---- */

static void propose(void *user, const double *quantities)
{
    qni_fit_search *search = user;
    const qni_fit_map *map = search->s->eval.map;
    double *all = search->all;
    if (exhausted(search))
        return;
    for (int64_t j = 0; j < map->all; j++)
        all[j] = map->fixed[j];
    for (int64_t k = 0; k < map->p; k++)
        all[map->free[k]] = search->missing[k] ? NAN : search->start[k];
    (void)qni_shape_solve(search->shape, quantities, all);
    for (int64_t k = 0; k < map->p; k++) {
        search->point[k] = search->linear[k] ? 0 : all[map->free[k]];
        if (isnan(search->point[k]))
            return;
    }
    qni_fit_search_try(search, search->point);
}

typedef struct keyed {
    double x;
    int64_t row;
} keyed;

static int by_x(const void *a, const void *b)
{
    const keyed *left = a, *right = b;
    if (left->x != right->x)
        return left->x < right->x ? -1 : 1;
    return left->row < right->row ? -1 : left->row > right->row;
}

/* The sample by increasing x. The pairs to sort lie where the work will be. */
static qni_fit_curve sorted(const qni_fit_search *search)
{
    const qni_fit_rows *sample = &search->sample;
    int64_t n = sample->n;
    const double *column = sample->columns[search->shape->column], *weights = sample->weight;
    double *x = search->curve, *y = x + n, *w = y + n, *work = w + n;
    keyed *pairs = (keyed *)(void *)work;
    for (int64_t i = 0; i < n; i++)
        pairs[i] = (keyed){.x = column[i], .row = i};
    qsort(pairs, (size_t)n, sizeof *pairs, by_x);
    for (int64_t i = 0; i < n; i++) {
        int64_t row = pairs[i].row;
        x[i] = pairs[i].x;
        y[i] = sample->response[row];
        w[i] = weights != NULL ? weights[row] : 1;
    }
    return (qni_fit_curve){
        .x = x, .y = y, .weight = weights != NULL ? w : NULL, .n = n, .work = work, .kernels = search->eval.kernels};
}

bool qni_fit_search_estimate(qni_fit_search *search)
{
    if (only_linear(search)) {
        qni_fit_search_try(search, search->start);
    } else if (search->curve != NULL) {
        qni_fit_curve curve = sorted(search);
        qni_fit_shape_propose(search->shape, &curve, propose, search);
    }
    return search->kept_count > 0;
}

/* ---- points from boxes ---- */

/* A number of either sign, `spread` powers of ten up and down from the size, those in the middle more often. */
static double signed_size(const qni_fit_box *box, double u)
{
    double sign = u < 0.7 ? 1 : -1, v = u < 0.7 ? u / 0.7 : (u - 0.7) / 0.3, z = 2 * v - 1;
    return sign * box->size * qni_shape_exp(2.302585092994046 * box->spread * z * (0.4 + 0.6 * z * z));
}

/* Between two finite bounds: by its logarithm where they span decades. */
static double between(double lower, double upper, double u)
{
    if (lower > 0 && upper / lower > 100)
        return lower * qni_shape_exp(u * qni_shape_log(upper / lower));
    return lower + u * (upper - lower);
}

static double draw(const qni_fit_box *box, double lower, double upper, double u)
{
    if (upper - lower <= QNI_FIT_BOX * box->size)
        return between(lower, upper, u);
    bool placed = box->low < box->high && u < 0.8;
    double v = box->low < box->high ? (u - 0.8) / 0.2 : u;
    double x = placed ? box->low + (1.2 * u / 0.8 - 0.1) * (box->high - box->low) : signed_size(box, v);
    if (x > lower && x < upper)
        return x;
    if (-x > lower && -x < upper)
        return -x;
    x = isfinite(lower) ? lower + fabs(x) : upper - fabs(x);
    return x > lower && x < upper ? x : between(fmax(lower, -0x1p1000), fmin(upper, 0x1p1000), u);
}

void qni_fit_search_sweep(qni_fit_search *search, int64_t first, int64_t count)
{
    const qni_fit_solver *s = search->s;
    for (int64_t i = first; i < first + count && !search->stopped; i++) {
        for (int64_t k = 0; k < s->p; k++) {
            double u = search->shift[k] + (double)(i + 1) * search->ratio[k];
            search->point[k] =
                search->missing[k] ? draw(&search->box[k], s->lower[k], s->upper[k], u - floor(u)) : search->start[k];
        }
        qni_fit_search_try(search, search->point);
    }
}

void qni_fit_search_scan(qni_fit_search *search, int64_t points, int64_t steps)
{
    const qni_fit_solver *s = search->s;
    double *best = search->all; /* (p) of room for all */
    for (int64_t point = 0; point < points && point < search->kept_count; point++) {
        memcpy(best, search->kept + point * s->p, (size_t)s->p * sizeof *best);
        double rest = search->kept_rest[point];
        for (int64_t k = 0; k < s->p; k++) {
            double was = best[k];
            for (int64_t i = 0; i < steps && search->missing[k] && !search->linear[k]; i++) {
                double u = ((double)i + 0.5) / (double)steps;
                memcpy(search->point, best, (size_t)s->p * sizeof *best);
                search->point[k] = draw(&search->box[k], s->lower[k], s->upper[k], u);
                if (exhausted(search))
                    return;
                double now = complete(search, search->point);
                if (now < rest) {
                    rest = now;
                    was = search->point[k];
                }
            }
            best[k] = was;
        }
        qni_fit_search_try(search, best);
    }
}

bool qni_fit_search_refine(qni_fit_search *search, int64_t points, int64_t evaluations)
{
    qni_fit_solver *s = search->s;
    const qn_fit_options options = s->options;
    double *best = search->point, least = INFINITY;
    bool converged = false;
    size_t size = (size_t)s->p * sizeof *best;
    s->options.max_evals = evaluations < options.max_evals ? evaluations : options.max_evals;
    s->options.on_iteration = NULL;
    s->eval.problem = &search->sample;
    memcpy(best, search->kept, size);
    for (int64_t i = 0; i < points && i < search->kept_count && !search->stopped; i++) {
        for (int64_t k = 0; k < s->p; k++)
            s->x[k] = search->missing[k] ? search->kept[i * s->p + k]
                                         : qni_fit_inside(search->start[k], s->lower[k], s->upper[k]);
        qni_fit_solver_run(s);
        search->stopped = s->status == QN_FIT_INTERRUPTED;
        double rest = s->at_start ? INFINITY : sqrt(s->rss) * (search->unit / s->eval.unit);
        if (rest < least) {
            least = rest;
            converged = s->status == QN_FIT_CONVERGED;
            memcpy(best, search->gathered != NULL ? s->x : search->kept + i * s->p, size);
        }
    }
    s->options = options;
    s->eval.problem = search->whole;
    memcpy(s->x, best, size);                /* not where it was before: a solver exchanges its points */
    return converged || only_linear(search); /* of a linear problem there is no better place */
}
