/* math/simd_avx2.h: the operations of math/simd.h with AVX2 and FMA, four doubles at a time. simd_baseline.h says what
 * each does. */
#ifndef QNI_MATH_SIMD_AVX2_H
#define QNI_MATH_SIMD_AVX2_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include <immintrin.h>

enum {
    VWIDTH = 4
};

typedef __m256d vd;
typedef __m256i vi;
typedef __m256d vm;

static inline vd v_set(double a)
{
    return _mm256_set1_pd(a);
}

static inline vi i_set(int64_t a)
{
    return _mm256_set1_epi64x(a);
}

static inline vd v_load(const double *p)
{
    return _mm256_loadu_pd(p);
}

static inline void v_store(double *p, vd a)
{
    _mm256_storeu_pd(p, a);
}

static inline vi i_first(int64_t n)
{
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_set_epi64x(3, 2, 1, 0));
}

static inline vd v_load_tail(const double *p, int64_t n)
{
    return _mm256_maskload_pd(p, i_first(n));
}

static inline void v_store_tail(double *p, vd a, int64_t n)
{
    _mm256_maskstore_pd(p, i_first(n), a);
}

static inline vi v_as_i(vd a)
{
    return _mm256_castpd_si256(a);
}

static inline vd i_as_v(vi a)
{
    return _mm256_castsi256_pd(a);
}

static inline vd v_lookup(const double *table, vi index)
{
    return _mm256_i64gather_pd(table, index, 8);
}

static inline vd v_add(vd a, vd b)
{
    return _mm256_add_pd(a, b);
}

static inline vd v_sub(vd a, vd b)
{
    return _mm256_sub_pd(a, b);
}

static inline vd v_mul(vd a, vd b)
{
    return _mm256_mul_pd(a, b);
}

static inline vd v_div(vd a, vd b)
{
    return _mm256_div_pd(a, b);
}

static inline vd v_sqrt(vd a)
{
    return _mm256_sqrt_pd(a);
}

static inline vd v_fma(vd a, vd b, vd c)
{
    return _mm256_fmadd_pd(a, b, c);
}

static inline vd v_fms(vd a, vd b, vd c)
{
    return _mm256_fmsub_pd(a, b, c);
}

static inline vd v_fnma(vd a, vd b, vd c)
{
    return _mm256_fnmadd_pd(a, b, c);
}

static inline vd v_floor(vd a)
{
    return _mm256_round_pd(a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}

static inline vd v_ceil(vd a)
{
    return _mm256_round_pd(a, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
}

static inline vd v_trunc(vd a)
{
    return _mm256_round_pd(a, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}

static inline vd v_round(vd a)
{
    return _mm256_round_pd(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

static inline vm v_lt(vd a, vd b)
{
    return _mm256_cmp_pd(a, b, _CMP_LT_OQ);
}

static inline vm v_le(vd a, vd b)
{
    return _mm256_cmp_pd(a, b, _CMP_LE_OQ);
}

static inline vm v_gt(vd a, vd b)
{
    return _mm256_cmp_pd(a, b, _CMP_GT_OQ);
}

static inline vm v_ge(vd a, vd b)
{
    return _mm256_cmp_pd(a, b, _CMP_GE_OQ);
}

static inline vm v_eq(vd a, vd b)
{
    return _mm256_cmp_pd(a, b, _CMP_EQ_OQ);
}

static inline vm v_ne(vd a, vd b)
{
    return _mm256_cmp_pd(a, b, _CMP_NEQ_UQ);
}

static inline vm m_and(vm a, vm b)
{
    return _mm256_and_pd(a, b);
}

static inline vm m_or(vm a, vm b)
{
    return _mm256_or_pd(a, b);
}

static inline vm m_not(vm a)
{
    return _mm256_xor_pd(a, _mm256_castsi256_pd(_mm256_set1_epi64x(-1)));
}

static inline bool m_any(vm a)
{
    return _mm256_movemask_pd(a) != 0;
}

static inline vd v_select(vm m, vd a, vd b)
{
    return _mm256_blendv_pd(b, a, m);
}

static inline vi i_select(vm m, vi a, vi b)
{
    return _mm256_blendv_epi8(b, a, _mm256_castpd_si256(m));
}

static inline vd v_where(vm m, vd a)
{
    return _mm256_and_pd(m, a);
}

static inline vd v_unless(vm m, vd a)
{
    return _mm256_andnot_pd(m, a);
}

static inline vd v_and(vd a, vd b)
{
    return _mm256_and_pd(a, b);
}

static inline vd v_or(vd a, vd b)
{
    return _mm256_or_pd(a, b);
}

static inline vd v_xor(vd a, vd b)
{
    return _mm256_xor_pd(a, b);
}

static inline vd v_clear(vd a, vd b)
{
    return _mm256_andnot_pd(a, b);
}

static inline vi i_add(vi a, vi b)
{
    return _mm256_add_epi64(a, b);
}

static inline vi i_sub(vi a, vi b)
{
    return _mm256_sub_epi64(a, b);
}

static inline vi i_and(vi a, vi b)
{
    return _mm256_and_si256(a, b);
}

static inline vi i_or(vi a, vi b)
{
    return _mm256_or_si256(a, b);
}

static inline vi i_shl(vi a, int n)
{
    return _mm256_slli_epi64(a, n);
}

static inline vi i_shr(vi a, int n)
{
    return _mm256_srli_epi64(a, n);
}

static inline vm i_eq(vi a, vi b)
{
    return _mm256_castsi256_pd(_mm256_cmpeq_epi64(a, b));
}

static inline vm i_gt(vi a, vi b)
{
    return _mm256_castsi256_pd(_mm256_cmpgt_epi64(a, b));
}

#endif
