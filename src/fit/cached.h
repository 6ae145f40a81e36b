/* fit/cached.h: results that were computed before, in a cache of the caller's. One thread a fit. */
#ifndef QNI_FIT_CACHED_H
#define QNI_FIT_CACHED_H

#include "fit/fit_int.h"

/* What a fit to a table is made from: all that its result depends on. */
typedef struct qni_fit_asked {
    const qn_model *model;
    const qni_fit_rows *problem;   /* its rows, after those left out */
    const double *sigma;           /* (problem->n) NULL: none */
    int64_t total;                 /* rows of the table: of options->covariance */
    const qn_fit_options *options; /* resolved; cache is set */
} qni_fit_asked;

#define QNI_FIT_KEY_SIZE 80

/* The key under which the result is kept. Errors: QN_NOMEM. */
qn_status qni_fit_key(char out[QNI_FIT_KEY_SIZE], const qni_fit_asked *asked, qn_error *err);

/* The result kept under the key; NULL: there is none, or what there is cannot be used, which is logged. Errors:
 * QN_NOMEM, QN_BUDGET. */
qn_status qni_fit_cached_get(qn_fit_result **out, const char *key, const qni_fit_asked *asked,
                             const qn_allocator *allocator, qn_error *err);

/* Keeps a result, if it is one that another fit would come to as well. What fails is logged. */
void qni_fit_cached_put(const char *key, const qni_fit_asked *asked, const qn_fit_result *result,
                        const qn_allocator *allocator);

#endif
