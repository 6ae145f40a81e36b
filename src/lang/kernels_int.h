/* lang/kernels_int.h: each operation on blocks, generated from the table for one processor level, which the including
 * file names (math/simd.h). It defines the kernels as QNI_KERNELS.
 *
 * Elements never meet, so a result does not depend on how rows are cut into blocks: what is left over at the end is
 * computed as one more vector. */
#ifndef QNI_LANG_KERNELS_INT_H
#define QNI_LANG_KERNELS_INT_H

#include "lang/ops_int.h"
#include "math/vector_arc.h"
#include "math/vector_basic.h"
#include "math/vector_bessel.h"
#include "math/vector_error.h"
#include "math/vector_exp.h"
#include "math/vector_gamma.h"
#include "math/vector_log.h"
#include "math/vector_power.h"
#include "math/vector_trig.h"

#define NONE_OPERAND(p)   v_set(0)
#define EACH_OPERAND(p)   v_load((p) + i)
#define SHARED_OPERAND(p) v_set(*(p))

/* The operands of the last, incomplete vector. */
#define NONE_REST(p, q)   (p)
#define EACH_REST(p, q)   (v_store((q), v_load_tail((p) + i, n - i)), (q))
#define SHARED_REST(p, q) (p)

/* clang-format off */
/* Where a row's kind is CHECKED: the result, unless it is NaN. */
#define QUICK_ZMUL    v_mul(a, b)
#define QUICK_ZDIV    v_div(a, b)
#define QUICK_ZMULADD v_add(v_mul(a, b), c)
#define QUICK_NEGZMUL v_neg(v_mul(a, b))
#define QUICK_ZMUL3   v_mul(v_mul(a, b), c)

#define EACH_VECTOR(statement)                                                                                         \
    for (int64_t i = 0; i + VWIDTH <= n; i += VWIDTH) {                                                                \
        statement                                                                                                      \
    }
#define VECTORS(NAME, A, B, C)                                                                                         \
    EACH_VECTOR(v_store(d + i, NAME##_one(A##_OPERAND(pa), B##_OPERAND(pb), C##_OPERAND(pc)));)

#define VECTORS_OPERATOR VECTORS
#define VECTORS_FUNCTION VECTORS
#define VECTORS_INTERNAL VECTORS
#define VECTORS_FUSED    VECTORS
#define VECTORS_CHECKED(NAME, A, B, C)                                                                                 \
    vm odd = v_isnan(v_set(0));                                                                                        \
    EACH_VECTOR(vd r = NAME##_quick(A##_OPERAND(pa), B##_OPERAND(pb), C##_OPERAND(pc));                                \
                odd = m_or(odd, v_isnan(r));                                                                           \
                v_store(d + i, r);)                                                                                    \
    if (m_any(odd)) {                                                                                                  \
        VECTORS(NAME, A, B, C)                                                                                         \
    }

/* The rest is out of the loop's way: its buffers would give every call a frame. */
#define KERNEL(NAME, kind, form, A, B, C)                                                                              \
    static void NAME##_##form(double *restrict d, const double *pa, const double *pb, const double *pc, int64_t n);    \
    static __attribute__((noinline)) void NAME##_rest_##form(double *restrict d, const double *pa, const double *pb,   \
                                                             const double *pc, int64_t n)                              \
    {                                                                                                                  \
        int64_t i = n - n % VWIDTH;                                                                                    \
        double qd[VWIDTH], qa[VWIDTH], qb[VWIDTH], qc[VWIDTH];                                                         \
        (void)qa;                                                                                                      \
        (void)qb;                                                                                                      \
        (void)qc;                                                                                                      \
        NAME##_##form(qd, A##_REST(pa, qa), B##_REST(pb, qb), C##_REST(pc, qc), VWIDTH);                               \
        v_store_tail(d + i, v_load(qd), n - i);                                                                        \
    }                                                                                                                  \
    static void NAME##_##form(double *restrict d, const double *pa, const double *pb, const double *pc, int64_t n)     \
    {                                                                                                                  \
        (void)pa;                                                                                                      \
        (void)pb;                                                                                                      \
        (void)pc;                                                                                                      \
        VECTORS_##kind(NAME, A, B, C)                                                                                  \
        if (VWIDTH > 1 && n % VWIDTH != 0)                                                                             \
            NAME##_rest_##form(d, pa, pb, pc, n);                                                                      \
    }

#define FORMS_1(NAME, kind)                                                                                            \
    KERNEL(NAME, kind, 0, EACH, NONE, NONE)
#define FORMS_2(NAME, kind)                                                                                            \
    KERNEL(NAME, kind, 0, EACH, EACH, NONE)                                                                            \
    KERNEL(NAME, kind, 1, SHARED, EACH, NONE)                                                                          \
    KERNEL(NAME, kind, 2, EACH, SHARED, NONE)
#define FORMS_3(NAME, kind)                                                                                            \
    KERNEL(NAME, kind, 0, EACH, EACH, EACH)                                                                            \
    KERNEL(NAME, kind, 1, SHARED, EACH, EACH)                                                                          \
    KERNEL(NAME, kind, 2, EACH, SHARED, EACH)                                                                          \
    KERNEL(NAME, kind, 3, SHARED, SHARED, EACH)                                                                        \
    KERNEL(NAME, kind, 4, EACH, EACH, SHARED)                                                                          \
    KERNEL(NAME, kind, 5, SHARED, EACH, SHARED)                                                                        \
    KERNEL(NAME, kind, 6, EACH, SHARED, SHARED)

#define ONE(NAME, suffix, value)                                                                                       \
    static inline vd NAME##_##suffix(vd a, vd b, vd c)                                                                 \
    {                                                                                                                  \
        (void)b;                                                                                                       \
        (void)c;                                                                                                       \
        return value;                                                                                                  \
    }
#define QUICK_OPERATOR(NAME)
#define QUICK_FUNCTION(NAME)
#define QUICK_INTERNAL(NAME)
#define QUICK_FUSED(NAME)
#define QUICK_CHECKED(NAME) ONE(NAME, quick, QUICK_##NAME)
#define DEFINE(NAME, arity, kind, text, value, ...)                                                                    \
    ONE(NAME, one, value)                                                                                              \
    QUICK_##kind(NAME)                                                                                                 \
    FORMS_##arity(NAME, kind)
QNI_OP_LIST(DEFINE)

#define ENTRY_1(NAME) {NAME##_0}
#define ENTRY_2(NAME) {NAME##_0, NAME##_1, NAME##_2}
#define ENTRY_3(NAME) {NAME##_0, NAME##_1, NAME##_2, NAME##_3, NAME##_4, NAME##_5, NAME##_6}
#define ENTRY(NAME, arity, ...) [QNI_OP_##NAME] = ENTRY_##arity(NAME),

static void fill(double *restrict d, const double *a, const double *b, const double *c, int64_t n)
{
    (void)b;
    (void)c;
    vd all = v_set(*a);
    int64_t i = 0;
    for (; i + VWIDTH <= n; i += VWIDTH)
        v_store(d + i, all);
    for (; i < n; i++)
        d[i] = *a;
}

const qni_kernels QNI_KERNELS = {.fill = fill, .table = {QNI_OP_LIST(ENTRY)}};
/* clang-format on */

#endif
