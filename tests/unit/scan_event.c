/* The event's move: which expiries and strikes tell of it, how it is isolated, and why it may not be. */
#include "base/time.h"
#include "harness/harness.h"
#include "options/made_event.h"
#include "scan/event_int.h"

#include <math.h>
#include <string.h>

/* 2026-02-25 is a Wednesday; 2026-02-16, a Monday, is Presidents' Day. Closes at 21:00Z, opens at 14:30Z. */
static int32_t date(int month, int day)
{
    return qni_date_days(2026, month, day);
}

static int64_t at(int month, int day, int hour, int minute)
{
    return ((int64_t)date(month, day) * 1440 + hour * 60 + minute) * INT64_C(60000000);
}

/* Quotes of Friday 2026-02-13 at noon, a report on Wednesday 2026-02-25 after the close with a deviation of 7 %,
 * expiries of the Fridays 20th, 27th and 6th; spreads of a millionth. */
static made_scene usual(void)
{
    return (made_scene){.as_of_us = at(2, 13, 17, 0),
                        .spot = 100,
                        .clock = QN_CLOCK_TRADING,
                        .diffusive = 0.16,
                        .event = 0.0049,
                        .event_us = at(2, 25, 21, 0),
                        .half_spread = 1e-6,
                        .days = {date(2, 20), date(2, 27), date(3, 6)},
                        .count = 3};
}

typedef struct scene {
    made_subject m;
    qn_chain *chain;
} scene;

/* Runs it for a report of the 25th after the close. */
static void run_as(scene *out, const made_scene *made, qn_timing timing)
{
    qn_error err;
    out->chain = made_scene_chain(made);
    made_subject_init(&out->m, out->chain, date(2, 25), timing, made->clock, NULL);
    assert_ok(made_subject_run(&out->m, &err), &err);
}

static void end(scene *s)
{
    made_subject_free(&s->m);
    qn_chain_free(s->chain);
}

static int32_t expiry_of(const scene *s, int64_t smile)
{
    assert_true(smile >= 0);
    return s->m.subject.surface->smiles[smile].expiry;
}

static void assert_rejected(const made_scene *made, const char *piece)
{
    scene s;
    run_as(&s, made, QN_TIMING_AFTER_CLOSE);
    assert_non_null(s.m.subject.reject);
    assert_contains(s.m.subject.reject, piece);
    end(&s);
}

/* ---- when ---- */

static void news_comes_between_a_close_and_the_open_after_it(void **state)
{
    (void)state;
    qni_event_window w = qni_event_window_of(date(2, 25), QN_TIMING_AFTER_CLOSE);
    assert_int_equal(w.from_us, at(2, 25, 21, 0));
    assert_int_equal(w.to_us, at(2, 26, 14, 30));
    w = qni_event_window_of(date(2, 25), QN_TIMING_BEFORE_OPEN);
    assert_int_equal(w.from_us, at(2, 24, 21, 0));
    assert_int_equal(w.to_us, at(2, 25, 14, 30));
    w = qni_event_window_of(date(2, 17), QN_TIMING_BEFORE_OPEN); /* after a long weekend */
    assert_int_equal(w.from_us, at(2, 13, 21, 0));
    assert_int_equal(w.to_us, at(2, 17, 14, 30));
    w = qni_event_window_of(date(2, 28), QN_TIMING_AFTER_CLOSE); /* a Saturday */
    assert_int_equal(w.from_us, at(2, 27, 21, 0));
    assert_int_equal(w.to_us, at(3, 2, 14, 30));
    w = qni_event_window_of(date(2, 25), QN_TIMING_UNKNOWN);
    assert_int_equal(w.from_us, at(2, 24, 21, 0));
    assert_int_equal(w.to_us, at(2, 26, 14, 30));
}

static void an_expiry_on_the_day_knows_of_a_report_before_the_open_but_not_of_one_after_the_close(void **state)
{
    (void)state;
    made_scene made = usual();
    made.days[0] = date(2, 25);
    scene s;
    run_as(&s, &made, QN_TIMING_AFTER_CLOSE);
    assert_int_equal(expiry_of(&s, s.m.result.event.before), date(2, 25));
    assert_int_equal(expiry_of(&s, s.m.result.event.first), date(2, 27));
    assert_int_equal(s.m.result.event.event_us, at(2, 25, 21, 0));
    end(&s);
    made.event_us = at(2, 24, 21, 0);
    run_as(&s, &made, QN_TIMING_BEFORE_OPEN);
    assert_int_equal(s.m.result.event.before, -1);
    assert_int_equal(expiry_of(&s, s.m.result.event.first), date(2, 25));
    assert_int_equal(s.m.result.event.event_us, at(2, 25, 14, 30));
    assert_close(s.m.result.event.sigma, 0.07, 1e-3, 0);
    end(&s);
}

static void an_expiry_settled_the_morning_after_knows_of_it(void **state)
{
    (void)state;
    made_scene made = usual();
    made.days[1] = date(2, 26);
    made.settlements[1] = QN_SETTLEMENT_AM;
    scene s;
    run_as(&s, &made, QN_TIMING_AFTER_CLOSE);
    assert_int_equal(expiry_of(&s, s.m.result.event.first), date(2, 26));
    assert_close(s.m.result.event.sigma, 0.07, 1e-3, 0);
    end(&s);
}

/* ---- which quotes ---- */

/* Friday the 20th is 4/9 of trading time and 1/2 of the calendar's to the 27th; Monday the 23rd 5/9 and 10/14. */
static void the_expiry_about_whose_time_clocks_agree_is_taken_before_the_report(void **state)
{
    (void)state;
    made_scene made = usual();
    made.days[0] = date(2, 13); /* the same day */
    made.days[1] = date(2, 20);
    made.days[2] = date(2, 23);
    made.days[3] = date(2, 27);
    made.count = 4;
    scene s;
    run_as(&s, &made, QN_TIMING_AFTER_CLOSE);
    assert_int_equal(s.m.subject.surface->smile_count, 2);
    assert_int_equal(expiry_of(&s, s.m.result.event.before), date(2, 20));
    assert_string_equal(s.m.result.event.method, "before and after");
    end(&s);
    assert_close(qni_event_doubt(at(2, 13, 21, 0), at(2, 20, 21, 0), at(2, 27, 21, 0)), 1.0 / 17, 1e-12, 0);
    assert_close(qni_event_doubt(at(2, 13, 21, 0), at(2, 27, 21, 0), at(2, 27, 21, 0)), 0, 0, 0);
}

static void an_expiry_without_good_quotes_gives_way_to_the_next(void **state)
{
    (void)state;
    made_scene made = usual();
    made.days[3] = date(3, 13);
    made.count = 4;
    qn_quote quotes[2 * MADE_STRIKES * 4];
    int64_t n = made_scene_quotes(quotes, &made);
    for (int64_t i = 0; i < n; i++)
        if (quotes[i].expiry == date(2, 27) && quotes[i].type == QN_PUT)
            quotes[i].bid = 0;
    made_market market = {.as_of_us = made.as_of_us, .spot = made.spot};
    scene s = {.chain = made_chain("QRN", quotes, n, &market)};
    qn_error err;
    made_subject_init(&s.m, s.chain, date(2, 25), QN_TIMING_AFTER_CLOSE, made.clock, NULL);
    assert_ok(made_subject_run(&s.m, &err), &err);
    assert_int_equal(expiry_of(&s, s.m.result.event.first), date(3, 6));
    assert_int_equal(expiry_of(&s, s.m.result.event.second), date(3, 13));
    assert_close(s.m.result.event.sigma, 0.07, 1e-3, 0);
    end(&s);
}

static void strikes_that_no_smile_needs_are_left_out(void **state)
{
    (void)state;
    made_scene made = usual();
    qn_quote quotes[2 * MADE_STRIKES * MADE_EXPIRIES + 2];
    int64_t n = made_scene_quotes(quotes, &made), sum = 0;
    for (int i = 0; i < 2; i++) {
        quotes[n] = quotes[0];
        quotes[n++].strike = i == 0 ? 1 : 1e4;
    }
    made_market market = {.as_of_us = made.as_of_us, .spot = made.spot};
    scene s = {.chain = made_chain("QRN", quotes, n, &market)};
    qn_error err;
    made_subject_init(&s.m, s.chain, date(2, 25), QN_TIMING_AFTER_CLOSE, made.clock, NULL);
    assert_ok(made_subject_run(&s.m, &err), &err);
    assert_true(s.m.small.count > n / 2);
    for (int64_t i = 0; i < s.m.small.count; i++)
        assert_true(s.m.small.quotes[i].strike > 1 && s.m.small.quotes[i].strike < 1e4);
    for (int64_t i = 0; i < n; i++) { /* four deviations of the narrowest are there */
        bool there = false;
        for (int64_t j = 0; j < s.m.small.count; j++)
            there |= quotes[i].expiry == s.m.small.quotes[j].expiry && quotes[i].type == s.m.small.quotes[j].type &&
                     quotes[i].strike == s.m.small.quotes[j].strike;
        assert_true(there || fabs(log(quotes[i].strike / made.spot)) > 4 * sqrt(made_scene_variance(&made, 0)));
    }
    for (int i = 0; i < QN_QUOTE_CLASS_COUNT; i++)
        sum += s.m.small.classes[i];
    assert_int_equal(sum, s.m.small.count);
    end(&s);
}

/* Those before the day of the report: three days; those from it on: four. */
static void a_chain_of_the_expiries_around_the_report_gives_the_same_as_all(void **state)
{
    (void)state;
    made_scene made = usual(), fewer;
    const int32_t days[] = {date(2, 17), date(2, 18), date(2, 19), date(2, 20),
                            date(2, 27), date(3, 6),  date(3, 13), date(3, 20)};
    made.count = 8;
    memcpy(made.days, days, sizeof days);
    fewer = made;
    fewer.count = 7;
    memcpy(fewer.days, days + 1, sizeof days - sizeof *days);
    scene all, some;
    run_as(&all, &made, QN_TIMING_AFTER_CLOSE);
    run_as(&some, &fewer, QN_TIMING_AFTER_CLOSE);
    assert_int_equal(all.m.small.count, some.m.small.count);
    assert_true(all.m.result.event.sigma == some.m.result.event.sigma);
    assert_true(all.m.result.event.sigma_error == some.m.result.event.sigma_error);
    end(&all);
    end(&some);
}

/* ---- how much ---- */

/* 2 erf(sigma / sqrt(8)), by Python. */
static void the_expected_move_is_that_of_a_lognormal_one(void **state)
{
    (void)state;
    assert_close(qni_event_mean_move(0.01), 0.007978812362963288, 1e-14, 0);
    assert_close(qni_event_mean_move(0.07), 0.05584051825103323, 1e-14, 0);
    assert_close(qni_event_mean_move(0.3), 0.23847076948097004, 1e-14, 0);
    assert_true(qni_event_mean_move(0) == 0);
}

static const qni_event_term before = {.variance = 0.004, .error = 1e-4, .years = 0.02};
static const qni_event_term first = {.variance = 0.0125, .error = 2e-4, .years = 0.04, .after = true};

/* v = 0.0125 - 0.004 * 2; its error sqrt(0.0002^2 + (2 * 0.0001)^2). */
static void two_expiries_split_as_by_hand(void **state)
{
    (void)state;
    qni_event_term terms[] = {before, first};
    qni_event_split s = qni_event_split_of(terms, 2);
    assert_close(s.diffusive, 0.2, 1e-12, 0);
    assert_close(s.diffusive_error, 0.005, 1e-12, 0);
    assert_close(s.event, 0.0045, 1e-12, 0);
    assert_close(s.event_error, sqrt(8e-8), 1e-12, 0);
    terms[0].doubt = 0.1; /* 0.1 * 0.004 = 0.0004 more: sqrt(4e-8 + 4 (1e-8 + 16e-8)) */
    s = qni_event_split_of(terms, 2);
    assert_close(s.event, 0.0045, 1e-12, 0);
    assert_close(s.event_error, sqrt(72e-8), 1e-12, 0);
}

/* d = 0.004 / 0.02; v = 3 w1 - 2 w2. */
static void two_expiries_after_it_split_as_by_hand(void **state)
{
    (void)state;
    const qni_event_term terms[] = {first, {.variance = 0.0165, .error = 1e-4, .years = 0.06, .after = true}};
    qni_event_split s = qni_event_split_of(terms, 2);
    assert_close(s.diffusive, 0.2, 1e-12, 0);
    assert_close(s.event, 0.0045, 1e-12, 0);
    assert_close(s.event_error, sqrt(9 * 4e-8 + 4 * 1e-8), 1e-12, 0);
}

/* The later one has less variance: d = 0, v is the mean by weights 1 / 4 and 1. */
static void diffusion_is_never_below_nothing(void **state)
{
    (void)state;
    const qni_event_term terms[] = {first, {.variance = 0.012, .error = 1e-4, .years = 0.06, .after = true}};
    qni_event_split s = qni_event_split_of(terms, 2);
    assert_true(s.diffusive == 0);
    assert_close(s.event, (0.0125 / 4 + 0.012) / 1.25, 1e-12, 0);
}

/* By the normal equations in Python's fractions: chi^2 = 16/9 with one degree of freedom. */
static void three_expiries_that_disagree_have_a_larger_error(void **state)
{
    (void)state;
    const qni_event_term terms[] = {before, first, {.variance = 0.0169, .error = 2e-4, .years = 0.06, .after = true}};
    qni_event_split s = qni_event_split_of(terms, 3);
    assert_close(s.diffusive, 0.20222222222222222, 1e-12, 0);
    assert_close(s.event, 0.004588888888888889, 1e-12, 0);
    assert_close(s.misfit, 4.0 / 3, 1e-10, 0);
    assert_close(s.event_error, 0.00036649827783268095, 1e-10, 0);
}

static void the_event_comes_out_exactly_where_quotes_are_exact_by_every_clock(void **state)
{
    (void)state;
    for (int clock = 0; clock < 3; clock++)
        for (int from = 0; from < 2; from++) {
            made_scene made = usual();
            made.clock = (qn_clock)clock;
            made.skew = true;
            made.days[3] = date(3, 13);
            made.count = 3;
            memmove(made.days, made.days + from, 3 * sizeof *made.days);
            scene s;
            run_as(&s, &made, QN_TIMING_AFTER_CLOSE);
            assert_string_equal(s.m.result.event.method, from == 0 ? "before and after" : "two after");
            assert_close(s.m.result.event.sigma, 0.07, 1e-4, 0);
            assert_close(s.m.result.event.diffusive_vol, 0.4, 1e-4, 0);
            assert_close(s.m.result.event.forward, 100, 1e-5, 0);
            end(&s);
        }
}

/* The straddle at the forward, which is a strike, by its two quotes. */
static void the_straddle_is_that_of_the_quotes(void **state)
{
    (void)state;
    made_scene made = usual();
    made.half_spread = 0.01;
    scene s;
    run_as(&s, &made, QN_TIMING_AFTER_CLOSE);
    double bid = 0, ask = 0;
    for (int64_t i = 0; i < s.chain->count; i++) {
        const qn_quote *q = &s.chain->quotes[i];
        if (q->expiry == date(2, 27) && fabs(q->strike - 100) < 1e-9) {
            bid += q->bid;
            ask += q->ask;
        }
    }
    assert_close(s.m.result.event.straddle_move, (bid + ask) / 200, 1e-3, 0);
    assert_close(s.m.result.event.straddle_error, (ask - bid) / 200, 0.05, 0);
    end(&s);
}

/* Volatility of 50 % with a hump of 10 % within a deviation, which no curve without arbitrage has. */
static void the_level_is_that_of_the_quotes_near_the_money_not_of_the_curve(void **state)
{
    (void)state;
    enum {
        N = 31
    };
    qn_smile_point points[N];
    double years = 0.04, deviation = 0.6 * sqrt(years);
    for (int i = 0; i < N; i++) {
        double k = (i - 15.4) / 5 * deviation, x = k / deviation, vol = 0.5 + 0.1 * exp(-0.5 * x * x);
        points[i] = (qn_smile_point){
            .k = k, .weight = 1, .bid_vol = vol - 0.006, .mid_vol = vol, .ask_vol = vol + 0.006, .fitted_vol = 0.55};
    }
    qn_smile smile = {
        .years = years, .points = points, .point_count = N, .shape = QN_SMILE_FLAT, .svi = {.a = 0.55 * 0.55 * years}};
    qni_event_level level;
    assert_true(qni_event_level_of(&level, &smile));
    assert_close(sqrt(level.variance / years), 0.6, 0.01, 0);
    assert_close(level.half_spread, 0.006, 1e-9, 0);
    /* 0.006 / sqrt(3) of a volatility, and the hump's curvature within the window */
    assert_close(level.error / (2 * sqrt(level.variance * years)), 0.006 / sqrt(3), 0.2, 0);
}

static void a_reaction_holds_what_diffuses_between_its_two_closes(void **state)
{
    (void)state;
    static const struct {
        qn_clock clock;
        qn_timing timing;
        int32_t day;
        double years;
    } table[] = {
        {QN_CLOCK_CALENDAR, QN_TIMING_AFTER_CLOSE, 25, 1.0 / 365}, /* Wednesday to Thursday */
        {QN_CLOCK_TRADING, QN_TIMING_AFTER_CLOSE, 25, 1.0 / 252},
        {QN_CLOCK_CALENDAR, QN_TIMING_BEFORE_OPEN, 23, 3.0 / 365}, /* Friday to Monday */
        {QN_CLOCK_TRADING, QN_TIMING_BEFORE_OPEN, 23, 1.0 / 252},
        {QN_CLOCK_CALENDAR, QN_TIMING_AFTER_CLOSE, 20, 3.0 / 365}, /* likewise */
        {QN_CLOCK_CALENDAR, QN_TIMING_DURING, 24, 1.0 / 365},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        made_scene made = usual();
        made.clock = table[i].clock;
        scene s;
        qn_error err;
        s.chain = made_scene_chain(&made);
        made_subject_init(&s.m, s.chain, date(2, table[i].day), table[i].timing, made.clock, NULL);
        assert_ok(made_subject_run(&s.m, &err), &err);
        const qn_event_move *e = &s.m.result.event;
        assert_close(e->ordinary_years, table[i].years, 1e-12, 0);
        double reaction = pow(e->sigma, 2) + pow(e->diffusive_vol, 2) * table[i].years;
        assert_close(e->implied_move, 2 * erf(sqrt(reaction / 8)), 1e-9, 0);
        end(&s);
    }
}

static void without_an_event_none_is_seen(void **state)
{
    (void)state;
    made_scene made = usual();
    made.event = 0;
    made.half_spread = 0.01;
    made.shifts[0] = 1; /* the expiry before it is dear */
    scene s;
    run_as(&s, &made, QN_TIMING_AFTER_CLOSE);
    assert_null(s.m.subject.reject);
    assert_true(s.m.result.event.sigma == 0);
    const qn_event_move *e = &s.m.result.event; /* what is left is an ordinary day's */
    assert_close(e->implied_move, 2 * erf(e->diffusive_vol * sqrt(e->ordinary_years / 8)), 1e-12, 0);
    assert_true(s.m.result.event.sigma_error > 0.005 && s.m.result.event.sigma_error < 0.05);
    assert_int_equal(s.m.result.reason_count, 1);
    assert_contains(s.m.result.reasons[0], "no event premium is visible");
    end(&s);
}

static void the_strip_tells_the_same_where_smiles_are_flat(void **state)
{
    (void)state;
    made_scene made = usual();
    scene s;
    run_as(&s, &made, QN_TIMING_AFTER_CLOSE);
    assert_close(s.m.result.event.strip_sigma, 0.07, 0.02,
                 0); /* strikes a third of a deviation apart, to five of them */
    end(&s);
}

/* ---- one expiry alone ---- */

enum {
    DAYS = 60
};

typedef struct past {
    int32_t days[DAYS];
    double closes[DAYS];
    qn_earnings reports[DAYS];
    qn_scan_input input;
    qn_daily daily;
} past;

/* Closes that rise or fall by 1 %; but three days in five there was a report the evening before, and they move by 5 %.
 * So of 59 moves 24 are without reports. */
static void past_prices(past *out)
{
    int32_t day = date(2, 13);
    for (int i = DAYS - 1; i >= 0; i--)
        out->days[i] = day = qn_market_previous_day(day);
    qn_scan_input_init(&out->input, sizeof out->input);
    out->closes[0] = 100;
    for (int i = 1; i < DAYS; i++) {
        bool after_report = i % 5 < 3;
        out->closes[i] = out->closes[i - 1] * exp((i % 2 == 0 ? 1 : -1) * (after_report ? 0.05 : 0.01));
        if (after_report)
            out->reports[out->input.report_count++] =
                (qn_earnings){.ticker = "QRN", .day = out->days[i - 1], .timing = QN_TIMING_AFTER_CLOSE};
    }
    out->daily = (qn_daily){.ticker = "QRN", .count = DAYS, .days = out->days, .close = out->closes};
    out->input.daily = &out->daily;
    out->input.reports = out->reports;
}

/* The median of |r| is 0.01: a deviation of 0.01 / 0.6744897501960817, the normal's quartile. */
static void past_volatility_is_that_of_days_without_reports(void **state)
{
    (void)state;
    double variance, error;
    static past p;
    past_prices(&p);
    qn_arena *arena;
    qn_error err;
    bool found;
    assert_ok(qn_arena_new(&arena, NULL, 0, &err), &err);
    assert_ok(qni_event_past(&found, &variance, &error, &p.input, date(2, 13), arena, &err), &err);
    assert_true(found);
    assert_close(variance, 252 * pow(0.01 / 0.6744897501960817, 2), 1e-12, 0);
    assert_true(error > 0.5 * variance && error < variance);
    p.daily.count = 51; /* 20 moves */
    assert_ok(qni_event_past(&found, &variance, &error, &p.input, date(2, 13), arena, &err), &err);
    assert_false(found);
    p.daily.count = DAYS;
    assert_ok(qni_event_past(&found, &variance, &error, &p.input, p.days[51], arena, &err), &err); /* later: unknown */
    assert_false(found);
    qn_arena_free(arena);
}

static void one_expiry_after_it_needs_past_prices(void **state)
{
    (void)state;
    made_scene made = usual();
    made.days[0] = date(2, 27);
    made.count = 1;
    made.event = 0.01;
    made.diffusive = 252 * pow(0.01 / 0.6744897501960817, 2);
    assert_rejected(&made, "past daily prices");
    static past p;
    past_prices(&p);
    scene s = {.chain = made_scene_chain(&made)};
    qn_error err;
    made_subject_init(&s.m, s.chain, date(2, 25), QN_TIMING_AFTER_CLOSE, made.clock, NULL);
    s.m.input = p.input;
    assert_ok(made_subject_run(&s.m, &err), &err);
    assert_null(s.m.subject.reject);
    assert_string_equal(s.m.result.event.method, "one after, past volatility");
    assert_close(s.m.result.event.sigma, 0.1, 1e-3, 0);
    assert_true(s.m.result.event.sigma_error > 0.002);
    end(&s);
}

/* ---- why not ---- */

static void quotes_of_a_closed_day_are_refused_with_its_name(void **state)
{
    (void)state;
    made_scene made = usual();
    made.as_of_us = at(2, 14, 17, 0);
    assert_rejected(&made, "weekend");
    made.as_of_us = at(2, 16, 17, 0);
    assert_rejected(&made, "Presidents' Day");
}

static void quotes_after_the_report_are_refused(void **state)
{
    (void)state;
    made_scene made = usual();
    made.days[0] = date(2, 27);
    made.as_of_us = at(2, 26, 14, 30);
    assert_rejected(&made, "was out when the quotes held");
}

static void a_chain_that_ends_before_the_report_is_refused(void **state)
{
    (void)state;
    made_scene made = usual();
    made.count = 1;
    assert_rejected(&made, "no option outlives the report of 2026-02-25: the last expire on 2026-02-20");
}

static void a_chain_without_bids_is_refused(void **state)
{
    (void)state;
    made_scene made = usual();
    made.half_spread = 1;
    made.least_half = 1000;
    assert_rejected(&made, "no option has a bid");
}

static void a_chain_of_expired_options_or_of_none_is_refused(void **state)
{
    (void)state;
    made_scene made = usual();
    qn_quote quotes[2 * MADE_STRIKES * 3];
    int64_t n = made_scene_quotes(quotes, &made);
    made_market market = {.as_of_us = at(3, 9, 17, 0), .spot = 100};
    for (int i = 0; i < 2; i++) {
        scene s = {.chain = made_chain("QRN", quotes, i == 0 ? n : 0, &market)};
        qn_error err;
        made_subject_init(&s.m, s.chain, date(3, 25), QN_TIMING_AFTER_CLOSE, made.clock, NULL);
        assert_ok(made_subject_run(&s.m, &err), &err);
        assert_non_null(s.m.subject.reject);
        assert_contains(s.m.subject.reject, i == 0 ? "had expired when they were quoted" : "is empty");
        end(&s);
    }
}

/* A spread of 60 % of every price. */
static void quotes_that_leave_the_event_open_are_refused(void **state)
{
    (void)state;
    made_scene made = usual();
    made.half_spread = 0.6;
    assert_rejected(&made, "leave the event's move open");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(news_comes_between_a_close_and_the_open_after_it),
        cmocka_unit_test(an_expiry_on_the_day_knows_of_a_report_before_the_open_but_not_of_one_after_the_close),
        cmocka_unit_test(an_expiry_settled_the_morning_after_knows_of_it),
        cmocka_unit_test(the_expiry_about_whose_time_clocks_agree_is_taken_before_the_report),
        cmocka_unit_test(an_expiry_without_good_quotes_gives_way_to_the_next),
        cmocka_unit_test(strikes_that_no_smile_needs_are_left_out),
        cmocka_unit_test(a_chain_of_the_expiries_around_the_report_gives_the_same_as_all),
        cmocka_unit_test(the_expected_move_is_that_of_a_lognormal_one),
        cmocka_unit_test(two_expiries_split_as_by_hand),
        cmocka_unit_test(two_expiries_after_it_split_as_by_hand),
        cmocka_unit_test(diffusion_is_never_below_nothing),
        cmocka_unit_test(three_expiries_that_disagree_have_a_larger_error),
        cmocka_unit_test(the_event_comes_out_exactly_where_quotes_are_exact_by_every_clock),
        cmocka_unit_test(the_straddle_is_that_of_the_quotes),
        cmocka_unit_test(the_level_is_that_of_the_quotes_near_the_money_not_of_the_curve),
        cmocka_unit_test(a_reaction_holds_what_diffuses_between_its_two_closes),
        cmocka_unit_test(without_an_event_none_is_seen),
        cmocka_unit_test(the_strip_tells_the_same_where_smiles_are_flat),
        cmocka_unit_test(past_volatility_is_that_of_days_without_reports),
        cmocka_unit_test(one_expiry_after_it_needs_past_prices),
        cmocka_unit_test(quotes_of_a_closed_day_are_refused_with_its_name),
        cmocka_unit_test(quotes_after_the_report_are_refused),
        cmocka_unit_test(a_chain_that_ends_before_the_report_is_refused),
        cmocka_unit_test(a_chain_without_bids_is_refused),
        cmocka_unit_test(a_chain_of_expired_options_or_of_none_is_refused),
        cmocka_unit_test(quotes_that_leave_the_event_open_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
