/* options/smile_kit.h: expiries with points on or near an SVI curve, as the fits of smiles get them. */
#ifndef QUERN_TEST_SMILE_KIT_H
#define QUERN_TEST_SMILE_KIT_H

#include "harness/harness.h"

#include "options/smile_int.h"

#include <math.h>
#include <string.h>

enum {
    KIT_POINTS = 101
};

typedef struct kit_expiry {
    qn_smile_point points[KIT_POINTS];
    qn_smile smile;
} kit_expiry;

/* An expiry with no point yet. */
static inline void kit_begin(kit_expiry *e, double years)
{
    memset(e, 0, sizeof *e);
    e->smile.years = years;
    e->smile.points = e->points;
    e->smile.reason = "";
    e->smile.least_density = e->smile.rms_error = e->smile.median_spread_error = (double)NAN;
    e->smile.atm_vol = e->smile.put25_vol = e->smile.call25_vol = (double)NAN;
}

/* One more point, after all others: a mid volatility, half a spread, and the weight that goes with it. */
static inline void kit_add(kit_expiry *e, double k, double vol, double half)
{
    assert_true(e->smile.point_count < KIT_POINTS);
    e->points[e->smile.point_count++] = (qn_smile_point){.k = k,
                                                         .type = (int8_t)(k < 0 ? QN_PUT : QN_CALL),
                                                         .strike = 100 * exp(k),
                                                         .bid_vol = vol - half,
                                                         .mid_vol = vol,
                                                         .ask_vol = vol + half,
                                                         .weight = 1e-4 / half,
                                                         .fitted_vol = (double)NAN};
    e->smile.used++;
}

/* Points at `count` equal steps of k from `low` to `high`, on the curve but for at most `noise` half spreads. */
static inline void kit_fill(kit_expiry *e, const qn_svi *svi, int count, double low, double high, double half,
                            double noise, uint64_t *random)
{
    for (int i = 0; i < count; i++) {
        double k = low + (high - low) * i / (count - 1), vol = sqrt(qn_svi_variance(svi, k) / e->smile.years);
        double off = noise > 0 ? (2 * test_random_unit(random) - 1) * noise * half : 0;
        kit_add(e, k, vol + off, half);
    }
}

/* Fits `count` expiries together, and what follows. The reasons live in `arena`. */
static inline void kit_fit(qn_smile *smiles, int64_t count, qn_arena *arena)
{
    qn_error err;
    const qn_surface_options options = {.size = sizeof options};
    assert_ok(qni_smiles_fit(smiles, count, &options, arena, &err), &err);
    for (int64_t i = 0; i < count; i++)
        qni_smile_derive(&smiles[i]);
}

#endif
