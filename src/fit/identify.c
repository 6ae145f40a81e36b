/* fit/identify.c: what the data determine at the solver's point. One thread a fit.
 *
 * The Jacobian's triangular factor, its columns scaled to length 1 (so that units of parameters do not matter), is
 * taken apart in this order; the first that serves gives W with W W' = the inverse of the scaled J'J, which is never
 * formed:
 *
 *     qr          W = R^-1, where the condition number (by power iteration) is below QNI_FIT_SLOPPY
 *     pivoted qr  W = P R^-1, where it is not but no singular value counts as 0
 *     svd         W = V S^-1 over the singular values that do not: the pseudoinverse (Golub and Van Loan, 5.5)
 *     damped      W = the inverse of the factor of [R; delta I], where singular values cannot be had: more than
 *                 QNI_FIT_SVD_PARAMETERS parameters, or no end of the rotations
 *
 * Several singular directions are only known as the space they span: they are shown in its basis with the most zeros
 * that elimination with complete pivoting finds, for then each names few parameters. */
#include "fit/fit_int.h"

#include "base/alloc.h"
#include "math/dense.h"
#include "mem/refuse.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct parts {
    qni_fit_identity *of;
    const qni_panel_kernels *kernels;
    double *scaled;   /* (p, p) the factor, columns of length 1 */
    double *copy;     /* (p, p) destroyed by decompositions */
    double *vectors;  /* (p, p) right singular vectors, one after the other */
    double *values;   /* (p) singular values, descending */
    double *x, *y;    /* (p) */
    int64_t *pivot;   /* (p) */
    double least;     /* a singular value below this, relative to the largest, counts as 0 */
    double worst;     /* the smallest singular value, relative to the largest, by power iteration; its vector is in x */
    bool have_values; /* values and vectors are there */
} parts;

/* The largest singular value of the matrix of p vectors m (p, p), one after the other, by power iteration; x: the
 * coefficients with which they add to the longest vector. It begins at the longest of them, and a little of all. */
static double greatest(const parts *d, const double *m, double *x)
{
    int64_t p = d->of->p, longest = 0;
    double length = -1, value = 0;
    for (int64_t k = 0; k < p; k++) {
        double norm = qni_norm(m + k * p, p), turn = 0.6180339887498949 * (double)(k + 1);
        x[k] = 0.1 * (turn - floor(turn) - 0.5);
        if (norm > length) {
            length = norm;
            longest = k;
        }
    }
    x[longest] += 1;
    for (int i = 0;; i++) {
        double norm = qni_norm(x, p), before = value;
        memset(d->y, 0, (size_t)p * sizeof *x);
        for (int64_t k = 0; k < p; k++) {
            x[k] /= norm;
            d->kernels->subtract_multiple(d->y, m + k * p, -x[k], p);
        }
        value = qni_norm(d->y, p);
        if (i + 1 == QNI_FIT_POWER_STEPS || fabs(value - before) <= QNI_FIT_POWER_CHANGE * value)
            break;
        for (int64_t k = 0; k < p; k++)
            x[k] = d->kernels->dot(m + k * p, d->y, p);
    }
    return value;
}

/* W := P R^-1 by rows, from R (p, p) upper triangular; pivot NULL: P is the identity. False: not finite. */
static bool invert(const parts *d, const double *r, const int64_t *pivot)
{
    int64_t p = d->of->p;
    for (int64_t k = 0; k < p; k++) {
        double *row = d->of->inverse + (pivot != NULL ? pivot[k] : k) * p;
        memset(row, 0, (size_t)p * sizeof *row);
        row[k] = 1;
        if (!qni_solve_upper_transposed(r + k * p + k, p, p - k, row + k))
            return false;
    }
    return true;
}

/* The condition number from a factor and its inverse: that of the smallest singular value is the inverse's largest. */
static double condition_of(parts *d)
{
    double high = greatest(d, d->scaled, d->x), low = greatest(d, d->of->inverse, d->x);
    d->worst = 1 / (high * low);
    return high * low;
}

static void by_singular_values(parts *d)
{
    qni_fit_identity *of = d->of;
    int64_t p = of->p;
    for (int64_t k = 0; k < p; k++)
        for (int64_t c = 0; c < p; c++)
            of->inverse[k * p + c] = c < of->rank ? d->vectors[c * p + k] / d->values[c] : 0;
    of->factorization = "svd";
}

static void damp(parts *d)
{
    qni_fit_identity *of = d->of;
    int64_t p = of->p;
    size_t size = (size_t)(p * p) * sizeof *d->copy;
    of->damping = d->least;
    memcpy(d->vectors, d->scaled, size);
    memset(d->copy, 0, size);
    for (int64_t k = 0; k < p; k++)
        d->copy[k * p + k] = of->damping;
    qni_qr_append(d->kernels, d->vectors, p, d->copy, p, p, p, p, true);
    (void)invert(d, d->vectors, NULL);
    (void)condition_of(d);
    of->factorization = "damped";
}

/* Where the factor as it is does not serve. */
static void fall_back(parts *d)
{
    qni_fit_identity *of = d->of;
    int64_t p = of->p;
    size_t size = (size_t)(p * p) * sizeof *d->copy;
    if (p <= QNI_FIT_SVD_PARAMETERS) {
        memcpy(d->copy, d->scaled, size);
        d->have_values = qni_svd(d->copy, p, p, p, d->values, d->vectors);
    }
    memcpy(d->copy, d->scaled, size);
    qni_qr_pivoted(d->kernels, d->copy, p, p, p, d->pivot);
    for (of->rank = 0; of->rank < p; of->rank++)
        if (d->have_values ? !(d->values[of->rank] > d->least * d->values[0])
                           : !(fabs(d->copy[of->rank * p + of->rank]) > d->least * fabs(d->copy[0])))
            break;
    of->condition = INFINITY;
    if (of->rank == p && invert(d, d->copy, d->pivot)) {
        of->factorization = "pivoted qr";
        of->condition = d->have_values ? d->values[0] / d->values[p - 1] : condition_of(d);
    } else if (d->have_values) {
        by_singular_values(d);
    } else {
        damp(d);
    }
}

/* The space of `count` vectors (p each) in another basis, each of length 1, with zeros wherever elimination makes them.
 */
static void make_sparse(double *vectors, int64_t count, int64_t p)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t row = i, column = 0;
        double largest = -1;
        for (int64_t k = i; k < count; k++)
            for (int64_t j = 0; j < p; j++)
                if (fabs(vectors[k * p + j]) > largest) {
                    largest = fabs(vectors[k * p + j]);
                    row = k;
                    column = j;
                }
        for (int64_t j = 0; j < p; j++) {
            double kept = vectors[i * p + j];
            vectors[i * p + j] = vectors[row * p + j];
            vectors[row * p + j] = kept;
        }
        for (int64_t k = 0; k < count; k++) {
            double share = vectors[k * p + column] / vectors[i * p + column];
            for (int64_t j = 0; k != i && j < p; j++)
                vectors[k * p + j] -= share * vectors[i * p + j];
        }
    }
    for (int64_t i = 0; i < count; i++) {
        double norm = qni_norm(vectors + i * p, p);
        for (int64_t j = 0; j < p; j++)
            vectors[i * p + j] /= norm;
    }
}

/* One direction into the result, its largest share positive, what is rounding 0. */
static void show(qni_fit_result *result, const qni_fit_map *map, int64_t index, const double *vector, double value)
{
    int64_t p = map->p, largest = 0;
    double *weights = result->direction_weights + index * map->all;
    for (int64_t k = 1; k < p; k++)
        if (fabs(vector[k]) > fabs(vector[largest]) * (1 + QNI_FIT_ESTIMABLE))
            largest = k;
    for (int64_t k = 0; k < p; k++)
        if (fabs(vector[k]) > QNI_FIT_ESTIMABLE)
            weights[map->free[k]] = vector[largest] < 0 ? -vector[k] : vector[k];
    result->directions[index] = (qn_fit_direction){.singular_value = value, .weights = weights};
}

/* The directions that the data do not determine well, the worst first. */
static qn_status describe(qni_fit_result *result, parts *d, const qni_fit_map *map, qn_error *err)
{
    const qni_fit_identity *of = d->of;
    int64_t p = of->p, count = 0;
    if (!(of->condition > QNI_FIT_SLOPPY))
        return QN_OK;
    while (d->have_values && count < p && !(d->values[p - 1 - count] * QNI_FIT_SLOPPY > d->values[0]))
        count++;
    if (!d->have_values || count == 0)
        count = 1;
    result->directions = qni_alloc_zeroed(&result->allocator, count, sizeof *result->directions);
    result->direction_weights = qni_alloc_zeroed(&result->allocator, count * map->all, sizeof(double));
    result->head.direction_count = count;
    if (result->directions == NULL || result->direction_weights == NULL)
        return qni_refused(err, &result->allocator, 0, "%" PRId64 " directions", count);
    result->head.directions = result->directions;
    if (!d->have_values) {
        show(result, map, 0, d->x, of->rank < p ? 0 : d->worst);
        result->directions[0].singular = of->rank < p;
        return QN_OK;
    }
    if (p - of->rank > 1)
        make_sparse(d->vectors + of->rank * p, p - of->rank, p);
    for (int64_t i = 0; i < count; i++) {
        int64_t c = p - 1 - i;
        show(result, map, i, d->vectors + c * p, d->values[0] > 0 ? d->values[c] / d->values[0] : 0);
        result->directions[i].singular = c >= of->rank;
    }
    return QN_OK;
}

static void take_apart(parts *d)
{
    qni_fit_identity *of = d->of;
    of->rank = of->p;
    of->factorization = "qr";
    of->condition = invert(d, d->scaled, NULL) ? condition_of(d) : INFINITY;
    if (!(of->condition <= QNI_FIT_SLOPPY))
        fall_back(d);
}

qn_status qni_fit_identify(qni_fit_identity *of, qni_fit_result *result, const qni_fit_solver *s,
                           const qni_fit_memory *memory, qn_error *err)
{
    int64_t p = s->p, all = s->eval.map->all, square = p * p;
    int64_t here = 3 * square + 4 * p, later = 2 * all * p + all;
    *of = (qni_fit_identity){.p = p, .allocator = &memory->allocator, .factorization = "none"};
    of->size = square + p + (here > later ? here : later);
    of->block = qni_alloc(of->allocator, of->size, sizeof *of->block);
    if (of->block == NULL)
        return qni_refused(err, memory->source, of->size * (int64_t)sizeof *of->block,
                           "the covariance of %" PRId64 " parameters", all);
    of->inverse = of->block;
    of->norm = of->block + square;
    of->work = of->norm + p;
    parts d = {.of = of, .kernels = s->eval.kernels, .scaled = of->work, .copy = of->work + square};
    d.least = fmax(QNI_FIT_RANK * (double)p, s->eval.problem->blur);
    d.vectors = d.copy + square;
    d.values = d.vectors + square;
    d.x = d.values + p;
    d.y = d.x + p;
    d.pivot = (int64_t *)(void *)(d.y + p);
    for (int64_t j = 0; j < p; j++) {
        of->norm[j] = qni_norm(s->factor + j * p, j + 1);
        for (int64_t i = 0; i < p; i++)
            d.scaled[j * p + i] = i <= j && of->norm[j] > 0 ? s->factor[j * p + i] / of->norm[j] : 0;
    }
    take_apart(&d);
    result->head.rank = of->rank;
    result->head.condition = of->condition;
    result->head.dof = result->head.n - of->rank;
    return describe(result, &d, s->eval.map, err);
}

void qni_fit_identity_fini(qni_fit_identity *of)
{
    qni_free(of->allocator, of->block, of->size, sizeof *of->block);
    *of = (qni_fit_identity){.p = 0};
}
