/* math/simd_avx512.h: the operations of math/simd.h with AVX-512 F, DQ and VL, eight doubles at a time.
 * simd_baseline.h says what each does. */
#ifndef QNI_MATH_SIMD_AVX512_H
#define QNI_MATH_SIMD_AVX512_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef QNI_SIMD_EMULATED /* a test on a processor without AVX-512 */
#include QNI_SIMD_EMULATED
#else
#include <immintrin.h>
#endif

enum {
    VWIDTH = 8
};

typedef __m512d vd;
typedef __m512i vi;
typedef __mmask8 vm;

static inline vd v_set(double a)
{
    return _mm512_set1_pd(a);
}

static inline vi i_set(int64_t a)
{
    return _mm512_set1_epi64(a);
}

static inline vd v_load(const double *p)
{
    return _mm512_loadu_pd(p);
}

static inline void v_store(double *p, vd a)
{
    _mm512_storeu_pd(p, a);
}

static inline vm m_first(int64_t n)
{
    return (vm)((1u << n) - 1);
}

static inline vd v_load_tail(const double *p, int64_t n)
{
    return _mm512_maskz_loadu_pd(m_first(n), p);
}

static inline void v_store_tail(double *p, vd a, int64_t n)
{
    _mm512_mask_storeu_pd(p, m_first(n), a);
}

static inline vi v_as_i(vd a)
{
    return _mm512_castpd_si512(a);
}

static inline vd i_as_v(vi a)
{
    return _mm512_castsi512_pd(a);
}

static inline vd v_lookup(const double *table, vi index)
{
    return _mm512_i64gather_pd(index, table, 8);
}

static inline vd v_add(vd a, vd b)
{
    return _mm512_add_pd(a, b);
}

static inline vd v_sub(vd a, vd b)
{
    return _mm512_sub_pd(a, b);
}

static inline vd v_mul(vd a, vd b)
{
    return _mm512_mul_pd(a, b);
}

static inline vd v_div(vd a, vd b)
{
    return _mm512_div_pd(a, b);
}

static inline vd v_sqrt(vd a)
{
    return _mm512_sqrt_pd(a);
}

static inline vd v_fma(vd a, vd b, vd c)
{
    return _mm512_fmadd_pd(a, b, c);
}

static inline vd v_fms(vd a, vd b, vd c)
{
    return _mm512_fmsub_pd(a, b, c);
}

static inline vd v_fnma(vd a, vd b, vd c)
{
    return _mm512_fnmadd_pd(a, b, c);
}

static inline vd v_floor(vd a)
{
    return _mm512_roundscale_pd(a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}

static inline vd v_ceil(vd a)
{
    return _mm512_roundscale_pd(a, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
}

static inline vd v_trunc(vd a)
{
    return _mm512_roundscale_pd(a, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}

static inline vd v_round(vd a)
{
    return _mm512_roundscale_pd(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

static inline vm v_lt(vd a, vd b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ);
}

static inline vm v_le(vd a, vd b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_LE_OQ);
}

static inline vm v_gt(vd a, vd b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_GT_OQ);
}

static inline vm v_ge(vd a, vd b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_GE_OQ);
}

static inline vm v_eq(vd a, vd b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ);
}

static inline vm v_ne(vd a, vd b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_NEQ_UQ);
}

static inline vm m_and(vm a, vm b)
{
    return (vm)(a & b);
}

static inline vm m_or(vm a, vm b)
{
    return (vm)(a | b);
}

static inline vm m_not(vm a)
{
    return (vm)~a;
}

static inline bool m_any(vm a)
{
    return a != 0;
}

static inline vd v_select(vm m, vd a, vd b)
{
    return _mm512_mask_blend_pd(m, b, a);
}

static inline vi i_select(vm m, vi a, vi b)
{
    return _mm512_mask_blend_epi64(m, b, a);
}

static inline vd v_where(vm m, vd a)
{
    return _mm512_maskz_mov_pd(m, a);
}

static inline vd v_unless(vm m, vd a)
{
    return _mm512_maskz_mov_pd((vm)~m, a);
}

static inline vd v_and(vd a, vd b)
{
    return _mm512_and_pd(a, b);
}

static inline vd v_or(vd a, vd b)
{
    return _mm512_or_pd(a, b);
}

static inline vd v_xor(vd a, vd b)
{
    return _mm512_xor_pd(a, b);
}

static inline vd v_clear(vd a, vd b)
{
    return _mm512_andnot_pd(a, b);
}

static inline vi i_add(vi a, vi b)
{
    return _mm512_add_epi64(a, b);
}

static inline vi i_sub(vi a, vi b)
{
    return _mm512_sub_epi64(a, b);
}

static inline vi i_and(vi a, vi b)
{
    return _mm512_and_si512(a, b);
}

static inline vi i_or(vi a, vi b)
{
    return _mm512_or_si512(a, b);
}

static inline vi i_shl(vi a, int n)
{
    return _mm512_slli_epi64(a, (unsigned)n);
}

static inline vi i_shr(vi a, int n)
{
    return _mm512_srli_epi64(a, (unsigned)n);
}

static inline vm i_eq(vi a, vi b)
{
    return _mm512_cmpeq_epi64_mask(a, b);
}

static inline vm i_gt(vi a, vi b)
{
    return _mm512_cmpgt_epi64_mask(a, b);
}

#endif
