/* quern/nist.h: the files of NIST's Statistical Reference Datasets for nonlinear regression.
 *
 * Such a file holds a model, two starting points, certified results and data (https://www.itl.nist.gov/div898/strd/).
 * The model is given back as a formula of quern/model.h: square and curly brackets become parentheses, arctan becomes
 * atan, the noise term is dropped.
 *
 * Reading may go on in any threads at once; what was read is immutable and may be used by any number of threads.
 */
#ifndef QUERN_NIST_H
#define QUERN_NIST_H

#include <quern/base.h>
#include <quern/table.h>

QN_BEGIN_DECLS

/* What such a file says. All that it points to is its own and lives until qn_nist_free. */
typedef struct qn_nist {
    const char *name;               /* "Misra1a" */
    const char *formula;            /* "log(y) = b1 - b2*x1 * exp(-b3*x2)" */
    int64_t p;                      /* parameters */
    const char *const *parameters;  /* (p) "b1", … */
    const double *start[2];         /* (p) each */
    const double *certified_value;  /* (p) */
    const double *certified_stderr; /* (p) */
    double certified_rss;           /* residual sum of squares */
    double certified_residual_sd;   /* its square root after division by the degrees of freedom */
    int64_t certified_dof;          /* degrees of freedom */
    int64_t n;                      /* observations */
    const qn_table *table;          /* the data, float64 columns; lives as long as this */
} qn_nist;

/* Reads such a file, `path`, or `size` bytes in memory (borrowed during the call; `name` is what complaints call them).
 * The result is the caller's. Errors: QN_NO_INPUT, QN_IO, QN_DATA and QN_SYNTAX with file and line, QN_LIMIT,
 * QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_nist_read(qn_nist **out, const char *path, const qn_allocator *allocator,
                                          qn_error *err);
QN_API QN_MUST_USE qn_status qn_nist_read_bytes(qn_nist **out, const char *bytes, int64_t size, const char *name,
                                                const qn_allocator *allocator, qn_error *err);
QN_API void qn_nist_free(qn_nist *nist); /* NULL is fine */

QN_END_DECLS
#endif
