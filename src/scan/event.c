/* scan/event.c: the move that options imply for a report, apart from what the share diffuses anyway: total variance at
 * the money is d t before the report and d t + v after it, t by the surface's clock (event_split.c). The expected move
 * is that of a lognormal one: 2 (2 Phi(sqrt(v) / 2) - 1). One thread. */
#include "base/error.h"
#include "base/time.h"
#include "scan/event_int.h"
#include "scan/limits.h"

#include <math.h>

/* What is known of the expiries: before, first, second, as far as they are there. */
typedef struct expiries {
    qni_event_term terms[3];
    double strips[3]; /* total variances by the strips; NaN */
    qni_event_level first;
    int64_t count;
    bool before;
} expiries;

double qni_event_mean_move(double sigma)
{
    return 2 * erf(sigma / (2 * 1.4142135623730951));
}

/* Half a standard deviation off the middle of the move's sensitivity: d qni_event_mean_move / d sigma. */
static double mean_move_slope(double sigma)
{
    return 0.79788456080286541 * exp(-sigma * sigma / 8);
}

static int64_t smile_us(const qn_smile *smile)
{
    return qn_market_expiry(smile->expiry, (qn_settlement)smile->settlement);
}

static void add(expiries *e, const qn_surface *surface, int64_t index, const qni_event_level *level, bool after)
{
    const qn_smile *smile = &surface->smiles[index];
    e->strips[e->count] = smile->strip_variance * smile->years;
    e->terms[e->count++] =
        (qni_event_term){.variance = level->variance, .error = level->error, .years = smile->years, .after = after};
}

/* Chooses the smiles; event->first stays -1 where none comes after the report. */
static void choose(expiries *e, qn_event_move *event, const qn_surface *surface, qni_event_window w)
{
    qni_event_level level, before = {0};
    event->before = event->first = event->second = -1;
    *e = (expiries){0};
    for (int64_t i = 0; i < surface->smile_count; i++) {
        int64_t us = smile_us(&surface->smiles[i]);
        if ((us > w.from_us && us < w.to_us) || !qni_event_level_of(&level, &surface->smiles[i]))
            continue;
        if (us <= w.from_us) {
            event->before = i;
            before = level;
        } else if (event->first < 0) {
            event->first = i;
            e->first = level;
        } else if (event->second < 0 && surface->smiles[i].years > surface->smiles[event->first].years) {
            event->second = i;
            break;
        }
    }
    if (event->first < 0)
        return;
    e->before = event->before >= 0;
    if (e->before)
        add(e, surface, event->before, &before, false);
    add(e, surface, event->first, &e->first, true);
    if (event->second >= 0)
        add(e, surface, event->second, &level, true);
    int64_t first_us = smile_us(&surface->smiles[event->first]);
    if (e->before)
        e->terms[0].doubt = qni_event_doubt(surface->as_of_us, smile_us(&surface->smiles[event->before]), first_us);
    if (event->second >= 0)
        e->terms[e->count - 1].doubt =
            qni_event_doubt(surface->as_of_us, smile_us(&surface->smiles[event->second]), first_us);
}

/* The same split of the strips' variances, which have the relative errors of those at the money. */
static double split_strips(const expiries *e, const qni_event_split *by_level)
{
    qni_event_term terms[3];
    int64_t n = 0;
    for (int64_t i = 0; i < e->count; i++) {
        if (!(e->strips[i] > 0))
            continue;
        terms[n] = e->terms[i];
        terms[n].variance = e->strips[i];
        terms[n++].error *= e->strips[i] / e->terms[i].variance;
    }
    if (n == 0 || (e->count > 1 && (n < 2 || (n == 2 && e->count == 3 && !(e->strips[1] > 0)))))
        return NAN;
    double v = e->count == 1 ? qni_event_split_past(&terms[0], by_level->diffusive, by_level->diffusive_error).event
                             : qni_event_split_of(terms, n).event;
    return v > 0 ? sqrt(v) : 0;
}

/* Years by the clock from the close before the news to the close after it: a reaction holds what diffuses then. */
static double ordinary_years(qn_clock clock, qni_event_window w)
{
    int32_t day;
    int64_t seconds, open, before, after;
    qn_market_local(&day, &seconds, w.to_us);
    (void)qn_market_session(&open, &after, day);
    (void)qn_market_session(&open, &before, qn_market_previous_day(day));
    return qn_clock_years(clock, before, after);
}

/* What the two errors leave open is taken to be independent, which is on the wide side: what is more of the one is less
 * of the other. */
static void fill_in(qn_event_move *event, const expiries *e, const qni_event_split *split)
{
    double v = fmax(split->event, 0), sigma = sqrt(v), error = split->event_error;
    double ordinary = fmax(split->diffusive, 0) * event->ordinary_years, reaction = sqrt(v + ordinary);
    double open = hypot(error, split->diffusive_error * event->ordinary_years);
    event->diffusive_vol = sqrt(fmax(split->diffusive, 0));
    event->diffusive_error = fmax(sqrt(fmax(split->diffusive, 0) + split->diffusive_error) - event->diffusive_vol,
                                  event->diffusive_vol - sqrt(fmax(split->diffusive - split->diffusive_error, 0)));
    event->sigma = sigma;
    event->sigma_error = fmax(sqrt(v + error) - sigma, sigma - sqrt(fmax(v - error, 0)));
    event->implied_move = qni_event_mean_move(reaction);
    event->implied_move_error = mean_move_slope(reaction) * fmax(sqrt(v + ordinary + open) - reaction,
                                                                 reaction - sqrt(fmax(v + ordinary - open, 0)));
    event->strip_sigma = split_strips(e, split);
}

/* What a person should know of it. */
static qn_status remark(qni_subject *subject, const expiries *e, const qni_event_split *split, qn_error *err)
{
    double total = e->terms[e->before].variance;
    if (split->event <= 0)
        return qni_subject_reason(subject, err,
                                  "no event premium is visible: the options after the report price no more variance "
                                  "than time alone explains (%.2f %% less, standard error %.2f %%)",
                                  -100 * split->event / total, 100 * split->event_error / total);
    if (split->event < 2 * split->event_error)
        return qni_subject_reason(subject, err,
                                  "the implied move is hardly more than its error: %.1f %% of the variance until the "
                                  "first expiry after the report, standard error %.1f %%",
                                  100 * split->event / total, 100 * split->event_error / total);
    if (split->misfit > QNI_EVENT_MISFIT)
        return qni_subject_reason(subject, err,
                                  "the expiries around the report disagree by %.1f standard errors, and the implied "
                                  "move's error is grown by that",
                                  split->misfit);
    return QN_OK;
}

/* Isolates the event; rejects where it cannot be. */
static qn_status isolate(qni_event_split *split, qni_subject *subject, const expiries *e, qn_error *err)
{
    qn_event_move *event = &subject->result->event;
    if (e->count > 1) {
        *split = qni_event_split_of(e->terms, e->count);
        event->method = e->before ? "before and after" : "two after";
    } else {
        bool found;
        double variance, error;
        int32_t day;
        int64_t seconds;
        qn_market_local(&day, &seconds, subject->surface->as_of_us);
        qn_status s = qni_event_past(&found, &variance, &error, subject->input, day, subject->arena, err);
        if (s != QN_OK)
            return s;
        if (!found)
            return qni_subject_reject(subject, err,
                                      "only one expiry has usable quotes, and the past daily prices that would tell "
                                      "its event from its diffusion are missing");
        *split = qni_event_split_past(&e->terms[0], variance, error);
        event->method = "one after, past volatility";
    }
    double total = e->terms[e->before].variance;
    if (!(split->event_error < QNI_EVENT_SWAMPED * total))
        return qni_subject_reject(subject, err,
                                  "the quotes leave the event's move open: its variance is %.2f %% of that until the "
                                  "first expiry after the report, with a standard error of %.2f %%",
                                  100 * split->event / total, 100 * split->event_error / total);
    return QN_OK;
}

qn_status qni_event(qni_subject *subject, qn_error *err)
{
    const qn_surface *surface = subject->surface;
    qn_event_move *event = &subject->result->event;
    qni_event_window w = qni_event_window_of(subject->report->day, (qn_timing)subject->report->timing);
    event->event_us = subject->report->timing == QN_TIMING_AFTER_CLOSE ? w.from_us : w.to_us;
    event->method = "";
    event->forward = event->diffusive_vol = event->diffusive_error = event->sigma = event->sigma_error = NAN;
    event->implied_move = event->implied_move_error = NAN;
    event->straddle_move = event->straddle_error = event->strip_sigma = event->ordinary_years = NAN;
    expiries e;
    qni_event_split split = {0};
    choose(&e, event, surface, w);
    if (event->first < 0)
        return qni_subject_reject(subject, err, "no expiry after the report has a smile: %s",
                                  surface->smile_count > 0 ? surface->smiles[surface->smile_count - 1].reason
                                                           : "there is none");
    qn_status s = isolate(&split, subject, &e, err);
    if (s != QN_OK || subject->reject != NULL)
        return s;
    const qn_smile *first = &surface->smiles[event->first];
    double deviation = sqrt(e.first.variance);
    event->forward = first->forward;
    event->straddle_move = qni_event_mean_move(deviation);
    event->straddle_error = mean_move_slope(deviation) * e.first.half_spread * sqrt(first->years);
    event->ordinary_years = ordinary_years(surface->clock, w);
    fill_in(event, &e, &split);
    return remark(subject, &e, &split, err);
}
