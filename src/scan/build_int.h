/* scan/build_int.h: how a strategy becomes a trade.
 *
 *   recipe ──strikes.c──► a quote for each leg ──fills.c──► prices, greeks ──payoff.c, calendar.c──► payoff
 *   build.c has the table of recipes and drives. */
#ifndef QNI_SCAN_BUILD_INT_H
#define QNI_SCAN_BUILD_INT_H

#include "scan/scan_int.h"

/* How the strike of a leg is chosen, always among good quotes:
 *   NEAR   the listed strike nearest the forward at which all such legs of the recipe have good quotes
 *   SHORT  the nearest one outside the implied move whose delta is small enough to be sold
 *   LONG   the nearest one beyond the SHORT leg of its type whose delta is small enough to be bought as a wing
 *   WING   beyond the NEAR strike, the one nearest an implied move from the forward */
typedef enum qni_strike_rule {
    QNI_STRIKE_NEAR,
    QNI_STRIKE_SHORT,
    QNI_STRIKE_LONG,
    QNI_STRIKE_WING
} qni_strike_rule;

typedef struct qni_leg_rule {
    int8_t quantity; /* below 0: sold */
    int8_t type;     /* QN_CALL or QN_PUT */
    int8_t expiry;   /* 0: the first after the report; 1: the second */
    uint8_t strike;  /* qni_strike_rule */
} qni_leg_rule;

/* A strategy; legs by expiry, puts before calls, strikes ascending. */
typedef struct qni_recipe {
    bool sold; /* it has to bring settings->credit_least */
    int64_t leg_count;
    qni_leg_rule legs[QN_LEGS_MAX];
} qni_recipe;

/* The quotes of an expiry, strikes ascending: [from, to) of the chain. */
typedef struct qni_ladder {
    const qn_smile *smile;
    int64_t from, to;
} qni_ladder;

/* A trade on its way; all borrowed from the subject. */
typedef struct qni_build {
    const qni_subject *subject;
    const qn_quote *quotes;   /* of the chain */
    qni_ladder ladders[2];    /* by qni_leg_rule.expiry; smile NULL: there is none */
    double forward;           /* of the first */
    double move;              /* expected |move| until the first expires: the report's and what comes before and after
                                 it, as the straddle is priced */
    const qni_recipe *recipe; /* what is being built */
    qn_leg *legs;             /* (recipe->leg_count), quote -1 where none is chosen yet */
} qni_build;

/* strikes.c: the quotes of a smile's expiry in a chain. */
qni_ladder qni_ladder_of(const qn_chain *chain, const qn_smile *smile);

/* strikes.c: chooses the quote of every leg. Where one has none *missing says what there is not; else it is NULL. */
QN_MUST_USE qn_status qni_legs_choose(const char **missing, const qni_build *build, qn_error *err);

/* fills.c: with quotes chosen, fills everything else of the legs. */
QN_MUST_USE qn_status qni_legs_fill(const qni_build *build, qn_error *err);

/* payoff.c: as qn_legs_payoff, with `cost` per share taken from every outcome. */
QN_MUST_USE qn_status qni_legs_payoff(qn_payoff *out, const qn_leg *legs, int64_t count, double cost, qn_error *err);

/* What the later leg of a calendar is valued with when the first one expires. */
typedef struct qni_calendar {
    double growth;   /* forward of the later expiry by the share's price then */
    double discount; /* factor from the later expiry to then */
    double years;    /* by the surface's clock */
    double sigma;    /* diffusive: the report is over */
    bool american;
} qni_calendar;

/* calendar.c */
qni_calendar qni_calendar_of(const qn_surface *surface, const qn_event_move *event);

/* calendar.c: profit per share of put legs[0], sold, and the later legs[1], bought at the same strike, less `cost`. */
double qni_calendar_profit(const qni_calendar *calendar, const qn_leg *legs, double cost, double price);

/* calendar.c: the same bits at `count` finite prices; scratch (count). Errors: QN_CONFIG. */
QN_MUST_USE qn_status qni_calendar_profits(double *out, const qni_calendar *calendar, const qn_leg *legs, double cost,
                                           const double *prices, double *scratch, int64_t count, qn_error *err);

/* calendar.c: the payoff. */
void qni_calendar_payoff(qn_payoff *out, const qni_calendar *calendar, const qn_leg *legs, double cost);

#endif
