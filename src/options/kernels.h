/* options/kernels.h: what is done to blocks of options, by processor level. Every level gives the same bits.
 *
 * Kernels know nothing of the caller's steps and tails (options/columns.h): each column has block->padded numbers, and
 * so has each result. Nothing allocates. Any thread. */
#ifndef QNI_OPTIONS_KERNELS_H
#define QNI_OPTIONS_KERNELS_H

#include "options/american_int.h"
#include "options/columns.h"
#include "options/svi_int.h"

/* The results of qn_option_results, in its order. */
enum {
    QNI_RESULT_PRICE,
    QNI_RESULT_DELTA,
    QNI_RESULT_GAMMA,
    QNI_RESULT_VEGA,
    QNI_RESULT_THETA,
    QNI_RESULT_RHO,
    QNI_RESULT_VANNA,
    QNI_RESULT_VOLGA,
    QNI_RESULT_CHARM,
    QNI_RESULT_COUNT
};

typedef struct qni_option_kernels {
    /* out[k] (padded), NULL: not wanted; may be a column of the block. status (padded): the qn_option_status of each;
     * where it is not OK, the results are any. True where one is not. */
    bool (*price)(double *const out[QNI_RESULT_COUNT], double *status, const qni_option_block *block);
    qni_american_solve *american;
    qni_american_premiums *premiums;
    qni_american_bounds *bounds;
    /* sigma (padded): the volatilities that give the prices; may be a column of the block. status as above, and where
     * it is not OK, NaN, or what qn_black_implied says of `bound`. True where one is not. */
    bool (*implied)(double *sigma, double *status, const qni_option_block *block, bool bound);
    qni_svi_sum *svi, *svi_cost;
} qni_option_kernels;

/* Those of a processor level (base/cpu.h), which this machine must have. */
const qni_option_kernels *qni_option_kernels_of(int level);

extern const qni_option_kernels qni_option_baseline;

#endif
