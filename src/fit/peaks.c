/* fit/peaks.c: where the peaks of a sum are, by orthogonal matching pursuit with backfitting (Pati, Rezaiifar and
 * Krishnaprasad 1993): of all places and widths the one that takes most away from what the parts found so far leave, by
 * linear least squares in all heights together; and then each part is sought once more beside all the others, until
 * they have made room for each other. One thread. */
#include "fit/shapes.h"

#include "fit/limits.h"

#include <math.h>
#include <string.h>

enum {
    ROWS = QNI_FIT_PEAK_ROWS,
    WIDTHS = 10, /* from 2/3 of the range down, each 1.6 times as narrow */
    RATES = 12,
    BELLS = 640, /* steps of the table of exp(-u^2 / 2), 0.01 apart */
    COLUMNS = QNI_SHAPE_PARTS + QNI_SHAPE_DEGREE + 1,
    ROUNDS = 4
};

/* A part at a place: m and s of a peak; k in m of an exponential. */
typedef struct atom {
    double place, width;
} atom;

typedef struct pursuit {
    const qni_shape *shape;
    double low, range;
    int widest; /* the first of the widths that are looked at */
    int sign;   /* of all peaks; 0: any */
    const qni_panel_kernels *kernels;
    int64_t n;
    double *x, *y, *weight, *column, *rest; /* (n) each; column: the atom that is looked at; rest: what is left of y */
    int64_t from, to;                       /* the rows in which column is not 0 */
    double *basis;                          /* (COLUMNS, n) orthonormal */
    int64_t basis_count;
    atom chosen[QNI_SHAPE_PARTS];
    bool found[QNI_SHAPE_PARTS];
    double bell[BELLS + 1];
} pursuit;

static void take_rows(pursuit *p, const qni_fit_curve *c)
{
    double *at = c->work;
    double **arrays[] = {&p->x, &p->y, &p->weight, &p->column, &p->rest, &p->basis};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++, at += ROWS)
        *arrays[i] = at;
    p->n = c->n < ROWS ? c->n : ROWS;
    p->kernels = c->kernels;
    for (int64_t i = 0; i < p->n; i++) {
        int64_t row = c->n <= ROWS ? i : i * c->n / ROWS;
        p->x[i] = c->x[row];
        p->y[i] = c->y[row];
        p->weight[i] = c->weight != NULL ? c->weight[row] : 1;
    }
    for (int i = 0; i <= BELLS; i++)
        p->bell[i] = qni_shape_exp(-0.5 * (i * 0.01) * (i * 0.01));
}

static double bell_at(const pursuit *p, double u)
{
    double step = fabs(u) * 100;
    if (!(step < BELLS))
        return 0;
    int i = (int)step;
    return p->bell[i] + (step - i) * (p->bell[i + 1] - p->bell[i]);
}

/* The first row from which on x is not below `limit`. */
static int64_t row_of(const pursuit *p, double limit)
{
    int64_t low = 0, high = p->n;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (p->x[middle] < limit)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* p->column := an atom of a part's kind, weighted, in the rows from … to; the others are 0. */
static void make_column(pursuit *p, int kind, atom a)
{
    bool bell = kind == QNI_SHAPE_GAUSSIAN;
    p->from = bell ? row_of(p, a.place - BELLS * 0.01 * a.width) : 0;
    p->to = bell ? row_of(p, a.place + BELLS * 0.01 * a.width) : p->n;
    for (int64_t i = p->from; i < p->to; i++) {
        double u = (p->x[i] - a.place) / a.width;
        double value = bell                           ? bell_at(p, u)
                       : kind == QNI_SHAPE_LORENTZIAN ? 1 / (1 + u * u)
                                                      : qni_shape_exp(a.place * (p->x[i] - p->low));
        p->column[i] = p->weight[i] * value;
    }
}

static double dot_column(const pursuit *p, const double *other)
{
    return p->kernels->dot(other + p->from, p->column + p->from, p->to - p->from);
}

/* The square of the length of what is new in p->column beside the basis. */
static double new_square(const pursuit *p, double square)
{
    for (int64_t k = 0; k < p->basis_count; k++) {
        double share = dot_column(p, p->basis + k * ROWS);
        square -= share * share;
    }
    return square;
}

/* The basis grows by p->column, and `rest` becomes orthogonal to it. */
static void add_column(pursuit *p)
{
    double square = dot_column(p, p->column);
    if (!(new_square(p, square) > QNI_FIT_PEAK_NEW * square))
        return;
    memset(p->column, 0, (size_t)p->from * sizeof *p->column);
    memset(p->column + p->to, 0, (size_t)(p->n - p->to) * sizeof *p->column);
    double *b = p->basis + p->basis_count * ROWS;
    for (int64_t k = 0; k < p->basis_count; k++) {
        const double *other = p->basis + k * ROWS;
        p->kernels->subtract_multiple(p->column, other, p->kernels->dot(other, p->column, p->n), p->n);
    }
    double norm = qni_norm(p->column, p->n);
    for (int64_t i = 0; i < p->n; i++)
        b[i] = p->column[i] / norm;
    p->kernels->subtract_multiple(p->rest, b, p->kernels->dot(b, p->rest, p->n), p->n);
    p->basis_count++;
}

/* The basis of the background and of all parts that are found, but for one; and what they leave. */
static void make_basis(pursuit *p, int64_t without)
{
    p->basis_count = 0;
    for (int64_t i = 0; i < p->n; i++)
        p->rest[i] = p->weight[i] * p->y[i];
    for (int k = 0; k <= QNI_SHAPE_DEGREE; k++) {
        if (!(p->shape->background >> k & 1))
            continue;
        p->from = 0;
        p->to = p->n;
        for (int64_t i = 0; i < p->n; i++) {
            p->column[i] = p->weight[i];
            for (int d = 0; d < k; d++)
                p->column[i] *= (p->x[i] - p->low) / p->range - 0.5;
        }
        add_column(p);
    }
    for (int64_t j = 0; j < p->shape->parts; j++)
        if (p->found[j] && j != without) {
            make_column(p, p->shape->part[j], p->chosen[j]);
            add_column(p);
        }
}

/* What an atom would take away from the sum of squares; remembered where it is the most. As `rest` is orthogonal to the
 * basis, only the length of the atom has to be made so. */
static void weigh(pursuit *p, int kind, atom a, double *most, atom *best)
{
    make_column(p, kind, a);
    double share = dot_column(p, p->rest), square = dot_column(p, p->column);
    double left = new_square(p, square), gain = share * share / left;
    bool allowed = kind == QNI_SHAPE_EXPONENTIALS || share * p->sign >= 0;
    if (gain > *most && allowed && left > QNI_FIT_PEAK_NEW * square) {
        *most = gain;
        *best = a;
    }
}

/* The best atom of a kind beside the basis. */
static void seek(pursuit *p, int kind, double *most, atom *best)
{
    if (kind == QNI_SHAPE_EXPONENTIALS) {
        double rate = 0.3 / p->range;
        for (int i = 0; i < RATES; i++) {
            for (int sign = -1; sign <= 1; sign += 2)
                weigh(p, kind, (atom){.place = sign * rate, .width = 1}, most, best);
            rate *= 1.6;
        }
        return;
    }
    double width = p->range / 1.5;
    for (int i = 0; i < p->widest; i++)
        width /= 1.6;
    for (int i = p->widest; i < WIDTHS; i++) {
        int64_t places = (int64_t)(p->range / width) + 2;
        for (int64_t k = 0; k <= places; k++)
            weigh(p, kind, (atom){.place = p->low + p->range * (double)k / (double)places, .width = width}, most, best);
        width /= 1.6;
    }
}

static void offer(const pursuit *p, qni_fit_proposal *propose, void *user)
{
    double q[QNI_SHAPE_QUANTITIES];
    int64_t at = 0;
    for (int64_t j = 0; j < p->shape->parts; j++) {
        q[at++] = p->chosen[j].place;
        if (p->shape->part[j] != QNI_SHAPE_EXPONENTIALS)
            q[at++] = p->chosen[j].width * p->chosen[j].width;
    }
    propose(user, q);
}

/* Finds the part that takes most away, among those that are not found yet. */
static void find_next(pursuit *p)
{
    double most = -1;
    int64_t which = -1;
    make_basis(p, -1);
    for (int64_t j = 0; j < p->shape->parts; j++) {
        bool tried = p->found[j];
        for (int64_t k = 0; k < j; k++)
            tried |= !p->found[k] && p->shape->part[k] == p->shape->part[j];
        double before = most;
        if (!tried)
            seek(p, p->shape->part[j], &most, &p->chosen[j]);
        which = most > before ? j : which;
    }
    for (int64_t j = 0; which < 0 && j < p->shape->parts; j++)
        if (!p->found[j]) { /* nothing is left to explain: anywhere */
            p->chosen[j] = (atom){.place = p->low + p->range / 2, .width = p->range / 10};
            which = j;
        }
    if (which >= 0)
        p->found[which] = true;
}

/* The best atom of a kind about one, closer than the places and widths of `seek` lie. */
static void seek_near(pursuit *p, int kind, atom centre, double *most, atom *best)
{
    for (int i = -3; i <= 3; i++)
        for (int j = -2; j <= 2; j++) {
            bool peak = kind != QNI_SHAPE_EXPONENTIALS;
            double bend = 1 + 0.15 * j, step = peak ? i * centre.width / 4 : 0.06 * i * centre.place;
            atom a = {.place = centre.place + step, .width = peak ? centre.width * bend : 1};
            if (peak || j == 0)
                weigh(p, kind, a, most, best);
        }
}

/* Seeks each part once more beside all the others; false: all are where they were. */
static bool backfit(pursuit *p, bool near)
{
    bool moved = false;
    for (int64_t j = 0; j < p->shape->parts; j++) {
        double most = -1;
        atom before = p->chosen[j];
        make_basis(p, j);
        if (near)
            seek_near(p, p->shape->part[j], before, &most, &p->chosen[j]);
        else
            seek(p, p->shape->part[j], &most, &p->chosen[j]);
        moved |= p->chosen[j].place != before.place || p->chosen[j].width != before.width;
    }
    return moved;
}

static void pursue(pursuit *p, qni_fit_proposal *propose, void *user)
{
    memset(p->found, 0, sizeof p->found);
    for (int64_t j = 0; j < p->shape->parts; j++)
        find_next(p);
    offer(p, propose, user);
    for (int round = 0; round < ROUNDS && backfit(p, false); round++)
        offer(p, propose, user);
    for (int round = 0; round < ROUNDS && backfit(p, true); round++)
        ;
    offer(p, propose, user);
}

/* A wide peak can pass for a background, and a valley between two peaks for one that points down; each then takes the
 * place of another. So with wide ones and without, down, of any sign, and up. */
void qni_fit_peaks_propose(const qni_shape *shape, const qni_fit_curve *curve, qni_fit_proposal *propose, void *user)
{
    pursuit p = {.shape = shape, .low = curve->x[0], .range = curve->x[curve->n - 1] - curve->x[0]};
    take_rows(&p, curve);
    for (p.widest = 0; p.widest <= 6; p.widest += 3)
        for (p.sign = -1; p.sign <= 1; p.sign++)
            pursue(&p, propose, user);
}
