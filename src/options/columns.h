/* options/columns.h: a batch of options, cut into blocks of columns that kernels read.
 *
 * A column with one number for all is spread over a block once; the others are read where they lie, but for the last
 * block, which is padded with copies of its first option. Nothing is allocated. */
#ifndef QNI_OPTIONS_COLUMNS_H
#define QNI_OPTIONS_COLUMNS_H

#include <quern/option.h>

#include "options/limits.h"

typedef enum qni_option_column {
    QNI_COLUMN_UNDERLYING, /* forward or spot */
    QNI_COLUMN_STRIKE,
    QNI_COLUMN_YEARS,
    QNI_COLUMN_RATE,
    QNI_COLUMN_YIELD,
    QNI_COLUMN_SIGMA,
    QNI_COLUMN_PRICE, /* that a volatility is asked for */
    QNI_COLUMN_COUNT
} qni_option_column;

/* Some options in a row. Kernels may read and write `padded` numbers of each column. */
typedef struct qni_option_block {
    int64_t first, count;
    int64_t padded;                         /* count, rounded up to QNI_OPTION_LANES; QNI_OPTION_BLOCK at most */
    bool spot;                              /* the underlying's price now, not its forward */
    bool discounted;                        /* a rate is given */
    const double *type;                     /* 1 call, -1 put; anything else is a mistake */
    const double *column[QNI_COLUMN_COUNT]; /* rate and yield: zeros where they are not given */
} qni_option_block;

/* A walk over a batch. Large: on the stack of one function. */
typedef struct qni_option_walk {
    qni_option_block block; /* the present one */
    int64_t count;
    const int8_t *types; /* NULL: one for all */
    qn_numbers given[QNI_COLUMN_COUNT];
    double type[QNI_OPTION_BLOCK];
    double own[QNI_COLUMN_COUNT][QNI_OPTION_BLOCK]; /* numbers that are spread or padded */
} qni_option_walk;

/* Begins with no block. `column` is what the batch must have beside underlying, strike and years: QNI_COLUMN_SIGMA, or
 * QNI_COLUMN_PRICE, whose numbers are `price`. The batch is borrowed. Errors: QN_INVALID (a message that names the
 * field). */
QN_MUST_USE qn_status qni_option_walk_begin(qni_option_walk *out, const qn_option_batch *batch,
                                            qni_option_column column, const double *price, qn_error *err);

/* Goes to the next block; false: there is none. */
bool qni_option_walk_next(qni_option_walk *walk);

#endif
