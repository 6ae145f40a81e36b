/* scan/event_chain.c: which expiries tell of a report, and which of their strikes: a small chain of them.
 *
 * Only the last QN_SCAN_EXPIRIES_BEFORE days of expiry before that of the report and the first QN_SCAN_EXPIRIES_AFTER
 * from it on are looked at, so that a chain of no others gives the same. Of those that end before the news the one is
 * taken whose variance says most of what the first after it has of diffusion: by its spreads, and by how much clocks
 * differ about the two times. Of those after it the first two. One thread. */
#include "base/error.h"
#include "base/time.h"
#include "scan/event_int.h"
#include "scan/limits.h"

#include <math.h>
#include <string.h>

enum {
    AFTER_USED = 2 /* first and second */
};

/* An expiry: quotes [from, to) of the chain. */
typedef struct expiry {
    int64_t from, to;
    int32_t day;
    int64_t us;
    int64_t pairs;      /* strikes with a good call and a good put */
    double forward;     /* by the pair nearest the money */
    double straddle;    /* its price there, by the forward */
    double half_spread; /* half its spread, by its price */
} expiry;

qni_event_window qni_event_window_of(int32_t day, qn_timing timing)
{
    int64_t open, close;
    bool is_open = qn_market_session(&open, &close, day);
    qni_event_window w;
    if (!is_open || timing != QN_TIMING_AFTER_CLOSE)
        (void)qn_market_session(NULL, &w.from_us, qn_market_previous_day(day));
    else
        w.from_us = close;
    if (!is_open || timing == QN_TIMING_AFTER_CLOSE || timing == QN_TIMING_UNKNOWN)
        (void)qn_market_session(&w.to_us, NULL, qn_market_next_day(day));
    else
        w.to_us = open;
    return w;
}

/* The good quote of a type among those of one strike; NULL: there is none. */
static const qn_quote *good_quote(const qn_quote *quotes, int64_t from, int64_t to, int8_t type)
{
    for (int64_t i = from; i < to; i++)
        if (quotes[i].type == type && quotes[i].quote_class == QN_QUOTE_GOOD)
            return &quotes[i];
    return NULL;
}

/* What pairs say of the expiry whose quotes are [from, to). */
static expiry look_at(const qn_chain *chain, int64_t from, int64_t to)
{
    const qn_quote *q = chain->quotes;
    expiry e = {.from = from, .to = to, .day = q[from].expiry, .forward = NAN, .straddle = NAN, .half_spread = NAN};
    e.us = qn_market_expiry(e.day, (qn_settlement)q[from].settlement);
    double nearest = INFINITY;
    for (int64_t i = from, next; i < to; i = next) {
        next = i + 1;
        while (next < to && q[next].strike == q[i].strike)
            next++;
        const qn_quote *call = good_quote(q, i, next, QN_CALL), *put = good_quote(q, i, next, QN_PUT);
        if (call == NULL || put == NULL || !(q[i].strike > 0))
            continue;
        e.pairs++;
        double c = 0.5 * (call->bid + call->ask), p = 0.5 * (put->bid + put->ask), forward = q[i].strike + c - p;
        if (!(fabs(c - p) < nearest) || !(forward > 0))
            continue;
        nearest = fabs(c - p);
        e.forward = forward;
        e.straddle = (c + p) / forward;
        e.half_spread = 0.5 * (call->ask - call->bid + put->ask - put->bid) / (c + p);
    }
    return e;
}

static bool usable(const expiry *e, int64_t as_of_us)
{
    return e->us > as_of_us && e->pairs >= QNI_EVENT_PAIRS && e->forward > 0;
}

/* All expiries of the chain, in its order, into `out` (count); NULL: only counts them. */
static int64_t list_expiries(expiry *out, const qn_chain *chain)
{
    int64_t n = 0;
    for (int64_t from = 0, to; from < chain->count; from = to) {
        const qn_quote *first = &chain->quotes[from];
        to = from + 1;
        while (to < chain->count && chain->quotes[to].expiry == first->expiry &&
               chain->quotes[to].settlement == first->settlement)
            to++;
        if (out != NULL)
            out[n] = look_at(chain, from, to);
        n++;
    }
    return n;
}

/* The expiries [*from, *to) that are looked at. */
static void narrow(int64_t *from, int64_t *to, const expiry *all, int64_t count, int32_t day)
{
    int64_t middle = 0, days = 0;
    while (middle < count && all[middle].day < day)
        middle++;
    for (*from = middle; *from > 0; --*from) {
        days += *from == middle || all[*from - 1].day != all[*from].day;
        if (days > QN_SCAN_EXPIRIES_BEFORE)
            break;
    }
    days = 0;
    for (*to = middle; *to < count; ++*to) {
        days += *to == middle || all[*to].day != all[*to - 1].day;
        if (days > QN_SCAN_EXPIRIES_AFTER)
            break;
    }
}

/* The standard error that the diffusion until `first` has by this expiry, relative to itself. */
static double error_by(const expiry *e, const expiry *first, int64_t as_of_us)
{
    return hypot(qni_event_doubt(as_of_us, e->us, first->us), 2 * e->half_spread);
}

/* The AFTER_USED earliest usable expiries from `from_us` on, in order of time; NULL where there are fewer. */
static void find_after(const expiry *after[AFTER_USED], const expiry *all, int64_t count, int64_t from_us,
                       int64_t as_of_us)
{
    for (int j = 0; j < AFTER_USED; j++)
        after[j] = NULL;
    for (int64_t i = 0; i < count; i++) {
        const expiry *e = &all[i];
        if (!usable(e, as_of_us) || e->us < from_us)
            continue;
        for (int j = 0; j < AFTER_USED && e != NULL; j++)
            if (after[j] == NULL || e->us < after[j]->us) {
                const expiry *later = after[j];
                after[j] = e;
                e = later;
            }
    }
}

/* The usable expiry up to `to_us` that says most of the diffusion until `first`; NULL: there is none. */
static const expiry *find_before(const expiry *all, int64_t count, int64_t to_us, const expiry *first, int64_t as_of_us)
{
    const expiry *before = NULL;
    double least = INFINITY;
    for (int64_t i = 0; i < count; i++) {
        if (!usable(&all[i], as_of_us) || all[i].us > to_us)
            continue;
        double error = error_by(&all[i], first, as_of_us);
        if (error > least)
            continue;
        before = &all[i];
        least = error;
    }
    return before;
}

/* Chooses of `all` (count) at most 1 + AFTER_USED into `out`, in order of time; returns how many. */
static int64_t choose(expiry *out, const expiry *all, int64_t count, qni_event_window w, int64_t as_of_us)
{
    const expiry *after[AFTER_USED];
    int64_t n = 0;
    find_after(after, all, count, w.to_us, as_of_us);
    if (after[0] == NULL)
        return 0;
    const expiry *before = find_before(all, count, w.from_us, after[0], as_of_us);
    if (before != NULL)
        out[n++] = *before;
    for (int j = 0; j < AFTER_USED && after[j] != NULL; j++)
        out[n++] = *after[j];
    return n;
}

static bool matters(const qn_quote *quote, const expiry *e)
{
    return quote->strike > 0 && fabs(log(quote->strike / e->forward)) <= QNI_EVENT_REACH * e->straddle;
}

/* Copies what matters of the expiries (count) into `out`, in the chain's order; NULL: only counts it. */
static int64_t copy_quotes(qn_quote *out, const qn_chain *chain, const expiry *expiries, int64_t count)
{
    int64_t n = 0, done = -1;
    for (int64_t i = 0; i < count; i++) {
        const expiry *e = NULL;
        for (int64_t j = 0; j < count; j++)
            if (expiries[j].from > done && (e == NULL || expiries[j].from < e->from))
                e = &expiries[j];
        if (e == NULL)
            break;
        done = e->from;
        for (int64_t j = e->from; j < e->to; j++) {
            if (!matters(&chain->quotes[j], e))
                continue;
            if (out != NULL)
                out[n] = chain->quotes[j];
            n++;
        }
    }
    return n;
}

/* Why there is nothing to look at: of all expiries (count) of the chain. */
static qn_status reject(qni_subject *subject, const expiry *all, int64_t count, qni_event_window w, qn_error *err)
{
    const qn_chain *chain = subject->chain;
    char last[QNI_TIME_TEXT_SIZE], report[QNI_TIME_TEXT_SIZE];
    bool any_bid = false, any_left = false, any_after = false;
    for (int64_t i = 0; i < chain->count && !any_bid; i++)
        any_bid = chain->quotes[i].bid > 0;
    for (int64_t i = 0; i < count; i++) {
        any_left |= all[i].us > chain->as_of_us;
        any_after |= all[i].us >= w.to_us;
    }
    if (!any_left)
        return qni_subject_reject(subject, err, "all %lld options had expired when they were quoted",
                                  (long long)chain->count);
    qni_date_text(report, subject->report->day);
    qni_date_text(last, all[count - 1].day);
    if (!any_after)
        return qni_subject_reject(subject, err, "no option outlives the report of %s: the last expire on %s", report,
                                  last);
    if (!any_bid)
        return qni_subject_reject(subject, err, "no option has a bid: the quotes are of no market");
    return qni_subject_reject(subject, err,
                              "none of the expiries after the report of %s has %d strikes with a good call and a good "
                              "put",
                              report, QNI_EVENT_PAIRS);
}

/* Whether quotes of that time can tell of that report; else the subject is rejected. */
static qn_status check_times(qni_subject *subject, qni_event_window w, qn_error *err)
{
    const qn_chain *chain = subject->chain;
    char held[QNI_TIME_TEXT_SIZE], report[QNI_TIME_TEXT_SIZE];
    int32_t day;
    int64_t seconds;
    qn_market_local(&day, &seconds, chain->as_of_us);
    qni_date_text(held, day);
    qni_date_text(report, subject->report->day);
    if (chain->count == 0)
        return qni_subject_reject(subject, err, "its option chain is empty");
    if (qn_market_holiday(day)[0] != '\0')
        return qni_subject_reject(subject, err,
                                  "the quotes are said to be of %s, when the market was closed (%s): give the last day "
                                  "on which it was open, --as-of",
                                  held, qn_market_holiday(day));
    if (chain->as_of_us >= w.to_us)
        return qni_subject_reject(subject, err, "the report of %s was out when the quotes held, on %s", report, held);
    return QN_OK;
}

qn_status qni_event_chain(qn_chain *out, qni_subject *subject, qn_error *err)
{
    const qn_chain *chain = subject->chain;
    qni_event_window w = qni_event_window_of(subject->report->day, (qn_timing)subject->report->timing);
    *out = (qn_chain){.size = sizeof *out,
                      .ticker = chain->ticker,
                      .source = chain->source,
                      .format = chain->format,
                      .as_of_us = chain->as_of_us,
                      .as_of_inferred = chain->as_of_inferred,
                      .spot = chain->spot};
    qn_status s = check_times(subject, w, err);
    if (s != QN_OK || subject->reject != NULL)
        return s;
    expiry chosen[1 + AFTER_USED];
    qn_arena_mark mark = qn_arena_mark_now(subject->arena);
    int64_t count = list_expiries(NULL, chain), from, to;
    void *list;
    s = qn_arena_take(&list, subject->arena, count * (int64_t)sizeof(expiry), err);
    if (s != QN_OK)
        return s;
    expiry *all = list;
    (void)list_expiries(all, chain);
    narrow(&from, &to, all, count, subject->report->day);
    int64_t n = choose(chosen, all + from, to - from, w, chain->as_of_us);
    if (n == 0)
        return reject(subject, all, count, w, err);
    qn_arena_rewind(subject->arena, mark);
    out->count = copy_quotes(NULL, chain, chosen, n);
    s = qn_arena_take(&list, subject->arena, out->count * (int64_t)sizeof(qn_quote), err);
    if (s != QN_OK)
        return s;
    out->quotes = list;
    (void)copy_quotes(list, chain, chosen, n);
    for (int64_t i = 0; i < out->count; i++)
        out->classes[out->quotes[i].quote_class]++;
    return QN_OK;
}
