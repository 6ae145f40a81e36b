/* options/made_event.h: chains in which a report of known size is priced, and a ticker on its way through the event
 * part of a scan, for tests of it. */
#ifndef QUERN_TEST_OPTIONS_MADE_EVENT_H
#define QUERN_TEST_OPTIONS_MADE_EVENT_H

#include "options/made.h"
#include "scan/scan_int.h"

enum {
    MADE_EXPIRIES = 8,
    MADE_STRIKES = 31 /* of an expiry, at even distances of a third of its deviation */
};

/* What is priced: total variance at the money is diffusive * years by `clock`, and what expires after event_us has
 * `event` more. Smiles are flat, or with `skew` those of SSVI (Gatheral and Jacquier 2014), rho -0.4, eta 0.8. */
typedef struct made_scene {
    const char *ticker; /* NULL: "QRN"; "SPX" has European options, which take less time */
    int64_t as_of_us;
    double spot; /* and forward: no interest, no dividends */
    qn_clock clock;
    double diffusive, event;
    int64_t event_us;
    bool skew;
    double half_spread, least_half; /* as made_market has them */
    double tick;                    /* bids are rounded down to it, asks up; 0: not at all */
    int32_t days[MADE_EXPIRIES];    /* (count) */
    qn_settlement settlements[MADE_EXPIRIES];
    double shifts[MADE_EXPIRIES]; /* by how many half spreads all quotes of an expiry are off */
    int count;
} made_scene;

/* The total variance at the money of expiry i. */
double made_scene_variance(const made_scene *scene, int i);

/* Its quotes (2 MADE_STRIKES count), open interest 500 each, into `out`; returns how many. */
int64_t made_scene_quotes(qn_quote *out, const made_scene *scene);
qn_chain *made_scene_chain(const made_scene *scene);

typedef struct made_subject {
    qn_scan_settings settings;
    qn_scan_options options;
    qn_scan_input input;
    qn_earnings report;
    qn_scan_ticker result;
    qn_chain small; /* what qni_event_chain made */
    qni_subject subject;
} made_subject;

/* A subject of the whole chain (borrowed) with a report on that day. `allocator` NULL: the default. */
void made_subject_init(made_subject *out, const qn_chain *chain, int32_t day, qn_timing timing, qn_clock clock,
                       const qn_allocator *allocator);

/* Its arena, the small chain, the surface of that and the event, until one of them fails or rejects. */
qn_status made_subject_run(made_subject *s, qn_error *err);

void made_subject_free(made_subject *s);

#endif
