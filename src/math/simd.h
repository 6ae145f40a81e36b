/* math/simd.h: the operations of vector code, once for every processor level.
 *
 * A file that includes this header is compiled for one level, which it names first: QNI_SIMD_LEVEL 0, also where it
 * names none, is the baseline (one double at a time, plain C), 1 AVX2 with FMA (four), 2 AVX-512 F, DQ and VL (eight).
 * All operations give the same bits at every level, lane by lane, so what is composed of them does, too. At the
 * baseline v_fma is the C library's fma(): rounded once, slow where the processor has no such instruction.
 *
 *   vd  doubles      v_…     vi  64-bit integers      i_…     vm  what a comparison gives      m_…
 *
 * Comparisons are false for NaN, but v_ne. Everything is static inline: object files of different levels share no
 * code. Any thread. */
#ifndef QNI_MATH_SIMD_H
#define QNI_MATH_SIMD_H

#include <stdbool.h>
#include <stdint.h>

#ifndef QNI_SIMD_LEVEL
#define QNI_SIMD_LEVEL 0
#endif

#if QNI_SIMD_LEVEL == 0
#include "math/simd_baseline.h"
#elif QNI_SIMD_LEVEL == 1
#include "math/simd_avx2.h"
#else
#include "math/simd_avx512.h"
#endif

/* What is composed of the level's own operations. */

static inline vd v_neg(vd a)
{
    return v_xor(a, v_set(-0.0));
}

static inline vd v_abs(vd a)
{
    return v_clear(v_set(-0.0), a);
}

/* The sign bit of b on the magnitude of a. */
static inline vd v_copysign(vd a, vd b)
{
    return v_or(v_abs(a), v_and(v_set(-0.0), b));
}

static inline vm v_isnan(vd a)
{
    return v_ne(a, a);
}

static inline vm v_isinf(vd a)
{
    return v_eq(v_abs(a), v_set((double)INFINITY));
}

/* Integers of at most 51 bits to doubles and back, exactly; v_to_i rounds to the nearest, ties to even. Other values
 * give no sense, but no fault. */
#define QNI_SIMD_SHIFT 0x1.8p52

static inline vd i_to_v(vi a)
{
    return v_sub(i_as_v(i_add(a, i_set(INT64_C(0x4338000000000000)))), v_set(QNI_SIMD_SHIFT));
}

static inline vi v_to_i(vd a)
{
    return i_sub(v_as_i(v_add(a, v_set(QNI_SIMD_SHIFT))), i_set(INT64_C(0x4338000000000000)));
}

/* 2^n for -1022 <= n <= 1023. */
static inline vd v_pow2(vi n)
{
    return i_as_v(i_shl(i_add(n, i_set(1023)), 52));
}

/* a 2^n for |n| <= 2044, rounded once where the result is subnormal and a is not. */
static inline vd v_scale(vd a, vi n)
{
    vi half = i_sub(i_shr(i_add(n, i_set(4096)), 1), i_set(2048)); /* floor(n / 2) */
    return v_mul(v_mul(a, v_pow2(half)), v_pow2(i_sub(n, half)));
}

#endif
