/* property/avx512_emulated.h: the AVX-512 intrinsics of math/simd_avx512.h in portable C, lane by lane: those of
 * SIMDe, and what SIMDe lacks, rounds twice (fma) or gets wrong (some of its versions: roundscale). */
#ifndef QUERN_TEST_AVX512_EMULATED_H
#define QUERN_TEST_AVX512_EMULATED_H

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

#include <math.h>
#include <stdint.h>
#include <string.h>

enum {
    EMULATED_LANES = 8
};

typedef struct emulated_lanes {
    double lane[EMULATED_LANES];
} emulated_lanes;

static inline emulated_lanes emulated_out(simde__m512d a)
{
    emulated_lanes lanes;
    memcpy(&lanes, &a, sizeof lanes);
    return lanes;
}

static inline simde__m512d emulated_in(emulated_lanes lanes)
{
    simde__m512d a;
    memcpy(&a, &lanes, sizeof a);
    return a;
}

/* ± a b ± c, rounded once. */
static inline simde__m512d emulated_fma(simde__m512d a, simde__m512d b, simde__m512d c, double product, double sum)
{
    emulated_lanes x = emulated_out(a), y = emulated_out(b), z = emulated_out(c);
    for (int i = 0; i < EMULATED_LANES; i++)
        z.lane[i] = fma(product * x.lane[i], y.lane[i], sum * z.lane[i]);
    return emulated_in(z);
}

static inline simde__m512d emulated_round(simde__m512d a, int way)
{
    emulated_lanes x = emulated_out(a);
    for (int i = 0; i < EMULATED_LANES; i++) {
        switch (way & 7) {
        case SIMDE_MM_FROUND_TO_NEG_INF:
            x.lane[i] = floor(x.lane[i]);
            break;
        case SIMDE_MM_FROUND_TO_POS_INF:
            x.lane[i] = ceil(x.lane[i]);
            break;
        case SIMDE_MM_FROUND_TO_ZERO:
            x.lane[i] = trunc(x.lane[i]);
            break;
        default:
            x.lane[i] = rint(x.lane[i]);
        }
    }
    return emulated_in(x);
}

static inline simde__m512d emulated_load(unsigned mask, const double *p)
{
    emulated_lanes x = {{0}};
    for (int i = 0; i < EMULATED_LANES; i++) {
        if ((mask >> i & 1) != 0)
            x.lane[i] = p[i];
    }
    return emulated_in(x);
}

static inline void emulated_store(double *p, unsigned mask, simde__m512d a)
{
    emulated_lanes x = emulated_out(a);
    for (int i = 0; i < EMULATED_LANES; i++) {
        if ((mask >> i & 1) != 0)
            p[i] = x.lane[i];
    }
}

static inline simde__m512d emulated_gather(simde__m512i index, const double *table)
{
    int64_t at[EMULATED_LANES];
    emulated_lanes x;
    memcpy(at, &index, sizeof at);
    for (int i = 0; i < EMULATED_LANES; i++)
        x.lane[i] = table[at[i]];
    return emulated_in(x);
}

#ifndef _MM_FROUND_NO_EXC
#define _MM_FROUND_NO_EXC SIMDE_MM_FROUND_NO_EXC
#endif
#define __mmask8 simde__mmask8
#undef _mm512_fmadd_pd
#undef _mm512_fmsub_pd
#undef _mm512_fnmadd_pd
#undef _mm512_roundscale_pd
#define _mm512_fmadd_pd(a, b, c)                  emulated_fma((a), (b), (c), 1, 1)
#define _mm512_fmsub_pd(a, b, c)                  emulated_fma((a), (b), (c), 1, -1)
#define _mm512_fnmadd_pd(a, b, c)                 emulated_fma((a), (b), (c), -1, 1)
#define _mm512_roundscale_pd(a, way)              emulated_round((a), (way))
#define _mm512_maskz_loadu_pd(mask, p)            emulated_load((mask), (p))
#define _mm512_mask_storeu_pd(p, mask, a)         emulated_store((p), (mask), (a))
#define _mm512_i64gather_pd(index, table, stride) emulated_gather((index), (table))
#define _mm512_stream_pd(p, a)                    emulated_store((p), 0xFF, (a))

#endif
