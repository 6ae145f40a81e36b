/* math/numerics.c: the kernels of plain arrays by processor level, and the functions whose elements do not meet, or
 * meet in one row only. Any thread. */
#include "math/numerics_int.h"

#include <inttypes.h>
#include <math.h>

#include "base/cpu.h"
#include "base/error.h"

enum {
    ROWS = 8 /* of a matrix at once */
};

#ifdef __x86_64__
extern const qni_numerics_kernels qni_numerics_avx2, qni_numerics_avx512;
#endif

const qni_numerics_kernels *qni_numerics_kernels_of(int level)
{
#ifdef __x86_64__
    if (level == QNI_CPU_AVX512)
        return &qni_numerics_avx512;
    if (level == QNI_CPU_AVX2)
        return &qni_numerics_avx2;
#endif
    (void)level;
    return &qni_numerics_baseline;
}

static qn_status check_array(const void *x, int64_t count, qn_error *err)
{
    if (count < 0)
        return qni_error(err, QN_INVALID, "an array cannot have %" PRId64 " numbers", count);
    if (x == NULL && count > 0)
        return qni_error(err, QN_INVALID, "NULL is no array of %" PRId64 " numbers", count);
    return QN_OK;
}

qn_status qni_numerics_level(int *out, const void *x, int64_t count, qn_error *err)
{
    qn_status s = check_array(x, count, err);
    return s == QN_OK ? qni_cpu_level(out, err) : s;
}

qn_status qn_tanh(double *x, int64_t count, qn_error *err)
{
    int level;
    qn_status s = qni_numerics_level(&level, x, count, err);
    if (s == QN_OK)
        qni_numerics_kernels_of(level)->tanh_of(x, count);
    return s;
}

qn_status qn_sigmoid(double *x, int64_t count, qn_error *err)
{
    int level;
    qn_status s = qni_numerics_level(&level, x, count, err);
    if (s == QN_OK)
        qni_numerics_kernels_of(level)->sigmoid_of(x, count);
    return s;
}

qn_status qn_clip(double *x, int64_t count, double low, double high, qn_error *err)
{
    if (!(low <= high)) /* NaN too */
        return qni_error(err, QN_INVALID, "no number is between %g and %g: the lower bound comes first", low, high);
    int level;
    qn_status s = qni_numerics_level(&level, x, count, err);
    if (s == QN_OK)
        qni_numerics_kernels_of(level)->clip(x, low, high, count);
    return s;
}

qn_status qn_score_columns(double *scores, const double *const *columns, int64_t column_count, const double *weights,
                           double bias, int64_t count, qn_error *err)
{
    int level;
    if (column_count < 0 || (column_count > 0 && (columns == NULL || weights == NULL)))
        return qni_error(err, QN_INVALID, "%" PRId64 " columns need as many addresses and weights", column_count);
    qn_status s = qni_numerics_level(&level, scores, count, err);
    for (int64_t k = 0; s == QN_OK && k < column_count && count > 0; k++) {
        if (columns[k] == NULL)
            return qni_error(err, QN_INVALID, "column %" PRId64 " of %" PRId64 " is NULL", k, column_count);
    }
    if (s == QN_OK)
        qni_numerics_kernels_of(level)->score_columns(scores, columns, column_count, weights, bias, count);
    return s;
}

static qn_status check_matrix(const double *matrix, int64_t rows, int64_t columns, int64_t stride,
                              const double *weights, qn_error *err)
{
    if (columns < 0 || stride < columns)
        return qni_error(err, QN_INVALID, "rows of %" PRId64 " numbers cannot begin %" PRId64 " numbers apart", columns,
                         stride);
    if (rows > 0 && columns > 0 && (matrix == NULL || weights == NULL))
        return qni_error(err, QN_INVALID, "a score of %" PRId64 " columns needs a matrix and weights, none NULL",
                         columns);
    return QN_OK;
}

/* Scores of `count` rows, a constant, at most ROWS, whose sums do not wait for each other. All of them are read before
 * a score is written: scores lie before all later rows, also where they are written into the matrix. Vectors gain
 * nothing here: to bring rows into lanes takes as long as to add them. */
static inline __attribute__((always_inline)) void score_some(double *scores, const double *row, int count,
                                                             int64_t columns, int64_t stride, const double *weights,
                                                             double bias)
{
    double sum[ROWS];
#pragma GCC unroll 8
    for (int r = 0; r < count; r++)
        sum[r] = bias;
    for (int64_t k = 0; k < columns; k++) {
        double weight = weights[k];
#pragma GCC unroll 8
        for (int r = 0; r < count; r++)
            sum[r] += weight * row[r * stride + k];
    }
    for (int r = 0; r < count; r++)
        scores[r] = sum[r];
}

qn_status qn_score_rows(double *scores, const double *matrix, int64_t rows, int64_t columns, int64_t stride,
                        const double *weights, double bias, qn_error *err)
{
    qn_status s = check_matrix(matrix, rows, columns, stride, weights, err);
    if (s == QN_OK)
        s = check_array(scores, rows, err);
    if (s != QN_OK)
        return s;
    int64_t i = 0;
    for (; i + ROWS <= rows; i += ROWS)
        score_some(scores + i, matrix + i * stride, ROWS, columns, stride, weights, bias);
    for (; i < rows; i++)
        score_some(scores + i, matrix + i * stride, 1, columns, stride, weights, bias);
    return QN_OK;
}
