/* lang/terms_int.h: an expression as a sum of products, in which spellings of the same curve look alike.
 *
 * a*(1 - exp(-b*x)) and a - a*exp(-x*b) are both "a, and -a times exp of -b x"; so are the many ways to write a peak.
 * What does not depend on a column is a coefficient, however it is written. Works on an IR, to which it adds nodes. One
 * thread. */
#ifndef QNI_LANG_TERMS_INT_H
#define QNI_LANG_TERMS_INT_H

#include "lang/ir_int.h"
#include "lang/limits.h"

/* coefficient * x^degree * x^power * exp(exponent) * wave * other / divisor; nodes, -1: there is no such factor. */
typedef struct qni_term {
    int32_t coefficient; /* does not vary; always there */
    int32_t power;       /* does not vary */
    int32_t exponent, wave, other, divisor;
    int32_t degree;
} qni_term;

typedef struct qni_terms {
    qni_term term[QNI_TERMS_MAX]; /* (count) no two with the same factors */
    int64_t count;
} qni_terms;

/* What reads expressions: `column` is the first column met, x; -1: none was. */
typedef struct qni_terms_reader {
    qni_ir *ir;
    int32_t column;
    int64_t budget; /* nodes that may still be looked at */
    bool failed;    /* too large or too deep to be read, or the IR failed */
} qni_terms_reader;

void qni_terms_reader_init(qni_terms_reader *reader, qni_ir *ir);
void qni_terms_read(qni_terms *out, qni_terms_reader *reader, int32_t node);

/* The coefficients of a polynomial in x of at most `degree`, nodes in out (degree + 1), 0 where there is none. Returns
 * its degree; -1: it is none. */
int qni_terms_polynomial(int32_t *out, const qni_terms *terms, qni_ir *ir, int degree);

/* Whether all factors but the coefficient are the same; those of `b` without its power of x. */
bool qni_term_same(const qni_term *a, const qni_term *b);
bool qni_term_is_power_of_x(const qni_term *term); /* degree alone, 0 included */

#endif
