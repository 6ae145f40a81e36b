/* math/simd_baseline.h: the operations of math/simd.h in plain C, one double at a time. */
#ifndef QNI_MATH_SIMD_BASELINE_H
#define QNI_MATH_SIMD_BASELINE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    VWIDTH = 1
};

typedef double vd;
typedef int64_t vi;
typedef bool vm;

static inline vd v_set(double a)
{
    return a;
}

static inline vi i_set(int64_t a)
{
    return a;
}

static inline vd v_load(const double *p)
{
    return *p;
}

static inline void v_store(double *p, vd a)
{
    *p = a;
}

/* The first n of VWIDTH lanes, 0 < n < VWIDTH; the others are loaded as 0 and not stored. */
static inline vd v_load_tail(const double *p, int64_t n)
{
    (void)n;
    return *p;
}

static inline void v_store_tail(double *p, vd a, int64_t n)
{
    (void)n;
    *p = a;
}

static inline vi v_as_i(vd a)
{
    vi b;
    memcpy(&b, &a, sizeof b);
    return b;
}

static inline vd i_as_v(vi a)
{
    vd b;
    memcpy(&b, &a, sizeof b);
    return b;
}

/* table[index] */
static inline vd v_lookup(const double *table, vi index)
{
    return table[index];
}

static inline vd v_add(vd a, vd b)
{
    return a + b;
}

static inline vd v_sub(vd a, vd b)
{
    return a - b;
}

static inline vd v_mul(vd a, vd b)
{
    return a * b;
}

static inline vd v_div(vd a, vd b)
{
    return a / b;
}

static inline vd v_sqrt(vd a)
{
    return sqrt(a);
}

/* a b + c, a b - c, c - a b, each rounded once. */
static inline vd v_fma(vd a, vd b, vd c)
{
    return fma(a, b, c);
}

static inline vd v_fms(vd a, vd b, vd c)
{
    return fma(a, b, -c);
}

static inline vd v_fnma(vd a, vd b, vd c)
{
    return fma(-a, b, c);
}

static inline vd v_floor(vd a)
{
    return floor(a);
}

static inline vd v_ceil(vd a)
{
    return ceil(a);
}

static inline vd v_trunc(vd a)
{
    return trunc(a);
}

/* To the nearest integer, ties to even. */
static inline vd v_round(vd a)
{
    return rint(a);
}

static inline vm v_lt(vd a, vd b)
{
    return a < b;
}

static inline vm v_le(vd a, vd b)
{
    return a <= b;
}

static inline vm v_gt(vd a, vd b)
{
    return a > b;
}

static inline vm v_ge(vd a, vd b)
{
    return a >= b;
}

static inline vm v_eq(vd a, vd b)
{
    return a == b;
}

static inline vm v_ne(vd a, vd b)
{
    return a != b;
}

static inline vm m_and(vm a, vm b)
{
    return (a & b) != 0;
}

static inline vm m_or(vm a, vm b)
{
    return (a | b) != 0;
}

static inline vm m_not(vm a)
{
    return !a;
}

static inline bool m_any(vm a)
{
    return a;
}

/* m ? a : b */
static inline vd v_select(vm m, vd a, vd b)
{
    return m ? a : b;
}

static inline vi i_select(vm m, vi a, vi b)
{
    return m ? a : b;
}

/* m ? a : 0, m ? 0 : a */
static inline vd v_where(vm m, vd a)
{
    return m ? a : 0;
}

static inline vd v_unless(vm m, vd a)
{
    return m ? 0 : a;
}

static inline vd v_and(vd a, vd b)
{
    return i_as_v(v_as_i(a) & v_as_i(b));
}

static inline vd v_or(vd a, vd b)
{
    return i_as_v(v_as_i(a) | v_as_i(b));
}

static inline vd v_xor(vd a, vd b)
{
    return i_as_v(v_as_i(a) ^ v_as_i(b));
}

/* The bits of b that are not set in a. */
static inline vd v_clear(vd a, vd b)
{
    return i_as_v(~v_as_i(a) & v_as_i(b));
}

static inline vi i_add(vi a, vi b)
{
    return (vi)((uint64_t)a + (uint64_t)b);
}

static inline vi i_sub(vi a, vi b)
{
    return (vi)((uint64_t)a - (uint64_t)b);
}

static inline vi i_and(vi a, vi b)
{
    return a & b;
}

static inline vi i_or(vi a, vi b)
{
    return a | b;
}

/* Shifts by a constant; the right one brings in zeros. */
static inline vi i_shl(vi a, int n)
{
    return (vi)((uint64_t)a << n);
}

static inline vi i_shr(vi a, int n)
{
    return (vi)((uint64_t)a >> n);
}

static inline vm i_eq(vi a, vi b)
{
    return a == b;
}

static inline vm i_gt(vi a, vi b)
{
    return a > b;
}

#endif
