/* options/implied.c: implied volatilities of European options. Any thread. */
#include <quern/black.h>

#include <string.h>

#include "base/cpu.h"
#include "options/kernels.h"

/* The statuses of a block to where they are wanted. */
static void finish(uint8_t *out, const double *status, int64_t count, bool trouble)
{
    if (!trouble) {
        memset(out, QN_OPTION_OK, (size_t)count);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        out[i] = (uint8_t)status[i];
}

qn_status qn_black_implied(double *sigma, uint8_t *status, const qn_option_batch *batch, const double *price,
                           bool bound, qn_error *err)
{
    qni_option_walk walk;
    int level;
    qn_status s = qni_option_walk_begin(&walk, batch, QNI_COLUMN_PRICE, price, err);
    if (s == QN_OK)
        s = qni_cpu_level(&level, err);
    if (s != QN_OK)
        return s;
    const qni_option_kernels *kernels = qni_option_kernels_of(level);
    double status_of[QNI_OPTION_BLOCK], own[QNI_OPTION_BLOCK] = {0};
    while (qni_option_walk_next(&walk)) {
        const qni_option_block *b = &walk.block;
        bool whole = b->padded == b->count;
        double *out = whole ? sigma + b->first : own;
        bool trouble = kernels->implied(out, status_of, b, bound);
        if (!whole)
            memcpy(sigma + b->first, out, (size_t)b->count * sizeof *out);
        if (status != NULL)
            finish(status + b->first, status_of, b->count, trouble);
    }
    return QN_OK;
}

qn_option_status qn_black_implied_one(double *sigma, double price, double forward, double strike, double years,
                                      qn_option_type type)
{
    const double nothing[QNI_OPTION_LANES] = {0};
    double numbers[4][QNI_OPTION_LANES], types[QNI_OPTION_LANES], out[QNI_OPTION_LANES], status[QNI_OPTION_LANES];
    for (int i = 0; i < QNI_OPTION_LANES; i++) {
        numbers[0][i] = forward;
        numbers[1][i] = strike;
        numbers[2][i] = years;
        numbers[3][i] = price;
        types[i] = type;
    }
    int level = qni_cpu_best();
    const qni_option_block block = {
        .count = 1,
        .padded = level == QNI_CPU_AVX512 ? 8
                  : level == QNI_CPU_AVX2 ? 4
                                          : 1,
        .type = types,
        .column = {[QNI_COLUMN_UNDERLYING] = numbers[0],
                   [QNI_COLUMN_STRIKE] = numbers[1],
                   [QNI_COLUMN_YEARS] = numbers[2],
                   [QNI_COLUMN_RATE] = nothing,
                   [QNI_COLUMN_YIELD] = nothing,
                   [QNI_COLUMN_PRICE] = numbers[3]},
    };
    qni_option_kernels_of(level)->implied(out, status, &block, false);
    *sigma = *out;
    return (qn_option_status)*status;
}
