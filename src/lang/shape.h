/* lang/shape.h: what curve a formula describes, for those who must guess its parameters from data.
 *
 * A curve of a known kind has quantities that can be read off the data: a rate, a centre, a width. They are expressions
 * of the parameters, however the formula spells them, and from their values the parameters follow. Parameters in which
 * the formula is linear need no guess: least squares gives them. One thread a shape. */
#ifndef QNI_LANG_SHAPE_H
#define QNI_LANG_SHAPE_H

#include <quern/model.h>

/* x is the column, c and the other free letters are any expressions of parameters: X(NAME, quantities). */
typedef enum qni_shape_kind {
    QNI_SHAPE_NONE,
    QNI_SHAPE_LINEAR,       /* linear in all parameters, whatever the columns are: no quantities */
    QNI_SHAPE_POWER,        /* a x^e (+ c): e */
    QNI_SHAPE_EXPONENTIALS, /* a exp(k x) (+ a2 exp(k2 x)) (+ a3 …) (+ c): each k */
    QNI_SHAPE_GAUSSIAN,     /* a exp(-(x - m)^2 / (2 s^2)) (+ c): m, s^2 */
    QNI_SHAPE_LORENTZIAN,   /* a / ((x - m)^2 + g^2) (+ c): m, g^2 */
    QNI_SHAPE_LOGISTIC,     /* a / (1 + exp(k (x - m))) (+ c): k, m */
    QNI_SHAPE_SINE,         /* (a sin(w x + f)) exp(k x) (+ c): w, k, f; a cosine's f is that of its sine */
    QNI_SHAPE_RATIONAL,     /* a polynomial over a polynomial: coefficients of the numerator from x^0 on, then of the
                               denominator, all divided by that of x^scale of the denominator */
    QNI_SHAPE_PEAKS,        /* a sum of Gaussians, Lorentzians, exponentials and powers of x, two of the first three
                               at least: the quantities of each part */
} qni_shape_kind;

#define QNI_SHAPE_PARAMETERS 512 /* a formula with more is not looked at: pairs of them are */
#define QNI_SHAPE_PARTS      16
#define QNI_SHAPE_QUANTITIES (2 * QNI_SHAPE_PARTS)
#define QNI_SHAPE_DEGREE     4 /* of the polynomials of a rational function */

typedef struct qni_shape {
    qni_shape_kind kind;
    const char *name; /* "exponential with offset"; static; "" where it has none */
    int64_t p;
    int32_t column; /* of the model; -1: none or several */
    bool offset;    /* there is a c */
    int64_t quantities;
    int numerator, denominator, scale;       /* degrees of a rational function; the coefficient that is 1 */
    uint32_t numerator_has, denominator_has; /* bit k: there is a term in x^k */
    int64_t parts;                           /* of a sum of peaks */
    uint8_t part[QNI_SHAPE_PARTS]; /* (parts) QNI_SHAPE_GAUSSIAN, QNI_SHAPE_LORENTZIAN, QNI_SHAPE_EXPONENTIALS */
    uint32_t background;           /* bit k: and x^k */
    bool *linear; /* (p) the formula is linear in these parameters together: no second derivative by any two of them */
    struct qni_shape_state *state;
} qni_shape;

/* Reads the model's right side. *out is freed with qni_shape_free; a formula of no known shape is not an error. Errors:
 * QN_NOMEM. */
QN_MUST_USE qn_status qni_shape_new(qni_shape **out, const qn_model *model, const qn_allocator *allocator,
                                    qn_error *err);
void qni_shape_free(qni_shape *shape); /* NULL is fine */

/* Fills in parameters (p), NaN where unknown, from the values of the quantities. False: one that the formula is not
 * linear in is still unknown. Those that are known stay as they are. */
bool qni_shape_solve(const qni_shape *shape, const double *quantities, double *parameters);

/* Where a parameter may lie, for lack of a guess. */
typedef struct qni_shape_size {
    double size;    /* typical absolute value: that of what it is added to, or what makes a function's argument 1 */
    int32_t column; /* it is added to or subtracted from this column: a place on its axis; -1: no */
} qni_shape_size;

/* Sizes (p) of the parameters from the columns' largest absolute values (column_count) and that of the response. */
void qni_shape_sizes(const qni_shape *shape, const double *columns, double response, qni_shape_size *out);

/* Elementary functions with the same bits on every machine: what formulas are computed with. The last two are of n
 * numbers at once; out is not x. */
double qni_shape_exp(double x);
double qni_shape_log(double x); /* natural */
double qni_shape_atan2(double y, double x);
void qni_shape_exps(double *out, const double *x, int64_t n);
void qni_shape_sins(double *out, const double *x, int64_t n);

#endif
