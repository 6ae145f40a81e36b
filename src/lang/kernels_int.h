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
#define KERNEL(NAME, form, A, B, C)                                                                                    \
    static __attribute__((noinline)) void NAME##_##form(double *restrict d, const double *pa, const double *pb,        \
                                                        const double *pc, int64_t n)                                   \
    {                                                                                                                  \
        (void)pa;                                                                                                      \
        (void)pb;                                                                                                      \
        (void)pc;                                                                                                      \
        int64_t i = 0;                                                                                                 \
        for (; i + VWIDTH <= n; i += VWIDTH)                                                                           \
            v_store(d + i, NAME##_one(A##_OPERAND(pa), B##_OPERAND(pb), C##_OPERAND(pc)));                             \
        if (VWIDTH > 1 && i < n) {                                                                                     \
            double qd[VWIDTH], qa[VWIDTH], qb[VWIDTH], qc[VWIDTH];                                                     \
            (void)qa;                                                                                                  \
            (void)qb;                                                                                                  \
            (void)qc;                                                                                                  \
            NAME##_##form(qd, A##_REST(pa, qa), B##_REST(pb, qb), C##_REST(pc, qc), VWIDTH);                           \
            v_store_tail(d + i, v_load(qd), n - i);                                                                    \
        }                                                                                                              \
    }

#define FORMS_1(NAME)                                                                                                  \
    KERNEL(NAME, 0, EACH, NONE, NONE)
#define FORMS_2(NAME)                                                                                                  \
    KERNEL(NAME, 0, EACH, EACH, NONE)                                                                                  \
    KERNEL(NAME, 1, SHARED, EACH, NONE)                                                                                \
    KERNEL(NAME, 2, EACH, SHARED, NONE)
#define FORMS_3(NAME)                                                                                                  \
    KERNEL(NAME, 0, EACH, EACH, EACH)                                                                                  \
    KERNEL(NAME, 1, SHARED, EACH, EACH)                                                                                \
    KERNEL(NAME, 2, EACH, SHARED, EACH)                                                                                \
    KERNEL(NAME, 3, SHARED, SHARED, EACH)                                                                              \
    KERNEL(NAME, 4, EACH, EACH, SHARED)                                                                                \
    KERNEL(NAME, 5, SHARED, EACH, SHARED)                                                                              \
    KERNEL(NAME, 6, EACH, SHARED, SHARED)

#define DEFINE(NAME, arity, kind, text, value, ...)                                                                    \
    static inline vd NAME##_one(vd a, vd b, vd c)                                                                      \
    {                                                                                                                  \
        (void)b;                                                                                                       \
        (void)c;                                                                                                       \
        return value;                                                                                                  \
    }                                                                                                                  \
    FORMS_##arity(NAME)
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
