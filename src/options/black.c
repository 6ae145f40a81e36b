/* options/black.c: prices and derivatives of European options. Any thread. */
#include <quern/black.h>

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/options.h"
#include "options/kernels.h"

/* Where the results of a batch go, and of its last block. */
typedef struct price_out {
    double *whole[QNI_RESULT_COUNT]; /* the caller's; NULL: not wanted */
    uint8_t *status;
    double status_of[QNI_OPTION_BLOCK];
    double own[QNI_RESULT_COUNT][QNI_OPTION_BLOCK]; /* for a block whose columns are padded */
} price_out;

static qn_status begin(price_out *out, const qn_option_results *results, qn_error *err)
{
    qn_option_results r;
    qn_status s = qni_options_copy(&r, (int64_t)sizeof r, results, "qn_option_results", err);
    double *const whole[QNI_RESULT_COUNT] = {
        [QNI_RESULT_PRICE] = r.price, [QNI_RESULT_DELTA] = r.delta, [QNI_RESULT_GAMMA] = r.gamma,
        [QNI_RESULT_VEGA] = r.vega,   [QNI_RESULT_THETA] = r.theta, [QNI_RESULT_RHO] = r.rho,
        [QNI_RESULT_VANNA] = r.vanna, [QNI_RESULT_VOLGA] = r.volga, [QNI_RESULT_CHARM] = r.charm,
    };
    memcpy(out->whole, whole, sizeof whole);
    out->status = r.status;
    return s;
}

/* Statuses to where they are wanted, and NaN to the results of all that are not OK. */
static void finish(const price_out *out, double *const results[QNI_RESULT_COUNT], const qni_option_block *b,
                   bool trouble)
{
    if (!trouble) {
        if (out->status != NULL)
            memset(out->status + b->first, QN_OPTION_OK, (size_t)b->count);
        return;
    }
    for (int64_t i = 0; i < b->count; i++) {
        if (out->status != NULL)
            out->status[b->first + i] = (uint8_t)out->status_of[i];
        for (int k = 0; k < QNI_RESULT_COUNT && out->status_of[i] != QN_OPTION_OK; k++) {
            if (results[k] != NULL)
                results[k][i] = (double)NAN;
        }
    }
}

static void price_block(price_out *out, const qni_option_kernels *kernels, const qni_option_block *b)
{
    double *results[QNI_RESULT_COUNT];
    for (int k = 0; k < QNI_RESULT_COUNT; k++) {
        bool own = out->whole[k] != NULL && b->padded != b->count;
        results[k] = own ? out->own[k] : out->whole[k] != NULL ? out->whole[k] + b->first : NULL;
    }
    bool trouble = kernels->price(results, out->status_of, b);
    finish(out, results, b, trouble);
    for (int k = 0; k < QNI_RESULT_COUNT; k++) {
        if (results[k] == out->own[k])
            memcpy(out->whole[k] + b->first, out->own[k], (size_t)b->count * sizeof(double));
    }
}

qn_status qn_black_price(const qn_option_results *results, const qn_option_batch *batch, qn_error *err)
{
    price_out out;
    qni_option_walk walk;
    int level;
    qn_status s = begin(&out, results, err);
    if (s == QN_OK)
        s = qni_option_walk_begin(&walk, batch, QNI_COLUMN_SIGMA, NULL, err);
    if (s == QN_OK)
        s = qni_cpu_level(&level, err);
    if (s != QN_OK)
        return s;
    const qni_option_kernels *kernels = qni_option_kernels_of(level);
    while (qni_option_walk_next(&walk))
        price_block(&out, kernels, &walk.block);
    return QN_OK;
}

double qn_black(double forward, double strike, double years, double sigma, qn_option_type type)
{
    const double nothing[QNI_OPTION_LANES] = {0};
    double numbers[4][QNI_OPTION_LANES], types[QNI_OPTION_LANES], price[QNI_OPTION_LANES] = {0},
                                                                  status[QNI_OPTION_LANES];
    for (int i = 0; i < QNI_OPTION_LANES; i++) {
        numbers[0][i] = forward;
        numbers[1][i] = strike;
        numbers[2][i] = years;
        numbers[3][i] = sigma;
        types[i] = type;
    }
    int level = qni_cpu_best();
    const int64_t lanes = level == QNI_CPU_AVX512 ? 8 : level == QNI_CPU_AVX2 ? 4 : 1;
    const qni_option_block block = {
        .count = 1,
        .padded = lanes,
        .type = types,
        .column = {numbers[0], numbers[1], numbers[2], nothing, nothing, numbers[3]},
    };
    double *const out[QNI_RESULT_COUNT] = {price};
    bool trouble = qni_option_kernels_of(level)->price(out, status, &block);
    return trouble ? (double)NAN : *price;
}
