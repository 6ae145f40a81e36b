/* options/american_rungs.c: the nodes, the angles and the shares of nodes in what is between them, which are the same
 * for every option. A rung is made when it is first needed, after those before it: most options need the first
 * three. */
#include "math/vector_trig.h"
#include "options/american_int.h"

#include <assert.h>
#include <math.h>

#include "base/alloc.h"
#include "mem/refuse.h"

#define PI 3.14159265358979323846

/* How finely each rung computes. Terms: as many as it takes to see what the nodes can tell. With the third rung four in
 * five options of up to three years are within 1e-7 of their strike, and all within 1e-6; fewer nodes on the first two
 * lose more on the third than they save. */
static const struct {
    int rows, terms, sweeps, steps, last_terms;
} plans[QNI_AMERICAN_RUNGS] = {{4, 6, 4, 0, 0},    {6, 10, 0, 2, 20},  {10, 15, 0, 2, 28},
                               {18, 32, 0, 2, 48}, {32, 60, 0, 2, 96}, {48, 96, 0, 3, 160}};

/* The shares (rows) of nodes 1 … rows, at `place`, in a polynomial's value at x; at 0 it is 0. Berrut and Trefethen,
 * "Barycentric Lagrange interpolation", 2004. */
static void shares_at(double *shares, const double *place, int rows, double x)
{
    double sum = 0.5 / x;
    for (int j = 0; j < rows; j++) {
        double distance = x - place[j];
        if (distance == 0) {
            for (int i = 0; i < rows; i++)
                shares[i] = i == j;
            return;
        }
        shares[j] = (j % 2 == 0 ? -1.0 : 1.0) * (j == rows - 1 ? 0.5 : 1.0) / distance;
        sum += shares[j];
    }
    for (int j = 0; j < rows; j++)
        shares[j] /= sum;
}

/* Legendre's polynomial of degree n at z (count), and its derivative: all places at once, for each step of the
 * recurrence is a division that waits for the one before. */
static void legendre(double *p, double *derivative, int n, const double *z, int count)
{
    double before[QNI_AMERICAN_HALF];
    for (int i = 0; i < count; i++) {
        p[i] = 1;
        before[i] = 0;
    }
    for (int j = 0; j < n; j++) {
        for (int i = 0; i < count; i++) {
            double next = ((2 * j + 1) * z[i] * p[i] - j * before[i]) / (j + 1);
            before[i] = p[i];
            p[i] = next;
        }
    }
    for (int i = 0; i < count; i++)
        derivative[i] = n * (z[i] * p[i] - before[i]) / (z[i] * z[i] - 1);
}

/* Gauss and Legendre's rule of n terms for angles between 0 and pi / 2, which is symmetric. */
static void angles_of(double *angles, int n)
{
    int half = (n + 1) / 2;
    double z[QNI_AMERICAN_HALF], p[QNI_AMERICAN_HALF], derivative[QNI_AMERICAN_HALF];
    assert(half <= QNI_AMERICAN_HALF);
    for (int i = 0; i < half; i++)
        z[i] = v_cos(PI * (i + 0.75) / (n + 0.5));
    for (int round = 0; round < 3; round++) { /* each doubles the digits; the start has three */
        legendre(p, derivative, n, z, half);
        for (int i = 0; i < half; i++)
            z[i] -= p[i] / derivative[i];
    }
    legendre(p, derivative, n, z, half);
    for (int i = 0; i < half; i++) {
        double weight = PI / 4 * 2 / ((1 - z[i] * z[i]) * derivative[i] * derivative[i]);
        for (int side = 0; side < 2; side++) {
            double *at = angles + INT64_C(4) * (side == 0 ? i : n - 1 - i);
            double angle = PI / 4 * (side == 0 ? 1 - z[i] : 1 + z[i]), sine = v_sin(angle), cosine = v_cos(angle);
            at[0] = sine;
            at[1] = 1 / sine;
            at[2] = cosine;
            at[3] = 2 * weight * cosine;
        }
    }
}

qn_status qni_american_rung_make(qni_american_work *work, int k, qn_error *err)
{
    qni_american_rung *r = &work->rungs[k];
    if (r->rows > 0)
        return QN_OK;
    int rows = plans[k].rows, terms = plans[k].terms, last = plans[k].last_terms;
    int before = k > 0 ? plans[k - 1].rows : 0;
    int64_t count = rows + 4 * (int64_t)(terms + last) + (int64_t)rows * (terms * rows + last + before);
    double *at = qni_alloc(work->allocator, count, sizeof *at);
    if (at == NULL)
        return qni_refused(err, work->allocator, count * (int64_t)sizeof *at, "an exercise boundary of %d nodes", rows);
    *r = (qni_american_rung){.rows = rows,
                             .terms = terms,
                             .sweeps = plans[k].sweeps,
                             .steps = plans[k].steps,
                             .last_terms = last,
                             .rows_before = before,
                             .numbers = at,
                             .number_count = count};
    r->place = at;
    r->angles = r->place + rows;
    r->last_angles = r->angles + 4 * (int64_t)terms;
    r->shares = r->last_angles + 4 * (int64_t)last;
    r->last_shares = r->shares + (int64_t)rows * terms * rows;
    r->start_shares = r->last_shares + (int64_t)last * rows;
    r->first_before = before > 0 ? work->rungs[k - 1].place[0] : 1;
    angles_of(r->angles, terms);
    angles_of(r->last_angles, last);
    for (int i = 0; i < rows; i++)
        r->place[i] = 0.5 - 0.5 * v_cos(PI * (i + 1) / rows);
    for (int i = 0; i < rows; i++) {
        for (int j = 0; j < terms; j++)
            shares_at(r->shares + ((int64_t)i * terms + j) * rows, r->place, rows, r->place[i] * r->angles[4 * j + 2]);
        if (before > 0)
            shares_at(r->start_shares + (int64_t)i * before, work->rungs[k - 1].place, before, r->place[i]);
    }
    for (int j = 0; j < last; j++)
        shares_at(r->last_shares + (int64_t)j * rows, r->place, rows, r->last_angles[4 * j + 2]);
    return QN_OK;
}

void qni_american_rung_end(qni_american_rung *rung, const qn_allocator *allocator)
{
    qni_free(allocator, rung->numbers, rung->number_count, sizeof *rung->numbers);
}
